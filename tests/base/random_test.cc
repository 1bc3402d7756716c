#include "statemachines/base/random.h"

#include <gtest/gtest.h>

#include "statemachines/base/digest.h"

namespace towline {
namespace {

TEST(RandomTest, TheSeedDecidesTheSequence) {
  std::uint64_t seed = 0;
  EXPECT_EQ(NextRandom(seed), 0xE220A8397B1DCDAFU);
  EXPECT_EQ(NextRandom(seed), 0x6E789E6AA1B965F4U);
  std::uint64_t again = 0;
  EXPECT_EQ(NextRandom(again), 0xE220A8397B1DCDAFU);
}

TEST(RandomTest, FractionsFillTheUnitInterval) {
  std::uint64_t seed = 1;
  double sum = 0;
  for (int i = 0; i < 10'000; i++) {
    const double fraction = NextFraction(seed);
    ASSERT_GE(fraction, 0);
    ASSERT_LT(fraction, 1);
    sum += fraction;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(RandomTest, AUuidShowsItsVersionAndVariant) {
  std::uint64_t seed = 7;
  for (int i = 0; i < 100; i++) {
    const std::string uuid = NextUuid(seed);
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
  }
}

TEST(DigestTest, IsOfBytesAndNamesItsAlgorithmExactly) {
  EXPECT_EQ(HexDigest("MD5", ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexDigest("SHA-1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(HexDigest("SHA1", "abc"), std::nullopt);
}

}  // namespace
}  // namespace towline
