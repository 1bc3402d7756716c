#include "tests/api/world.h"

namespace towline::api {
namespace {

class WorkersTest : public testing::Test {
 protected:
  void SetUp() override { world_.Create("m", kJob); }

  Answer<v1::Worker> Describe(const std::string& name, const std::string& tenant = "") {
    v1::DescribeWorkerRequest request;
    request.set_worker(name);
    return world_.Ask(workers_, &Workers::Describe, request, tenant);
  }
  Answer<v1::Worker> Drain(const std::string& name, bool drain, const std::string& tenant = "") {
    v1::DrainWorkerRequest request;
    request.set_worker(name);
    request.set_drain(drain);
    return world_.Ask(workers_, &Workers::Drain, request, tenant);
  }
  Answer<v1::ForgetTaskResponse> Forget(const std::string& execution, std::uint64_t task) {
    auto request = About<v1::ForgetTaskRequest>(execution);
    request.set_task(task);
    request.set_reason("scrapped");
    return world_.Ask(workers_, &Workers::Forget, request);
  }
  std::string List(const std::string& tenant = "") {
    const auto answer =
        world_.Ask(workers_, &Workers::List, v1::ListWorkersRequest(), tenant);
    if (answer->outcome() != "OK") return answer->outcome();
    std::string names;
    for (const auto& worker : answer->response.workers()) {
      names += worker.name() + " " + v1::WorkerState_Name(worker.state()).substr(13) + "; ";
    }
    return names;
  }
  // Offered to w1 and accepted by it.
  jobs::Offer RunJob(const std::string& execution) {
    EXPECT_EQ(world_.Start("m", execution)->outcome(), "OK");
    const auto offers = world_.TakeOffers();
    EXPECT_EQ(offers.size(), 1U);
    if (offers.size() != 1) return {};
    world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kAccepted,
                           .token = offers[0].token,
                           .attempt = 1}}});
    return offers[0];
  }

  World world_;
  Workers& workers_ = world_.service().workers();
};

TEST_F(WorkersTest, AreListedByName) {
  EXPECT_EQ(List(), "");
  world_.Announce("w2", "add");
  world_.Announce("w1", "add");
  EXPECT_EQ(List(), "w1 ONLINE; w2 ONLINE; ");
  EXPECT_EQ(List("acme"), "") << "those of another tenant are not its business";
  EXPECT_EQ(List("No Tenant"), "ValidationException");
}

TEST_F(WorkersTest, DescribeSaysWhatItIsAndWhatItHolds) {
  world_.Announce("w1", "add");
  RunJob("one");
  world_.Advance(Seconds{2});
  const auto answer = Describe("w1");
  ASSERT_EQ(answer->outcome(), "OK");
  const v1::Worker& worker = answer->response;
  EXPECT_EQ(worker.tenant(), "default");
  EXPECT_EQ(worker.state(), v1::WORKER_STATE_ONLINE);
  EXPECT_EQ(worker.slots(), 2);
  EXPECT_EQ(worker.used(), 1);
  ASSERT_EQ(worker.types_size(), 1);
  EXPECT_EQ(worker.types(0).name(), "add");
  EXPECT_EQ(worker.labels().at("site"), "ams");
  EXPECT_EQ(worker.version(), "1.0");
  ASSERT_EQ(worker.holding_size(), 1);
  const v1::HeldTask& held = worker.holding(0);
  EXPECT_EQ(held.execution_arn(), "arn:towline:states:local:default:execution:m:one");
  EXPECT_EQ(held.state(), "Add");
  EXPECT_EQ(held.stage(), "accepted");
  EXPECT_EQ(held.attempt(), 1U);
  EXPECT_EQ(Seconds{held.since().seconds()}, kStart.time_since_epoch());
  EXPECT_EQ(Describe("default_w1")->response.name(), "w1") << "the principal names it as well";
}

TEST_F(WorkersTest, ADrainedWorkerGetsNothingNewUntilThatIsLifted) {
  world_.Announce("w1", "add");
  const auto drained = Drain("w1", true);
  ASSERT_EQ(drained->outcome(), "OK");
  EXPECT_TRUE(drained->response.drain_requested());
  world_.Start("m", "one");
  EXPECT_TRUE(world_.TakeOffers().empty());
  EXPECT_FALSE(Drain("w1", false)->response.drain_requested());
  EXPECT_EQ(world_.TakeOffers().size(), 1U);
}

TEST_F(WorkersTest, WhoIsNotThereIsRefused) {
  EXPECT_EQ(Describe("w1")->outcome(), "WorkerDoesNotExist");
  EXPECT_EQ(Drain("w1", true)->outcome(), "WorkerDoesNotExist");
  EXPECT_EQ(Describe("")->outcome(), "MissingRequiredParameter");
  EXPECT_EQ(Drain("", true)->outcome(), "MissingRequiredParameter");
  world_.Announce("w1", "add");
  EXPECT_EQ(Describe("w1", "acme")->outcome(), "WorkerDoesNotExist");
  EXPECT_EQ(Describe("default_w1", "acme")->outcome(), "AccessDeniedException");
  EXPECT_EQ(Drain("default_w1", true, "acme")->outcome(), "AccessDeniedException");
  EXPECT_EQ(Describe("w1", "No Tenant")->outcome(), "ValidationException");
}

TEST_F(WorkersTest, ForgettingACancelledTaskFreesItsSlot) {
  world_.Announce("w1", "add");
  RunJob("one");
  const std::uint64_t task = world_.OnlyTask().task;
  EXPECT_EQ(Forget("m/one", task)->outcome(), "TaskNotCancelling");
  world_.Stop("m/one");
  EXPECT_EQ(Describe("w1")->response.used(), 1) << "until it is confirmed, it may be running";
  ASSERT_EQ(Forget("m/one", task)->outcome(), "OK");
  EXPECT_EQ(Describe("w1")->response.used(), 0);
  auto request = About<v1::GetExecutionHistoryRequest>("m/one");
  request.set_full(true);
  const auto history =
      world_.Ask(world_.service().executions(), &Executions::GetHistory, request);
  ASSERT_EQ(history->response.evidence_size(), 1) << "who gave up, and why, is kept";
  EXPECT_EQ(history->response.evidence(0).what(), "forgotten by an operator");
  EXPECT_EQ(history->response.evidence(0).data(), R"({"reason":"scrapped"})");
  EXPECT_EQ(Forget("m/one", task)->outcome(), "TaskDoesNotExist");
}

TEST_F(WorkersTest, WhatCannotBeForgottenIsRefused) {
  EXPECT_EQ(Forget("m/none", 1)->outcome(), "ExecutionDoesNotExist");
  EXPECT_EQ(Forget("none", 1)->outcome(), "InvalidArn");
  world_.Announce("w1", "add");
  RunJob("one");
  world_.Stop("m/one");
  EXPECT_EQ(Forget("m/one", 999)->outcome(), "TaskDoesNotExist");
  world_.set_busy(true);
  EXPECT_EQ(Forget("m/one", world_.OnlyTask().task)->outcome(), "Busy");
}

}  // namespace
}  // namespace towline::api
