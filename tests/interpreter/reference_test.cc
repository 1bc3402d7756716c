// States whose data refer to large payloads.

#include "tests/base/fake_references.h"
#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using testing::HasSubstr;

class ReferenceTest : public testing::Test {
 protected:
  // What a Choice with this rule says: "yes", "no", or the cause of its failure.
  std::string Choose(const std::string& rule, const std::string& input) {
    World world(Machine(R"({"StartAt":"C","States":{
      "C":{"Type":"Choice","Default":"No","Choices":[{)" + rule + R"(,"Next":"Yes"}]},
      "Yes":{"Type":"Pass","Result":"yes","End":true},
      "No":{"Type":"Pass","Result":"no","End":true}}})"));
    world.Follow(references_);
    world.Begin(J(input));
    return world.state().status == ExecutionStatus::kFailed ? Cause(world) : Output(world);
  }
  FakeReferences references_;
};

TEST_F(ReferenceTest, AChoiceComparesWhatItStandsFor) {
  const std::string input = R"({"text":)" + references_.Add("\"one two\"") + R"(,"object":)" +
                            references_.Add(R"({"n":5})") + R"(,"same":"one two"})";
  const std::pair<const char*, const char*> rules[] = {
      {R"("Variable":"$.text","StringMatches":"one*")", "\"yes\""},
      {R"("Variable":"$.same","StringEqualsPath":"$.text")", "\"yes\""},
      {R"("Variable":"$.text","IsString":true)", "\"yes\""},
      {R"("Variable":"$.object.n","NumericEquals":5)", "\"yes\""},
      {R"("Variable":"$.object.n","IsPresent":true)", "\"yes\""},
      {R"("Variable":"$.object.m","IsPresent":true)", "\"no\""},
  };
  for (const auto& [rule, outcome] : rules) EXPECT_EQ(Choose(rule, input), outcome) << rule;
}

TEST_F(ReferenceTest, AChoiceThatCannotLookInsideFails) {
  const std::string input = R"({"big":)" + FakeReferences::Missing() + "}";
  for (const char* rule :
       {R"("Variable":"$.big.n","IsPresent":true)", R"("Variable":"$.big.n","IsPresent":false)",
        R"("Variable":"$.big..n","IsPresent":false)", R"("Variable":"$.big","IsString":true)",
        R"("Not":{"Variable":"$.big[?(@.n==1)]","IsPresent":true})"}) {
    EXPECT_THAT(Choose(rule, input), HasSubstr("the large payload is gone")) << rule;
  }
  EXPECT_EQ(Choose(R"("Variable":"$.big","IsPresent":true)", input), "\"yes\"");
}

TEST_F(ReferenceTest, ResultPathDoesNotLoseOne) {
  World world(Machine(R"({"StartAt":"P","States":{
    "P":{"Type":"Pass","Result":1,"ResultPath":"$.big.x","End":true}}})"));
  world.Follow(references_);
  world.Begin(J(R"({"big":)" + references_.Add(R"({"a":1})") + "}"));
  EXPECT_EQ(Error(world), "States.ResultPathMatchFailure");
  EXPECT_THAT(Cause(world), HasSubstr("nothing can be written into a large payload"));
}

TEST_F(ReferenceTest, AMapRunsOverTheContentOfOne) {
  World world(Machine(R"({"StartAt":"M","States":{
    "M":{"Type":"Map","ItemsPath":"$.big","End":true,
         "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}})"));
  world.Follow(references_);
  world.Begin(J(R"({"big":)" + references_.Add("[1,2]") + "}"));
  EXPECT_EQ(Output(world), "[1,2]");
}

}  // namespace
}  // namespace towline::interpreter
