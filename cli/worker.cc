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
  for (const std::string& pair : sorted) {
    if (!text.empty()) text += ' ';
    text += pair;
  }
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

// "site=ams,line=2"
Status ReadLabels(const std::string& text, google::protobuf::Map<std::string, std::string>& into) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string pair = text.substr(at, end - at);
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{Error::Code::kInvalidArgument,
                   "--labels takes KEY=VALUE, several with commas, not '" + pair + "'"};
    }
    into[pair.substr(0, equals)] = pair.substr(equals + 1);
    at = end + 1;
  }
  return Ok();
}

int Invite(Invocation& call) {
  v1::InviteWorkerRequest request;
  if (call.Has("name")) request.set_name(call.Option("name"));
  const auto life = call.Duration("ttl");
  if (!life) return Fail(call, life.error());
  request.set_life_seconds(*life);
  const auto uses = call.Count("uses");
  if (!uses) return Fail(call, uses.error());
  request.set_uses(*uses);
  if (call.Has("labels")) {
    if (Status read = ReadLabels(call.Option("labels"), *request.mutable_labels()); !read) {
      return Fail(call, read.error());
    }
  }
  v1::InviteWorkerResponse response;
  const auto status = call.client.Call<Workers>(&Workers::Stub::Invite, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  call.terminal.out << response.line() << '\n';
  call.terminal.err << "run it on the worker's machine; it is shown this once, and good until "
                    << ShowTime(FromProto(response.invitation().expiry_time())) << '\n';
  return kOk;
}

int ListInvitations(Invocation& call) {
  v1::ListInvitationsResponse response;
  const auto status = call.client.Call<Workers>(&Workers::Stub::ListInvitations,
                                                v1::ListInvitationsRequest(), &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  Table table({"ID", "NAME", "LABELS", "LEFT", "EXPIRES", "BY", "ENROLLED"});
  for (const v1::Invitation& invitation : response.invitations()) {
    std::string enrolled;
    for (const std::string& name : invitation.enrolled()) {
      enrolled += (enrolled.empty() ? "" : ", ") + name;
    }
    table.Add({invitation.id(), invitation.name().empty() ? "any" : invitation.name(),
               ShowPairs(invitation.labels()), std::to_string(invitation.uses_left()),
               ShowTime(FromProto(invitation.expiry_time())), invitation.by(), enrolled});
  }
  table.Print(call.terminal);
  return kOk;
}

int Uninvite(Invocation& call) {
  v1::WithdrawInvitationRequest request;
  request.set_id(call.arguments[0]);
  v1::WithdrawInvitationResponse response;
  const auto status =
      call.client.Call<Workers>(&Workers::Stub::WithdrawInvitation, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) PrintJsonLine(call.terminal, ToJson(response));
  return kOk;
}

int Revoke(Invocation& call) {
  v1::RevokeWorkerRequest request;
  request.set_worker(call.arguments[0]);
  request.set_lift(call.Flag("lift"));
  v1::RevokeWorkerResponse response;
  const auto status = call.client.Call<Workers>(&Workers::Stub::Revoke, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  call.terminal.err << "certificates on the revocation list: " << response.certificates()
                    << "; give the list (DATA/pki/revoked.crl) to the broker as well\n";
  return kOk;
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
      {"worker invite", "", "print the line with which a machine enrols as a worker",
       [](cxxopts::OptionAdder& add) {
         const auto text = [] { return cxxopts::value<std::string>(); };
         add("name", "the only name that may enrol (default: any that is free)", text(), "NAME");
         add("labels", "labels of the workers: KEY=VALUE, several with commas", text(), "LABELS");
         add("ttl", "how long it is good: 15m, 12h, 7d (at most 30d)", text()->default_value("1h"),
             "TIME");
         add("uses", "how many workers may enrol with it", text()->default_value("1"), "N");
       },
       Invite,
       "For admins of the tenant. On the worker's machine it makes a key, gets a certificate and "
       "starts the agent; docs/security.md says how."},
      {"worker invitations", "", "show the invitations that have not expired", nullptr,
       ListInvitations},
      {"worker uninvite", "ID", "nobody enrols with it any more", nullptr, Uninvite},
      {"worker revoke", "NAME", "lock a worker out, at once",
       [](cxxopts::OptionAdder& add) {
         add("lift", "let its name enrol again; its old certificates stay revoked");
       },
       Revoke,
       "It is not heard any more and gets nothing; jobs that it holds go elsewhere or fail with "
       "Towline.WorkerLost."},
  };
}

}  // namespace towline::cli
