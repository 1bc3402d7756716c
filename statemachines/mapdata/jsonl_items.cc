#include "statemachines/mapdata/jsonl_items.h"

namespace towline::mapdata {

JsonlItems::JsonlItems(Options options) : ItemParser(std::move(options)) {
  if (options_.from.in != ParserPosition::In::kStart) GoTo(options_.from);
  line_of_item_ = options_.from.line;
}

Result<std::optional<ParsedItem>> JsonlItems::Next() {
  while (!done()) {
    const std::size_t end = rest().find('\n');
    const bool whole = end != std::string_view::npos || finished();
    const std::size_t taken = end == std::string_view::npos ? rest().size() : end + 1;
    if (held_.size() + taken > options_.item_bytes_max) return TooLarge();
    if (!whole) {
      held_ += rest();
      Consume(taken);
      break;
    }
    // A line within one chunk is read where it lies.
    std::string_view line = rest().substr(0, taken);
    if (!held_.empty()) line = held_.append(line);
    const bool last = end == std::string_view::npos;
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      Consume(taken);
      held_.clear();
      line_of_item_++;
      if (last) End();
      continue;
    }
    auto value = ParseJson(line);
    if (!value) {
      std::string what = value.error().message;
      constexpr std::string_view kAt = " at line 1, ";  // of the line, which is all it has seen
      const std::size_t at = what.rfind(kAt);
      if (at != std::string::npos) what.replace(at, kAt.size(), " at ");
      return ReaderFailed(options_.source + ", line " + std::to_string(line_of_item_) + ": " +
                          what);
    }
    Consume(taken);
    held_.clear();
    line_of_item_++;
    Mark(ParserPosition::In::kRows);
    return std::optional(ParsedItem{.value = std::move(*value)});
  }
  return std::optional<ParsedItem>();
}

}  // namespace towline::mapdata
