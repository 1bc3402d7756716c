#pragma once

// Small readers that the parsers of this room share.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace towline::jsonpath {

// May start a variable's name; every byte of a non-ASCII character may.
inline bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Takes one code point and moves `at` past it. The text is valid UTF-8: it came out of a JSON
// document.
char32_t TakeCodePoint(std::string_view text, std::size_t& at);

// Appends `code` as UTF-8.
void AppendUtf8(std::string& out, char32_t code);

// Place of the quote that closes the one at `open` (a backslash shields the next character), or
// npos.
std::size_t FindQuote(std::string_view text, std::size_t open);

// Place of the parenthesis that closes the one at `open`; strings and /patterns/ are skipped. npos
// if there is none.
std::size_t FindClosing(std::string_view text, std::size_t open);

// Enough of `text` to know it by in a message, where texts that hold each other are told one by
// one.
std::string Shortened(std::string_view text);

// Undoes \n, \t, \b, \r, \f, \uXXXX; of any other escape the backslash goes. Nothing for a
// truncated \u or half a surrogate pair.
std::optional<std::string> UnescapeJava(std::string_view text);

}  // namespace towline::jsonpath
