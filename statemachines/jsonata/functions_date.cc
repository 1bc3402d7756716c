// Functions of points in time. The time does not pass during an evaluation.

#include "statemachines/jsonata/date_time.h"
#include "statemachines/jsonata/functions.h"

namespace towline::jsonata {
namespace {

std::optional<std::string_view> OptionalText(Value value) {
  return value.is_string() ? std::optional(value.text()) : std::nullopt;
}

Value Millis(const Call& call) {
  return Value::Number(static_cast<double>(call.evaluator.now_ms()));
}

Value Now(const Call& call) {
  return Text(call, FormatDateTime(static_cast<double>(call.evaluator.now_ms()),
                                   OptionalText(call[0]), OptionalText(call[1])));
}

Value FromMillis(const Call& call) {
  if (call[0].is_undefined()) return {};
  return Text(call, FormatDateTime(call[0].number(), OptionalText(call[1]), OptionalText(call[2])));
}

Value ToMillis(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (!call[1].is_string()) return Number(call, ParseIsoDateTime(call[0].text()));
  const OrProblem<std::optional<double>> millis =
      ParseDateTime(call[0].text(), call[1].text(), call.evaluator.now_ms());
  if (!millis) return call.evaluator.Fail(millis.problem());
  return millis->has_value() ? Value::Number(**millis) : Value();
}

}  // namespace

std::vector<NativeEntry> DateTimeFunctions() {
  return {
      {"now", "<s?s?:s>", 2, Now},
      {"millis", "<:n>", 0, Millis},
      {"fromMillis", "<n-s?s?:s>", 3, FromMillis},
      {"toMillis", "<s-s?:n>", 2, ToMillis},
  };
}

}  // namespace towline::jsonata
