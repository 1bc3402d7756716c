#include "orchestrator/children/run_source.h"

#include <boost/json/object.hpp>

namespace towline::children {
namespace {

constexpr std::string_view kStateData = "STATE_DATA";
constexpr std::uint64_t kBatchBytesDefault = 262'144;

bool MayPass(Error::Code code) {
  return code == Error::Code::kUnavailable || code == Error::Code::kDeadlineExceeded;
}

std::optional<mapdata::Batcher> BatcherOf(const interpreter::MapRunSpec& spec) {
  if (!spec.batched) return std::nullopt;
  mapdata::Batcher::Options options;
  options.items_max = spec.batch_items.value_or(0);
  options.bytes_max = spec.batch_bytes.value_or(kBatchBytesDefault);
  if (!spec.batch_input->is_null()) options.batch_input = spec.batch_input;
  return mapdata::Batcher(std::move(options));
}

}  // namespace

RunSource::RunSource(const asl::Map& map, const interpreter::MapRunSpec& spec,
                     objects::ObjectStore* store,
                     std::unique_ptr<interpreter::ItemMaker> maker, const Json& cursor)
    : map_(map),
      spec_(spec),
      store_(store),
      maker_(std::move(maker)),
      batcher_(BatcherOf(spec)),
      cursor_(cursor) {
  if (!Open(cursor)) CHECK(stopped_.has_value());
}

bool RunSource::Open(const Json& cursor) {
  if (!map_.distributed->item_reader) {
    if (cursor->is_object()) next_item_ = cursor->at("items").to_number<std::uint64_t>();
    return true;
  }
  if (store_ == nullptr) {
    Halt(mapdata::ReaderFailed("The server has no object store: [objects] in its configuration "
                               "says where the files are"));
    return false;
  }
  const asl::ItemReader& reader = *map_.distributed->item_reader;
  auto field = mapdata::ReadItemReader(reader.resource, *spec_.reader,
                                       interpreter::ReaderConfig(reader, *spec_.max_items));
  if (!field) return Halt(field.error()), false;
  mapdata::ReaderPosition from;
  if (cursor->is_object()) {
    auto position = mapdata::PositionFromJson(*cursor);
    if (!position) return Halt(position.error()), false;
    from = std::move(*position);
  }
  auto source = objects::ItemSource::Open(*store_, std::move(*field), std::move(from));
  if (!source) return Halt(source.error()), false;
  source_ = std::move(*source);
  return true;
}

void RunSource::Halt(const Error& error) {
  const std::string name = error.name.empty() ? "States.ItemReaderFailed" : error.name;
  stopped_ = Stop{{.error = name, .cause = error.message}, MayPass(error.code)};
}

std::optional<RunSource::Item> RunSource::ReadOwn() {
  const json::value& items = *spec_.items;
  const std::size_t count =
      items.is_array() ? items.get_array().size() : items.get_object().size();
  if (next_item_ >= count) return std::nullopt;
  Item item{.index = next_item_++, .source = std::string(kStateData)};
  if (items.is_array()) {
    item.value = Json::Part(spec_.items, items.get_array()[item.index]);
  } else {
    const auto member = items.get_object().begin() + static_cast<std::ptrdiff_t>(item.index);
    item.key = std::string(member->key());
    item.value = Json::Part(spec_.items, member->value());
  }
  return item;
}

std::optional<RunSource::Item> RunSource::Read() {
  if (ended_ || stopped_) return std::nullopt;
  std::optional<Item> read;
  if (source_ == nullptr) {
    read = ReadOwn();
  } else {
    auto next = source_->Next();
    if (!next) {
      Halt(next.error());
      return std::nullopt;
    }
    if (next->has_value()) {
      objects::Item& item = **next;
      read = Item{item.index, std::move(item.key), std::move(item.value), std::move(item.source)};
    }
  }
  ended_ = !read.has_value();
  return read;
}

Json RunSource::Position() const {
  if (source_ != nullptr) return Json(mapdata::PositionToJson(source_->position()));
  return Json(json::value(json::object{{"items", next_item_}}));
}

std::optional<Json> RunSource::Select(const Item& item, std::uint64_t seed) {
  if (maker_ == nullptr) return item.value;
  Json out;
  interpreter::Failure failure;
  const interpreter::MapItem made{item.index, item.key, item.value, item.source};
  if (maker_->Make(made, seed, out, failure)) return out;
  stopped_ = Stop{std::move(failure), false};
  return std::nullopt;
}

std::optional<RunSource::Child> RunSource::Next(std::uint64_t seed) {
  for (;;) {
    const Json before = batcher_ ? Position() : Json();
    const std::optional<Item> item = Read();
    if (stopped_) return std::nullopt;
    if (!item) {
      exhausted_ = true;
      if (!batcher_ || batcher_->Empty()) return std::nullopt;
      mapdata::Batcher::Batch batch = batcher_->Take();
      cursor_ = Position();
      return Child{std::move(batch.input), static_cast<std::uint32_t>(batch.items)};
    }
    std::optional<Json> input = Select(*item, seed + item->index);
    if (!input) return std::nullopt;
    if (!batcher_) {
      cursor_ = Position();
      return Child{std::move(*input), 1};
    }
    std::optional<Child> child;
    if (!batcher_->Empty() && !batcher_->Fits(**input)) {
      mapdata::Batcher::Batch batch = batcher_->Take();
      child = Child{std::move(batch.input), static_cast<std::uint32_t>(batch.items)};
      cursor_ = before;
    }
    batcher_->Add(std::move(*input));
    if (child) return child;
    if (batcher_->Full()) {
      mapdata::Batcher::Batch batch = batcher_->Take();
      cursor_ = Position();
      return Child{std::move(batch.input), static_cast<std::uint32_t>(batch.items)};
    }
  }
}

}  // namespace towline::children
