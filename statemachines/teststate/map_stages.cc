#include "statemachines/teststate/map_stages.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "statemachines/interpreter/map_items.h"
#include "statemachines/mapdata/batcher.h"
#include "statemachines/mapdata/item_parser.h"
#include "statemachines/teststate/refusal.h"

namespace towline::teststate {
namespace {

using interpreter::Failure;
using interpreter::MapItem;

constexpr std::string_view kStateData = "STATE_DATA";

Failure Failed(const Error& error) {
  Failure failure;
  failure.error = error.name.empty() ? "States.ItemReaderFailed" : error.name;
  failure.cause = error.message;
  return failure;
}

// The items that stand in the state's data.
std::vector<MapItem> ItemsOf(const Json& items, bool distributed) {
  std::vector<MapItem> all;
  const std::string source(distributed ? kStateData : "");
  if (const auto* array = items->if_array()) {
    for (const json::value& value : *array) {
      all.push_back({all.size(), {}, Json::Part(items, value), source});
    }
  } else if (const auto* object = items->if_object()) {
    for (const json::key_value_pair& member : *object) {
      const Json value = Json::Part(items, member.value());
      all.push_back({all.size(), std::string(member.key()), value, source});
    }
  }
  return all;
}

// The items in the text of the one file that the ItemReader would have read.
Result<std::vector<MapItem>> Read(const interpreter::MapRunSpec& spec,
                                  const asl::ItemReader& reader, const std::string& text) {
  auto field = mapdata::ReadItemReader(reader.resource, *spec.reader,
                                       interpreter::ReaderConfig(reader, *spec.max_items));
  if (!field) return field.error();
  if (field->config.manifest_type != mapdata::ManifestType::kNone) {
    return mapdata::ReaderFailed("a test cannot follow a manifest: set InputType to that of the "
                                 "files it names, and give the data of one of them");
  }
  const std::string source = "s3://" + field->bucket + "/" + field->key;
  mapdata::ReaderConfig config = field->config;
  const std::uint64_t items_max = config.max_items;
  const auto parser = mapdata::ItemParser::Make({.config = std::move(config), .source = source});
  std::vector<MapItem> all;
  bool fed = false;
  while (items_max == 0 || all.size() < items_max) {
    auto next = parser->Next();
    if (!next) return next.error();
    if (next->has_value()) {
      all.push_back({all.size(), std::move((*next)->key), std::move((*next)->value), source});
      continue;
    }
    if (parser->done()) break;
    const std::uint64_t from = parser->wanted();
    if (fed && from >= text.size()) {
      parser->Finish();
    } else {
      parser->Feed(std::string_view(text).substr(from));
      fed = true;
    }
  }
  return all;
}

json::array Batched(const interpreter::MapRunSpec& spec, const std::vector<Json>& inputs) {
  mapdata::Batcher::Options options;
  options.items_max = spec.batch_items.value_or(0);
  options.bytes_max = spec.batch_bytes.value_or(options.bytes_max);
  if (!spec.batch_input->is_null()) options.batch_input = spec.batch_input;
  mapdata::Batcher batcher(std::move(options));
  json::array batches;
  for (const Json& input : inputs) {
    if (!batcher.Empty() && !batcher.Fits(*input)) batches.push_back(*batcher.Take().input);
    batcher.Add(input);
    if (batcher.Full()) batches.push_back(*batcher.Take().input);
  }
  if (!batcher.Empty()) batches.push_back(*batcher.Take().input);
  return batches;
}

Json ArrayOf(json::array array) { return Json(json::value(std::move(array))); }

}  // namespace

Result<MapStages> RunMapStages(interpreter::StateTest& test, const asl::Map& map,
                               const Request& request) {
  MapStages stages;
  std::vector<MapItem> items = ItemsOf(test.items(), map.distributed.has_value());
  if (map.distributed && map.distributed->item_reader) {
    const std::optional<std::string>& data = request.configuration.map_item_reader_data;
    if (!data) {
      return Refused("ItemReader data must be specified when testing a Map state with ItemReader "
                     "specified.");
    }
    auto read = Read(test.map_run(), *map.distributed->item_reader, *data);
    if (!read) {
      stages.failure = Failed(read.error());
      return stages;
    }
    items = std::move(*read);
    json::array values;
    for (const MapItem& item : items) values.push_back(*item.value);
    stages.read = ArrayOf(std::move(values));
  }
  std::vector<Json> inputs;
  json::array selected;
  for (const MapItem& item : items) {
    Failure failure;
    Json input;
    if (!test.Select(item, input, failure)) {
      stages.failure = std::move(failure);
      return stages;
    }
    if (map.item_selector) selected.push_back(*input);
    inputs.push_back(std::move(input));
  }
  stages.iterations = inputs.size();
  if (map.item_selector) stages.selected = ArrayOf(std::move(selected));
  if (map.distributed && map.distributed->item_batcher) {
    json::array batches = Batched(test.map_run(), inputs);
    stages.iterations = batches.size();
    stages.batched = ArrayOf(std::move(batches));
  }
  return stages;
}

}  // namespace towline::teststate
