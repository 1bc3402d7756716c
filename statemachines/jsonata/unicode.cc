#include "statemachines/jsonata/unicode.h"

#include <unicode/ustring.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "statemachines/base/check.h"

namespace towline::jsonata {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

unsigned char ByteAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
bool IsHighSurrogate(char32_t code) { return code >= 0xD800 && code <= 0xDBFF; }
bool IsLowSurrogate(char32_t code) { return code >= 0xDC00 && code <= 0xDFFF; }

char32_t Joined(char32_t high, char32_t low) {
  return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
}

// Bytes of the sequence that `lead` begins; 0 if it begins none.
std::size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// Whether a character whose UTF-8 begins so sorts by a unit above all surrogates.
bool AboveSurrogates(unsigned char lead) { return lead == 0xEE || lead == 0xEF; }

template <class Mapping>
std::string MapCase(std::string_view text, Mapping map) {
  const std::u16string from = ToUtf16(text);
  // No mapping makes more than three units of one.
  std::u16string to(from.size() * 3 + 1, u'\0');
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t size = map(to.data(), static_cast<std::int32_t>(to.size()), from.data(),
                                static_cast<std::int32_t>(from.size()), "", &status);
  CHECK(U_SUCCESS(status));
  return ToUtf8(std::u16string_view(to).substr(0, static_cast<std::size_t>(size)));
}

// Byte offset of code point number `index`; the end if there are fewer.
std::size_t OffsetOf(std::string_view text, std::size_t index, bool ascii) {
  if (ascii) return std::min(index, text.size());
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); index--) TakeCodePoint(text, at);
  return at;
}

// A position as JavaScript's slice() takes it: negative ones count from the end.
std::size_t SlicePosition(double position, double count) {
  position = std::isnan(position) ? 0 : std::trunc(position);
  if (position < 0) position = std::max(0.0, count + position);
  return static_cast<std::size_t>(std::min(position, count));
}

}  // namespace

bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & kHighBits) != 0) return false;
  }
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char32_t TakeCodePoint(std::string_view text, std::size_t& at) {
  const unsigned char lead = ByteAt(text, at);
  const std::size_t length = SequenceLength(lead);
  if (length == 1) {
    at++;
    return lead;
  }
  if (length == 0 || at + length > text.size()) {
    at++;
    return kReplacement;
  }
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; i++) {
    if (!IsContinuation(text[at + i])) {
      at++;
      return kReplacement;
    }
    code = (code << 6U) | (ByteAt(text, at + i) & 0x3FU);
  }
  at += length;
  return code;
}

void AppendCodePoint(std::string& text, char32_t code) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

void Append(std::string& text, std::string_view more) {
  if (more.size() >= 3 && text.size() >= 3 && ByteAt(more, 0) == 0xED) {
    std::size_t first = text.size() - 3;
    std::size_t second = 0;
    const char32_t high = TakeCodePoint(text, first);
    const char32_t low = TakeCodePoint(more, second);
    if (IsHighSurrogate(high) && IsLowSurrogate(low)) {
      text.resize(text.size() - 3);
      AppendCodePoint(text, Joined(high, low));
      more.remove_prefix(second);
    }
  }
  text += more;
}

std::u16string ToUtf16(std::string_view text) {
  if (IsAscii(text)) return {text.begin(), text.end()};
  std::u16string units;
  units.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = TakeCodePoint(text, at);
    if (code >= 0x10000) {
      units += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10U));
      units += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FFU));
    } else {
      units += static_cast<char16_t>(code);
    }
  }
  return units;
}

std::string ToUtf8(std::u16string_view units) {
  std::string text;
  text.reserve(units.size());
  for (std::size_t i = 0; i < units.size(); i++) {
    const char32_t unit = units[i];
    if (IsHighSurrogate(unit) && i + 1 < units.size() && IsLowSurrogate(units[i + 1])) {
      AppendCodePoint(text, Joined(unit, units[++i]));
    } else {
      AppendCodePoint(text, unit);
    }
  }
  return text;
}

std::size_t CodePointCount(std::string_view text) {
  if (IsAscii(text)) return text.size();
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); count++) TakeCodePoint(text, at);
  return count;
}

std::size_t Utf16Length(std::string_view text) {
  if (IsAscii(text)) return text.size();
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) count += TakeCodePoint(text, at) < 0x10000 ? 1 : 2;
  return count;
}

int CompareUtf16(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (in_a == a.end()) return in_b == b.end() ? 0 : -1;
  if (in_b == b.end()) return 1;
  const auto byte_a = static_cast<unsigned char>(*in_a);
  const auto byte_b = static_cast<unsigned char>(*in_b);
  // Code points beyond U+FFFF are written with surrogates, which come before U+E000.
  if (AboveSurrogates(byte_a) && byte_b >= 0xF0) return 1;
  if (AboveSurrogates(byte_b) && byte_a >= 0xF0) return -1;
  return byte_a < byte_b ? -1 : 1;
}

std::string ToUpper(std::string_view text) {
  if (!IsAscii(text)) return MapCase(text, u_strToUpper);
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::string ToLower(std::string_view text) {
  if (!IsAscii(text)) return MapCase(text, u_strToLower);
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string> SplitIntoUnits(std::string_view text) {
  std::vector<std::string> units;
  for (const char16_t unit : ToUtf16(text)) AppendCodePoint(units.emplace_back(), unit);
  return units;
}

std::string_view Substring(std::string_view text, double start, std::optional<double> length) {
  const bool ascii = IsAscii(text);
  const auto count = static_cast<double>(CodePointCount(text));
  if (count + start < 0) start = 0;
  double end = count;
  if (length) {
    if (*length <= 0) return {};
    end = (start >= 0 ? start : count + start) + *length;
  }
  const std::size_t first = SlicePosition(start, count);
  const std::size_t last = SlicePosition(end, count);
  if (last <= first) return {};
  text.remove_prefix(OffsetOf(text, first, ascii));
  return text.substr(0, OffsetOf(text, last - first, ascii));
}

std::string Pad(std::string_view text, double width, std::string_view fill) {
  const auto length = static_cast<double>(CodePointCount(text));
  // Not "<=": a width that is no number pads nothing.
  if (!(std::abs(width) - length >= 1)) return std::string(text);
  auto missing = static_cast<std::size_t>(std::abs(width) - length);
  if (fill.empty()) fill = " ";
  std::string padding;
  const std::size_t points = CodePointCount(fill);
  for (; missing >= points; missing -= points) padding += fill;
  padding += Substring(fill, 0, static_cast<double>(missing));
  return width > 0 ? std::string(text) + padding : padding + std::string(text);
}

std::string Trim(std::string_view text) {
  std::string trimmed;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      gap = true;
      continue;
    }
    if (gap && !trimmed.empty()) trimmed += ' ';
    gap = false;
    trimmed += c;
  }
  return trimmed;
}

}  // namespace towline::jsonata
