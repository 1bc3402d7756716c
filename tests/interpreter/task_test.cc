// Tasks: what is asked of the outside, and what each answer leads to.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const asl::Definition> Job(const std::string& more = "") {
  return OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run",
    "Parameters":{"JobType":"scan","Payload.$":"$"})" + more);
}
std::shared_ptr<const asl::Definition> TokenJob(const std::string& more = "") {
  return OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run.waitForTaskToken",
    "Parameters":{"JobType":"scan"})" + more);
}
std::shared_ptr<const asl::Definition> Publish(const std::string& suffix) {
  return OneState(R"("Type":"Task","Resource":"arn:towline:states:::mqtt:publish)" + suffix +
                  R"(","Parameters":{"Topic":"a","Payload":{"t":1}})");
}

TEST(TaskTest, AJobIsOpenedAndEndsWithItsResult) {
  World world(Job(R"(,"TimeoutSeconds":30,"HeartbeatSeconds":5)"));
  EXPECT_THAT(Effects(world.Begin(J(R"({"a":1})"))),
              ElementsAre("open 3 attempt 1", "set 3 timeout"));
  const OpenTask& open = world.tasks().at(3).open;
  EXPECT_EQ(open.state, "S");
  EXPECT_EQ(open.timeout_at, world.now() + Seconds(30));
  EXPECT_EQ(open.spec.timeout_seconds, 30);
  EXPECT_EQ(open.spec.heartbeat_seconds, 5);
  EXPECT_EQ(PrintJson(*open.spec.payload), R"({"a":1})");

  EXPECT_THAT(Effects(world.Do(AcceptJob{3, 1, "ams-1", 4})),
              ElementsAre("update 3 accepted attempt 1 by ams-1"));
  EXPECT_THAT(Effects(world.Do(SucceedTask{3, 1, J("57"), "ams-1"})),
              ElementsAre("close 3", "clear 3 timeout", "close execution"));
  EXPECT_EQ(Output(world), "57");
  EXPECT_THAT(Lines(world, 3),
              ElementsAre("3<-2 TaskScheduled", "4<-3 TaskStarted", "5<-4 TaskSucceeded",
                          "6<-5 TaskStateExited", "7<-6 ExecutionSucceeded"));
  EXPECT_SOUND(world);
}

// A job too short to be accepted first has started all the same.
TEST(TaskTest, AResultWithoutAcceptanceIsAStartToo) {
  World world(Job());
  world.Begin(J("{}"));
  world.Do(SucceedTask{3, 1, J("57"), "ams-1"});
  EXPECT_EQ(Lines(world, 4)[0], "4<-3 TaskStarted");
  EXPECT_SOUND(world);
}

TEST(TaskTest, AnotherWorkerTakesTheNextAttempt) {
  World world(Job());
  world.Begin(J("{}"));
  world.Do(AcceptJob{3, 1, "a", 1});
  world.Do(CheckpointJob{3, 1, J(R"({"at":7})")});
  const Step step = world.Do(RequeueJob{3, 1, "worker lost"});
  EXPECT_THAT(Effects(step), ElementsAre("update 3 requeued attempt 2"));
  EXPECT_EQ(PrintJson(**std::get<UpdateTask>(step.effects[0]).checkpoint), R"({"at":7})");
  // The first worker comes back: too late, in every way.
  EXPECT_EQ(world.Do(SucceedTask{3, 1, J("1"), "a"}).verdict, Verdict::kStale);
  EXPECT_EQ(world.Do(RequeueJob{3, 1, "again"}).verdict, Verdict::kStale);
  EXPECT_EQ(world.Do(AcceptJob{3, 2, "b", 1}).verdict, Verdict::kApplied);
  world.Do(SucceedTask{3, 2, J("2"), "b"});
  EXPECT_EQ(Output(world), "2");
  EXPECT_SOUND(world);
}

// The fence outlives the task: a retry's attempts go on where the offers of the last try ended.
TEST(TaskTest, AttemptsGrowOverOffersAndRetries) {
  World world(Job(R"(,"Retry":[{"ErrorEquals":["States.ALL"]}])"));
  world.Begin(J("{}"));
  const TaskId first = OnlyTask(world);
  world.Do(CheckpointJob{first, 1, J("\"half\"")});
  world.Do(RequeueJob{first, 1, "declined"});
  world.Do(FailTask{first, 2, "E", "c", "w"});
  world.FireNext();
  const TaskId second = OnlyTask(world);
  EXPECT_NE(second, first);
  EXPECT_EQ(world.tasks().at(second).open.attempt, 3U);
  EXPECT_EQ(PrintJson(**world.tasks().at(second).open.checkpoint), "\"half\"");
  EXPECT_EQ(world.Do(SucceedTask{first, 2, J("1"), "w"}).verdict, Verdict::kStale);
  EXPECT_SOUND(world);
}

TEST(TaskTest, TheEndOfACallbackJobLeavesTheTaskToTheToken) {
  World world(TokenJob());
  world.Begin(J("{}"));
  world.Do(AcceptJob{3, 1, "a", 1});
  EXPECT_THAT(Effects(world.Do(SucceedTask{3, 1, J(R"("handed over")"), "a"})),
              ElementsAre("update 3 submitted attempt 1"));
  const auto& awaiting = std::get<AwaitingTask>(world.state().frames.at(0).activity);
  EXPECT_TRUE(awaiting.worker.empty());
  EXPECT_EQ(world.Do(RequeueJob{3, 1, "worker lost"}).verdict, Verdict::kStale);
  EXPECT_THAT(Effects(world.Do(SucceedTask{3, 0, J(R"({"ok":true})"), {}})),
              ElementsAre("close 3", "close execution"));
  EXPECT_EQ(Output(world), R"({"ok":true})");
  EXPECT_THAT(Lines(world, 4), ElementsAre("4<-3 TaskStarted", "5<-4 TaskSubmitted",
                                           "6<-5 TaskSucceeded", "7<-6 TaskStateExited",
                                           "8<-7 ExecutionSucceeded"));
  EXPECT_SOUND(world);
}

TEST(TaskTest, AFailedCallbackJobEndsTheTask) {
  World world(TokenJob());
  world.Begin(J("{}"));
  world.Do(FailTask{3, 1, "Exit.1", "boom", "a"});
  EXPECT_EQ(Error(world), "Exit.1");
  EXPECT_EQ(Cause(world), "boom");
  EXPECT_SOUND(world);
}

// Whoever ends a plain job from outside has it stopped as well; a callback is its own affair.
TEST(TaskTest, OnlyAnEndFromOutsideCancels) {
  World job(Job());
  job.Begin(J("{}"));
  EXPECT_THAT(Effects(job.Do(SucceedTask{3, 0, J("1"), {}})),
              ElementsAre("close 3 cancel: the task was ended by its token", "close execution"));
  World callback(TokenJob());
  callback.Begin(J("{}"));
  EXPECT_THAT(Effects(callback.Do(FailTask{3, 0, "E", {}, {}})),
              ElementsAre("close 3", "close execution"));
}

TEST(TaskTest, APublishEndsWithItsAcknowledgement) {
  World world(Publish(""));
  world.Begin(J("{}"));
  EXPECT_THAT(Effects(world.Do(SubmitTask{3, Json()})), ElementsAre("close 3", "close execution"));
  EXPECT_EQ(Output(world), "{}");
  EXPECT_THAT(Lines(world, 4), ElementsAre("4<-3 TaskStarted", "5<-4 TaskSucceeded",
                                           "6<-5 TaskStateExited", "7<-6 ExecutionSucceeded"));
}

TEST(TaskTest, APublishWithATokenWaitsForTheCallback) {
  World world(Publish(".waitForTaskToken"));
  world.Begin(J("{}"));
  EXPECT_THAT(Effects(world.Do(SubmitTask{3, Json()})),
              ElementsAre("update 3 submitted attempt 1"));
  world.Do(SucceedTask{3, 0, J(R"("done")"), {}});
  EXPECT_EQ(Output(world), "\"done\"");
  EXPECT_SOUND(world);
}

TEST(TaskTest, AFunctionsResultIsWrappedOnlyByInvoke) {
  World invoke(OneState(R"("Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
    "Parameters":{"FunctionName":"add","Payload":{"a":1}})"));
  invoke.Begin(J("{}"));
  invoke.Do(SucceedTask{3, 1, J("57"), "w"});
  EXPECT_EQ(Output(invoke), R"({"ExecutedVersion":"$LATEST","Payload":57,"StatusCode":200})");

  World bare(OneState(
      R"("Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:add")"));
  bare.Begin(J(R"({"a":1})"));
  EXPECT_EQ(PrintJson(*bare.tasks().at(3).open.spec.payload), R"({"a":1})");
  bare.Do(SucceedTask{3, 1, J("57"), "w"});
  EXPECT_EQ(Output(bare), "57");
}

// AWS's published sample for this very use case, unchanged.
TEST(TaskTest, ThePublishedCallbackSampleRuns) {
  World world(OneState(R"("Type":"Task",
    "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters":{"FunctionName":"dispatch","Payload":{"Input.$":"$",
      "TaskToken.$":"$$.Task.Token"}},"ResultPath":"$.lambdaOutput")"));
  world.Begin(J(R"({"a":15,"b":42})"));
  EXPECT_EQ(PrintJson(*world.tasks().at(3).open.spec.payload),
            R"({"Input":{"a":15,"b":42},"TaskToken":"towline-task-token:3"})");
  world.Do(SucceedTask{3, 0, J(R"({"result":57})"), {}});
  EXPECT_EQ(Output(world), R"({"a":15,"b":42,"lambdaOutput":{"result":57}})");
  EXPECT_SOUND(world);
}

TEST(TaskTest, AnActivityShowsItsWorker) {
  World world(OneState(
      R"("Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:weigh")"));
  world.Begin(J("{}"));
  EXPECT_THAT(Effects(world.Do(StartTask{3, "scales"})),
              ElementsAre("update 3 started attempt 1 by scales"));
  world.Do(SucceedTask{3, 0, J("3"), {}});
  const auto events = HistoryOf(world);
  EXPECT_EQ(events[3].type, "ActivityStarted");
  EXPECT_EQ(events[3].details.at("workerName").as_string(), "scales");
  EXPECT_EQ(events[4].type, "ActivitySucceeded");
  EXPECT_SOUND(world);
}

// Before anything is scheduled; and no Catcher has a say in it.
TEST(TaskTest, AnActivityThatDoesNotExistFailsTheExecution) {
  World world(Machine(R"({"StartAt":"S","States":{"S":{"Type":"Task",
    "Resource":"arn:aws:states:us-east-1:111111111111:activity:weigh",
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S2"}],"Next":"S2"},
    "S2":{"Type":"Succeed"}}})"));
  world.HaveNoActivities();
  world.Begin(J("{}"));
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_EQ(Cause(world),
            "An error occurred while executing the state 'S' (entered at the event id #2). The "
            "activity arn:aws:states:us-east-1:111111111111:activity:weigh does not exist.");
  EXPECT_THAT(Lines(world), ElementsAre("1<-0 ExecutionStarted", "2<-0 TaskStateEntered",
                                        "3<-2 ExecutionFailed"));
  EXPECT_SOUND(world);
}

TEST(TaskTest, ParametersThatOnlyTheExecutionKnowsAreRefusedUncatchably) {
  World world(Machine(R"({"StartAt":"S","States":{"S":{"Type":"Task",
    "Resource":"arn:towline:states:::mqtt:publish","Parameters":{"Topic.$":"$.topic"},
    "Retry":[{"ErrorEquals":["States.ALL"]}],
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S2"}],"Next":"S2"},
    "S2":{"Type":"Succeed"}}})"));
  world.Begin(J(R"({"topic":"towline/1/x/jobs"})"));
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_EQ(Cause(world),
            "An error occurred while executing the state 'S' (entered at the event id #2). The "
            "topic 'towline/1/x/jobs' belongs to the job protocol: it must not begin with "
            "'towline/'.");
  EXPECT_SOUND(world);
}

TEST(TaskTest, PayloadsAndResultsAboveTheLimitCanBeCaught) {
  Limits limits;
  limits.job_payload_bytes_max = 100;
  const auto machine = Machine(R"({"StartAt":"S","States":{"S":{"Type":"Task",
    "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"t","Payload.$":"$"},
    "Catch":[{"ErrorEquals":["States.DataLimitExceeded"],"Next":"Caught"}],"End":true},
    "Caught":{"Type":"Pass","OutputPath":"$.Error","End":true}}})");
  World payload(machine, limits);
  payload.Begin(J("\"" + std::string(100, 'x') + "\""));
  EXPECT_EQ(Output(payload), "\"States.DataLimitExceeded\"");
  EXPECT_TRUE(payload.closed_tasks().empty());

  World result(machine, limits);
  result.Begin(J("1"));
  result.Do(SucceedTask{3, 1, J("\"" + std::string(100, 'x') + "\""), "w"});
  EXPECT_EQ(Output(result), "\"States.DataLimitExceeded\"");
  EXPECT_EQ(Lines(result, 5)[0], "5<-4 TaskFailed");
  EXPECT_SOUND(result);
}

TEST(TaskTest, TimeoutAndHeartbeatFromPathsMustBePositive) {
  const auto machine = Job(R"(,"TimeoutSecondsPath":"$.t","HeartbeatSecondsPath":"$.h")");
  World good(machine);
  good.Begin(J(R"({"t":60,"h":5})"));
  EXPECT_EQ(good.tasks().at(3).open.spec.timeout_seconds, 60);
  EXPECT_EQ(good.tasks().at(3).open.spec.heartbeat_seconds, 5);
  for (const char* input : {R"({"t":0,"h":5})", R"({"t":"x","h":5})", R"({"h":5})",
                            R"({"t":60,"h":1.5})"}) {
    World bad(machine);
    bad.Begin(J(input));
    EXPECT_EQ(Error(bad), "States.Runtime") << input;
  }
}

}  // namespace
}  // namespace towline::interpreter
