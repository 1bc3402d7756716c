// towline task …: ends tasks by their tokens, as any program may.

#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "proto/towline/v1/tasks.grpc.pb.h"
#include "proto/towline/v1/workers.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::Tasks;

int Done(const Invocation& call, const grpc::Status& status) {
  if (!status.ok()) return Fail(call, status);
  if (call.json) call.terminal.out << "{}\n";
  return kOk;
}

int NeedsToken(const Invocation& call) {
  return Fail(call.terminal, kUsage, "--token TOKEN is missing");
}

int Succeed(Invocation& call) {
  if (!call.Has("token")) return NeedsToken(call);
  auto output = ReadText(call.terminal, call.Option("output"));
  if (!output) return Fail(call, output.error());
  v1::SendTaskSuccessRequest request;
  request.set_task_token(call.Option("token"));
  request.set_output(std::move(*output));
  v1::SendTaskSuccessResponse response;
  return Done(call, call.client.Call<Tasks>(&Tasks::Stub::SendSuccess, request, &response));
}

int FailTask(Invocation& call) {
  if (!call.Has("token")) return NeedsToken(call);
  v1::SendTaskFailureRequest request;
  request.set_task_token(call.Option("token"));
  if (call.Has("error")) request.set_error(call.Option("error"));
  if (call.Has("cause")) request.set_cause(call.Option("cause"));
  v1::SendTaskFailureResponse response;
  return Done(call, call.client.Call<Tasks>(&Tasks::Stub::SendFailure, request, &response));
}

int Heartbeat(Invocation& call) {
  if (!call.Has("token")) return NeedsToken(call);
  v1::SendTaskHeartbeatRequest request;
  request.set_task_token(call.Option("token"));
  v1::SendTaskHeartbeatResponse response;
  return Done(call, call.client.Call<Tasks>(&Tasks::Stub::SendHeartbeat, request, &response));
}

int Forget(Invocation& call) {
  v1::ForgetTaskRequest request;
  request.set_execution(call.arguments[0]);
  const std::string& number = call.arguments[1];
  if (number.empty() || number.size() > 18 ||
      number.find_first_not_of("0123456789") != std::string::npos) {
    return Fail(call.terminal, kUsage,
                "'" + number + "' is no task number; towline why " + Quote(call.arguments[0]) +
                    " shows it");
  }
  request.set_task(std::stoull(number));
  if (call.Has("reason")) request.set_reason(call.Option("reason"));
  v1::ForgetTaskResponse response;
  return Done(call, call.client.Call<v1::Workers>(&v1::Workers::Stub::Forget, request, &response));
}

void AddToken(cxxopts::OptionAdder& add) {
  add("token", "the task's token", cxxopts::value<std::string>(), "TOKEN");
}

}  // namespace

std::vector<Command> TaskCommands() {
  return {
      {"task succeed", "", "end a task with its result",
       [](cxxopts::OptionAdder& add) {
         AddToken(add);
         add("output", "the result", cxxopts::value<std::string>()->default_value("{}"),
             "JSON|@FILE|-");
       },
       Succeed},
      {"task fail", "", "end a task with an error",
       [](cxxopts::OptionAdder& add) {
         AddToken(add);
         add("error", "what Retry and Catch match", cxxopts::value<std::string>(), "NAME");
         add("cause", "for people", cxxopts::value<std::string>(), "TEXT");
       },
       FailTask},
      {"task heartbeat", "", "say that a task's work is alive", AddToken, Heartbeat},
      {"task forget", "EXECUTION TASK",
       "give up on a cancelled job whose worker never confirmed",
       [](cxxopts::OptionAdder& add) {
         add("reason", "for the server's log", cxxopts::value<std::string>(), "TEXT");
       },
       Forget,
       "Frees the slot. Only when the worker's machine is known to be gone: the job may still be "
       "running. `towline why` shows the TASK number."},
  };
}

}  // namespace towline::cli
