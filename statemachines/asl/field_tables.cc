// The field matrix as data. One row a field; the columns that matter are its type and the query
// languages that know it.

#include <array>
#include <initializer_list>
#include <utility>

#include "statemachines/asl/comparisons.h"
#include "statemachines/asl/fields.h"

namespace towline::asl {
namespace {

using Table = std::vector<FieldRule>;
using enum ValueType;
constexpr Languages kP = Languages::kJsonPathOnly;
constexpr Languages kA = Languages::kJsonataOnly;
constexpr Languages kB = Languages::kBoth;

Table Joined(std::initializer_list<Table> tables) {
  Table joined;
  for (const Table& table : tables) joined.insert(joined.end(), table.begin(), table.end());
  return joined;
}

const Table kCommon = {{"Type", kString, kB}, {"Comment", kString, kB},
                       {"QueryLanguage", kString, kB}};
const Table kTransition = {{"Next", kString, kB}, {"End", kBoolean, kB}};
const Table kAssign = {{"Assign", kObject, kB}};
const Table kInputOutput = {{"InputPath", kStringOrNull, kP}, {"OutputPath", kStringOrNull, kP},
                            {"Output", kAny, kA}};
const Table kParameters = {{"Parameters", kAny, kP}, {"ResultPath", kStringOrNull, kP}};
const Table kSelector = {{"ResultSelector", kAny, kP}};
const Table kArguments = {{"Arguments", kAny, kA}};
const Table kErrors = {{"Retry", kArray, kB}, {"Catch", kArray, kB}};

Table MakeStateFields(StateType type) {
  switch (type) {
    case StateType::kPass:
      return Joined({kCommon, kTransition, kAssign, kInputOutput, kParameters,
                     {{"Result", kAny, kP}}});
    case StateType::kTask:
      return Joined({kCommon, kTransition, kAssign, kInputOutput, kParameters, kSelector,
                     kArguments, kErrors,
                     {{"Resource", kString, kB}, {"Credentials", kObject, kB},
                      {"TimeoutSeconds", kInteger, kB, true}, {"TimeoutSecondsPath", kString, kP},
                      {"HeartbeatSeconds", kInteger, kB, true},
                      {"HeartbeatSecondsPath", kString, kP}}});
    case StateType::kChoice:
      return Joined({kCommon, kAssign, kInputOutput,
                     {{"Choices", kArray, kB}, {"Default", kString, kB}}});
    case StateType::kWait:
      return Joined({kCommon, kTransition, kAssign, kInputOutput,
                     {{"Seconds", kInteger, kB, true}, {"Timestamp", kString, kB, true},
                      {"SecondsPath", kString, kP}, {"TimestampPath", kString, kP}}});
    case StateType::kSucceed:
      return Joined({kCommon, kInputOutput});
    case StateType::kFail:
      return Joined({kCommon,
                     {{"Error", kString, kB, true}, {"Cause", kString, kB, true},
                      {"ErrorPath", kString, kP}, {"CausePath", kString, kP}}});
    case StateType::kParallel:
      return Joined({kCommon, kTransition, kAssign, kInputOutput, kParameters, kSelector,
                     kArguments, kErrors, {{"Branches", kArray, kB}}});
    case StateType::kMap:
      return Joined({kCommon, kTransition, kAssign, kInputOutput, kParameters, kSelector, kErrors,
                     {{"ItemProcessor", kObject, kB}, {"Iterator", kObject, kB},
                      {"ItemSelector", kAny, kB}, {"ItemsPath", kString, kP},
                      {"Items", kAny, kA}, {"ItemReader", kObject, kB},
                      {"ItemBatcher", kObject, kB}, {"ResultWriter", kObject, kB},
                      {"Label", kString, kB}, {"MaxConcurrency", kInteger, kB, true},
                      {"MaxConcurrencyPath", kString, kP},
                      {"ToleratedFailureCount", kInteger, kB, true},
                      {"ToleratedFailureCountPath", kString, kP},
                      {"ToleratedFailurePercentage", kNumber, kB, true},
                      {"ToleratedFailurePercentagePath", kString, kP}}});
  }
  return {};
}

Table MakeRuleFields(bool top) {
  Table rules = {{"Variable", kString, kP}, {"And", kArray, kP}, {"Or", kArray, kP},
                 {"Not", kObject, kP}, {"Comment", kString, kB}};
  for (const Comparison& comparison : Comparisons()) {
    rules.push_back({comparison.name, comparison.operand, kP});
  }
  if (top) {
    const Table more = {{"Next", kString, kB}, {"Assign", kObject, kB}, {"Condition", kAny, kA},
                        {"Output", kAny, kA}};
    rules.insert(rules.end(), more.begin(), more.end());
  }
  return rules;
}

}  // namespace

const std::vector<FieldRule>& StateFields(StateType type) {
  static const std::array<Table, 8> tables = [] {
    std::array<Table, 8> made;
    for (std::size_t i = 0; i < made.size(); i++) made[i] = MakeStateFields(StateType(i));
    return made;
  }();
  return tables[static_cast<std::size_t>(type)];
}

const std::vector<FieldRule>& MachineFields() {
  static const Table table = {{"Comment", kString, kB}, {"StartAt", kString, kB},
                              {"States", kObject, kB}, {"Version", kString, kB},
                              {"TimeoutSeconds", kInteger, kB}, {"QueryLanguage", kString, kB},
                              {"Sensitive", kArray, kB}};  // ours
  return table;
}

const std::vector<FieldRule>& BranchFields() {
  static const Table table = {{"Comment", kString, kB}, {"StartAt", kString, kB},
                              {"States", kObject, kB}};
  return table;
}

const std::vector<FieldRule>& ProcessorFields() {
  static const Table table = Joined({BranchFields(), {{"ProcessorConfig", kObject, kB}}});
  return table;
}

const std::vector<FieldRule>& ProcessorConfigFields() {
  static const Table table = {{"Mode", kString, kB}, {"ExecutionType", kString, kB}};
  return table;
}

const std::vector<FieldRule>& ItemReaderFields() {
  static const Table table = {{"Resource", kString, kB}, {"ReaderConfig", kObject, kB},
                              {"Parameters", kObject, kP}, {"Arguments", kAny, kA}};
  return table;
}

const std::vector<FieldRule>& ReaderConfigFields() {
  static const Table table = {{"InputType", kString, kB}, {"ManifestType", kString, kB},
                              {"CSVHeaderLocation", kString, kB}, {"CSVHeaders", kArray, kB},
                              {"CSVDelimiter", kString, kB}, {"MaxItems", kInteger, kB, true},
                              {"MaxItemsPath", kString, kP}, {"ItemsPointer", kString, kB},
                              {"Transformation", kString, kB}};
  return table;
}

const std::vector<FieldRule>& ItemBatcherFields() {
  static const Table table = {{"MaxItemsPerBatch", kInteger, kB, true},
                              {"MaxItemsPerBatchPath", kString, kP},
                              {"MaxInputBytesPerBatch", kInteger, kB, true},
                              {"MaxInputBytesPerBatchPath", kString, kP},
                              {"BatchInput", kAny, kB}};
  return table;
}

const std::vector<FieldRule>& ResultWriterFields() {
  static const Table table = {{"Resource", kString, kB}, {"WriterConfig", kObject, kB},
                              {"Parameters", kObject, kP}, {"Arguments", kAny, kA}};
  return table;
}

const std::vector<FieldRule>& WriterConfigFields() {
  static const Table table = {{"Transformation", kString, kB}, {"OutputType", kString, kB}};
  return table;
}

const std::vector<FieldRule>& RetrierFields() {
  static const Table table = {{"ErrorEquals", kArray, kB}, {"IntervalSeconds", kInteger, kB},
                              {"MaxAttempts", kInteger, kB}, {"BackoffRate", kNumber, kB},
                              {"MaxDelaySeconds", kInteger, kB},
                              {"JitterStrategy", kString, kB}, {"Comment", kString, kB}};
  return table;
}

const std::vector<FieldRule>& CatcherFields() {
  static const Table table = {{"ErrorEquals", kArray, kB}, {"Next", kString, kB},
                              {"ResultPath", kStringOrNull, kP}, {"Comment", kString, kB},
                              {"Assign", kObject, kB}, {"Output", kAny, kA}};
  return table;
}

const std::vector<FieldRule>& TopRuleFields() {
  static const Table table = MakeRuleFields(true);
  return table;
}

const std::vector<FieldRule>& NestedRuleFields() {
  static const Table table = MakeRuleFields(false);
  return table;
}

}  // namespace towline::asl
