// towline run FILE: an execution in this process and in virtual time, with mocks for its tasks. No
// server, no broker, no worker; waits and retries take no time.

#include <ostream>

#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "orchestrator/local/installation.h"
#include "orchestrator/local/mocks.h"
#include "orchestrator/objects/local_store.h"
#include "proto/towline/v1/executions.pb.h"
#include "statemachines/asl/parser.h"

namespace towline::cli {
namespace {

constexpr const char* kExecution = "run";

Error WrongUsage(std::string message) {
  return Error{Error::Code::kInvalidArgument, std::move(message), ""};
}

struct Machine {
  std::string name, file, definition;
};

// "flows/order.asl.json" → "order".
std::string NameOf(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string base = slash == std::string::npos ? file : file.substr(slash + 1);
  const std::string name = base.substr(0, base.find('.'));
  return name.empty() || name == "-" ? "machine" : name;
}

Result<std::vector<Machine>> ReadMachines(const Invocation& call) {
  std::vector<Machine> machines = {{NameOf(call.arguments[0]), call.arguments[0], ""}};
  if (call.Has("machine")) {
    for (const std::string& text : call.options["machine"].as<std::vector<std::string>>()) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        return WrongUsage("--machine takes NAME=FILE, not '" + text + "'");
      }
      machines.push_back({text.substr(0, equals), text.substr(equals + 1), ""});
    }
  }
  for (Machine& machine : machines) {
    auto text = ReadFile(call.terminal, machine.file);
    if (!text) return text.error();
    machine.definition = std::move(*text);
  }
  return machines;
}

Result<local::Mocks> ReadMocks(const Invocation& call) {
  if (!call.Has("mocks")) return local::Mocks();
  const std::string file = call.Option("mocks");
  const auto text = ReadFile(call.terminal, file);
  if (!text) return text.error();
  auto mocks = local::Mocks::Parse(*text);
  if (!mocks) return WrongUsage(file + ": " + mocks.error().message);
  return mocks;
}

Result<Json> ReadInput(const Invocation& call) {
  if (!call.Has("input")) return Json::EmptyObject();
  const auto text = ReadText(call.terminal, call.Option("input"));
  if (!text) return text.error();
  auto input = ParseJson(*text);
  if (!input) return WrongUsage("--input: " + input.error().message);
  return input;
}

Result<interpreter::Limits> ReadLimits(const Invocation& call) {
  const std::string profile = call.Has("limits") ? call.Option("limits") : "default";
  if (profile == "aws") return interpreter::AwsLimits();
  if (profile == "default") return interpreter::Limits{};
  return WrongUsage("--limits takes one of default, aws, not '" + profile + "'");
}

v1::ExecutionStatus StatusOf(interpreter::ExecutionStatus status) {
  switch (status) {
    case interpreter::ExecutionStatus::kRunning: return v1::EXECUTION_STATUS_RUNNING;
    case interpreter::ExecutionStatus::kSucceeded: return v1::EXECUTION_STATUS_SUCCEEDED;
    case interpreter::ExecutionStatus::kFailed: return v1::EXECUTION_STATUS_FAILED;
    case interpreter::ExecutionStatus::kTimedOut: return v1::EXECUTION_STATUS_TIMED_OUT;
    case interpreter::ExecutionStatus::kAborted: return v1::EXECUTION_STATUS_ABORTED;
  }
  return v1::EXECUTION_STATUS_UNSPECIFIED;
}

void SetTime(google::protobuf::Timestamp* to, Timestamp time) {
  const auto seconds = std::chrono::floor<Seconds>(time);
  to->set_seconds(seconds.time_since_epoch().count());
  to->set_nanos(static_cast<std::int32_t>((time - seconds).count() * 1'000'000));
}

v1::StartExecutionResponse ToProto(const engine::ExecutionView& view) {
  v1::StartExecutionResponse response;
  response.set_execution_arn(view.arn);
  response.set_status(StatusOf(view.status));
  SetTime(response.mutable_start_time(), view.started);
  if (view.stopped) SetTime(response.mutable_stop_time(), *view.stopped);
  if (view.output) response.set_output(PrintJson(**view.output));
  if (view.error) response.set_error(*view.error);
  if (view.cause) response.set_cause(*view.cause);
  return response;
}

v1::GetExecutionHistoryResponse ToProto(const std::vector<interpreter::HistoryEvent>& history) {
  v1::GetExecutionHistoryResponse response;
  for (const interpreter::HistoryEvent& event : history) {
    v1::HistoryEvent& out = *response.add_events();
    out.set_id(event.id);
    out.set_previous_event_id(event.previous_id);
    out.set_type(event.type);
    out.set_details(PrintJson(event.details));
    SetTime(out.mutable_timestamp(), event.time);
  }
  return response;
}

int Report(const Invocation& call, const v1::StartExecutionResponse& response,
           const v1::GetExecutionHistoryResponse& history) {
  const bool succeeded = response.status() == v1::EXECUTION_STATUS_SUCCEEDED;
  if (call.json) {
    json::value value = ToJson(response);
    if (call.Flag("history")) value.as_object()["events"] = ToJson(history).at("events");
    PrintJsonLine(call.terminal, value);
    return succeeded ? kOk : kFailed;
  }
  if (call.Flag("history")) PrintHistory(call.terminal, history);
  if (succeeded) {
    call.terminal.out << response.output() << '\n';
    return kOk;
  }
  std::string message = "the execution ended " + ShowStatus(response.status());
  if (response.has_error()) message += ": " + response.error();
  if (response.has_cause()) message += ": " + response.cause();
  if (!call.Flag("history")) message += " (see its events: --history)";
  return Fail(call.terminal, kFailed, message);
}

int Stuck(const Invocation& call, const local::Installation& installation) {
  std::string states;
  for (const std::string& state : installation.OpenStates()) {
    states += (states.empty() ? "'" : ", '") + state + "'";
  }
  return Fail(call.terminal, kFailed,
              "nothing moves any more: nobody answers the task of " + states +
                  "; a mock with timeout or heartbeatLost needs a state with TimeoutSeconds or "
                  "HeartbeatSeconds");
}

int RunMachines(const Invocation& call, const std::vector<Machine>& machines,
                local::Settings settings, local::Mocks& mocks, const Json& input) {
  for (const Machine& machine : machines) {
    const asl::ParseResult parsed = asl::Parse(machine.definition);
    if (parsed.ok()) continue;
    return Fail(call.terminal, kFailed,
                machine.file + ": " + asl::DescribeErrors(parsed.diagnostics) +
                    " (see: towline validate " + Quote(machine.file) + ")");
  }
  std::unique_ptr<objects::ObjectStore> objects;
  if (call.Has("objects")) {
    auto opened = objects::LocalStore::Open(call.Option("objects"));
    if (!opened) return Fail(call, opened.error());
    objects = std::move(*opened);
  }
  settings.objects = objects.get();
  local::Installation installation(settings, mocks);
  for (const Machine& machine : machines) {
    installation.PutMachine(machine.name, machine.definition);
  }
  const auto ended = installation.Run(machines.front().name, kExecution, input);
  if (!ended) return Fail(call, ended.error());
  const auto history = ToProto(installation.History(machines.front().name, kExecution));
  if (ended->has_value()) return Report(call, ToProto(**ended), history);
  if (call.Flag("history")) PrintHistory(call.terminal, history);
  return Stuck(call, installation);
}

int RunHere(Invocation& call) {
  const auto machines = ReadMachines(call);
  if (!machines) return Fail(call, machines.error());
  auto mocks = ReadMocks(call);
  if (!mocks) return Fail(call, mocks.error());
  const auto input = ReadInput(call);
  if (!input) return Fail(call, input.error());
  const auto limits = ReadLimits(call);
  if (!limits) return Fail(call, limits.error());
  local::Settings settings;
  settings.tenant = call.Tenant();
  settings.limits = *limits;
  settings.start = call.terminal.now();
  settings.seed = static_cast<std::uint64_t>(settings.start.time_since_epoch().count());
  return RunMachines(call, *machines, settings, *mocks, *input);
}

void AddOptions(cxxopts::OptionAdder& add) {
  const auto text = [] { return cxxopts::value<std::string>(); };
  add("input", "its input (default: {})", text(), "JSON|@FILE|-");
  add("mocks", "what comes of the tasks of each state; see docs/cli.md", text(), "FILE");
  add("objects", "the directory with the files of Distributed Maps: a bucket is a folder in it",
      text(), "DIR");
  add("machine", "another machine, which it may start; may be given several times",
      cxxopts::value<std::vector<std::string>>(), "NAME=FILE");
  add("limits", "default, or aws: the sizes and numbers that Step Functions allows", text(),
      "PROFILE");
  add("history", "also print its events");
}

}  // namespace

std::vector<Command> RunHereCommands() {
  return {{"run", "FILE", "run a definition here, in virtual time, with mocks for its tasks",
           AddOptions, RunHere,
           "Needs no server: waits and retries take no time, and what tasks come to is in the file "
           "of --mocks. The output is printed; the exit code is 0 only if it has succeeded."}};
}

}  // namespace towline::cli
