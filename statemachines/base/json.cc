#include "statemachines/base/json.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
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

// Whether one of eight bytes needs an escape: is a control character, a quote or a backslash.
bool HasSpecial(const char* eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  std::uint64_t word;
  std::memcpy(&word, eight, 8);
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
  return (controls | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\')) != 0;
}

// Number of leading bytes that need no escape. Eight at a time: most strings need none at all.
std::size_t PlainPrefix(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && !HasSpecial(text.data() + at)) at += 8;
  const bool rest_is_plain =
      text.size() >= 8 && at + 8 > text.size() && !HasSpecial(text.data() + text.size() - 8);
  if (rest_is_plain) return text.size();
  while (at < text.size() && EscapeOf(text[at]) == 0) at++;
  return at;
}

// Longest text of a number: "-0.000001234567890123456" and the like.
constexpr std::size_t kNumberSizeMax = 32;

// Lays out `digits` x 10^(point - number of digits) as Number.prototype.toString does.
char* WriteDecimal(char* to, std::string_view digits, int point) {
  const auto put = [&to](std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  const auto put_zeros = [&to](int count) {
    for (int i = 0; i < count; i++) *to++ = '0';
  };
  const int count = static_cast<int>(digits.size());
  if (count <= point && point <= 21) {
    put(digits);
    put_zeros(point - count);
  } else if (0 < point && point <= 21) {
    put(digits.substr(0, static_cast<std::size_t>(point)));
    *to++ = '.';
    put(digits.substr(static_cast<std::size_t>(point)));
  } else if (-6 < point && point <= 0) {
    put("0.");
    put_zeros(-point);
    put(digits);
  } else {
    *to++ = digits[0];
    if (count > 1) {
      *to++ = '.';
      put(digits.substr(1));
    }
    *to++ = 'e';
    if (point > 0) *to++ = '+';
    to = std::to_chars(to, to + 8, point - 1).ptr;
  }
  return to;
}

// Writes at most kNumberSizeMax characters and returns their end.
char* WriteNumber(char* to, double number) {
  if (!std::isfinite(number)) {
    return to + std::string_view("null").copy(to, 4);
  }
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (std::fabs(number) < kExactIntegers && number == std::trunc(number)) {
    return std::to_chars(to, to + kNumberSizeMax, static_cast<std::int64_t>(number)).ptr;
  }
  if (number < 0) *to++ = '-';
  char text[kNumberSizeMax];  // d.ddddde-xxx
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
  return WriteDecimal(to, {text, count}, exponent + 1);
}

char* WriteScalar(char* to, const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_: {
      const std::string_view text = value.get_bool() ? "true" : "false";
      std::memcpy(to, text.data(), text.size());
      return to + text.size();
    }
    case json::kind::int64:
      return std::to_chars(to, to + kNumberSizeMax, value.get_int64()).ptr;
    case json::kind::uint64:
      return std::to_chars(to, to + kNumberSizeMax, value.get_uint64()).ptr;
    case json::kind::double_:
      return WriteNumber(to, value.get_double());
    default:
      return to + std::string_view("null").copy(to, 4);
  }
}

// Gathers the many small pieces of a document before they go into the string: printing is on the
// way of every event, and std::string checks and terminates on each append.
class Sink {
 public:
  explicit Sink(std::string& out) : out_(out) {}
  ~Sink() { Flush(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void Put(char c) {
    if (size_ == sizeof buffer_) Flush();
    buffer_[size_++] = c;
  }
  void Put(std::string_view text) {
    if (text.size() > sizeof buffer_ - size_) {
      Flush();
      if (text.size() > sizeof buffer_) {
        out_ += text;
        return;
      }
    }
    std::memcpy(buffer_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  void PutScalar(const json::value& value) {
    if (kNumberSizeMax > sizeof buffer_ - size_) Flush();
    size_ = static_cast<std::size_t>(WriteScalar(buffer_ + size_, value) - buffer_);
  }
  void PutBlanks(std::size_t count) {
    for (std::size_t i = 0; i < count; i++) Put(' ');
  }
  void PutString(std::string_view text) {
    Put('"');
    for (;;) {
      const std::size_t plain = PlainPrefix(text);
      Put(text.substr(0, plain));
      if (plain == text.size()) break;
      const char escape = EscapeOf(text[plain]);
      Put('\\');
      Put(escape);
      if (escape == 'u') {
        constexpr std::string_view kHex = "0123456789abcdef";
        const auto code = static_cast<unsigned char>(text[plain]);
        Put("00");
        Put(kHex[code >> 4U]);
        Put(kHex[code & 15U]);
      }
      text.remove_prefix(plain + 1);
    }
    Put('"');
  }

 private:
  void Flush() {
    out_.append(buffer_, size_);
    size_ = 0;
  }

  std::string& out_;
  std::size_t size_ = 0;
  char buffer_[1024];
};

// Line breaks and indentation of the printed form; the compact one has none.
struct Compact {
  void Open(Sink&) {}
  void Next(Sink&) {}
  void Close(Sink&) {}
  static constexpr std::string_view kColon = ":";
};
struct Indented {
  void Open(Sink& sink) { depth++, Next(sink); }
  void Next(Sink& sink) { sink.Put('\n'), sink.PutBlanks(2 * depth); }
  void Close(Sink& sink) { depth--, Next(sink); }
  static constexpr std::string_view kColon = ": ";
  std::size_t depth = 0;
};

template <class Layout>
void Print(Sink& sink, const json::value& value, Layout& layout);

template <class Layout>
void PrintArray(Sink& sink, const json::array& array, Layout& layout) {
  if (array.empty()) return sink.Put("[]");
  sink.Put('[');
  layout.Open(sink);
  bool first = true;
  for (const json::value& element : array) {
    if (!first) {
      sink.Put(',');
      layout.Next(sink);
    }
    first = false;
    Print(sink, element, layout);
  }
  layout.Close(sink);
  sink.Put(']');
}

template <class Layout>
void PrintObject(Sink& sink, const json::object& object, Layout& layout) {
  if (object.empty()) return sink.Put("{}");
  sink.Put('{');
  layout.Open(sink);
  bool first = true;
  for (const auto& member : object) {
    if (!first) {
      sink.Put(',');
      layout.Next(sink);
    }
    first = false;
    sink.PutString({member.key().data(), member.key().size()});
    sink.Put(Layout::kColon);
    Print(sink, member.value(), layout);
  }
  layout.Close(sink);
  sink.Put('}');
}

template <class Layout>
void Print(Sink& sink, const json::value& value, Layout& layout) {
  if (const json::string* text = value.if_string()) {
    sink.PutString({text->data(), text->size()});
  } else if (const json::object* object = value.if_object()) {
    PrintObject(sink, *object, layout);
  } else if (const json::array* array = value.if_array()) {
    PrintArray(sink, *array, layout);
  } else {
    sink.PutScalar(value);
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
    char scalar[kNumberSizeMax];
    size += static_cast<std::size_t>(WriteScalar(scalar, value) - scalar);
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
  char text[kNumberSizeMax];
  out.append(text, static_cast<std::size_t>(WriteNumber(text, number) - text));
}

void AppendJson(std::string& out, const json::value& value) {
  Sink sink(out);
  Compact layout;
  Print(sink, value, layout);
}

std::string PrintJson(const json::value& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

std::string PrintJsonPretty(const json::value& value) {
  std::string out;
  {
    Sink sink(out);
    Indented layout;
    Print(sink, value, layout);
  }
  return out;
}

std::size_t JsonSize(const json::value& value, std::size_t limit) {
  std::size_t size = 0;
  AddSize(value, limit, size);
  return size;
}

std::string TextMember(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

}  // namespace towline
