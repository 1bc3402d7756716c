#include <cmath>
#include <limits>

#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

// The service counts a wait in a signed 32-bit number of seconds.
constexpr std::int64_t kWaitSecondsMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Wait& wait) {
  Failure failure;
  Json input;
  Timestamp due{};
  if (!EffectiveInput(frame, state, input, failure) ||
      !WaitEnd(frame, state, input, due, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  const bool wall = !wait.seconds.present();
  if (due > (wall ? wall_ : now_)) {
    const EventSeq timer = NextSeq();
    if (!Emit(0, WaitStarted{frame.id, due})) return;
    return Want(SetTimer{timer, TimerKind::kWait, due, wall});
  }
  EndWait(frame);
}

// Also when the timer fires. The input is looked up again rather than kept for years.
void Stepper::EndWait(const Frame& frame) {
  const asl::State& state = StateOf(frame);
  Failure failure;
  Json input;
  Exited exited{.next = state.next};
  if (!EffectiveInput(frame, state, input, failure) ||
      !PassOn(frame, {state.output, state.assign}, input, exited, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Exit(frame, std::move(exited));
}

bool Stepper::WaitEnd(const Frame& frame, const asl::State& state, const Json& input,
                      Timestamp& due, Failure& failure) {
  const auto& wait = std::get<asl::Wait>(state.kind);
  const auto fail = [&](const std::string& what) {
    failure = FailureIn(state, frame, kRuntimeError, what);
    return false;
  };
  const FrameContext context = ContextOf(frame);
  const View view{.context = context, .field = "Seconds", .subject = input};
  if (wait.seconds.present()) {
    asl::Number storage;
    const asl::Number* settled = Settled(frame, wait.seconds, view, storage, failure);
    if (settled == nullptr) return false;
    std::int64_t seconds = 0;
    const std::string problem = WaitSeconds(*settled, ScopeOf(input, context), seconds);
    if (!problem.empty()) return fail(problem);
    if (seconds < 0) {
      failure = QueryFailure(frame, "The Seconds field is negative: " + std::to_string(seconds),
                             view.Location({}));
      failure.value = true;
      return false;
    }
    if (seconds > kWaitSecondsMax) return fail("Wait state delay is too long.");
    due = now_ + Seconds(seconds);
    return true;
  }
  if (!WaitTimestamp(frame, wait, view, due, failure)) return false;
  if (due - wall_ > Seconds(kWaitSecondsMax)) return fail("Wait state delay is too long.");
  return true;
}

bool Stepper::WaitTimestamp(const Frame& frame, const asl::Wait& wait, const View& view,
                            Timestamp& due, Failure& failure) {
  if (wait.timestamp.has_value()) {
    due = *wait.timestamp;
    return true;
  }
  Json value;
  const bool query = wait.timestamp_query.has_value();
  if (query) {
    View timestamp = view;
    timestamp.field = "Timestamp";
    if (!QueryOf(frame, *wait.timestamp_query, timestamp, "string", value, failure)) return false;
  } else {
    const std::string& path = wait.timestamp_path->text();
    const auto found = wait.timestamp_path->Evaluate(ScopeOf(view.subject, view.context));
    if (!found) {
      failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                          "The TimestampPath parameter does not reference an input value: " + path);
      return false;
    }
    value = *found;
  }
  const auto parsed =
      value->is_string() ? ParseTimestamp(std::string_view(value->get_string())) : std::nullopt;
  if (parsed.has_value()) {
    due = *parsed;
    return true;
  }
  if (query) {
    failure = QueryFailure(frame,
                           "The Timestamp field cannot be parsed as an ISO-8601 extended offset "
                           "date-time format string: " +
                               Shown(*value),
                           "Timestamp");
    failure.value = true;
  } else {
    failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                        "The TimestampPath parameter does not reference a valid ISO-8601 extended "
                        "offset date-time format string: " +
                            wait.timestamp_path->text() + " == " + Shown(*value));
  }
  return false;
}

}  // namespace towline::interpreter
