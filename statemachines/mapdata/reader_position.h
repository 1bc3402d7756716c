#pragma once

#include <cstdint>
#include <string>

#include "statemachines/base/json.h"
#include "statemachines/mapdata/item_parser.h"

namespace towline::mapdata {

// A place between two items of a whole data set, to be stored: reading goes on from it after a
// restart without what lies before it. (A compressed object is decompressed again, not parsed.)
struct ReaderPosition {
  std::uint64_t items = 0;    // handed out before this place: the next one's index
  std::uint64_t objects = 0;  // of a manifest: those that are done with
  std::string listed{};       // of a listing: the key that was taken from it last
  // Within the object that is being read, whose content must still be the same: `version` is the
  // store's mark of it. Empty: no object is open.
  std::string version{};
  ParserPosition in_object{};
  bool ended = false;
  friend bool operator==(const ReaderPosition&, const ReaderPosition&) = default;
};

// A small object; members that have their default are left out.
json::value PositionToJson(const ReaderPosition& position);
Result<ReaderPosition> PositionFromJson(const json::value& value);

}  // namespace towline::mapdata
