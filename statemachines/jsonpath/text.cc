#include "statemachines/jsonpath/text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace towline::jsonpath {
namespace {

bool TakeHex(std::string_view text, std::size_t at, std::uint32_t& unit) {
  if (at + 4 > text.size()) return false;
  // Java's parser takes a sign as well.
  const std::size_t sign = text[at] == '+' ? 1 : 0;
  const auto end = std::from_chars(text.data() + at + sign, text.data() + at + 4, unit, 16);
  return end.ec == std::errc() && end.ptr == text.data() + at + 4;
}

// Reads the digits after "\u" at `at` (and a second half, if it is a surrogate); moves past them.
// Where the text ends too early they stand for nothing, and half a pair for U+FFFD: no name of a
// document is that, which is what Jayway finds, too.
bool TakeUnicode(std::string_view text, std::size_t& at, std::string& out) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  if (at + 4 > text.size()) {
    at = text.size();
    return true;
  }
  std::uint32_t code = 0;
  if (!TakeHex(text, at, code)) return false;
  at += 4;
  std::uint32_t low = 0;
  if (code >= 0xD800 && code < 0xDC00 && text.substr(at, 2) == "\\u" &&
      TakeHex(text, at + 2, low) && low >= 0xDC00 && low < 0xE000) {
    code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    at += 6;
  }
  AppendUtf8(out, code >= 0xD800 && code < 0xE000 ? kReplacement : code);
  return true;
}

}  // namespace

void AppendUtf8(std::string& out, char32_t code) {
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80U | ((code >> static_cast<unsigned>(shift)) & 0x3FU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

char32_t TakeCodePoint(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const char32_t first = byte(at);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; i++) code = code << 6U | (byte(at + i) & 0x3FU);
  at = std::min(at + size, text.size());
  return code;
}

std::size_t FindQuote(std::string_view text, std::size_t open) {
  for (std::size_t at = open + 1; at < text.size(); at++) {
    if (text[at] == '\\') {
      at++;
    } else if (text[at] == text[open]) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::size_t FindClosing(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); at++) {
    const char c = text[at];
    if (c == '\'' || c == '"' || c == '/') {
      at = FindQuote(text, at);
      if (at == std::string_view::npos) return at;
    } else if (c == '(') {
      depth++;
    } else if (c == ')' && --depth == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::string Shortened(std::string_view text) {
  constexpr std::size_t kShown = 200;
  if (text.size() <= kShown) return std::string(text);
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) end--;
  return std::string(text.substr(0, end)) + "…";
}

std::optional<std::string> UnescapeJava(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at++) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    at++;
    switch (text[at]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        at++;
        if (!TakeUnicode(text, at, out)) return std::nullopt;
        at--;
        break;
      default:
        out += text[at];
    }
  }
  return out;
}

}  // namespace towline::jsonpath
