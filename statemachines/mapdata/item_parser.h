#pragma once

// Distributed Map's data: how items come out of files, how they are grouped, and how results become
// files again. Everything here is pure: bytes come in as chunks that somebody else has read, text
// goes out to somebody else's writer, and memory does not grow with the number of items.
//
//   ItemReader (reader_config.h)  what the field says, once evaluated
//   ItemParser                    chunks of one object -> items; knows the place of each
//   Decompressor, Manifest        between an object's bytes and its items
//   ReaderPosition                a place in the whole data set, small enough to store
//   Batcher                       items -> inputs of child executions
//   ResultFile, StateOutput       results of children -> files and manifest, or the state's output
//
// orchestrator/objects drives these over an object store (ItemSource, ResultExport).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/base/json.h"
#include "statemachines/mapdata/reader_config.h"

namespace towline::mapdata {

struct ParsedItem {
  std::optional<std::string> key{};  // of a member, when the items are those of an object
  Json value{};
};

// A place between two items of one object.
struct ParserPosition {
  enum class In { kStart, kArray, kObject, kRows, kEnd };
  std::uint64_t offset = 0;  // of the next byte, after decompression
  std::uint64_t line = 1;    // which that byte stands on
  In in = In::kStart;
  friend bool operator==(const ParserPosition&, const ParserPosition&) = default;
};

// Takes the items of one object out of its bytes, one by one. The caller's loop:
//
//   item = parser.Next();           an item; or nothing, and then, unless done():
//   parser.Feed(chunk);             the bytes that stand at wanted(), or at their end:
//   parser.Finish();
//
// Chunks may be cut anywhere. wanted() follows them by itself, except that a parser resumed inside
// a CSV file wants its first row before it goes on at its place: compare before each Feed.
class ItemParser {
 public:
  struct Options {
    ReaderConfig config{};
    std::string source{};                  // for messages, e.g. "s3://bucket/key"
    ParserPosition from{};                 // as position() said, perhaps long ago
    std::size_t item_bytes_max = 8 << 20;  // text of one item
  };
  static std::unique_ptr<ItemParser> Make(Options options);
  virtual ~ItemParser() = default;
  ItemParser(const ItemParser&) = delete;
  ItemParser& operator=(const ItemParser&) = delete;

  std::uint64_t wanted() const { return offset_ + (head_open_ ? head_.size() : 0); }
  void Feed(std::string_view chunk);  // stays valid until Next() has returned nothing
  void Finish();                      // the object ends at wanted()
  bool done() const { return done_; }

  // Errors are States.ItemReaderFailed; they say the source, the line and the byte.
  virtual Result<std::optional<ParsedItem>> Next() = 0;

  // Behind the item that Next() returned last.
  const ParserPosition& position() const { return position_; }

 protected:
  explicit ItemParser(Options options);

  bool finished() const { return finished_; }
  std::string_view rest() const { return rest_; }  // fed and not yet consumed
  void Consume(std::size_t bytes);                 // of rest(); counts lines
  void GoTo(const ParserPosition& position);       // drops rest()
  void Mark(ParserPosition::In in) { position_ = {offset_, line_, in}; }
  void End();
  Error Wrong(std::string what) const;  // at the next byte
  Error TooLarge() const;

  const Options options_;

 private:
  void OpenHead();

  std::string_view rest_;
  std::string head_;  // the first bytes, until it is clear whether they are a byte order mark
  bool head_open_ = true;
  bool finished_ = false;
  bool done_ = false;
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
  ParserPosition position_;
};

}  // namespace towline::mapdata
