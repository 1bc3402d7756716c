#include "orchestrator/objects/object_items.h"

namespace towline::objects {

ObjectItems::ObjectItems(ObjectStore& store, Options options)
    : store_(store),
      options_(std::move(options)),
      compression_(mapdata::CompressionOf(options_.name.key)),
      parser_(mapdata::ItemParser::Make({.config = options_.config,
                                         .source = Uri(options_.name),
                                         .from = options_.from,
                                         .item_bytes_max = options_.item_bytes_max})),
      version_(options_.version) {}

Result<std::unique_ptr<ObjectItems>> ObjectItems::Open(ObjectStore& store, Options options) {
  std::unique_ptr<ObjectItems> items(new ObjectItems(store, std::move(options)));
  if (Status found = items->SeekTo(items->parser_->wanted()); !found) return found.error();
  return items;
}

// Opens the object there. A compressed one is read again from its beginning.
Status ObjectItems::SeekTo(std::uint64_t offset) {
  const bool compressed = compression_ != mapdata::Compression::kNone;
  auto reader = store_.Get(options_.name, {.offset = compressed ? 0 : offset,
                                           .version = version_,
                                           .version_id = options_.version_id});
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  version_ = reader_->version();
  decompressor_ = mapdata::Decompressor::Make(compression_);
  input_ = {};
  offset_ = compressed ? 0 : offset;
  return Ok();
}

Result<std::string_view> ObjectItems::NextChunk() {
  for (;;) {
    auto piece = decompressor_->Next(input_);
    if (!piece) return mapdata::ReaderFailed(Uri(options_.name) + ": " + piece.error().message);
    if (!piece->empty()) {
      offset_ += piece->size();
      return *piece;
    }
    const auto chunk = reader_->Next();
    if (!chunk) return chunk.error();
    if (chunk->empty()) break;
    input_ = *chunk;
  }
  if (Status whole = decompressor_->Finish(); !whole) {
    return mapdata::ReaderFailed(Uri(options_.name) + ": " + whole.error().message);
  }
  return std::string_view();
}

Result<std::optional<mapdata::ParsedItem>> ObjectItems::Next() {
  for (;;) {
    auto item = parser_->Next();
    if (!item || *item || parser_->done()) return item;
    const std::uint64_t wanted = parser_->wanted();
    if (wanted < offset_ || (wanted > offset_ && compression_ == mapdata::Compression::kNone)) {
      if (Status found = SeekTo(wanted); !found) return found.error();
    }
    auto chunk = NextChunk();
    if (!chunk) return chunk.error();
    if (chunk->empty()) {
      parser_->Finish();
      continue;
    }
    const std::uint64_t begin = offset_ - chunk->size();
    if (offset_ <= wanted) continue;  // what lies before was only decompressed
    parser_->Feed(chunk->substr(static_cast<std::size_t>(wanted - begin)));
  }
}

}  // namespace towline::objects
