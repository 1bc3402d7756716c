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
  EXPECT_EQ(Find("$..big", R"({"big":)" + big + "}", &references_), "[" + big + "]");
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

TEST_F(ReferenceTest, WithoutAStoreAReferenceIsAnObject) {
  const std::string big = references_.Add(R"({"a":1})");
  EXPECT_THAT(Find("$.big['$blob'].size", R"({"big":)" + big + "}", nullptr), "7");
  EXPECT_THAT(Find("$.big.a", R"({"big":)" + big + "}", nullptr), HasSubstr("error: "));
}

}  // namespace
}  // namespace towline::jsonpath
