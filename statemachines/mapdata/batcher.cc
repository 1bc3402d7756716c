#include "statemachines/mapdata/batcher.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace towline::mapdata {
namespace {

json::object Frame(const std::optional<Json>& batch_input) {
  json::object frame;
  if (batch_input) frame["BatchInput"] = **batch_input;
  frame["Items"].emplace_array();
  return frame;
}

}  // namespace

Batcher::Batcher(Options options)
    : options_(std::move(options)),
      frame_bytes_(JsonSize(Frame(options_.batch_input))),
      bytes_(frame_bytes_) {}

bool Batcher::Full() const {
  // The shortest item is one digit behind a comma.
  return !Empty() && ((options_.items_max != 0 && items_.size() >= options_.items_max) ||
                      bytes_ + 2 > options_.bytes_max);
}

bool Batcher::Fits(const json::value& item) const {
  if (Empty()) return true;
  if (Full()) return false;
  const std::size_t room = options_.bytes_max - bytes_;
  return 1 + JsonSize(item, room) <= room;
}

void Batcher::Add(Json item) {
  CHECK(Fits(*item));
  bytes_ += JsonSize(*item) + (Empty() ? 0 : 1);
  items_.push_back(std::move(item));
}

Batcher::Batch Batcher::Take() {
  CHECK(!Empty());
  json::object input = Frame(options_.batch_input);
  json::array& items = input["Items"].get_array();
  items.reserve(items_.size());
  for (const Json& item : items_) items.push_back(*item);
  Batch batch{.input = Json(std::move(input)), .items = items_.size()};
  items_.clear();
  bytes_ = frame_bytes_;
  return batch;
}

}  // namespace towline::mapdata
