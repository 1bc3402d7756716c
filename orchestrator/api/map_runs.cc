#include "orchestrator/api/map_runs.h"

#include <algorithm>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/page_token.h"
#include "orchestrator/engine/map_run.h"
#include "orchestrator/engine/router.h"
#include "orchestrator/store/map_run_codec.h"

namespace towline::api {
namespace {

namespace in = interpreter;

v1::MapRunStatus ToProto(in::MapRunStatus status) {
  switch (status) {
    case in::MapRunStatus::kRunning: return v1::MAP_RUN_STATUS_RUNNING;
    case in::MapRunStatus::kSucceeded: return v1::MAP_RUN_STATUS_SUCCEEDED;
    case in::MapRunStatus::kFailed: return v1::MAP_RUN_STATUS_FAILED;
    case in::MapRunStatus::kAborted: return v1::MAP_RUN_STATUS_ABORTED;
  }
  return v1::MAP_RUN_STATUS_UNSPECIFIED;
}

void Fill(const in::MapRunCounts& counts, std::uint64_t pending, bool written,
          v1::MapRunCounts* to) {
  to->set_pending(pending);
  to->set_running(counts.running);
  to->set_succeeded(counts.succeeded);
  to->set_failed(counts.failed);
  to->set_timed_out(counts.timed_out);
  to->set_aborted(counts.aborted);
  to->set_total(counts.total() + pending);
  to->set_results_written(written ? counts.total() : 0);
  to->set_failures_not_redrivable(counts.not_redrivable);
  to->set_pending_redrive(counts.pending_redrive);
}

void FillState(const store::MapRunOrder& order, const in::MapRunState& state, v1::MapRun* to) {
  to->set_map_run_arn(order.spec.arn);
  to->set_status(ToProto(state.status));
  SetTime(to->mutable_start_time(), state.started);
  if (state.stopped) SetTime(to->mutable_stop_time(), *state.stopped);
  to->set_max_concurrency(state.max_concurrency);
  if (state.tolerated_count) to->set_tolerated_failure_count(*state.tolerated_count);
  if (state.tolerated_percentage) {
    to->set_tolerated_failure_percentage(*state.tolerated_percentage);
  }
  const std::uint64_t known = in::ItemCount(order.spec);
  const std::uint64_t pending = known - std::min(known, state.items.total());
  Fill(state.items, pending, state.results_written, to->mutable_item_counts());
  Fill(state.executions, order.spec.batched ? 0 : pending, state.results_written,
       to->mutable_execution_counts());
  to->set_redrive_count(state.redrive_count);
  if (state.redriven) SetTime(to->mutable_redrive_time(), *state.redriven);
  to->set_stopping(state.stopping);
}

Error NotFound(std::string_view map_run) {
  return Error{Error::Code::kNotFound,
               "Map Run Does Not Exist: '" + std::string(map_run) +
                   "'; `towline map-run list EXECUTION` shows those of an execution",
               "ResourceNotFound"};
}

Error Completed(std::string_view arn) {
  return Error{Error::Code::kFailedPrecondition,
               "CANNOT_UPDATE_COMPLETED_MAP_RUN: '" + std::string(arn) +
                   "' has ended; redrive its parent to let it go on",
               "ValidationException"};
}

}  // namespace

Result<LocatedMapRun> LocateMapRun(Foundation& base, const Asker& asker, Action action,
                                   std::string_view map_run) {
  if (const auto caller = base.Know(asker); !caller) return caller.error();
  const auto name = ParseMapRun(asker.tenant, map_run);
  if (!name) return name.error();
  const auto seen = base.Seen({name->tenant, asker.caller}, action);
  if (!seen) return seen.error();
  LocatedMapRun located;
  located.partition = engine::PartitionOfMapRun(name->id, base.readers.partitions());
  const Readers::Lease reader(base.readers, located.partition);
  auto row = reader->FindMapRun(name->id);
  if (!row) return NotFound(map_run);
  auto parent = reader->Get(row->key.execution);
  if (!parent || parent->tenant != name->tenant || !seen->Sees(parent->machine)) {
    return NotFound(map_run);
  }
  if (!name->machine.empty()) {
    const auto& spec = store::DecodeMapRunOrder(row->spec).spec;
    if (parent->machine != name->machine || spec.label != name->label) return NotFound(map_run);
  }
  located.row = std::move(*row);
  located.parent = std::move(*parent);
  return located;
}

v1::MapRun MapRuns::Show(const store::ExecutionRow& parent, const store::MapRunRow& row) const {
  const store::MapRunOrder order = store::DecodeMapRunOrder(row.spec);
  v1::MapRun to;
  FillState(order, store::DecodeMapRunState(row.progress), &to);
  to.set_execution_arn(IdOf(parent).arn());
  to.set_state_machine_arn(IdOf(parent).machine_arn());
  to.set_state(base_.DefinitionOf(parent)->state(order.state).name);
  return to;
}

void MapRuns::Describe(const v1::DescribeMapRunRequest& request, const Reply<v1::MapRun>& reply) {
  const auto located =
      LocateMapRun(base_, reply.asker(), Action::kViewExecutions, request.map_run());
  if (!located) return reply.Fail(located.error());
  reply.Send(Show(located->parent, located->row));
}

void MapRuns::List(const v1::ListMapRunsRequest& request,
                   const Reply<v1::ListMapRunsResponse>& reply) {
  const auto size = PageSize(request.max_results());
  if (!size) return reply.Fail(size.error());
  const auto located = base_.Locate(reply.asker(), Action::kViewExecutions, request.execution());
  if (!located) return reply.Fail(located.error());
  const std::string question = "map runs " + std::to_string(located->partition) + " " +
                               std::to_string(located->row.key);
  std::uint64_t after = 0;  // the number of the run before
  if (!request.next_token().empty()) {
    const auto token = base_.pages.Decode(request.next_token(), question, base_.parts.clock());
    if (!token) return reply.Fail(token.error());
    after = token->numbers.at(0);
  }
  const Readers::Lease reader(base_.readers, located->partition);
  v1::ListMapRunsResponse response;
  for (const store::MapRunRow& row : reader->MapRuns(located->row.key)) {
    if (row.key.run <= after) continue;
    if (response.map_runs_size() == *size) {
      response.set_next_token(
          base_.pages.Encode(PageToken{{after}, {}}, question, base_.parts.clock()));
      break;
    }
    *response.add_map_runs() = Show(located->row, row);
    after = row.key.run;
  }
  reply.Send(std::move(response));
}

void MapRuns::Update(const v1::UpdateMapRunRequest& request, const Reply<v1::MapRun>& reply) {
  const auto located =
      LocateMapRun(base_, reply.asker(), Action::kChangeExecutions, request.map_run());
  if (!located) return reply.Fail(located.error());
  const double percentage = request.tolerated_failure_percentage();
  if (!(percentage >= 0 && percentage <= 100)) {
    return reply.Fail(Error{Error::Code::kInvalidArgument,
                            "1 validation error detected: Value at 'toleratedFailurePercentage' "
                            "failed to satisfy constraint: Member must be between 0 and 100",
                            "ValidationException"});
  }
  engine::UpdateMapRun update{.run = {located->partition, located->row.key}};
  if (request.has_max_concurrency()) update.max_concurrency = request.max_concurrency();
  if (request.has_tolerated_failure_count()) {
    update.tolerated_count = request.tolerated_failure_count();
  }
  if (request.has_tolerated_failure_percentage()) update.tolerated_percentage = percentage;
  v1::MapRun shown = Show(located->parent, located->row);
  auto order = std::make_shared<const store::MapRunOrder>(
      store::DecodeMapRunOrder(located->row.spec));
  update.reply = [reply, order, shown = std::move(shown)](
                     const Result<engine::MapRunView>& view) {
    if (!view) {
      const bool ended = view.error().code == Error::Code::kNotFound;
      return reply.Fail(ended ? Completed(shown.map_run_arn()) : view.error());
    }
    reply.Fill([&](v1::MapRun& response) {
      response.set_execution_arn(shown.execution_arn());
      response.set_state_machine_arn(shown.state_machine_arn());
      response.set_state(shown.state());
      FillState(*order, view->state, &response);
    });
  };
  if (!base_.parts.requests.Post(located->partition, std::move(update))) reply.Fail(BusyError());
}

}  // namespace towline::api
