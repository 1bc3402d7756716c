// What the header promises besides results: sharing, problems, mentions, bounds, threads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "statemachines/jsonata/jsonata.h"

namespace towline::jsonata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Json Document(std::string_view text) { return *ParseJson(text); }

Expression Parse(std::string_view text, Dialect dialect = Dialect::kStandard) {
  const OrProblem<Expression> expression = Expression::Parse(text, dialect);
  EXPECT_TRUE(expression) << text << ": " << (expression ? "" : expression.problem().message);
  return *expression;
}

Problem ProblemOf(std::string_view text, std::string_view input = "null") {
  const OrProblem<Expression> expression = Expression::Parse(text);
  if (!expression) return expression.problem();
  const Outcome outcome = expression->Evaluate(Document(input));
  EXPECT_NE(outcome.problem(), nullptr) << text;
  return outcome.problem() == nullptr ? Problem{} : *outcome.problem();
}

class Counting : public Environment {
 public:
  const Json* Variable(std::string_view name) const override {
    asked.emplace_back(name);
    return name == "document" ? &document : nullptr;
  }
  const Json* State(std::string_view member) const override {
    asked.push_back("states." + std::string(member));
    return member == "input" ? &document : nullptr;
  }
  bool Expired() const override { return expired; }

  Json document = Document(R"({"a":{"b":[1,2,{"c":3}]},"big":12345678901234567890})");
  bool expired = false;
  mutable std::vector<std::string> asked;
};

TEST(ExpressionTest, PartOfTheInputIsSharedNotCopied) {
  const Json input = Document(R"({"a":{"b":[1,{"c":2}]}})");
  const Outcome whole = Parse("$").Evaluate(input);
  EXPECT_TRUE(whole.json()->SameAs(input));
  const Outcome part = Parse("a.b").Evaluate(input);
  EXPECT_EQ(&**part.json(), &input->at("a").at("b"));
  const Outcome filtered = Parse("a.b[c=2]").Evaluate(input);
  EXPECT_EQ(&**filtered.json(), &input->at("a").at("b").at(1));
}

TEST(ExpressionTest, PartOfAVariableOutlivesTheEvaluation) {
  Json result;
  {
    const Counting names;
    const Outcome outcome = Parse("$document.a.b[2]").Evaluate(nullptr, {.names = &names});
    result = *outcome.json();
    EXPECT_EQ(&*result, &names.document->at("a").at("b").at(2));
  }
  EXPECT_EQ(PrintJson(*result), R"({"c":3})");
}

TEST(ExpressionTest, IntegersThatNoDoubleHoldsPassUnharmed) {
  const Json input = Document(
      R"({"a":[9007199254740993,-9007199254740993,18446744073709551615,-9223372036854775808]})");
  EXPECT_EQ(PrintJson(**Parse(R"({"kept": a, "one": a[0]})").Evaluate(input).json()),
            R"({"kept":[9007199254740993,-9007199254740993,18446744073709551615,)"
            R"(-9223372036854775808],"one":9007199254740993})");
  EXPECT_EQ(PrintJson(**Parse("[a[0], a[2]]").Evaluate(input).json()),
            "[9007199254740993,18446744073709551615]");
  EXPECT_EQ(PrintJson(**Parse("a[0] + 0").Evaluate(input).json()), "9007199254740992");
}

TEST(ExpressionTest, NamesAreAskedForOnceAndOnlyWhenNeeded) {
  const Counting names;
  const Circumstances circumstances{.names = &names};
  const Expression expression =
      Parse("false ? $other : $document.a.b[0] + $document.a.b[1]", Dialect::kStepFunctions);
  EXPECT_EQ(PrintJson(**expression.Evaluate(nullptr, circumstances).json()), "3");
  EXPECT_THAT(names.asked, ElementsAre("document"));
  names.asked.clear();
  Parse("$states.input.a.b[0] + $states.input.a.b[1]", Dialect::kStepFunctions)
      .Evaluate(nullptr, circumstances);
  EXPECT_THAT(names.asked, ElementsAre("states.input"));
}

TEST(ExpressionTest, AProblemSaysWhatAndWhere) {
  const Problem syntax = ProblemOf("a + b)");
  EXPECT_EQ(syntax.code, "S0201");
  EXPECT_EQ(syntax.position, 5U);
  EXPECT_EQ(syntax.token, ")");
  const Problem operand = ProblemOf("1 + (2 - \"x\")");
  EXPECT_EQ(operand.code, "T2002");
  EXPECT_EQ(operand.position, 7U);
  EXPECT_EQ(operand.token, "-");
  EXPECT_EQ(operand.message, R"(The right side of - must be a number, not "x")");
  const Problem call = ProblemOf("$sum($map([1], function($v) { $uppercase($v) }))");
  EXPECT_EQ(call.code, "T0410");
  EXPECT_EQ(call.token, "uppercase");
  EXPECT_THAT(call.message, HasSubstr("Argument 1 of function uppercase"));
  EXPECT_THAT(ProblemOf("a()", R"({"a": 1})").message, HasSubstr("non-function"));
  EXPECT_THAT(ProblemOf("sum()").message, HasSubstr("did you mean $sum?"));
  EXPECT_EQ(ProblemOf("$error(\"by hand\")").message, "by hand");
}

TEST(ExpressionTest, MentionsWhatItExpectsFromOutside) {
  const Expression expression = Parse(
      "($x := $first; $f := function($y) { $x + $y + $z + $y }; items@$i.{\"k\": $i, \"j\": $j})");
  EXPECT_THAT(expression.mentions().variables, ElementsAre("first", "j", "z"));
  EXPECT_THAT(expression.mentions().input, Not(IsEmpty()));
  EXPECT_THAT(expression.mentions().states, IsEmpty());

  const Expression states =
      Parse("$states.input.items[price > $limit].{\"n\": name, \"at\": $states.context.State.Name}",
            Dialect::kStepFunctions);
  EXPECT_THAT(states.mentions().variables, ElementsAre("limit"));
  EXPECT_THAT(states.mentions().states, ElementsAre("context", "input"));
  EXPECT_FALSE(states.mentions().whole_states);
  EXPECT_THAT(states.mentions().input, IsEmpty());

  EXPECT_TRUE(Parse("$keys($states)", Dialect::kStepFunctions).mentions().whole_states);
  EXPECT_TRUE(Parse("$states[0].input", Dialect::kStepFunctions).mentions().whole_states);
  EXPECT_THAT(Parse("$$").mentions().input, ElementsAre("$$"));
  EXPECT_THAT(Parse("$sum($)").mentions().input, ElementsAre("$"));
  EXPECT_THAT(Parse("b.c + a[d = 1] + *.e").mentions().input, ElementsAre("*", "a", "b"));
  EXPECT_THAT(Parse("[1,2].($ + 1)").mentions().input, IsEmpty());
  // A name is bound from its assignment on, and in its block only.
  EXPECT_THAT(Parse("($a; $a := 1)").mentions().variables, ElementsAre("a"));
  EXPECT_THAT(Parse("(($a := 1); $a)").mentions().variables, ElementsAre("a"));
  EXPECT_THAT(Parse("$eval(\"1\")").mentions().variables, IsEmpty());
  EXPECT_THAT(Parse("$eval(\"1\")", Dialect::kStepFunctions).mentions().variables,
              ElementsAre("eval"));
}

TEST(ExpressionTest, TheCallerCanEndAnEvaluation) {
  Counting names;
  names.expired = true;
  const Outcome outcome =
      Parse("($f := function() { $f() }; $f())").Evaluate(nullptr, {.names = &names});
  ASSERT_NE(outcome.problem(), nullptr);
  EXPECT_EQ(outcome.problem()->code, "U1001");
  EXPECT_THAT(outcome.problem()->message, HasSubstr("timeout"));
}

TEST(ExpressionTest, TheSameCircumstancesGiveTheSameResult) {
  const Expression expression = Parse("[$random(), $shuffle([1..9]), $now(), $millis()]");
  const Circumstances circumstances{.now_ms = 1, .seed = 7};
  const std::string first = PrintJson(**expression.Evaluate(nullptr, circumstances).json());
  EXPECT_EQ(PrintJson(**expression.Evaluate(nullptr, circumstances).json()), first);
  EXPECT_NE(PrintJson(**expression.Evaluate(nullptr, {.now_ms = 1, .seed = 8}).json()), first);
}

TEST(ExpressionTest, OneExpressionServesManyThreads) {
  const Expression expression =
      Parse("$sum(items[v > 1].($x := v; $x * 2)) & $join($map(items, $string), \",\")");
  const Json input = Document(R"({"items":[{"v":1},{"v":2},{"v":3}]})");
  const std::string expected = PrintJson(**expression.Evaluate(input).json());
  std::vector<std::string> results(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& result : results) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; i++) result = PrintJson(**expression.Evaluate(input).json());
      });
    }
  }
  EXPECT_THAT(results, testing::Each(expected));
}

TEST(ExpressionTest, HostileTextsAreRefusedNotFollowed) {
  for (const char* piece :
       {"(", "[", "{\"a\":", "-", "a[", "$f(", "function(){", "a.", "1+", "|"}) {
    std::string text;
    for (int i = 0; i < 100'000; i++) text += piece;
    const OrProblem<Expression> expression = Expression::Parse(text);
    EXPECT_FALSE(expression) << piece;
  }
  std::string chain = "1";
  for (int i = 0; i < 100'000; i++) chain += "+1";
  EXPECT_EQ(ProblemOf(chain).code, "U1001");
}

}  // namespace
}  // namespace towline::jsonata
