// InputPath, Parameters, ResultSelector, ResultPath, OutputPath and the context object, state by
// state (asl.md sections 2 and 3).

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

struct Case {
  std::string state;  // members of the one state
  std::string input;
  std::string output;  // or the error and the end of the cause, after "!"
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.state << " on " << c.input; }

class DataFlowTest : public ::testing::TestWithParam<Case> {};

TEST_P(DataFlowTest, GivesTheOutputOrTheError) {
  World world(OneState(GetParam().state));
  world.Begin(J(GetParam().input));
  const ExecutionState& state = world.state();
  if (GetParam().output.front() != '!') {
    EXPECT_EQ(state.status, ExecutionStatus::kSucceeded) << Error(world) << ": " << Cause(world);
    EXPECT_EQ(Output(world), GetParam().output);
  } else {
    EXPECT_EQ(state.status, ExecutionStatus::kFailed);
    EXPECT_EQ("!" + Error(world) + "|" + Cause(world), GetParam().output);
  }
  EXPECT_SOUND(world);
}

const std::string kIn =
    "An error occurred while executing the state 'S' (entered at the event id #2). ";

INSTANTIATE_TEST_SUITE_P(
    Pass, DataFlowTest,
    ::testing::Values(
        Case{R"("Type":"Pass")", R"({"a":1})", R"({"a":1})"},
        Case{R"("Type":"Pass","InputPath":"$.a")", R"({"a":{"b":2}})", R"({"b":2})"},
        Case{R"("Type":"Pass","InputPath":null)", R"({"a":1})", "{}"},
        Case{R"("Type":"Pass","OutputPath":null)", R"({"a":1})", "{}"},
        Case{R"("Type":"Pass","OutputPath":"$.a")", R"({"a":[1,2]})", "[1,2]"},
        Case{R"("Type":"Pass","Result":7,"ResultPath":"$.x.y")", R"({"a":1})",
             R"({"a":1,"x":{"y":7}})"},
        Case{R"("Type":"Pass","Result":7,"ResultPath":null)", R"({"a":1})", R"({"a":1})"},
        // ResultPath merges into the raw input, not into what InputPath selects.
        Case{R"("Type":"Pass","InputPath":"$.a","ResultPath":"$.copy")", R"({"a":1,"b":2})",
             R"({"a":1,"b":2,"copy":1})"},
        Case{R"("Type":"Pass","Parameters":{"n.$":"$.a","k":"$.a"})", R"({"a":1})",
             R"({"n":1,"k":"$.a"})"},
        Case{R"("Type":"Pass","Parameters":{"m.$":"$$.StateMachine.Name","s.$":"$$.State.Name"})",
             "{}", R"({"m":"machine","s":"S"})"},
        Case{R"("Type":"Pass","InputPath":"$$.Execution.Input")", R"({"a":1})", R"({"a":1})"},
        Case{R"("Type":"Pass","OutputPath":"$$.Execution.RedriveCount")", "{}", "0"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, DataFlowTest,
    ::testing::Values(
        Case{R"("Type":"Pass","InputPath":"$.no.way")", "{}",
             "!States.Runtime|" + kIn +
                 "Invalid path '$.no.way' : Missing property in path $['no']"},
        Case{R"("Type":"Pass","Parameters":{"k.$":"$.no"})", R"({"a":1})",
             "!States.Runtime|" + kIn +
                 "The JSONPath '$.no' specified for the field 'k.$' could not be found in the "
                 "input '{\"a\":1}'"},
        Case{R"_("Type":"Pass","Parameters":{"k.$":"States.Format('{}', $.no)"})_", R"({"a":1})",
             "!States.Runtime|" + kIn +
                 "The function 'States.Format('{}', $.no)' had the following error: The JsonPath "
                 "argument for the field '$.no' could not be found in the input '{\"a\":1}'"}));

INSTANTIATE_TEST_SUITE_P(Others, DataFlowTest,
                         ::testing::Values(Case{R"("Type":"Wait","Seconds":0,"InputPath":"$.a")",
                                                R"({"a":1})", "1"}));

TEST(DataFlowTest, ResultPathThatCannotBeAppliedHasItsOwnError) {
  World world(OneState(R"("Type":"Pass","Result":1,"ResultPath":"$.x")"));
  world.Begin(J("\"scalar\""));
  EXPECT_EQ(Error(world), "States.ResultPathMatchFailure");
  EXPECT_EQ(Cause(world), kIn + "Unable to apply ReferencePath $.x to input \"scalar\"");
}

TEST(DataFlowTest, AFailStateTakesErrorAndCauseFromPaths) {
  const auto machine = Machine(R"_({"StartAt":"F","States":{"F":{"Type":"Fail",
      "ErrorPath":"$.e","CausePath":"States.Format('because {}', $.c)"}}})_");
  World world(machine);
  world.Begin(J(R"({"e":"Mine","c":"so"})"));
  EXPECT_EQ(Error(world), "Mine");
  EXPECT_EQ(Cause(world), "because so");

  World wrong(machine);
  wrong.Begin(J(R"({"e":5,"c":"so"})"));
  EXPECT_EQ(Error(wrong), "States.Runtime");
  EXPECT_THAT(Cause(wrong), ::testing::HasSubstr("'ErrorPath' field must give a string"));
}

// The task's context: retries counted from 0, and the token's placeholder only where a token is
// to be given away.
TEST(DataFlowTest, ATaskSeesItsRetriesAndItsToken) {
  World world(OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run.waitForTaskToken",
    "Parameters":{"JobType":"t","Payload":{"token.$":"$$.Task.Token",
                  "retry.$":"$$.State.RetryCount"}},
    "ResultSelector":{"again.$":"$$.Task.Token"})"));
  world.Begin(J("{}"));
  const TaskId task = OnlyTask(world);
  EXPECT_EQ(PrintJson(*world.tasks().at(task).open.spec.payload),
            R"({"token":")" + TokenPlaceholder(task) + R"(","retry":0})");
  world.Do(SucceedTask{task, 0, J("1"), {}});
  EXPECT_EQ(Output(world), R"({"again":")" + TokenPlaceholder(task) + R"("})");
}

TEST(DataFlowTest, ResultSelectorSeesTheRawResult) {
  World world(OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run",
    "Parameters":{"JobType":"t"},"ResultSelector":{"sum.$":"$.total"},"ResultPath":"$.r",
    "OutputPath":"$.r")"));
  world.Begin(J(R"({"a":1})"));
  world.Do(SucceedTask{OnlyTask(world), 1, J(R"({"total":3,"more":4})"), "w"});
  EXPECT_EQ(Output(world), R"({"sum":3})");
  EXPECT_SOUND(world);
}

TEST(DataFlowTest, AnOutputAboveTheLimitFailsAPass) {
  Limits limits;
  limits.value_bytes_max = 20;
  World world(OneState(R"("Type":"Pass","Result":"0123456789012345678901234567890")"), limits);
  world.Begin(J("{}"));
  EXPECT_EQ(Error(world), "States.DataLimitExceeded");
  EXPECT_EQ(Cause(world),
            "The state/task 'S' returned a result with a size exceeding the maximum number of "
            "bytes service limit.");
}

}  // namespace
}  // namespace towline::interpreter
