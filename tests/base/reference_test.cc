#include "statemachines/base/reference.h"

#include <gtest/gtest.h>

#include <vector>

namespace towline {
namespace {

const std::string kHash(64, 'a');

Json Parse(const std::string& text) { return *ParseJson(text); }

std::string Written(const std::string& hash, const std::string& size) {
  return R"({"$blob":{"sha256":")" + hash + R"(","size":)" + size + "}}";
}

TEST(ReferenceTest, IsReadAndWritten) {
  const auto reference = ReferenceOf(*Parse(Written(kHash, "70000")));
  ASSERT_TRUE(reference);
  EXPECT_EQ(*reference, (Reference{kHash, 70'000}));
  EXPECT_EQ(PrintJson(ReferenceValue(*reference)), Written(kHash, "70000"));
  EXPECT_TRUE(ReferenceOf(
      *Parse(R"({"$blob":{"sha256":")" + kHash + R"(","size":1,"path":"/tmp/x"}})")));
}

TEST(ReferenceTest, NothingElseIsTakenForOne) {
  for (const std::string& text :
       {std::string("1"), std::string("[]"), std::string("{}"), std::string(R"({"$blob":1})"),
        std::string(R"({"$blob":{"sha256":1,"size":1}})"), Written(kHash, "-1"),
        Written(kHash, "1.5"), Written(kHash, "\"1\""), Written(std::string(64, 'A'), "1"),
        Written(std::string(63, 'a'), "1"), Written("../" + std::string(61, 'a'), "1"),
        R"({"more":1,"$blob":{"sha256":")" + kHash + R"(","size":1}})"}) {
    EXPECT_FALSE(ReferenceOf(*Parse(text))) << text;
  }
}

TEST(ReferenceTest, EachIsFoundWhereverItIs) {
  const std::string other(64, 'b');
  std::vector<std::string> found;
  const Json value = Parse(R"({"x":[1,{"y":)" + Written(kHash, "1") + "}," + Written(other, "2") +
                           "]}");
  ForEachReference(*value, [&](const Reference& each) { found.push_back(each.sha256); });
  EXPECT_EQ(found, (std::vector{kHash, other}));
  EXPECT_TRUE(MentionsReference(PrintJson(*value)));
  EXPECT_FALSE(MentionsReference("{}"));
}

}  // namespace
}  // namespace towline
