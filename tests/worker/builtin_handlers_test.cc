#include "worker/builtin_handlers.h"

#include <gtest/gtest.h>

namespace towline::worker {
namespace {

Outcome Add(std::string input) {
  return *MakeBuiltinHandler("add-numbers")->Start({.input = std::move(input)}).outcome;
}

TEST(AddNumbersTest, Adds) {
  EXPECT_EQ(Add(R"({"a":15,"b":42})").output, R"({"sum":57})");
  EXPECT_EQ(Add(R"({"b":-0.25,"more":[1],"a":1e1})").output, R"({"sum":9.75})");
}

TEST(AddNumbersTest, RefusesAnythingElseWithAReason) {
  EXPECT_EQ(Add(R"({"a":15})").cause,
            "the input must be {\"a\": number, \"b\": number}: b is missing");
  for (const char* input : {"[]", "7", R"({"a":"1","b":2})", R"({"a":1e308,"b":1e308})"}) {
    const Outcome outcome = Add(input);
    EXPECT_FALSE(outcome.succeeded) << input;
    EXPECT_EQ(outcome.error, "Towline.BadInput") << input;
  }
}

}  // namespace
}  // namespace towline::worker
