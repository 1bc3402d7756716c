#include "tests/api/world.h"

namespace towline::api {
namespace {

class ExplainTest : public testing::Test {
 protected:
  v1::ExplainExecutionResponse Why(const std::string& execution) {
    const auto answer = world_.Ask(world_.service().explain(), &Explain::Execution,
                                   About<v1::ExplainExecutionRequest>(execution));
    EXPECT_EQ(answer->outcome(), "OK");
    return answer->response;
  }
  // "path kind; " of each, in order.
  std::string Shape(const std::string& execution) {
    std::string text;
    const v1::ExplainExecutionResponse why = Why(execution);
    for (const auto& waiting : why.waiting()) {
      text += waiting.path() + " " + v1::Waiting::For_Name(waiting.what()).substr(4) + "; ";
    }
    return text;
  }
  v1::Waiting Only(const std::string& execution) {
    const auto why = Why(execution);
    EXPECT_EQ(why.waiting_size(), 1) << why.DebugString();
    return why.waiting_size() == 1 ? why.waiting(0) : v1::Waiting();
  }

  World world_;
};

TEST_F(ExplainTest, PathsLeadThroughMapsAndParallels) {
  world_.Create("m", R"({"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,
    "ItemProcessor":{"StartAt":"Both","States":{"Both":{"Type":"Parallel","End":true,"Branches":[
      {"StartAt":"Skip","States":{"Skip":{"Type":"Pass","End":true}}},
      {"StartAt":"Look","States":{"Look":{"Type":"Choice","Default":"Rest","Choices":[
         {"Variable":"$","NumericEquals":7,"Next":"Done"}]},
        "Rest":{"Type":"Wait","Seconds":60,"End":true},"Done":{"Type":"Pass","End":true}}},
      {"StartAt":"Add","States":{"Add":{"Type":"Task","Resource":"arn:towline:states:::job:run",
         "Parameters":{"JobType":"add","Payload":{}},"End":true}}}]}}}}}})");
  ASSERT_EQ(world_.Start("m", "one", "[7,1]")->outcome(), "OK");
  EXPECT_EQ(Shape("m/one"),
            "Each[0]/Both[2]/Add JOB; Each[1]/Both[1]/Rest TIMER; Each[1]/Both[2]/Add JOB; ");
  world_.Advance(Seconds{60});
  EXPECT_EQ(Shape("m/one"), "Each[0]/Both[2]/Add JOB; Each[1]/Both[2]/Add JOB; ");
}

// More items than an answer shows, more events than a snapshot's worth.
TEST_F(ExplainTest, TellsHowManyMoreThereAre) {
  world_.Create("m", R"({"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":1000,
    "End":true,"ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"W"},
      "W":{"Type":"Wait","Seconds":60,"End":true}}}}}})");
  std::string items = "[0";
  for (int i = 1; i < 450; ++i) items += "," + std::to_string(i);
  ASSERT_EQ(world_.Start("m", "one", items + "]")->outcome(), "OK");
  const auto why = Why("m/one");
  ASSERT_EQ(why.waiting_size(), 100);
  EXPECT_EQ(why.waiting(0).path(), "Each[0]/W");
  EXPECT_EQ(why.waiting(99).path(), "Each[99]/W");
  EXPECT_EQ(why.more(), 350U);
  EXPECT_NE(why.summary().find("(and 449 more)"), std::string::npos) << why.summary();
}

TEST_F(ExplainTest, AWaitSaysWhenItEnds) {
  world_.Create("m", kWait);
  world_.Start("m", "one", R"({"secret":1})");
  world_.Advance(Seconds{10});
  const auto why = Why("m/one");
  EXPECT_EQ(why.execution().status(), v1::EXECUTION_STATUS_RUNNING);
  EXPECT_FALSE(why.execution().has_input());
  EXPECT_EQ(Seconds{why.now().seconds()}, (kStart + Seconds{10}).time_since_epoch());
  ASSERT_EQ(why.waiting_size(), 1);
  const v1::Waiting& waiting = why.waiting(0);
  EXPECT_EQ(waiting.state(), "W");
  EXPECT_EQ(waiting.what(), v1::Waiting::FOR_TIMER);
  EXPECT_EQ(Seconds{waiting.since().seconds()}, kStart.time_since_epoch());
  EXPECT_EQ(Seconds{waiting.until().seconds()}, (kStart + Seconds{60}).time_since_epoch());
  EXPECT_EQ(waiting.reason(), "The Wait state ends at 2026-11-23T00:01:00.000Z.");
  EXPECT_EQ(why.summary(), "In state W: " + waiting.reason());
}

TEST_F(ExplainTest, NoWaitOutlivesTheExecutionsOwnTimeout) {
  world_.Create("m", R"({"TimeoutSeconds":20,"StartAt":"W","States":{
    "W":{"Type":"Wait","Seconds":60,"End":true}}})");
  world_.Start("m", "one");
  EXPECT_EQ(Seconds{Only("m/one").until().seconds()}, (kStart + Seconds{20}).time_since_epoch());
}

TEST_F(ExplainTest, ARetryNamesTheFailureBefore) {
  world_.Create("m", R"({"StartAt":"Add","States":{"Add":{"Type":"Task",
    "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"add","Payload":{}},
    "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":30}],"End":true}}})");
  world_.Announce("w1", "add");
  world_.Start("m", "one");
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  world_.Finish("w1", {.token = offers[0].token,
                       .attempt = 1,
                       .outcome = jobs::JobResult::Outcome::kFailed,
                       .error = "Site.OutOfPaper",
                       .cause = "tray 2"});
  world_.Advance(Seconds{5});
  const v1::Waiting waiting = Only("m/one");
  EXPECT_EQ(waiting.what(), v1::Waiting::FOR_RETRY);
  EXPECT_EQ(waiting.retry_count(), 1U);
  EXPECT_EQ(Seconds{waiting.since().seconds()}, kStart.time_since_epoch());
  EXPECT_NE(waiting.reason().find("Site.OutOfPaper: tray 2"), std::string::npos)
      << waiting.reason();
  EXPECT_NE(waiting.reason().find("due at 2026-11-23T00:00:30"), std::string::npos)
      << waiting.reason();
}

// From nobody's to a worker's, through every stage.
TEST_F(ExplainTest, AJobIsFollowedThroughItsStages) {
  world_.Create("m", kJob);
  world_.Start("m", "one");
  v1::Waiting waiting = Only("m/one");
  EXPECT_EQ(waiting.what(), v1::Waiting::FOR_JOB);
  EXPECT_EQ(waiting.stage(), "waiting");
  EXPECT_EQ(waiting.job_type(), "add");
  EXPECT_EQ(waiting.queue(), "default");
  EXPECT_EQ(waiting.worker(), "");
  EXPECT_NE(waiting.reason().find("has ever announced job type add"), std::string::npos);
  EXPECT_EQ(Seconds{waiting.until().seconds()}, (kStart + Seconds{600}).time_since_epoch());

  world_.Announce("w1", "add");
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  waiting = Only("m/one");
  EXPECT_EQ(waiting.stage(), "offered");
  EXPECT_EQ(waiting.worker(), "default_w1") << "the principal, whatever the stage";
  EXPECT_EQ(waiting.attempt(), 1U);

  world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kAccepted,
                         .token = offers[0].token,
                         .attempt = 1}}});
  world_.Advance(Seconds{3});
  world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kProgress,
                         .token = offers[0].token,
                         .attempt = 1,
                         .percent = 40,
                         .message = "page 2 of 5"}}});
  waiting = Only("m/one");
  EXPECT_EQ(waiting.stage(), "accepted");
  EXPECT_EQ(waiting.worker(), "default_w1");
  EXPECT_EQ(waiting.percent(), 40);
  EXPECT_EQ(waiting.message(), "page 2 of 5");
  EXPECT_EQ(Seconds{waiting.since().seconds()}, kStart.time_since_epoch());
  EXPECT_EQ(Seconds{waiting.last_heard().seconds()}, (kStart + Seconds{3}).time_since_epoch());
  EXPECT_EQ(waiting.reason(), "worker w1 runs the job");
  EXPECT_EQ(waiting.advice(), "") << "it has a timeout: just wait";
}

TEST_F(ExplainTest, JobsBeforeItAreCounted) {
  world_.Create("m", kJob);
  for (const char* name : {"one", "two", "three"}) world_.Start("m", name);
  EXPECT_EQ(Only("m/three").ahead(), 2U);
  EXPECT_NE(Only("m/three").reason().find("2 jobs come before it"), std::string::npos);
}

TEST_F(ExplainTest, ACancelledJobIsPendingUntilItsWorkerConfirms) {
  world_.Create("m", kJob);
  world_.Announce("w1", "add");
  world_.Start("m", "one");
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kAccepted,
                         .token = offers[0].token,
                         .attempt = 1}}});
  world_.Stop("m/one");
  const auto why = Why("m/one");
  EXPECT_EQ(why.summary(), "It has ended: ABORTED. Cancelled jobs are not confirmed dead yet.");
  const v1::Waiting waiting = Only("m/one");
  EXPECT_EQ(waiting.what(), v1::Waiting::FOR_CANCEL);
  EXPECT_EQ(waiting.path(), "Add");
  EXPECT_EQ(waiting.worker(), "default_w1");
  EXPECT_NE(waiting.advice().find("towline task forget m/one " + std::to_string(waiting.task())),
            std::string::npos);
  world_.Finish("w1", {.token = offers[0].token,
                       .attempt = 1,
                       .outcome = jobs::JobResult::Outcome::kCancelled});
  EXPECT_EQ(Why("m/one").summary(), "It has ended: ABORTED.");
  EXPECT_EQ(Why("m/one").waiting_size(), 0);
}

TEST_F(ExplainTest, APublishWaitsForTheBrokerAndThenForTheCallback) {
  world_.Create("m", kCallback);
  world_.Start("m", "one");
  EXPECT_EQ(Shape("m/one"), "Ask PUBLISH; ");
  EXPECT_EQ(Only("m/one").topic(), "site/ask");
  world_.Acknowledge();
  EXPECT_EQ(Shape("m/one"), "Ask CALLBACK; ");
  const v1::Waiting waiting = Only("m/one");
  EXPECT_EQ(waiting.stage(), "submitted");
  EXPECT_FALSE(waiting.has_until());
  EXPECT_NE(waiting.advice().find("towline stop m/one"), std::string::npos) << waiting.advice();
}

TEST_F(ExplainTest, AnActivityWaitsForAPollerAndThenForItsAnswer) {
  world_.CreateActivity("paint");
  world_.Create("m", R"({"StartAt":"P","States":{"P":{"Type":"Task","HeartbeatSeconds":30,
    "Resource":"arn:towline:states:local:default:activity:paint","End":true}}})");
  world_.Start("m", "one");
  v1::Waiting waiting = Only("m/one");
  EXPECT_EQ(waiting.what(), v1::Waiting::FOR_ACTIVITY);
  EXPECT_EQ(waiting.activity(), "arn:towline:states:local:default:activity:paint");
  EXPECT_NE(waiting.advice().find("towline activity poll"), std::string::npos);
  v1::GetActivityTaskRequest poll;
  poll.set_activity("paint");
  poll.set_worker_name("anna");
  ASSERT_EQ(world_.Ask(world_.service().tasks(), &Tasks::GetActivityTask, poll)->outcome(), "OK");
  waiting = Only("m/one");
  EXPECT_EQ(waiting.stage(), "accepted");
  EXPECT_EQ(waiting.worker(), "anna");
  EXPECT_EQ(waiting.heartbeat_seconds(), 30);
  EXPECT_EQ(waiting.advice(), "");
}

TEST_F(ExplainTest, AnEndedExecutionSaysHowItEnded) {
  world_.Create("m", R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})");
  world_.Start("m", "one");
  EXPECT_EQ(Why("m/one").summary(), "It has ended: FAILED, E: C.");
  world_.Create("p", kPass);
  world_.Start("p", "one");
  EXPECT_EQ(Why("p/one").summary(), "It has ended: SUCCEEDED.");
  EXPECT_FALSE(Why("p/one").execution().has_output());
}

TEST_F(ExplainTest, WhatIsNotThereIsRefused) {
  const auto ask = [this](const std::string& execution, const std::string& tenant) {
    return world_
        .Ask(world_.service().explain(), &Explain::Execution,
             About<v1::ExplainExecutionRequest>(execution), tenant)
        ->outcome();
  };
  world_.Create("m", kWait);
  world_.Start("m", "one");
  EXPECT_EQ(ask("m/none", ""), "ExecutionDoesNotExist");
  EXPECT_EQ(ask("none", ""), "InvalidArn");
  EXPECT_EQ(ask("m/one", "acme"), "ExecutionDoesNotExist");
  EXPECT_EQ(ask("arn:towline:states:local:default:execution:m:one", "acme"),
            "AccessDeniedException");
}

}  // namespace
}  // namespace towline::api
