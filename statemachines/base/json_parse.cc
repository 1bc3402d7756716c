#include "statemachines/base/json_builder.h"

namespace towline {

std::string DescribeJsonError(json::error_code ec, std::string_view text, std::size_t offset) {
  if (ec == json::error::exponent_overflow) return "number out of range";
  if (ec == json::error::incomplete || offset >= text.size()) return "the text ends too early";
  if (ec == json::error::too_deep) {
    return "nested deeper than " + std::to_string(kJsonDepthMax) + " levels";
  }
  if (ec == json::error::extra_data) return "unexpected text after the end of the document";
  if (ec == json::error::illegal_leading_surrogate ||
      ec == json::error::illegal_trailing_surrogate || ec == json::error::expected_hex_digit) {
    return "invalid \\u escape";
  }
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (byte >= 0x80) return "invalid UTF-8, or a character outside of a string";
  if (byte < 0x20) return "unexpected control character; write it as an escape";
  if (byte == '\'') return "unexpected '; strings take double quotes";
  return std::string("unexpected '") + text[offset] + "'";
}

TextPosition PositionOf(std::string_view text, std::size_t offset) {
  TextPosition position;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      position.line++;
      position.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      position.column++;  // a character, not a byte of its continuation
    }
  }
  return position;
}

Result<Json> ParseJson(std::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<JsonBuilder> parser(options);
  parser.handler().stack.reset();
  json::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && read < text.size()) ec = json::make_error_code(json::error::extra_data);
  if (!ec) return Json(parser.handler().stack.release());
  const TextPosition position = PositionOf(text, read);
  return Error{.code = Error::Code::kInvalidArgument,
               .message = "invalid JSON: " + DescribeJsonError(ec, text, read) + " at line " +
                          std::to_string(position.line) + ", column " +
                          std::to_string(position.column)};
}

}  // namespace towline
