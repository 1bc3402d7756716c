#include <gtest/gtest.h>

#include <set>

#include "orchestrator/api/listen_address.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/page_token.h"

namespace towline::api {
namespace {

// Every name that the service was recorded to refuse (create_activity), and the limits.
TEST(NamesTest, RefusesWhatTheServiceRefuses) {
  for (const char c : std::string_view("<>{}[]?*\"#%\\^|~`$&,;:/ \x01\x1f\x7f")) {
    const std::string name = std::string("activity") + c + "name";
    const Status status = CheckName(name, "activity's name");
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().name, "InvalidName");
    EXPECT_NE(status.error().message.find("Invalid Name: '" + name + "'"), std::string::npos);
  }
  EXPECT_FALSE(CheckName("", "name"));
  EXPECT_FALSE(CheckName(std::string(81, 'a'), "name"));
  EXPECT_FALSE(CheckName("a\xC2\x85z", "name")) << "U+0085 is a control character";
}

TEST(NamesTest, AcceptsTheRest) {
  const std::string longest(80, 'a');
  for (const std::string& name :
       {std::string("a"), longest, std::string("a.b_c-d=e@f"), std::string("Grüße")}) {
    EXPECT_TRUE(CheckName(name, "name")) << name;
  }
  std::string umlauts;
  for (int i = 0; i < 80; ++i) umlauts += "ü";
  EXPECT_TRUE(CheckName(umlauts, "name")) << "80 characters, not bytes";
}

TEST(NamesTest, ShortNamesAndArnsMeanTheSame) {
  const auto shorter = ParseMachine("acme", "orders");
  const auto arn = ParseMachine("acme", "arn:towline:states:local:acme:stateMachine:orders");
  ASSERT_TRUE(shorter);
  ASSERT_TRUE(arn);
  EXPECT_EQ(shorter->arn(), arn->arn());
  for (const char* text : {"orders/o-1", "orders:o-1",
                           "arn:towline:states:local:acme:execution:orders:o-1"}) {
    const auto execution = ParseExecution("acme", text);
    ASSERT_TRUE(execution) << text;
    EXPECT_EQ(execution->arn(), "arn:towline:states:local:acme:execution:orders:o-1");
    EXPECT_EQ(execution->machine_arn(), "arn:towline:states:local:acme:stateMachine:orders");
  }
}

TEST(NamesTest, TheTenantIsSaidOrStandsInTheArnOrIsTheDefault) {
  EXPECT_EQ(ParseMachine("", "m")->tenant, "default");
  EXPECT_EQ(ParseMachine("", "arn:towline:states:local:acme:stateMachine:m")->tenant, "acme");
  const auto other = ParseMachine("acme", "arn:towline:states:local:emca:stateMachine:m");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().name, "AccessDeniedException");
  EXPECT_EQ(ParseMachine("No Tenant", "m").error().name, "ValidationException");
}

TEST(NamesTest, RefusesArnsOfOtherThings) {
  for (const char* text :
       {"arn:aws:states:eu-west-1:123456789012:stateMachine:m", "arn:towline:states:local:acme",
        "arn:towline:states:local:acme:activity:m", "arn:towline:states:local:acme:stateMachine:",
        "arn:towline:states:local:acme:stateMachine:m:1",
        "arn:towline:states:local:A:stateMachine:m",
        "arn:towline:states:local:acme:stateMachine:m/label"}) {
    const auto machine = ParseMachine("", text);
    ASSERT_FALSE(machine) << text;
    EXPECT_EQ(machine.error().name, "InvalidArn") << text;
  }
  EXPECT_EQ(ParseMachine("", "").error().name, "MissingRequiredParameter");
  for (const char* text : {"", "name", "machine/", "/name", "m:n:x", "m//x",
                           "arn:towline:states:local:acme:execution:m"}) {
    EXPECT_EQ(ParseExecution("", text).error().name, "InvalidArn") << text;
  }
}

TEST(NamesTest, AChildsMachineHoldsTheLabelOfItsMap) {
  for (const char* text : {"m/rows/0a-7", "m/rows:0a-7",
                           "arn:towline:states:local:default:execution:m/rows:0a-7"}) {
    const auto child = ParseExecution("", text);
    ASSERT_TRUE(child) << text;
    EXPECT_EQ(child->arn(), "arn:towline:states:local:default:execution:m/rows:0a-7");
    EXPECT_EQ(child->map_run_arn(), "arn:towline:states:local:default:mapRun:m/rows:0a");
  }
}

TEST(NamesTest, AChildMayHaveChildren) {
  EXPECT_EQ(ParseExecution("", "m/rows/cells/0a-7")->machine, "m/rows/cells");
  const auto run = ParseMapRun("", "arn:towline:states:local:acme:mapRun:m/rows/cells:0b");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->machine, "m/rows");
  EXPECT_EQ(run->label, "cells");
}

TEST(NamesTest, AMapRunIsNamedByItsArnOrItsId) {
  const auto arn = ParseMapRun("", "arn:towline:states:local:acme:mapRun:m/rows:0a");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->tenant, "acme");
  EXPECT_EQ(arn->machine, "m");
  EXPECT_EQ(arn->label, "rows");
  EXPECT_EQ(arn->id, "0a");
  const auto id = ParseMapRun("acme", "0a");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->tenant, "acme");
  EXPECT_EQ(id->machine, "");
  EXPECT_EQ(id->id, "0a");
  for (const char* text : {"", "a b", "m/rows", "arn:towline:states:local:acme:mapRun:m/rows",
                           "arn:towline:states:local:acme:mapRun:0a",
                           "arn:towline:states:local:acme:mapRun:m:0a",
                           "arn:towline:states:local:acme:execution:m:x"}) {
    EXPECT_EQ(ParseMapRun("", text).error().name, "InvalidArn") << text;
  }
}

TEST(NamesTest, RandomNamesAreUuidsAndNeverTheSame) {
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = RandomName();
    EXPECT_TRUE(CheckName(name, "name"));
    ASSERT_EQ(name.size(), 36U);
    EXPECT_EQ(name[14], '7');
    EXPECT_NE(std::string("89ab").find(name[19]), std::string::npos);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 1000U);
}

class PageTokenTest : public testing::Test {
 protected:
  const PageTokens tokens_{{store::MacKey{1, std::string(32, 'k')}}};
  const Timestamp now_{Millis{1'800'000'000'000}};
};

TEST_F(PageTokenTest, ComesBackAsItWasGiven) {
  const PageToken token{.numbers = {1, 0, ~std::uint64_t{0}}, .text = "a.b.1.2"};
  const std::string text = tokens_.Encode(token, "question", now_);
  const auto back = tokens_.Decode(text, "question", now_ + std::chrono::hours{24});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->numbers, token.numbers);
  EXPECT_EQ(back->text, token.text);
}

TEST_F(PageTokenTest, RefusesAnotherQuestionAnotherKeyAndOldAge) {
  const std::string text = tokens_.Encode(PageToken{.numbers = {7}, .text = {}}, "question", now_);
  EXPECT_EQ(tokens_.Decode(text, "other", now_).error().name, "InvalidToken");
  const auto late = now_ + std::chrono::hours{24} + Millis{1};
  EXPECT_FALSE(tokens_.Decode(text, "question", late));
  const PageTokens other({store::MacKey{1, std::string(32, 'x')}});
  EXPECT_FALSE(other.Decode(text, "question", now_));
  // A key that has been replaced still opens.
  const PageTokens both({store::MacKey{1, std::string(32, 'k')},
                         store::MacKey{2, std::string(32, 'x')}});
  EXPECT_TRUE(both.Decode(text, "question", now_));
}

// Every single changed character is noticed.
TEST_F(PageTokenTest, RefusesWhateverWasChanged) {
  const std::string text =
      tokens_.Encode(PageToken{.numbers = {12, 345}, .text = "n"}, "q", now_);
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens_.Decode(changed, "q", now_)) << i;
    EXPECT_FALSE(tokens_.Decode(text.substr(0, i), "q", now_)) << i;
  }
  for (const char* rubbish : {"", "AAAA", "not a token!", "ä"}) {
    EXPECT_FALSE(tokens_.Decode(rubbish, "q", now_)) << rubbish;
  }
}

TEST(PageSizeTest, IsWithinTheServicesLimits) {
  EXPECT_EQ(*PageSize(0), 100);
  EXPECT_EQ(*PageSize(1), 1);
  EXPECT_EQ(*PageSize(1000), 1000);
  EXPECT_EQ(PageSize(1001).error().message,
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy "
            "constraint: Member must have value less than or equal to 1000");
  EXPECT_EQ(PageSize(-1).error().name, "ValidationException");
}

TEST(ListenAddressTest, AnyAddressWhereCallersAreKnown) {
  for (const char* text : {"0.0.0.0:8460", "192.168.1.5:8460", "[::]:8460", "example.org:8460"}) {
    const auto address = ParseListenAddress(text, /*tls=*/true);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text : {":8460", "[::1:8460", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1"}) {
    EXPECT_FALSE(ParseListenAddress(text, /*tls=*/true)) << text;
  }
}

TEST(ListenAddressTest, OnlyLoopbackUntilCallersAreKnown) {
  for (const char* text : {"127.0.0.1:8460", "127.1.2.3:0", "localhost:1", "[::1]:8460"}) {
    const auto address = ParseListenAddress(text, /*tls=*/false);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text :
       {"0.0.0.0:8460", "192.168.1.5:8460", "[::]:8460", "example.org:8460", ":8460",
        "127.0.0.1.evil.org:1", "1270.0.0.1:1", "127.0.0:1", "[::1:8460", "127.0.0.1:",
        "127.0.0.1:70000", "127.0.0.1:x", "127.0.0.1", "::1:8460"}) {
    const auto address = ParseListenAddress(text, /*tls=*/false);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message.find(text), std::string::npos);
  }
}

}  // namespace
}  // namespace towline::api
