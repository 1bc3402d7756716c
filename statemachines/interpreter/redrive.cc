#include "statemachines/interpreter/redrive.h"

#include <algorithm>

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

// A Parallel or Map with children left goes on by itself when they do.
bool Reruns(const Frame& frame) {
  return !std::holds_alternative<AwaitingChildren>(frame.activity);
}

asl::StateIndex StateToRun(const Frame& frame) {
  const auto* entering = std::get_if<Entering>(&frame.activity);
  return entering != nullptr ? entering->state : frame.state;
}

Frame Revived(Frame frame, const Redrive& command) {
  if (!Reruns(frame)) return frame;
  frame.retries.clear();
  frame.retry_count = 0;
  if (command.frame == frame.id) {
    frame.activity = Entering{StateToRun(frame)};
    frame.input = command.input;
  } else if (const auto* run = std::get_if<AwaitingMapRun>(&frame.activity)) {
    frame.activity = Redoing{run->run, run->redrives};
  } else if (!std::holds_alternative<Entering>(frame.activity)) {
    frame.activity = Redoing{};
  }
  return frame;
}

}  // namespace

EventSeq RedrivePoint(const EventRecord& closing) {
  if (const auto* failed = std::get_if<ExecutionFailed>(&closing.event)) return failed->rose_after;
  return closing.seq - 1;
}

Result<FrameId> RedriveTarget(const asl::Definition& definition, const ExecutionState& remains,
                              std::string_view state) {
  std::vector<FrameId> found;
  std::string names;
  for (const auto& [id, frame] : remains.frames) {
    if (!Reruns(frame)) continue;
    const std::string& name = definition.state(StateToRun(frame)).name;
    if (state.empty() || name == state) found.push_back(id);
    names += (names.empty() ? "'" : ", '") + name + "'";
  }
  if (found.size() == 1) return found.front();
  const auto refuse = [](const std::string& why) {
    return Error{Error::Code::kInvalidArgument, why, "ValidationException"};
  };
  if (names.empty()) {
    return refuse("no state is left to take another input: only a Map or Parallel goes on");
  }
  if (state.empty()) {
    return refuse("several states are to run again (" + names +
                  "): say which one gets the new input");
  }
  if (found.empty()) {
    return refuse("state '" + std::string(state) + "' is not to run again; these are: " + names);
  }
  return refuse("state '" + std::string(state) + "' is to run again in " +
                std::to_string(found.size()) +
                " branches or iterations; a new input can be given to one only");
}

Verdict Stepper::operator()(const Redrive& command) {
  const ExecutionState& remains = *command.remains;
  auto frames = std::make_shared<std::vector<Frame>>();
  frames->reserve(remains.frames.size());
  for (const auto& [id, frame] : remains.frames) frames->push_back(Revived(frame, command));
  Want(ReopenExecution{});
  if (!Emit(state_.last_id, ExecutionRedriven{state_.redrive_count + 1, std::move(frames),
                                              remains.next_frame, command.client_token})) {
    return Verdict::kApplied;
  }
  if (state_.budget_seconds(definition_).has_value()) {
    Want(SetTimer{1, TimerKind::kExecutionTimeout,
                  state_.budget_from() + Seconds(*state_.budget_seconds(definition_))});
  }
  PushRunnable();
  return Verdict::kApplied;
}

}  // namespace towline::interpreter
