#include "statemachines/interpreter/map_items.h"

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

ItemMaker::ItemMaker(std::shared_ptr<const asl::Definition> definition, ExecutionState parent,
                     FrameId map, const Limits& limits)
    : definition_(std::move(definition)), parent_(std::move(parent)), map_(map), limits_(limits) {}

bool ItemMaker::Make(const MapItem& item, std::uint64_t seed, Json& out, Failure& failure) {
  const Turn turn{.now = parent_.last_at, .seed = seed};
  return Stepper(*definition_, parent_, turn, limits_)
      .SelectItem(parent_.frames.at(map_), item, out, failure);
}

}  // namespace towline::interpreter
