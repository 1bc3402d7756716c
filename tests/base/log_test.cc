#include "statemachines/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace towline {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LogTest : public ::testing::Test {
 protected:
  LogTest() { SetLogLevel("info"); }
  ~LogTest() override { SetLogLevel("info"); }

  template <class Action>
  std::string Captured(Action action) {
    ::testing::internal::CaptureStderr();
    action();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineIsTimeLevelEventAndFields) {
  const std::string line = Captured([] {
    Log(LogLevel::kInfo, "offer_sent", {{"worker", "ams-1"}, {"jobs", "3"}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9-]+T[0-9:.]+Z info    offer_sent worker=ams-1 jobs=3\n"));
}

TEST_F(LogTest, AValueCannotForgeAnotherFieldOrLine) {
  const std::string line = Captured([] {
    Log(LogLevel::kError, "refused", {{"cause", "a=b\nnext \"x\" \\"}, {"empty", ""}});
  });
  EXPECT_THAT(line, HasSubstr(R"(cause="a=b next \"x\" \\" empty="")"));
}

TEST_F(LogTest, OtherControlCharactersAreNotWrittenRaw) {
  const std::string line = Captured([] {
    Log(LogLevel::kInfo, "seen", {{"name", "\x1b[31mred\x07"}});
  });
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_THAT(line, Not(HasSubstr("\x07")));
}

TEST_F(LogTest, TheLevelDecidesWhatIsWritten) {
  EXPECT_TRUE(SetLogLevel("warning"));
  EXPECT_EQ(Captured([] { Log(LogLevel::kInfo, "quiet"); }), "");
  EXPECT_THAT(Captured([] { Log(LogLevel::kWarning, "loud"); }), HasSubstr("loud"));
  EXPECT_TRUE(SetLogLevel("debug"));
  EXPECT_THAT(Captured([] { Log(LogLevel::kDebug, "detail"); }), HasSubstr("detail"));
  EXPECT_TRUE(SetLogLevel("off"));
  EXPECT_EQ(Captured([] { Log(LogLevel::kError, "silent"); }), "");
  EXPECT_FALSE(SetLogLevel("verbose"));
  EXPECT_FALSE(SetLogLevel(""));
}

}  // namespace
}  // namespace towline
