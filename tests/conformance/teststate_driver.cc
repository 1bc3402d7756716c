// Answers calls of TestState: one JSON line in, as AWS's API takes it, one JSON line out, as the
// API answers, or {apiError: {code, message}}.

#include <iostream>
#include <string>

#include "statemachines/teststate/json_form.h"

namespace towline {
namespace {

// As the service names its own: the machine and the execution of a test have names of no meaning.
teststate::Circumstances AsRecorded() {
  const std::string account = "arn:aws:states:us-east-1:111111111111:";
  teststate::Circumstances circumstances;
  circumstances.info.tenant = "default";
  circumstances.info.machine = "a-test";
  circumstances.info.name = "its-execution";
  circumstances.info.arn = account + "express:a-test:its-execution";
  circumstances.info.machine_arn = account + "stateMachine:a-test";
  circumstances.limits = interpreter::AwsLimits();
  circumstances.now = *ParseTimestamp("2025-12-03T01:10:10Z");
  circumstances.seed = 1;
  return circumstances;
}

json::object Answer(const json::object& call) {
  Result<teststate::Request> request = teststate::ReadRequest(call);
  Result<teststate::Response> response =
      request ? teststate::TestState(*request, AsRecorded()) : request.error();
  if (response) return teststate::ToJson(*response);
  return {{"apiError", {{"code", response.error().name}, {"message", response.error().message}}}};
}

int AnswerAll() {
  for (std::string text; std::getline(std::cin, text);) {
    const Result<Json> line = ParseJson(text);
    if (!line || !(*line)->is_object()) {
      std::cerr << "towline-teststate-driver: a line is no JSON object\n";
      return 2;
    }
    std::cout << PrintJson(Answer((*line)->as_object())) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace towline

int main() { return towline::AnswerAll(); }
