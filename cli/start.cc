// towline start: an execution, and with --wait its output.

#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::cli {
namespace {

int Report(const Invocation& call, const v1::StartExecutionResponse& response) {
  const bool succeeded = response.status() == v1::EXECUTION_STATUS_SUCCEEDED;
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else if (succeeded) {
    call.terminal.out << response.output() << '\n';
  } else {
    std::string message = ShortName(response.execution_arn()) + " ended " +
                          ShowStatus(response.status());
    if (response.has_error()) message += ": " + response.error();
    if (response.has_cause()) message += ": " + response.cause();
    Fail(call.terminal, kFailed,
         message + " (see: towline history " + Quote(ShortName(response.execution_arn())) + ")");
  }
  return succeeded ? kOk : kFailed;
}

int Start(Invocation& call) {
  v1::StartExecutionRequest request;
  request.set_state_machine(call.arguments[0]);
  if (call.Has("input")) {
    auto input = ReadText(call.terminal, call.Option("input"));
    if (!input) return Fail(call, input.error());
    // Most likely a variable or a file that should have held something.
    if (input->empty()) {
      return Fail(call.terminal, kUsage, "the input is empty; leave --input out for {}");
    }
    request.set_input(std::move(*input));
  }
  if (call.Has("name")) request.set_name(call.Option("name"));
  request.set_wait(call.Flag("wait"));
  v1::StartExecutionResponse response;
  const std::optional<std::chrono::milliseconds> patience =
      request.wait() ? std::nullopt
                     : std::optional<std::chrono::milliseconds>(std::chrono::seconds(30));
  const auto status = call.client.Call<v1::Executions>(&v1::Executions::Stub::Start, request,
                                                       &response, patience);
  if (!status.ok()) return Fail(call, status);
  if (request.wait()) return Report(call, response);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    call.terminal.out << ShortName(response.execution_arn()) << '\n';
  }
  return kOk;
}

}  // namespace

std::vector<Command> StartCommands() {
  return {{"start", "MACHINE", "start an execution and print its name",
           [](cxxopts::OptionAdder& add) {
             add("input", "its input (default: {})", cxxopts::value<std::string>(),
                 "JSON|@FILE|-");
             add("name", "its name, unique in the machine (default: a UUID)",
                 cxxopts::value<std::string>(), "NAME");
             add("wait", "wait for its end and print its output instead");
           },
           Start,
           "With --wait the exit code is 0 only if it has succeeded. Starting again with the same "
           "name and input is safe: it finds the running execution."}};
}

}  // namespace towline::cli
