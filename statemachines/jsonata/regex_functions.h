#pragma once

// $contains, $match, $split and $replace as far as no callback of the language takes part. A limit
// is a number of matches, fractions rounded up; nothing: no limit. The caller has refused negative
// limits.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/problem.h"
#include "statemachines/jsonata/regex.h"

namespace towline::jsonata {

OrProblem<bool> Contains(Matcher& matcher);
OrProblem<std::vector<RegexMatch>> FindAll(Matcher& matcher, std::optional<double> limit);

OrProblem<std::vector<std::string>> Split(Matcher& matcher, std::optional<double> limit);
// As JavaScript splits: an empty separator gives UTF-16 units. `limit` counts parts, rounded down.
std::vector<std::string> SplitText(std::string_view text, std::string_view separator,
                                   std::optional<double> limit);

// What takes a match's place: in `replacement` $0 is the whole match, $1 the first group (as many
// digits as name a group), $$ a dollar; any other dollar stands for itself.
std::string Substitute(std::string_view replacement, const RegexMatch& match);

// U1001 if the result would exceed `size_max` bytes.
OrProblem<std::string> Replace(Matcher& matcher, std::string_view replacement,
                               std::optional<double> limit, std::size_t size_max);
// `pattern` is not empty; `replacement` is taken literally.
OrProblem<std::string> ReplaceText(std::string_view text, std::string_view pattern,
                                   std::string_view replacement, std::optional<double> limit,
                                   std::size_t size_max);

}  // namespace towline::jsonata
