#pragma once

// The execution history as AWS shows it: a projection of our events, with the ids, order and
// details of the service. Pure; the doors print it.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/event.h"

namespace towline::interpreter {

struct HistoryEvent {
  HistoryId id = 0;
  HistoryId previous_id = 0;
  Timestamp time{};
  std::string type;      // "TaskStateEntered"
  // The "…EventDetails" object: input, output, parameters and the like are JSON *text*, as in
  // the service's API. Absent details: an empty object.
  json::object details;
};

// Names and kinds of tasks that later events refer to. Feed events in order from any point: what
// lies before it must have been offered to Observe().
class HistoryProjection {
 public:
  explicit HistoryProjection(const asl::Definition& definition) : definition_(definition) {}
  // Appends the history event for `record`, or nothing when it has none.
  void Project(const EventRecord& record, bool include_data, std::vector<HistoryEvent>& out);

 private:
  const asl::Definition& definition_;
  std::map<FrameId, asl::StateIndex> frames_;  // current state of each frame
  std::map<TaskId, asl::StateIndex> tasks_;
  struct Iteration { FrameId map_frame; std::uint32_t index; };
  std::map<FrameId, Iteration> iterations_;
};

}  // namespace towline::interpreter
