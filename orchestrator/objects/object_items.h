#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/objects/object_store.h"
#include "statemachines/mapdata/decompress.h"
#include "statemachines/mapdata/item_parser.h"

namespace towline::objects {

// The items of one object: reads it, decompresses it when its key says so, parses it.
class ObjectItems {
 public:
  struct Options {
    ObjectName name{};
    std::string version_id{};
    mapdata::ReaderConfig config{};
    std::string version{};              // with `from`: what version() said then
    mapdata::ParserPosition from{};
    std::size_t item_bytes_max = 8 << 20;
  };
  // Errors are those of the store and of the parser.
  static Result<std::unique_ptr<ObjectItems>> Open(ObjectStore& store, Options options);

  Result<std::optional<mapdata::ParsedItem>> Next();  // nothing at the end
  const ObjectName& name() const { return options_.name; }
  const std::string& version() const { return version_; }
  const mapdata::ParserPosition& position() const { return parser_->position(); }

 private:
  ObjectItems(ObjectStore& store, Options options);
  Status SeekTo(std::uint64_t offset);
  Result<std::string_view> NextChunk();

  ObjectStore& store_;
  const Options options_;
  const mapdata::Compression compression_;
  const std::unique_ptr<mapdata::ItemParser> parser_;
  std::string version_;
  std::unique_ptr<ObjectReader> reader_;
  std::unique_ptr<mapdata::Decompressor> decompressor_;
  std::string_view input_;   // read and not yet decompressed
  std::uint64_t offset_ = 0;  // of the next byte that NextChunk() gives
};

}  // namespace towline::objects
