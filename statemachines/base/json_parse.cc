#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

#include "statemachines/base/json.h"

namespace towline {
namespace {

// Builds the value while Boost's parser reads the text. Ours only because of the doubles: Boost
// computes them with an error of a unit in the last place, from_chars does not.
struct ValueHandler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Text = json::string_view;
  using Ec = json::error_code;

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return true; }
  bool on_array_begin(Ec&) { return true; }
  bool on_object_end(std::size_t n, Ec&) { return stack.push_object(n), true; }
  bool on_array_end(std::size_t n, Ec&) { return stack.push_array(n), true; }
  bool on_key_part(Text s, std::size_t, Ec&) { return stack.push_chars(s), true; }
  bool on_key(Text s, std::size_t, Ec&) { return stack.push_key(s), true; }
  bool on_string_part(Text s, std::size_t, Ec&) { return stack.push_chars(s), true; }
  bool on_string(Text s, std::size_t, Ec&) { return stack.push_string(s), true; }
  bool on_number_part(Text, Ec&) { return true; }
  bool on_int64(std::int64_t i, Text, Ec&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, Text, Ec&) { return stack.push_uint64(u), true; }
  bool on_bool(bool b, Ec&) { return stack.push_bool(b), true; }
  bool on_null(Ec&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Ec&) { return true; }
  bool on_comment(Text, Ec&) { return true; }

  // `text` is the whole number: the document comes in one piece.
  bool on_double(double approximate, Text text, Ec& ec) {
    double exact = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    if (read.ec == std::errc::result_out_of_range) {
      if (std::fabs(approximate) > 1) {
        ec = json::make_error_code(json::error::exponent_overflow);
        return false;
      }
      exact = 0;  // closer to zero than any double
    }
    stack.push_double(exact);
    return true;
  }

  unsigned char first_block[2048];  // spares small documents the allocation of the stack
  json::value_stack stack{json::storage_ptr(), first_block, sizeof first_block};
};

std::string Describe(json::error_code ec, std::string_view text, std::size_t offset) {
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

}  // namespace

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
  json::basic_parser<ValueHandler> parser(options);
  parser.handler().stack.reset();
  json::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && read < text.size()) ec = json::make_error_code(json::error::extra_data);
  if (!ec) return Json(parser.handler().stack.release());
  const TextPosition position = PositionOf(text, read);
  return Error{.code = Error::Code::kInvalidArgument,
               .message = "invalid JSON: " + Describe(ec, text, read) + " at line " +
                          std::to_string(position.line) + ", column " +
                          std::to_string(position.column)};
}

}  // namespace towline
