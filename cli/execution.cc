// towline describe, list, stop: executions.

#include <algorithm>
#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::Executions;

int Describe(Invocation& call) {
  v1::DescribeExecutionRequest request;
  request.set_execution(call.arguments[0]);
  v1::Execution execution;
  const auto status =
      call.client.Call<Executions>(&Executions::Stub::Describe, request, &execution);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(execution));
    return kOk;
  }
  std::ostream& out = call.terminal.out;
  const Timestamp started = FromProto(execution.start_time());
  out << "name      " << ShortName(execution) << "\narn       " << execution.execution_arn()
      << "\nstatus    "
      << call.terminal.Paint(ColourOf(execution.status()), ShowStatus(execution.status()))
      << "\nstarted   " << ShowTime(started) << "\n";
  if (execution.has_stop_time()) {
    const Timestamp stopped = FromProto(execution.stop_time());
    out << "stopped   " << ShowTime(stopped) << " (after " << ShowDuration(stopped - started)
        << ")\n";
  }
  out << "input     " << execution.input() << "\n";
  if (execution.has_output()) out << "output    " << execution.output() << "\n";
  if (!execution.parent_execution_arn().empty()) {
    out << "parent    " << ShortName(execution.parent_execution_arn()) << "\n";
  }
  if (!execution.map_run_arn().empty()) {
    out << "map run   " << execution.map_run_arn() << "\nchild     number "
        << execution.map_run_index() << ", " << execution.item_count() << " item(s)\n";
  }
  if (execution.redrive_count() > 0) {
    out << "redriven  " << execution.redrive_count() << " times, last "
        << ShowTime(FromProto(execution.redrive_time())) << "\n";
  }
  if (execution.has_error()) out << "error     " << execution.error() << "\n";
  if (execution.has_cause()) out << "cause     " << execution.cause() << "\n";
  if (execution.status() == v1::EXECUTION_STATUS_RUNNING) {
    out << "(what it waits for: towline why " << Quote(ShortName(execution)) << ")\n";
  }
  return kOk;
}

int Print(const Invocation& call, const v1::ListExecutionsResponse& all, bool more) {
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(all));
    return kOk;
  }
  Table table({"EXECUTION", "STATUS", "STARTED", "DURATION"});
  for (const v1::Execution& execution : all.executions()) {
    const Timestamp started = FromProto(execution.start_time());
    const Timestamp until =
        execution.has_stop_time() ? FromProto(execution.stop_time()) : call.terminal.now();
    table.Add({ShortName(execution), ShowStatus(execution.status()), ShowTime(started),
               ShowDuration(until - started)});
    table.PaintCell(1, ColourOf(execution.status()));
  }
  table.Print(call.terminal);
  if (more) call.terminal.err << "(there are more: --limit)\n";
  return kOk;
}

int List(Invocation& call) {
  v1::ListExecutionsRequest request;
  if (call.Has("machine")) request.set_state_machine(call.Option("machine"));
  if (call.Has("map-run")) request.set_map_run(call.Option("map-run"));
  if (call.Has("status")) {
    const auto wanted = ParseStatus(call.Option("status"));
    if (!wanted) {
      return Fail(call.terminal, kUsage,
                  "'" + call.Option("status") +
                      "' is no status: running, succeeded, failed, timed_out or aborted");
    }
    request.set_status(*wanted);
  }
  const auto limit = call.Count("limit");
  if (!limit) return Fail(call, limit.error());
  v1::ListExecutionsResponse all;
  do {
    request.set_max_results(std::min(1000, *limit - all.executions_size()));
    v1::ListExecutionsResponse page;
    const auto status = call.client.Call<Executions>(&Executions::Stub::List, request, &page);
    if (!status.ok()) return Fail(call, status);
    request.set_next_token(page.next_token());
    all.mutable_executions()->MergeFrom(page.executions());
  } while (!request.next_token().empty() && all.executions_size() < *limit);
  return Print(call, all, !request.next_token().empty());
}

int Stop(Invocation& call) {
  v1::StopExecutionRequest request;
  request.set_execution(call.arguments[0]);
  if (call.Has("error")) request.set_error(call.Option("error"));
  if (call.Has("cause")) request.set_cause(call.Option("cause"));
  v1::StopExecutionResponse response;
  const auto status = call.client.Call<Executions>(&Executions::Stub::Stop, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    call.terminal.out << ShowStatus(response.status()) << " at "
                      << ShowTime(FromProto(response.stop_time())) << '\n';
  }
  return kOk;
}

}  // namespace

std::vector<Command> ExecutionCommands() {
  return {
      {"describe", "EXECUTION", "show an execution with its input and output", nullptr, Describe},
      {"list", "", "show executions, newest first",
       [](cxxopts::OptionAdder& add) {
         add("machine", "of this state machine only", cxxopts::value<std::string>(), "NAME");
         add("map-run", "the children of this Map Run", cxxopts::value<std::string>(), "MAP_RUN");
         add("status", "running, succeeded, failed, timed_out or aborted",
             cxxopts::value<std::string>(), "STATUS");
         add("limit", "at most this many", cxxopts::value<std::string>()->default_value("50"), "N");
       },
       List},
      {"stop", "EXECUTION", "end it as ABORTED and cancel its jobs",
       [](cxxopts::OptionAdder& add) {
         add("error", "recorded as its error", cxxopts::value<std::string>(), "NAME");
         add("cause", "recorded as its cause", cxxopts::value<std::string>(), "TEXT");
       },
       Stop},
  };
}

}  // namespace towline::cli
