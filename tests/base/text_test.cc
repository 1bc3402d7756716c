#include "statemachines/base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace towline {
namespace {

TEST(TextTest, FindsWhatStringViewFinds) {
  const std::string text = "abcabcabd";
  for (const std::string part : {"", "a", "abc", "abd", "bcabd", "x", "abcabcabd", "abcabcabda"}) {
    for (std::size_t from = 0; from <= text.size() + 1; from++) {
      EXPECT_EQ(FindText(text, part, from), std::string_view(text).find(part, from))
          << part << " from " << from;
    }
  }
  EXPECT_EQ(FindText("", ""), 0U);
  EXPECT_EQ(FindText("", "a"), std::string_view::npos);
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(FindText("a\0b\0c"sv, "\0c"sv), 3U);
}

// Compares every place with most of the part in a search that is not linear: hours.
TEST(TextTest, RepetitiveTextsTakeNoLonger) {
  const std::string text(4'000'000, 'a');
  EXPECT_EQ(FindText(text, std::string(2'000'000, 'a') + 'b'), std::string_view::npos);
  EXPECT_EQ(FindText(text + 'b', std::string(2'000'000, 'a') + 'b'), 2'000'000U);
}

}  // namespace
}  // namespace towline
