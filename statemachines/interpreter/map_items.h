#pragma once

#include <boost/json/fwd.hpp>
#include <memory>

#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/context.h"
#include "statemachines/interpreter/errors.h"

namespace towline::interpreter {

// Makes the inputs of a Map Run's children out of its items: ItemSelector, as the Map state saw
// its surroundings when it began. Used by the run's runner, one thread at a time.
class ItemMaker {
 public:
  // `parent` is the parent's state behind the event that started the run.
  ItemMaker(std::shared_ptr<const asl::Definition> definition, ExecutionState parent, FrameId map,
            const Limits& limits, std::unique_ptr<const References> references = nullptr);

  // False: `failure` says why there is none.
  bool Make(const MapItem& item, std::uint64_t seed, Json& out, Failure& failure);

 private:
  const std::shared_ptr<const asl::Definition> definition_;
  ExecutionState parent_;
  const FrameId map_;
  const Limits limits_;
  const std::unique_ptr<const References> references_;  // null: plain objects
};

// A ReaderConfig as it would stand in a definition that has MaxItems written out.
json::object ReaderConfig(const asl::ItemReader& reader, const json::value& max_items);

}  // namespace towline::interpreter
