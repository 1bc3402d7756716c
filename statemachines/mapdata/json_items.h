#pragma once

#include "statemachines/base/json_stream.h"
#include "statemachines/mapdata/item_parser.h"

namespace towline::mapdata {

// The elements of the array that is the document, or of the array or object that ItemsPointer names
// in it. Values beside the pointer's path are checked and passed over; what follows the items is
// not read at all. Of a repeated key the first is followed: the others come too late.
class JsonItems : public ItemParser {
 public:
  explicit JsonItems(Options options);
  Result<std::optional<ParsedItem>> Next() override;

 private:
  enum class State {
    kValue,    // before the value that the path leads to
    kFirst,    // behind the [ or { of that value
    kKey,      // before a member's key
    kInKey,    //
    kColon,    //
    kElement,  // before an element, or a member's value
    kInItem,   //
    kInOther,  // in a value that is passed over
    kNext,     // behind an element or a member
    kTail,     // behind the document: blanks only
  };
  // What a step found: nothing yet, an item, a fault, or that the chunk is used up.
  struct Step {
    bool starved = false;
    std::optional<ParsedItem> item{};
    std::optional<Error> error{};
  };

  Step Advance();
  Step Open(char c);
  Step First(char c);
  Step Element();
  Step Continue(char c);
  Step InKey();
  Step InItem();
  Step InOther();
  Step CloseContainer();
  Step Read(bool* complete);
  bool AtTarget() const { return matched_ == options_.config.items_pointer.size(); }
  char Close() const { return in_object_ ? '}' : ']'; }
  Step Unexpected(char c, std::string_view wanted) const;
  Step Missing() const;

  State state_ = State::kValue;
  std::size_t matched_ = 0;  // tokens of the pointer that lead to where we are
  bool in_object_ = false;
  std::uint64_t index_ = 0;  // of the element, in an array on the path
  std::string key_;
  JsonStreamParser parser_;
  std::size_t value_bytes_ = 0;
};

}  // namespace towline::mapdata
