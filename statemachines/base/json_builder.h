#pragma once

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <string>

#include "statemachines/base/json.h"

// How this folder drives Boost's parser; nobody else includes it.
namespace towline {

// Takes the events of Boost's parser and keeps nothing: what remains is the check of the grammar.
struct JsonChecker {
  // NOLINTBEGIN(readability-identifier-naming): the names are Boost's
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  // NOLINTEND(readability-identifier-naming)
  using Text = json::string_view;
  using Ec = json::error_code;

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return true; }
  bool on_array_begin(Ec&) { return true; }
  bool on_object_end(std::size_t, Ec&) { return true; }
  bool on_array_end(std::size_t, Ec&) { return true; }
  bool on_key_part(Text, std::size_t, Ec&) { return true; }
  bool on_key(Text, std::size_t, Ec&) { return true; }
  bool on_string_part(Text, std::size_t, Ec&) { return true; }
  bool on_string(Text, std::size_t, Ec&) { return true; }
  bool on_number_part(Text, Ec&) { return true; }
  bool on_int64(std::int64_t, Text, Ec&) { return true; }
  bool on_uint64(std::uint64_t, Text, Ec&) { return true; }
  bool on_double(double, Text, Ec&) { return true; }
  bool on_bool(bool, Ec&) { return true; }
  bool on_null(Ec&) { return true; }
  bool on_comment_part(Text, Ec&) { return true; }
  bool on_comment(Text, Ec&) { return true; }
};

// Builds the value while Boost's parser reads the text. Ours only because of the doubles: Boost
// computes them with an error of a unit in the last place, from_chars does not.
struct JsonBuilder : JsonChecker {
  bool on_object_end(std::size_t n, Ec&) { return stack.push_object(n), true; }
  bool on_array_end(std::size_t n, Ec&) { return stack.push_array(n), true; }
  bool on_key_part(Text s, std::size_t, Ec&) { return stack.push_chars(s), true; }
  bool on_key(Text s, std::size_t, Ec&) { return stack.push_key(s), true; }
  bool on_string_part(Text s, std::size_t, Ec&) { return stack.push_chars(s), true; }
  bool on_string(Text s, std::size_t, Ec&) { return stack.push_string(s), true; }
  bool on_number_part(Text s, Ec&) { return number.append(s.data(), s.size()), true; }
  bool on_int64(std::int64_t i, Text, Ec&) { return number.clear(), stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, Text, Ec&) { return number.clear(), stack.push_uint64(u), true; }
  bool on_bool(bool b, Ec&) { return stack.push_bool(b), true; }
  bool on_null(Ec&) { return stack.push_null(), true; }

  // `text` is the number, or its last part when the text comes in pieces.
  bool on_double(double approximate, Text text, Ec& ec) {
    if (!number.empty()) {
      number.append(text.data(), text.size());
      text = Text(number.data(), number.size());
    }
    double exact = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    number.clear();
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
  std::string number{};  // the parts so far of a number that comes in pieces
};

// What is wrong at `offset` of `text`, without saying where.
std::string DescribeJsonError(json::error_code ec, std::string_view text, std::size_t offset);

}  // namespace towline
