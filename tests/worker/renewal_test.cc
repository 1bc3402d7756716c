#include "worker/renewal.h"

#include <gtest/gtest.h>

#include <set>

#include "proto/pki/certificates.h"
#include "tests/base/scratch.h"
#include "worker/config.h"
#include "worker/identity.h"

namespace towline::worker {
namespace {

using std::chrono::hours;

const Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25};

TEST(RenewalTest, AgentsThatEnrolledTogetherDoNotComeTogether) {
  const auto authority = pki::MakeAuthority("x", kNow, kNow + hours{24 * 3650});
  const auto issued = pki::Issue(
      authority, {.common_name = "acme_a", .from = kNow, .until = kNow + hours{24 * 90}});
  std::set<Timestamp> times;
  for (int i = 0; i < 100; i++) {
    const Timestamp due = RenewalTimeOf(issued->certificate, "acme_" + std::to_string(i));
    EXPECT_GE(due, kNow + hours{24 * 60});
    EXPECT_LE(due, kNow + hours{24 * 65});
    times.insert(due);
  }
  EXPECT_GT(times.size(), 95U);
  EXPECT_EQ(RenewalTimeOf("rubbish", "acme_a"), Timestamp{}) << "at once";
}

TEST(IdentityTest, WhatWasWrittenIsWhoTheAgentIs) {
  const Scratch scratch;
  const std::string state = scratch.path() + "/state";
  const std::string site = scratch.path() + "/worker.toml";
  const Status written = ReplaceFile(
      site, "name = \"worker-1\"\nstate = \"" + state + "\"\n[labels]\nrack = \"4\"\n" +
                "[broker]\nhost = \"127.0.0.1\"\nkeepalive_seconds = 20\n");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_FALSE(IsEnrolled(state));
  EXPECT_EQ(LoadConfig(site)->name, "worker-1");

  const auto key = KeyForEnrolment(state);
  ASSERT_TRUE(key);
  EXPECT_EQ(*KeyForEnrolment(state), *key) << "asking again is asking with the same key";
  const Identity identity{.tenant = "acme",
                          .name = "ams",
                          .labels = {{"site", "\"Ams\" \\ 1"}, {"a b", "c"}},
                          .certificate = "certificate",
                          .authority = "authority",
                          .broker_authority = "another",
                          .broker_host = "broker.example.net",
                          .broker_port = 8883,
                          .door = "towline.example.net:8461"};
  const Status done = WriteIdentity(state, identity);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(IsEnrolled(state));
  EXPECT_NE(*KeyForEnrolment(state), *key) << "the next enrolment has the next key";

  const auto config = LoadConfig(site);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->enrolled);
  EXPECT_EQ(config->tenant, "acme");
  EXPECT_EQ(config->name, "ams");
  const std::map<std::string, std::string> labels{
      {"site", "\"Ams\" \\ 1"}, {"a b", "c"}, {"rack", "4"}};
  EXPECT_EQ(config->labels, labels);
  EXPECT_EQ(config->broker.host, "broker.example.net");
  EXPECT_EQ(config->broker.port, 8883);
  EXPECT_EQ(config->broker.keepalive_seconds, 20) << "how it dials stays the site's choice";
  EXPECT_EQ(config->door.address, "towline.example.net:8461");
  EXPECT_EQ(*ReadTextFile(config->broker.key), *key);
  EXPECT_EQ(*ReadTextFile(config->broker.certificate), "certificate");
  EXPECT_EQ(*ReadTextFile(config->broker.ca), "another");
  EXPECT_EQ(*ReadTextFile(config->door.ca), "authority");
}

}  // namespace
}  // namespace towline::worker
