// Choice operators (asl.md section 6): every one of them, wrong types, missing paths.

#include "statemachines/interpreter/conditions.h"
#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

constexpr std::string_view kInput = R"({
  "s":"b","n":5,"d":2.5,"t":true,"z":null,"when":"2024-03-01T10:00:00Z",
  "later":"2024-03-01T12:00:00+01:00",
  "s2":"b","n2":5.0,"t2":true,"list":[1]})";

struct Case {
  std::string rule;
  std::string outcome;  // "yes", "no" or "error"
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.rule; }

class ChoiceTest : public ::testing::TestWithParam<Case> {};

TEST_P(ChoiceTest, Decides) {
  World world(Machine(R"({"StartAt":"C","States":{
    "C":{"Type":"Choice","Default":"No","Choices":[{)" + GetParam().rule + R"(,"Next":"Yes"}]},
    "Yes":{"Type":"Pass","Result":"yes","End":true},
    "No":{"Type":"Pass","Result":"no","End":true}}})"));
  world.Begin(J(kInput));
  const bool failed = world.state().status == ExecutionStatus::kFailed;
  EXPECT_EQ(failed ? "\"error\"" : Output(world), "\"" + GetParam().outcome + "\"")
      << Cause(world);
  EXPECT_SOUND(world);
}

std::string On(const std::string& path, const std::string& op, const std::string& operand) {
  return R"("Variable":")" + path + R"(",")" + op + "\":" + operand;
}

std::vector<Case> Comparisons() {
  std::vector<Case> cases;
  struct Row {
    const char* op;
    const char* less;     // outcome when the variable is less than the operand
    const char* equal;
    const char* greater;
  };
  const Row rows[] = {{"Equals", "no", "yes", "no"},
                      {"LessThan", "yes", "no", "no"},
                      {"GreaterThan", "no", "no", "yes"},
                      {"LessThanEquals", "yes", "yes", "no"},
                      {"GreaterThanEquals", "no", "yes", "yes"}};
  for (const Row& row : rows) {
    const std::string op = row.op;
    cases.push_back({On("$.s", "String" + op, "\"c\""), row.less});
    cases.push_back({On("$.s", "String" + op, "\"b\""), row.equal});
    cases.push_back({On("$.s", "String" + op, "\"a\""), row.greater});
    cases.push_back({On("$.s", "String" + op + "Path", "\"$.s2\""), row.equal});
    cases.push_back({On("$.n", "Numeric" + op, "5.5"), row.less});
    cases.push_back({On("$.n", "Numeric" + op, "5"), row.equal});
    cases.push_back({On("$.n", "Numeric" + op, "-1"), row.greater});
    cases.push_back({On("$.n", "Numeric" + op + "Path", "\"$.n2\""), row.equal});
    cases.push_back({On("$.when", "Timestamp" + op, "\"2024-03-01T11:00:00Z\""), row.less});
    cases.push_back({On("$.when", "Timestamp" + op, "\"2024-03-01T11:00:00+01:00\""), row.equal});
    cases.push_back({On("$.when", "Timestamp" + op, "\"2024-03-01T09:59:59.999Z\""), row.greater});
    cases.push_back({On("$.when", "Timestamp" + op + "Path", "\"$.later\""), row.less});
    cases.push_back({On("$.n", "String" + op, "\"b\""), "no"});
    cases.push_back({On("$.s", "Numeric" + op, "5"), "no"});
    cases.push_back({On("$.s", "Timestamp" + op, "\"2024-03-01T11:00:00Z\""), "no"});
    cases.push_back({On("$.nowhere", "String" + op, "\"b\""), "error"});
    cases.push_back({On("$.s", "String" + op + "Path", "\"$.nowhere\""), "error"});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Comparisons, ChoiceTest, ::testing::ValuesIn(Comparisons()));

INSTANTIATE_TEST_SUITE_P(
    Others, ChoiceTest,
    ::testing::Values(
        Case{On("$.t", "BooleanEquals", "true"), "yes"},
        Case{On("$.t", "BooleanEquals", "false"), "no"},
        Case{On("$.n", "BooleanEquals", "true"), "no"},
        Case{On("$.t", "BooleanEqualsPath", "\"$.t2\""), "yes"},
        Case{On("$.z", "IsNull", "true"), "yes"}, Case{On("$.n", "IsNull", "true"), "no"},
        Case{On("$.n", "IsNull", "false"), "yes"}, Case{On("$.z", "IsPresent", "true"), "yes"},
        Case{On("$.nowhere", "IsPresent", "true"), "no"},
        Case{On("$.nowhere", "IsPresent", "false"), "yes"},
        Case{On("$.nowhere", "IsNull", "true"), "error"},
        Case{On("$.d", "IsNumeric", "true"), "yes"}, Case{On("$.s", "IsNumeric", "true"), "no"},
        Case{On("$.s", "IsString", "true"), "yes"}, Case{On("$.n", "IsString", "false"), "yes"},
        Case{On("$.t", "IsBoolean", "true"), "yes"}, Case{On("$.z", "IsBoolean", "true"), "no"},
        Case{On("$.when", "IsTimestamp", "true"), "yes"},
        Case{On("$.s", "IsTimestamp", "true"), "no"},
        Case{On("$.s", "StringMatches", "\"*\""), "yes"},
        Case{On("$.n", "StringMatches", "\"*\""), "no"},
        Case{R"("Not":{"Variable":"$.n","NumericEquals":5})", "no"},
        Case{R"("And":[{"Variable":"$.n","NumericEquals":5},{"Variable":"$.s","IsString":true}])",
             "yes"},
        // Short-circuit: the second operand would be an error.
        Case{R"("And":[{"Variable":"$.n","NumericEquals":6},{"Variable":"$.x","IsString":true}])",
             "no"},
        Case{R"("Or":[{"Variable":"$.n","NumericEquals":5},{"Variable":"$.x","IsString":true}])",
             "yes"},
        Case{R"("Or":[{"Variable":"$.n","NumericEquals":6},{"Variable":"$.s","IsNull":true}])",
             "no"}));

TEST(ChoiceTest, WithoutAMatchOrDefaultTheExecutionFails) {
  World world(Machine(R"({"StartAt":"C","States":{
    "C":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"E"}]},
    "E":{"Type":"Succeed"}}})"));
  world.Begin(J(R"({"n":2})"));
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_EQ(Cause(world),
            "An error occurred while executing the state 'C' (entered at the event id #2). Failed "
            "to transition out of the state. The state does not point to a next state.");
}

TEST(ConditionsTest, StringMatchesKnowsStarsAndEscapes) {
  EXPECT_TRUE(StringMatches("log-2024.txt", "log-*.txt"));
  EXPECT_TRUE(StringMatches("aXbXc", "a*b*c"));
  EXPECT_TRUE(StringMatches("aab", "*ab"));
  EXPECT_TRUE(StringMatches("", "*"));
  EXPECT_TRUE(StringMatches("a*b", "a\\*b"));
  EXPECT_TRUE(StringMatches("a\\b", "a\\\\b"));
  EXPECT_FALSE(StringMatches("axb", "a\\*b"));
  EXPECT_FALSE(StringMatches("abc", "ab"));
  EXPECT_FALSE(StringMatches("ab", "abc"));
  EXPECT_FALSE(StringMatches("xay", "*b*"));
}

// As Java compares: a character beyond U+FFFF is two surrogates, which stand before U+E000.
TEST(ConditionsTest, StringsCompareByUtf16CodeUnit) {
  const std::string emoji = "\xF0\x9F\x98\x80";     // U+1F600
  const std::string fullwidth = "\xEF\xBC\xA1";     // U+FF21
  const std::string hangul = "\xEA\xB0\x80";        // U+AC00
  EXPECT_LT(CompareCodeUnits(emoji, fullwidth), 0);
  EXPECT_GT(CompareCodeUnits(emoji, hangul), 0);
  EXPECT_LT(CompareCodeUnits(hangul, fullwidth), 0);
  EXPECT_EQ(CompareCodeUnits(emoji, emoji), 0);
  EXPECT_LT(CompareCodeUnits("a", "aa"), 0);
  EXPECT_GT(CompareCodeUnits("b", "aa"), 0);
}

}  // namespace
}  // namespace towline::interpreter
