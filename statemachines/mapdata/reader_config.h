#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"

namespace towline::mapdata {

// What stands in the objects that hold the items. Parquet is refused: it is a columnar format with
// its own compression and types, worth a library of its own; CSV, JSON and JSON Lines of the same
// data can be had from every tool that writes it.
enum class InputType { kJson, kJsonl, kCsv };

// An object that names the objects that hold the items.
enum class ManifestType {
  kNone,
  kS3Inventory,  // manifest.json of an inventory: the items are the rows of its CSV files
  kAthenaData,   // list of an Athena UNLOAD: the items are those of the objects listed
};

struct ReaderConfig {
  InputType input_type = InputType::kJson;
  ManifestType manifest_type = ManifestType::kNone;
  bool load_and_flatten = false;  // of a listing: the objects' own items, not their descriptions
  std::optional<std::vector<std::string>> csv_headers{};  // GIVEN; nothing: the first row
  char csv_delimiter = ',';
  std::vector<std::string> items_pointer{};  // RFC 6901 tokens; empty: the whole document
  std::uint64_t max_items = 0;               // 0: all
};

// An ItemReader field once its Parameters (Arguments) and ReaderConfig are evaluated.
struct ItemReader {
  enum class Api { kGetObject, kListObjectsV2 };
  Api api = Api::kGetObject;
  std::string bucket{};
  std::string key{};         // of kGetObject
  std::string version_id{};  // of kGetObject; empty: the newest
  std::string prefix{};      // of kListObjectsV2
  std::string start_after{};
  ReaderConfig config{};
};

// `resource` is the ARN as written; `config` is null when the field has no ReaderConfig. Errors are
// States.ItemReaderFailed with a cause to show.
Result<ItemReader> ReadItemReader(std::string_view resource, const json::value& parameters,
                                  const json::value& config);

// The value of a field like MaxItems: an integer, or its text, which the service takes as well
// (a variable may hold "2"). Negative: "field MaxItems must be positive".
Result<std::uint64_t> ReadCount(const json::value& value, std::string_view field);

// A failure of the reader, to be shown as the cause of the Map Run's.
Error ReaderFailed(std::string cause);

}  // namespace towline::mapdata
