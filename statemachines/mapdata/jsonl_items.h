#pragma once

#include "statemachines/mapdata/item_parser.h"

namespace towline::mapdata {

// One JSON value a line. Blank lines are no items.
class JsonlItems : public ItemParser {
 public:
  explicit JsonlItems(Options options);
  Result<std::optional<ParsedItem>> Next() override;

 private:
  std::string held_;  // the beginning of a line that goes on in the next chunk
  std::uint64_t line_of_item_ = 1;
};

}  // namespace towline::mapdata
