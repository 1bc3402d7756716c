#include "tests/api/world.h"

namespace towline::api {
namespace {

class ExecutionsTest : public testing::Test {
 protected:
  Answer<v1::StopExecutionResponse> Stop(const std::string& execution) {
    auto request = About<v1::StopExecutionRequest>(execution);
    request.set_error("Enough");
    request.set_cause("because");
    return world_.Ask(executions_, &Executions::Stop, request);
  }
  std::string List(v1::ListExecutionsRequest request) {
    std::string names;
    do {
      const auto page = world_.Ask(executions_, &Executions::List, request);
      if (page->outcome() != "OK") return page->outcome();
      for (const auto& execution : page->response.executions()) names += execution.name();
      names += "|";
      request.set_next_token(page->response.next_token());
    } while (!request.next_token().empty());
    return names;
  }

  World world_{{.partitions = 3}};
  Executions& executions_ = world_.service().executions();
};

TEST_F(ExecutionsTest, StartAnswersWhenItIsDurable) {
  world_.Create("m", kWait);
  const auto started = world_.Start("m", "one", R"({"a":1})");
  ASSERT_EQ(started->outcome(), "OK");
  EXPECT_EQ(started->response.execution_arn(), "arn:towline:states:local:default:execution:m:one");
  EXPECT_EQ(started->response.status(), v1::EXECUTION_STATUS_RUNNING);
  EXPECT_FALSE(started->response.has_output());
  const v1::Execution execution = world_.Describe("m/one");
  EXPECT_EQ(execution.input(), R"({"a":1})");
  EXPECT_EQ(execution.start_time().seconds(), started->response.start_time().seconds());
  EXPECT_FALSE(execution.has_stop_time());
}

TEST_F(ExecutionsTest, StartIsIdempotentWhileItRuns) {
  world_.Create("m", kWait);
  const auto first = world_.Start("m", "one", R"({"a":1})");
  world_.Advance(Seconds{5});
  const auto again = world_.Start("m", "one", R"({ "a" : 1 })");
  EXPECT_EQ(again->outcome(), "OK") << "equal JSON, not equal text";
  EXPECT_EQ(again->response.start_time().seconds(), first->response.start_time().seconds());
  const auto other = world_.Start("m", "one", R"({"a":2})");
  EXPECT_EQ(other->outcome(), "ExecutionAlreadyExists");
  EXPECT_NE(other->error->message.find("Execution Already Exists: 'arn:towline:"),
            std::string::npos);
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Start("m", "one", R"({"a":1})")->outcome(), "ExecutionAlreadyExists");
}

TEST_F(ExecutionsTest, WithoutNameAndInputTheyAreMadeUp) {
  world_.Create("m", kPass);
  const auto first = world_.Start("m");
  const auto second = world_.Start("m");
  EXPECT_NE(first->response.execution_arn(), second->response.execution_arn());
  EXPECT_EQ(world_.Describe(first->response.execution_arn()).input(), "{}");
}

TEST_F(ExecutionsTest, ABadInputIsRefusedWithItsPlace) {
  world_.Create("m", kPass);
  const auto answer = world_.Start("m", "one", "{\n  'not': 1\n}");
  EXPECT_EQ(answer->outcome(), "InvalidExecutionInput");
  EXPECT_NE(answer->error->message.find("line 2, column 3"), std::string::npos)
      << answer->error->message;
  EXPECT_EQ(world_.Start("m", "one", "not some json")->outcome(), "InvalidExecutionInput");
  const auto large = world_.Start("m", "one", '"' + std::string(4 << 20, 'x') + '"');
  EXPECT_EQ(large->outcome(), "InvalidExecutionInput");
  EXPECT_NE(large->error->message.find("4194306 bytes"), std::string::npos);
}

TEST_F(ExecutionsTest, StartRefusesWhatIsNotThere) {
  EXPECT_EQ(world_.Start("m")->outcome(), "StateMachineDoesNotExist");
  EXPECT_EQ(world_.Start("")->outcome(), "MissingRequiredParameter");
  world_.Create("m", kPass);
  EXPECT_EQ(world_.Start("m", "a b")->outcome(), "InvalidName");
  EXPECT_EQ(world_.Start("m", "", "", false, "acme")->outcome(), "StateMachineDoesNotExist");
}

TEST_F(ExecutionsTest, AFullInboxIsAnsweredBusy) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  world_.set_busy(true);
  const auto start = world_.Start("m");
  EXPECT_EQ(start->outcome(), "Busy");
  EXPECT_EQ(start->error->code, Error::Code::kResourceExhausted);
  EXPECT_EQ(Stop("m/one")->outcome(), "Busy");
  world_.set_busy(false);
  EXPECT_EQ(world_.Start("m")->outcome(), "OK");
}

TEST_F(ExecutionsTest, WaitingForTheEndIsOneCall) {
  world_.Create("m", kWait);
  const auto waiting = world_.Start("m", "one", R"({"a":1})", true);
  EXPECT_FALSE(waiting->done);
  world_.Advance(Seconds{60});
  ASSERT_EQ(waiting->outcome(), "OK");
  EXPECT_EQ(waiting->response.status(), v1::EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(waiting->response.output(), R"({"a":1})");
  EXPECT_TRUE(waiting->response.has_stop_time());
  world_.Create("quick", kPass);
  EXPECT_EQ(world_.Start("quick", "", "[1]", true)->response.output(), "[1]");
}

TEST_F(ExecutionsTest, WaitersThatLeaveAreDroppedAndTheExecutionGoesOn) {
  world_.Create("m", kWait);
  auto waiting = world_.Start("m", "one", "", true);
  const std::weak_ptr<TestCall<v1::StartExecutionResponse>> trace = waiting;
  waiting->Leave();
  world_.Settle();
  waiting.reset();
  EXPECT_TRUE(trace.expired()) << "the partition must not keep calls that nobody waits for";
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Describe("m/one").status(), v1::EXECUTION_STATUS_SUCCEEDED);
}

TEST_F(ExecutionsTest, AFailureIsAnAnswerNotAnError) {
  world_.Create("m", R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})");
  const auto answer = world_.Start("m", "one", "", true);
  ASSERT_EQ(answer->outcome(), "OK");
  EXPECT_EQ(answer->response.status(), v1::EXECUTION_STATUS_FAILED);
  EXPECT_EQ(answer->response.error(), "E");
  EXPECT_EQ(answer->response.cause(), "C");
  EXPECT_FALSE(answer->response.has_output());
  const v1::Execution execution = world_.Describe("m/one");
  EXPECT_EQ(execution.error(), "E");
  EXPECT_EQ(execution.cause(), "C");
  EXPECT_FALSE(execution.has_output());
}

TEST_F(ExecutionsTest, DescribeCanLeavePayloadsOut) {
  world_.Create("m", kPass);
  world_.Start("m", "one", "[1]");
  auto request = About<v1::DescribeExecutionRequest>("m/one");
  request.set_metadata_only(true);
  const auto answer = world_.Ask(executions_, &Executions::Describe, request);
  EXPECT_FALSE(answer->response.has_input());
  EXPECT_FALSE(answer->response.has_output());
  EXPECT_EQ(answer->response.status(), v1::EXECUTION_STATUS_SUCCEEDED);
  request.set_execution("m/none");
  EXPECT_EQ(world_.Ask(executions_, &Executions::Describe, request)->outcome(),
            "ExecutionDoesNotExist");
  request.set_execution("none");
  EXPECT_EQ(world_.Ask(executions_, &Executions::Describe, request)->outcome(), "InvalidArn");
}

TEST_F(ExecutionsTest, StopEndsItOnce) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  const auto stopped = Stop("m/one");
  ASSERT_EQ(stopped->outcome(), "OK");
  EXPECT_EQ(stopped->response.status(), v1::EXECUTION_STATUS_ABORTED);
  world_.Advance(Seconds{120});
  const v1::Execution execution = world_.Describe("m/one");
  EXPECT_EQ(execution.status(), v1::EXECUTION_STATUS_ABORTED) << "nothing overwrites it";
  EXPECT_EQ(execution.error(), "Enough");
  EXPECT_EQ(execution.cause(), "because");
  const auto again = Stop("m/one");
  EXPECT_EQ(again->outcome(), "OK");
  EXPECT_EQ(again->response.stop_time().seconds(), stopped->response.stop_time().seconds());
  EXPECT_EQ(Stop("m/two")->outcome(), "ExecutionDoesNotExist");
}

TEST_F(ExecutionsTest, StopRefusesTextsThatAreTooLong) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  auto request = About<v1::StopExecutionRequest>("m/one");
  request.set_error(std::string(257, 'e'));
  EXPECT_EQ(world_.Ask(executions_, &Executions::Stop, request)->outcome(), "ValidationException");
  request.set_error("e");
  request.set_cause(std::string(32'769, 'c'));
  EXPECT_EQ(world_.Ask(executions_, &Executions::Stop, request)->outcome(), "ValidationException");
}

// Names hash onto three partitions; the order is by start all the same.
TEST_F(ExecutionsTest, ListsNewestFirstOverAllPartitions) {
  world_.Create("m", kPass);
  world_.Create("other", kWait);
  std::string newest_first;
  for (const char name : std::string("abcdefgh")) {
    world_.Start("m", std::string(1, name));
    newest_first.insert(0, 1, name);
    world_.Advance(Seconds{1});
  }
  v1::ListExecutionsRequest request;
  request.set_state_machine("m");
  EXPECT_EQ(List(request), newest_first + "|");
  request.set_max_results(3);
  EXPECT_EQ(List(request), "hgf|edc|ba|");
  request.set_max_results(4);
  EXPECT_EQ(List(request), "hgfe|dcba|") << "no empty last page";
}

TEST_F(ExecutionsTest, ListsByStatusAndMachine) {
  world_.Create("m", kPass);
  world_.Create("w", kWait);
  world_.Start("m", "a");
  world_.Advance(Seconds{1});
  world_.Start("w", "b");
  v1::ListExecutionsRequest request;
  EXPECT_EQ(List(request), "ba|");
  request.set_status(v1::EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(List(request), "b|");
  request.set_status(v1::EXECUTION_STATUS_FAILED);
  EXPECT_EQ(List(request), "|");
  request.set_status(static_cast<v1::ExecutionStatus>(77));
  EXPECT_EQ(List(request), "ValidationException");
  request.clear_status();
  request.set_state_machine("none");
  EXPECT_EQ(List(request), "StateMachineDoesNotExist");
}

TEST_F(ExecutionsTest, AListingGoesOnWhereItWasWhileOthersStart) {
  world_.Create("m", kPass);
  for (const char* name : {"a", "b", "c"}) {
    world_.Start("m", name);
    world_.Advance(Seconds{1});
  }
  v1::ListExecutionsRequest request;
  request.set_max_results(2);
  const auto page = world_.Ask(executions_, &Executions::List, request);
  world_.Start("m", "late");
  request.set_next_token(page->response.next_token());
  EXPECT_EQ(List(request), "a|");
  request.set_status(v1::EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(List(request), "InvalidToken") << "another question";
}

// The store breaks while something is read: an answer, and the next reader is a new one.
TEST(BrokenStoreTest, IsAnsweredUnavailable) {
  class Broken final : public store::Queries {
   public:
    Broken(std::unique_ptr<store::Queries> inner, bool* broken)
        : inner_(std::move(inner)), broken_(broken) {}
    std::optional<store::ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                            std::string_view name) override {
      if (*broken_) throw store::StoreError("disk I/O error");
      return inner_->Find(tenant, machine, name);
    }
    std::optional<store::ExecutionRow> Get(store::ExecutionKey key) override {
      return inner_->Get(key);
    }
    void Steps(store::ExecutionKey key, std::uint64_t from,
               const std::function<bool(const store::StepRow&)>& visit) override {
      inner_->Steps(key, from, visit);
    }
    void StepsBackwards(store::ExecutionKey key, std::uint64_t from,
                        const std::function<bool(const store::StepRow&)>& visit) override {
      inner_->StepsBackwards(key, from, visit);
    }
    std::optional<store::SnapshotRow> Snapshot(store::ExecutionKey) override { return {}; }
    std::optional<store::TaskRow> Task(store::TaskKey) override { return {}; }
    std::vector<store::TaskRow> Tasks(store::ExecutionKey) override { return {}; }
    std::vector<store::TimerRow> Timers(store::ExecutionKey) override { return {}; }
    std::vector<store::EvidenceRow> Evidence(store::ExecutionKey) override { return {}; }
    std::optional<store::MapRunRow> MapRun(store::MapRunKey) override { return {}; }
    std::optional<store::MapRunRow> FindMapRun(std::string_view) override { return {}; }
    std::vector<store::MapRunRow> MapRuns(store::ExecutionKey) override { return {}; }
    void Children(store::MapRunKey, std::uint64_t,
                  const std::function<bool(const store::ExecutionRow&)>&) override {}
    std::vector<store::ExecutionRow> List(const ListFilter&) override { return {}; }
    std::int64_t CountRunning(std::string_view, std::string_view) override { return 0; }
    bool RevisionInUse(std::string_view) override { return true; }
    bool PayloadInUse(std::string_view) override { return true; }

   private:
    std::unique_ptr<store::Queries> inner_;
    bool* const broken_;
  };
  bool broken = false;
  int opened = 0;
  World world({.wrap_reader = [&](std::unique_ptr<store::Queries> inner) {
    ++opened;
    return std::make_unique<Broken>(std::move(inner), &broken);
  }});
  world.Create("m", kPass);
  world.Start("m", "one");
  EXPECT_EQ(world.Describe("m/one").status(), v1::EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(opened, 1) << "readers are used again";
  broken = true;
  const auto answer = world.Ask(world.service().executions(), &Executions::Describe,
                                About<v1::DescribeExecutionRequest>("m/one"));
  EXPECT_EQ(answer->outcome(), "ServiceUnavailable");
  EXPECT_NE(answer->error->message.find("disk I/O error"), std::string::npos);
  broken = false;
  EXPECT_EQ(world.Describe("m/one").status(), v1::EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(opened, 2) << "the one that threw is not used again";
}

}  // namespace
}  // namespace towline::api
