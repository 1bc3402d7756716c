#include "statemachines/interpreter/context.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace towline::interpreter {

std::string TokenPlaceholder(TaskId task) { return "towline-task-token:" + std::to_string(task); }

namespace {

bool CountsRetries(const asl::State& state) {
  return std::holds_alternative<asl::Task>(state.kind) ||
         std::holds_alternative<asl::Parallel>(state.kind) ||
         std::holds_alternative<asl::Map>(state.kind);
}

json::object Item(const MapItem& of) {
  json::object item;
  item["Index"] = of.index;
  if (of.key) item["Key"] = *of.key;
  item["Value"] = *of.value;
  if (!of.source.empty()) item["Source"] = of.source;
  json::object map;
  map["Item"] = std::move(item);
  return map;
}

}  // namespace

const Json& FrameContext::Context() const {
  if (made_.has_value()) return *made_;
  if (base_.has_value()) {
    if (!item_.has_value()) return *base_;
    json::object context = (*base_)->as_object();
    context["Map"] = Item(*item_);
    return made_.emplace(json::value(std::move(context)));
  }
  json::object execution;
  execution["Id"] = state_.info.arn;
  execution["Input"] = *state_.input;
  execution["StartTime"] = FormatTimestamp(state_.started_at);
  execution["Name"] = state_.info.name;
  execution["RoleArn"] = state_.info.role_arn;
  execution["RedriveCount"] = state_.redrive_count;
  if (state_.redrive_count > 0) {
    execution["RedriveTime"] = FormatTimestamp(state_.redriven_at);
  }

  json::object machine;
  machine["Id"] = state_.info.machine_arn;
  machine["Name"] = state_.info.machine;

  const asl::State& current = definition_.state(frame_.state);
  json::object state;
  state["Name"] = current.name;
  state["EnteredTime"] = FormatTimestamp(frame_.entered_at);
  if (CountsRetries(current)) state["RetryCount"] = frame_.retry_count;

  json::object context;
  context["Execution"] = std::move(execution);
  context["StateMachine"] = std::move(machine);
  context["State"] = std::move(state);
  if (task_.has_value()) {
    json::object task;
    task["Token"] = TokenPlaceholder(*task_);
    context["Task"] = std::move(task);
  }
  AddItem(context);
  made_.emplace(json::value(std::move(context)));
  return *made_;
}

// The item of the nearest iteration that the frame stands in, through branches of a Parallel.
void FrameContext::AddItem(json::object& context) const {
  if (item_.has_value()) {
    context["Map"] = Item(*item_);
    return;
  }
  for (const Frame* frame = &frame_; frame->id != kRootFrame;) {
    const Frame& parent = state_.frames.at(frame->parent);
    const auto& children = std::get<AwaitingChildren>(parent.activity);
    if (children.items.has_value()) {
      const json::value& value = (**children.items).as_array().at(frame->index);
      context["Map"] = Item({.index = frame->index, .value = Json::Part(*children.items, value)});
      return;
    }
    frame = &parent;
  }
}

}  // namespace towline::interpreter
