// Redrive: reads back what stood when the execution stopped, and lets it go on from there.

#include "orchestrator/engine/partition.h"
#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/redrive.h"

namespace towline::engine {
namespace {

Error NotRedrivable(const interpreter::ExecutionState& state, std::string_view why) {
  return Error{Error::Code::kFailedPrecondition,
               "Execution is not redrivable: '" + state.info.arn + "' " + std::string(why),
               "ExecutionNotRedrivable"};
}

}  // namespace

// Null: `why` says why not.
std::shared_ptr<const interpreter::ExecutionState> Partition::RemainsOf(const Live& live,
                                                                        std::string& why) {
  interpreter::EventSeq until = 0;
  store_->StepsBackwards(live.key, live.state.last_seq, [&](const store::StepRow& step) {
    until = interpreter::RedrivePoint(store::DecodeStep(step.events).back());
    return false;
  });
  if (until == 0) {
    why = "has reached the maximum number of history events";
    return nullptr;
  }
  auto remains = std::make_shared<interpreter::ExecutionState>();
  store_->Steps(live.key, 1, [&](const store::StepRow& step) {
    for (const auto& record : store::DecodeStep(step.events)) {
      if (record.seq <= until) interpreter::Apply(*live.definition, *remains, record);
    }
    return remains->last_seq < until;
  });
  return remains;
}

void Partition::Handle(RedriveExecution& request) {
  Live* const live = LoadByName(request.execution);
  if (live == nullptr) return request.reply(DoesNotExist(request.execution));
  const interpreter::ExecutionState& state = live->state;
  if (live->dirty) {  // its last steps are not in the store yet
    deferred_.emplace_back(std::move(request));
    return;
  }
  const bool repeated = !request.client_token.empty() && state.redrive_count > 0 &&
                        state.redrive_token == request.client_token;
  if (repeated) return request.reply(View(*live));
  if (!state.closed()) return request.reply(NotRedrivable(state, "is still running"));
  if (state.info.map_child) {
    return request.reply(NotRedrivable(state, "is a child of a Map Run: redrive its parent, '" +
                                                  state.info.parent_arn + "'"));
  }
  if (state.status == interpreter::ExecutionStatus::kSucceeded) {
    return request.reply(NotRedrivable(state, "has succeeded"));
  }
  std::string why;
  interpreter::Redrive command{.remains = RemainsOf(*live, why),
                               .client_token = std::move(request.client_token)};
  if (command.remains == nullptr) return request.reply(NotRedrivable(state, why));
  if (request.input.has_value()) {
    const auto target =
        interpreter::RedriveTarget(*live->definition, *command.remains, request.state);
    if (!target) return request.reply(target.error());
    command.frame = *target;
    command.input = *request.input;
  }
  Run(*live, command);
  replies_.push_back([view = View(*live), reply = std::move(request.reply)](bool durable) {
    if (durable) {
      reply(view);
    } else {
      reply(OutcomeUnknown());
    }
  });
}

}  // namespace towline::engine
