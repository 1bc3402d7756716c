// What only a Distributed Map has: where items are read from, how they are batched, where results
// are written to.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

constexpr std::size_t kLabelCharactersMax = 40;
constexpr std::int64_t kItemsMax = 100'000'000;
constexpr std::int64_t kBatchBytesMax = 262'144;
constexpr std::int64_t kCountMax = std::numeric_limits<std::int32_t>::max();

bool EndsIn(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool IsLabelCharacter(char c) {
  constexpr std::string_view kRefused = "?*<>{}[]:;,\\|^~$#%&\"`/";
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7F && kRefused.find(c) == std::string_view::npos;
}

char Delimiter(std::string_view name) {
  if (name == "PIPE") return '|';
  if (name == "SEMICOLON") return ';';
  if (name == "SPACE") return ' ';
  return name == "TAB" ? '\t' : ',';
}

}  // namespace

void Compiler::CompileLabel(const Fields& fields, Distributed& distributed) {
  const auto label = fields.String("Label");
  if (!label) return;
  const Place place = fields.At("Label");
  const auto refuse = [&](std::string why) {
    findings_.Error("INVALID_LABEL_NAME", place, std::move(why));
  };
  if (label->empty()) return refuse("Label cannot be empty");
  if (Characters(*label) > kLabelCharactersMax) {
    return refuse("Label cannot exceed " + std::to_string(kLabelCharactersMax) + " characters");
  }
  for (const char c : *label) {
    if (!IsLabelCharacter(c)) return refuse("Label contains an invalid character");
  }
  if (!labels_.insert(std::string(*label)).second) {
    findings_.Error("DUPLICATE_LABEL_NAME", place, "Duplicate Label: " + std::string(*label));
  }
  distributed.label = *label;
}

std::optional<ItemReader> Compiler::CompileItemReader(const Fields& map) {
  const json::object* object = map.Object("ItemReader");
  if (object == nullptr) return std::nullopt;
  const Fields fields(*object, map.At("ItemReader"), ItemReaderFields(), map.language(), findings_);
  ItemReader reader;
  fields.Require({"Resource"});
  if (const auto resource = fields.String("Resource")) {
    reader.resource = *resource;
    if (EndsIn(*resource, ":states:::s3:listObjectsV2")) {
      reader.source = ItemReader::Source::kListObjects;
    } else if (!EndsIn(*resource, ":states:::s3:getObject")) {
      findings_.Error("INVALID_RESOURCE", fields.At("Resource"),
                      "An ItemReader reads with arn:aws:states:::s3:getObject or "
                      "arn:aws:states:::s3:listObjectsV2");
    }
  }
  reader.parameters = CompileParameters(fields);
  if (const json::object* config = fields.Object("ReaderConfig")) {
    const Fields known(*config, fields.At("ReaderConfig"), ReaderConfigFields(), map.language(),
                       findings_);
    CompileReaderConfig(known, reader);
  }
  return reader;
}

void Compiler::CompileReaderConfig(const Fields& fields, ItemReader& reader) {
  const auto choose = [&](std::string_view name, const std::vector<std::string_view>& allowed) {
    const std::string_view value = fields.String(name).value_or(allowed.front());
    return IsOneOf(value, allowed, fields.At(name), findings_) ? value : allowed.front();
  };
  const std::string_view input =
      choose("InputType", {"JSON", "JSONL", "CSV", "PARQUET", "MANIFEST"});
  using Input = ItemReader::Input;
  reader.input = input == "JSONL"      ? Input::kJsonl
                 : input == "CSV"      ? Input::kCsv
                 : input == "PARQUET"  ? Input::kParquet
                 : input == "MANIFEST" ? Input::kManifest
                                       : Input::kJson;
  if (choose("ManifestType", {"S3_INVENTORY", "ATHENA_DATA"}) == "ATHENA_DATA") {
    reader.manifest = ItemReader::Manifest::kAthena;
  }
  reader.headers_given = choose("CSVHeaderLocation", {"FIRST_ROW", "GIVEN"}) == "GIVEN";
  reader.delimiter = Delimiter(choose("CSVDelimiter", {"COMMA", "PIPE", "SEMICOLON", "SPACE",
                                                       "TAB"}));
  reader.load_and_flatten = choose("Transformation", {"NONE", "LOAD_AND_FLATTEN"}) != "NONE";
  if (const json::array* headers = fields.Array("CSVHeaders")) {
    for (std::size_t i = 0; i < headers->size(); i++) {
      if (const json::string* header = (*headers)[i].if_string()) {
        reader.headers.emplace_back(*header);
      } else {
        findings_.Schema(fields.At("CSVHeaders").Item(i), ExpectedType(ValueType::kString));
      }
    }
  }
  if (reader.headers_given) fields.Require({"CSVHeaders"});
  fields.OnlyOne({"MaxItems", "MaxItemsPath"}, false);
  reader.max_items = CompileNumber(fields, "MaxItems", 0, kItemsMax, false);
  if (const auto pointer = fields.String("ItemsPointer")) {
    if (!pointer->empty() && pointer->front() != '/') {
      findings_.Schema(fields.At("ItemsPointer"), "A JSON pointer is empty or begins with '/'");
    }
    reader.items_pointer = *pointer;
  }
}

std::optional<ItemBatcher> Compiler::CompileItemBatcher(const Fields& map) {
  const json::object* object = map.Object("ItemBatcher");
  if (object == nullptr) return std::nullopt;
  const Fields fields(*object, map.At("ItemBatcher"), ItemBatcherFields(), map.language(),
                      findings_);
  ItemBatcher batcher;
  fields.OnlyOne({"MaxItemsPerBatch", "MaxItemsPerBatchPath"}, false);
  fields.OnlyOne({"MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"}, false);
  batcher.max_items = CompileNumber(fields, "MaxItemsPerBatch", 0, kCountMax, false);
  batcher.max_input_bytes =
      CompileNumber(fields, "MaxInputBytesPerBatch", 0, kBatchBytesMax, false);
  batcher.batch_input = CompileTemplate(fields, "BatchInput");
  const bool bounded = fields.Has("MaxItemsPerBatch") || fields.Has("MaxItemsPerBatchPath") ||
                       fields.Has("MaxInputBytesPerBatch") ||
                       fields.Has("MaxInputBytesPerBatchPath");
  if (!bounded) {
    findings_.Schema(fields.place(),
                     "An ItemBatcher needs 'MaxItemsPerBatch' or 'MaxInputBytesPerBatch'");
  }
  return batcher;
}

std::optional<ResultWriter> Compiler::CompileResultWriter(const Fields& map) {
  const json::object* object = map.Object("ResultWriter");
  if (object == nullptr) return std::nullopt;
  const Fields fields(*object, map.At("ResultWriter"), ResultWriterFields(), map.language(),
                      findings_);
  ResultWriter writer;
  if (const auto resource = fields.String("Resource")) {
    writer.resource = *resource;
    if (!EndsIn(*resource, ":states:::s3:putObject")) {
      findings_.Error("INVALID_RESOURCE", fields.At("Resource"),
                      "A ResultWriter writes with arn:aws:states:::s3:putObject");
    }
  }
  writer.parameters = CompileParameters(fields);
  const json::object* config = fields.Object("WriterConfig");
  if (config == nullptr) {
    if (!fields.Has("WriterConfig")) fields.Require({"Resource"});
    return writer;
  }
  const Fields known(*config, fields.At("WriterConfig"), WriterConfigFields(), map.language(),
                     findings_);
  const std::string_view form = known.String("Transformation").value_or("NONE");
  IsOneOf(form, {"NONE", "COMPACT", "FLATTEN"}, known.At("Transformation"), findings_);
  if (form == "COMPACT") writer.transformation = ResultWriter::Transformation::kCompact;
  if (form == "FLATTEN") writer.transformation = ResultWriter::Transformation::kFlatten;
  const std::string_view type = known.String("OutputType").value_or("JSON");
  IsOneOf(type, {"JSON", "JSONL"}, known.At("OutputType"), findings_);
  writer.json_lines = type == "JSONL";
  return writer;
}

// `config` is the ProcessorConfig, or null: then the Map is inline.
std::optional<Distributed> Compiler::CompileDistributed(const Fields& map, const Fields* config) {
  const std::string_view mode =
      config == nullptr ? "INLINE" : config->String("Mode").value_or("INLINE");
  if (config != nullptr) {
    IsOneOf(mode, {"INLINE", "DISTRIBUTED"}, config->At("Mode"), findings_);
  }
  if (mode != "DISTRIBUTED") {
    if (config != nullptr && config->Has("ExecutionType")) {
      findings_.Schema(config->place(), "Field 'ExecutionType' is not supported");
    }
    for (const std::string_view field : {"ItemReader", "ItemBatcher", "ResultWriter", "Label"}) {
      if (!map.Has(field)) continue;
      findings_.Schema(map.place(), "Field '" + std::string(field) +
                                        "' is only supported for the 'DISTRIBUTED' mode of "
                                        "ProcessorConfig");
    }
    return std::nullopt;
  }
  Distributed distributed;
  config->Require({"ExecutionType"});
  if (const auto type = config->String("ExecutionType")) {
    IsOneOf(*type, {"STANDARD", "EXPRESS"}, config->At("ExecutionType"), findings_);
    distributed.express = *type == "EXPRESS";
  }
  CompileLabel(map, distributed);
  distributed.item_reader = CompileItemReader(map);
  distributed.item_batcher = CompileItemBatcher(map);
  distributed.result_writer = CompileResultWriter(map);
  return distributed;
}

}  // namespace towline::asl
