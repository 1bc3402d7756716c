// Expressions that look into a reference see what it stands for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "statemachines/jsonata/jsonata.h"
#include "tests/base/fake_references.h"

namespace towline::jsonata {
namespace {

using testing::HasSubstr;

class ReferenceTest : public testing::Test {
 protected:
  std::string Evaluate(const std::string& text, const std::string& input,
                       const References* references) {
    std::optional<Json> found;
    {
      const Json value = *ParseJson(input);
      const auto parsed = Expression::Parse(text);
      Circumstances circumstances;
      circumstances.references = references;
      const Outcome outcome = (*parsed).Evaluate(&value, circumstances);
      if (outcome.is_undefined()) return "undefined";
      if (outcome.problem() != nullptr) return "error: " + outcome.problem()->message;
      found = *outcome.json();
    }
    return PrintJson(**found);  // of which everything else is gone
  }
  FakeReferences references_;
};

TEST_F(ReferenceTest, StepsFiltersAndFunctionsSeeWhatItStandsFor) {
  const std::string inner = references_.Add(R"({"deep":[1,2]})");
  const std::string big = references_.Add(
      R"({"rows":[{"n":1,"t":"a"},{"n":2,"t":"b"},{"n":3,"t":"c"}],"more":)" + inner + "}");
  const std::string list = references_.Add("[10,20,30]");
  const std::string zeros = references_.Add("[0,0]");
  const std::string input =
      R"({"big":)" + big + R"(,"list":)" + list + R"(,"each":[)" + big + "," + big +
      R"(],"other":{"n":1},"zeros":)" + zeros + "}";
  const std::pair<const char*, std::string> cases[] = {
      {"big.rows[1].n", "2"},
      {"big.rows", R"([{"n":1,"t":"a"},{"n":2,"t":"b"},{"n":3,"t":"c"}])"},
      {"big.rows[n > 1].t", R"(["b","c"])"},
      {"big.more.deep[1]", "2"},
      {"$sum(big.rows.n)", "6"},
      {"$count(list)", "3"},
      {"$sum(list)", "60"},
      {"list[1]", "20"},
      {"list[-1]", "30"},
      {"list.($ + 1)", "[11,21,31]"},
      {"$keys(big)", R"(["rows","more"])"},
      {"$map(list, function($v) { $v / 10 })", "[1,2,3]"},
      {"each.rows[0].n", "[1,1]"},
      {"each.$count(rows)", "[3,3]"},
      {"($b := big; $b.rows[2].t)", "\"c\""},
      {"big.*[0].n", "1"},
      {"big.**.t", R"(["a","b","c"])"},
      {"**.deep[1]", "[2,2,2]"},
      {"big.rows^(>n)[0].t", "\"c\""},
      {"list^(>$)", "[30,20,10]"},
      {"list{$string($): $}", R"({"10":10,"20":20,"30":30})"},
      {"list@$v.{'v': $v}", R"([{"v":10},{"v":20},{"v":30}])"},
      {"list#$i.($i + $)", "[10,21,32]"},
      {"big.rows@$r.more", "[" + inner + "," + inner + "," + inner + "]"},
      {"20 in list", "true"},
      {"list = [10,20,30]", "true"},
      {"list[0] + 1", "11"},
      {"zeros ? 'yes' : 'no'", "\"no\""},
      {"$boolean(zeros)", "false"},
      {"zeros or false", "false"},
      {"list & ''", "\"[10,20,30]\""},
      {"$merge(each).rows[0].n", "1"},
      {"$keys(each)", R"(["rows","more"])"},
      {"$count($spread(each))", "4"},
      {"(function($a)<a:n> { $count($a) })(list)", "3"},
      {"list ~> $count()", "3"},
      {"(big ~> |rows|{'n': 0}|).rows.n", "[0,0,0]"},
      {"($ ~> |other|{'n': 0}|).big.rows[1].n", "2"},
      {"big", big},
      {"{'kept': big}", R"({"kept":)" + big + "}"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(Evaluate(text, input, &references_), wanted) << text;
  }
  EXPECT_EQ(Evaluate("rows[2].n", big, &references_), "3") << "the input itself may be one";
}

TEST_F(ReferenceTest, OneThatCannotBeFollowedFailsAndSaysWhy) {
  const std::string input = R"({"big":)" + FakeReferences::Missing() + "}";
  for (const char* text : {"big.a", "big[0]", "big.*", "$count(big)", "big.(a)"}) {
    EXPECT_THAT(Evaluate(text, input, &references_), HasSubstr("the large payload is gone"))
        << text;
  }
}

TEST_F(ReferenceTest, NothingIsChangedWithinOne) {
  const std::string input = R"({"big":)" + references_.Add(R"({"rows":[{"n":1}]})") + "}";
  for (const char* text : {"$ ~> |big|{'n': 0}|", "$ ~> |big.rows|{'n': 0}|"}) {
    EXPECT_THAT(Evaluate(text, input, &references_), HasSubstr("a large payload cannot be changed"))
        << text;
  }
}

TEST_F(ReferenceTest, OneEvaluationLoadsOneContentOnce) {
  const std::string big = references_.Add(R"({"a":1})");
  const std::string input = R"({"each":[)" + big + "," + big + "," + big + "]}";
  EXPECT_EQ(Evaluate("$map([1..50], function($i) { each[0].a })[0]", input, &references_), "1");
  EXPECT_EQ(references_.loads, 1);
}

TEST_F(ReferenceTest, WithoutAStoreAReferenceIsAnObject) {
  const std::string input = R"({"big":)" + references_.Add(R"({"a":1})") + "}";
  EXPECT_EQ(Evaluate("big.`$blob`.size", input, nullptr), "7");
  EXPECT_EQ(Evaluate("big.a", input, nullptr), "undefined");
  EXPECT_EQ(references_.loads, 0);
}

}  // namespace
}  // namespace towline::jsonata
