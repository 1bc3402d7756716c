#include "statemachines/jsonata/output.h"

#include <cmath>

#include "statemachines/jsonata/numbers.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr std::size_t kShownMax = 200;

// A surrogate in UTF-8 begins with 0xED, 0xA0 to 0xBF.
std::size_t FindSurrogate(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('\xED', from); at != std::string_view::npos;
       at = text.find('\xED', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return at;
  }
  return std::string_view::npos;
}

json::string ToJsonString(std::string_view text) {
  if (FindSurrogate(text, 0) == std::string_view::npos)
    return json::string(text.data(), text.size());
  const std::string clean = CleanText(text);
  return json::string(clean.data(), clean.size());
}

json::value NumberToJson(Value value, bool name_infinity) {
  const double number = value.number();
  if (!std::isfinite(number)) {
    return name_infinity ? json::value(ToJsonString(NumberText(number))) : json::value(nullptr);
  }
  if (value.integer_rest() != 0) {
    const __int128 exact = static_cast<__int128>(number) + value.integer_rest();
    if (exact < 0 || exact <= INT64_MAX) return static_cast<std::int64_t>(exact);
    return static_cast<std::uint64_t>(exact);
  }
  if (std::fabs(number) <= kExactIntegers && number == std::trunc(number)) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

void AppendQuoted(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size(); at++) {
    const auto c = static_cast<unsigned char>(text[at]);
    constexpr std::string_view kSpecial = "\"\\\b\f\n\r\t";
    constexpr std::string_view kEscapes = "\"\\bfnrt";
    const std::size_t known = kSpecial.find(text[at]);
    if (known != std::string_view::npos) {
      out += '\\';
      out += kEscapes[known];
    } else if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
    } else if (c == 0xED && FindSurrogate(text.substr(at, 2), 0) == 0) {
      const char32_t surrogate = TakeCodePoint(text, at);
      at--;
      out += "\\u";
      for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        out += kHex[(surrogate >> shift) & 15U];
      }
    } else {
      out += text[at];
    }
  }
  out += '"';
}

// Writes JSON text of values; `pretty` indents by two blanks.
class TextWriter {
 public:
  TextWriter(Arena& arena, bool pretty, std::string& out)
      : arena_(arena), pretty_(pretty), out_(out) {}

  bool Write(Value value) {
    switch (value.kind()) {
      case Kind::kBool:
        out_ += value.boolean() ? "true" : "false";
        return true;
      case Kind::kNumber:
        if (std::isinf(value.number())) return false;
        AppendNumber(out_, RoundTo15Digits(value.number()));
        return true;
      case Kind::kString:
        AppendQuoted(value.text(), out_);
        return true;
      case Kind::kFunction:
        out_ += "\"\"";
        return true;
      case Kind::kArrayView:
      case Kind::kArray:
        return WriteArray(value);
      case Kind::kObjectView:
      case Kind::kObject:
        return WriteObject(value);
      default:
        out_ += "null";
        return true;
    }
  }

 private:
  bool WriteArray(Value value) {
    const Elements elements(value);
    if (elements.size() == 0) {
      out_ += "[]";
      return true;
    }
    Open('[');
    for (std::uint32_t i = 0; i < elements.size(); i++) {
      if (i > 0) Next();
      if (!Write(elements[i])) return false;
    }
    Close(']');
    return true;
  }

  bool WriteObject(Value value) {
    const Members members(arena_, value);
    bool any = false;
    for (std::uint32_t i = 0; i < members.size(); i++) {
      const Value member = members.value(i);
      if (member.is_undefined()) continue;
      any ? Next() : Open('{');
      any = true;
      AppendQuoted(members.key(i), out_);
      out_ += pretty_ ? ": " : ":";
      if (!Write(member)) return false;
    }
    any ? Close('}') : void(out_ += "{}");
    return true;
  }

  void Break() {
    if (pretty_) out_.append("\n").append(2 * depth_, ' ');
  }
  void Open(char bracket) {
    out_ += bracket;
    depth_++;
    Break();
  }
  void Next() {
    out_ += ',';
    Break();
  }
  void Close(char bracket) {
    depth_--;
    Break();
    out_ += bracket;
  }

  Arena& arena_;
  const bool pretty_;
  std::string& out_;
  std::size_t depth_ = 0;
};

bool ArrayToJson(Arena& arena, Value value, bool name_infinity, json::value& json) {
  const Elements elements(value);
  json::array& array = json.emplace_array();
  array.reserve(elements.size());
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (!ToJson(arena, elements[i], name_infinity, array.emplace_back(nullptr))) return false;
  }
  return true;
}

bool ObjectToJson(Arena& arena, Value value, bool name_infinity, json::value& json) {
  const Members members(arena, value);
  json::object& object = json.emplace_object();
  object.reserve(members.size());
  for (std::uint32_t i = 0; i < members.size(); i++) {
    const Value member = members.value(i);
    if (member.is_undefined()) continue;
    const json::string key = ToJsonString(members.key(i));
    if (!ToJson(arena, member, name_infinity, object[key])) return false;
  }
  return true;
}

}  // namespace

bool ToJson(Arena& arena, Value value, bool name_infinity, json::value& json) {
  switch (value.kind()) {
    case Kind::kBool:
      json = value.boolean();
      return true;
    case Kind::kNumber:
      json = NumberToJson(value, name_infinity);
      return true;
    case Kind::kString:
      json = ToJsonString(value.text());
      return true;
    case Kind::kArrayView:
    case Kind::kObjectView:
      json = value.view();
      return true;
    case Kind::kArray:
      return ArrayToJson(arena, value, name_infinity, json);
    case Kind::kObject:
      return ObjectToJson(arena, value, name_infinity, json);
    case Kind::kFunction:
      return false;
    default:
      json = nullptr;
      return true;
  }
}

std::string CleanText(std::string_view text) {
  std::string clean(text);
  for (std::size_t at = FindSurrogate(clean, 0); at != std::string::npos;
       at = FindSurrogate(clean, at)) {
    clean.replace(at, 3, "\uFFFD");
  }
  return clean;
}

bool AppendText(Arena& arena, Value value, bool pretty, std::string& text) {
  return TextWriter(arena, pretty, text).Write(value);
}

std::string ShownValue(Arena& arena, Value value) {
  if (value.is_undefined()) return "nothing";
  if (value.is_function()) return "a function";
  if (value.is_number() && !std::isfinite(value.number())) return NumberText(value.number());
  std::string text;
  AppendText(arena, value, false, text);
  if (text.size() <= kShownMax) return text;
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) end--;
  return text.substr(0, end) + "...";
}

}  // namespace towline::jsonata
