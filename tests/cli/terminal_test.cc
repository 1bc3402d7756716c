#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

#include "cli/columns.h"

namespace towline::cli {
namespace {

constexpr Timestamp kNow{Millis{1'700'000'000'000}};

struct Screen {
  std::istringstream in;
  std::ostringstream out, err;
  Terminal terminal{.in = in, .out = out, .err = err, .environment = {}, .now = {}};
};

TEST(TerminalTest, ADurationHasItsTwoLargestUnits) {
  EXPECT_EQ(ShowDuration(Millis{-5}), "0 ms") << "clocks of two machines may differ";
  EXPECT_EQ(ShowDuration(Millis{350}), "350 ms");
  EXPECT_EQ(ShowDuration(Seconds{12}), "12 s");
  EXPECT_EQ(ShowDuration(Seconds{200}), "3 min 20 s");
  EXPECT_EQ(ShowDuration(Seconds{180}), "3 min");
  EXPECT_EQ(ShowDuration(std::chrono::hours{52} + Seconds{61}), "2 d 4 h");
  EXPECT_EQ(ShowDuration(std::chrono::hours{48} + Seconds{61}), "2 d") << "and not 2 d 1 min";
}

TEST(TerminalTest, TimesAreToldFromNow) {
  EXPECT_EQ(ShowAgo(kNow - Seconds{5}, kNow), "5 s ago");
  EXPECT_EQ(ShowAgo(kNow + Seconds{5}, kNow), "in 5 s");
  EXPECT_EQ(ShowTime(kNow), "2023-11-14 22:13:20Z");
}

TEST(TerminalTest, WidthsAreOfCharactersNotOfBytes) {
  EXPECT_EQ(Width("Grüße"), 5U);
  EXPECT_EQ(Cut("Grüße", 5), "Grüße");
  EXPECT_EQ(Cut("Grüße", 4), "Grü…");
  EXPECT_EQ(Cut("Grüße", 0), "Grüße") << "no terminal, nothing is cut";
}

TEST(TerminalTest, WhatTheShellTakesAsOneWord) {
  EXPECT_EQ(Quote("orders/o-1"), "orders/o-1");
  EXPECT_EQ(Quote("two words"), "'two words'");
  EXPECT_EQ(Quote("it's"), "'it'\\''s'");
  EXPECT_EQ(Quote(""), "''");
}

TEST(TerminalTest, ColumnsAreAsWideAsTheirWidestCell) {
  Screen screen;
  Table table({"NAME", "WHAT"});
  table.Add({"ü", "a\nb"});
  table.Add({"longer"});
  table.Print(screen.terminal);
  EXPECT_EQ(screen.out.str(), "NAME    WHAT\nü       a b\nlonger\n");
}

TEST(TerminalTest, TheLastColumnEndsWhereTheTerminalDoes) {
  Screen screen;
  screen.terminal.width = 20;
  Table table({"NAME", "WHAT"});
  table.Add({"one", std::string(40, 'x')});
  table.Print(screen.terminal);
  EXPECT_EQ(screen.out.str(), "NAME  WHAT\none   xxxxxxxxxxxxx…\n");
}

TEST(TerminalTest, ColourIsForTerminalsOnly) {
  Screen screen;
  EXPECT_EQ(screen.terminal.Paint(Colour::kGreen, "ok"), "ok");
  screen.terminal.colour = true;
  EXPECT_EQ(screen.terminal.Paint(Colour::kGreen, "ok"), "\x1b[32mok\x1b[0m");
  EXPECT_EQ(screen.terminal.Paint(Colour::kPlain, "ok"), "ok");
  Table table({"NAME", "STATUS"});
  table.Add({"one", "RUNNING"});
  table.PaintCell(1, Colour::kCyan);
  table.Print(screen.terminal);
  EXPECT_NE(screen.out.str().find("one   \x1b[36mRUNNING\x1b[0m\n"), std::string::npos)
      << screen.out.str();
}

TEST(ColumnsTest, StandSideBySideAsFarAsTheTerminalReaches) {
  Screen screen;
  screen.terminal.width = 20;
  PrintSideBySide(screen.terminal, {{"one", "ü\nb"}, {"two", "longer"}, {"three", "x"}});
  EXPECT_EQ(screen.out.str(), "one   two      three\nü     longer   x\nb\n");
  screen.out.str("");
  screen.terminal.width = 19;
  PrintSideBySide(screen.terminal, {{"one", "ü\nb"}, {"two", "longer"}, {"three", "x"}});
  EXPECT_EQ(screen.out.str(), "one   two\nü     longer\nb\n\nthree\nx\n");
}

TEST(ColumnsTest, LinesLongerThanHalfTheTerminalAreBroken) {
  Screen screen;
  screen.terminal.width = 26;
  PrintSideBySide(screen.terminal, {{"a", "0123456789üxyz\nb"}, {"c", "d"}});
  EXPECT_EQ(screen.out.str(), "a            c\n0123456789   d\nüxyz\nb\n");
}

}  // namespace
}  // namespace towline::cli
