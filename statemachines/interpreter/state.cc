#include "statemachines/interpreter/state.h"

#include <boost/json/array.hpp>
#include <type_traits>

namespace towline::interpreter {
namespace {

bool SameInfo(const ExecutionInfo& a, const ExecutionInfo& b) {
  return a.tenant == b.tenant && a.machine == b.machine && a.name == b.name && a.arn == b.arn &&
         a.machine_arn == b.machine_arn && a.role_arn == b.role_arn && a.revision == b.revision &&
         a.parent_arn == b.parent_arn && a.parent_task == b.parent_task &&
         a.map_child == b.map_child && a.scope == b.scope;
}

bool SameActivity(const Activity& a, const Activity& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& x) {
        using A = std::decay_t<decltype(x)>;
        const A& y = std::get<A>(b);
        if constexpr (std::is_same_v<A, Entering>) {
          return x.state == y.state;
        } else if constexpr (std::is_same_v<A, AwaitingChildren>) {
          return x.outputs == y.outputs && x.open == y.open && x.items == y.items &&
                 x.next_index == y.next_index && x.max_concurrency == y.max_concurrency;
        } else {
          return x == y;
        }
      },
      a);
}

bool SameFrame(const Frame& a, const Frame& b) {
  return a.id == b.id && a.parent == b.parent && a.index == b.index && a.scope == b.scope &&
         a.state == b.state && a.input == b.input && a.entered_id == b.entered_id &&
         a.entered_after == b.entered_after &&
         a.entered_at == b.entered_at && a.last_id == b.last_id && a.retries == b.retries &&
         a.retry_count == b.retry_count && a.attempts == b.attempts &&
         a.checkpoint == b.checkpoint && a.variables == b.variables &&
         SameActivity(a.activity, b.activity);
}

bool SameFrames(const std::map<FrameId, Frame>& a, const std::map<FrameId, Frame>& b) {
  if (a.size() != b.size()) return false;
  auto at = b.begin();
  for (const auto& [id, frame] : a) {
    if (id != at->first || !SameFrame(frame, at->second)) return false;
    ++at;
  }
  return true;
}

}  // namespace

bool Equal(const ExecutionState& a, const ExecutionState& b) {
  return SameInfo(a.info, b.info) && a.input == b.input && a.started_at == b.started_at &&
         a.last_at == b.last_at && a.last_seq == b.last_seq && a.last_id == b.last_id &&
         a.next_frame == b.next_frame && a.status == b.status && a.output == b.output &&
         a.error == b.error && a.cause == b.cause && a.stopped_at == b.stopped_at &&
         a.redrive_count == b.redrive_count && a.redriven_at == b.redriven_at &&
         a.redrive_token == b.redrive_token &&
         SameFrames(a.frames, b.frames) && a.open_tasks == b.open_tasks &&
         a.variables_bytes == b.variables_bytes;
}

const Json* FindVariable(const ExecutionState& state, const Frame& frame, std::string_view name) {
  for (const Frame* at = &frame;; at = &state.frames.at(at->parent)) {
    const auto found = at->variables.find(name);
    if (found != at->variables.end()) return &found->second.value;
    if (at->id == kRootFrame) return nullptr;
  }
}

bool HasRoom(const AwaitingChildren& children) {
  return children.items.has_value() &&
         children.next_index < (**children.items).as_array().size() &&
         (children.max_concurrency == 0 || children.open < children.max_concurrency);
}

bool AllEnded(const AwaitingChildren& children) {
  return children.open == 0 && (!children.items.has_value() ||
                                children.next_index == (**children.items).as_array().size());
}

bool IsRunnable(const Frame& frame) {
  if (std::holds_alternative<Entering>(frame.activity)) return true;
  if (std::holds_alternative<Redoing>(frame.activity)) return true;
  const auto* children = std::get_if<AwaitingChildren>(&frame.activity);
  return children != nullptr && (HasRoom(*children) || AllEnded(*children));
}

bool NeedsContinue(const ExecutionState& state) {
  for (const auto& [id, frame] : state.frames) {
    if (IsRunnable(frame)) return true;
  }
  return false;
}

}  // namespace towline::interpreter
