#include "statemachines/asl/source_positions.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace towline::asl {
namespace {

constexpr std::string_view kText = R"({
  "États": {"a/b~c": [1, {"x": "a \"quoted\" {brace}"}],  "\u0061b": true},
  "States": {
    "A": {"deep": [[[]]], "Next": "B"},

    "B": -1.5e3, "A": {"Next": null}
  }, "é": [
"ü", {"k": {}}]
})";

void Pointers(const json::value& value, const std::string& at, std::vector<std::string>& all) {
  all.push_back(at);
  if (const json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); i++) {
      Pointers((*array)[i], at + "/" + std::to_string(i), all);
    }
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& member : *object) {
    std::string token;
    for (const char c : member.key()) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
    Pointers(member.value(), at + "/" + token, all);
  }
}

// One walk finds what base's Locate finds one at a time. (Of the two A, both take the last.)
TEST(SourcePositionsTest, AgreesWithLocateOnEveryPlace) {
  const Result<Json> document = ParseJson(kText);
  ASSERT_TRUE(document);
  std::vector<std::string> pointers;
  Pointers(**document, "", pointers);
  pointers.push_back("/States/B/nothing/here");
  SourcePositions positions;
  for (const std::string& pointer : pointers) positions.Want(pointer);
  positions.Scan(kText);
  for (const std::string& pointer : pointers) {
    const TextPosition wanted = Locate(kText, pointer);
    const TextPosition found = positions.Of(pointer);
    EXPECT_EQ(found.line, wanted.line) << pointer;
    EXPECT_EQ(found.column, wanted.column) << pointer;
  }
  EXPECT_GT(pointers.size(), 15u);
}

TEST(SourcePositionsTest, RepeatedNamesAreFoundInStatesOnly) {
  SourcePositions positions;
  positions.Scan(kText);
  ASSERT_EQ(positions.repeated_names().size(), 1u);
  EXPECT_EQ(positions.repeated_names()[0].name, "A");
  EXPECT_EQ(positions.repeated_names()[0].object, SourcePositions::Hash("/States"));
  EXPECT_EQ(positions.repeated_names()[0].position.line, 6);
  EXPECT_EQ(positions.repeated_names()[0].position.column, 18);
}

}  // namespace
}  // namespace towline::asl
