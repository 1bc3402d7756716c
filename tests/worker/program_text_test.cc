#include "worker/program_text.h"

#include <gtest/gtest.h>

namespace towline::worker {
namespace {

int Exit(int code) { return code << 8; }

ProgramEnd End(int status, std::string out, std::string err = "") {
  const std::size_t bytes = out.size();
  return {
      .wait_status = status, .out = std::move(out), .out_bytes = bytes, .err_tail = std::move(err)};
}

TEST(ProgramTextTest, StandardOutputIsTheResultWithoutTheSpaceAround) {
  const Outcome outcome = OutcomeOf(End(Exit(0), " {\"sum\": 57}\n", "chatter"));
  EXPECT_TRUE(outcome.succeeded);
  EXPECT_EQ(outcome.output, "{\"sum\": 57}");
}

TEST(ProgramTextTest, NoOutputIsNull) { EXPECT_EQ(OutcomeOf(End(Exit(0), "\n")).output, "null"); }

TEST(ProgramTextTest, OutputThatIsNotJsonFails) {
  const Outcome outcome = OutcomeOf(End(Exit(0), "done!\n"));
  EXPECT_FALSE(outcome.succeeded);
  EXPECT_EQ(outcome.error, "Towline.InvalidOutput");
  EXPECT_EQ(outcome.cause,
            "standard output is not JSON (expected a number at byte 0); it begins with: done!");
  EXPECT_EQ(OutcomeOf(End(Exit(0), "{} {}")).error, "Towline.InvalidOutput");
}

TEST(ProgramTextTest, TooMuchOutputFailsAndSaysHowMuch) {
  ProgramEnd end = End(Exit(0), std::string(100, ' '));
  end.out_bytes = 70'000;
  const Outcome outcome = OutcomeOf(end);
  EXPECT_EQ(outcome.error, "States.DataLimitExceeded");
  EXPECT_EQ(outcome.cause, "the program printed more than 65536 bytes: 70000 when it ended");
}

TEST(ProgramTextTest, AnExitCodeBecomesErrorAndStandardErrorTheCause) {
  const Outcome outcome = OutcomeOf(End(Exit(3), "half a result", "trouble\nin the mill\n"));
  EXPECT_EQ(outcome.error, "Towline.ProgramFailed");
  EXPECT_EQ(outcome.cause, "exit code 3: trouble\nin the mill");
  EXPECT_EQ(OutcomeOf(End(Exit(1), "")).cause, "exit code 1");
}

TEST(ProgramTextTest, AProgramMayNameItsOwnErrorAndCause) {
  const Outcome outcome =
      OutcomeOf(End(Exit(1), R"({"error":"Mill.Jammed","cause":"belt 3","more":1})", "noise"));
  EXPECT_EQ(outcome.error, "Mill.Jammed");
  EXPECT_EQ(outcome.cause, "belt 3");
  EXPECT_EQ(OutcomeOf(End(Exit(1), R"({"error":7})")).error, "Towline.ProgramFailed");
  EXPECT_TRUE(OutcomeOf(End(Exit(0), R"({"error":"E"})")).succeeded) << "exit code 0 is success";
}

TEST(ProgramTextTest, ASignalIsNamed) {
  const Outcome outcome = OutcomeOf(End(9, "", "last words"));
  EXPECT_EQ(outcome.error, "Towline.ProgramKilled");
  EXPECT_EQ(outcome.cause, "signal 9 (Killed): last words");
}

TEST(ProgramTextTest, AProgressLineMaySayAnyOfIt) {
  const auto said = ParseProgressLine(
      R"({"percent":40,"message":"half","data":[1],"checkpoint":{"p":1},"later":true})");
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->says_something);
  EXPECT_EQ(said->progress.percent, 40);
  EXPECT_EQ(said->progress.message, "half");
  EXPECT_EQ(said->progress.data, "[1]");
  EXPECT_EQ(said->progress.checkpoint, "{\"p\":1}");
  const auto beat = ParseProgressLine(R"({"heartbeat":true})");
  ASSERT_TRUE(beat);
  EXPECT_FALSE(beat->says_something);
}

TEST(ProgramTextTest, OtherLinesAreRefused) {
  for (const char* line : {"", "50%", "[]", "{\"percent\":101}", "{\"percent\":-1}",
                           "{\"percent\":\"40\"}", "{\"message\":1}", "{\"percent\":40", "{} {}"}) {
    EXPECT_FALSE(ParseProgressLine(line)) << line;
  }
}

TEST(ProgramTextTest, AKillForMemoryIsNamedSoAndRefusedForksAreTold) {
  const ProgramEnd killed{
      .wait_status = 9, .err_tail = "x", .oom_kills = 1, .limits = {.memory_mb = 64}};
  EXPECT_EQ(OutcomeOf(killed).error, "Towline.MemoryLimit");
  EXPECT_EQ(OutcomeOf(killed).cause, "it used more than limits.memory_mb = 64 and was killed: x");
  const ProgramEnd refused{
      .wait_status = 1 << 8, .err_tail = "x", .pids_refused = 3, .limits = {.pids = 5}};
  EXPECT_EQ(OutcomeOf(refused).cause,
            "exit code 1 (limits.pids = 5 has refused 3 new processes): x");
}

}  // namespace
}  // namespace towline::worker
