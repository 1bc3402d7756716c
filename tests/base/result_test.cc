#include "statemachines/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace towline {
namespace {

TEST(ResultTest, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*good, 7);

  const Result<int> bad = Error{.code = Error::Code::kNotFound, .message = "no such thing"};
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Error::Code::kNotFound);
  EXPECT_EQ(bad.error().message, "no such thing");
}

TEST(ResultTest, AMoveOnlyValueCanBeTakenOut) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 3);
}

TEST(ResultDeathTest, ReadingTheWrongSideAborts) {
  const Result<int> bad = Error{.message = "no"};
  EXPECT_DEATH(static_cast<void>(bad.value()), "CHECK");
  const Result<int> good = 1;
  EXPECT_DEATH(static_cast<void>(good.error()), "CHECK");
}

}  // namespace
}  // namespace towline
