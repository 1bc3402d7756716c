#include "statemachines/base/base64.h"

#include <gtest/gtest.h>

namespace towline {
namespace {

TEST(Base64Test, ThereAndBack) {
  EXPECT_EQ(ToBase64(""), "");
  EXPECT_EQ(ToBase64("f"), "Zg==");
  EXPECT_EQ(ToBase64("fo"), "Zm8=");
  EXPECT_EQ(ToBase64("foo"), "Zm9v");
  for (const std::string bytes : {"", "f", "fo", "foo", "\xff\xfe\xfd\xfc"}) {
    EXPECT_EQ(FromBase64(ToBase64(bytes)), bytes);
  }
  for (const char* bad : {"Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9-"}) {
    EXPECT_FALSE(FromBase64(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace towline
