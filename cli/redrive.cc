// towline redrive, redrive-all: let executions go on where they stopped.

#include <poll.h>

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

int Redrive(Invocation& call) {
  v1::RedriveExecutionRequest request;
  request.set_execution(call.arguments[0]);
  if (call.Has("input")) {
    auto input = ReadText(call.terminal, call.Option("input"));
    if (!input) return Fail(call, input.error());
    request.set_input(std::move(*input));
  }
  if (call.Has("state")) {
    if (!call.Has("input")) {
      return Fail(call.terminal, kUsage, "--state says which state gets --input, which is missing");
    }
    request.set_state(call.Option("state"));
  }
  v1::RedriveExecutionResponse response;
  const auto status =
      call.client.Call<Executions>(&Executions::Stub::Redrive, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    call.terminal.out << ShowStatus(response.status()) << " again since "
                      << ShowTime(FromProto(response.redrive_time())) << " (redrive "
                      << response.redrive_count() << ")\n";
  }
  return kOk;
}

// What `redrive-all` is to find.
struct Wanted {
  std::vector<v1::ExecutionStatus> statuses{};
  std::optional<std::string> error{};
  Timestamp since = Timestamp::min();
  std::size_t limit = 0;
};

Result<Wanted> ParseWanted(const Invocation& call) {
  const auto refuse = [](std::string why) {
    return towline::Error{towline::Error::Code::kInvalidArgument, std::move(why)};
  };
  Wanted wanted{.statuses = {v1::EXECUTION_STATUS_FAILED, v1::EXECUTION_STATUS_TIMED_OUT,
                             v1::EXECUTION_STATUS_ABORTED}};
  if (call.Has("status")) {
    const auto status = ParseStatus(call.Option("status"));
    const bool redrivable =
        status && std::find(wanted.statuses.begin(), wanted.statuses.end(), *status) !=
                      wanted.statuses.end();
    if (!redrivable) {
      return refuse("'" + call.Option("status") +
                    "' cannot be redriven: failed, timed_out or aborted");
    }
    wanted.statuses = {*status};
  }
  if (call.Has("error")) wanted.error = call.Option("error");
  if (call.Has("hours")) {
    wanted.since = call.terminal.now() - std::chrono::hours(call.options["hours"].as<int>());
  }
  const int limit = call.options["limit"].as<int>();
  if (limit < 1) return refuse("--limit must be at least 1");
  wanted.limit = static_cast<std::size_t>(limit);
  return wanted;
}

grpc::Status HasError(Invocation& call, const v1::Execution& execution, const std::string& error,
                      bool& has) {
  v1::DescribeExecutionRequest request;
  request.set_execution(execution.execution_arn());
  v1::Execution described;
  const auto status =
      call.client.Call<Executions>(&Executions::Stub::Describe, request, &described);
  has = status.ok() && described.error() == error;
  return status;
}

// All that match, found before the first is redriven: what runs again may end and match again.
grpc::Status Find(Invocation& call, const Wanted& wanted, std::vector<v1::Execution>& found) {
  for (const v1::ExecutionStatus wanted_status : wanted.statuses) {
    v1::ListExecutionsRequest request;
    request.set_state_machine(call.arguments[0]);
    request.set_status(wanted_status);
    request.set_max_results(1000);
    do {
      v1::ListExecutionsResponse page;
      auto status = call.client.Call<Executions>(&Executions::Stub::List, request, &page);
      if (!status.ok()) return status;
      for (const v1::Execution& execution : page.executions()) {
        if (found.size() == wanted.limit) return status;
        if (FromProto(execution.stop_time()) < wanted.since) continue;
        bool matches = true;
        if (wanted.error) status = HasError(call, execution, *wanted.error, matches);
        if (!status.ok()) return status;
        if (matches) found.push_back(execution);
      }
      request.set_next_token(page.next_token());
    } while (!request.next_token().empty());
  }
  return grpc::Status::OK;
}

int RedriveAll(Invocation& call) {
  const auto wanted = ParseWanted(call);
  if (!wanted) return Fail(call, wanted.error());
  const int per_second = call.options["rate"].as<int>();
  std::vector<v1::Execution> found;
  if (const auto status = Find(call, *wanted, found); !status.ok()) return Fail(call, status);
  int refused = 0;
  for (const v1::Execution& execution : found) {
    std::string what = "would be redriven";
    if (!call.Flag("dry-run")) {
      v1::RedriveExecutionRequest request;
      request.set_execution(execution.execution_arn());
      v1::RedriveExecutionResponse response;
      const auto status =
          call.client.Call<Executions>(&Executions::Stub::Redrive, request, &response);
      if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return Fail(call, status);
      what = status.ok() ? ShowStatus(response.status()) : status.error_message();
      refused += status.ok() ? 0 : 1;
      // The pace that was asked for.
      if (per_second > 0) poll(nullptr, 0, 1000 / per_second);
    }
    call.terminal.out << ShortName(execution) << "  " << what << '\n' << std::flush;
  }
  call.terminal.err << "(" << found.size() << " found"
                    << (refused > 0 ? ", " + std::to_string(refused) + " refused" : "") << ")\n";
  return refused > 0 ? kRefused : kOk;
}

}  // namespace

std::vector<Command> RedriveCommands() {
  return {
      {"redrive", "EXECUTION", "let it go on from where it failed, timed out or was stopped",
       [](cxxopts::OptionAdder& add) {
         add("input", "another input for a state that runs again",
             cxxopts::value<std::string>(), "JSON|@FILE|-");
         add("state", "which state gets it (default: the only one that runs again)",
             cxxopts::value<std::string>(), "NAME");
       },
       Redrive,
       "What had succeeded is kept, branches and iterations too; the rest runs again with the same "
       "definition. The execution's timeout and its retriers count from the start."},
      {"redrive-all", "MACHINE", "the same for all of its executions that did not succeed",
       [](cxxopts::OptionAdder& add) {
         add("status", "failed, timed_out or aborted only", cxxopts::value<std::string>(),
             "STATUS");
         add("error", "only those that ended with this error", cxxopts::value<std::string>(),
             "NAME");
         add("hours", "only those that ended in the last N hours", cxxopts::value<int>(), "N");
         add("limit", "at most this many", cxxopts::value<int>()->default_value("10000"), "N");
         add("rate", "at most this many a second (0: no limit)",
             cxxopts::value<int>()->default_value("0"), "N");
         add("dry-run", "only say which");
       },
       RedriveAll},
  };
}

}  // namespace towline::cli
