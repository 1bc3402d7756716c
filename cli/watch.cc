// towline watch: the history of an execution as it grows, and what its jobs report meanwhile.

#include <algorithm>
#include <chrono>
#include <ostream>

#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::cli {
namespace {

class Watch {
 public:
  explicit Watch(Invocation& call) : call_(call) {
    request_.set_execution(call.arguments[0]);
    request_.set_from_event_id(1);
  }

  int Run() {
    while (true) {
      const grpc::Status status = ReadStream();
      if (status.ok() && ended_) return succeeded_ ? kOk : kFailed;
      if (!seen_ || !ConnectAgain(call_, status)) return Fail(call_, status);
    }
  }

 private:
  grpc::Status ReadStream() {
    const auto stub = v1::Executions::NewStub(call_.client.channel());
    const auto context = call_.client.Context(std::nullopt);
    const auto reader = stub->Watch(context.get(), request_);
    v1::WatchExecutionResponse message;
    while (reader->Read(&message)) {
      seen_ = true;
      if (message.has_event()) request_.set_from_event_id(message.event().id() + 1);
      if (message.has_ended()) {
        ended_ = true;
        succeeded_ = message.ended().status() == v1::EXECUTION_STATUS_SUCCEEDED;
      }
      Print(message);
    }
    return reader->Finish();
  }

  void Print(const v1::WatchExecutionResponse& message) {
    const Terminal& terminal = call_.terminal;
    if (call_.json) {
      terminal.out << PrintJson(ToJson(message)) << std::endl;
      return;
    }
    if (message.skipped() > 0) {
      terminal.out << "              (" << message.skipped() << " job reports skipped)\n";
    }
    if (message.has_event()) {
      PrintEvent(message.event());
    } else if (message.has_job()) {
      const std::string time = FormatTimestamp(FromProto(message.job().timestamp()));
      Line(time.substr(11, 12) + "        " + ShowNews(message.job()), Colour::kDim);
    } else {
      PrintEnd(message.ended());
    }
    terminal.out.flush();
  }

  void PrintEvent(const v1::HistoryEvent& event) {
    std::string id = std::to_string(event.id());
    id.insert(0, id.size() < 5 ? 5 - id.size() : 0, ' ');
    std::string type = event.type();
    type.resize(std::max<std::size_t>(type.size(), 22), ' ');
    const std::string time = FormatTimestamp(FromProto(event.timestamp())).substr(11, 12);
    std::string line = time + " " + id + "  " + type;
    for (const std::string& part : {SubjectOf(event), DetailOf(event)}) {
      if (!part.empty()) line += "  " + part;
    }
    Line(line, ColourOf(event));
  }

  void PrintEnd(const v1::Execution& execution) {
    std::string text = ShowStatus(execution.status());
    if (execution.has_output()) text += " " + execution.output();
    if (execution.has_error()) text += " " + execution.error();
    if (execution.has_cause()) text += ": " + execution.cause();
    const Timestamp started = FromProto(execution.start_time());
    text += " (after " + ShowDuration(FromProto(execution.stop_time()) - started) + ")";
    call_.terminal.out << call_.terminal.Paint(ColourOf(execution.status()), text) << '\n';
  }

  void Line(const std::string& text, Colour colour) {
    const auto width = static_cast<std::size_t>(call_.terminal.width);
    call_.terminal.out << call_.terminal.Paint(colour, Cut(text, width)) << '\n';
  }

  Invocation& call_;
  v1::WatchExecutionRequest request_;
  bool seen_ = false;
  bool ended_ = false;
  bool succeeded_ = false;
};

}  // namespace

std::vector<Command> WatchCommands() {
  return {{"watch", "EXECUTION", "follow an execution until it ends", nullptr,
           [](Invocation& call) { return Watch(call).Run(); },
           "Exit code 0 if it succeeds, 1 if it ends otherwise. With --json one message a line."}};
}

}  // namespace towline::cli
