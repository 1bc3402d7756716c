#include "statemachines/interpreter/map_items.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

ItemMaker::ItemMaker(std::shared_ptr<const asl::Definition> definition, ExecutionState parent,
                     FrameId map, const Limits& limits,
                     std::unique_ptr<const References> references)
    : definition_(std::move(definition)),
      parent_(std::move(parent)),
      map_(map),
      limits_(limits),
      references_(std::move(references)) {}

bool ItemMaker::Make(const MapItem& item, std::uint64_t seed, Json& out, Failure& failure) {
  const Turn turn{.now = parent_.last_at, .seed = seed, .references = references_.get()};
  return Stepper(*definition_, parent_, turn, limits_)
      .SelectItem(parent_.frames.at(map_), item, out, failure);
}

json::object ReaderConfig(const asl::ItemReader& reader, const json::value& max_items) {
  using Input = asl::ItemReader::Input;
  json::object config;
  if (reader.source == asl::ItemReader::Source::kGetObject) {
    constexpr const char* kNames[] = {"JSON", "JSONL", "CSV", "PARQUET", "MANIFEST"};
    config["InputType"] = kNames[static_cast<std::size_t>(reader.input)];
  }
  if (reader.input == Input::kManifest) {
    const bool athena = reader.manifest == asl::ItemReader::Manifest::kAthena;
    config["ManifestType"] = athena ? "ATHENA_DATA" : "S3_INVENTORY";
  }
  if (reader.input == Input::kCsv) {
    config["CSVHeaderLocation"] = reader.headers_given ? "GIVEN" : "FIRST_ROW";
    json::array headers;
    for (const std::string& header : reader.headers) headers.emplace_back(header);
    if (reader.headers_given) config["CSVHeaders"] = std::move(headers);
    const char* delimiter = "COMMA";
    switch (reader.delimiter) {
      case '|': delimiter = "PIPE"; break;
      case ';': delimiter = "SEMICOLON"; break;
      case ' ': delimiter = "SPACE"; break;
      case '\t': delimiter = "TAB"; break;
      default: break;
    }
    config["CSVDelimiter"] = delimiter;
  }
  if (!reader.items_pointer.empty()) config["ItemsPointer"] = reader.items_pointer;
  if (reader.load_and_flatten) config["Transformation"] = "LOAD_AND_FLATTEN";
  if (!max_items.is_null()) config["MaxItems"] = max_items;
  return config;
}

}  // namespace towline::interpreter
