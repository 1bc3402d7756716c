// $contains, $match, $replace and $split, with texts, regular expressions and matchers written in
// JSONata: functions that return {match, start, end, groups, next}.

#include <optional>

#include "statemachines/base/text.h"
#include "statemachines/jsonata/functions.h"
#include "statemachines/jsonata/regex.h"
#include "statemachines/jsonata/regex_functions.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

const RegexFunction* RegexOf(Value function) {
  return function.function()->kind == FunctionKind::kRegex
             ? static_cast<const RegexFunction*>(function.function())
             : nullptr;
}

bool IsNegative(Value limit) { return limit.is_number() && limit.number() < 0; }

// The matches of a matcher that is any function, one after the other.
class Matches {
 public:
  Matches(const Call& call, Value matcher, Value text) : call_(call) {
    Take(call_.evaluator.Apply(matcher, {&text, 1}, Value::Null(), call_.frame));
  }

  bool failed() const { return failed_; }
  Value match() const { return match_; }
  bool has() const { return !failed_ && match_.is_object(); }
  Value Member(std::string_view key) { return call_.evaluator.LookUp(match_, key); }
  // As a match of a regular expression would be.
  RegexMatch Found() {
    RegexMatch found{.text = TextIn(Member("match")),
                     .start = PlaceIn(Member("start")),
                     .end = PlaceIn(Member("end"))};
    const Value groups = Member("groups");
    if (groups.is_array()) {
      const Elements list(groups);
      for (std::uint32_t i = 0; i < list.size(); i++) {
        found.groups.emplace_back(list[i].is_string() ? std::optional(TextIn(list[i]))
                                                      : std::nullopt);
      }
    }
    return found;
  }
  void Next() { Take(call_.evaluator.Apply(Member("next"), {}, Value::Null(), call_.frame)); }

 private:
  static std::string TextIn(Value value) {
    return value.is_string() ? std::string(value.text()) : std::string();
  }
  static std::size_t PlaceIn(Value value) {
    const bool usable = value.is_number() && value.number() >= 0 && value.number() < 1e9;
    return usable ? static_cast<std::size_t>(value.number()) : 0;
  }

  void Take(Value match) {
    match_ = match;
    failed_ = match.is_failed();
    if (failed_ || match.is_undefined()) return;
    if (match.is_object() && (Member("start").is_number() || Member("end").is_number() ||
                              Member("groups").is_array() || Member("next").is_function())) {
      return;
    }
    failed_ = call_.evaluator.Fail("T1010").is_failed();
  }

  const Call& call_;
  Value match_{};
  bool failed_ = false;
};

Value Contains(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (call[1].is_string()) {
    return Value::Bool(FindText(call[0].text(), call[1].text()) != std::string_view::npos);
  }
  if (!call[1].is_function()) return FailArgument(call, 2);
  if (const RegexFunction* const regex = RegexOf(call[1])) {
    const auto matcher = call.evaluator.MakeMatcher(*regex, call[0].text());
    const OrProblem<bool> contains = jsonata::Contains(*matcher);
    return contains ? Value::Bool(*contains) : call.evaluator.Fail(contains.problem());
  }
  const Matches matches(call, call[1], call[0]);
  return matches.failed() ? Value::Failed() : Value::Bool(matches.has());
}

Value Match(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (IsNegative(call[2])) return call.evaluator.Fail("D3040", call[2]);
  const std::optional<double> limit = OptionalNumber(call[2]);
  Arena& arena = call.evaluator.arena();
  Array* const result = NewSequence(arena);
  if (const RegexFunction* const regex = RegexOf(call[1])) {
    const auto matcher = call.evaluator.MakeMatcher(*regex, call[0].text());
    const auto matches = FindAll(*matcher, limit);
    if (!matches) return call.evaluator.Fail(matches.problem());
    for (const RegexMatch& match : *matches) {
      Object* const object = arena.New<Object>();
      if (!call.evaluator.FillMatch(match, "index", *object)) return Value::Failed();
      Push(arena, *result, Value::Of(object));
    }
    return Value::Of(result);
  }
  if (limit && *limit <= 0) return Value::Of(result);
  for (Matches matches(call, call[1], call[0]);; matches.Next()) {
    if (matches.failed()) return Value::Failed();
    if (!matches.has() || (limit && result->size >= *limit)) return Value::Of(result);
    Object* const object = arena.New<Object>();
    Set(arena, *object, "match", matches.Member("match"));
    Set(arena, *object, "index", matches.Member("start"));
    Set(arena, *object, "groups", matches.Member("groups"));
    Push(arena, *result, Value::Of(Completed(arena, *object)));
  }
}

Value TextArray(const Call& call, const std::vector<std::string>& texts) {
  Array* const array = NewArray(call.evaluator.arena());
  for (const std::string& text : texts) {
    const Value kept = call.evaluator.String(text);
    if (kept.is_failed()) return kept;
    Push(call.evaluator.arena(), *array, kept);
  }
  return Value::Of(array);
}

Value Split(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (IsNegative(call[2])) return call.evaluator.Fail("D3020", call[2]);
  const std::optional<double> limit = OptionalNumber(call[2]);
  const std::string_view text = call[0].text();
  if (limit && *limit <= 0) return TextArray(call, {});
  if (call[1].is_string()) {
    if (!call.evaluator.Step(text.size())) return Value::Failed();
    return TextArray(call, SplitText(text, call[1].text(), limit));
  }
  if (!call[1].is_function()) return FailArgument(call, 2);
  if (const RegexFunction* const regex = RegexOf(call[1])) {
    const auto matcher = call.evaluator.MakeMatcher(*regex, text);
    const auto parts = jsonata::Split(*matcher, limit);
    return parts ? TextArray(call, *parts) : call.evaluator.Fail(parts.problem());
  }
  std::vector<std::string> parts;
  const std::u16string units = ToUtf16(text);
  std::size_t start = 0;
  if (limit && *limit <= 0) return TextArray(call, parts);
  for (Matches matches(call, call[1], call[0]);; matches.Next()) {
    if (matches.failed()) return Value::Failed();
    if (!matches.has() || (limit && static_cast<double>(parts.size()) >= *limit)) break;
    const RegexMatch match = matches.Found();
    const std::size_t end = std::min(std::max(match.start, start), units.size());
    parts.push_back(ToUtf8(std::u16string_view(units).substr(start, end - start)));
    start = std::min(match.end, units.size());
  }
  if (!limit || static_cast<double>(parts.size()) < *limit) {
    parts.push_back(ToUtf8(std::u16string_view(units).substr(start)));
  }
  return TextArray(call, parts);
}

// What takes the place of a match, by a text with $1 in it or by a function.
Value Replacement(const Call& call, const RegexMatch& found, Value match) {
  if (call[2].is_string()) return call.evaluator.String(Substitute(call[2].text(), found));
  const Value result = call.evaluator.Apply(call[2], {&match, 1}, Value::Null(), call.frame);
  if (result.is_failed() || result.is_string()) return result;
  return call.evaluator.Fail("D3012", result);
}

// With a matcher or a replacement that is written in JSONata.
Value ReplaceByFunctions(const Call& call, std::optional<double> limit) {
  const std::u16string units = ToUtf16(call[0].text());
  const std::u16string_view text = units;
  std::string result;
  std::size_t position = 0;
  double count = 0;
  for (Matches matches(call, call[1], call[0]);; matches.Next()) {
    if (matches.failed()) return Value::Failed();
    if (!matches.has() || (limit && count >= *limit)) break;
    const RegexMatch match = matches.Found();
    const std::size_t start = std::min(std::max(match.start, position), text.size());
    Append(result, ToUtf8(text.substr(position, start - position)));
    const Value replacement = Replacement(call, match, matches.match());
    if (replacement.is_failed()) return replacement;
    Append(result, replacement.text());
    if (result.size() > call.evaluator.arena().left()) return call.evaluator.FailExhausted();
    position = std::min(match.start + Utf16Length(match.text), text.size());
    count++;
  }
  Append(result, ToUtf8(text.substr(position)));
  return Text(call, result);
}

Value Replace(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (call[1].is_string() && call[1].text().empty()) return call.evaluator.Fail("D3010");
  if (IsNegative(call[3])) return call.evaluator.Fail("D3011", call[3]);
  const std::optional<double> limit = OptionalNumber(call[3]);
  if (limit && *limit <= 0) return call[0];
  if (call[1].is_undefined()) return FailArgument(call, 2);
  const bool literal = call[1].is_string();
  if (call[2].is_undefined() || (literal && !call[2].is_string())) {
    const Value needed = Contains(call);
    if (needed.is_failed()) return needed;
    if (!needed.boolean()) return call[0];
    return call[2].is_undefined() ? FailArgument(call, 3) : call.evaluator.Fail("D3012", call[2]);
  }
  const std::size_t size_max = call.evaluator.arena().left();
  if (literal) {
    return Text(call, ReplaceText(call[0].text(), call[1].text(), call[2].text(), limit, size_max));
  }
  const RegexFunction* const regex = RegexOf(call[1]);
  if (regex == nullptr || !call[2].is_string()) return ReplaceByFunctions(call, limit);
  const auto matcher = call.evaluator.MakeMatcher(*regex, call[0].text());
  return Text(call, jsonata::Replace(*matcher, call[2].text(), limit, size_max));
}

}  // namespace

std::vector<NativeEntry> MatchFunctions() {
  return {
      {"match", "<s-f<s:o>n?:a<o>>", 3, Match},
      {"contains", "<s-(sf):b>", 2, Contains},
      {"replace", "<s-(sf)(sf)n?:s>", 4, Replace},
      {"split", "<s-(sf)n?:a<s>>", 3, Split},
  };
}

}  // namespace towline::jsonata
