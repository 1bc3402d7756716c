#include "tests/mapdata/cases.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fstream>

namespace towline::mapdata {

ReadItems ReadText(const ReaderConfig& config, std::string_view text, std::size_t chunk,
                   const ParserPosition& from) {
  const std::unique_ptr<ItemParser> parser =
      ItemParser::Make({.config = config, .source = "s3://b/k", .from = from});
  ReadItems read;
  while (!parser->done()) {
    auto item = parser->Next();
    if (!item) {
      CHECK(item.error().name == "States.ItemReaderFailed");
      read.cause = item.error().message;
      break;
    }
    if (*item) {
      const std::string key = (*item)->key ? *(*item)->key + "=" : "";
      read.items.push_back(key + PrintJson(*(*item)->value));
      read.places.push_back(parser->position());
    } else if (!parser->done()) {
      // What a caller over a store does, who may have to seek.
      const std::string_view rest = text.substr(static_cast<std::size_t>(parser->wanted()), chunk);
      if (rest.empty()) {
        parser->Finish();
      } else {
        parser->Feed(rest);
      }
    }
  }
  return read;
}

void PrintTo(const ReadItems& read, std::ostream* out) {
  for (std::size_t i = 0; i < read.items.size(); i++) {
    *out << read.items[i] << " until byte " << read.places[i].offset << ", line "
         << read.places[i].line << "\n";
  }
  *out << read.cause.value_or("no cause");
}

Result<ReaderConfig> ConfigOf(const json::value& config) {
  const json::value parameters{{"Bucket", "b"}, {"Key", "k"}};
  auto reader = ReadItemReader("arn:aws:states:::s3:getObject", parameters, config);
  if (!reader) return reader.error();
  return reader->config;
}

std::vector<ReaderCase> LoadCases() {
  std::vector<ReaderCase> cases;
  std::ifstream lines(std::string(TOWLINE_SOURCE_DIR) + "/tests/mapdata/cases.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const Json parsed = ParseJson(line).value();
    const json::object& object = parsed->get_object();
    ReaderCase one;
    one.name = object.at("name").as_string().c_str();
    one.config = object.at("config");
    one.body.assign(object.at("body").as_string().data(), object.at("body").as_string().size());
    if (const json::value* cause = object.if_contains("cause")) {
      one.cause = cause->as_string().c_str();
    }
    if (const json::value* items = object.if_contains("items")) {
      for (const json::value& item : items->as_array()) one.items.push_back(PrintJson(item));
    }
    if (const json::value* members = object.if_contains("members")) {
      for (const auto& member : members->as_object()) {
        one.items.push_back(std::string(member.key()) + "=" + PrintJson(member.value()));
      }
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace towline::mapdata
