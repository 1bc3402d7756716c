// Payloads that are too large for a message: what the agent moves, and when.

#include <algorithm>

#include "statemachines/base/json.h"
#include "tests/worker/agent_world.h"

namespace towline::worker::testing {
namespace {

const std::string kSha(64, 'a');
const Reference kLarge{.sha256 = kSha, .size = 5 << 20};
const Reference kSmall{.sha256 = kSha, .size = 100'000};

std::string TextOf(const Reference& reference) { return PrintJson(ReferenceValue(reference)); }

// Writes down what is asked for; the test says what comes of it.
class FakePayloads : public Payloads {
 public:
  void Fetch(JobId id, std::vector<Reference> references, bool as_text) override {
    fetches.push_back(id);
    fetched_references = std::move(references);
    fetched_as_text = as_text;
  }
  void Discard(JobId id) override { discarded.push_back(id); }
  void Keep(JobId id, const JournalKey& key, std::string text, std::string file) override {
    keeps.push_back(id);
    kept_text = std::move(text);
    kept_file = std::move(file);
    files[key.token] = kept_text.size();
  }
  void Upload(JobId id, const JournalKey&, const Reference& reference) override {
    uploads.push_back(id);
    uploaded = reference;
  }
  void Abort(JobId id) override { aborted.push_back(id); }
  void Release(const JournalKey& key) override { files.erase(key.token); }
  void Drop(const std::string& file) override { dropped.push_back(file); }
  std::optional<std::uint64_t> KeptBytes(const JournalKey& key) const override {
    const auto found = files.find(key.token);
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
  void KeepOnly(const std::vector<JournalKey>& keys) override {
    std::map<std::string, std::uint64_t> left;
    for (const JournalKey& key : keys) left[key.token] = files[key.token];
    files = left;
  }

  std::vector<JobId> fetches, discarded, keeps, uploads, aborted;
  std::vector<Reference> fetched_references;
  bool fetched_as_text = false;
  std::string kept_text, kept_file;
  Reference uploaded;
  std::vector<std::string> dropped;
  std::map<std::string, std::uint64_t> files;  // as on a disk
};

class AgentPayloadsTest : public ::testing::Test {
 protected:
  AgentPayloadsTest() {
    world_.payloads = &payloads_;
    world_.settings.payload_bytes_max = 6 << 20;
    world_.Boot();
    world_.Connect();
  }
  static Offer With(std::string input, std::string type = "slow") {
    Offer offer = OfferOf("t1", std::move(type));
    offer.input = std::move(input);
    return offer;
  }
  void Fetch(Result<Fetched> fetched) {
    world_.agent->OnFetched(payloads_.fetches.back(), std::move(fetched), world_.now);
    world_.Run();
  }
  // Up to a result that is kept and waits for its upload.
  void EndLarge(const std::string& output = "\"" + std::string(100'000, 'x') + "\"") {
    world_.Give({OfferOf("t1", "slow")});
    world_.End(world_.slow.started.back().id, Success(output));
    world_.agent->OnKept(payloads_.keeps.back(), kSmall, world_.now);
    world_.Run();
  }
  void Upload(Status status) {
    world_.agent->OnUploaded(payloads_.uploads.back(), std::move(status), world_.now);
    world_.Run();
  }

  FakePayloads payloads_;
  World world_;
};

TEST_F(AgentPayloadsTest, PresenceSaysWhetherThereIsAWay) {
  EXPECT_TRUE(world_.presence.back().payloads);
  world_.payloads = nullptr;
  world_.Boot();
  world_.Connect();
  EXPECT_FALSE(world_.presence.back().payloads);
}

TEST_F(AgentPayloadsTest, InputOfOneReferenceStartsAsIfItHadComeInline) {
  world_.Give({With(TextOf(kSmall))});
  EXPECT_TRUE(world_.slow.started.empty());
  ASSERT_EQ(payloads_.fetched_references, std::vector<Reference>{kSmall});
  EXPECT_TRUE(payloads_.fetched_as_text);
  Fetch(Fetched{.content = R"({"a":1})", .paths = {{kSha, "/f"}}});
  ASSERT_EQ(world_.slow.started.size(), 1u);
  EXPECT_EQ(world_.slow.started[0].input, R"({"a":1})");
  world_.End(world_.slow.started[0].id, Success());
  EXPECT_EQ(payloads_.discarded, payloads_.fetches);
}

TEST_F(AgentPayloadsTest, SecretsOfAFetchedInputAreResolved) {
  world_.Give({With(TextOf(kSmall), "trusted")});
  Fetch(Fetched{.content = R"({"a":{"$secret":"key"}})", .paths = {{kSha, "/f"}}});
  ASSERT_EQ(world_.slow.started.size(), 1u);
  EXPECT_EQ(world_.slow.started[0].input, R"({"a":"open sesame"})");
}

TEST_F(AgentPayloadsTest, OtherReferencesAreFilesOfTheJob) {
  world_.Give({With(R"({"deep":[)" + TextOf(kLarge) + "]}")});
  EXPECT_FALSE(payloads_.fetched_as_text);
  Fetch(Fetched{.paths = {{kSha, "/in/file"}}});
  ASSERT_EQ(world_.slow.started.size(), 1u);
  const Result<Json> input = ParseJson(world_.slow.started[0].input);
  ASSERT_TRUE(input);
  const json::value& reference = (*input)->at("deep").at(0);
  EXPECT_EQ(reference.at("$blob").at("path"), "/in/file");
  EXPECT_EQ(ReferenceOf(reference), kLarge);
}

TEST_F(AgentPayloadsTest, JobCountsAsRunningWhileItsInputIsFetched) {
  Offer offer = With(TextOf(kSmall), "manual");
  offer.heartbeat_seconds = 30;
  world_.Give({offer});
  world_.Pass(Seconds(31));
  EXPECT_EQ(world_.accepted(), 1);
  EXPECT_GE(world_.Count(WorkerEvent::Kind::kHeartbeat), 3);
  EXPECT_EQ(world_.agent->held(), 1u);
}

TEST_F(AgentPayloadsTest, CancelEndsAFetch) {
  world_.Give({With(TextOf(kSmall))});
  world_.Tell({.cancel = {{"t1", 1, "enough", 10, 0}}});
  ASSERT_EQ(payloads_.aborted, payloads_.fetches);
  Fetch(Error{Error::Code::kDeadlineExceeded, "it was stopped"});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].outcome, JobResult::Outcome::kCancelled);
  EXPECT_TRUE(world_.slow.started.empty());
}

TEST_F(AgentPayloadsTest, WallClockEndsAFetch) {
  world_.Give({With(TextOf(kSmall), "bounded")});
  world_.Pass(Seconds(31));
  ASSERT_EQ(payloads_.aborted, payloads_.fetches);
  Fetch(Error{Error::Code::kDeadlineExceeded, "it was stopped"});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].error, "Towline.WallClockLimit");
}

TEST_F(AgentPayloadsTest, WhatTheServerDoesNotHaveFailsTheJob) {
  world_.Give({With(TextOf(kSmall))});
  Fetch(Error{Error::Code::kNotFound, "it is gone", "Towline.PayloadMissing"});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].error, "Towline.PayloadMissing");
}

TEST_F(AgentPayloadsTest, WithoutADoorReferencesAndLargeOutputsFail) {
  world_.payloads = nullptr;
  world_.Boot();
  world_.Connect();
  world_.Give({With(TextOf(kSmall))});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].error, "Towline.PayloadUnreachable");
  world_.Give({OfferOf("t2", "slow")});
  world_.End(world_.slow.started.back().id, Success("\"" + std::string(100'000, 'x') + "\""));
  ASSERT_EQ(world_.results.size(), 2u);
  EXPECT_EQ(world_.results[1].error, "States.DataLimitExceeded");
  EXPECT_NE(world_.results[1].cause.find("enrol"), std::string::npos);
}

TEST_F(AgentPayloadsTest, MoreThanTheDiskMayHoldIsDeclined) {
  world_.Give({With("[" + TextOf(kLarge) + "]")});
  Offer second = With(TextOf({.sha256 = std::string(64, 'b'), .size = 2 << 20}));
  second.token = "t2";
  world_.Give({second});
  EXPECT_NE(world_.declined().find("payloads.disk_mb"), std::string::npos) << world_.declined();
}

TEST_F(AgentPayloadsTest, ResultIsWithheldUntilItsOutputIsUploaded) {
  EndLarge();
  EXPECT_EQ(payloads_.kept_text.size(), 100'002u);
  EXPECT_EQ(payloads_.uploaded, kSmall);
  world_.Pass(Seconds(100));
  EXPECT_TRUE(world_.results.empty());
  world_.Tell({.roll_call = true});
  ASSERT_EQ(world_.presence.back().held.size(), 1u) << "the server must not give it up";
  EXPECT_TRUE(world_.results.empty());
  Upload(Ok());
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].output, TextOf(kSmall));
  EXPECT_EQ(payloads_.files.size(), 1u);
  world_.Ack("t1");
  EXPECT_TRUE(payloads_.files.empty());
}

TEST_F(AgentPayloadsTest, FileOfAProgramIsTakenOver) {
  world_.Give({OfferOf("t1", "slow")});
  world_.End(world_.slow.started[0].id,
             {.succeeded = true, .output_file = "/out/job-1", .output_file_bytes = 5});
  EXPECT_EQ(payloads_.kept_file, "/out/job-1");
  world_.Give({OfferOf("t2", "slow")});
  world_.End(world_.slow.started[1].id,
             {.succeeded = true, .output_file = "/out/job-2", .output_file_bytes = 7 << 20});
  EXPECT_EQ(payloads_.dropped, std::vector<std::string>{"/out/job-2"});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].error, "States.DataLimitExceeded");
}

TEST_F(AgentPayloadsTest, RestartGoesOnWithTheUpload) {
  EndLarge();
  payloads_.files["stranger"] = 1;
  world_.Boot();
  EXPECT_EQ(payloads_.files.count("stranger"), 0u);
  ASSERT_EQ(payloads_.uploads.size(), 2u);
  world_.Connect();
  EXPECT_TRUE(world_.results.empty());
  ASSERT_EQ(world_.presence.back().held.size(), 1u);
  world_.Pass(Seconds(20));
  EXPECT_GE(world_.Count(WorkerEvent::Kind::kHeartbeat), 2);
  Upload(Ok());
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].output, TextOf(kSmall));
}

TEST_F(AgentPayloadsTest, NewConnectionLooksAgainBeforeTheResultIsRepeated) {
  EndLarge();
  Upload(Ok());
  ASSERT_EQ(world_.results.size(), 1u);
  world_.Disconnect();
  world_.Connect();
  EXPECT_EQ(payloads_.uploads.size(), 2u);
  EXPECT_EQ(world_.results.size(), 1u);
  Upload(Ok());
  EXPECT_EQ(world_.results.size(), 2u);
}

TEST_F(AgentPayloadsTest, OutputThatTheServerRefusesFailsTheJob) {
  EndLarge();
  Upload(Error{Error::Code::kResourceExhausted, "the tenant is full", "Towline.QuotaExceeded"});
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].outcome, JobResult::Outcome::kFailed);
  EXPECT_EQ(world_.results[0].error, "Towline.QuotaExceeded");
  EXPECT_TRUE(payloads_.files.empty());
  world_.Boot();  // as it was journalled
  world_.Connect();
  EXPECT_EQ(world_.results.back().error, "Towline.QuotaExceeded");
}

TEST_F(AgentPayloadsTest, CancelEndsAnUpload) {
  EndLarge();
  world_.Tell({.cancel = {{"t1", 1, "enough", 10, 0}}});
  EXPECT_EQ(payloads_.aborted, payloads_.uploads);
  ASSERT_EQ(world_.results.size(), 1u);
  EXPECT_EQ(world_.results[0].outcome, JobResult::Outcome::kCancelled);
  EXPECT_TRUE(payloads_.files.empty());
}

TEST_F(AgentPayloadsTest, StaleResultEndsItsUpload) {
  EndLarge();
  world_.Ack("t1", 1, /*recorded=*/false);
  EXPECT_EQ(payloads_.aborted, payloads_.uploads);
  EXPECT_TRUE(payloads_.files.empty());
  EXPECT_EQ(world_.agent->unacknowledged(), 0u);
}

TEST_F(AgentPayloadsTest, SecretsAreBlottedBeforeAnOutputIsKept) {
  world_.Give({With(R"({"$secret":"key"})", "trusted")});
  ASSERT_EQ(world_.slow.started.size(), 1u);
  const std::string much(100'000, 'x');
  world_.End(world_.slow.started[0].id, Success("[\"open sesame\",\"" + much + "\"]"));
  EXPECT_EQ(payloads_.kept_text.find("open sesame"), std::string::npos);
  EXPECT_NE(payloads_.kept_text.find("***"), std::string::npos);
}

}  // namespace
}  // namespace towline::worker::testing
