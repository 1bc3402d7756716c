#pragma once

// The functions that write text as other text: Base64, URLs, digests.

#include <string>
#include <string_view>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// Base64 with padding of the low byte of each UTF-16 unit (Latin-1, not UTF-8).
std::string Base64Encode(std::string_view text);
// Decodes both alphabets up to the padding and passes over whatever belongs to neither; here too
// only the low byte of each UTF-16 unit counts. Each byte gives the character U+0000 to U+00FF.
std::string Base64Decode(std::string_view text);

// Percent-encoding as JavaScript has it; D3140 for a lone surrogate. A component's encoding leaves
// only A-Z a-z 0-9 - _ . ! ~ * ' ( ), a URL's also ; / ? : @ & = + $ , #.
OrProblem<std::string> EncodeUrlComponent(std::string_view text);
OrProblem<std::string> EncodeUrl(std::string_view text);
// D3140 for a malformed escape or one that gives no UTF-8. DecodeUrl leaves the escapes of the
// characters that EncodeUrl leaves.
OrProblem<std::string> DecodeUrlComponent(std::string_view text);
OrProblem<std::string> DecodeUrl(std::string_view text);

// Digest of the text's UTF-8 in lower-case hexadecimal digits; D3141 for an unknown algorithm.
OrProblem<std::string> Hash(std::string_view text, std::string_view algorithm);

}  // namespace towline::jsonata
