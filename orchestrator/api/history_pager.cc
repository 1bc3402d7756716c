#include "orchestrator/api/history_pager.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/history_context.h"
#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/history.h"

namespace towline::api {
namespace {

namespace in = interpreter;

// A page holds no further step once it has this much: answers stay below the message limit.
constexpr std::size_t kPageBytes = 4 << 20;

// The type and details of events that are ours alone; nothing for those of the service.
struct OwnEvent {
  std::string type;
  json::object details;
};
std::optional<OwnEvent> DescribeOwn(const in::Event& event) {
  OwnEvent own;
  if (const auto* accepted = std::get_if<in::JobAccepted>(&event)) {
    own.type = "JobAccepted";
    own.details = {{"task", accepted->task},
                   {"attempt", accepted->attempt},
                   {"worker", accepted->worker},
                   {"incarnation", accepted->incarnation}};
  } else if (const auto* requeued = std::get_if<in::JobRequeued>(&event)) {
    own.type = "JobRequeued";
    own.details = {{"task", requeued->task},
                   {"attempt", requeued->attempt},
                   {"reason", requeued->reason}};
  } else if (const auto* saved = std::get_if<in::JobCheckpointed>(&event)) {
    own.type = "JobCheckpointed";
    own.details = {{"task", saved->task}, {"checkpoint", PrintJson(*saved->checkpoint)}};
  } else if (const auto* wait = std::get_if<in::WaitStarted>(&event)) {
    own.type = "WaitStarted";
    own.details = {{"due", FormatTimestamp(wait->due)}};
  } else if (const auto* retry = std::get_if<in::RetryScheduled>(&event)) {
    own.type = "RetryScheduled";
    own.details = {{"retrier", retry->retrier}, {"due", FormatTimestamp(retry->due)}};
  } else {
    return std::nullopt;
  }
  return own;
}

bool Shown(const in::EventRecord& record, const HistoryOptions& options) {
  return record.id != 0 || options.full;
}

}  // namespace

HistoryPager::HistoryPager(Foundation& base, int partition, const store::ExecutionRow& row)
    : base_(base), partition_(partition), key_(row.key), definition_(base.DefinitionOf(row)) {}

HistoryPosition HistoryPager::Newest() {
  constexpr auto kLast = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return HistoryPosition{.step = kLast, .seq = kLast, .hints = {}};
}

HistoryPosition HistoryPager::At(store::Queries& reader, std::uint64_t id) const {
  if (id <= 1) return HistoryPosition{};
  // Ids are a part of the seqs: the event with this id has a seq that is at least as large.
  HistoryPosition position;
  reader.StepsBackwards(key_, id, [&position](const store::StepRow& step) {
    position.step = step.first_seq;
    return false;
  });
  position.seq = position.step;
  bool found = false;
  reader.Steps(key_, position.step, [&](const store::StepRow& step) {
    for (const in::EventRecord& record : store::DecodeStep(step.events)) {
      position.step = step.first_seq;
      position.seq = record.seq + 1;
      found = record.id >= id;
      if (!found) continue;
      position.seq = record.seq;
      break;
    }
    return !found;
  });
  return position;
}

HistoryPager::Records HistoryPager::Collect(store::Queries& reader, const HistoryPosition& from,
                                            const HistoryOptions& options,
                                            HistoryPage& page) const {
  Records records;
  int shown = 0;
  std::size_t bytes = 0;
  const auto visit = [&](const store::StepRow& step) {
    if (bytes > kPageBytes) {
      page.more = true;
      return false;
    }
    bytes += step.events.size();
    Records step_records = store::DecodeStep(step.events);
    if (options.reverse) std::reverse(step_records.begin(), step_records.end());
    for (in::EventRecord& record : step_records) {
      if (options.reverse ? record.seq > from.seq : record.seq < from.seq) continue;
      page.more = shown == options.size;
      if (page.more) return false;
      shown += Shown(record, options) ? 1 : 0;
      page.next.step = step.first_seq;
      page.next.seq = options.reverse ? record.seq - 1 : record.seq + 1;
      records.push_back(std::move(record));
    }
    return true;
  };
  if (options.reverse) {
    reader.StepsBackwards(key_, from.seq, visit);
    std::reverse(records.begin(), records.end());
  } else {
    reader.Steps(key_, from.step, visit);
  }
  return records;
}

HistoryPage HistoryPager::Read(store::Queries& reader, const HistoryPosition& from,
                               const HistoryOptions& options) const {
  HistoryPage page;
  page.next = from;
  const Records records = Collect(reader, from, options, page);
  HistoryContext context(records);
  context.Find(reader, key_, from.hints);

  // After the events were read: it must know all of theirs.
  const SensitiveMask mask = base_.masks.Of(definition_, reader, partition_, key_);
  in::HistoryProjection projection(*definition_);
  std::vector<in::HistoryEvent> projected;
  for (const auto& [seq, record] : context.found()) projection.Observe(record);
  for (const in::EventRecord& record : records) {
    projected.clear();
    projection.Project(record, options.include_data, projected);
    v1::HistoryEvent event;
    if (!projected.empty()) {
      event.set_id(projected.front().id);
      event.set_previous_event_id(projected.front().previous_id);
      event.set_type(projected.front().type);
      mask.HideIn(projected.front().details);
      event.set_details(PrintJson(projected.front().details));
    } else if (auto own = DescribeOwn(record.event); own && options.full) {
      event.set_type(std::move(own->type));
      mask.HideIn(own->details);
      event.set_details(PrintJson(own->details));
    } else {
      continue;
    }
    SetTime(event.mutable_timestamp(), record.time);
    event.set_seq(record.seq);
    base_.MaskTokens(partition_, key_, *event.mutable_details());
    page.events.push_back(std::move(event));
  }
  if (options.reverse) std::reverse(page.events.begin(), page.events.end());
  page.next.hints = options.reverse ? context.HintsBefore() : context.HintsBehind(records);
  return page;
}

}  // namespace towline::api
