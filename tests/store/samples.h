#pragma once

// One event of each kind with every field set, and one as empty as it can be.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "statemachines/interpreter/effect.h"
#include "statemachines/interpreter/state.h"

namespace towline::store {

Json Parse(const char* text);

struct EventSample {
  std::string name;  // of the golden file
  interpreter::Event event;
};
// In the order of the variant; at least one of each alternative.
std::vector<EventSample> EventSamples();
// One frame for each activity.
std::shared_ptr<const std::vector<interpreter::Frame>> SampleFrames();
interpreter::TaskSpec SampleSpec();
interpreter::OpenTask SampleTask();
interpreter::ExecutionState SampleState();

}  // namespace towline::store
