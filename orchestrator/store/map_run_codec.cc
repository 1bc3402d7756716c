#include "orchestrator/store/map_run_codec.h"

#include "orchestrator/store/spec_codec.h"
#include "proto/stored/map_run.pb.h"

namespace towline::store {
namespace {

namespace in = interpreter;

void FillCounts(const in::MapRunCounts& counts, stored::MapRunCounts& to) {
  to.set_running(counts.running);
  to.set_succeeded(counts.succeeded);
  to.set_failed(counts.failed);
  to.set_timed_out(counts.timed_out);
  to.set_aborted(counts.aborted);
  to.set_pending_redrive(counts.pending_redrive);
  to.set_not_redrivable(counts.not_redrivable);
}

in::MapRunCounts ReadCounts(const stored::MapRunCounts& from) {
  return {.running = from.running(),
          .succeeded = from.succeeded(),
          .failed = from.failed(),
          .timed_out = from.timed_out(),
          .aborted = from.aborted(),
          .pending_redrive = from.pending_redrive(),
          .not_redrivable = from.not_redrivable()};
}

template <class Message>
void Parse(std::string_view bytes, Message& to) {
  if (!to.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw StoreError("a stored Map Run is damaged: its bytes do not parse");
  }
}

}  // namespace

std::string EncodeMapRunState(const in::MapRunState& state) {
  stored::MapRunState to;
  DocumentWriter documents(*to.mutable_documents());
  to.set_status(static_cast<std::uint32_t>(state.status));
  to.set_stopping(state.stopping);
  to.set_max_concurrency(state.max_concurrency);
  if (state.tolerated_count) to.set_tolerated_count(*state.tolerated_count);
  if (state.tolerated_percentage) to.set_tolerated_percentage(*state.tolerated_percentage);
  to.set_next_child(state.next_child);
  to.set_cursor(documents.Ref(state.cursor));
  to.set_exhausted(state.exhausted);
  FillCounts(state.executions, *to.mutable_executions());
  FillCounts(state.items, *to.mutable_items());
  to.set_results_written(state.results_written);
  to.set_redrive_count(state.redrive_count);
  to.set_started_ms(ToMs(state.started));
  if (state.stopped) to.set_stopped_ms(ToMs(*state.stopped));
  if (state.redriven) to.set_redriven_ms(ToMs(*state.redriven));
  return to.SerializeAsString();
}

in::MapRunState DecodeMapRunState(std::string_view bytes) {
  stored::MapRunState from;
  Parse(bytes, from);
  const DocumentReader documents(from.documents());
  in::MapRunState state;
  state.status = ReadEnum(from.status(), in::MapRunStatus::kAborted);
  state.stopping = from.stopping();
  state.max_concurrency = from.max_concurrency();
  if (from.has_tolerated_count()) state.tolerated_count = from.tolerated_count();
  if (from.has_tolerated_percentage()) state.tolerated_percentage = from.tolerated_percentage();
  state.next_child = from.next_child();
  state.cursor = documents.Get(from.cursor());
  state.exhausted = from.exhausted();
  state.executions = ReadCounts(from.executions());
  state.items = ReadCounts(from.items());
  state.results_written = from.results_written();
  state.redrive_count = from.redrive_count();
  state.started = FromMs(from.started_ms());
  if (from.has_stopped_ms()) state.stopped = FromMs(from.stopped_ms());
  if (from.has_redriven_ms()) state.redriven = FromMs(from.redriven_ms());
  return state;
}

std::string EncodeMapRunOrder(const MapRunOrder& order) {
  stored::MapRunOrder to;
  DocumentWriter documents(*to.mutable_documents());
  to.set_frame(order.frame);
  to.set_state(order.state);
  to.set_scope(order.scope);
  FillMapRunSpec(order.spec, documents, *to.mutable_spec());
  return to.SerializeAsString();
}

MapRunOrder DecodeMapRunOrder(std::string_view bytes) {
  stored::MapRunOrder from;
  Parse(bytes, from);
  const DocumentReader documents(from.documents());
  return {from.frame(), from.state(), from.scope(), ReadMapRunSpec(from.spec(), documents)};
}

}  // namespace towline::store
