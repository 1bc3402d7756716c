#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/mapdata/item_parser.h"
#include "statemachines/mapdata/reader_position.h"

namespace towline::mapdata {

// What a reader makes of one object: items as JSON texts (a member of an object as KEY=VALUE), the
// places behind them, and the cause if it fails.
struct ReadItems {
  std::vector<std::string> items{};
  std::vector<ParserPosition> places{};
  std::optional<std::string> cause{};
  friend bool operator==(const ReadItems&, const ReadItems&) = default;
};
void PrintTo(const ReadItems& read, std::ostream* out);

inline constexpr std::size_t kWhole = static_cast<std::size_t>(-1);

// Feeds `text` in chunks of `chunk` bytes, from where the parser wants them.
ReadItems ReadText(const ReaderConfig& config, std::string_view text, std::size_t chunk = kWhole,
                   const ParserPosition& from = {});

// The ReaderConfig of s3:getObject.
Result<ReaderConfig> ConfigOf(const json::value& config);

// One line of cases.jsonl: a ReaderConfig, the object's text, and the items or the cause.
struct ReaderCase {
  std::string name{};
  json::value config{};
  std::string body{};
  std::vector<std::string> items{};
  std::optional<std::string> cause{};  // how it begins
};
std::vector<ReaderCase> LoadCases();

}  // namespace towline::mapdata
