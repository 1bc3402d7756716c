#include "tests/handlers/run.h"
#include "worker/handlers/input.h"
#include "worker/handlers/postgres_values.h"
#include "worker/handlers/secrets.h"

namespace towline::handlers {
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

TEST(PostgresValuesTest, OddOnesStayText) {
  EXPECT_EQ(ValueOfPostgres(1184, "infinity"), "infinity");
  EXPECT_EQ(ValueOfPostgres(1700, "NaN"), "NaN");
  EXPECT_EQ(ValueOfPostgres(701, "-Infinity"), "-Infinity");
  EXPECT_EQ(ValueOfPostgres(1700, "12.50"), 12.5);
  EXPECT_EQ(ValueOfPostgres(999'999, "\xff"), "\xEF\xBF\xBD");
}

TEST(RedactedTest, TakesOutEveryOccurrence) {
  EXPECT_EQ(Redacted("a sesame b sesame", "sesame"), "a *** b ***");
  EXPECT_EQ(Redacted("a b", "b"), "a b") << "too short to be told from the rest";
}

}  // namespace
}  // namespace towline::handlers
