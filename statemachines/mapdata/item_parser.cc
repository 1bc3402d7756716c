#include "statemachines/mapdata/item_parser.h"

#include <algorithm>

#include "statemachines/mapdata/csv_items.h"
#include "statemachines/mapdata/json_items.h"
#include "statemachines/mapdata/jsonl_items.h"

namespace towline::mapdata {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::unique_ptr<ItemParser> ItemParser::Make(Options options) {
  switch (options.config.input_type) {
    case InputType::kJsonl: return std::make_unique<JsonlItems>(std::move(options));
    case InputType::kCsv: return std::make_unique<CsvItems>(std::move(options));
    case InputType::kJson: break;
  }
  return std::make_unique<JsonItems>(std::move(options));
}

ItemParser::ItemParser(Options options) : options_(std::move(options)), position_(options_.from) {
  done_ = position_.in == ParserPosition::In::kEnd;
}

void ItemParser::Feed(std::string_view chunk) {
  CHECK(rest_.empty() && !finished_);
  if (!head_open_) {
    rest_ = chunk;
    return;
  }
  head_ += chunk;
  if (head_.size() >= kByteOrderMark.size()) OpenHead();
}

void ItemParser::Finish() {
  CHECK(rest_.empty() && !finished_);
  finished_ = true;
  if (head_open_) OpenHead();
}

// The mark is no part of the text.
void ItemParser::OpenHead() {
  head_open_ = false;
  rest_ = head_;
  if (rest_.substr(0, kByteOrderMark.size()) == kByteOrderMark) Consume(kByteOrderMark.size());
}

void ItemParser::Consume(std::size_t bytes) {
  line_ += static_cast<std::uint64_t>(
      std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(bytes), '\n'));
  rest_.remove_prefix(bytes);
  offset_ += bytes;
}

void ItemParser::GoTo(const ParserPosition& position) {
  rest_ = {};
  head_.clear();
  head_open_ = position.offset == 0;
  finished_ = false;
  offset_ = position.offset;
  line_ = position.line;
}

void ItemParser::End() {
  done_ = true;
  rest_ = {};
  Mark(ParserPosition::In::kEnd);
}

Error ItemParser::Wrong(std::string what) const {
  return ReaderFailed(options_.source + ", line " + std::to_string(line_) + " (byte " +
                      std::to_string(offset_) + "): " + std::move(what));
}

Error ItemParser::TooLarge() const {
  return Wrong("an item is larger than " + std::to_string(options_.item_bytes_max) + " bytes");
}

}  // namespace towline::mapdata
