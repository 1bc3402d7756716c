// Paths that come to a reference go on in what it stands for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/fake_references.h"
#include "tests/jsonpath/scope.h"

namespace towline::jsonpath {
namespace {

using testing::HasSubstr;

struct Case {
  const char* path;
  const char* found;  // JSON; null: an error
};

class ReferenceTest : public testing::Test {
 protected:
  std::string Find(const std::string& path, const std::string& input,
                   const References* references) {
    const Json value = *ParseJson(input);
    Json found;
    {
      Scope scope{.input = value, .context = world_.context};
      scope.references = references;
      const auto evaluated = Path::Parse(path)->Evaluate(scope);
      if (!evaluated) return "error: " + evaluated.error().detail;
      found = *evaluated;
    }
    return PrintJson(*found);
  }
  World world_{"{}"};
  FakeReferences references_;
};

TEST_F(ReferenceTest, StepsGoOnInWhatAReferenceStandsFor) {
  const std::string inner = references_.Add(R"({"deep":[1,2]})");
  const std::string big = references_.Add(
      R"({"rows":[{"n":1,"t":"a"},{"n":2,"t":"b"},{"n":3,"t":"c"}],"more":)" + inner + "}");
  const std::string list = references_.Add("[10,20,30]");
  const std::string input =
      R"({"big":)" + big + R"(,"list":)" + list + R"(,"each":[)" + big + "," + big + "]}";
  const Case cases[] = {
      {"$.big.rows[1].n", "2"},
      {"$.big['rows'][-1].t", "\"c\""},
      {"$.big.rows[*].n", "[1,2,3]"},
      {"$.big.rows[?(@.n > 1)].t", R"(["b","c"])"},
      {"$.big.rows[0:2].n", "[1,2]"},
      {"$.big.more.deep[1]", "2"},
      {"$.list[1]", "20"},
      {"$.list[*]", "[10,20,30]"},
      {"$.each[*].rows[0].n", "[1,1]"},
      {"$.each[?(@.rows[0].n == 1)].rows[1].n", "[2,2]"},
      {"$.list.length()", "3"},
      {"$.each[*].list.length()", "[]"},
      {"$.each.length($.list)", "3"},
      {"$.big..n", "[1,2,3]"},
      {"$..deep[1]", "[2,2,2]"},
      {"$.each[?(@.more.deep[0] == 1)].rows[0].t", R"(["a","a"])"},
      {"$.each[?(10 in $.list)].rows[0].n", "[1,1]"},
      {"$.big", nullptr},
  };
  for (const Case& each : cases) {
    const std::string wanted = each.found == nullptr ? big : each.found;
    EXPECT_EQ(Find(each.path, input, &references_), wanted) << each.path;
  }
  EXPECT_EQ(Find("$.rows[2].n", big, &references_), "3") << "the document itself may be one";
}

TEST_F(ReferenceTest, APathThatDoesNotLookInsideLoadsNothing) {
  const std::string big = references_.Add("{}");
  EXPECT_EQ(Find("$.big", R"({"big":)" + big + "}", &references_), big);
  EXPECT_EQ(Find("$.each[*]", R"({"each":[)" + big + "]}", &references_), "[" + big + "]");
  EXPECT_EQ(references_.loads, 0);
}

TEST_F(ReferenceTest, WhatIsMissingInsideIsMissingAsAnywhere) {
  const std::string input = R"({"big":)" + references_.Add(R"({"a":1})") + "}";
  EXPECT_THAT(Find("$.big.b", input, &references_), HasSubstr("error: "));
}

TEST_F(ReferenceTest, OneThatCannotBeFollowedFailsAndSaysWhy) {
  const std::string input = R"({"big":)" + FakeReferences::Missing() + R"(,"each":[)" +
                            FakeReferences::Missing() + "]}";
  for (const char* path : {"$.big.a", "$.big[0]", "$.big[*]", "$.each[?(@.a == 1)]"}) {
    EXPECT_EQ(Find(path, input, &references_), "error: the large payload is gone") << path;
  }
}

TEST_F(ReferenceTest, OneEvaluationLoadsOneContentOnce) {
  const std::string big = references_.Add(R"({"a":1})");
  const std::string input = R"({"each":[)" + big + "," + big + "," + big + "]}";
  EXPECT_EQ(Find("$.each[?(@.a == 1)].a", input, &references_), "[1,1,1]");
  EXPECT_EQ(references_.loads, 1);
}

TEST_F(ReferenceTest, OneEvaluationLooksIntoSoMuch) {
  const std::string huge =
      PrintJson(ReferenceValue({std::string(64, '1'), OpenReferences::kBytesMax + 1}));
  EXPECT_THAT(Find("$.huge.a", R"({"huge":)" + huge + "}", &references_),
              HasSubstr("looks into at most 64 MiB"));
  EXPECT_EQ(references_.loads, 0);
}

TEST_F(ReferenceTest, IntrinsicFunctionsSeeWhatItStandsFor) {
  const std::string big = references_.Add(R"({"a":1})");
  const std::string list = references_.Add("[10,20,30]");
  const Json input = *ParseJson(R"({"big":)" + big + R"(,"list":)" + list + "}");
  const auto evaluate = [&](const char* text, const Json& from) {
    Scope scope{.input = from, .context = world_.context};
    scope.references = &references_;
    const auto evaluated = Expression::Parse(text)->Evaluate(scope);
    return evaluated ? PrintJson(**evaluated) : "error: " + evaluated.error().detail;
  };
  EXPECT_EQ(evaluate("States.ArrayLength($.list)", input), "3");
  EXPECT_EQ(evaluate("States.ArrayGetItem($.list, 1)", input), "20");
  EXPECT_EQ(evaluate("States.JsonMerge($.big, States.StringToJson('{\"b\":2}'), false)", input),
            R"({"a":1,"b":2})");
  EXPECT_EQ(evaluate("States.JsonToString($.big)", input), R"("{\"a\":1}")");
  EXPECT_EQ(evaluate("States.Array($.big, 1)", input), "[" + big + ",1]");
  const Json gone = *ParseJson(R"({"big":)" + FakeReferences::Missing() + "}");
  EXPECT_THAT(evaluate("States.ArrayLength($.big)", gone), HasSubstr("the large payload is gone"));
}

TEST_F(ReferenceTest, NothingIsWrittenIntoOne) {
  const Json input = *ParseJson(R"({"big":)" + references_.Add(R"({"a":1})") + "}");
  const Json value(json::value(5));
  const auto refused = ReferencePath::Parse("$.big.x")->Insert(input, value);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("nothing can be written into a large payload"));
  const auto replaced = ReferencePath::Parse("$.big")->Insert(input, value);
  ASSERT_TRUE(replaced);
  EXPECT_EQ(PrintJson(**replaced), R"({"big":5})");
}

TEST_F(ReferenceTest, WithoutAStoreAReferenceIsAnObject) {
  const std::string big = references_.Add(R"({"a":1})");
  EXPECT_THAT(Find("$.big['$blob'].size", R"({"big":)" + big + "}", nullptr), "7");
  EXPECT_THAT(Find("$.big.a", R"({"big":)" + big + "}", nullptr), HasSubstr("error: "));
}

}  // namespace
}  // namespace towline::jsonpath
