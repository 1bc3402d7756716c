// Runs recorded executions: one JSON line in (id, definition, input, mocks), one JSON line out
// (id, status, output, error, cause, history), in virtual time and with the service's limits.
//
//   towline-exec-driver [--restart] [FILE]
//
// --restart throws the state away after every step and makes it again from the events.
// Tasks are answered from `mocks.tasks`: the n-th scheduling in a state by that state's n-th
// entry; without `mocks` there is no activity. A line whose definition is refused, or that breaks
// a promise of the core, says so in "refused" or "broken".

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "statemachines/asl/parser.h"
#include "statemachines/interpreter/history.h"
#include "tests/interpreter/world.h"

namespace towline::interpreter {
namespace {

std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : PrintJson(value);
}

// Plays the outside of one execution.
class Play {
 public:
  Play(World& world, const json::object& line) : world_(world) {
    const json::value* mocks = line.if_contains("mocks");
    if (mocks == nullptr) return;
    for (const json::value& task : mocks->at("tasks").as_array()) {
      entries_[std::string(task.at("state").as_string())].push_back(&task.as_object());
    }
  }

  void Run() {
    do {
      for (std::vector<TaskId> fresh = world_.TakeNewTasks(); !fresh.empty();
           fresh = world_.TakeNewTasks()) {
        for (const TaskId task : fresh) Answer(task);
      }
    } while (!world_.state().closed() && (MissHeartbeat() || world_.FireNext()));
  }

 private:
  void Answer(TaskId task) {
    const auto found = world_.tasks().find(task);
    if (found == world_.tasks().end()) return;  // aborted by an earlier answer
    const OpenTask open = found->second.open;
    auto& entries = entries_[open.state];
    const std::size_t n = used_[open.state]++;
    if (n >= entries.size()) return;
    for (const json::value& step : entries[n]->at("steps").as_array()) Act(open, step.as_object());
  }

  void Act(const OpenTask& open, const json::object& step) {
    const std::string_view what = step.at("do").as_string();
    const auto output = [&] {
      return step.contains("output") ? Json(step.at("output")) : Json();
    };
    const auto text = [&](const char* key) -> std::optional<std::string> {
      if (!step.contains(key)) return std::nullopt;
      return TextOf(step.at(key));
    };
    if (what == "started" && open.spec.kind == TaskSpec::Kind::kActivity) {
      world_.Do(StartTask{open.task, text("workerName").value_or("")});
    } else if (what == "started" && open.spec.kind == TaskSpec::Kind::kJob) {
      world_.Do(AcceptJob{open.task, open.attempt, "worker", 1});
    } else if (what == "submitted" && open.spec.kind == TaskSpec::Kind::kJob && !IsSync(open)) {
      world_.Do(SucceedTask{open.task, open.attempt, output(), "worker"});
    } else if (what == "submitted") {
      world_.Do(SubmitTask{open.task, output()});
    } else if (what == "succeeded") {
      world_.Do(SucceedTask{open.task, 0, output(), {}});
    } else if (what == "failed") {
      world_.Do(FailTask{open.task, 0, text("error"), text("cause"), {}});
    } else if (what == "timed_out" && open.spec.heartbeat_seconds.has_value()) {
      silent_.insert(open.task);
    }
  }

  // What such a task has started answers at once, and is not at its end by then.
  bool IsSync(const OpenTask& open) const {
    for (const asl::State& state : world_.definition().states) {
      const auto* task = std::get_if<asl::Task>(&state.kind);
      if (task == nullptr || state.name != open.state) continue;
      return task->resource.sync != asl::TaskResource::Sync::kNone;
    }
    return false;
  }

  // The service's heartbeat is the shell's business here: a recorded timeout of a task that has
  // one is a missed heartbeat.
  bool MissHeartbeat() {
    while (!silent_.empty()) {
      const TaskId task = *silent_.begin();
      silent_.erase(silent_.begin());
      const auto found = world_.tasks().find(task);
      if (found == world_.tasks().end()) continue;
      world_.Pass(Seconds(*found->second.open.spec.heartbeat_seconds));
      world_.Do(FireTimer{task, TimerKind::kTaskHeartbeat});
      return true;
    }
    return false;
  }

  World& world_;
  std::map<std::string, std::vector<const json::object*>> entries_;
  std::map<std::string, std::size_t> used_;
  std::set<TaskId> silent_;
};

const char* StatusName(ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::kRunning: return "RUNNING";
    case ExecutionStatus::kSucceeded: return "SUCCEEDED";
    case ExecutionStatus::kFailed: return "FAILED";
    case ExecutionStatus::kTimedOut: return "TIMED_OUT";
    case ExecutionStatus::kAborted: return "ABORTED";
  }
  return "";
}

json::array History(const World& world) {
  HistoryProjection projection(world.definition());
  std::vector<HistoryEvent> events;
  for (const EventRecord& record : world.events()) projection.Project(record, true, events);
  json::array history;
  for (HistoryEvent& event : events) {
    history.push_back(json::object{{"id", event.id},
                                   {"previousEventId", event.previous_id},
                                   {"type", event.type},
                                   {"details", std::move(event.details)}});
  }
  return history;
}

json::object RunLine(const json::object& line, bool restart) {
  json::object answer;
  answer["id"] = line.contains("id") ? line.at("id") : json::value(nullptr);
  const asl::ParseResult parsed = asl::Parse(PrintJson(line.at("definition")));
  if (!parsed.ok()) {
    answer["refused"] = asl::DescribeErrors(parsed.diagnostics);
    return answer;
  }
  World world(parsed.definition, AwsLimits());
  if (restart) world.RestartAfterEachStep();
  if (!line.contains("mocks")) world.HaveNoActivities();
  world.Begin(line.contains("input") ? Json(line.at("input")) : Json::EmptyObject());
  Play(world, line).Run();

  const ExecutionState& state = world.state();
  answer["status"] = StatusName(state.status);
  if (state.output.has_value()) answer["output"] = **state.output;
  if (state.error.has_value()) answer["error"] = *state.error;
  if (state.cause.has_value()) answer["cause"] = *state.cause;
  answer["history"] = History(world);
  if (!world.problems().empty()) answer["broken"] = world.problems().front();
  return answer;
}

int RunAll(std::istream& in, bool restart) {
  std::string text;
  while (std::getline(in, text)) {
    if (text.empty()) continue;
    const Result<Json> line = ParseJson(text);
    if (!line) {
      std::cerr << "towline-exec-driver: " << line.error().message << "\n";
      return 2;
    }
    std::cout << PrintJson(RunLine((**line).as_object(), restart)) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace towline::interpreter

int main(int argc, char** argv) {
  bool restart = false;
  const char* path = nullptr;
  for (int i = 1; i < argc; i++) {
    const std::string_view argument = argv[i];
    if (argument == "--restart") {
      restart = true;
    } else if (path == nullptr && argument.substr(0, 1) != "-") {
      path = argv[i];
    } else {
      std::cerr << "usage: towline-exec-driver [--restart] [FILE]\n";
      return 2;
    }
  }
  if (path == nullptr) return towline::interpreter::RunAll(std::cin, restart);
  std::ifstream file(path);
  if (!file) {
    std::cerr << "towline-exec-driver: cannot read " << path << "\n";
    return 2;
  }
  return towline::interpreter::RunAll(file, restart);
}
