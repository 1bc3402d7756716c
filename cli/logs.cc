// towline logs: what the jobs of an execution have printed, and what they print as it comes.

#include <chrono>
#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/log_text.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::cli {
namespace {

// "15m": so long ago; or a time as RFC 3339 has it.
Result<Timestamp> ReadSince(const Invocation& call) {
  const std::string text = call.Option("since");
  if (const auto time = ParseTimestamp(text)) return *time;
  const auto span = call.Duration("since");
  if (span) return call.terminal.now() - Seconds(*span);
  return Error{Error::Code::kInvalidArgument,
               "--since takes a time (2026-11-25T08:30:00Z) or how long ago (90s, 15m, 12h, 30d), "
               "not '" +
                   text + "'",
               ""};
}

class Logs {
 public:
  Logs(Invocation& call, v1::ExecutionLogsRequest request)
      : call_(call), request_(std::move(request)) {}

  int Run() {
    while (true) {
      const grpc::Status status = ReadStream();
      if (status.ok()) return End();
      const bool waits = request_.follow() && connected_;
      if (!waits || !ConnectAgain(call_, status)) return Fail(call_, status);
    }
  }

 private:
  grpc::Status ReadStream() {
    const auto stub = v1::Executions::NewStub(call_.client.channel());
    const auto context = call_.client.Context(std::nullopt);
    const auto reader = stub->Logs(context.get(), request_);
    v1::ExecutionLogsResponse message;
    while (reader->Read(&message)) {
      connected_ = true;
      if (message.has_log()) {
        any_ = true;
        request_.set_after(message.log().cursor());
      }
      Print(message);
    }
    return reader->Finish();
  }

  void Print(const v1::ExecutionLogsResponse& message) {
    const Terminal& terminal = call_.terminal;
    if (call_.json) {
      terminal.out << PrintJson(ToJson(message)) << std::endl;
      return;
    }
    if (message.has_log()) PrintLog(terminal, message.log());
    terminal.out.flush();
    if (!message.has_ended()) return;
    terminal.err << "(" << request_.execution() << ": " << ShowStatus(message.ended().status())
                 << ")\n";
  }

  int End() const {
    if (!any_ && !call_.json) {
      call_.terminal.err << "(no job of it has printed anything that is kept here; `towline watch` "
                            "shows events and progress)\n";
    }
    return kOk;
  }

  Invocation& call_;
  v1::ExecutionLogsRequest request_;
  bool connected_ = false;
  bool any_ = false;
};

int ShowLogs(Invocation& call) {
  v1::ExecutionLogsRequest request;
  request.set_execution(call.arguments[0]);
  request.set_follow(call.Flag("follow"));
  if (call.Has("state")) request.set_state(call.Option("state"));
  if (call.Has("task")) {
    const auto task = call.Count("task");
    if (!task) return Fail(call, task.error());
    request.set_task(static_cast<std::uint64_t>(*task));
  }
  if (call.Has("since")) {
    const auto since = ReadSince(call);
    if (!since) return Fail(call, since.error());
    const std::int64_t millis = since->time_since_epoch().count();
    request.mutable_since()->set_seconds(millis / 1000);
    request.mutable_since()->set_nanos(static_cast<std::int32_t>(millis % 1000 * 1'000'000));
  }
  return Logs(call, std::move(request)).Run();
}

}  // namespace

std::vector<Command> LogsCommands() {
  return {{"logs", "EXECUTION", "show what its jobs have printed; -f follows until it ends",
           [](cxxopts::OptionAdder& add) {
             add("f,follow", "go on with what comes, until the execution has ended");
             add("state", "only the jobs of this state", cxxopts::value<std::string>(), "NAME");
             add("task", "only this task; `towline why` and `watch --json` show the number",
                 cxxopts::value<std::string>(), "N");
             add("since", "from this time on (2026-11-25T08:30:00Z), or from so long ago: 90s, 15m",
                 cxxopts::value<std::string>(), "TIME");
           },
           ShowLogs,
           "Each line has the time, the state's name and the stream before it: stdout, stderr, or\n"
           "note, which are words of the agent or the server. Where lines are missing it says so.\n"
           "What stays on site is not shown, but where it is. With --json one message a line."}};
}

}  // namespace towline::cli
