#include "tests/handlers/run.h"
#include "worker/handlers/input.h"
#include "worker/handlers/postgres_values.h"

namespace towline::handlers {
namespace {

TEST(PostgresValuesTest, OddOnesStayText) {
  EXPECT_EQ(ValueOfPostgres(1184, "infinity"), "infinity");
  EXPECT_EQ(ValueOfPostgres(1700, "NaN"), "NaN");
  EXPECT_EQ(ValueOfPostgres(701, "-Infinity"), "-Infinity");
  EXPECT_EQ(ValueOfPostgres(1700, "12.50"), 12.5);
  EXPECT_EQ(ValueOfPostgres(999'999, "\xff"), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace towline::handlers
