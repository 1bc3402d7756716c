#include "statemachines/mapdata/reader_config.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <charconv>
#include <cmath>
#include <set>

namespace towline::mapdata {
namespace {

const json::value* Find(const json::value& object, std::string_view key) {
  const json::object* const members = object.if_object();
  return members == nullptr ? nullptr : members->if_contains(json::string_view(key));
}

// The text at `key`, empty when it is absent.
Result<std::string> Text(const json::value& object, std::string_view key) {
  const json::value* const value = Find(object, key);
  if (value == nullptr || value->is_null()) return std::string();
  const json::string* const text = value->if_string();
  if (text == nullptr) {
    return ReaderFailed("field " + std::string(key) + " must be a string, but is " +
                        PrintJson(*value));
  }
  return std::string(text->data(), text->size());
}

Error Unknown(std::string_view field, const std::string& value, std::string_view known) {
  return ReaderFailed("field " + std::string(field) + " must be one of " + std::string(known) +
                      ", but is " + value);
}

Status ReadInputType(const json::value& config, ReaderConfig& into) {
  const auto type = Text(config, "InputType");
  if (!type) return type.error();
  const auto manifest = Text(config, "ManifestType");
  if (!manifest) return manifest.error();
  if (*manifest == "S3_INVENTORY" || (manifest->empty() && *type == "MANIFEST")) {
    if (!type->empty() && *type != "MANIFEST") {
      return ReaderFailed("InputType cannot be specified when ManifestType is S3_INVENTORY");
    }
    into.manifest_type = ManifestType::kS3Inventory;
    into.input_type = InputType::kCsv;
    return Ok();
  }
  if (*manifest == "ATHENA_DATA") {
    into.manifest_type = ManifestType::kAthenaData;
  } else if (!manifest->empty()) {
    return Unknown("ManifestType", *manifest, "ATHENA_DATA, S3_INVENTORY");
  }
  if (*type == "PARQUET") {
    return ReaderFailed(
        "InputType PARQUET is not supported; export the data as CSV, JSON or JSONL");
  }
  if (*type == "JSON") {
    into.input_type = InputType::kJson;
  } else if (*type == "JSONL") {
    into.input_type = InputType::kJsonl;
  } else if (*type == "CSV") {
    into.input_type = InputType::kCsv;
  } else {
    return Unknown("InputType", type->empty() ? "missing" : *type, "CSV, JSON, JSONL, MANIFEST");
  }
  if (into.manifest_type == ManifestType::kAthenaData && into.input_type == InputType::kJson) {
    return Unknown("InputType", *type, "CSV, JSONL when ManifestType is ATHENA_DATA");
  }
  return Ok();
}

Status ReadCsvFields(const json::value& config, ReaderConfig& into) {
  const auto delimiter = Text(config, "CSVDelimiter");
  if (!delimiter) return delimiter.error();
  constexpr std::pair<std::string_view, char> kDelimiters[] = {
      {"", ','}, {"COMMA", ','}, {"PIPE", '|'}, {"SEMICOLON", ';'}, {"SPACE", ' '}, {"TAB", '\t'}};
  bool known = false;
  for (const auto& [name, character] : kDelimiters) {
    if (*delimiter != name) continue;
    into.csv_delimiter = character;
    known = true;
  }
  if (!known) return Unknown("CSVDelimiter", *delimiter, "COMMA, PIPE, SEMICOLON, SPACE, TAB");
  const auto location = Text(config, "CSVHeaderLocation");
  if (!location) return location.error();
  if (location->empty() || *location == "FIRST_ROW") return Ok();
  if (*location != "GIVEN") return Unknown("CSVHeaderLocation", *location, "FIRST_ROW, GIVEN");
  const json::value* const headers = Find(config, "CSVHeaders");
  const json::array* const list = headers == nullptr ? nullptr : headers->if_array();
  if (list == nullptr || list->empty()) {
    return ReaderFailed("CSVHeaders must be a list of names when CSVHeaderLocation is GIVEN");
  }
  into.csv_headers.emplace();
  std::set<std::string_view> seen;
  for (const json::value& header : *list) {
    const json::string* const text = header.if_string();
    if (text == nullptr) return ReaderFailed("CSVHeaders must be a list of strings");
    into.csv_headers->emplace_back(text->data(), text->size());
    if (!seen.emplace(text->data(), text->size()).second) {
      return ReaderFailed("CSV headers cannot contain duplicates.");
    }
  }
  return Ok();
}

// RFC 6901: "/a~1b/0" is the tokens "a/b", "0".
Status ReadPointer(const json::value& config, ReaderConfig& into) {
  const auto pointer = Text(config, "ItemsPointer");
  if (!pointer) return pointer.error();
  if (pointer->empty()) return Ok();
  if (pointer->front() != '/') {
    return ReaderFailed("ItemsPointer '" + *pointer + "' is not a JSON pointer; it begins with /");
  }
  for (std::size_t at = 0; at < pointer->size(); at++) {
    const char c = (*pointer)[at];
    if (c == '/') {
      into.items_pointer.emplace_back();
    } else if (c != '~') {
      into.items_pointer.back() += c;
    } else {
      const char next = at + 1 < pointer->size() ? (*pointer)[++at] : '\0';
      if (next != '0' && next != '1') {
        return ReaderFailed("ItemsPointer '" + *pointer + "' has a ~ that is neither ~0 nor ~1");
      }
      into.items_pointer.back() += next == '0' ? '~' : '/';
    }
  }
  return Ok();
}

Status ReadConfig(const json::value& config, ItemReader& reader) {
  ReaderConfig& into = reader.config;
  const auto transformation = Text(config, "Transformation");
  if (!transformation) return transformation.error();
  if (*transformation == "LOAD_AND_FLATTEN") {
    if (reader.api != ItemReader::Api::kListObjectsV2) {
      return ReaderFailed("Transformation LOAD_AND_FLATTEN needs the resource s3:listObjectsV2");
    }
    into.load_and_flatten = true;
  } else if (!transformation->empty() && *transformation != "NONE") {
    return Unknown("Transformation", *transformation, "NONE, LOAD_AND_FLATTEN");
  }
  if (const json::value* const count = Find(config, "MaxItems")) {
    const auto max_items = ReadCount(*count, "MaxItems");
    if (!max_items) return max_items.error();
    into.max_items = *max_items;
  }
  if (reader.api == ItemReader::Api::kListObjectsV2 && !into.load_and_flatten) return Ok();
  if (Status good = ReadInputType(config, into); !good) return good;
  if (into.load_and_flatten && into.manifest_type != ManifestType::kNone) {
    return ReaderFailed("Transformation LOAD_AND_FLATTEN cannot be combined with a manifest");
  }
  if (into.input_type == InputType::kCsv) {
    if (Status good = ReadCsvFields(config, into); !good) return good;
  }
  return ReadPointer(config, into);
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

Error ReaderFailed(std::string cause) {
  return Error{.code = Error::Code::kFailedPrecondition,
               .message = std::move(cause),
               .name = "States.ItemReaderFailed"};
}

Result<std::uint64_t> ReadCount(const json::value& value, std::string_view field) {
  const std::string name(field);
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  std::optional<double> number;
  if (value.is_int64()) {
    number = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    number = static_cast<double>(value.get_uint64());
  } else if (value.is_double()) {
    number = value.get_double();
  } else if (const json::string* const text = value.if_string()) {
    std::int64_t integer = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, integer);
    if (read.ec == std::errc{} && read.ptr == end) number = static_cast<double>(integer);
  }
  if (!number || *number != std::trunc(*number) || std::fabs(*number) > kExactIntegers) {
    return ReaderFailed("field " + name + " must be an integer, but is " + PrintJson(value));
  }
  if (*number < 0) return ReaderFailed("field " + name + " must be positive");
  return static_cast<std::uint64_t>(*number);
}

Result<ItemReader> ReadItemReader(std::string_view resource, const json::value& parameters,
                                  const json::value& config) {
  ItemReader reader;
  if (EndsWith(resource, ":s3:listObjectsV2")) {
    reader.api = ItemReader::Api::kListObjectsV2;
  } else if (!EndsWith(resource, ":s3:getObject")) {
    return ReaderFailed("the resource of an ItemReader is arn:aws:states:::s3:getObject or "
                        "arn:aws:states:::s3:listObjectsV2, but is " + std::string(resource));
  }
  const std::pair<const char*, std::string*> fields[] = {{"Bucket", &reader.bucket},
                                                         {"Key", &reader.key},
                                                         {"VersionId", &reader.version_id},
                                                         {"Prefix", &reader.prefix},
                                                         {"StartAfter", &reader.start_after}};
  for (const auto& [name, into] : fields) {
    auto text = Text(parameters, name);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  if (reader.bucket.empty()) return ReaderFailed("the ItemReader names no Bucket");
  if (reader.api == ItemReader::Api::kGetObject && reader.key.empty()) {
    return ReaderFailed("the ItemReader names no Key");
  }
  if (Status good = ReadConfig(config, reader); !good) return good.error();
  return reader;
}

}  // namespace towline::mapdata
