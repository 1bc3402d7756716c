#include <algorithm>
#include <set>

#include "statemachines/base/json.h"
#include "tests/api/world.h"

namespace towline::api {
namespace {

// Everything that a page needs context for: a Map around a Parallel, a retried job, a Wait.
const char* const kMixed = R"({"StartAt":"Each","States":{
  "Each":{"Type":"Map","Next":"Add","ItemProcessor":{"StartAt":"Both","States":{
    "Both":{"Type":"Parallel","End":true,"Branches":[
      {"StartAt":"Skip","States":{"Skip":{"Type":"Pass","End":true}}},
      {"StartAt":"Rest","States":{"Rest":{"Type":"Wait","Seconds":5,"End":true}}}]}}}},
  "Add":{"Type":"Task","Resource":"arn:towline:states:::job:run",
    "Parameters":{"JobType":"add","Payload.$":"$"},
    "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":2,"MaxAttempts":1}],"End":true}}})";

using Request = v1::GetExecutionHistoryRequest;

class HistoryTest : public testing::Test {
 protected:
  Answer<v1::GetExecutionHistoryResponse> Get(const Request& request,
                                              const std::string& tenant = "") {
    return world_.Ask(world_.service().executions(), &Executions::GetHistory, request, tenant);
  }
  // All pages, one after another.
  std::vector<std::string> Read(Request request, int* pages = nullptr) {
    std::vector<std::string> events;
    do {
      const auto page = Get(request);
      EXPECT_EQ(page->outcome(), "OK");
      if (page->outcome() != "OK") break;
      for (const auto& event : page->response.events()) {
        events.push_back(event.ShortDebugString());
      }
      if (pages != nullptr) ++*pages;
      request.set_next_token(page->response.next_token());
    } while (!request.next_token().empty());
    return events;
  }
  // One execution of kMixed that has ended; its first job fails, its second succeeds.
  void RunMixed() {
    world_.Create("m", kMixed);
    world_.Announce("w1", "add");
    ASSERT_EQ(world_.Start("m", "one", "[1,2,3]")->outcome(), "OK");
    world_.Advance(Seconds{5});
    for (const bool succeeds : {false, true}) {
      const auto offers = world_.TakeOffers();
      ASSERT_EQ(offers.size(), 1U);
      world_.Finish("w1", {.token = offers[0].token,
                           .attempt = offers[0].attempt,
                           .outcome = succeeds ? jobs::JobResult::Outcome::kSucceeded
                                               : jobs::JobResult::Outcome::kFailed,
                           .output = R"({"sum":6})",
                           .error = "Site.OutOfPaper"});
      world_.Advance(Seconds{2});
    }
    ASSERT_EQ(world_.Describe("m/one").status(), v1::EXECUTION_STATUS_SUCCEEDED);
  }

  World world_;
};

TEST_F(HistoryTest, IdsHaveNoGapsAndEveryCauseComesBefore) {
  RunMixed();
  std::uint64_t id = 0;
  for (const auto& event : world_.History("m/one")) {
    EXPECT_EQ(event.id(), ++id);
    EXPECT_LT(event.previous_event_id(), event.id());
    EXPECT_TRUE(ParseJson(event.details())) << event.details();
  }
  EXPECT_GT(id, 40U);
}

// Whatever the size of a page, in either direction, with or without our own events: the same
// events with the same details, each once.
TEST_F(HistoryTest, PagesOfAnySizeAddUpToTheWhole) {
  RunMixed();
  for (const bool full : {false, true}) {
    auto request = About<Request>("m/one");
    request.set_full(full);
    request.set_max_results(1000);
    const std::vector<std::string> whole = Read(request);
    for (const bool reverse : {false, true}) {
      std::vector<std::string> expected = whole;
      if (reverse) std::reverse(expected.begin(), expected.end());
      request.set_reverse_order(reverse);
      for (const int size : {1, 2, 3, 7, static_cast<int>(whole.size())}) {
        request.set_max_results(size);
        int pages = 0;
        EXPECT_EQ(Read(request, &pages), expected) << size << (reverse ? " backwards" : "");
        const int count = static_cast<int>(whole.size());
        // Own events are skipped inside a page, so a last page may turn out to be empty.
        EXPECT_GE(pages, (count + size - 1) / size);
        EXPECT_LE(pages, (count + size - 1) / size + 1);
      }
    }
  }
}

// A listing that began before an event goes on to show it.
TEST_F(HistoryTest, PagesGoOnWhileTheExecutionDoes) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  auto request = About<Request>("m/one");
  request.set_max_results(1);
  const auto first = Get(request);
  ASSERT_FALSE(first->response.next_token().empty());
  world_.Advance(Seconds{60});
  request.set_next_token(first->response.next_token());
  std::string types;
  const std::vector<std::string> rest = Read(request);
  EXPECT_EQ(rest.size(), 3U) << "entered, exited, succeeded";
}

TEST_F(HistoryTest, DataCanBeLeftOut) {
  world_.Create("m", kPass);
  world_.Start("m", "one", R"({"secret":42})");
  auto request = About<Request>("m/one");
  const auto text = [&] { return Get(request)->response.ShortDebugString(); };
  EXPECT_NE(text().find("secret"), std::string::npos);
  request.set_exclude_data(true);
  EXPECT_EQ(text().find("secret"), std::string::npos) << text();
  EXPECT_NE(text().find("PassStateEntered"), std::string::npos);
  EXPECT_NE(text().find("A"), std::string::npos) << "names of states are no payload";
}

TEST_F(HistoryTest, FullShowsOurOwnEventsWithoutAnId) {
  RunMixed();
  auto request = About<Request>("m/one");
  request.set_max_results(1000);
  request.set_full(true);
  std::multiset<std::string> own;
  std::uint64_t seq = 0;
  const auto answer = Get(request);
  for (const auto& event : answer->response.events()) {
    EXPECT_EQ(event.seq(), ++seq);
    if (event.id() == 0) own.insert(event.type());
  }
  EXPECT_EQ(own.count("WaitStarted"), 3U);
  EXPECT_EQ(own.count("RetryScheduled"), 1U);
  request.set_full(false);
  const auto shown = Get(request);
  for (const auto& event : shown->response.events()) EXPECT_NE(event.id(), 0U);
}

TEST_F(HistoryTest, EvidenceStandsOnTheFirstFullPage) {
  world_.Create("m", kJob);
  world_.Announce("w1", "add");
  world_.Start("m", "one");
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  world_.Finish("w1", {.token = offers[0].token, .attempt = 1, .output = "1"});
  world_.Finish("w1", {.token = offers[0].token, .attempt = 1, .output = "2"});  // too late
  auto request = About<Request>("m/one");
  request.set_max_results(2);
  EXPECT_EQ(Get(request)->response.evidence_size(), 0) << "only with full";
  request.set_full(true);
  const auto page = Get(request);
  ASSERT_EQ(page->response.evidence_size(), 1);
  const v1::Evidence& evidence = page->response.evidence(0);
  EXPECT_EQ(evidence.worker(), "default_w1");
  EXPECT_EQ(evidence.what(), "result succeeded");
  EXPECT_EQ(evidence.data(), "2");
  request.set_next_token(page->response.next_token());
  EXPECT_EQ(Get(request)->response.evidence_size(), 0);
}

TEST_F(HistoryTest, ATaskTokenIsShownByItsFingerprintOnly) {
  world_.Create("m", kCallback);
  world_.Start("m", "one");
  const std::string token = world_.tokens().Mint(world_.OnlyTask());
  std::string all;
  for (const auto& event : world_.History("m/one")) all += event.details();
  EXPECT_EQ(all.find(token), std::string::npos);
  EXPECT_EQ(all.find("towline-task-token"), std::string::npos) << "nor our placeholder";
  EXPECT_NE(all.find("token:" + engine::Tokens::Fingerprint(token)), std::string::npos) << all;
}

TEST_F(HistoryTest, AForeignTokenIsRefused) {
  RunMixed();
  world_.Start("m", "two", "[1]");
  auto request = About<Request>("m/one");
  request.set_max_results(3);
  const std::string token = Get(request)->response.next_token();
  ASSERT_FALSE(token.empty());
  request.set_next_token(token);
  request.set_exclude_data(true);
  EXPECT_EQ(Get(request)->outcome(), "OK") << "what data is shown may change between pages";
  request.set_reverse_order(true);
  EXPECT_EQ(Get(request)->outcome(), "InvalidToken");
  request.set_reverse_order(false);
  request.set_full(true);
  EXPECT_EQ(Get(request)->outcome(), "InvalidToken");
  request.set_full(false);
  request.set_execution("m/two");
  EXPECT_EQ(Get(request)->outcome(), "InvalidToken");
  request.set_execution("m/one");
  request.set_next_token(token + "A");
  EXPECT_EQ(Get(request)->outcome(), "InvalidToken");
  request.set_next_token(token);
  world_.Advance(std::chrono::hours{25});
  EXPECT_EQ(Get(request)->outcome(), "InvalidToken");
}

TEST_F(HistoryTest, WhatIsNotThereIsRefused) {
  world_.Create("m", kPass);
  world_.Start("m", "one");
  EXPECT_EQ(Get(About<Request>("m/none"))->outcome(), "ExecutionDoesNotExist");
  EXPECT_EQ(Get(About<Request>("one"))->outcome(), "InvalidArn");
  EXPECT_EQ(Get(About<Request>("m/one"), "acme")->outcome(), "ExecutionDoesNotExist");
  auto request = About<Request>("m/one");
  for (const int size : {-1, 1001}) {
    request.set_max_results(size);
    EXPECT_EQ(Get(request)->outcome(), "ValidationException") << size;
  }
}

}  // namespace
}  // namespace towline::api
