#pragma once

// The execution history as AWS shows it: a projection of our events, with the ids, order and
// details of the service. Pure; the doors print it.

#include <boost/json/object.hpp>
#include <map>
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
  // The "…EventDetails" object: input, output, parameters, each of assignedVariables and the like
  // are JSON *text*, as in the service's API. Absent details: an empty object.
  json::object details;
};

// Turns records into history events. It remembers the names and kinds that later records refer
// to: feed the records in order from the first; those that nobody wants to see go to Observe().
// Owned by one caller; the definition must outlive it.
class HistoryProjection {
 public:
  explicit HistoryProjection(const asl::Definition& definition) : definition_(definition) {}

  // Appends the history event for `record`, or nothing when it has none. Without `include_data`
  // inputs, outputs and parameters are left out.
  void Project(const EventRecord& record, bool include_data, std::vector<HistoryEvent>& out);
  void Observe(const EventRecord& record);

 private:
  friend class HistoryWriter;
  struct Iteration {
    FrameId map_frame = kRootFrame;
    std::uint32_t index = 0;
  };

  void Remember(const EventRecord& record);
  void Forget(const EventRecord& record);
  bool IsIteration(const Frame& frame) const;
  const asl::State& StateIn(FrameId frame) const;
  const asl::State& StateOfTask(TaskId task) const;

  const asl::Definition& definition_;
  std::map<FrameId, asl::StateIndex> frames_;  // current state of each frame
  std::map<TaskId, asl::StateIndex> tasks_;
  std::map<FrameId, Iteration> iterations_;
  std::map<TaskId, std::string> map_runs_;  // their ARNs
};

}  // namespace towline::interpreter
