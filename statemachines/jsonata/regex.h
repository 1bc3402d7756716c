#pragma once

// Regular expressions with the semantics of JavaScript, on PCRE2.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/problem.h"
#include "statemachines/jsonata/regex_syntax.h"

namespace towline::jsonata {

// Asked now and then during a long match; true ends it with U1001. May be empty.
using Expired = std::function<bool()>;

// A compiled pattern: immutable, cheap to copy, shared between threads.
class Regex {
 public:
  // S0303 if `pattern`, UTF-8, is not valid.
  static OrProblem<Regex> Compile(std::string_view pattern, RegexFlags flags);

 private:
  friend class Matcher;
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

// One match. Positions count UTF-16 units.
struct RegexMatch {
  std::string text;
  std::size_t start = 0;
  std::size_t end = 0;
  std::vector<std::optional<std::string>> groups{};  // nothing: the group took no part
};

// Walks through the matches of one pattern in one text, as the language's own matcher functions do.
// Keeps references to neither after it is gone; the text must stay while it lives.
class Matcher {
 public:
  Matcher(Regex regex, std::string_view text, Expired expired = {});
  ~Matcher();
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // The first match, then the next one after the last. D1004 for an empty match other than the
  // first; U1001 if the pattern takes too many steps or too much memory, or the time is over.
  OrProblem<std::optional<RegexMatch>> Next();

  // Part of the text, by UTF-16 units.
  std::string Slice(std::size_t start, std::size_t end) const;
  std::size_t size() const { return units_.size(); }  // UTF-16 units of the text

 private:
  struct Workspace;
  OrProblem<bool> Run();

  const Regex regex_;
  const std::string_view text_;
  const Expired expired_;
  const std::u16string units_;
  const std::unique_ptr<Workspace> workspace_;
  std::size_t from_ = 0;
  bool first_ = true;
};

}  // namespace towline::jsonata
