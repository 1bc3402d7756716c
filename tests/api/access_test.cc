#include <functional>
#include <string>
#include <vector>

#include "tests/api/world.h"

namespace towline::api {
namespace {

using std::chrono::hours;

Caller User(const std::string& name) {
  return {.kind = Caller::Kind::kUser, .name = name, .until = kStart + hours{24}};
}

class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    world_.Create("m", kPass);
    world_.Create("other", kPass);
    world_.Create("m", kPass, "acme");
    world_.CreateActivity("a");
    world_.Start("m", "one", "", true);
  }

  std::string Grant(const std::string& principal, const std::string& role,
                    const std::string& tenant = "default", const std::string& prefix = "") {
    v1::GrantRequest request;
    request.mutable_grant()->set_principal(principal);
    request.mutable_grant()->set_role(role);
    request.mutable_grant()->set_tenant(tenant);
    request.mutable_grant()->set_machine_prefix(prefix);
    return world_.Ask(access_, &AccessControl::Grant, request)->outcome();
  }
  // As who is on the server's machine.
  void Given(const std::string& principal, const std::string& role,
             const std::string& tenant = "default", const std::string& prefix = "") {
    const Caller before = world_.caller();
    world_.set_caller({.kind = Caller::Kind::kLocal});
    EXPECT_EQ(Grant(principal, role, tenant, prefix), "OK");
    world_.set_caller(before);
  }
  std::string Start(const std::string& machine, const std::string& tenant = "") {
    v1::StartExecutionRequest request;
    request.set_state_machine(machine);
    return world_.Ask(world_.service().executions(), &Executions::Start, request, tenant)
        ->outcome();
  }

  // As who may see all of it.
  v1::ListAuditEntriesResponse Audit() {
    const Caller before = world_.caller();
    world_.set_caller({.kind = Caller::Kind::kLocal});
    v1::ListAuditEntriesRequest request;
    request.set_everywhere(true);
    request.set_max_results(1'000);
    auto done = world_.Ask(access_, &AccessControl::ListAuditEntries, request);
    world_.set_caller(before);
    return done->response;
  }

  // Every use case once: its name, the action it needs, and what it is answered.
  struct UseCase {
    const char* name;
    Action action;
    std::function<std::string()> run;
  };
  std::vector<UseCase> UseCases();
  std::vector<UseCase> OfMachinesAndExecutions();
  std::vector<UseCase> OfActivitiesAndWorkers();
  template <class Noun, class Method, class Request>
  std::function<std::string()> Asking(Noun& noun, Method method, Request request);

  World world_;
  AccessControl& access_ = world_.service().access();
};

template <class Noun, class Method, class Request>
std::function<std::string()> AccessTest::Asking(Noun& noun, Method method, Request request) {
  return [this, &noun, method, request] { return world_.Ask(noun, method, request)->outcome(); };
}

template <class Request>
Request OfMachine(const std::string& name) {
  Request request;
  request.set_state_machine(name);
  return request;
}
template <class Request>
Request OfActivity(const std::string& name) {
  Request request;
  request.set_activity(name);
  return request;
}
template <class Request>
Request OfMapRun() {
  Request request;
  request.set_map_run("0000-none");
  return request;
}
template <class Request>
Request OfWorker() {
  Request request;
  request.set_worker("w");
  return request;
}

std::vector<AccessTest::UseCase> AccessTest::OfMachinesAndExecutions() {
  StateMachines& machines = world_.service().state_machines();
  Executions& executions = world_.service().executions();
  v1::CreateStateMachineRequest create;
  create.set_name("m");
  create.set_definition(kPass);
  auto update = OfMachine<v1::UpdateStateMachineRequest>("m");
  update.set_definition(kPass);
  return {
      {"create", Action::kChangeMachines, Asking(machines, &StateMachines::Create, create)},
      {"update", Action::kChangeMachines, Asking(machines, &StateMachines::Update, update)},
      {"delete", Action::kChangeMachines,
       Asking(machines, &StateMachines::Delete, OfMachine<v1::DeleteStateMachineRequest>("gone"))},
      {"describe machine", Action::kViewMachines,
       Asking(machines, &StateMachines::Describe, OfMachine<v1::DescribeStateMachineRequest>("m"))},
      {"list machines", Action::kViewMachines,
       Asking(machines, &StateMachines::List, v1::ListStateMachinesRequest())},
      {"for execution", Action::kViewExecutions,
       Asking(machines, &StateMachines::DescribeForExecution,
              About<v1::DescribeStateMachineForExecutionRequest>("m/one"))},
      {"start", Action::kStartExecutions,
       Asking(executions, &Executions::Start, OfMachine<v1::StartExecutionRequest>("m"))},
      {"describe", Action::kViewExecutions,
       Asking(executions, &Executions::Describe, About<v1::DescribeExecutionRequest>("m/one"))},
      {"list", Action::kViewExecutions,
       Asking(executions, &Executions::List, v1::ListExecutionsRequest())},
      {"history", Action::kViewExecutions,
       Asking(executions, &Executions::GetHistory, About<v1::GetExecutionHistoryRequest>("m/one"))},
      {"stop", Action::kChangeExecutions,
       Asking(executions, &Executions::Stop, About<v1::StopExecutionRequest>("m/one"))},
      {"redrive", Action::kChangeExecutions,
       Asking(executions, &Executions::Redrive, About<v1::RedriveExecutionRequest>("m/one"))},
      {"map runs", Action::kViewExecutions,
       Asking(world_.service().map_runs(), &MapRuns::List, About<v1::ListMapRunsRequest>("m/one"))},
      {"describe map run", Action::kViewExecutions,
       Asking(world_.service().map_runs(), &MapRuns::Describe,
              OfMapRun<v1::DescribeMapRunRequest>())},
      {"update map run", Action::kChangeExecutions,
       Asking(world_.service().map_runs(), &MapRuns::Update, OfMapRun<v1::UpdateMapRunRequest>())},
      {"explain", Action::kViewExecutions,
       Asking(world_.service().explain(), &Explain::Execution,
              About<v1::ExplainExecutionRequest>("m/one"))},
  };
}

std::vector<AccessTest::UseCase> AccessTest::OfActivitiesAndWorkers() {
  Activities& activities = world_.service().activities();
  Workers& workers = world_.service().workers();
  v1::CreateActivityRequest create;
  create.set_name("a");
  return {
      {"create activity", Action::kChangeActivities,
       Asking(activities, &Activities::Create, create)},
      {"delete activity", Action::kChangeActivities,
       Asking(activities, &Activities::Delete, OfActivity<v1::DeleteActivityRequest>("gone"))},
      {"describe activity", Action::kViewActivities,
       Asking(activities, &Activities::Describe, OfActivity<v1::DescribeActivityRequest>("a"))},
      {"list activities", Action::kViewActivities,
       Asking(activities, &Activities::List, v1::ListActivitiesRequest())},
      {"poll", Action::kPollActivities,
       Asking(world_.service().tasks(), &Tasks::GetActivityTask,
              OfActivity<v1::GetActivityTaskRequest>("a"))},
      {"list workers", Action::kViewWorkers,
       Asking(workers, &Workers::List, v1::ListWorkersRequest())},
      {"describe worker", Action::kViewWorkers,
       Asking(workers, &Workers::Describe, OfWorker<v1::DescribeWorkerRequest>())},
      {"drain", Action::kChangeWorkers,
       Asking(workers, &Workers::Drain, OfWorker<v1::DrainWorkerRequest>())},
      {"forget", Action::kChangeWorkers,
       Asking(workers, &Workers::Forget, About<v1::ForgetTaskRequest>("m/one"))},
  };
}

std::vector<AccessTest::UseCase> AccessTest::UseCases() {
  std::vector<UseCase> all = OfMachinesAndExecutions();
  for (UseCase& one : OfActivitiesAndWorkers()) all.push_back(std::move(one));
  return all;
}

TEST_F(AccessTest, EveryRoleMayDoWhatItAllowsAndNothingElse) {
  for (const Role role :
       {Role::kViewer, Role::kStarter, Role::kWorker, Role::kOperator, Role::kAdmin}) {
    const std::string name = std::string("the-") + NameOf(role);
    Given(name, NameOf(role));
    world_.set_caller(User(name));
    for (const UseCase& use_case : UseCases()) {
      const bool denied = use_case.run() == "AccessDeniedException";
      EXPECT_EQ(denied, !Allows(role, use_case.action)) << name << ": " << use_case.name;
    }
  }
}

TEST_F(AccessTest, WithoutAGrantEverythingIsDenied) {
  world_.set_caller(User("nobody-special"));
  for (const UseCase& use_case : UseCases()) {
    EXPECT_EQ(use_case.run(), "AccessDeniedException") << use_case.name;
  }
}

TEST_F(AccessTest, WhoIsNotKnownIsToldSo) {
  const auto all = [this](const std::string& expected) {
    for (const UseCase& use_case : UseCases()) {
      EXPECT_EQ(use_case.run(), expected) << use_case.name;
    }
  };
  world_.set_caller({.kind = Caller::Kind::kNobody});
  all("UnrecognizedClientException");
  Given("ann", "admin", "*");
  Caller expired = User("ann");
  expired.until = kStart;
  world_.set_caller(expired);
  all("UnrecognizedClientException");
  world_.set_caller({.kind = Caller::Kind::kOther, .name = "default_ams"});
  all("AccessDeniedException");
}

TEST_F(AccessTest, ATenantIsAWall) {
  Given("ann", "admin", "acme");
  world_.set_caller(User("ann"));
  EXPECT_EQ(Start("m", "acme"), "OK");
  EXPECT_EQ(Start("arn:towline:states:local:acme:stateMachine:m"), "OK");
  // What is there and what is not look the same from outside.
  EXPECT_EQ(Start("m", "default"), "AccessDeniedException");
  EXPECT_EQ(Start("gone", "default"), "AccessDeniedException");
  EXPECT_EQ(Start("m", "nowhere"), "AccessDeniedException");
  EXPECT_EQ(Start("gone", "acme"), "StateMachineDoesNotExist");
}

TEST_F(AccessTest, APrefixIsAllThatIsSeen) {
  Given("ann", "starter", "default", "m");
  world_.set_caller(User("ann"));
  EXPECT_EQ(Start("m"), "OK");
  EXPECT_EQ(Start("other"), "AccessDeniedException");
  const auto machines = world_.Ask(world_.service().state_machines(), &StateMachines::List,
                                   v1::ListStateMachinesRequest());
  ASSERT_EQ(machines->response.state_machines_size(), 1);
  EXPECT_EQ(machines->response.state_machines(0).name(), "m");
  world_.set_caller({.kind = Caller::Kind::kLocal});
  world_.Start("other", "hidden", "", true);
  world_.set_caller(User("ann"));
  const auto executions =
      world_.Ask(world_.service().executions(), &Executions::List, v1::ListExecutionsRequest());
  EXPECT_EQ(executions->response.executions_size(), 2);
  for (const v1::Execution& execution : executions->response.executions()) {
    EXPECT_EQ(execution.state_machine_arn(), "arn:towline:states:local:default:stateMachine:m");
  }
}

TEST_F(AccessTest, AnAdminGivesAccessInHisTenantOnly) {
  Given("ann", "admin", "acme");
  Given("bob", "operator", "*");
  world_.set_caller(User("ann"));
  EXPECT_EQ(Grant("eve", "viewer", "acme"), "OK");
  EXPECT_EQ(Grant("eve", "viewer", "default"), "AccessDeniedException");
  EXPECT_EQ(Grant("eve", "admin", "*"), "AccessDeniedException");
  EXPECT_EQ(Grant("eve", "king", "acme"), "ValidationException");
  EXPECT_EQ(Grant("default_ams", "viewer", "acme"), "ValidationException");
  const auto seen = world_.Ask(access_, &AccessControl::ListGrants, v1::ListGrantsRequest());
  EXPECT_EQ(seen->response.grants_size(), 2) << "of acme, not of everywhere";
  world_.set_caller(User("bob"));
  EXPECT_EQ(Grant("bob", "admin", "acme"), "AccessDeniedException") << "nobody raises himself";
  world_.set_caller(User("eve"));
  const auto own = world_.Ask(access_, &AccessControl::ListGrants, v1::ListGrantsRequest());
  EXPECT_EQ(own->response.grants_size(), 1) << "one sees one's own";
}

TEST_F(AccessTest, WhatIsTakenBackIsGoneAtOnce) {
  Given("ann", "starter");
  world_.set_caller(User("ann"));
  EXPECT_EQ(Start("m"), "OK");
  world_.set_caller({.kind = Caller::Kind::kLocal});
  v1::RevokeRequest revoke;
  revoke.mutable_grant()->set_principal("ann");
  revoke.mutable_grant()->set_role("starter");
  revoke.mutable_grant()->set_tenant("default");
  EXPECT_EQ(world_.Ask(access_, &AccessControl::Revoke, revoke)->outcome(), "OK");
  EXPECT_EQ(world_.Ask(access_, &AccessControl::Revoke, revoke)->outcome(), "ResourceNotFound");
  world_.set_caller(User("ann"));
  EXPECT_EQ(Start("m"), "AccessDeniedException");
}

TEST_F(AccessTest, ATokenProvesWhoItsBearerIsUntilItExpires) {
  Given("robot", "starter");
  v1::CreateTokenRequest create;
  create.set_principal("robot");
  create.set_life_seconds(3600);
  const auto made = world_.Ask(access_, &AccessControl::CreateToken, create);
  ASSERT_EQ(made->outcome(), "OK");
  const std::string secret = made->response.secret();
  const auto with = [this](const std::string& bearer) {
    world_.set_caller({.kind = Caller::Kind::kNobody, .bearer = bearer});
    return Start("m");
  };
  EXPECT_EQ(with(secret), "OK");
  for (std::size_t i = 0; i < secret.size(); i += 7) {
    std::string forged = secret;
    forged[i] = forged[i] == 'a' ? 'b' : 'a';
    EXPECT_EQ(with(forged), "UnrecognizedClientException") << i;
    EXPECT_EQ(with(secret.substr(0, i) + " "), "UnrecognizedClientException") << i;
  }
  world_.Advance(Seconds{3599});
  EXPECT_EQ(with(secret), "OK");
  world_.Advance(Seconds{1});
  EXPECT_EQ(with(secret), "UnrecognizedClientException");
}

TEST_F(AccessTest, TokensAreMadeForOneselfOrByWhoRulesEverywhere) {
  v1::CreateTokenRequest create;
  create.set_principal("ann");
  create.set_life_seconds(60);
  Given("bob", "admin", "default");
  world_.set_caller(User("bob"));
  EXPECT_EQ(world_.Ask(access_, &AccessControl::CreateToken, create)->outcome(),
            "AccessDeniedException");
  world_.set_caller(User("ann"));
  const auto own = world_.Ask(access_, &AccessControl::CreateToken, create);
  ASSERT_EQ(own->outcome(), "OK");
  for (const std::int64_t life : {std::int64_t{59}, std::int64_t{-1}, std::int64_t{31'536'001}}) {
    create.set_life_seconds(life);
    EXPECT_EQ(world_.Ask(access_, &AccessControl::CreateToken, create)->outcome(),
              "ValidationException");
  }
  world_.set_caller(User("bob"));
  v1::RevokeTokenRequest revoke;
  revoke.set_id(own->response.token().id());
  EXPECT_EQ(world_.Ask(access_, &AccessControl::RevokeToken, revoke)->outcome(),
            "AccessDeniedException");
  EXPECT_EQ(world_.Ask(access_, &AccessControl::ListTokens, v1::ListTokensRequest())
                ->response.tokens_size(),
            0);
  world_.set_caller(User("ann"));
  EXPECT_EQ(world_.Ask(access_, &AccessControl::ListTokens, v1::ListTokensRequest())
                ->response.tokens_size(),
            1);
  EXPECT_EQ(world_.Ask(access_, &AccessControl::RevokeToken, revoke)->outcome(), "OK");
  world_.set_caller({.kind = Caller::Kind::kNobody, .bearer = own->response.secret()});
  EXPECT_EQ(Start("m"), "UnrecognizedClientException");
}

TEST_F(AccessTest, WhatSomebodyWantsToChangeAndWhatIsDeniedIsWrittenDown) {
  Caller stranger = User("stranger");
  stranger.peer = "ipv4:10.0.0.7:1";
  stranger.proof = "certificate";
  for (const UseCase& use_case : UseCases()) {
    world_.set_caller(stranger);
    use_case.run();
    v1::AuditEntry last = Audit().entries(0);
    EXPECT_EQ(last.action(), NameOf(use_case.action)) << use_case.name;
    EXPECT_EQ(last.principal() + last.proof() + last.peer(), "strangercertificateipv4:10.0.0.7:1");
    EXPECT_FALSE(last.allowed()) << use_case.name;
    EXPECT_EQ(last.reason().substr(0, 12), "needs to be ") << use_case.name;
  }
  world_.set_caller({.kind = Caller::Kind::kLocal, .proof = "local"});
  const int before = Audit().entries_size();
  EXPECT_EQ(Start("m"), "OK");
  world_.Ask(world_.service().executions(), &Executions::List, v1::ListExecutionsRequest());
  v1::ListAuditEntriesResponse after = Audit();
  EXPECT_EQ(after.entries_size(), before + 1) << "who only looks is not written down";
  EXPECT_EQ(after.entries(0).action() + " " + after.entries(0).object(), "executions:start m");
  EXPECT_TRUE(after.entries(0).allowed());
  Given("bob", "starter", "acme", "m");
  EXPECT_EQ(Audit().entries(0).object(), "bob starter m");
  world_.set_caller({.kind = Caller::Kind::kNobody, .bearer = "towline_x"});
  EXPECT_EQ(Start("m"), "UnrecognizedClientException");
  EXPECT_EQ(Audit().entries(0).action(), "identify");
}

TEST_F(AccessTest, AnAdminSeesTheAuditLogOfHisTenantOnly) {
  Given("ann", "admin", "acme");
  Given("bob", "operator", "acme");
  v1::ListAuditEntriesRequest request;
  const auto outcome = [&](const std::string& who, const std::string& tenant) {
    world_.set_caller(User(who));
    return world_.Ask(access_, &AccessControl::ListAuditEntries, request, tenant);
  };
  EXPECT_EQ(outcome("bob", "acme")->outcome(), "AccessDeniedException");
  EXPECT_EQ(outcome("ann", "default")->outcome(), "AccessDeniedException");
  const auto own = outcome("ann", "acme");
  ASSERT_EQ(own->outcome(), "OK");
  ASSERT_GE(own->response.entries_size(), 3);  // Bob wanted to see it, and two grants
  for (const v1::AuditEntry& entry : own->response.entries()) EXPECT_EQ(entry.tenant(), "acme");
  request.set_denied(true);
  request.set_principal("bob");
  EXPECT_EQ(outcome("ann", "acme")->response.entries_size(), 1);
  request.set_everywhere(true);
  EXPECT_EQ(outcome("ann", "acme")->outcome(), "AccessDeniedException");
  request.set_everywhere(false);
  request.set_max_results(1'001);
  EXPECT_EQ(outcome("ann", "acme")->outcome(), "ValidationException");
}

TEST_F(AccessTest, ADecisionIsExplained) {
  Given("ann", "starter", "acme", "m");
  const auto check = [this](const std::string& action, const std::string& tenant,
                            const std::string& machine) {
    v1::CheckAccessRequest request;
    request.set_principal("ann");
    request.set_action(action);
    request.set_tenant(tenant);
    request.set_machine(machine);
    return world_.Ask(access_, &AccessControl::Check, request);
  };
  EXPECT_TRUE(check("executions:start", "acme", "m1")->response.allowed());
  EXPECT_EQ(check("executions:start", "acme", "m1")->response.reason(),
            "starter in tenant acme, state machines m…");
  const auto denied = check("executions:change", "acme", "m1");
  EXPECT_FALSE(denied->response.allowed());
  EXPECT_EQ(denied->response.reason(),
            "needs to be operator or admin in tenant acme for the state machine m1");
  EXPECT_EQ(check("dance", "acme", "")->outcome(), "ValidationException");
  world_.set_caller(User("bob"));
  EXPECT_EQ(check("executions:start", "acme", "m")->outcome(), "AccessDeniedException");
  world_.set_caller(User("ann"));
  EXPECT_EQ(check("executions:start", "acme", "m")->outcome(), "OK") << "about oneself";
}

}  // namespace
}  // namespace towline::api
