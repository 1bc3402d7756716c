#pragma once

#include <cstdint>
#include <optional>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state_test.h"
#include "statemachines/teststate/test_state.h"

namespace towline::teststate {

// What a Map makes of its items before its iterations start.
struct MapStages {
  std::optional<Json> read{};      // what the ItemReader gives
  std::optional<Json> selected{};  // after ItemSelector
  std::optional<Json> batched{};   // after ItemBatcher
  std::uint64_t iterations = 0;
  std::optional<interpreter::Failure> failure{};  // then the rest is what there was before it
};

// `test` waits for a Map's result. Error, ValidationException: the ItemReader's data is missing.
Result<MapStages> RunMapStages(interpreter::StateTest& test, const asl::Map& map,
                               const Request& request);

}  // namespace towline::teststate
