// towline history: what has happened to an execution.

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>

#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::cli {
namespace {

int History(Invocation& call) {
  int limit = 0;
  if (call.Has("limit")) {
    const auto given = call.Count("limit");
    if (!given) return Fail(call, given.error());
    limit = *given;
  }
  v1::GetExecutionHistoryRequest request;
  request.set_execution(call.arguments[0]);
  request.set_reverse_order(call.Flag("reverse"));
  request.set_exclude_data(call.Flag("no-data"));
  request.set_full(call.Flag("full"));
  v1::GetExecutionHistoryResponse all;
  do {
    request.set_max_results(limit == 0 ? 1000 : std::min(1000, limit - all.events_size()));
    v1::GetExecutionHistoryResponse page;
    const auto status = call.client.Call<v1::Executions>(&v1::Executions::Stub::GetHistory,
                                                         request, &page);
    if (!status.ok()) return Fail(call, status);
    request.set_next_token(page.next_token());
    page.clear_next_token();
    all.MergeFrom(page);
  } while (!request.next_token().empty() && (limit == 0 || all.events_size() < limit));
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(all));
  } else {
    PrintHistory(call.terminal, all);
    if (!request.next_token().empty()) call.terminal.err << "(there are more: --limit)\n";
  }
  return kOk;
}

}  // namespace

std::vector<Command> HistoryCommands() {
  return {{"history", "EXECUTION", "show what has happened, event by event",
           [](cxxopts::OptionAdder& add) {
             add("full", "also who held each job, requeues, waits, and late answers");
             add("reverse", "newest first");
             add("no-data", "leave inputs and outputs out");
             add("limit", "at most this many events (default: all)", cxxopts::value<std::string>(),
                 "N");
           },
           History}};
}

}  // namespace towline::cli
