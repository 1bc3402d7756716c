// What a definition calls Sensitive, and task tokens, are shown by no answer of the service.

#include "orchestrator/api/sensitive.h"

#include "orchestrator/api/watcher.h"
#include "statemachines/asl/parser.h"
#include "statemachines/base/json.h"
#include "tests/api/world.h"

namespace towline::api {
namespace {

// The password gets a variable, another name, and a job that talks about it.
const char* const kMachine = R"({"Sensitive":["$.password","$.card.number","$.pin"],
  "StartAt":"Keep","States":{
  "Keep":{"Type":"Pass","Assign":{"password.$":"$.password"},"Next":"Add"},
  "Add":{"Type":"Task","Resource":"arn:towline:states:::job:run","TimeoutSeconds":600,
    "Parameters":{"JobType":"add","Payload":{"auth.$":"$.password","all.$":"$"}},
    "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":60,"MaxAttempts":1}],"End":true}}})";
const char* const kInput =
    R"({"password":"hunter22","card":{"number":4111111111111111,"name":"Ann"},"pin":"12"})";

bool Tells(const std::string& text) {
  for (const char* const secret : {"hunter22", "4111111111111111", "\"12\"", "aHVudGVyMj"}) {
    if (text.find(secret) != std::string::npos) return true;
  }
  return false;
}

class SensitiveTest : public testing::Test {
 protected:
  SensitiveTest() {
    world_.Create("m", kMachine);
    world_.Announce("w1", "add");
  }
  std::string Describe(const std::string& execution) {
    return world_.Describe(execution).DebugString();
  }
  std::string Why(const std::string& execution) {
    const auto answer = world_.Ask(world_.service().explain(), &Explain::Execution,
                                   About<v1::ExplainExecutionRequest>(execution));
    EXPECT_EQ(answer->outcome(), "OK");
    return answer->response.DebugString();
  }
  // All pages of a size, our own events and the evidence included.
  std::string History(const std::string& execution, int size) {
    auto request = About<v1::GetExecutionHistoryRequest>(execution);
    request.set_max_results(size);
    request.set_full(true);
    std::string text;
    do {
      const auto page = world_.Ask(world_.service().executions(), &Executions::GetHistory, request);
      EXPECT_EQ(page->outcome(), "OK");
      text += page->response.DebugString();
      request.set_next_token(page->response.next_token());
    } while (!request.next_token().empty());
    return text;
  }
  std::shared_ptr<Watcher> Watch(const std::string& execution) {
    const auto watcher = world_.service().executions().Watch(
        {"", world_.caller()}, About<v1::WatchExecutionRequest>(execution), [] {});
    EXPECT_TRUE(watcher);
    return *watcher;
  }
  static std::string Seen(Watcher& watcher) {
    std::string text;
    v1::WatchExecutionResponse message;
    while (watcher.Next(&message) == Watcher::Pull::kMessage) text += message.DebugString();
    return text;
  }
  jobs::Offer Offered() {
    const auto offers = world_.TakeOffers();
    EXPECT_EQ(offers.size(), 1U);
    return offers.at(0);
  }
  void Progress(const jobs::Offer& offer, const std::string& message) {
    using Kind = jobs::WorkerEvent::Kind;
    world_.Say("w1", {1, {{.kind = Kind::kAccepted, .token = offer.token, .attempt = 1}}});
    world_.Say("w1", {1, {{.kind = Kind::kProgress,
                           .token = offer.token,
                           .attempt = 1,
                           .message = message,
                           .checkpoint = R"({"used":"hunter22"})"}}});
  }
  void End(const jobs::Offer& offer, jobs::JobResult result) {
    result.token = offer.token;
    result.attempt = offer.attempt;
    world_.Finish("w1", result);
  }

  World world_;
};

TEST_F(SensitiveTest, NoAnswerShowsIt) {
  const auto waiter = world_.Start("m", "one", kInput, /*wait=*/true);
  const auto watcher = Watch("m/one");
  const jobs::Offer first = Offered();
  EXPECT_EQ(first.input,
            R"({"auth":"hunter22","all":{"password":"hunter22","card":{"number":4111111111111111,)"
            R"("name":"Ann"},"pin":"12"}})")
      << "the job itself needs it";
  Progress(first, "logged in with hunter22");
  const std::string running = Why("m/one");
  EXPECT_NE(running.find("logged in with ***"), std::string::npos) << running;
  EXPECT_FALSE(Tells(running)) << running;
  End(first, {.outcome = jobs::JobResult::Outcome::kFailed,
              .error = "Login.Failed",
              .cause = "not hunter22? aHVudGVyMjI="});
  EXPECT_FALSE(Tells(Why("m/one"))) << Why("m/one");
  world_.Advance(Seconds{60});
  End(Offered(), {.output = R"({"password":"other-one","echo":["hunter22"],"sum":1})"});

  ASSERT_EQ(waiter->outcome(), "OK");
  EXPECT_EQ(waiter->response.output(), R"({"password":"***","echo":["***"],"sum":1})");
  const v1::Execution told = world_.Describe("m/one");
  EXPECT_EQ(told.input(), R"({"password":"***","card":{"number":"***","name":"Ann"},"pin":"***"})");
  EXPECT_EQ(told.output(), R"({"password":"***","echo":["***"],"sum":1})");
  const std::string seen = Seen(*watcher);
  EXPECT_NE(seen.find("logged in with ***"), std::string::npos) << seen;
  EXPECT_FALSE(Tells(seen)) << seen;
  for (const int size : {1, 3, 1000}) {
    const std::string history = History("m/one", size);
    EXPECT_NE(history.find("not ***? ***"), std::string::npos) << history;
    EXPECT_FALSE(Tells(history)) << history;
    EXPECT_EQ(history.find("other-one"), std::string::npos) << history;
  }
}

TEST_F(SensitiveTest, AFailureOfAnAwaitedExecutionDoesNotTell) {
  const auto waiter = world_.Start("m", "one", kInput, /*wait=*/true);
  for (int i = 0; i < 2; i++) {
    End(Offered(), {.outcome = jobs::JobResult::Outcome::kFailed,
                    .error = "E.hunter22",
                    .cause = "hunter22 is wrong"});
    world_.Advance(Seconds{60});
  }
  ASSERT_EQ(waiter->outcome(), "OK");
  EXPECT_EQ(waiter->response.error(), "E.***");
  EXPECT_EQ(waiter->response.cause(), "***");
  EXPECT_EQ(world_.Describe("m/one").cause(), "*** is wrong");
}

TEST_F(SensitiveTest, EvidenceDoesNotTell) {
  world_.Start("m", "one", kInput);
  const jobs::Offer offer = Offered();
  world_.Stop("m/one");
  End(offer, {.output = R"({"late":"hunter22"})"});
  const std::string history = History("m/one", 1000);
  EXPECT_NE(history.find("evidence"), std::string::npos) << history;
  EXPECT_FALSE(Tells(history)) << history;
}

TEST_F(SensitiveTest, WithTooManyValuesNothingIsShown) {
  world_.Create("many", R"json({"Sensitive":["$.password"],"StartAt":"A","States":{
      "A":{"Type":"Fail","Error":"E","CausePath":"States.JsonToString($)"}}})json");
  json::array items;
  for (int i = 0; i < 300; i++) {
    items.push_back(json::object{{"password", "password-" + std::to_string(i)}, {"open", i}});
  }
  world_.Start("many", "one", PrintJson(items));
  const v1::Execution told = world_.Describe("many/one");
  EXPECT_EQ(told.input(), "\"***\"");
  EXPECT_EQ(told.cause(), "***");
  EXPECT_EQ(History("many/one", 1000).find("password-"), std::string::npos);
}

TEST_F(SensitiveTest, TokensAreShownByTheirFingerprintOnly) {
  world_.Create("plain", kJob);
  world_.Start("plain", "one", "{}");
  const jobs::Offer offer = Offered();
  Progress(offer, "I am " + offer.token);
  const std::string shown = "token:" + engine::Tokens::Fingerprint(offer.token);
  const std::string running = Why("plain/one");
  EXPECT_NE(running.find("I am " + shown), std::string::npos) << running;
  End(offer, {.output = R"({"token":"x)" + offer.token + R"(_","other":")" + offer.token + "\"}"});
  EXPECT_EQ(world_.Describe("plain/one").output(),
            R"({"token":"x)" + shown + R"(_","other":")" + shown + "\"}");
  EXPECT_EQ(History("plain/one", 1000).find(offer.token), std::string::npos);
}

TEST(SensitiveMaskTest, OthersSeeEverything) {
  const SensitiveMask mask;
  EXPECT_EQ(mask.Value(R"({"password": "hunter22"})"), R"({"password": "hunter22"})");
  EXPECT_EQ(mask.Text("hunter22"), "hunter22");
}

}  // namespace
}  // namespace towline::api
