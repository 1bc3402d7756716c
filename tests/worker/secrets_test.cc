// A site's secrets: where they come from, who may use them, and that they do not get out again.

#include "worker/secrets.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "tests/base/scratch.h"
#include "tests/worker/agent_world.h"

namespace towline::worker::testing {
namespace {

class SecretStoreTest : public ::testing::Test {
 protected:
  std::string Read(const std::string& name) const {
    const auto secret = store_.Read(name);
    return secret ? *secret : "! " + secret.error().message;
  }
  Scratch scratch_;
  SecretStore store_{scratch_.path(), {{"of-env", "TOWLINE_TEST_SECRET"}}};
};

TEST_F(SecretStoreTest, AFileOrAVariableIsReadAnewEachTime) {
  scratch_.Write("key", "first\n");
  EXPECT_EQ(Read("key"), "first");
  scratch_.Write("key", "second\r\n");
  EXPECT_EQ(Read("key"), "second");
  setenv("TOWLINE_TEST_SECRET", "of the environment", 1);
  EXPECT_EQ(Read("of-env"), "of the environment");
  unsetenv("TOWLINE_TEST_SECRET");
  EXPECT_EQ(Read("of-env"),
            "! secret 'of-env' is not there: the agent's environment has no variable "
            "TOWLINE_TEST_SECRET");
}

TEST_F(SecretStoreTest, WhatCannotBeUsedIsTold) {
  std::filesystem::create_directory(scratch_.path() + "/folder");
  scratch_.Write("short", "abc\n");
  scratch_.Write("long", std::string(8193, 'x'));
  scratch_.Write("fits", std::string(8192, 'x') + "\r\n");
  scratch_.Write("binary", "\xff\xfe\xfd\xfc");
  EXPECT_EQ(Read("gone"), "! secret 'gone' cannot be read from the site's directory of secrets");
  EXPECT_EQ(Read("folder"), "! secret 'folder' is no file that can be read");
  EXPECT_EQ(Read("long"), "! secret 'long' is longer than 8 KiB");
  EXPECT_EQ(Read("fits").size(), 8192U);
  EXPECT_NE(Read("short").find("shorter than 4 bytes"), std::string::npos);
  EXPECT_NE(Read("binary").find("is not UTF-8"), std::string::npos);
}

class SecretJobsTest : public ::testing::Test {
 protected:
  SecretJobsTest() { world_.Connect(); }
  void Give(const std::string& type, const std::string& input) {
    Offer offer = OfferOf("t" + std::to_string(++tokens_), type);
    offer.input = input;
    world_.Give({offer});
  }
  std::string Last() const {
    return world_.results.back().error + ": " + world_.results.back().cause;
  }
  World world_;
  int tokens_ = 0;
};

TEST_F(SecretJobsTest, ASecretIsPutInWhereItIsNamedAndOnlyForTheJob) {
  Give("trusted", R"({"a":[{"$secret":"key"}],"b":{"c":{"$secret":"key"}},"d":"$secret"})");
  ASSERT_EQ(world_.slow.started.size(), 1U);
  EXPECT_EQ(world_.slow.started[0].input,
            R"({"a":["open sesame"],"b":{"c":"open sesame"},"d":"$secret"})");
  Give("trusted", R"({"$secret":"key"})");
  EXPECT_EQ(world_.slow.started[1].input, R"("open sesame")");
  Give("slow", R"({"d":"$secret"})");
  EXPECT_EQ(world_.slow.started[2].input, R"({"d":"$secret"})");
}

TEST_F(SecretJobsTest, OnlyWhatTheSitesFileGrantsIsGiven) {
  Give("slow", R"({"a":{"$secret":"key"}})");
  EXPECT_EQ(Last(),
            "Towline.Refused: this job type may not use the secret 'key'; the site's file grants "
            "them with 'secrets'");
  Give("quick", R"({"a":{"$secret":"key"}})");
  EXPECT_EQ(world_.results.back().error, "Towline.Refused");
  Give("trusted", R"({"a":{"$secret":"gone"}})");
  EXPECT_EQ(Last(), "Towline.NotReady: there is no secret 'gone'");
  for (const char* const bad : {R"({"$secret":"key","b":1})", R"({"$secret":7})",
                                R"({"$secret":"../key"})", R"([{"$secret":{"$secret":"key"}}])"}) {
    Give("trusted", bad);
    EXPECT_EQ(world_.results.back().error, "Towline.BadInput") << bad;
  }
  EXPECT_TRUE(world_.slow.started.empty());
  EXPECT_TRUE(world_.quick.started.empty());
}

TEST_F(SecretJobsTest, WhatAJobSaysHoldsNoSecret) {
  Give("trusted", R"({"a":{"$secret":"key"}})");
  const JobId id = world_.slow.started[0].id;
  world_.agent->OnProgress(id,
                           {.message = "got open sesame",
                            .data = R"({"key":"open sesame"})",
                            .checkpoint = R"(["open sesame"])"},
                           world_.now);
  world_.agent->OnRequest(1, {.task_token = "x", .output = R"("open sesame")"}, world_.now);
  world_.agent->OnRequest(2, {.task_token = "x", .error = "E", .cause = "open sesame"}, world_.now);
  world_.agent->OnRequest(3, {.task_token = "x", .progress = R"({"message":"open sesame"})"},
                          world_.now);
  world_.End(id, Success(R"({"b":"open sesame!"})"));
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.results[0].output, R"({"b":"***!"})");
  Give("trusted", R"({"a":{"$secret":"key"}})");
  world_.End(world_.slow.started[1].id, {.error = "E.open sesame", .cause = "no open sesame here"});
  EXPECT_EQ(Last(), "E.***: no *** here");
  ASSERT_FALSE(world_.events.empty());
  for (const WorkerEvent& event : world_.events) {
    const std::string said = jobs::Encode(jobs::EventBatch{.events = {event}});
    EXPECT_EQ(said.find("sesame"), std::string::npos) << said;
  }
  ASSERT_EQ(world_.callbacks.size(), 3U);
  for (const jobs::Callback& callback : world_.callbacks) {
    const std::string said = jobs::Encode(callback);
    EXPECT_EQ(said.find("sesame"), std::string::npos) << said;
  }
}

TEST_F(SecretJobsTest, TheJournalNeverHoldsASecret) {
  Offer offer = Once(OfferOf("t", "trusted"));
  offer.input = R"({"a":{"$secret":"key"}})";
  world_.Give({offer});
  world_.Tell({.grants = {{"t", 1, true}}});
  ASSERT_EQ(world_.slow.started.size(), 1U);
  EXPECT_EQ(world_.slow.started[0].input, R"({"a":"open sesame"})");
  world_.End(world_.slow.started[0].id, Success(R"("open sesame")"));
  for (const JournalEntry& entry : world_.journal.Load()) {
    EXPECT_EQ(entry.result.find("sesame"), std::string::npos);
  }
  world_.Boot();
  world_.Connect();
  EXPECT_EQ(world_.results.back().output, R"("***")");
}

}  // namespace
}  // namespace towline::worker::testing
