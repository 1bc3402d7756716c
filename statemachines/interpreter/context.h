#pragma once

#include <optional>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"
#include "statemachines/jsonpath/path.h"

namespace towline::interpreter {

// One item of a Map.
struct MapItem {
  std::uint64_t index = 0;
  std::optional<std::string> key{};  // of an object's member
  Json value{};
  std::string source{};              // "STATE_DATA", "s3://…"; empty: an inline Map says nothing
};

// The context object ($$) and the variables ($name) as one frame sees them. The former is made when
// something first asks for it: most transitions never do. Lives on the stack of one evaluation.
class FrameContext final : public jsonpath::ContextSource, public jsonpath::VariableSource {
 public:
  FrameContext(const asl::Definition& definition, const ExecutionState& state, const Frame& frame)
      : definition_(definition), state_(state), frame_(frame) {}

  // $$.Task.Token; a task that is not scheduled yet is named by the seq it will get.
  void SetTask(TaskId task) { task_ = task; }
  // $$.Map.Item of an iteration that does not exist yet (ItemSelector).
  void SetItem(MapItem item) { item_ = std::move(item); }
  // What stands in for the context object; only the item above is added.
  void SetBase(Json base) { base_ = std::move(base); }

  const Json& Context() const override;
  const Json* Find(std::string_view name) const override {
    return FindVariable(state_, frame_, name);
  }

 private:
  void AddItem(json::object& context) const;

  const asl::Definition& definition_;
  const ExecutionState& state_;
  const Frame& frame_;
  std::optional<TaskId> task_;
  std::optional<MapItem> item_;
  std::optional<Json> base_;
  mutable std::optional<Json> made_;
};

}  // namespace towline::interpreter
