#pragma once

// A Map Run's order and progress as bytes (proto/stored/map_run.proto).

#include <string>
#include <string_view>

#include "statemachines/interpreter/map_run.h"

namespace towline::store {

std::string EncodeMapRunState(const interpreter::MapRunState& state);
// Throws StoreError when the bytes are damaged.
interpreter::MapRunState DecodeMapRunState(std::string_view bytes);

// What the runner needs to know of a Map Run, beyond its state.
struct MapRunOrder {
  interpreter::FrameId frame = interpreter::kRootFrame;  // of the parent
  asl::StateIndex state = 0;                             // the Map state
  asl::ScopeIndex scope = 0;                             // what each child runs
  interpreter::MapRunSpec spec;
};
std::string EncodeMapRunOrder(const MapRunOrder& order);
MapRunOrder DecodeMapRunOrder(std::string_view bytes);

}  // namespace towline::store
