// Runs cases.jsonl: a line is {name, call, answer}. The call is as AWS's TestState takes it. In the
// answer, data stands as itself; of a refusal it has {refused: name of the error, message}.

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <fstream>
#include <string>

#include "statemachines/teststate/json_form.h"

namespace towline::teststate {
namespace {

constexpr Timestamp kNow{Millis{1'700'000'000'000}};

// A member that is JSON text becomes what it says.
void Unfold(json::object& object, std::string_view member) {
  json::value* value = object.if_contains(member);
  if (value == nullptr || !value->is_string()) return;
  const Result<Json> parsed = ParseJson(value->get_string());
  ASSERT_TRUE(parsed) << member << " is no JSON: " << *value;
  *value = **parsed;
}

json::object Ask(const json::object& call) {
  const Result<Request> request = ReadRequest(call);
  const Result<Response> response =
      request ? TestState(*request, CircumstancesOf("acme", kNow, {})) : request.error();
  if (!response) {
    return {{"refused", response.error().name}, {"message", response.error().message}};
  }
  json::object answer = ToJson(*response);
  Unfold(answer, "output");
  if (json::value* inspection = answer.if_contains("inspectionData")) {
    for (const NamedStage& stage : Stages()) Unfold(inspection->get_object(), stage.name);
  }
  return answer;
}

TEST(TestStateTest, EveryCaseIsAnsweredAsItSays) {
  std::ifstream file(TOWLINE_SOURCE_DIR "/tests/teststate/cases.jsonl");
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("//", 0) == 0) continue;
    const Result<Json> read = ParseJson(line);
    ASSERT_TRUE(read) << line;
    const json::object& one = (*read)->as_object();
    EXPECT_EQ(PrintJson(Ask(one.at("call").as_object())), PrintJson(one.at("answer")))
        << one.at("name");
    ++cases;
  }
  EXPECT_GT(cases, 50);
}

TEST(TestStateTest, ATestIsTheSameEachTimeAtOneInstant) {
  Request request;
  request.definition = R"-({"Type":"Pass","Parameters":{"id.$":"States.UUID()"},"End":true})-";
  const auto once = TestState(request, CircumstancesOf("acme", kNow, {}));
  const auto again = TestState(request, CircumstancesOf("acme", kNow, {}));
  const auto later = TestState(request, CircumstancesOf("acme", kNow + Millis{1}, {}));
  ASSERT_TRUE(once && again && later);
  EXPECT_EQ(**once->output, **again->output);
  EXPECT_NE(**once->output, **later->output);
}

TEST(TestStateTest, TheLimitsAreThoseOfTheCaller) {
  Request request;
  request.definition = R"({"Type":"Pass","Result":{"text":")" + std::string(300 << 10, 'x') +
                       R"("},"End":true})";
  EXPECT_EQ(TestState(request, CircumstancesOf("acme", kNow, {}))->status, TestStatus::kSucceeded);
  const auto bounded =
      TestState(request, CircumstancesOf("acme", kNow, interpreter::AwsLimits()));
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->status, TestStatus::kFailed);
  EXPECT_EQ(bounded->error, "States.DataLimitExceeded");
}

}  // namespace
}  // namespace towline::teststate
