// Every field of the language against every type of state: accepted where the matrix of the
// service allows it, refused with its words elsewhere.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <map>
#include <set>

#include "tests/asl/case_files.h"

namespace towline::asl {
namespace {

const std::map<std::string, std::string> kMinimal = {
    {"Pass", R"({"Type":"Pass","End":true})"},
    {"Task", R"({"Type":"Task","End":true,"Resource":"arn:aws:lambda:::function:f"})"},
    {"Choice", R"({"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Z"}]})"},
    {"Wait", R"({"Type":"Wait","End":true})"},
    {"Succeed", R"({"Type":"Succeed"})"},
    {"Fail", R"({"Type":"Fail"})"},
    {"Parallel", R"({"Type":"Parallel","End":true,
                     "Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}]})"},
    {"Map", R"({"Type":"Map","End":true})"},
};

constexpr const char* kAll = "Pass Task Choice Wait Succeed Fail Parallel Map";

struct Field {
  const char* name;
  const char* value;
  const char* types;  // that take it
};

// Without Next and End (told by other cases) and the fields of later versions.
const Field kFields[] = {
    {"Comment", R"("c")", kAll},
    {"QueryLanguage", R"("JSONPath")", kAll},
    {"InputPath", R"("$.a")", "Pass Task Choice Wait Succeed Parallel Map"},
    {"OutputPath", "null", "Pass Task Choice Wait Succeed Parallel Map"},
    {"Parameters", R"({"a.$":"$.b"})", "Pass Task Parallel Map"},
    {"ResultPath", R"("$.r")", "Pass Task Parallel Map"},
    {"ResultSelector", R"({"a.$":"$.b"})", "Task Parallel Map"},
    {"Result", R"({"a":1})", "Pass"},
    {"Resource", R"("arn:aws:lambda:::function:f")", "Task"},
    {"Credentials", R"({"RoleArn":"arn:aws:iam::1:role/r"})", "Task"},
    {"TimeoutSeconds", "5", "Task"},
    {"TimeoutSecondsPath", R"("$.t")", "Task"},
    {"HeartbeatSeconds", "5", "Task"},
    {"HeartbeatSecondsPath", R"("$.t")", "Task"},
    {"Retry", R"([{"ErrorEquals":["States.ALL"]}])", "Task Parallel Map"},
    {"Catch", R"([{"ErrorEquals":["States.ALL"],"Next":"Z"}])", "Task Parallel Map"},
    {"Default", R"("Z")", "Choice"},
    {"Seconds", "1", "Wait"},
    {"SecondsPath", R"("$.s")", "Wait"},
    {"Timestamp", R"("2016-03-14T01:59:00Z")", "Wait"},
    {"TimestampPath", R"("$.t")", "Wait"},
    {"Error", R"("E")", "Fail"},
    {"ErrorPath", R"("$.e")", "Fail"},
    {"Cause", R"("C")", "Fail"},
    {"CausePath", R"-("States.Format('{}', $.c)")-", "Fail"},
    {"ItemProcessor", R"({"StartAt":"I","States":{"I":{"Type":"Succeed"}}})", "Map"},
    {"Iterator", R"({"StartAt":"I","States":{"I":{"Type":"Succeed"}}})", "Map"},
    {"ItemSelector", R"({"a.$":"$$.Map.Item.Value"})", "Map"},
    {"ItemsPath", R"("$.items")", "Map"},
    {"MaxConcurrency", "0", "Map"},
    {"MaxConcurrencyPath", R"("$.n")", "Map"},
    {"ToleratedFailureCount", "1", "Map"},
    {"ToleratedFailureCountPath", R"("$.n")", "Map"},
    {"ToleratedFailurePercentage", "12.5", "Map"},
    {"ToleratedFailurePercentagePath", R"("$.n")", "Map"},
    {"Nonsense", "1", ""},
    {"comment", R"("wrong case")", ""},
};

bool Takes(const Field& field, const std::string& type) {
  return (" " + std::string(field.types) + " ").find(" " + type + " ") != std::string::npos;
}

// The smallest state of `type` with `field`, which the state's own needs may be met by.
std::string MachineOf(const std::string& type, const Field& field) {
  json::object state = (*ParseJson(kMinimal.at(type)))->get_object();
  const std::string name = field.name;
  state[name] = **ParseJson(field.value);
  if (type == "Wait" && (name.find("Seconds") != 0 && name.find("Timestamp") != 0)) {
    state["Seconds"] = 1;
  }
  if (type == "Map" && name != "ItemProcessor" && name != "Iterator") {
    state["ItemProcessor"] = **ParseJson(R"({"StartAt":"I","States":{"I":{"Type":"Succeed"}}})");
  }
  json::object states{{"A", state}};
  const std::string text = PrintJson(state);
  if (text.find(R"("Z")") != std::string::npos) states["Z"] = {{"Type", "Succeed"}};
  return PrintJson(json::object{{"StartAt", "A"}, {"States", states}});
}

std::vector<std::string> Errors(const ParseResult& result) {
  std::vector<std::string> errors;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Diagnostic::Severity::kError) errors.push_back(Print(diagnostic));
  }
  return errors;
}

TEST(FieldMatrixTest, EveryFieldIsTakenWhereItBelongsAndRefusedElsewhere) {
  for (const auto& [type, minimal] : kMinimal) {
    for (const Field& field : kFields) {
      const std::string text = MachineOf(type, field);
      std::vector<std::string> errors = Errors(Parse(text));
      const std::string refusal = std::string("SCHEMA_VALIDATION_FAILED /States/A: Field '") +
                                  field.name + "' is not supported";
      if (Takes(field, type)) {
        EXPECT_THAT(errors, testing::IsEmpty()) << text;
      } else {
        // A refused Catch or Default leaves Z unreachable.
        errors.erase(std::remove(errors.begin(), errors.end(),
                                 "MISSING_TRANSITION_TARGET /States/Z: State \"Z\" is not "
                                 "reachable."),
                     errors.end());
        EXPECT_THAT(errors, testing::ElementsAre(refusal)) << text;
      }
    }
  }
}

// The fields of the other query language are refused in its words, not as unknown ones.
TEST(FieldMatrixTest, FieldsOfJsonataAreToldFromUnknownOnes) {
  const std::map<std::string, std::set<std::string>> fields = {
      {"Output", {"Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map"}},
      {"Arguments", {"Task", "Parallel"}},
      {"Items", {"Map"}},
  };
  for (const auto& [name, types] : fields) {
    for (const std::string& type : types) {
      const Field field{.name = name.c_str(), .value = "1", .types = ""};
      EXPECT_THAT(Errors(Parse(MachineOf(type, field))),
                  testing::ElementsAre("SCHEMA_VALIDATION_FAILED /States/A: The QueryLanguage is "
                                       "set to 'JSONPath', but field '" +
                                       name +
                                       "' is only supported for the 'JSONata' QueryLanguage"));
    }
  }
}

}  // namespace
}  // namespace towline::asl
