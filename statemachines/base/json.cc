#include "statemachines/base/json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace towline {
namespace {

// Without a control block a copy of these costs no atomic operation and no contention.
std::shared_ptr<const json::value> Unowned(const json::value& value) {
  return {std::shared_ptr<const void>(), &value};
}

const json::value& NullValue() {
  static const json::value null;
  return null;
}

// For each byte: 0 when it stands for itself, 'u' when it needs \u00xx, else its short escape.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes{};
  for (std::size_t c = 0; c < 0x20; c++) escapes[c] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();

char EscapeOf(char c) { return kEscapes[static_cast<unsigned char>(c)]; }

// Number of leading bytes that need no escape. Eight at a time: most strings need none at all.
std::size_t PlainPrefix(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
    if ((controls | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\')) != 0) break;
  }
  while (at < text.size() && EscapeOf(text[at]) == 0) at++;
  return at;
}

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t plain = PlainPrefix(text);
    out.append(text.data(), plain);
    if (plain == text.size()) break;
    const char escape = EscapeOf(text[plain]);
    out += '\\';
    out += escape;
    if (escape == 'u') {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto code = static_cast<unsigned char>(text[plain]);
      out += "00";
      out += kHex[code >> 4];
      out += kHex[code & 15];
    }
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

template <class Integer>
void AppendInteger(std::string& out, Integer number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, static_cast<std::size_t>(end - text));
}

// Lays out `digits` x 10^(point - number of digits) as Number.prototype.toString does.
void AppendDecimal(std::string& out, std::string_view digits, int point) {
  const int count = static_cast<int>(digits.size());
  if (count <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(point));
    out += '.';
    out += digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else {
    out += digits[0];
    if (count > 1) {
      out += '.';
      out += digits.substr(1);
    }
    out += 'e';
    if (point > 0) out += '+';
    AppendInteger(out, point - 1);
  }
}

// Line breaks and indentation of the printed form; the compact one has none.
struct Compact {
  void Open(std::string&) {}
  void Next(std::string&) {}
  void Close(std::string&) {}
  static constexpr std::string_view kColon = ":";
};
struct Indented {
  void Open(std::string& out) { depth++, Next(out); }
  void Next(std::string& out) { out += '\n', out.append(2 * depth, ' '); }
  void Close(std::string& out) { depth--, Next(out); }
  static constexpr std::string_view kColon = ": ";
  std::size_t depth = 0;
};

template <class Layout>
void Append(std::string& out, const json::value& value, Layout& layout);

template <class Layout>
void AppendArray(std::string& out, const json::array& array, Layout& layout) {
  if (array.empty()) {
    out += "[]";
    return;
  }
  out += '[';
  layout.Open(out);
  bool first = true;
  for (const json::value& element : array) {
    if (!first) {
      out += ',';
      layout.Next(out);
    }
    first = false;
    Append(out, element, layout);
  }
  layout.Close(out);
  out += ']';
}

template <class Layout>
void AppendObject(std::string& out, const json::object& object, Layout& layout) {
  if (object.empty()) {
    out += "{}";
    return;
  }
  out += '{';
  layout.Open(out);
  bool first = true;
  for (const auto& member : object) {
    if (!first) {
      out += ',';
      layout.Next(out);
    }
    first = false;
    AppendString(out, {member.key().data(), member.key().size()});
    out += Layout::kColon;
    Append(out, member.value(), layout);
  }
  layout.Close(out);
  out += '}';
}

template <class Layout>
void Append(std::string& out, const json::value& value, Layout& layout) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: AppendInteger(out, value.get_int64()); return;
    case json::kind::uint64: AppendInteger(out, value.get_uint64()); return;
    case json::kind::double_: AppendNumber(out, value.get_double()); return;
    case json::kind::string:
      AppendString(out, {value.get_string().data(), value.get_string().size()});
      return;
    case json::kind::array: AppendArray(out, value.get_array(), layout); return;
    case json::kind::object: AppendObject(out, value.get_object(), layout); return;
  }
}

std::size_t StringSize(std::string_view text) {
  std::size_t size = text.size() + 2;
  for (std::size_t at = PlainPrefix(text); at < text.size(); at++) {
    const char escape = EscapeOf(text[at]);
    if (escape != 0) size += escape == 'u' ? 5 : 1;
  }
  return size;
}

// Adds the printed length of `value`; gives up, somewhere beyond, once `size` exceeds `limit`.
void AddSize(const json::value& value, std::size_t limit, std::size_t& size) {
  if (size > limit) return;
  if (const json::string* text = value.if_string()) {
    size += StringSize({text->data(), text->size()});
  } else if (const json::array* array = value.if_array()) {
    size += array->empty() ? 2 : 1 + array->size();  // brackets and commas
    for (const json::value& element : *array) AddSize(element, limit, size);
  } else if (const json::object* object = value.if_object()) {
    size += object->empty() ? 2 : 1 + 2 * object->size();  // braces, commas and colons
    for (const auto& member : *object) {
      size += StringSize({member.key().data(), member.key().size()});
      AddSize(member.value(), limit, size);
    }
  } else {
    std::string scalar;  // at most 25 characters
    AppendJson(scalar, value);
    size += scalar.size();
  }
}

}  // namespace

Json::Json() : value_(Unowned(NullValue())) {}

const Json& Json::EmptyObject() {
  static const json::value object(json::object_kind);
  static const Json empty{Unowned(object)};
  return empty;
}

void AppendNumber(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (std::fabs(number) < kExactIntegers && number == std::trunc(number)) {
    AppendInteger(out, static_cast<std::int64_t>(number));
    return;
  }
  if (number < 0) out += '-';
  char text[32];  // d.ddddde-xxx
  const auto end =
      std::to_chars(text, text + sizeof text, std::fabs(number), std::chars_format::scientific).ptr;
  const char* mark = text;
  while (*mark != 'e') mark++;
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  std::size_t count = static_cast<std::size_t>(mark - text);
  if (count > 1) {
    std::memmove(text + 1, text + 2, count - 2);  // closes the gap of the decimal point
    count--;
  }
  AppendDecimal(out, {text, count}, exponent + 1);
}

void AppendJson(std::string& out, const json::value& value) {
  Compact layout;
  Append(out, value, layout);
}

std::string PrintJson(const json::value& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

std::string PrintJsonPretty(const json::value& value) {
  std::string out;
  Indented layout;
  Append(out, value, layout);
  return out;
}

std::size_t JsonSize(const json::value& value, std::size_t limit) {
  std::size_t size = 0;
  AddSize(value, limit, size);
  return size;
}

}  // namespace towline
