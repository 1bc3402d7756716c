// GetExecutionHistory: one page, and with `full` the evidence on the first.

#include "orchestrator/api/convert.h"
#include "orchestrator/api/executions.h"
#include "orchestrator/api/history_pager.h"
#include "orchestrator/api/page_token.h"

namespace towline::api {
namespace {

PageToken ToToken(const HistoryPosition& position) {
  PageToken token{.numbers = {position.step, position.seq}, .text = {}};
  token.numbers.insert(token.numbers.end(), position.hints.begin(), position.hints.end());
  return token;
}

HistoryPosition FromToken(const PageToken& token) {
  HistoryPosition position{.step = token.numbers[0], .seq = token.numbers[1], .hints = {}};
  position.hints.assign(token.numbers.begin() + 2, token.numbers.end());
  return position;
}

void AddEvidence(Foundation& base, store::Queries& reader, const Located& located,
                 v1::GetExecutionHistoryResponse* response) {
  const SensitiveMask mask = base.MaskOf(reader, located.partition, located.row);
  for (store::EvidenceRow& row : reader.Evidence(located.row.key)) {
    v1::Evidence* evidence = response->add_evidence();
    SetTime(evidence->mutable_timestamp(), row.time);
    evidence->set_task(row.task.task);
    evidence->set_worker(std::move(row.worker));
    evidence->set_attempt(row.attempt);
    evidence->set_what(std::move(row.what));
    evidence->set_data(mask.Value(std::move(row.data)));
    base.MaskTokens(located.partition, located.row.key, *evidence->mutable_data());
  }
}

}  // namespace

void Executions::GetHistory(const v1::GetExecutionHistoryRequest& request,
                            const Reply<v1::GetExecutionHistoryResponse>& reply) {
  const auto size = PageSize(request.max_results());
  if (!size) return reply.Fail(size.error());
  const auto located = base_.Locate(reply.asker(), Action::kViewExecutions, request.execution());
  if (!located) return reply.Fail(located.error());
  const HistoryOptions options{.size = *size,
                               .reverse = request.reverse_order(),
                               .include_data = !request.exclude_data(),
                               .full = request.full()};
  // What data a page shows may change between pages; which events, and their order, may not.
  const std::string question = "history " + std::to_string(located->partition) + " " +
                               std::to_string(located->row.key) +
                               (options.reverse ? " reverse" : "") + (options.full ? " full" : "");
  HistoryPosition from = options.reverse ? HistoryPager::Newest() : HistoryPosition{};
  if (!request.next_token().empty()) {
    const auto token = base_.pages.Decode(request.next_token(), question, base_.parts.clock());
    if (!token) return reply.Fail(token.error());
    from = FromToken(*token);
  }

  const HistoryPager pager(base_, located->partition, located->row);
  const Readers::Lease reader(base_.readers, located->partition);
  HistoryPage page = pager.Read(*reader, from, options);
  v1::GetExecutionHistoryResponse response;
  for (v1::HistoryEvent& event : page.events) *response.add_events() = std::move(event);
  if (page.more) {
    response.set_next_token(base_.pages.Encode(ToToken(page.next), question, base_.parts.clock()));
  }
  if (options.full && request.next_token().empty()) {
    AddEvidence(base_, *reader, *located, &response);
  }
  reply.Send(std::move(response));
}

}  // namespace towline::api
