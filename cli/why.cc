// towline why: what an execution waits for, since when, who has it, and what to do.

#include <cmath>
#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/explain.grpc.pb.h"

namespace towline::cli {
namespace {

std::string WhatFor(const v1::Waiting& waiting) {
  switch (waiting.what()) {
    case v1::Waiting::FOR_JOB: return "job " + waiting.job_type() + " in queue " + waiting.queue();
    case v1::Waiting::FOR_TIMER: return "the end of a Wait";
    case v1::Waiting::FOR_RETRY: return "the next try";
    case v1::Waiting::FOR_CALLBACK: return "an answer by task token";
    case v1::Waiting::FOR_PUBLISH: return "the broker, for a message on " + waiting.topic();
    case v1::Waiting::FOR_ACTIVITY: return "activity " + waiting.activity();
    case v1::Waiting::FOR_MAP_RUN: return "the items of Map Run " + waiting.map_run();
    case v1::Waiting::FOR_CANCEL: return "the worker to confirm a cancel";
    default: return "nothing";
  }
}

std::string At(const google::protobuf::Timestamp& time, Timestamp now) {
  return ShowTime(FromProto(time)) + " (" + ShowAgo(FromProto(time), now) + ")";
}

void Print(const Terminal& terminal, const v1::Waiting& waiting, Timestamp now) {
  const auto line = [&terminal](std::string_view head, const std::string& text) {
    if (text.empty()) return;
    terminal.out << "  " << head << std::string(10 - head.size(), ' ') << text << '\n';
  };
  terminal.out << '\n' << terminal.Paint(Colour::kBold, "State " + waiting.path()) << '\n';
  line("waits for", WhatFor(waiting));
  if (waiting.has_since()) line("since", At(waiting.since(), now));
  line("until", waiting.has_until() ? At(waiting.until(), now) : "no time limit");
  std::string stage = waiting.stage();
  if (!stage.empty() && waiting.attempt() > 0) {
    stage += ", attempt " + std::to_string(waiting.attempt());
  }
  if (waiting.ahead() > 0) stage += ", " + std::to_string(waiting.ahead()) + " jobs before it";
  line("stage", stage);
  line("holder", waiting.worker());
  std::string heard;
  if (waiting.has_last_heard()) heard = At(waiting.last_heard(), now);
  if (waiting.has_percent()) heard += ", " + std::to_string(std::lround(waiting.percent())) + " %";
  if (!waiting.message().empty()) heard += ": " + waiting.message();
  line("heard", heard);
  if (waiting.retry_count() > 0) line("retries", std::to_string(waiting.retry_count()));
  line("why", waiting.reason());
  if (!waiting.advice().empty()) line("do", terminal.Paint(Colour::kYellow, waiting.advice()));
}

int Why(Invocation& call) {
  v1::ExplainExecutionRequest request;
  request.set_execution(call.arguments[0]);
  v1::ExplainExecutionResponse response;
  const auto status =
      call.client.Call<v1::Explain>(&v1::Explain::Stub::Execution, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  const v1::Execution& execution = response.execution();
  const Timestamp now = FromProto(response.now());
  call.terminal.out << call.terminal.Paint(Colour::kBold, ShortName(execution)) << " is "
                    << call.terminal.Paint(ColourOf(execution.status()),
                                           ShowStatus(execution.status()))
                    << ", started " << At(execution.start_time(), now) << '\n'
                    << response.summary() << '\n';
  for (const v1::Waiting& waiting : response.waiting()) Print(call.terminal, waiting, now);
  if (response.more() > 0) call.terminal.out << "\n… and " << response.more() << " more\n";
  return kOk;
}

}  // namespace

std::vector<Command> WhyCommands() {
  return {{"why", "EXECUTION", "say what it waits for, since when, who has it, what to do",
           nullptr, Why}};
}

}  // namespace towline::cli
