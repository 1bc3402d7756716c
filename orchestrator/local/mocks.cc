#include "orchestrator/local/mocks.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>

namespace towline::local {
namespace {

namespace in = interpreter;
using Kind = in::TaskSpec::Kind;

constexpr const char* kWorker = "mock";
constexpr double kAfterSecondsMax = 99'999'999;

Error Wrong(const std::string& where, const std::string& what) {
  return Error{Error::Code::kInvalidArgument, where + ": " + what, ""};
}

Result<std::optional<std::string>> ReadText(const json::object& from, const char* key,
                                            const std::string& where) {
  const json::value* const value = from.if_contains(key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return Wrong(where + "/" + key, "must be a text");
  return std::optional(std::string(value->get_string()));
}

Result<Mocks::Answer> ReadAnswer(const json::value& value, const std::string& where) {
  constexpr const char* kForms =
      "must be one of {\"result\": …}, {\"error\": …, \"cause\": …}, {\"timeout\": true}, "
      "{\"heartbeatLost\": true}";
  if (!value.is_object()) return Wrong(where, kForms);
  const json::object& from = value.get_object();
  Mocks::Answer answer;
  if (const json::value* result = from.if_contains("result")) answer.result = Json(*result);
  auto error = ReadText(from, "error", where);
  if (!error) return error.error();
  answer.error = std::move(*error);
  auto cause = ReadText(from, "cause", where);
  if (!cause) return cause.error();
  answer.cause = std::move(*cause);
  bool timeout = false;
  for (const auto& [key, flag] : {std::pair("timeout", &timeout),
                                  std::pair("heartbeatLost", &answer.heartbeat_lost)}) {
    const json::value* const given = from.if_contains(key);
    if (given == nullptr) continue;
    if (!given->is_bool() || !given->get_bool()) return Wrong(where + "/" + key, "must be true");
    *flag = true;
  }
  if (const json::value* after = from.if_contains("afterSeconds")) {
    const double seconds = after->is_number() ? after->to_number<double>() : -1;
    if (!(seconds >= 0 && seconds <= kAfterSecondsMax)) {
      return Wrong(where + "/afterSeconds", "must be a number from 0 to 99999999");
    }
    answer.after = Millis(std::llround(seconds * 1'000));
  }
  for (const auto& member : from) {
    constexpr std::string_view kKnown[] = {"result",        "error",       "cause", "timeout",
                                           "heartbeatLost", "afterSeconds"};
    if (std::find(std::begin(kKnown), std::end(kKnown), member.key()) == std::end(kKnown)) {
      return Wrong(where, "there is no '" + std::string(member.key()) + "' in an answer; it " +
                              kForms);
    }
  }
  const int forms = (answer.result ? 1 : 0) + (answer.fails() ? 1 : 0) + (timeout ? 1 : 0) +
                    (answer.heartbeat_lost ? 1 : 0);
  if (forms != 1) return Wrong(where, kForms);
  return answer;
}

// {STATE: ANSWER | [ANSWER, …], …}
Status ReadAnswers(const json::value& value, const std::string& where,
                   std::map<std::string, std::vector<Mocks::Answer>>& out) {
  if (!value.is_object()) return Wrong(where, "must be an object with a member for each state");
  for (const auto& member : value.get_object()) {
    const std::string name = where + "/" + std::string(member.key());
    std::vector<Mocks::Answer>& answers = out[std::string(member.key())];
    if (!member.value().is_array()) {
      auto answer = ReadAnswer(member.value(), name);
      if (!answer) return answer.error();
      answers.push_back(std::move(*answer));
      continue;
    }
    for (const json::value& one : member.value().get_array()) {
      auto answer = ReadAnswer(one, name + "/" + std::to_string(answers.size()));
      if (!answer) return answer.error();
      answers.push_back(std::move(*answer));
    }
    if (answers.empty()) return Wrong(name, "must have at least one answer");
  }
  return Ok();
}

Error Unanswered(const Task& task) {
  const in::TaskSpec& spec = task.open->spec;
  std::string what = "waits for an answer";
  if (spec.kind == Kind::kJob) what = "has a job of type '" + spec.job_type + "'";
  if (spec.kind == Kind::kActivity) what = "has a task of " + spec.activity;
  return Error{Error::Code::kFailedPrecondition,
               "state '" + task.open->state + "' of machine '" + task.machine + "' " + what +
                   ", and no mock says what comes of it; write {\"states\": {\"" +
                   task.open->state + "\": {\"result\": …}}} into the mock file",
               ""};
}

// Takes the task on, and ends it as `answer` says.
class Player {
 public:
  Player(const in::TaskSpec& spec, const Mocks::Answer& answer) : spec_(spec), answer_(answer) {}

  Acts Play() {
    const bool ends = answer_.result.has_value() || answer_.fails();
    // Whoever takes it on sends heartbeats until it answers: as if it had been taken just then.
    if (ends) Begin(spec_.heartbeat_seconds ? answer_.after : Millis(0));
    if (!ends && answer_.heartbeat_lost) Begin(Millis(0));
    if (ends) End();
    return std::move(acts_);
  }

 private:
  bool by_token() const { return spec_.wait_for_task_token || spec_.kind != Kind::kJob; }

  void Begin(Millis at) {
    switch (spec_.kind) {
      case Kind::kJob:
        Do(at, in::AcceptJob{.attempt = 1, .worker = kWorker, .incarnation = 1});
        if (!spec_.wait_for_task_token) break;
        Do(at, in::SucceedTask{
                   .attempt = 1, .output = Json::EmptyObject(), .worker = kWorker});
        break;
      case Kind::kActivity: Do(at, in::StartTask{.worker = kWorker}); break;
      case Kind::kPublish:
        if (spec_.wait_for_task_token) Do(at, in::SubmitTask{.output = Json::EmptyObject()});
        break;
      case Kind::kExecution: break;
    }
  }

  void End() {
    const std::uint32_t attempt = by_token() ? 0 : 1;
    const std::string worker = by_token() ? "" : kWorker;
    if (answer_.fails()) {
      Do(answer_.after, in::FailTask{.attempt = attempt,
                                     .error = answer_.error,
                                     .cause = answer_.cause,
                                     .worker = worker});
    } else if (spec_.kind == Kind::kPublish && !spec_.wait_for_task_token) {
      Do(answer_.after, in::SubmitTask{.output = *answer_.result});
    } else {
      Do(answer_.after,
         in::SucceedTask{.attempt = attempt, .output = *answer_.result, .worker = worker});
    }
  }

  void Do(Millis after, in::Command command) { acts_.push_back({after, std::move(command)}); }

  const in::TaskSpec& spec_;
  const Mocks::Answer& answer_;
  Acts acts_;
};

}  // namespace

Result<Mocks> Mocks::Parse(std::string_view text) {
  const auto parsed = ParseJson(text);
  if (!parsed) return Wrong("the mock file", parsed.error().message);
  if (!(*parsed)->is_object()) return Wrong("the mock file", "must be a JSON object");
  Mocks mocks;
  for (const auto& member : (*parsed)->get_object()) {
    const std::string where = "/" + std::string(member.key());
    Status read = Ok();
    if (member.key() == "states") {
      read = ReadAnswers(member.value(), where, mocks.states_);
    } else if (member.key() == "default") {
      auto answer = ReadAnswer(member.value(), where);
      if (!answer) return answer.error();
      mocks.default_ = std::move(*answer);
    } else if (member.key() == "machines" && member.value().is_object()) {
      for (const auto& machine : member.value().get_object()) {
        const std::string name(machine.key());
        read = ReadAnswers(machine.value(), where + "/" + name, mocks.machines_[name]);
        if (!read) return read.error();
      }
    } else {
      return Wrong(where, "a mock file has the members states, machines (an object) and default");
    }
    if (!read) return read.error();
  }
  return mocks;
}

const Mocks::Answer* Mocks::Find(const Task& task) {
  const std::string& state = task.open->state;
  const auto pick = [&](const Answers& from) -> const Answer* {
    const auto found = from.find(state);
    if (found == from.end()) return nullptr;
    const std::size_t n = used_[{task.execution, state}]++;
    return &found->second[std::min(n, found->second.size() - 1)];
  };
  const auto machine = machines_.find(task.machine);
  if (machine != machines_.end()) {
    if (const Answer* answer = pick(machine->second)) return answer;
  }
  return pick(states_);
}

Result<std::optional<Acts>> Mocks::OnTask(const Task& task) {
  const in::TaskSpec& spec = task.open->spec;
  if (const Answer* answer = Find(task)) return std::optional(Player(spec, *answer).Play());
  if (spec.kind == Kind::kExecution) return std::optional<Acts>();
  // What the broker says to every message.
  if (spec.kind == Kind::kPublish && !spec.wait_for_task_token) {
    return std::optional(Acts{{Millis(0), in::SubmitTask{.output = Json::EmptyObject()}}});
  }
  if (default_) return std::optional(Player(spec, *default_).Play());
  return Unanswered(task);
}

}  // namespace towline::local
