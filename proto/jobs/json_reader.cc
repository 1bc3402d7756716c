#include <charconv>
#include <cmath>
#include <cstdlib>

#include "proto/jobs/json_text.h"

namespace towline::jobs {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Bytes of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629: shortest form, no surrogates).
std::size_t SequenceSize(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return is_tail(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!is_tail(1) || !is_tail(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    return first == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (first > 0xF4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  return first == 0xF4 && byte(1) > 0x8F ? 0 : 4;
}

void AppendUtf8(std::string& out, std::uint32_t point) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | (point >> 6));
    add(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    add(0xE0 | (point >> 12));
    add(0x80 | ((point >> 6) & 0x3F));
    add(0x80 | (point & 0x3F));
  } else {
    add(0xF0 | (point >> 18));
    add(0x80 | ((point >> 12) & 0x3F));
    add(0x80 | ((point >> 6) & 0x3F));
    add(0x80 | (point & 0x3F));
  }
}

}  // namespace

std::string ToUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t size = SequenceSize(bytes, i);
    if (size == 0) {
      text += "\xEF\xBF\xBD";
      i++;
    } else {
      text.append(bytes, i, size);
      i += size;
    }
  }
  return text;
}

JsonReader::JsonReader(std::string_view text, int depth_max) : text_(text), depth_max_(depth_max) {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      i++;
      continue;
    }
    const std::size_t size = SequenceSize(text, i);
    if (size == 0) {
      at_ = i;
      Fail("not UTF-8");
      return;
    }
    i += size;
  }
}

bool JsonReader::Fail(std::string_view what) {
  if (failed_) return false;
  failed_ = true;
  what_ = std::string(what) + " at byte " + std::to_string(at_);
  return false;
}

Error JsonReader::error() const { return Error{Error::Code::kInvalidArgument, what_}; }

void JsonReader::Space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    at_++;
  }
}

bool JsonReader::Enter(char bracket) {
  if (failed_) return false;
  Space();
  if (at_ >= text_.size() || text_[at_] != bracket) {
    return Fail(bracket == '{' ? "expected an object" : "expected an array");
  }
  if (depth_ >= depth_max_) return Fail("nested too deeply");
  depth_++;
  at_++;
  return true;
}

bool JsonReader::TryClose(char bracket) {
  Space();
  if (at_ >= text_.size() || text_[at_] != bracket) return false;
  at_++;
  depth_--;
  return true;
}

bool JsonReader::Another(char bracket) {
  if (TryClose(bracket)) return false;
  if (at_ < text_.size() && text_[at_] == ',') {
    at_++;
    return true;
  }
  return Fail(bracket == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
}

bool JsonReader::ReadKey(std::string& key) {
  Space();
  key.clear();
  if (!ReadString(&key)) return false;
  Space();
  if (at_ >= text_.size() || text_[at_] != ':') return Fail("expected ':'");
  at_++;
  return true;
}

bool JsonReader::String(std::string& value) {
  if (failed_) return false;
  Space();
  value.clear();
  return ReadString(&value);
}

bool JsonReader::ReadString(std::string* value) {
  if (at_ >= text_.size() || text_[at_] != '"') return Fail("expected a string");
  at_++;
  std::size_t plain = at_;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < 0x20) return Fail("control character in a string");
    if (c != '"' && c != '\\') {
      at_++;
      continue;
    }
    if (value != nullptr) value->append(text_, plain, at_ - plain);
    at_++;
    if (c == '"') return true;
    if (!ReadEscape(value)) return false;
    plain = at_;
  }
  return Fail("unfinished string");
}

bool JsonReader::ReadEscape(std::string* value) {
  if (at_ >= text_.size()) return Fail("unfinished string");
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char c = text_[at_++];
  if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
    if (value != nullptr) *value += kMeanings[i];
    return true;
  }
  std::uint32_t point = 0;
  if (c != 'u') return Fail("unknown escape");
  if (!ReadHex4(point)) return false;
  if (point >= 0xDC00 && point < 0xE000) return Fail("lone surrogate");
  if (point >= 0xD800 && point < 0xDC00) {
    std::uint32_t low = 0;
    if (text_.substr(at_, 2) != "\\u") return Fail("lone surrogate");
    at_ += 2;
    if (!ReadHex4(low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return Fail("lone surrogate");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (value != nullptr) AppendUtf8(*value, point);
  return true;
}

bool JsonReader::ReadHex4(std::uint32_t& unit) {
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (digits.size() < 4 || error != std::errc{} || end != digits.data() + 4) {
    return Fail("expected four hex digits");
  }
  at_ += 4;
  return true;
}

// The grammar of RFC 8259: no leading zero, no bare point, no "+".
bool JsonReader::ReadNumberText(std::string_view& text, bool& integral) {
  if (failed_) return false;
  Space();
  std::size_t i = at_;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text_.size() && IsDigit(text_[i])) i++;
    return i - from;
  };
  const auto is = [&](char c) { return i < text_.size() && text_[i] == c; };
  if (is('-')) i++;
  const bool zero = is('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return Fail("expected a number");
  integral = true;
  if (is('.')) {
    i++;
    integral = false;
    if (digits() == 0) return Fail("expected a number");
  }
  if (is('e') || is('E')) {
    i++;
    integral = false;
    if (is('-') || is('+')) i++;
    if (digits() == 0) return Fail("expected a number");
  }
  text = text_.substr(at_, i - at_);
  at_ = i;
  return true;
}

bool JsonReader::ReadSigned(std::int64_t& value) {
  std::string_view text;
  bool integral = false;
  if (!ReadNumberText(text, integral)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!integral || error != std::errc{}) return Fail("expected an integer");
  return true;
}

bool JsonReader::ReadUnsigned(std::uint64_t& value) {
  std::string_view text;
  bool integral = false;
  if (!ReadNumberText(text, integral)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!integral || error != std::errc{}) return Fail("expected a natural number");
  return true;
}

bool JsonReader::Number(double& value) {
  std::string_view text;
  bool integral = false;
  if (!ReadNumberText(text, integral)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{}) return true;
  value = std::strtod(std::string(text).c_str(), nullptr);
  if (std::fabs(value) > 1) return Fail("number out of range");
  value = 0;  // closer to zero than any double
  return true;
}

bool JsonReader::ReadLiteral(std::string_view literal) {
  if (text_.substr(at_, literal.size()) != literal) return Fail("expected a value");
  at_ += literal.size();
  return true;
}

bool JsonReader::Bool(bool& value) {
  if (failed_) return false;
  Space();
  if (at_ >= text_.size() || (text_[at_] != 't' && text_[at_] != 'f')) {
    return Fail("expected true or false");
  }
  value = text_[at_] == 't';
  return ReadLiteral(value ? "true" : "false");
}

bool JsonReader::SkipScalar() {
  switch (text_[at_]) {
    case '"':
      return ReadString(nullptr);
    case 't':
      return ReadLiteral("true");
    case 'f':
      return ReadLiteral("false");
    case 'n':
      return ReadLiteral("null");
    default: {
      double number = 0;
      return Number(number);
    }
  }
}

bool JsonReader::Skip() {
  if (failed_) return false;
  Space();
  if (at_ >= text_.size()) return Fail("expected a value");
  if (text_[at_] == '{') return Object([this](std::string_view) { return Skip(); });
  if (text_[at_] == '[') return Array([this] { return Skip(); });
  return SkipScalar();
}

bool JsonReader::Raw(std::string& json_text) {
  if (failed_) return false;
  Space();
  const std::size_t from = at_;
  if (!Skip()) return false;
  json_text.assign(text_, from, at_ - from);
  return true;
}

bool JsonReader::End() {
  if (failed_) return false;
  Space();
  return at_ == text_.size() || Fail("more after the end");
}

}  // namespace towline::jobs
