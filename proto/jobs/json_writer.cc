#include <charconv>

#include "proto/jobs/json_text.h"
#include "statemachines/base/json.h"

namespace towline::jobs {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// What follows the backslash, 'u' for a \u00XX, or 0 for a character that stands for itself.
constexpr char EscapeOf(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return static_cast<unsigned char>(c) < 0x20 ? 'u' : '\0';
  }
}

template <class T>
void AppendInteger(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

void JsonWriter::Comma() {
  if (comma_) out_ += ',';
  comma_ = true;
}

void JsonWriter::Open(char bracket) {
  Comma();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::Close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::Key(std::string_view name) {
  Comma();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  comma_ = false;
}

void JsonWriter::Name(std::string_view name) {
  String(name);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::String(std::string_view text) {
  Comma();
  out_ += '"';
  std::size_t plain = 0;  // start of what needs no escape: appended in one piece
  for (std::size_t i = 0; i < text.size(); i++) {
    const char escape = EscapeOf(text[i]);
    if (escape == '\0') continue;
    out_.append(text, plain, i - plain);
    plain = i + 1;
    out_ += '\\';
    out_ += escape;
    if (escape != 'u') continue;
    out_ += "00";
    out_ += kHex[static_cast<unsigned char>(text[i]) >> 4];
    out_ += kHex[text[i] & 15];
  }
  out_.append(text, plain);
  out_ += '"';
}

void JsonWriter::Integer(std::int64_t number) {
  Comma();
  AppendInteger(out_, number);
}

void JsonWriter::Unsigned(std::uint64_t number) {
  Comma();
  AppendInteger(out_, number);
}

void JsonWriter::Number(double number) {
  Comma();
  AppendNumber(out_, number);
}

void JsonWriter::Bool(bool value) {
  Comma();
  out_ += value ? "true" : "false";
}

void JsonWriter::Raw(std::string_view json_text) {
  Comma();
  out_ += json_text;
}

std::size_t JsonStringSize(std::string_view text) {
  std::size_t size = text.size() + 2;
  for (const char c : text) {
    const char escape = EscapeOf(c);
    if (escape != '\0') size += escape == 'u' ? 5 : 1;
  }
  return size;
}

}  // namespace towline::jobs
