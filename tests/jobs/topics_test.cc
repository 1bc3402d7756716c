#include "proto/jobs/topics.h"

#include "proto/jobs/invitation.h"

#include <gtest/gtest.h>

namespace towline::jobs {
namespace {

TEST(TopicsTest, NamesAreWhatEveryBrokerTakes) {
  EXPECT_TRUE(IsTenantName("acme"));
  EXPECT_TRUE(IsTenantName("7-up"));
  EXPECT_TRUE(IsTenantName(std::string(32, 'a')));
  EXPECT_FALSE(IsTenantName(std::string(33, 'a')));
  EXPECT_TRUE(IsWorkerName(std::string(31, 'a')));
  EXPECT_FALSE(IsWorkerName(std::string(32, 'a')));
  for (const char* bad : {"", "-a", "A", "a_b", "a.b", "a/b", "a+b", "a#", "a b", "ä"}) {
    EXPECT_FALSE(IsTenantName(bad)) << bad;
    EXPECT_FALSE(IsWorkerName(bad)) << bad;
  }
}

TEST(TopicsTest, JobTypesMayHoldUnderscoresAndCapitals) {
  EXPECT_TRUE(IsJobType("add-numbers"));
  EXPECT_TRUE(IsJobType("Scan_3D"));
  EXPECT_TRUE(IsJobType(std::string(80, 'x')));
  EXPECT_FALSE(IsJobType(std::string(81, 'x')));
  for (const char* bad : {"", "_a", "-a", "a.b", "a/b", "a b"}) EXPECT_FALSE(IsJobType(bad)) << bad;
}

TEST(TopicsTest, APrincipalIsTenantAndWorker) {
  const auto principal = Principal::Parse("acme_ams-1");
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->tenant, "acme");
  EXPECT_EQ(principal->worker, "ams-1");
  EXPECT_EQ(principal->text(), "acme_ams-1");
  for (const char* bad : {"", "acme", "_x", "acme_", "acme_a_b", "Acme_x"}) {
    EXPECT_FALSE(Principal::Parse(bad)) << bad;
  }
}

TEST(TopicsTest, EveryTopicParsesBack) {
  const std::string w = "acme_ams-1";
  const std::pair<std::string, TopicKind> topics[] = {
      {JobsTopic(w), TopicKind::kJobs},           {ControlTopic(w), TopicKind::kControl},
      {PresenceTopic(w), TopicKind::kPresence},   {EventsTopic(w), TopicKind::kEvents},
      {ResultsTopic(w, 12), TopicKind::kResults}, {CallbacksTopic(w), TopicKind::kCallbacks}};
  for (const auto& [topic, kind] : topics) {
    const auto parsed = ParseTopic(topic);
    ASSERT_TRUE(parsed) << topic;
    EXPECT_EQ(parsed->kind, kind) << topic;
    EXPECT_EQ(parsed->principal, w) << topic;
    EXPECT_EQ(parsed->partition, kind == TopicKind::kResults ? 12 : 0) << topic;
  }
  EXPECT_EQ(ResultsTopic(w, 12), "towline/1/acme_ams-1/results/12");
  EXPECT_EQ(ReplyTopic(w, 7), "towline/1/acme_ams-1/replies/7");
}

TEST(TopicsTest, AnythingElseIsNoTopicOfOurs) {
  for (const char* bad :
       {"", "towline/1/", "towline/2/acme_x/jobs", "towline/1/acme_x", "towline/1/acme_x/",
        "towline/1/acme/jobs", "towline/1/acme_x/job", "towline/1/acme_x/jobs/",
        "towline/1/acme_x/results", "towline/1/acme_x/results/", "towline/1/acme_x/results/x",
        "towline/1/acme_x/results/-1", "towline/1/acme_x/results/-0", "towline/1/acme_x/results/01",
        "towline/1/acme_x/results/1/2", "towline/1/acme_x/results/99999999999"}) {
    EXPECT_FALSE(ParseTopic(bad)) << bad;
  }
}

TEST(InvitationTest, IsOneWordAndSaysWhatIsWrongWithIt) {
  const Invitation one{
      .door = "[::1]:8461", .authority = std::string(64, 'a'), .secret = "0a.1b"};
  const std::string text = Encode(one);
  EXPECT_EQ(text, "towline1/[::1]:8461/" + std::string(64, 'a') + "/0a.1b");
  const auto back = DecodeInvitation(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->door, one.door);
  EXPECT_EQ(back->authority, one.authority);
  EXPECT_EQ(back->secret, one.secret);
  for (const std::string& wrong : {std::string(), text + "/x", text.substr(0, text.size() - 6),
                                   "towline1/host/" + one.authority + "/a.b",
                                   "towline1/host:1/" + std::string(64, 'g') + "/a.b"}) {
    EXPECT_FALSE(DecodeInvitation(wrong)) << wrong;
  }
  EXPECT_NE(DecodeInvitation("towline2/x").error().message.find("another version"),
            std::string::npos);
}

}  // namespace
}  // namespace towline::jobs
