// Wait in its four forms, and the budget of an execution.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;

Millis Slept(World& world) {
  const Timestamp start = world.now();
  world.RunTimers();
  return world.now() - start;
}

struct Case {
  std::string member;
  std::string input;
  Millis slept;
};

TEST(WaitTest, EndsWhenItsTimeHasCome) {
  const Case cases[] = {
      {R"("Seconds":7)", "{}", Seconds(7)},
      {R"("Seconds":0)", "{}", Seconds(0)},
      {R"("SecondsPath":"$.s")", R"({"s":90})", Seconds(90)},
      {R"("SecondsPath":"$.s")", R"({"s":2.0})", Seconds(2)},
      {R"("Timestamp":"2024-03-01T00:00:01.500Z")", "{}", Millis(1'500)},
      {R"("TimestampPath":"$.t")", R"({"t":"2024-03-01T02:00:00+01:00"})", Seconds(3'600)},
      {R"("TimestampPath":"$.t")", R"({"t":"2001-01-01T00:00:00Z"})", Seconds(0)},
  };
  for (const Case& c : cases) {
    World world(OneState(R"("Type":"Wait",)" + c.member));
    world.Begin(J(c.input));
    EXPECT_EQ(Slept(world), c.slept) << c.member;
    EXPECT_EQ(Output(world), PrintJson(*J(c.input)));
    EXPECT_SOUND(world);
  }
}

// Half an hour after it was started, the machine's clock was set; it is 01:00 outside.
TEST(WaitTest, OnlyATimeOfDayFollowsTheWallClock) {
  const Case cases[] = {
      {R"("Seconds":7)", "{}", Seconds(7)},
      {R"("SecondsPath":"$.s")", R"({"s":90})", Seconds(90)},
      {R"("Timestamp":"2024-03-01T01:00:09Z")", "{}", Seconds(9)},
      {R"("TimestampPath":"$.t")", R"({"t":"2024-03-01T00:59:59Z"})", Seconds(0)},
  };
  for (const Case& c : cases) {
    World world(OneState(R"("Type":"Wait",)" + c.member));
    world.Pass(Seconds(1'800));
    world.StepWall(Seconds(1'800));
    world.Begin(J(c.input));
    EXPECT_EQ(Slept(world), c.slept) << c.member;
    EXPECT_SOUND(world);
  }
}

TEST(WaitTest, BadTimesFailAsTheServiceWordsIt) {
  const std::string in =
      "An error occurred while executing the state 'S' (entered at the event id #2). ";
  const std::pair<std::string, std::string> cases[] = {
      {R"({})", "The SecondsPath parameter does not reference an input value: $.s"},
      {R"({"s":1.5})", "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"},
      {R"({"s":-1})", "The SecondsPath parameter references a negative value: $.s == -1"},
      {R"({"s":2147483648})", "Wait state delay is too long."},
  };
  for (const auto& [input, cause] : cases) {
    World world(OneState(R"("Type":"Wait","SecondsPath":"$.s")"));
    world.Begin(J(input));
    EXPECT_EQ(Error(world), "States.Runtime");
    EXPECT_EQ(Cause(world), in + cause);
  }
  World horizon(OneState(R"("Type":"Wait","TimestampPath":"$.t")"));
  horizon.Begin(J(R"({"t":"2192-03-01T00:00:00Z"})"));
  EXPECT_EQ(Cause(horizon), in + "Wait state delay is too long.");
}

TEST(WaitTest, LeavesNoTraceInTheHistoryButTheState) {
  World world(OneState(R"("Type":"Wait","Seconds":7)"));
  EXPECT_THAT(Effects(world.Begin(J("{}"))), ElementsAre("set 3 wait"));
  world.RunTimers();
  EXPECT_THAT(Lines(world), ElementsAre("1<-0 ExecutionStarted", "2<-0 WaitStateEntered",
                                        "3<-2 WaitStateExited", "4<-3 ExecutionSucceeded"));
}

// A job that is retried, and then caught.
std::string Job(const std::string& caught) {
  return R"("Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"t"},"TimeoutSeconds":500,
      "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":100}],
      "Catch":[{"ErrorEquals":["States.ALL"],"Next":")" + caught + R"("}],"End":true)";
}

// Whatever blocks, the budget ends it, exactly on time and past every Catch.
TEST(BudgetTest, InterruptsEveryBlockingPoint) {
  const std::string inner =
      R"({"StartAt":"B","States":{"BE":{"Type":"Succeed"},"B":{)" + Job("BE") + "}}}";
  const std::string states[] = {
      R"("S":{"Type":"Wait","Seconds":100,"End":true})",
      R"("S":{)" + Job("E") + R"(},"E":{"Type":"Succeed"})",
      R"("S":{"Type":"Parallel","Branches":[)" + inner + R"(],"End":true})",
      R"("S":{"Type":"Map","ItemProcessor":)" + inner + R"(,"End":true})",
  };
  for (const std::string& state : states) {
    for (const bool fail_first : {false, true}) {
      World world(Machine(R"({"TimeoutSeconds":10,"StartAt":"S","States":{)" + state +
                          "}}"));
      world.Begin(J("[1,2,3]"));
      if (fail_first && !world.tasks().empty()) {
        world.Do(FailTask{world.tasks().begin()->first, 1, "E", "c", "w"});
      }
      const Timestamp start = world.state().started_at;
      // The shell is late: the execution still ended when its budget did.
      world.Pass(Seconds(11));
      world.Do(FireTimer{1, TimerKind::kExecutionTimeout});
      EXPECT_EQ(world.state().status, ExecutionStatus::kTimedOut) << state;
      EXPECT_EQ(world.state().stopped_at, start + Seconds(10));
      EXPECT_EQ(world.state().error, std::nullopt);
      EXPECT_EQ(HistoryOf(world).back().type, "ExecutionTimedOut");
      EXPECT_EQ(HistoryOf(world).back().previous_id, 0U);
      EXPECT_SOUND(world);
    }
  }
}

}  // namespace
}  // namespace towline::interpreter
