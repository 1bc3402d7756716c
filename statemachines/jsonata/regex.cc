#include "statemachines/jsonata/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 16
#include <pcre2.h>

#include <cstdint>
#include <utility>

#include "statemachines/base/check.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

// Of one attempt to match at one position: a second or so of backtracking at worst.
constexpr std::uint32_t kStepsMax = 5'000'000;
constexpr std::uint32_t kHeapKibMax = 64 * 1024;
// Positions at which a match was attempted between two questions for the time.
constexpr std::uint32_t kAttemptsPerQuestion = 256;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

PCRE2_SPTR Units(const std::u16string& text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string MessageOf(int error) {
  PCRE2_UCHAR units[256];
  const int size = pcre2_get_error_message(error, units, sizeof units / sizeof *units);
  return size < 0 ? "it is too complex" : std::string(units, units + size);
}

Problem Invalid(std::string_view pattern, const std::string& why) {
  return {.code = "S0303",
          .message = "The regular expression /" + std::string(pattern) + "/ is not valid: " + why};
}

Problem Exhausted(int error) {
  if (error == PCRE2_ERROR_CALLOUT) {
    return {.code = "U1001", .message = "The time is over in the middle of a regular expression"};
  }
  return {.code = "U1001",
          .message =
              "A regular expression needs too much time or memory on its text: make its "
              "repetitions less ambiguous"};
}

// Runs before each attempt to match; other than zero ends the match.
int CountAttempt(pcre2_callout_block* /*block*/, void* attempts);

struct Attempts {
  const Expired& expired;
  std::uint32_t count = 0;
};

int CountAttempt(pcre2_callout_block* /*block*/, void* attempts) {
  auto& seen = *static_cast<Attempts*>(attempts);
  if (++seen.count % kAttemptsPerQuestion != 0) return 0;
  return seen.expired && seen.expired() ? PCRE2_ERROR_CALLOUT : 0;
}

}  // namespace

struct Regex::Code {
  std::unique_ptr<pcre2_code, Free> code;
  std::string source;
};

OrProblem<Regex> Regex::Compile(std::string_view pattern, RegexFlags flags) {
  const RegexTranslation translated = TranslateRegex(ToUtf16(pattern), flags);
  if (!translated.problem.empty()) return Invalid(pattern, translated.problem);
  const std::u16string counted = u"(?C1)(?:" + translated.pattern + u")";
  int error = 0;
  PCRE2_SIZE offset = 0;
  std::unique_ptr<pcre2_code, Free> code(pcre2_compile(
      Units(counted), counted.size(), PCRE2_MATCH_UNSET_BACKREF, &error, &offset, nullptr));
  if (code == nullptr) return Invalid(pattern, MessageOf(error));
  return Regex(std::make_shared<const Code>(Code{std::move(code), std::string(pattern)}));
}

struct Matcher::Workspace {
  std::unique_ptr<pcre2_match_data, Free> data;
  std::unique_ptr<pcre2_match_context, Free> context;
  Attempts attempts;
};

Matcher::Matcher(Regex regex, std::string_view text, Expired expired)
    : regex_(std::move(regex)),
      text_(text),
      expired_(std::move(expired)),
      units_(ToUtf16(text)),
      workspace_(new Workspace{
          .data = std::unique_ptr<pcre2_match_data, Free>(
              pcre2_match_data_create_from_pattern(regex_.code_->code.get(), nullptr)),
          .context =
              std::unique_ptr<pcre2_match_context, Free>(pcre2_match_context_create(nullptr)),
          .attempts = {expired_}}) {
  CHECK(workspace_->data != nullptr && workspace_->context != nullptr);
  pcre2_set_match_limit(workspace_->context.get(), kStepsMax);
  pcre2_set_heap_limit(workspace_->context.get(), kHeapKibMax);
  pcre2_set_callout(workspace_->context.get(), CountAttempt, &workspace_->attempts);
}

Matcher::~Matcher() = default;

// Whether there is a match at or after from_.
OrProblem<bool> Matcher::Run() {
  const int result =
      pcre2_match(regex_.code_->code.get(), Units(units_), units_.size(), from_, PCRE2_NO_UTF_CHECK,
                  workspace_->data.get(), workspace_->context.get());
  if (result == PCRE2_ERROR_NOMATCH) return false;
  if (result < 0) return Exhausted(result);
  return true;
}

OrProblem<std::optional<RegexMatch>> Matcher::Next() {
  if (!first_ && from_ >= units_.size()) return std::optional<RegexMatch>();
  const OrProblem<bool> found = Run();
  if (!found) return found.problem();
  if (!*found) return std::optional<RegexMatch>();
  const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(workspace_->data.get());
  const std::uint32_t count = pcre2_get_ovector_count(workspace_->data.get());
  if (!first_ && ends[0] == ends[1]) {
    return Problem{.code = "D1004",
                   .message = "The regular expression /" + regex_.code_->source +
                              "/ matches an empty string again and again"};
  }
  RegexMatch match{.text = Slice(ends[0], ends[1]), .start = ends[0], .end = ends[1]};
  for (std::size_t i = 1; i < count; i++) {
    std::optional<std::string>& group = match.groups.emplace_back();
    if (ends[2 * i] != PCRE2_UNSET) group = Slice(ends[2 * i], ends[2 * i + 1]);
  }
  from_ = match.end;
  first_ = false;
  return std::optional(std::move(match));
}

std::string Matcher::Slice(std::size_t start, std::size_t end) const {
  CHECK(start <= end && end <= units_.size());
  if (units_.size() == text_.size()) return std::string(text_.substr(start, end - start));
  return ToUtf8(std::u16string_view(units_).substr(start, end - start));
}

}  // namespace towline::jsonata
