#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline {

namespace json = boost::json;

// An immutable JSON value that events, states and effects share: a copy copies a pointer, and a
// part keeps its whole alive. Any thread may read it.
class Json {
 public:
  Json();  // null
  explicit Json(json::value value)
      : value_(std::make_shared<const json::value>(std::move(value))) {}

  // `part` lies inside `whole`: shares its ownership and copies nothing.
  static Json Part(const Json& whole, const json::value& part) {
    return Json(std::shared_ptr<const json::value>(whole.value_, &part));
  }
  static const Json& EmptyObject();

  const json::value& operator*() const { return *value_; }
  const json::value* operator->() const { return value_.get(); }

  bool SameAs(const Json& other) const { return value_ == other.value_; }  // identity, not equality
  friend bool operator==(const Json& a, const Json& b) {
    return a.value_ == b.value_ || *a.value_ == *b.value_;
  }

 private:
  explicit Json(std::shared_ptr<const json::value> value) : value_(std::move(value)) {}
  std::shared_ptr<const json::value> value_;  // never null
};

// Depth of nesting that ParseJson accepts.
inline constexpr std::size_t kJsonDepthMax = 100;

// Parses one JSON text (UTF-8, RFC 8259). Numbers are exact (from_chars); of a repeated key the
// last wins. The error's message ends in "at line L, column C".
Result<Json> ParseJson(std::string_view text);

// Compact JSON; members in their order; numbers laid out as JavaScript does (1e+21, 1e-7, 1).
std::string PrintJson(const json::value& value);
void AppendJson(std::string& out, const json::value& value);
// Two-space indentation, for people.
std::string PrintJsonPretty(const json::value& value);

// The string that a member holds; empty when it is missing or something else.
std::string TextMember(const json::object& object, std::string_view key);

// Length in bytes of PrintJson(value), without making the text. Stops counting beyond `limit`.
std::size_t JsonSize(const json::value& value, std::size_t limit = static_cast<std::size_t>(-1));

// One number as JavaScript prints it.
void AppendNumber(std::string& out, double number);

struct TextPosition {
  int line = 1;
  int column = 1;
};
// Of the byte at `offset`; a column counts characters, not bytes.
TextPosition PositionOf(std::string_view text, std::size_t offset);
// Of the value that an RFC 6901 pointer names in `text`, or of its nearest existing parent. `text`
// must have parsed.
TextPosition Locate(std::string_view text, std::string_view pointer);

}  // namespace towline
