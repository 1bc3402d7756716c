#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "orchestrator/objects/item_source.h"
#include "orchestrator/objects/object_store.h"
#include "orchestrator/store/map_run_codec.h"
#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/map_items.h"
#include "statemachines/mapdata/batcher.h"

namespace towline::children {

// What a Map Run's children get, one after the other: items of the state's own data or of an
// object store, through ItemSelector and ItemBatcher. Used by one thread at a time.
class RunSource {
 public:
  struct Child {
    Json input{};
    std::uint32_t items = 1;
  };
  // Why there are no more children.
  struct Stop {
    interpreter::Failure failure;
    bool try_again = false;  // the store's fault: perhaps later
  };

  // `cursor` is null or what cursor() has said; `maker` may be null without an ItemSelector.
  RunSource(const asl::Map& map, const interpreter::MapRunSpec& spec, objects::ObjectStore* store,
            std::unique_ptr<interpreter::ItemMaker> maker, const Json& cursor);

  // Nothing at the end, or when stopped() says why.
  std::optional<Child> Next(std::uint64_t seed);
  const std::optional<Stop>& stopped() const { return stopped_; }
  // Behind the child that Next() returned last.
  Json cursor() const { return cursor_; }
  bool exhausted() const { return exhausted_; }

 private:
  struct Item {
    std::uint64_t index = 0;
    std::optional<std::string> key{};
    Json value{};
    std::string source{};
    std::uint64_t next = 0;  // items up to and including it
  };
  bool Open(const Json& cursor);
  std::optional<Item> Read();       // the next one, unselected
  std::optional<Item> ReadOwn();    // of the state's own data
  std::optional<Json> Select(const Item& item, std::uint64_t seed);
  Json Position() const;            // behind what Read() returned last
  void Halt(const Error& error);

  const asl::Map& map_;
  const interpreter::MapRunSpec& spec_;
  objects::ObjectStore* const store_;
  const std::unique_ptr<interpreter::ItemMaker> maker_;
  std::unique_ptr<objects::ItemSource> source_;  // with an ItemReader
  std::uint64_t next_item_ = 0;                  // without
  std::optional<mapdata::Batcher> batcher_;
  std::optional<Stop> stopped_;
  bool ended_ = false;      // nothing more can be read
  bool exhausted_ = false;  // nor is anything held back
  Json cursor_;
};

}  // namespace towline::children
