#include <cmath>
#include <limits>

#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

// The service counts a wait in a signed 32-bit number of seconds.
constexpr std::int64_t kWaitSecondsMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Wait&) {
  Failure failure;
  Json input;
  Timestamp due{};
  if (!EffectiveInput(frame, state, input, failure) ||
      !WaitEnd(frame, state, input, due, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  if (due > now_) {
    const EventSeq timer = NextSeq();
    if (!Emit(0, WaitStarted{frame.id, due})) return;
    return Want(SetTimer{timer, TimerKind::kWait, due});
  }
  EndWait(frame);
}

// Also when the timer fires. The input is looked up again rather than kept for years.
void Stepper::EndWait(const Frame& frame) {
  const asl::State& state = StateOf(frame);
  Failure failure;
  Json input;
  Json output;
  if (!EffectiveInput(frame, state, input, failure) ||
      !ApplyOutputPath(frame, state, input, output, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Exit(frame, std::move(output), state.next);
}

bool Stepper::WaitEnd(const Frame& frame, const asl::State& state, const Json& input,
                      Timestamp& due, Failure& failure) {
  const auto& wait = std::get<asl::Wait>(state.kind);
  const auto fail = [&](const std::string& what) {
    failure = FailureIn(state, frame, kRuntimeError, what);
    return false;
  };
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  if (wait.timestamp.has_value()) {
    due = *wait.timestamp;
  } else if (wait.timestamp_path.has_value()) {
    const std::string& path = wait.timestamp_path->text();
    const auto found = wait.timestamp_path->Evaluate(scope);
    if (!found) {
      return fail("The TimestampPath parameter does not reference an input value: " + path);
    }
    const json::value& value = **found;
    const auto parsed =
        value.is_string() ? ParseTimestamp(std::string_view(value.get_string())) : std::nullopt;
    if (!parsed.has_value()) {
      return fail(
          "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
          "date-time format string: " +
          path + " == " + Shown(value));
    }
    due = *parsed;
  } else {
    std::int64_t seconds = 0;
    const std::string problem = WaitSeconds(wait.seconds, scope, seconds);
    if (!problem.empty()) return fail(problem);
    if (seconds > kWaitSecondsMax) return fail("Wait state delay is too long.");
    due = now_ + Seconds(seconds);
  }
  if (due - now_ > Seconds(kWaitSecondsMax)) return fail("Wait state delay is too long.");
  return true;
}

}  // namespace towline::interpreter
