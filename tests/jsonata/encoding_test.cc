#include "statemachines/jsonata/encoding.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace towline::jsonata {
namespace {

std::string Got(const OrProblem<std::string>& result) {
  return result ? *result : result.problem().code;
}

TEST(EncodingTest, Base64IsOfLatin1) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"a", "YQ=="},
      {"ab", "YWI="},
      {"abc", "YWJj"},
      {"\u00FF\u00E9", "/+k="},
      {"\u20AC", "rA=="},  // only the low byte of U+20AC
      {"\xF0\x9F\x98\x80", "PQA="},
  };
  for (const auto& [text, encoded] : cases) EXPECT_EQ(Base64Encode(text), encoded) << text;
}

TEST(EncodingTest, Base64DecodesBothAlphabetsAndPassesOverTheRest) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"YQ==", "a"},
      {"YQ", "a"},
      {"Y", ""},
      {"YWJj\nYWJj", "abcabc"},
      {"/+k=", "\u00FF\u00E9"},
      {"_-k", "\u00FF\u00E9"},
      {"Y!W J.j", "abc"},
      {"YQ==YQ==", "a"},
      {"=YQ", ""},
      {"Y\u0151", "a"},  // the low byte of U+0151 is Q
      {"YWJj\xF0\x9F\x98\x80YWJj", "abc"},
  };
  for (const auto& [text, decoded] : cases) EXPECT_EQ(Base64Decode(text), decoded) << text;
}

TEST(EncodingTest, EncodesUrls) {
  const std::string text = "https://a.b/c d?e=\u00E9&f=(g)#h;,+$@:'!~*-_.%";
  EXPECT_EQ(Got(EncodeUrl(text)), "https://a.b/c%20d?e=%C3%A9&f=(g)#h;,+$@:'!~*-_.%25");
  EXPECT_EQ(Got(EncodeUrlComponent(text)),
            "https%3A%2F%2Fa.b%2Fc%20d%3Fe%3D%C3%A9%26f%3D(g)%23h%3B%2C%2B%24%40%3A'!~*-_.%25");
  EXPECT_EQ(Got(EncodeUrlComponent("\xF0\x9F\x98\x80")), "%F0%9F%98%80");
  EXPECT_EQ(Got(EncodeUrl("\xED\xA0\x80")), "D3140");
  EXPECT_EQ(Got(EncodeUrlComponent("\xED\xA0\x80")), "D3140");
}

TEST(EncodingTest, DecodesUrls) {
  EXPECT_EQ(Got(DecodeUrlComponent("%3D%2F%41%C3%A9%F0%9F%98%80+\u00E9")),
            "=/A\u00E9\xF0\x9F\x98\x80+\u00E9");
  EXPECT_EQ(Got(DecodeUrl("%3D%2f%41%C3%A9%23%25")), "%3D%2fA\u00E9%23%");
  for (const char* malformed : {"%", "%4", "%G1", "%C3", "%C3%41", "%C0%80", "%E0%80%80",
                                "%ED%A0%80", "%80", "%F8%80%80%80", "%F4%90%80%80", "a%E2%82b"}) {
    EXPECT_EQ(Got(DecodeUrl(malformed)), "D3140") << malformed;
    EXPECT_EQ(Got(DecodeUrlComponent(malformed)), "D3140") << malformed;
  }
  EXPECT_EQ(DecodeUrl("%").problem().message, "Malformed URL passed to $decodeUrl(): \"%\"");
}

TEST(EncodingTest, HashKnowsFiveAlgorithms) {
  EXPECT_EQ(Got(Hash("abc", "MD5")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Got(Hash("\u00E9", "SHA-256")),
            "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c");
  EXPECT_EQ(Got(Hash("abc", "sha256")), "D3141");
  EXPECT_EQ(Hash("abc", "CRC").problem().message,
            "The algorithm of $hash must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512, not CRC");
}

}  // namespace
}  // namespace towline::jsonata
