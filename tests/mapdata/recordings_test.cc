#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fstream>

#include "statemachines/mapdata/batcher.h"
#include "tests/mapdata/cases.h"

namespace towline::mapdata {
namespace {

// What the recorded definitions compute, without an interpreter: their counts come from variables
// or from an expression.
json::value Evaluated(const json::object& fields, const json::object& recorded) {
  json::object out;
  for (const auto& field : fields) {
    std::string key = field.key();
    json::value value = field.value();
    const bool path = key.size() > 4 && key.substr(key.size() - 4) == "Path";
    if (path) {
      key.resize(key.size() - 4);
      const std::string variable = value.as_string().subview(1);  // "$maxItems"
      value = recorded.at("definition").at("States").at("Start").at("Assign").at(variable);
    } else if (value.is_string() && value.as_string().starts_with("{%")) {
      value = recorded.at("input").at(key);
    }
    out[key] = value;
  }
  return out;
}

const json::object& MapState(const json::value& definition) {
  for (const auto& state : definition.at("States").as_object()) {
    if (state.value().at("Type") == "Map") return state.value().get_object();
  }
  CHECK(false);
  return definition.get_object();
}

// The items, or the batches of them, that the recorded Map gave its children; each child is a Pass
// state, so this is the Map's output. Or the cause.
json::value Replayed(const json::object& recorded, std::size_t chunk) {
  const json::object& map = MapState(recorded.at("definition"));
  const json::object& field = map.at("ItemReader").as_object();
  const json::object& object = recorded.at("fixtures").at("s3").at(0).as_object();
  const json::value parameters{{"Bucket", object.at("bucket")}, {"Key", object.at("key")}};
  const auto reader = ReadItemReader(
      field.at("Resource").as_string().subview(), parameters,
      Evaluated(field.at("ReaderConfig").as_object(), recorded));
  if (!reader) return json::value(reader.error().message);
  const ReadItems read =
      ReadText(reader->config, std::string_view(object.at("body").as_string().subview()), chunk);
  if (read.cause) return json::value(*read.cause);
  std::optional<Batcher> batcher;
  if (const json::value* const batching = map.if_contains("ItemBatcher")) {
    const json::value limits = Evaluated(batching->get_object(), recorded);
    batcher.emplace(Batcher::Options{
        .items_max = ReadCount(limits.at("MaxItemsPerBatch"), "MaxItemsPerBatch").value(),
        .bytes_max = static_cast<std::size_t>(
            ReadCount(limits.at("MaxInputBytesPerBatch"), "MaxInputBytesPerBatch").value())});
  }
  json::array out;
  std::uint64_t taken = 0;
  for (const std::string& item : read.items) {
    if (reader->config.max_items != 0 && taken++ == reader->config.max_items) break;
    const Json value = ParseJson(item).value();
    if (!batcher) {
      out.push_back(*value);
      continue;
    }
    if (!batcher->Fits(*value)) out.push_back(*batcher->Take().input);
    batcher->Add(value);
  }
  if (batcher && !batcher->Empty()) out.push_back(*batcher->Take().input);
  return out;
}

// The service's own recordings (../shared/conformance), when they are there; cases.jsonl has the
// same rules without them.
TEST(RecordingsTest, ReadersAndBatchersGiveWhatTheServiceGave) {
  std::ifstream lines(std::string(TOWLINE_SOURCE_DIR) + "/../shared/conformance/asl/exec.jsonl");
  if (!lines) GTEST_SKIP() << "no ../shared/conformance";
  int replayed = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"ItemReader\"") == std::string::npos) continue;
    const Json parsed = ParseJson(line).value();
    const json::object& recorded = parsed->get_object();
    const json::value* const fixtures = recorded.if_contains("fixtures");
    if (fixtures == nullptr || fixtures->as_object().if_contains("s3") == nullptr) continue;
    const json::object& expect = recorded.at("expect").as_object();
    const json::value& wanted =
        expect.contains("output") ? expect.at("output") : expect.at("cause");
    for (const std::size_t chunk : {std::size_t{5}, kWhole}) {
      EXPECT_EQ(Replayed(recorded, chunk), wanted) << recorded.at("id");
    }
    replayed++;
  }
  EXPECT_GE(replayed, 15);
}

}  // namespace
}  // namespace towline::mapdata
