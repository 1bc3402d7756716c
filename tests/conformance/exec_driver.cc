// Runs recorded executions: one JSON line in, one JSON line out (id, status, output, error, cause,
// history), in virtual time and with the service's limits, by a whole installation.
//
//   towline-exec-driver [--restart] [FILE]
//
// --restart reads every state back from its events after each round.
//
// A line has id, definition, input, and what plays the outside:
//   mocks      the n-th scheduling in a state is answered by that state's n-th entry; without any
//              there is no activity
//   functions  by name, for tasks without an entry: {result}, {error, cause}, or {}, which gives
//              its payload back
//   objects    the folder of the object store
// A line whose definition is refused says so in "refused".

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <iostream>
#include <map>

#include "orchestrator/local/installation.h"
#include "orchestrator/objects/local_store.h"
#include "statemachines/asl/parser.h"

namespace towline::local {
namespace {

namespace in = interpreter;

constexpr const char* kMachine = "machine";
constexpr const char* kExecution = "run";

std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : PrintJson(value);
}

// What one entry of the recording says, as commands.
class Replay {
 public:
  Replay(const Task& task, bool sync) : spec_(task.open->spec), sync_(sync) {}

  Acts Follow(const json::array& steps) {
    for (const json::value& step : steps) Add(step.as_object());
    return std::move(acts_);
  }

 private:
  void Add(const json::object& step) {
    const std::string_view what = step.at("do").as_string();
    const auto output = [&] {
      return step.contains("output") ? Json(step.at("output")) : Json();
    };
    const auto text = [&](const char* key) -> std::optional<std::string> {
      if (!step.contains(key)) return std::nullopt;
      return TextOf(step.at(key));
    };
    const bool is_job = spec_.kind == in::TaskSpec::Kind::kJob;
    if (what == "started" && spec_.kind == in::TaskSpec::Kind::kActivity) {
      Do(in::StartTask{.worker = text("workerName").value_or("")});
    } else if (what == "started" && is_job) {
      Do(in::AcceptJob{.attempt = 1, .worker = "worker", .incarnation = 1});
    } else if (what == "submitted" && is_job && !sync_) {
      Do(in::SucceedTask{.attempt = 1, .output = output(), .worker = "worker"});
    } else if (what == "submitted") {
      Do(in::SubmitTask{.output = output()});
    } else if (what == "succeeded") {
      Do(in::SucceedTask{.output = output()});
    } else if (what == "failed") {
      Do(in::FailTask{.error = text("error"), .cause = text("cause")});
    }
  }
  void Do(in::Command command) { acts_.push_back({Millis(0), std::move(command)}); }

  const in::TaskSpec& spec_;
  const bool sync_;
  Acts acts_;
};

// The outside of one line.
class Recording final : public Outside {
 public:
  Recording(const json::object& line, const asl::Definition& definition) {
    if (const json::value* functions = line.if_contains("functions")) {
      functions_ = functions->as_object();
    }
    for (const asl::State& state : definition.states) {
      const auto* task = std::get_if<asl::Task>(&state.kind);
      sync_[state.name] =
          task != nullptr && task->resource.sync != asl::TaskResource::Sync::kNone;
    }
    const json::value* mocks = line.if_contains("mocks");
    if (mocks == nullptr) return;
    for (const json::value& task : mocks->at("tasks").as_array()) {
      entries_[std::string(task.at("state").as_string())].push_back(task.at("steps").as_array());
    }
  }

  Result<std::optional<Acts>> OnTask(const Task& task) override {
    const std::string& state = task.open->state;
    const auto entries = entries_.find(state);
    if (entries != entries_.end()) {
      const std::size_t n = used_[state]++;
      if (n >= entries->second.size()) return std::optional(Acts());
      return std::optional(Replay(task, sync_[state]).Follow(entries->second[n]));
    }
    if (task.open->spec.kind == in::TaskSpec::Kind::kExecution) return std::optional<Acts>();
    return std::optional(Call(task.open->spec));
  }

 private:
  Acts Call(const in::TaskSpec& spec) const {
    const json::value* const function = functions_.if_contains(spec.job_type);
    if (function == nullptr) return {};
    Acts acts = {{Millis(0), in::AcceptJob{.attempt = 1, .worker = "worker", .incarnation = 1}}};
    if (const json::value* error = function->as_object().if_contains("error")) {
      acts.push_back({Millis(0), in::FailTask{.attempt = 1,
                                              .error = TextOf(*error),
                                              .cause = TextOf(function->at("cause")),
                                              .worker = "worker"}});
    } else {
      const json::value* result = function->as_object().if_contains("result");
      acts.push_back({Millis(0),
                      in::SucceedTask{.attempt = 1,
                                      .output = result != nullptr ? Json(*result) : spec.payload,
                                      .worker = "worker"}});
    }
    return acts;
  }

  json::object functions_;
  std::map<std::string, bool> sync_;
  std::map<std::string, std::vector<json::array>> entries_;
  std::map<std::string, std::size_t> used_;
};

class NoActivities final : public in::Activities {
 public:
  bool Exists(const std::string&, const std::string&) const override { return false; }
};

const char* StatusName(in::ExecutionStatus status) {
  switch (status) {
    case in::ExecutionStatus::kRunning: return "RUNNING";
    case in::ExecutionStatus::kSucceeded: return "SUCCEEDED";
    case in::ExecutionStatus::kFailed: return "FAILED";
    case in::ExecutionStatus::kTimedOut: return "TIMED_OUT";
    case in::ExecutionStatus::kAborted: return "ABORTED";
  }
  return "";
}

json::array History(Installation& installation) {
  json::array history;
  for (in::HistoryEvent& event : installation.History(kMachine, kExecution)) {
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
  const std::string text = PrintJson(line.at("definition"));
  const asl::ParseResult parsed = asl::Parse(text);
  if (!parsed.ok()) {
    answer["refused"] = asl::DescribeErrors(parsed.diagnostics);
    return answer;
  }
  const NoActivities no_activities;
  std::unique_ptr<objects::ObjectStore> objects;
  if (const json::value* root = line.if_contains("objects")) {
    auto opened = objects::LocalStore::Open(std::string(root->as_string()));
    CHECK(opened.has_value());
    objects = std::move(*opened);
  }
  Settings settings;
  settings.tenant = "111111111111";
  settings.limits = in::AwsLimits();
  settings.start = *ParseTimestamp("2024-03-01T00:00:00Z");
  settings.objects = objects.get();
  settings.role_arn = "snf_role_arn";
  settings.forgetful = restart;
  if (!line.contains("mocks")) settings.activities = &no_activities;
  Recording outside(line, *parsed.definition);
  Installation installation(settings, outside);
  installation.PutMachine(kMachine, text);
  const auto ended = installation.Run(
      kMachine, kExecution,
      line.contains("input") ? Json(line.at("input")) : Json::EmptyObject());
  CHECK(ended.has_value());  // a recording plays no trick on its installation
  const engine::ExecutionView view = ended->value_or(engine::ExecutionView{});
  answer["status"] = StatusName(view.status);
  if (view.output) answer["output"] = **view.output;
  if (view.error) answer["error"] = *view.error;
  if (view.cause) answer["cause"] = *view.cause;
  answer["history"] = History(installation);
  return answer;
}

int RunAll(std::istream& from, bool restart) {
  std::string text;
  while (std::getline(from, text)) {
    if (text.empty()) continue;
    const Result<Json> line = ParseJson(text);
    if (!line) {
      std::cerr << "towline-exec-driver: " << line.error().message << "\n";
      return 2;
    }
    std::cout << PrintJson(RunLine((*line)->as_object(), restart)) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace towline::local

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
  if (path == nullptr) return towline::local::RunAll(std::cin, restart);
  std::ifstream file(path);
  if (!file) {
    std::cerr << "towline-exec-driver: cannot read " << path << "\n";
    return 2;
  }
  return towline::local::RunAll(file, restart);
}
