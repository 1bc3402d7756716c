#include "worker/redactor.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace towline::worker {
namespace {

// A line is bounded, so these are only met by patterns that try again and again.
constexpr std::uint32_t kStepsMax = 200'000;
constexpr std::uint32_t kHeapKibMax = 4'096;
constexpr const char* kBlot = "[redacted]";
constexpr const char* kTooCostly = "[redacted: a pattern takes too long on this line]";

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct Redactor::Code {
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  // False: it takes too many steps.
  bool Find(std::string_view line, Ranges& found) const {
    const std::unique_ptr<pcre2_match_context, FreeContext> context(
        pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), kStepsMax);
    pcre2_set_heap_limit(context.get(), kHeapKibMax);
    const std::unique_ptr<pcre2_match_data, FreeData> data(
        pcre2_match_data_create_from_pattern(code, nullptr));
    const auto* const text = reinterpret_cast<PCRE2_SPTR>(line.data());
    std::size_t from = 0;
    while (from <= line.size()) {
      const int matched =
          pcre2_match(code, text, line.size(), from, PCRE2_NO_UTF_CHECK, data.get(), context.get());
      if (matched == PCRE2_ERROR_NOMATCH) return true;
      if (matched < 0) return false;
      const PCRE2_SIZE* const at = pcre2_get_ovector_pointer(data.get());
      if (at[1] <= from && at[1] <= at[0]) {  // an empty match blots nothing out
        from++;
        while (from < line.size() && (static_cast<unsigned char>(line[from]) & 0xC0) == 0x80) {
          from++;
        }
        continue;
      }
      if (at[1] > at[0]) found.emplace_back(at[0], at[1]);
      from = std::max<std::size_t>(at[1], from);
    }
    return true;
  }

  pcre2_code* const code;
};

Result<std::shared_ptr<const Redactor>> Redactor::Compile(
    const std::vector<std::string>& patterns) {
  std::vector<std::shared_ptr<const Code>> codes;
  for (const std::string& pattern : patterns) {
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_code* const code =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, nullptr);
    if (code == nullptr) {
      PCRE2_UCHAR why[160];
      pcre2_get_error_message(error, why, sizeof why);
      return Error{Error::Code::kInvalidArgument,
                   "the pattern '" + pattern + "' is wrong at character " + std::to_string(at + 1) +
                       ": " + reinterpret_cast<const char*>(why)};
    }
    codes.push_back(std::make_shared<const Code>(code));
  }
  return std::shared_ptr<const Redactor>(new Redactor(std::move(codes)));
}

std::string Redactor::Apply(std::string_view line, std::size_t keep) const {
  Ranges ranges;
  for (const auto& code : codes_) {
    if (!code->Find(line, ranges)) return kTooCostly;
  }
  std::sort(ranges.begin(), ranges.end());
  keep = std::min(keep, line.size());
  std::string out;
  std::size_t from = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin >= keep) break;
    if (begin >= from) {
      out.append(line.substr(from, begin - from));
      out += kBlot;
    }
    from = std::max(from, end);
  }
  if (from < keep) out.append(line.substr(from, keep - from));
  return out;
}

}  // namespace towline::worker
