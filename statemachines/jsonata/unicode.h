#pragma once

// Text as JSONata counts it. The language was made for JavaScript, whose strings are sequences of
// UTF-16 units: some functions count units, others code points. Here all text is UTF-8; a lone
// surrogate, which JavaScript allows, is kept as the three bytes that UTF-8 would give its number,
// and Append() heals a pair that meets again. ASCII text never takes the slow paths.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace towline::jsonata {

bool IsAscii(std::string_view text);

// Takes the code point at byte `at`, which must lie inside `text`, and moves `at` past it. Bytes
// that are no UTF-8 count as U+FFFD, one each.
char32_t TakeCodePoint(std::string_view text, std::size_t& at);
void AppendCodePoint(std::string& text, char32_t code);

// Appends `more`; a high surrogate at the end of `text` and a low one at the start of `more`
// become one code point. Text of which one part may have been split by units is joined with this.
void Append(std::string& text, std::string_view more);

std::u16string ToUtf16(std::string_view text);
std::string ToUtf8(std::u16string_view units);

std::size_t CodePointCount(std::string_view text);
std::size_t Utf16Length(std::string_view text);

// Order by UTF-16 units, as < and $sort have it: negative, zero or positive.
int CompareUtf16(std::string_view a, std::string_view b);

// Full mappings of no language: ß gives SS, a sigma at the end of a word gives ς.
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);

// The UTF-16 units of `text`, each as a text of its own: what $split(text, "") gives.
std::vector<std::string> SplitIntoUnits(std::string_view text);

// Part of `text`. `start` counts code points from 0, from the end if negative; fractions are cut
// off; without `length` all the rest.
std::string_view Substring(std::string_view text, double start, std::optional<double> length);

// `text` filled up to |width| code points with repetitions of `fill` (a space if that is empty),
// on the right, or on the left if `width` is negative. The caller has bounded `width`.
std::string Pad(std::string_view text, double width, std::string_view fill);

// Each run of spaces, tabs and line breaks becomes one space; none is left at either end.
std::string Trim(std::string_view text);

}  // namespace towline::jsonata
