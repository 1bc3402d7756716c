#include "tests/simulation/definitions.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/base/json.h"

namespace towline::sim {
namespace {

constexpr int kManyAttempts = 10'000;
constexpr const char* kJob = "arn:towline:states:::job:run";

json::object Retry(json::array errors) {
  return {{"ErrorEquals", std::move(errors)},
          {"IntervalSeconds", 1},
          {"MaxAttempts", kManyAttempts},
          {"BackoffRate", 1.5},
          {"MaxDelaySeconds", 5}};
}

// Objects, as results find a place only in those.
json::array Items(int count) {
  json::array items;
  for (int i = 1; i <= count; i++) items.push_back(json::object{{"v", i}});
  return items;
}

// What the infrastructure may do to a job, as opposed to the job itself.
json::array Accidents() {
  return {"Towline.WorkerLost",   "Towline.WorkerRestarted", "Towline.Cancelled",
          "Towline.JobCancelled", "Towline.JournalFailed",   "Killed"};
}

class Maker {
 public:
  Maker(Random& random, bool wild, const std::vector<std::string>& targets)
      : random_(random), wild_(wild), targets_(targets) {}

  json::object Machine() {
    json::object machine = Chain(0, random_.Between(1, 4));
    if (wild_ && random_.Chance(0.3)) machine["TimeoutSeconds"] = random_.Between(10, 300);
    return machine;
  }

 private:
  std::string Name() { return "S" + std::to_string(++states_); }
  std::string Path() { return "$.r" + std::to_string(++results_); }

  // States one after another; the last ends.
  json::object Chain(int depth, int length) {
    std::vector<std::string> names;
    for (int i = 0; i < length; i++) names.push_back(Name());
    json::object states;
    for (std::size_t i = 0; i < names.size(); i++) {
      const bool last = i + 1 == names.size();
      json::object state = State(depth, last ? "" : names[i + 1],
                                 i + 2 < names.size() ? names[i + 2] : "");
      if (state.at("Type") != "Choice" && state.at("Type") != "Fail") {
        if (last) {
          state["End"] = true;
        } else {
          state["Next"] = names[i + 1];
        }
      }
      states[names[i]] = std::move(state);
    }
    return {{"StartAt", names.front()}, {"States", std::move(states)}};
  }

  json::object State(int depth, const std::string& next, const std::string& after) {
    switch (random_.Between(0, depth < 2 ? 16 : 9)) {
      case 0: return Pass();
      case 1: return Wait();
      case 2: return Choice(next, after);
      case 3: return depth == 0 && next.empty() ? Fail() : Pass();
      case 4: return Hand();
      case 5: return Publish();
      case 6:
      case 7:
      case 8:
      case 9: return Job(next);
      case 10:
      case 11: return Parallel(depth, next);
      case 12:
      case 13: return has_items_ ? Distributed(depth, next) : Parallel(depth, next);
      case 14:
      case 15: return targets_.empty() ? Pass() : Nested(next);
      default: return has_items_ ? Map(depth) : Parallel(depth, next);
    }
  }

  json::object Pass() {
    return {{"Type", "Pass"}, {"Result", {{"n", random_.Between(0, 99)}}}, {"ResultPath", Path()}};
  }
  json::object Wait() {
    if (random_.Chance(0.7)) return {{"Type", "Wait"}, {"Seconds", random_.Between(1, 40)}};
    const Timestamp until = kStart + Seconds(random_.Between(0, 900));
    return {{"Type", "Wait"}, {"Timestamp", FormatTimestamp(until)}};
  }
  json::object Fail() { return {{"Type", "Fail"}, {"Error", "Given"}, {"Cause", "up"}}; }

  json::object Choice(const std::string& next, const std::string& after) {
    if (next.empty()) return Pass();
    json::object rule{{"Variable", "$.n"}, {"IsPresent", random_.Chance(0.5)}, {"Next", next}};
    return {{"Type", "Choice"},
            {"Choices", json::array{std::move(rule)}},
            {"Default", after.empty() ? next : after}};
  }

  json::object Job(const std::string& next) {
    static const std::vector<std::string> kTame = {"add", "add", "echo", "flaky", "once", "fail"};
    static const std::vector<std::string> kWild = {"add", "echo", "flaky", "once", "fail", "stuck"};
    const std::string type = random_.Pick(wild_ ? kWild : kTame);
    json::object parameters{{"JobType", type},
                            {"Payload", {{"a", random_.Between(0, 99)}, {"b", 42}}}};
    if (type == "once") parameters["Start"] = "AtMostOnce";
    if (random_.Chance(0.2)) parameters["Priority"] = random_.Between(0, 9);
    if (random_.Chance(0.1)) parameters["Labels"] = {{"site", "w1"}};
    json::object state{{"Type", "Task"},
                       {"Resource", kJob},
                       {"Parameters", std::move(parameters)},
                       {"ResultPath", Path()}};
    if (wild_) return MakeWild(std::move(state), type, next);
    if (type != "fail") {
      state["Retry"] = json::array{Retry({"States.ALL"})};
      return state;
    }
    state["Retry"] = json::array{Retry(Accidents())};
    if (!next.empty()) Catch(state, next);
    return state;
  }

  void Catch(json::object& state, const std::string& next) {
    state["Catch"] = json::array{json::object{
        {"ErrorEquals", json::array{"States.ALL"}}, {"Next", next}, {"ResultPath", Path()}}};
  }

  json::object MakeWild(json::object state, const std::string& type, const std::string& next) {
    json::object& parameters = state["Parameters"].as_object();
    const bool at_most_once = type == "once";
    if (random_.Chance(0.3)) {
      parameters["OnWorkerLost"] = at_most_once || random_.Chance(0.5) ? "fail" : "requeue";
    }
    if (type == "stuck" || random_.Chance(0.4)) {
      const int timeout = random_.Between(2, 60);
      state["TimeoutSeconds"] = timeout;
      if (random_.Chance(0.5)) state["HeartbeatSeconds"] = random_.Between(1, timeout - 1);
    }
    if (random_.Chance(0.5)) {
      json::object retry = Retry({"States.ALL"});
      retry["MaxAttempts"] = random_.Between(0, 3);
      state["Retry"] = json::array{std::move(retry)};
    }
    if (!next.empty() && random_.Chance(0.7)) Catch(state, next);
    return state;
  }

  // The job ends, its token lives on with somebody else.
  json::object Hand() {
    json::object state{
        {"Type", "Task"},
        {"Resource", std::string(kJob) + ".waitForTaskToken"},
        {"Parameters",
         {{"JobType", "hand"}, {"Payload", {{"token.$", "$$.Task.Token"}}}}},
        {"ResultPath", Path()},
        {"Retry", json::array{Retry({"States.ALL"})}}};
    if (wild_) state["TimeoutSeconds"] = random_.Between(5, 120);
    return state;
  }

  json::object Publish() {
    const bool wait = random_.Chance(0.5);
    json::object state{
        {"Type", "Task"},
        {"Resource",
         std::string("arn:towline:states:::mqtt:publish") + (wait ? ".waitForTaskToken" : "")},
        {"Parameters",
         {{"Topic", wait ? "sim/tokens" : "sim/news"},
          {"Payload", wait ? json::object{{"token.$", "$$.Task.Token"}} : json::object{}}}},
        {"ResultPath", wait ? json::value(Path()) : json::value(nullptr)},
        {"Retry", json::array{Retry({"States.ALL"})}}};
    // The broker may lose it for good: then it has to be said again.
    if (wait) state["TimeoutSeconds"] = 120;
    return state;
  }

  json::object Parallel(int depth, const std::string& next) {
    const std::string path = Path();
    json::array branches;
    for (int i = random_.Between(2, 3); i > 0; i--) {
      branches.push_back(Chain(depth + 1, random_.Between(1, 2)));
    }
    json::object state{{"Type", "Parallel"}, {"Branches", std::move(branches)},
                       {"ResultPath", path}};
    // Which branch fails first is chance: no trace of it may remain.
    if (!next.empty()) {
      state["Catch"] = json::array{json::object{
          {"ErrorEquals", json::array{"States.ALL"}}, {"Next", next}, {"ResultPath", nullptr}}};
    }
    return state;
  }

  // Of what runs with other data: with `$.items` or without.
  json::object Within(bool has_items, int depth) {
    const bool before = std::exchange(has_items_, has_items);
    json::object chain = Chain(depth + 1, random_.Between(1, 2));
    has_items_ = before;
    return chain;
  }

  json::object Map(int depth) {
    const std::string path = Path();
    json::object processor = Within(false, depth);
    json::object state{{"Type", "Map"},
                       {"ItemsPath", "$.items"},
                       {"MaxConcurrency", random_.Between(0, 3)},
                       {"ItemProcessor", std::move(processor)},
                       {"ResultPath", path}};
    return state;
  }

  json::object Distributed(int depth, const std::string& next) {
    const std::string path = Path();
    const bool selects = random_.Chance(0.4);
    json::object processor = Within(selects, depth);
    processor["ProcessorConfig"] = {{"Mode", "DISTRIBUTED"}, {"ExecutionType", "STANDARD"}};
    json::object state{{"Type", "Map"},
                       {"ItemsPath", "$.items"},
                       {"MaxConcurrency", random_.Between(0, 3)},
                       {"ItemProcessor", std::move(processor)},
                       {"ResultPath", path}};
    if (selects) {
      state["ItemSelector"] = {{"n.$", "$$.Map.Item.Index"},
                               {"item.$", "$$.Map.Item.Value"},
                               {"items", Items(3)}};
    } else if (random_.Chance(0.4)) {
      state["ItemBatcher"] = {{"MaxItemsPerBatch", random_.Between(1, 3)}};
    }
    if (random_.Chance(0.3)) state["ToleratedFailureCount"] = random_.Between(0, 2);
    if (random_.Chance(0.3)) state["ToleratedFailurePercentage"] = random_.Between(0, 100);
    if (!next.empty()) Catch(state, next);
    return state;
  }

  json::object Nested(const std::string& next) {
    static const std::vector<std::string> kHow = {"", ".sync", ".sync:2"};
    const std::string how = random_.Pick(kHow);
    const std::string machine =
        "arn:towline:states:local:acme:stateMachine:" + random_.Pick(targets_);
    json::object state{
        {"Type", "Task"},
        {"Resource", "arn:aws:states:::states:startExecution" + how},
        {"Parameters",
         {{"StateMachineArn", machine},
          {"Input", {{"items", Items(2)}, {"n", random_.Between(0, 9)}}}}},
        {"ResultPath", nullptr}};
    if (!how.empty()) {
      state["ResultSelector"] = {{"output.$", "$.Output"}, {"status.$", "$.Status"}};
      state["ResultPath"] = Path();
    }
    if (wild_ && random_.Chance(0.3)) state["TimeoutSeconds"] = random_.Between(5, 120);
    // The cause of a failure holds times.
    if (!next.empty()) {
      state["Catch"] = json::array{json::object{
          {"ErrorEquals", json::array{"States.ALL"}}, {"Next", next}, {"ResultPath", nullptr}}};
    }
    return state;
  }

  Random& random_;
  const bool wild_;
  const std::vector<std::string>& targets_;
  bool has_items_ = true;
  int states_ = 0;
  int results_ = 0;
};

}  // namespace

std::string MakeDefinition(Random& random, bool wild, const std::vector<std::string>& targets) {
  return PrintJson(Maker(random, wild, targets).Machine());
}

std::string MakeEndless(Random& random, const std::string& own_name) {
  json::object wait{{"Type", "Wait"}, {"Seconds", 99'999'999}, {"End", true}};
  json::object state;
  if (random.Chance(0.5)) {
    state = {{"Type", "Map"},
             {"ItemsPath", "$.items"},
             {"MaxConcurrency", random.Between(0, 3)},
             {"ItemProcessor",
              {{"ProcessorConfig", {{"Mode", "DISTRIBUTED"}, {"ExecutionType", "STANDARD"}}},
               {"StartAt", "In"},
               {"States", {{"In", wait}}}}},
             {"End", true}};
  } else {
    state = {{"Type", "Task"},
             {"Resource", "arn:aws:states:::states:startExecution.sync:2"},
             {"Parameters",
              {{"StateMachineArn", "arn:towline:states:local:acme:stateMachine:" + own_name},
               {"Input", {{"items", json::array{1}}}}}},
             {"End", true}};
  }
  json::object choice{{"Type", "Choice"},
                      {"Choices", json::array{json::object{
                           {"Variable", "$.items[1]"}, {"IsPresent", true}, {"Next", "S"}}}},
                      {"Default", "W"}};
  return PrintJson(json::object{
      {"StartAt", "C"},
      {"States", {{"C", std::move(choice)}, {"S", std::move(state)}, {"W", std::move(wait)}}}});
}

}  // namespace towline::sim
