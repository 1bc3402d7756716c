#include "statemachines/base/blot.h"

#include <gtest/gtest.h>

#include "statemachines/base/base64.h"

namespace towline {
namespace {

Blot Knowing(std::string_view secret) {
  Blot blot;
  blot.Add(secret);
  return blot;
}

TEST(BlotTest, EveryOccurrenceGoes) {
  const Blot blot = Knowing("sesame");
  EXPECT_EQ(blot("a sesame b sesamesesame"), "a *** b ******");
  EXPECT_EQ(blot("nothing"), "nothing");
  EXPECT_EQ(Blot()("sesame"), "sesame");
}

TEST(BlotTest, TheFormsThatASecretTakes) {
  const std::string secret = "p\"s/w+rd?ü";
  const Blot blot = Knowing(secret);
  EXPECT_EQ(blot(PrintJson(json::value("x" + secret + "y"))), "\"x***y\"");
  EXPECT_EQ(blot("q=p%22s%2Fw%2Brd%3F%C3%BC&r"), "q=***&r");
  for (const char* const before : {"", "u", "us", "user:", "u:"}) {
    for (const char* const behind : {"", "a", "ab", "abc"}) {
      const std::string text = blot(ToBase64(before + secret + behind));
      EXPECT_NE(text.find("***"), std::string::npos) << before << '|' << behind << ' ' << text;
    }
  }
  EXPECT_EQ(Knowing("line one\nline two")("> line two\n> line one"), "> ***\n> ***");
  EXPECT_EQ(Knowing("Bearer sesame")("bad token sesame"), "bad token ***");
}

TEST(BlotTest, AnExcerptMayBeginOrEndInASecret) {
  const Blot blot = Knowing("0123456789");
  EXPECT_EQ(blot.Excerpt("456789 is wrong: 01234"), "*** is wrong: ***");
  EXPECT_EQ(blot.Excerpt("234567"), "***");
  EXPECT_EQ(blot.Excerpt("789 is wrong: 012"), "789 is wrong: 012") << "too short to tell";
  EXPECT_EQ(blot.Excerpt("0123456789"), "***");
}

TEST(BlotTest, JsonStaysJson) {
  const Blot blot = Knowing("12345");
  EXPECT_EQ(blot.InJson(R"({"a":["x12345y",12345,912345.5,1.5,true,null],"12345":1})"),
            R"({"a":["x***y","***","***",1.5,true,null],"***":1})");
  EXPECT_EQ(blot.InJson("{ \"a\": 1 }"), "{ \"a\": 1 }") << "what holds none stays as it is";
  EXPECT_EQ(blot.InJson(R"("\u00312345")"), R"("***")") << "escapes hide nothing";
}

TEST(BlotTest, AStreamKeepsBackWhatMayBecomeASecret) {
  const Blot blot = Knowing("0123456789");
  EXPECT_EQ(blot.Unfinished("abc"), 0U);
  EXPECT_EQ(blot.Unfinished("abc0"), 1U);
  EXPECT_EQ(blot.Unfinished("abc012345678"), 9U);
  EXPECT_EQ(blot.Unfinished("0120123"), 4U);
}

}  // namespace
}  // namespace towline
