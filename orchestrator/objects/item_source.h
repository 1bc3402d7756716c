#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/objects/object_items.h"
#include "orchestrator/objects/object_store.h"
#include "statemachines/mapdata/reader_config.h"
#include "statemachines/mapdata/reader_position.h"

namespace towline::objects {

struct Item {
  std::uint64_t index = 0;           // $$.Map.Item.Index
  std::optional<std::string> key{};  // $$.Map.Item.Key, when a JSON object is iterated over
  Json value{};                      // $$.Map.Item.Value
  std::string source{};              // $$.Map.Item.Source: "s3://bucket/key", or "s3://bucket"
};

// The items that an ItemReader field means, in their order: those of an object, of all objects that
// a manifest or a listing names, or the listing's descriptions themselves. Memory holds the item, a
// chunk of the object and a page of the listing. One thread at a time.
//
// Errors are States.ItemReaderFailed with the cause to show. Their code tells whether it is the
// data's fault: kUnavailable and kDeadlineExceeded are the store's, and reading may be tried again
// from position().
class ItemSource {
 public:
  static Result<std::unique_ptr<ItemSource>> Open(ObjectStore& store, mapdata::ItemReader reader,
                                                  mapdata::ReaderPosition from = {});

  Result<std::optional<Item>> Next();  // nothing at the end

  // Behind the item that Next() returned last.
  mapdata::ReaderPosition position() const;

 private:
  ItemSource(ObjectStore& store, mapdata::ItemReader reader, mapdata::ReaderPosition from);
  Status ReadManifest();
  Result<bool> OpenObject();
  Result<std::optional<ObjectInfo>> NextListed();
  Result<std::optional<Item>> NextDescription();
  Result<std::optional<Item>> NextOfObjects();

  ObjectStore& store_;
  const mapdata::ItemReader reader_;
  mapdata::ReaderPosition from_;  // its place in an object is used up by the first one opened
  mapdata::ReaderConfig config_;  // of the objects
  std::vector<ObjectName> objects_;
  std::uint64_t items_ = 0;
  std::uint64_t objects_done_ = 0;
  std::string listed_;
  bool ended_ = false;
  std::unique_ptr<Listing> listing_;
  std::deque<ObjectInfo> page_;
  std::unique_ptr<ObjectItems> current_;
};

}  // namespace towline::objects
