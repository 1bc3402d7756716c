// Expressions on which a random comparison with the reference once found a difference.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "statemachines/jsonata/jsonata.h"

namespace towline::jsonata {
namespace {

// The result as JSON, "undefined", "function" or the problem's code. An empty `input` is none.
std::string Evaluated(std::string_view expression, std::string_view input) {
  const auto parsed = Expression::Parse(expression);
  if (!parsed) return parsed.problem().code;
  const Json data = input.empty() ? Json() : *ParseJson(input);
  const Outcome outcome = parsed->Evaluate(input.empty() ? nullptr : &data, {});
  if (outcome.problem() != nullptr) return outcome.problem()->code;
  if (outcome.is_function()) return "function";
  return outcome.json() == nullptr ? "undefined" : PrintJson(**outcome.json());
}

struct Corner {
  const char* expression;
  const char* input;
  const char* expected;
};

void Check(const std::vector<Corner>& corners) {
  for (const Corner& c : corners) {
    EXPECT_EQ(Evaluated(c.expression, c.input), c.expected) << c.expression << " on " << c.input;
  }
}

TEST(CornersTest, AStepIntoAnEmptyArrayFindsNothing) {
  Check({
      {"a.b", R"({"a":[]})", "undefined"},
      {"a.b & 1", R"({"a":[]})", R"("1")"},
      {"a", "[]", "undefined"},
      {"$.a", "[]", "undefined"},
      {"{'x': a}", "[]", "{}"},
      {"($v := []; $v.a)", "", "undefined"},
      {"a", R"({"a":[]})", "[]"},
      {"a.b", R"({"a":{"b":[]}})", "[]"},
  });
}

TEST(CornersTest, AFunctionIsTrueToCallbacksUnlessItIsAnArgument) {
  Check({
      {"$boolean($sum)", "", "false"},
      {"$map([$sum], $boolean)", "", "true"},
      {"$map([$sum], function($f) { $f ? 1 : 2 })", "", "1"},
      {"$each({'a': $sum}, function($f) { $f ? 1 : 2 })", "", "1"},
      {"$filter([$sum], function($f) { $f })", "", "function"},
      {"function($f) { $f ? 1 : 2 }($sum)", "", "2"},
  });
}

TEST(CornersTest, FunctionsAskForAnArgumentOnlyWhenTheyNeedIt) {
  Check({
      {"$sift({})", "", "undefined"},
      {"$sift({'a': 1})", "", "T0410"},
      {"$replace('abc', 'x', nothing)", "", R"("abc")"},
      {"$replace('abc', /x/, nothing)", "", R"("abc")"},
      {"$replace('abc', nothing, '', 0)", "", R"("abc")"},
      {"$replace('abc', 'b', nothing)", "", "T0410"},
      {"$replace('abc', /b/, nothing)", "", "T0410"},
      {"$replace('abc', nothing, '')", "", "T0410"},
      {"$split('abc', nothing, 0)", "", "[]"},
      {"$split('abc', nothing)", "", "T0410"},
      {"$replace('abc', 'x', /b/)", "", R"("abc")"},
      {"$replace('abc', 'b', /b/)", "", "D3012"},
      {"$substring('abc', nothing)", "", R"("abc")"},
      {"$substring('abc', nothing, 2)", "", R"("")"},
  });
}

TEST(CornersTest, TheContextOfAnArrayAsInputIsThatArray) {
  Check({
      {"$clone()", "[]", "[]"},
      {"$clone()", R"([{"a":1},2])", R"([{"a":1},2])"},
      {"$string()", "[1]", R"("[1]")"},
  });
}

// Here the reference filters what it keeps its books in.
TEST(CornersTest, APredicateSeesValuesAlsoWhereTheyAreSortedOrCalledFor) {
  Check({
      {"a#$i^(id)[id > 1].[id, $i]", R"({"a":[{"id":3},{"id":1},{"id":2}]})", "[2,2,3,0]"},
      {"a@$v^($v.id)[$v.id > 1].$v.id", R"({"a":[{"id":3},{"id":1},{"id":2}]})", "[2,3]"},
      {"function() { ($append(1, [2, 3]))[1] }()", "", "2"},
      {"a@$v{'x': 1, 'y': $count(a)}", R"({"a":[{"id":3}]})", R"({"x":1,"y":1})"},
  });
}

TEST(CornersTest, MembersWithWholeNumbersAsKeysComeFirst) {
  Check({
      {"{'b': $error('b'), '1': -'x'}", "", "D1002"},
      {"{'b': 1, '10': 2, '9': 3}.*", "", "[3,2,1]"},
  });
}

TEST(CornersTest, WhatIsNoNumberHasNoNumerals) {
  Check({{"$formatInteger($parseInteger('b', 'i'), 'i')", "", R"("")"}});
}

TEST(CornersTest, ATextThatEndsInABackslashHasAnUnknownEscape) {
  Check({{"\"a\\", "", "S0103"}, {"\"a", "", "S0101"}});
}

}  // namespace
}  // namespace towline::jsonata
