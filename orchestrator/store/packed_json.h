#pragma once

// JSON values as bytes: what documents look like inside stored events. Exact (an integer stays an
// integer, 1.0 stays a double), about 60 % of the text's size, and readable without a parser.
//
//   00 null, 01 false, 02 true        04 double: 8 bytes, little-endian
//   03 integer: zigzag varint         05 integer above 2^63-1: varint
//   06 text: length, bytes            07 array: count, values   08 object: count, (key, value)s
//   20-3f text of 0 to 31 bytes       40-4f array of 0 to 15    50-5f object of 0 to 15
//   80-ff integer 0 to 127            a key: length, bytes
//
// Neither direction recurses: a deep document cannot exhaust the stack.

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace towline::store {

void AppendPacked(std::string& out, const boost::json::value& value);
// Throws StoreError unless `bytes` are exactly one value.
boost::json::value ReadPacked(std::string_view bytes);

void AppendVarint(std::string& out, std::uint64_t number);
// Takes a varint off the front of `bytes`; throws StoreError when there is none.
std::uint64_t TakeVarint(std::string_view& bytes);

// Visits a value and all within it: parents before children, in order. Numbers them from 0.
class PreorderWalk {
 public:
  explicit PreorderWalk(const boost::json::value& root) : next_(&root) {}
  const boost::json::value* Next();  // null at the end

 private:
  struct Level {
    const boost::json::value* container;
    std::size_t index;
  };
  const boost::json::value* next_;
  std::vector<Level> open_;
};

}  // namespace towline::store
