#include "statemachines/jsonata/regex_functions.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "statemachines/base/text.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

bool Reached(std::optional<double> limit, std::size_t count) {
  return limit && static_cast<double>(count) >= *limit;
}

Problem TooLong(std::size_t size_max) {
  return {.code = "U1001",
          .message =
              "The result of $replace would be longer than " + std::to_string(size_max) + " bytes"};
}

// The number that the first `digits_max` characters of `text` begin with, and how many digits it
// has.
struct GroupNumber {
  std::size_t number = 0;
  std::size_t digits = 0;
};

GroupNumber ReadNumber(std::string_view text, std::size_t digits_max) {
  GroupNumber read;
  while (read.digits < digits_max && read.digits < text.size() && text[read.digits] >= '0' &&
         text[read.digits] <= '9') {
    read.number = read.number * 10 + static_cast<std::size_t>(text[read.digits] - '0');
    read.digits++;
  }
  return read;
}

// Appends what the dollar before `rest` stands for and returns how much of `rest` belongs to it.
std::size_t SubstituteDollar(std::string_view rest, const RegexMatch& match, std::string& out) {
  if (!rest.empty() && rest[0] == '$') {
    out += '$';
    return 1;
  }
  if (!rest.empty() && rest[0] == '0') {
    Append(out, match.text);
    return 1;
  }
  const std::size_t groups = match.groups.size();
  const std::size_t digits_max = std::to_string(groups).size();
  GroupNumber group = ReadNumber(rest, digits_max);
  if (digits_max > 1 && group.number > groups) group = ReadNumber(rest, digits_max - 1);
  if (group.digits == 0) {
    out += '$';
    return 0;
  }
  if (group.number >= 1 && group.number <= groups && match.groups[group.number - 1]) {
    Append(out, *match.groups[group.number - 1]);
  }
  return group.digits;
}

}  // namespace

OrProblem<bool> Contains(Matcher& matcher) {
  const auto match = matcher.Next();
  if (!match) return match.problem();
  return match->has_value();
}

OrProblem<std::vector<RegexMatch>> FindAll(Matcher& matcher, std::optional<double> limit) {
  std::vector<RegexMatch> found;
  if (Reached(limit, 0)) return found;
  for (;;) {
    auto match = matcher.Next();
    if (!match) return match.problem();
    // The limit is looked at only after the next match: an empty one is an error all the same.
    if (!*match || Reached(limit, found.size())) return found;
    found.push_back(*std::move(*match));
  }
}

OrProblem<std::vector<std::string>> Split(Matcher& matcher, std::optional<double> limit) {
  std::vector<std::string> parts;
  const auto matches = FindAll(matcher, limit);
  if (!matches) return matches.problem();
  std::size_t start = 0;
  for (const RegexMatch& match : *matches) {
    parts.push_back(matcher.Slice(start, match.start));
    start = match.end;
  }
  if (!Reached(limit, parts.size())) parts.push_back(matcher.Slice(start, matcher.size()));
  return parts;
}

std::vector<std::string> SplitText(std::string_view text, std::string_view separator,
                                   std::optional<double> limit) {
  if (limit) limit = std::fmod(std::trunc(*limit), 4294967296.0);  // an unsigned 32-bit integer
  std::vector<std::string> parts;
  if (separator.empty()) {
    parts = SplitIntoUnits(text);
    if (limit && static_cast<double>(parts.size()) > *limit) {
      parts.resize(static_cast<std::size_t>(*limit));
    }
    return parts;
  }
  while (!Reached(limit, parts.size())) {
    const std::size_t end = FindText(text, separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  return parts;
}

std::string Substitute(std::string_view replacement, const RegexMatch& match) {
  std::string out;
  for (;;) {
    const std::size_t dollar = replacement.find('$');
    Append(out, replacement.substr(0, dollar));
    if (dollar == std::string_view::npos) return out;
    replacement.remove_prefix(dollar + 1);
    replacement.remove_prefix(SubstituteDollar(replacement, match, out));
  }
}

OrProblem<std::string> Replace(Matcher& matcher, std::string_view replacement,
                               std::optional<double> limit, std::size_t size_max) {
  std::string result;
  std::size_t position = 0;
  const auto matches = FindAll(matcher, limit);
  if (!matches) return matches.problem();
  for (const RegexMatch& match : *matches) {
    Append(result, matcher.Slice(position, match.start));
    Append(result, Substitute(replacement, match));
    if (result.size() > size_max) return TooLong(size_max);
    position = match.end;
  }
  Append(result, matcher.Slice(position, matcher.size()));
  return result;
}

OrProblem<std::string> ReplaceText(std::string_view text, std::string_view pattern,
                                   std::string_view replacement, std::optional<double> limit,
                                   std::size_t size_max) {
  std::string result;
  for (std::size_t count = 0; !Reached(limit, count); count++) {
    const std::size_t start = FindText(text, pattern);
    if (start == std::string_view::npos) break;
    result += text.substr(0, start);
    result += replacement;
    if (result.size() > size_max) return TooLong(size_max);
    text.remove_prefix(start + pattern.size());
  }
  result += text;
  return result;
}

}  // namespace towline::jsonata
