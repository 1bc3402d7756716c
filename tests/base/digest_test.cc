#include "statemachines/base/digest.h"

#include <gtest/gtest.h>

namespace towline {
namespace {

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  EXPECT_EQ(Sha256().End(), *HexDigest("SHA-256", ""));
  Sha256 digest;
  digest.Add("one ");
  digest.Add("");
  digest.Add("two");
  EXPECT_EQ(digest.End(), *HexDigest("SHA-256", "one two"));
}

TEST(HexDigestTest, KnowsItsAlgorithms) {
  EXPECT_EQ(HexDigest("MD5", "a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(HexDigest("SHA-1", "a"), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
  EXPECT_EQ(HexDigest("CRC32", "a"), std::nullopt);
}

}  // namespace
}  // namespace towline
