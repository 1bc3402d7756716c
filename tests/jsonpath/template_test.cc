#include "statemachines/jsonpath/template.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/jsonpath/scope.h"

namespace towline::jsonpath {
namespace {

Template Compiled(std::string_view source) {
  std::vector<TemplateProblem> problems;
  Template compiled = Template::Compile(**ParseJson(source), problems);
  for (const TemplateProblem& problem : problems) ADD_FAILURE() << problem.message;
  return compiled;
}

std::string Filled(std::string_view source, std::string_view input) {
  World world(input);
  Json out;
  TemplateError error;
  if (Compiled(source).Evaluate(world.scope(), out, error)) return PrintJson(*out);
  return "failed: " + error.field + " = " + error.expression + ": " + error.error.detail;
}

TEST(TemplateTest, MembersEndingInDollarAreReplacedAndRenamed) {
  EXPECT_EQ(Filled(R"({"a.$":"$.x","b":"$.x","c":{"d.$":"$.y[0]","e":1}})", R"({"x":1,"y":[2]})"),
            R"({"a":1,"b":"$.x","c":{"d":2,"e":1}})");
  EXPECT_EQ(Filled(R"({"a":[{"b.$":"$.x"},"$.x",[{"c.$":"$$.Execution.Name"}]]})", R"({"x":1})"),
            R"({"a":[{"b":1},"$.x",[{"c":"e1"}]]})");
  EXPECT_EQ(Filled(R"x({"f.$":"States.Format('{}!', $.x)","all.$":"$"})x", R"({"x":1})"),
            R"({"f":"1!","all":{"x":1}})");
  EXPECT_EQ(Filled(R"({".$":"$.x"})", R"({"x":1})"), R"({"":1})");
  EXPECT_EQ(Filled(R"({"a.$":"$.x[*].y"})", R"({"x":[{"y":1},{"y":2}]})"), R"({"a":[1,2]})");
}

TEST(TemplateTest, MembersKeepTheirOrder) {
  EXPECT_EQ(Filled(R"({"z":1,"y.$":"$.a","x":2,"w.$":"$.a"})", R"({"a":0})"),
            R"({"z":1,"y":0,"x":2,"w":0})");
}

TEST(TemplateTest, WithoutExpressionsItIsOneSharedValue) {
  const Template constant = Compiled(R"({"a":{"b":[1,"$.x"]}})");
  World world("{}");
  Json first;
  Json second;
  TemplateError error;
  ASSERT_TRUE(constant.Evaluate(world.scope(), first, error));
  ASSERT_TRUE(constant.Evaluate(world.scope(), second, error));
  EXPECT_TRUE(first.SameAs(second));
  EXPECT_EQ(PrintJson(*first), R"({"a":{"b":[1,"$.x"]}})");
  EXPECT_EQ(Filled("5", "{}"), "5");
}

TEST(TemplateTest, AFailureNamesFieldAndExpression) {
  EXPECT_EQ(Filled(R"({"a":{"b.$":"$.x.y"}})", R"({"x":{}})"),
            "failed: b.$ = $.x.y: No results for path: $['x']['y']");
  EXPECT_EQ(Filled(R"x({"b.$":"States.ArrayLength($.x)"})x", R"({"x":1})"),
            "failed: b.$ = States.ArrayLength($.x): The function 'States.ArrayLength($.x)' had the "
            "following error: Argument 1 must be an array, but '$.x' is not");
}

TEST(TemplateTest, AllProblemsAreReportedWithTheirPlaces) {
  std::vector<TemplateProblem> problems;
  const auto source = *ParseJson(
      R"x({"a.$":"x","b":[0,{"c/d.$":"States.Nope()"}],"e.$":5,"f":1,"f.$":"$.f","g.$":"$.g"})x");
  Template::Compile(*source, problems);
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0].pointer, "/a.$");
  EXPECT_EQ(problems[0].field, "a.$");
  // Recorded from AWS.
  EXPECT_EQ(problems[0].message,
            "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function "
            "call");
  EXPECT_EQ(problems[1].pointer, "/b/1/c~1d.$");
  EXPECT_EQ(problems[1].field, "c/d.$");
  EXPECT_EQ(problems[2].pointer, "/e.$");
  EXPECT_EQ(problems[3].pointer, "/f.$");
  EXPECT_EQ(problems[3].message, "The field 'f' is given twice: as 'f' and as 'f.$'");
}

TEST(TemplateTest, KnowsWhetherItReadsTheTaskToken) {
  EXPECT_TRUE(Compiled(R"({"a":[{"t.$":"$$.Task.Token"}]})").uses_task_token());
  EXPECT_FALSE(Compiled(R"({"t":"$$.Task.Token","u.$":"$.Task.Token"})").uses_task_token());
}

TEST(TemplateTest, KeepsItsSource) {
  constexpr std::string_view kSource = R"({"a.$":"$.x","b":{}})";
  EXPECT_EQ(PrintJson(*Compiled(kSource).source()), kSource);
}

TEST(TemplateTest, NestingStaysReadable) {
  // A loop of {"x.$": "$"} must fail before its text could not be parsed again.
  const Template wrap = Compiled(R"({"x.$":"$"})");
  World world("[]");
  std::size_t rounds = 0;
  for (; rounds < 1000; rounds++) {
    Json out;
    TemplateError error;
    if (!wrap.Evaluate(world.scope(), out, error)) {
      EXPECT_EQ(error.error.kind, EvalError::Kind::kTooLarge);
      break;
    }
    ASSERT_TRUE(ParseJson(PrintJson(*out)));
    world.input = out;
  }
  EXPECT_EQ(rounds, kJsonDepthMax - 1);
}

TEST(TemplateTest, ManyCopiesOfALargeInputAreRefused) {
  json::object source;
  for (int i = 0; i < 100; i++) source["f" + std::to_string(i) + ".$"] = "$.s";
  std::vector<TemplateProblem> problems;
  const Template copies = Template::Compile(source, problems);
  World world("{\"s\":\"" + std::string(1U << 20U, 'x') + "\"}");
  Json out;
  TemplateError error;
  ASSERT_FALSE(copies.Evaluate(world.scope(), out, error));
  EXPECT_EQ(error.error.kind, EvalError::Kind::kTooLarge);
}

TEST(TemplateTest, OneTemplateServesManyInputs) {
  const Template compiled = Compiled(R"x({"n.$":"$.n","twice.$":"States.MathAdd($.n, $.n)"})x");
  for (int i = 0; i < 100; i++) {
    World world("{\"n\":" + std::to_string(i) + "}");
    Json out;
    TemplateError error;
    ASSERT_TRUE(compiled.Evaluate(world.scope(), out, error));
    EXPECT_EQ(out->at("twice").as_int64(), 2 * i);
  }
}

}  // namespace
}  // namespace towline::jsonpath
