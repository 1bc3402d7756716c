// towline workers, worker …: the agents that run jobs.

#include <algorithm>
#include <cmath>
#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/workers.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::Workers;

std::string ShowState(const v1::Worker& worker) {
  std::string text = v1::WorkerState_Name(worker.state()).substr(sizeof("WORKER_STATE_") - 1);
  for (char& c : text) c = static_cast<char>(c - 'A' + 'a');
  return worker.drain_requested() && worker.state() == v1::WORKER_STATE_ONLINE ? "drain asked"
                                                                               : text;
}

Colour ColourOf(const v1::Worker& worker) {
  switch (worker.state()) {
    case v1::WORKER_STATE_ONLINE: return Colour::kGreen;
    case v1::WORKER_STATE_OFFLINE: return Colour::kRed;
    default: return Colour::kYellow;
  }
}

std::string ShowTypes(const v1::Worker& worker) {
  std::string text;
  for (const v1::WorkerJobType& type : worker.types()) {
    text += (text.empty() ? "" : ", ") + type.name();
    if (type.slots() > 0) text += "(" + std::to_string(type.slots()) + ")";
  }
  return text;
}

template <class Pairs>
std::string ShowPairs(const Pairs& pairs) {
  std::vector<std::string> sorted;
  for (const auto& [key, value] : pairs) sorted.push_back(key + "=" + value);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const std::string& pair : sorted) text += (text.empty() ? "" : " ") + pair;
  return text;
}

std::string LastSeen(const Invocation& call, const v1::Worker& worker) {
  if (!worker.has_last_seen()) return "never";
  return ShowAgo(FromProto(worker.last_seen()), call.terminal.now());
}

int List(Invocation& call) {
  v1::ListWorkersResponse response;
  const auto status =
      call.client.Call<Workers>(&Workers::Stub::List, v1::ListWorkersRequest(), &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  Table table({"WORKER", "STATE", "SLOTS", "LAST SEEN", "LABELS", "TYPES"});
  for (const v1::Worker& worker : response.workers()) {
    table.Add({worker.name(), ShowState(worker),
               std::to_string(worker.used()) + "/" + std::to_string(worker.slots()),
               LastSeen(call, worker), ShowPairs(worker.labels()), ShowTypes(worker)});
    table.PaintCell(1, ColourOf(worker));
  }
  table.Print(call.terminal);
  return kOk;
}

void Print(const Invocation& call, const v1::Worker& worker) {
  std::ostream& out = call.terminal.out;
  std::string queues;
  for (const std::string& queue : worker.queues()) queues += (queues.empty() ? "" : ", ") + queue;
  out << "worker    " << worker.name() << " (tenant " << worker.tenant() << ")\nstate     "
      << call.terminal.Paint(ColourOf(worker), ShowState(worker)) << "\nslots     " << worker.used()
      << " of " << worker.slots() << " taken\ntypes     " << ShowTypes(worker) << "\nqueues    "
      << queues << "\nlabels    " << ShowPairs(worker.labels()) << "\nhost      "
      << ShowPairs(worker.host()) << "\nversion   " << worker.version() << "\nlast seen "
      << LastSeen(call, worker) << '\n';
  if (worker.holding_size() == 0) return;
  out << '\n';
  Table table({"HOLDS", "STATE", "STAGE", "ATTEMPT", "SINCE"});
  for (const v1::HeldTask& task : worker.holding()) {
    std::string stage = task.stage();
    if (task.has_percent()) stage += " " + std::to_string(std::lround(task.percent())) + " %";
    table.Add({ShortName(task.execution_arn()), task.state(), stage,
               std::to_string(task.attempt()),
               task.has_since() ? ShowAgo(FromProto(task.since()), call.terminal.now()) : ""});
  }
  table.Print(call.terminal);
}

int Show(const Invocation& call, const grpc::Status& status, const v1::Worker& worker) {
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(worker));
  } else {
    Print(call, worker);
  }
  return kOk;
}

int Describe(Invocation& call) {
  v1::DescribeWorkerRequest request;
  request.set_worker(call.arguments[0]);
  v1::Worker worker;
  const auto status = call.client.Call<Workers>(&Workers::Stub::Describe, request, &worker);
  return Show(call, status, worker);
}

int Drain(Invocation& call, bool drain) {
  v1::DrainWorkerRequest request;
  request.set_worker(call.arguments[0]);
  request.set_drain(drain);
  v1::Worker worker;
  const auto status = call.client.Call<Workers>(&Workers::Stub::Drain, request, &worker);
  return Show(call, status, worker);
}

}  // namespace

std::vector<Command> WorkerCommands() {
  return {
      {"workers", "", "show the agents that run jobs", nullptr, List},
      {"worker describe", "NAME", "show one and the jobs it holds", nullptr, Describe},
      {"worker drain", "NAME", "let it finish what it holds and give it nothing new", nullptr,
       [](Invocation& call) { return Drain(call, true); }},
      {"worker undrain", "NAME", "give it jobs again", nullptr,
       [](Invocation& call) { return Drain(call, false); }},
  };
}

}  // namespace towline::cli
