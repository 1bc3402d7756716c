#include "orchestrator/engine/tokens.h"

#include <gtest/gtest.h>

#include "orchestrator/engine/hide_tokens.h"
#include "orchestrator/engine/router.h"

namespace towline::engine {
namespace {

const store::MacKey kOld{1, std::string(32, 'a')};
const store::MacKey kNew{2, std::string(32, 'b')};
constexpr TaskRef kRef{3, 123'456'789, 42};

TEST(TokensTest, ATokenNamesItsTask) {
  const Tokens tokens({kOld});
  for (const TaskRef ref : {kRef, TaskRef{0, 1, 1}, TaskRef{255, 1LL << 60, 1ULL << 62}}) {
    const std::string token = tokens.Mint(ref);
    EXPECT_LE(token.size(), 64u);
    EXPECT_EQ(tokens.Verify(token), ref);
  }
}

TEST(TokensTest, EveryChangedCharacterIsRefused) {
  const Tokens tokens({kOld});
  const std::string token = tokens.Mint(kRef);
  for (std::size_t i = 0; i < token.size(); i++) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.Verify(forged), std::nullopt) << i;
  }
}

TEST(TokensTest, RubbishIsRefused) {
  const Tokens tokens({kOld});
  const std::string token = tokens.Mint(kRef);
  for (const std::string& rubbish :
       {std::string(), std::string("x"), token.substr(1), token.substr(0, token.size() - 1),
        token + "A", token + "=", std::string(5'000, 'A'), std::string("\0\xff\x80", 3),
        std::string(40, '*')}) {
    EXPECT_EQ(tokens.Verify(rubbish), std::nullopt) << rubbish;
  }
}

TEST(TokensTest, AnOldKeyStillVerifiesAndTheNewestSigns) {
  const std::string old = Tokens({kOld}).Mint(kRef);
  const Tokens both({kOld, kNew});
  EXPECT_EQ(both.Verify(old), kRef);
  EXPECT_NE(both.Mint(kRef), old);
  EXPECT_EQ(Tokens({kNew}).Verify(old), std::nullopt);
}

TEST(TokensTest, AFingerprintTellsNothingAndIsStable) {
  EXPECT_EQ(Tokens::Fingerprint("abc"), "ba7816bf8f01");
}

TEST(TokensTest, TokensInTextsAreHiddenWhateverStandsAroundThem) {
  const Tokens tokens({kOld, kNew});
  const std::string one = tokens.Mint(kRef);
  const std::string other = Tokens({kOld}).Mint({300, 1'000'000'000'000, 77'777});
  const std::string first = "token:" + Tokens::Fingerprint(one);
  const std::string second = "token:" + Tokens::Fingerprint(other);
  EXPECT_EQ(HideTokens(tokens, one), first);
  EXPECT_EQ(HideTokens(tokens, "a " + one + other + " b-" + other + "_AAAA"),
            "a " + first + second + " b-" + second + "_AAAA");
  for (const std::string& text :
       {std::string(), std::string("short"), std::string(200, 'A'), one.substr(1),
        one.substr(0, one.size() - 1), Tokens({{9, "another"}}).Mint(kRef)}) {
    EXPECT_EQ(HideTokens(tokens, text), text);
  }
}

// Data on disk depends on it: a name that moved to another partition would be lost.
TEST(RouterTest, TheHashNeverChanges) {
  EXPECT_EQ(PartitionOf("default", "sum", "one", 1), 0);
  const int first = PartitionOf("default", "sum", "one", 16);
  EXPECT_EQ(PartitionOf("default", "sum", "one", 16), first);
  int counts[4] = {};
  for (int i = 0; i < 4'000; i++) counts[PartitionOf("t", "m", std::to_string(i), 4)]++;
  for (const int count : counts) EXPECT_GT(count, 800);
}

}  // namespace
}  // namespace towline::engine
