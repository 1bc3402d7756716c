// What a tenant may ask for, and that nothing else is refused.

#include "orchestrator/api/quotas.h"

#include "tests/api/world.h"

namespace towline::api {
namespace {

class QuotasTest : public testing::Test {
 protected:
  Quotas Make(const Quota& quota) {
    return Quotas({.others = quota}, [this](const std::string&) {
      counts_++;
      return open_;
    });
  }
  std::string Start(Quotas& quotas, const std::string& tenant = "acme") {
    const Status admitted = quotas.AdmitStart(tenant, now_);
    return admitted ? "OK" : admitted.error().name;
  }
  int StartMany(Quotas& quotas, int tries) {
    int admitted = 0;
    for (int i = 0; i < tries; i++) admitted += Start(quotas) == "OK" ? 1 : 0;
    return admitted;
  }
  Timestamp now_ = kStart;
  std::int64_t open_ = 0;
  int counts_ = 0;
};

TEST_F(QuotasTest, WithoutLimitsNothingIsRefusedOrCounted) {
  Quotas quotas = Make({});
  EXPECT_EQ(StartMany(quotas, 10'000), 10'000);
  EXPECT_TRUE(quotas.AdmitBytes("acme", 1 << 30));
  EXPECT_EQ(counts_, 0);
}

TEST_F(QuotasTest, StartsComeInABurstAndThenAtTheirRate) {
  Quotas quotas = Make({.starts_per_second = 10, .starts_burst = 25});
  EXPECT_EQ(StartMany(quotas, 100), 25);
  EXPECT_EQ(Start(quotas), "ThrottlingException");
  now_ += Millis(100);
  EXPECT_EQ(StartMany(quotas, 100), 1);
  now_ += Seconds(1);
  EXPECT_EQ(StartMany(quotas, 100), 10);
  now_ += Seconds(1'000);
  EXPECT_EQ(StartMany(quotas, 100), 25) << "a long silence saves up no more than the burst";
  now_ -= Seconds(5);
  EXPECT_EQ(StartMany(quotas, 100), 0) << "a clock that goes back gives nothing";
  EXPECT_EQ(Start(quotas, "other"), "OK") << "each tenant has its own";
}

TEST_F(QuotasTest, ARateAloneAllowsASecondsWorthAtOnce) {
  Quotas quotas = Make({.starts_per_second = 3});
  EXPECT_EQ(StartMany(quotas, 10), 3);
}

TEST_F(QuotasTest, OpenExecutionsAreCountedRarelyAndNeverExceeded) {
  Quotas quotas = Make({.open_executions = 10});
  open_ = 4;
  EXPECT_EQ(StartMany(quotas, 100), 6);
  EXPECT_EQ(Start(quotas), "ExecutionLimitExceeded");
  EXPECT_EQ(counts_, 1);
  open_ = 7;  // three have ended
  now_ += Millis(200);
  EXPECT_EQ(StartMany(quotas, 100), 3);
  EXPECT_EQ(counts_, 2);
  open_ = 0;
  now_ += Seconds(5);
  EXPECT_EQ(StartMany(quotas, 5), 5);
  open_ = 50;  // what they have started themselves
  now_ += Seconds(5);
  EXPECT_EQ(Start(quotas), "ExecutionLimitExceeded");
}

TEST_F(QuotasTest, ARefusedStartCostsNothing) {
  Quotas quotas = Make({.starts_per_second = 1, .open_executions = 1});
  open_ = 1;
  EXPECT_EQ(Start(quotas), "ExecutionLimitExceeded");
  open_ = 0;
  now_ += Millis(200);
  EXPECT_EQ(Start(quotas), "OK");
  EXPECT_EQ(quotas.Describe("acme", now_).refused, 1U);
}

// The whole service: who is refused, and who is not.
class QuotaServiceTest : public testing::Test {
 protected:
  static Settings Limited() {
    Settings settings;
    settings.quotas.others = {.open_executions = 2, .request_bytes = 2'000};
    settings.quotas.tenants["free"] = {};
    return settings;
  }
  v1::Quotas Shown(const std::string& tenant = "") {
    const auto answer = world_.Ask(world_.service().access(), &AccessControl::DescribeQuotas,
                                   v1::DescribeQuotasRequest(), tenant);
    EXPECT_EQ(answer->outcome(), "OK");
    return answer->response;
  }
  World world_{{.settings = Limited()}};
};

TEST_F(QuotaServiceTest, ExecutionsThatRunCountUntilTheyEnd) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  world_.Start("m", "two");
  const auto third = world_.Start("m", "three");
  EXPECT_EQ(third->outcome(), "ExecutionLimitExceeded");
  EXPECT_NE(third->error->message.find("tenant 'default' may have 2"), std::string::npos);
  EXPECT_EQ(Shown().open_executions(), 2);
  EXPECT_EQ(Shown().open_executions_max(), 2);
  EXPECT_EQ(Shown().refused(), 1U);
  world_.Stop("m/one");
  world_.Advance(Seconds{1});
  EXPECT_EQ(world_.Start("m", "three")->outcome(), "OK");
  world_.Create("m", kWait, "free");
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(world_.Start("m", "", "", false, "free")->outcome(), "OK");
  }
  EXPECT_EQ(Shown("free").open_executions(), 5);
}

TEST_F(QuotaServiceTest, ARedriveIsAStart) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  world_.Stop("m/one");
  world_.Advance(Seconds{6});
  world_.Start("m", "two");
  world_.Start("m", "three");
  const auto redriven = world_.Ask(world_.service().executions(), &Executions::Redrive,
                                   About<v1::RedriveExecutionRequest>("m/one"));
  EXPECT_EQ(redriven->outcome(), "ExecutionLimitExceeded");
}

TEST_F(QuotaServiceTest, WhatExecutionsStartThemselvesIsNotRefused) {
  world_.Create("fan", R"({"StartAt":"A","States":{"A":{"Type":"Map","End":true,
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"End":true}}}}}})");
  world_.Start("fan", "one", "[1,2,3,4,5]");
  world_.Advance(Seconds{2});
  EXPECT_EQ(Shown().open_executions(), 1) << "children of a Map Run have their own bound";
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Describe("fan/one").status(), v1::EXECUTION_STATUS_SUCCEEDED);
}

TEST_F(QuotaServiceTest, LargeRequestsAreRefusedAndAnswersToTasksNever) {
  world_.Create("m", kCallback);
  const std::string large = '"' + std::string(3'000, 'x') + '"';
  const auto refused = world_.Start("m", "one", large);
  EXPECT_EQ(refused->outcome(), "ValidationException");
  EXPECT_NE(refused->error->message.find("may send 2000 at most"), std::string::npos);
  v1::CreateStateMachineRequest create;
  create.set_name("large");
  create.set_definition(std::string(3'000, ' ') + kPass);
  EXPECT_EQ(world_.Ask(world_.service().state_machines(), &StateMachines::Create, create)
                ->outcome(),
            "ValidationException");
  world_.Start("m", "two");
  world_.Acknowledge();
  v1::SendTaskSuccessRequest success;
  success.set_task_token(world_.tokens().Mint(world_.OnlyTask()));
  success.set_output(large);
  EXPECT_EQ(world_.Ask(world_.service().tasks(), &Tasks::SendSuccess, success)->outcome(), "OK");
  EXPECT_EQ(world_.Describe("m/two").output(), large);
}

}  // namespace
}  // namespace towline::api
