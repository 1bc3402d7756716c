#include "statemachines/mapdata/manifest.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "statemachines/mapdata/item_parser.h"

namespace towline::mapdata {
namespace {

std::string_view TextAt(const json::value& object, std::string_view key) {
  const json::object* const members = object.if_object();
  const json::value* const value =
      members == nullptr ? nullptr : members->if_contains(json::string_view(key));
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// "Bucket, Key, Size" -> the three names.
std::vector<std::string> Columns(std::string_view schema) {
  std::vector<std::string> columns;
  while (!schema.empty()) {
    const std::size_t comma = schema.find(',');
    columns.emplace_back(Trimmed(schema.substr(0, comma)));
    schema.remove_prefix(comma == std::string_view::npos ? schema.size() : comma + 1);
  }
  return columns;
}

Result<Manifest> ReadInventory(const ItemReader& reader, std::string_view text,
                               const std::string& source) {
  const auto document = ParseJson(text);
  if (!document) return ReaderFailed(source + ": " + document.error().message);
  const std::string_view format = TextAt(**document, "fileFormat");
  if (format != "CSV") {
    return ReaderFailed(source + ": fileFormat must be CSV, but is '" + std::string(format) +
                        "'; set the inventory's output format to CSV");
  }
  Manifest manifest;
  manifest.config.input_type = InputType::kCsv;
  manifest.config.csv_headers = Columns(TextAt(**document, "fileSchema"));
  const json::value* const files = (*document)->get_object().if_contains("files");
  const json::array* const list = files == nullptr ? nullptr : files->if_array();
  if (manifest.config.csv_headers->empty() || list == nullptr) {
    return ReaderFailed(source + ": an inventory's manifest must have fileSchema and files");
  }
  for (const json::value& file : *list) {
    const std::string_view key = TextAt(file, "key");
    if (key.empty()) return ReaderFailed(source + ": an entry of files has no key");
    manifest.objects.push_back({.bucket = reader.bucket, .key = std::string(key)});
  }
  return manifest;
}

// A CSV file of one column: s3://bucket/key.
Result<Manifest> ReadAthena(const ItemReader& reader, std::string_view text,
                            const std::string& source) {
  constexpr const char* kColumn = "uri";
  Manifest manifest;
  manifest.config = reader.config;
  manifest.config.manifest_type = ManifestType::kNone;
  ItemParser::Options options;
  options.config.input_type = InputType::kCsv;
  options.config.csv_headers = {{kColumn}};
  options.source = source;
  const std::unique_ptr<ItemParser> rows = ItemParser::Make(std::move(options));
  if (!text.empty()) rows->Feed(text);
  for (bool finished = false; !rows->done();) {
    const auto row = rows->Next();
    if (!row) return row.error();
    if (*row) {
      constexpr std::string_view kScheme = "s3://";
      std::string_view uri = TextAt(*(*row)->value, kColumn);
      const std::size_t slash = uri.find('/', kScheme.size());
      if (uri.substr(0, kScheme.size()) != kScheme || slash == std::string_view::npos ||
          slash + 1 == uri.size()) {
        return ReaderFailed(source + ": '" + std::string(uri) + "' is not s3://bucket/key");
      }
      manifest.objects.push_back(
          {.bucket = std::string(uri.substr(kScheme.size(), slash - kScheme.size())),
           .key = std::string(uri.substr(slash + 1))});
    } else if (!finished && !rows->done()) {
      rows->Finish();
      finished = true;
    }
  }
  return manifest;
}

}  // namespace

Result<Manifest> ReadManifest(const ItemReader& reader, std::string_view text,
                              const std::string& source) {
  return reader.config.manifest_type == ManifestType::kS3Inventory
             ? ReadInventory(reader, text, source)
             : ReadAthena(reader, text, source);
}

}  // namespace towline::mapdata
