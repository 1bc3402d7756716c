#include "tests/api/world.h"

namespace towline::api {
namespace {

const char* const kActivityArn = "arn:towline:states:local:default:activity:paint";
const char* const kPaint = R"({"StartAt":"P","States":{"P":{"Type":"Task","HeartbeatSeconds":30,
  "Resource":"arn:towline:states:local:default:activity:paint","End":true}}})";

class TasksTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.Create("ask", kCallback);
    world_.CreateActivity("paint");
    world_.Create("paint", kPaint);
  }
  // The token of the callback that a fresh execution ask/{name} waits for.
  std::string Ask(const std::string& name) {
    EXPECT_EQ(world_.Start("ask", name)->outcome(), "OK");
    world_.Acknowledge();
    return world_.tokens().Mint(world_.OnlyTask());
  }
  std::string Succeed(const std::string& token, const std::string& output,
                      const std::string& tenant = "") {
    v1::SendTaskSuccessRequest request;
    request.set_task_token(token);
    request.set_output(output);
    return Outcome(world_.Ask(tasks_, &Tasks::SendSuccess, request, tenant));
  }
  std::string Fail(const std::string& token, const std::string& error, const std::string& cause,
                   const std::string& tenant = "") {
    v1::SendTaskFailureRequest request;
    request.set_task_token(token);
    request.set_error(error);
    request.set_cause(cause);
    return Outcome(world_.Ask(tasks_, &Tasks::SendFailure, request, tenant));
  }
  std::string Beat(const std::string& token, const std::string& tenant = "") {
    v1::SendTaskHeartbeatRequest request;
    request.set_task_token(token);
    return Outcome(world_.Ask(tasks_, &Tasks::SendHeartbeat, request, tenant));
  }
  Answer<v1::GetActivityTaskResponse> Poll(const std::string& worker = "anna",
                                           const std::string& activity = "paint") {
    v1::GetActivityTaskRequest request;
    request.set_activity(activity);
    request.set_worker_name(worker);
    return world_.Ask(tasks_, &Tasks::GetActivityTask, request);
  }
  template <class Response>
  std::string Outcome(const Answer<Response>& answer) {
    if (answer->error) message_ = answer->error->message;
    return answer->outcome();
  }
  v1::ExecutionStatus StatusOf(const std::string& execution) {
    return world_.Describe(execution).status();
  }

  World world_;
  Tasks& tasks_ = world_.service().tasks();
  std::string message_;  // of the last refusal
};

TEST_F(TasksTest, SuccessEndsTheTaskWithItsOutput) {
  const std::string token = Ask("one");
  EXPECT_EQ(StatusOf("ask/one"), v1::EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(Succeed(token, R"({"sum":57})"), "OK");
  EXPECT_EQ(world_.Describe("ask/one").output(), R"({"sum":57})");
}

TEST_F(TasksTest, FailureEndsTheTaskWithItsErrorAndCause) {
  EXPECT_EQ(Fail(Ask("one"), "Site.OutOfPaper", "tray 2"), "OK");
  const v1::Execution execution = world_.Describe("ask/one");
  EXPECT_EQ(execution.status(), v1::EXECUTION_STATUS_FAILED);
  EXPECT_EQ(execution.error(), "Site.OutOfPaper");
  EXPECT_EQ(execution.cause(), "tray 2");
  v1::SendTaskFailureRequest request;
  request.set_task_token(Ask("two"));
  EXPECT_EQ(world_.Ask(tasks_, &Tasks::SendFailure, request)->outcome(), "OK");
  EXPECT_FALSE(world_.Describe("ask/two").has_error()) << "neither is required";
}

// Whoever is not sure that it was heard says it again.
TEST_F(TasksTest, TheSameOutcomeAgainIsOkAndAnotherIsLate) {
  const std::string token = Ask("one");
  ASSERT_EQ(Succeed(token, R"({"sum":57})"), "OK");
  EXPECT_EQ(Succeed(token, R"({ "sum" : 57 })"), "OK") << "equal JSON, not equal text";
  EXPECT_EQ(Succeed(token, R"({"sum":58})"), "TaskTimedOut");
  EXPECT_EQ(Fail(token, "E", "C"), "TaskTimedOut");
  EXPECT_EQ(Beat(token), "TaskTimedOut");
  EXPECT_EQ(world_.Describe("ask/one").output(), R"({"sum":57})");

  const std::string failed = Ask("two");
  ASSERT_EQ(Fail(failed, "E", "C"), "OK");
  EXPECT_EQ(Fail(failed, "E", "C"), "OK");
  EXPECT_EQ(Fail(failed, "E", "other"), "TaskTimedOut");
  EXPECT_EQ(Succeed(failed, "{}"), "TaskTimedOut");
}

TEST_F(TasksTest, AStoppedExecutionsTaskIsLate) {
  const std::string token = Ask("one");
  world_.Stop("ask/one");
  EXPECT_EQ(Succeed(token, "{}"), "TaskTimedOut");
  EXPECT_NE(message_.find("Task Timed Out"), std::string::npos);
}

TEST_F(TasksTest, ATokenOfNobodyIsInvalid) {
  const std::string token = Ask("one");
  std::string forged = token;
  forged.back() = forged.back() == 'A' ? 'E' : 'A';
  for (const std::string& text : {forged, std::string("x"), std::string(), token + "AAAA"}) {
    EXPECT_EQ(Succeed(text, "{}"), "InvalidToken") << text;
    EXPECT_EQ(Fail(text, "E", "C"), "InvalidToken") << text;
    EXPECT_EQ(Beat(text), "InvalidToken") << text;
  }
  EXPECT_EQ(StatusOf("ask/one"), v1::EXECUTION_STATUS_RUNNING);
}

TEST_F(TasksTest, AnOutputMustBeJsonOfABearableSize) {
  const std::string token = Ask("one");
  EXPECT_EQ(Succeed(token, "{'sum': 57}"), "InvalidOutput");
  EXPECT_NE(message_.find("line 1, column 2"), std::string::npos) << message_;
  EXPECT_EQ(Succeed(token, ""), "InvalidOutput");
  EXPECT_EQ(Succeed(token, '"' + std::string(4 << 20, 'x') + '"'), "InvalidOutput");
  EXPECT_NE(message_.find("4194306 bytes"), std::string::npos) << message_;
  EXPECT_EQ(Succeed(token, "57"), "OK") << "nothing has happened to the task";
}

TEST_F(TasksTest, ErrorAndCauseHaveTheirLimits) {
  const std::string token = Ask("one");
  EXPECT_EQ(Fail(token, std::string(257, 'e'), ""), "ValidationException");
  EXPECT_EQ(Fail(token, "", std::string(32'769, 'c')), "ValidationException");
  EXPECT_EQ(Fail(token, std::string(256, 'e'), std::string(32'768, 'c')), "OK");
}

TEST_F(TasksTest, AnotherTenantMayNot) {
  const std::string token = Ask("one");
  EXPECT_EQ(Succeed(token, "{}", "acme"), "AccessDeniedException");
  EXPECT_EQ(Fail(token, "E", "C", "acme"), "AccessDeniedException");
  EXPECT_EQ(Beat(token, "acme"), "AccessDeniedException");
  EXPECT_EQ(Succeed(token, "{}", "No Tenant"), "ValidationException");
  EXPECT_EQ(Beat(token, "No Tenant"), "ValidationException");
  EXPECT_EQ(StatusOf("ask/one"), v1::EXECUTION_STATUS_RUNNING);
}

TEST_F(TasksTest, AFullInboxIsAnsweredBusy) {
  const std::string token = Ask("one");
  world_.set_busy(true);
  EXPECT_EQ(Succeed(token, "{}"), "Busy");
  EXPECT_EQ(Fail(token, "E", "C"), "Busy");
  EXPECT_EQ(Beat(token), "Busy");
  world_.set_busy(false);
  EXPECT_EQ(Succeed(token, "{}"), "OK");
}

TEST_F(TasksTest, AHeartbeatRenewsTheClockAndNothingElse) {
  world_.Start("paint", "one");
  const auto task = Poll();
  ASSERT_EQ(task->outcome(), "OK");
  for (int i = 0; i < 4; ++i) {
    world_.Advance(Seconds{20});
    ASSERT_EQ(Beat(task->response.task_token()), "OK");
  }
  EXPECT_EQ(StatusOf("paint/one"), v1::EXECUTION_STATUS_RUNNING);
  world_.Advance(Seconds{31});
  const v1::Execution execution = world_.Describe("paint/one");
  EXPECT_EQ(execution.status(), v1::EXECUTION_STATUS_FAILED);
  EXPECT_EQ(execution.error(), "States.Timeout");
  EXPECT_EQ(Beat(task->response.task_token()), "TaskTimedOut");
}

TEST_F(TasksTest, ATaskThatAsksForNoHeartbeatTakesOne) { EXPECT_EQ(Beat(Ask("one")), "OK"); }

TEST_F(TasksTest, APollTakesTheOldestTask) {
  world_.Start("paint", "one", R"({"colour":"red"})");
  world_.Advance(Seconds{1});
  world_.Start("paint", "two", R"({"colour":"blue"})");
  const auto first = Poll();
  ASSERT_EQ(first->outcome(), "OK");
  EXPECT_EQ(first->response.input(), R"({"colour":"red"})");
  EXPECT_EQ(Poll("bert")->response.input(), R"({"colour":"blue"})");
  EXPECT_EQ(Succeed(first->response.task_token(), "1"), "OK");
  EXPECT_EQ(world_.Describe("paint/one").output(), "1");
  std::string started;
  for (const auto& event : world_.History("paint/one")) {
    if (event.type() == "ActivityStarted") started = event.details();
  }
  EXPECT_EQ(started, R"({"workerName":"anna"})") << "the hand-off is in the history";
}

TEST_F(TasksTest, APollWaitsForATask) {
  const auto poll = Poll();
  EXPECT_FALSE(poll->done);
  world_.Advance(Seconds{10});
  EXPECT_FALSE(poll->done);
  world_.Start("paint", "one", "7");
  ASSERT_EQ(poll->outcome(), "OK");
  EXPECT_EQ(poll->response.input(), "7");
}

TEST_F(TasksTest, AnUnansweredPollEndsEmptyAfterAMinute) {
  const auto poll = Poll();
  world_.Advance(Seconds{59});
  EXPECT_FALSE(poll->done);
  world_.Advance(Seconds{2});
  ASSERT_EQ(poll->outcome(), "OK");
  EXPECT_EQ(poll->response.task_token(), "");
  world_.Start("paint", "one");
  EXPECT_NE(Poll()->response.task_token(), "") << "the task was not lost to it";
}

TEST_F(TasksTest, APollEndsBeforeItsCallersDeadline) {
  v1::GetActivityTaskRequest request;
  request.set_activity("paint");
  auto call = std::make_shared<TestCall<v1::GetActivityTaskResponse>>("");
  call->set_patience(Seconds{5});
  const Reply<v1::GetActivityTaskResponse> reply(call);
  tasks_.GetActivityTask(request, reply);
  world_.Settle();
  world_.Advance(Seconds{4});
  EXPECT_FALSE(call->done);
  world_.Advance(Seconds{1});
  EXPECT_EQ(call->outcome(), "OK");
  EXPECT_EQ(call->response.task_token(), "");
}

TEST_F(TasksTest, APollerThatLeavesGivesItsPlaceToTheNext) {
  const auto gone = Poll("anna");
  const auto next = Poll("bert");
  gone->Leave();
  world_.Start("paint", "one", "7");
  EXPECT_FALSE(gone->done);
  ASSERT_EQ(next->outcome(), "OK");
  EXPECT_EQ(next->response.input(), "7");
}

// An activity's name is a job type to a worker, for as long as the job takes.
TEST_F(TasksTest, AWorkerMayServeAnActivity) {
  world_.Announce("w1", "paint");
  world_.Start("paint", "one", R"({"colour":"red"})");
  world_.Start("paint", "two");
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offers[0].type, "paint");
  EXPECT_EQ(offers[0].input, R"({"colour":"red"})");
  for (const jobs::Offer& offer : offers) {
    world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kAccepted,
                           .token = offer.token,
                           .attempt = 1}}});
  }
  for (int i = 0; i < 4; ++i) {
    world_.Advance(Seconds{20});
    world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kHeartbeat,
                           .beats = {{offers[0].token, 1}, {offers[1].token, 1}}}}});
  }
  jobs::Control control = world_.TakeControl();
  EXPECT_TRUE(control.grants.empty() && control.cancel.empty()) << "it may go on";
  world_.Finish("w1", {.token = offers[0].token, .attempt = 1, .output = "57"});
  EXPECT_EQ(world_.Describe("paint/one").output(), "57");
  std::string started;
  for (const auto& event : world_.History("paint/one")) {
    if (event.type() == "ActivityStarted") started += event.details();
  }
  EXPECT_EQ(started, R"({"workerName":"default_w1"})") << "once";
  world_.Stop("paint/two");
  control = world_.TakeControl();
  ASSERT_EQ(control.cancel.size(), 1U) << "whoever runs it is told, as with any job";
  EXPECT_EQ(control.cancel[0].token, offers[1].token);
}

TEST_F(TasksTest, APollIsRefusedWhenItCannotBeMeant) {
  EXPECT_EQ(Outcome(Poll("anna", "none")), "ActivityDoesNotExist");
  EXPECT_NE(message_.find("activity:none"), std::string::npos);
  EXPECT_EQ(Outcome(Poll("anna", "")), "MissingRequiredParameter");
  EXPECT_EQ(Outcome(Poll("anna", "arn:towline:states:local:default:stateMachine:m")),
            "InvalidArn");
  EXPECT_EQ(Outcome(Poll(std::string(81, 'a'))), "ValidationException");
  EXPECT_EQ(Outcome(Poll("anna", kActivityArn)), "(nothing yet)");
}

}  // namespace
}  // namespace towline::api
