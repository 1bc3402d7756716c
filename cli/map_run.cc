// towline map-run …: what a Distributed Map state does with its items.

#include <algorithm>
#include <charconv>
#include <limits>
#include <ostream>
#include <utility>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/map_runs.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::MapRuns;

std::string ShowStatus(const v1::MapRun& run) {
  std::string status =
      v1::MapRunStatus_Name(run.status()).substr(std::string_view("MAP_RUN_STATUS_").size());
  return run.stopping() ? status + " (its children are being stopped)" : status;
}

Colour ColourOf(const v1::MapRun& run) {
  switch (run.status()) {
    case v1::MAP_RUN_STATUS_RUNNING: return Colour::kCyan;
    case v1::MAP_RUN_STATUS_SUCCEEDED: return Colour::kGreen;
    case v1::MAP_RUN_STATUS_FAILED: return Colour::kRed;
    case v1::MAP_RUN_STATUS_ABORTED: return Colour::kYellow;
    default: return Colour::kPlain;
  }
}

std::string ShowNumber(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string ShowTolerance(const v1::MapRun& run) {
  std::string text;
  if (run.has_tolerated_failure_count()) {
    text = std::to_string(run.tolerated_failure_count()) + " items";
  }
  if (run.has_tolerated_failure_percentage()) {
    text += (text.empty() ? "" : ", ") + ShowNumber(run.tolerated_failure_percentage()) +
            " % of the items";
  }
  return text.empty() ? "no failure" : text;
}

void PrintCounts(const Terminal& terminal, const v1::MapRun& run) {
  using Count = std::uint64_t (v1::MapRunCounts::*)() const;
  constexpr std::pair<const char*, Count> kCounts[] = {
      {"pending", &v1::MapRunCounts::pending},
      {"running", &v1::MapRunCounts::running},
      {"succeeded", &v1::MapRunCounts::succeeded},
      {"failed", &v1::MapRunCounts::failed},
      {"timed out", &v1::MapRunCounts::timed_out},
      {"aborted", &v1::MapRunCounts::aborted},
      {"total", &v1::MapRunCounts::total},
      {"results written", &v1::MapRunCounts::results_written},
      {"failures not redrivable", &v1::MapRunCounts::failures_not_redrivable},
      {"pending redrive", &v1::MapRunCounts::pending_redrive}};
  Table table({"COUNT", "ITEMS", "EXECUTIONS"});
  for (const auto& [name, count] : kCounts) {
    table.Add({name, std::to_string((run.item_counts().*count)()),
               std::to_string((run.execution_counts().*count)())});
  }
  table.Print(terminal);
}

int Show(const Invocation& call, const v1::MapRun& run) {
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(run));
    return kOk;
  }
  std::ostream& out = call.terminal.out;
  const Timestamp started = FromProto(run.start_time());
  out << "arn        " << run.map_run_arn() << "\nexecution  " << ShortName(run.execution_arn())
      << "\nstate      " << run.state() << "\nstatus     "
      << call.terminal.Paint(ColourOf(run), ShowStatus(run)) << "\nstarted    "
      << ShowTime(started) << '\n';
  if (run.has_stop_time()) {
    const Timestamp stopped = FromProto(run.stop_time());
    out << "stopped    " << ShowTime(stopped) << " (after " << ShowDuration(stopped - started)
        << ")\n";
  }
  out << "at once    "
      << (run.max_concurrency() == 0 ? "as many as the server allows"
                                     : std::to_string(run.max_concurrency()))
      << "\ntolerates  " << ShowTolerance(run) << '\n';
  if (run.redrive_count() > 0) {
    out << "redriven   " << run.redrive_count() << " times, last "
        << ShowTime(FromProto(run.redrive_time())) << '\n';
  }
  out << '\n';
  PrintCounts(call.terminal, run);
  out << "(its children: towline list --map-run " << run.map_run_arn() << ")\n";
  return kOk;
}

int Describe(Invocation& call) {
  v1::DescribeMapRunRequest request;
  request.set_map_run(call.arguments[0]);
  v1::MapRun run;
  const auto status = call.client.Call<MapRuns>(&MapRuns::Stub::Describe, request, &run);
  return status.ok() ? Show(call, run) : Fail(call, status);
}

int List(Invocation& call) {
  v1::ListMapRunsRequest request;
  request.set_execution(call.arguments[0]);
  request.set_max_results(1000);
  v1::ListMapRunsResponse all;
  do {
    v1::ListMapRunsResponse page;
    const auto status = call.client.Call<MapRuns>(&MapRuns::Stub::List, request, &page);
    if (!status.ok()) return Fail(call, status);
    request.set_next_token(page.next_token());
    all.mutable_map_runs()->MergeFrom(page.map_runs());
  } while (!request.next_token().empty());
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(all));
    return kOk;
  }
  Table table({"STATE", "STATUS", "STARTED", "ITEMS", "SUCCEEDED", "MAP RUN"});
  for (const v1::MapRun& run : all.map_runs()) {
    table.Add({run.state(), ShowStatus(run), ShowTime(FromProto(run.start_time())),
               std::to_string(run.item_counts().total()),
               std::to_string(run.item_counts().succeeded()), run.map_run_arn()});
    table.PaintCell(1, ColourOf(run));
  }
  table.Print(call.terminal);
  return kOk;
}

// A number from 0 to `max`, as the option says it.
template <class Number>
Result<Number> NumberOption(const Invocation& call, const std::string& name, Number max) {
  const std::string text = call.Option(name);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && text.front() != '-' && number <= max) return number;
  return Error{Error::Code::kInvalidArgument,
               "--" + name + " takes a number from 0" +
                   (max <= Number{100} ? " to 100" : " up") + ", not '" + text + "'",
               "ValidationException"};
}

int Update(Invocation& call) {
  v1::UpdateMapRunRequest request;
  request.set_map_run(call.arguments[0]);
  if (call.Has("max-concurrency")) {
    const auto number = NumberOption(call, "max-concurrency",
                                     std::numeric_limits<std::uint32_t>::max());
    if (!number) return Fail(call, number.error());
    request.set_max_concurrency(*number);
  }
  if (call.Has("tolerated-count")) {
    const auto number = NumberOption(call, "tolerated-count",
                                     std::numeric_limits<std::uint64_t>::max());
    if (!number) return Fail(call, number.error());
    request.set_tolerated_failure_count(*number);
  }
  if (call.Has("tolerated-percentage")) {
    const auto number = NumberOption(call, "tolerated-percentage", 100.0);
    if (!number) return Fail(call, number.error());
    request.set_tolerated_failure_percentage(*number);
  }
  v1::MapRun run;
  const auto status = call.client.Call<MapRuns>(&MapRuns::Stub::Update, request, &run);
  return status.ok() ? Show(call, run) : Fail(call, status);
}

}  // namespace

std::vector<Command> MapRunCommands() {
  return {
      {"map-run describe", "MAP_RUN", "show a Map Run and what became of its items", nullptr,
       Describe, "MAP_RUN is its ARN or its id."},
      {"map-run list", "EXECUTION", "show those of an execution, oldest first", nullptr, List},
      {"map-run update", "MAP_RUN", "change how it runs while it runs",
       [](cxxopts::OptionAdder& add) {
         add("max-concurrency", "children that run at once; 0: as many as the server allows",
             cxxopts::value<std::string>(), "N");
         add("tolerated-count", "items that may fail", cxxopts::value<std::string>(), "N");
         add("tolerated-percentage", "of the items that may fail, 0 to 100",
             cxxopts::value<std::string>(), "P");
       },
       Update, "What is not given stays as it is. A tolerance that is exceeded already fails it."},
  };
}

}  // namespace towline::cli
