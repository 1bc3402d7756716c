// Runs tests/asl/cases/*.asltest: what the language means, as data. A case is
//
//   === the rule it shows
//   { the definition }
//   ---
//   input {"a": 1}               default {}; then the execution starts
//   task T {"x": 1}              state T has an open task with this payload (the second: T#1)
//   job T type                   it is a job of this type
//   succeed T {"y": 2}           whoever has the token ends it; fail T {"Error": "E", "Cause": "C"}
//   finish T {"y": 2}            the worker that has it ends it; break T {"Error": "E"}; also
//                                accept T worker, requeue T reason, checkpoint T {…}
//   submit T / begin T worker    a publish is acknowledged; an activity is handed out
//   silence T                    its heartbeat runs out
//   verdict stale                what the last command was answered: applied, noop, stale, closed
//   no task T                    it is not open
//   attempt T 2                  the number that fences off earlier offers of it
//   timer 1500                   the next timer is due in so many milliseconds; "timer none"
//   pass 10s                     time goes on: ms, s, m, h or d
//   stop {"Error": "E"}          StopExecution
//   entered S {…} / left S {…}   the input and output of the latest visit of state S
//   scheduled T {…}              the details of the latest scheduling in state T, as in the history
//   assigned S {…}               the variables that the latest exit of state S assigned; null: none
//   running / succeeded {…} / failed {"Error": …, "Cause": …} / timed out / aborted {…}
//   history A B C                the types of the history's events, from the first, "*N" repeats
//
// Every case runs twice: as it is, and with every transition as a step of its own, and after
// every step the state is rebuilt from the events alone and compared.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "statemachines/interpreter/history.h"
#include "tests/asl/case_files.h"
#include "tests/interpreter/world.h"

namespace towline::interpreter {
namespace {

struct LanguageCase {
  std::string name;
  std::string definition{};
  std::vector<std::string> script{};
};

// "{{x 1000}}" stands for a thousand x.
std::string Unfolded(std::string line) {
  const std::size_t begin = line.find("{{x ");
  if (begin == std::string::npos) return line;
  const std::size_t end = line.find("}}", begin) + 2;
  const auto count = std::strtoul(line.c_str() + begin + 4, nullptr, 10);
  return line.replace(begin, end - begin, std::string(count, 'x'));
}

std::vector<LanguageCase> ReadCases(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<LanguageCase> cases;
  bool in_definition = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("=== ", 0) == 0) {
      cases.push_back({.name = line.substr(4)});
      in_definition = true;
    } else if (line == "---") {
      in_definition = false;
    } else if (!cases.empty() && in_definition) {
      cases.back().definition += line + "\n";
    } else if (!cases.empty() && !line.empty() && line[0] != '/') {
      cases.back().script.push_back(Unfolded(std::move(line)));
    }
  }
  return cases;
}

std::string TakeWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t end = std::min(text.find(' ', begin), text.size());
  std::string word(text.substr(begin, end - begin));
  text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
  return word;
}

Json ParsedOr(std::string_view text, json::value otherwise) {
  if (text.empty()) return Json(std::move(otherwise));
  const Result<Json> value = ParseJson(text);
  EXPECT_TRUE(value) << "not JSON: " << text;
  return value ? *value : Json();
}

std::optional<std::string> Member(const Json& value, std::string_view name) {
  const json::object* object = value->if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string(member->get_string());
}

Millis ParseDuration(std::string_view text) {
  char* unit = nullptr;
  const std::string copy(text);
  const long long number = std::strtoll(copy.c_str(), &unit, 10);
  const std::string_view name = unit;
  if (name == "ms" || name.empty()) return Millis(number);
  if (name == "s") return Seconds(number);
  if (name == "m") return std::chrono::minutes(number);
  if (name == "h") return std::chrono::hours(number);
  EXPECT_EQ(name, "d") << "a duration without a unit: " << text;
  return std::chrono::hours(24 * number);
}

constexpr std::string_view kTaskVerbs[] = {"succeed", "fail",    "finish", "break",      "submit",
                                           "accept",  "requeue", "begin",  "checkpoint", "silence"};

// What a task verb asks for. `attempt`: the one that a worker has.
Command CommandOf(const std::string& verb, TaskId id, std::uint32_t attempt,
                  std::string_view rest) {
  const bool by_token = verb == "succeed" || verb == "fail";
  const std::string worker = by_token ? "" : "w1";
  if (by_token) attempt = 0;
  if (verb == "succeed" || verb == "finish") {
    return SucceedTask{id, attempt, ParsedOr(rest, nullptr), worker};
  }
  if (verb == "fail" || verb == "break") {
    const Json why = ParsedOr(rest, json::object());
    return FailTask{id, attempt, Member(why, "Error"), Member(why, "Cause"), worker};
  }
  if (verb == "submit") return SubmitTask{id, ParsedOr(rest, json::object())};
  if (verb == "accept") return AcceptJob{id, attempt, std::string(rest), 1};
  if (verb == "requeue") return RequeueJob{id, attempt, std::string(rest)};
  if (verb == "begin") return StartTask{id, std::string(rest)};
  if (verb == "checkpoint") return CheckpointJob{id, attempt, ParsedOr(rest, nullptr)};
  return FireTimer{id, TimerKind::kTaskHeartbeat};
}

class ScriptRunner {
 public:
  // With every transition a step of its own, branches may take turns in another order.
  ScriptRunner(const asl::ParseResult& parsed, bool stepwise)
      : world_(parsed.definition, stepwise ? Limits{.step_transitions_max = 1} : Limits{}),
        ordered_(!stepwise) {
    world_.RestartAfterEachStep();
  }

  void Run(const std::vector<std::string>& script) {
    for (const std::string& line : script) {
      SCOPED_TRACE(line.substr(0, 200));
      std::string_view rest = line;
      const std::string verb = TakeWord(rest);
      if (verb == "input") {
        world_.Begin(ParsedOr(rest, json::object()));
        continue;
      }
      if (!world_.state().started()) world_.Begin(Json::EmptyObject());
      NoteNewTasks();
      if (!Act(verb, rest) && !Expect(verb, rest)) ADD_FAILURE() << "unknown verb";
    }
    EXPECT_THAT(world_.problems(), testing::IsEmpty());
  }

 private:
  // What the outside does.
  bool Act(const std::string& verb, std::string_view rest) {
    if (verb == "pass") {
      Pass(ParseDuration(rest));
    } else if (verb == "stop") {
      const Json why = ParsedOr(rest, json::object());
      verdict_ = world_.Do(Stop{Member(why, "Error"), Member(why, "Cause")}).verdict;
    } else if (std::find(std::begin(kTaskVerbs), std::end(kTaskVerbs), verb) !=
               std::end(kTaskVerbs)) {
      ActOnTask(verb, rest);
    } else {
      return false;
    }
    return true;
  }

  void ActOnTask(const std::string& verb, std::string_view rest) {
    const std::string name = TakeWord(rest);
    std::optional<TaskId> id = FindTask(name);
    std::uint32_t attempt = 1;
    if (id) {
      attempt = world_.tasks().at(*id).attempt;
    } else if (latest_.count(name) != 0) {
      id = latest_.at(name);  // too late, and that is what the case is about
    }
    if (!id) {
      ADD_FAILURE() << "state " << name << " has never had a task";
      return;
    }
    verdict_ = world_.Do(CommandOf(verb, *id, attempt, rest)).verdict;
  }

  void Pass(Millis duration) {
    const Timestamp until = world_.now() + duration;
    while (NextTimer() && world_.now() + *NextTimer() <= until) world_.FireNext();
    world_.Pass(until - world_.now());
  }

  std::optional<Millis> NextTimer() const {
    std::optional<Millis> next;
    for (const auto& [id, due] : world_.timers()) {
      if (!next || due - world_.now() < *next) next = due - world_.now();
    }
    return next;
  }

  // The n-th open task of a state: "T" or "T#1", in the order of scheduling.
  std::optional<TaskId> FindTask(std::string_view reference) const {
    const std::size_t hash = reference.find('#');
    int skip = 0;
    if (hash != std::string_view::npos) {
      skip = std::atoi(std::string(reference.substr(hash + 1)).c_str());
    }
    for (const auto& [id, task] : world_.tasks()) {
      if (task.open.state == reference.substr(0, hash) && skip-- == 0) return id;
    }
    return std::nullopt;
  }

  void NoteNewTasks() {
    for (const TaskId id : world_.TakeNewTasks()) {
      const auto task = world_.tasks().find(id);
      if (task != world_.tasks().end()) latest_[task->second.open.state] = id;
    }
  }

  // What must be so now.
  bool Expect(const std::string& verb, std::string_view rest) {
    if (verb == "task") {
      ExpectTask(rest);
    } else if (verb == "job") {
      const auto id = FindTask(TakeWord(rest));
      EXPECT_EQ(id ? world_.tasks().at(*id).open.spec.job_type : "(not open)", rest);
    } else if (verb == "scheduled") {
      const std::string name = TakeWord(rest);
      EXPECT_EQ(LatestScheduled(name), PrintJson(*ParsedOr(rest, nullptr)));
    } else if (verb == "no") {
      TakeWord(rest);
      EXPECT_FALSE(FindTask(rest)) << "the task is open";
    } else if (verb == "timer") {
      const auto next = NextTimer();
      const bool none = rest == "none";
      EXPECT_EQ(next.has_value(), !none);
      if (next && !none) {
        EXPECT_EQ(next->count(), ParseDuration(rest).count());
      }
    } else if (verb == "entered" || verb == "left") {
      const std::string name = TakeWord(rest);
      EXPECT_EQ(Latest(verb == "entered", name), PrintJson(*ParsedOr(rest, nullptr)));
    } else if (verb == "assigned") {
      const std::string name = TakeWord(rest);
      EXPECT_EQ(LatestAssigned(name), PrintJson(*ParsedOr(rest, nullptr)));
    } else if (verb == "verdict") {
      static const char* const kNames[] = {"applied", "noop", "stale", "closed"};
      EXPECT_EQ(kNames[static_cast<std::size_t>(verdict_)], rest);
    } else if (verb == "attempt") {
      const auto id = FindTask(TakeWord(rest));
      EXPECT_EQ(id ? std::to_string(world_.tasks().at(*id).attempt) : "(not open)", rest);
    } else if (verb == "history") {
      ExpectHistory(rest);
    } else {
      return ExpectEnd(verb, rest);
    }
    return true;
  }

  void ExpectTask(std::string_view rest) {
    const auto id = FindTask(TakeWord(rest));
    ASSERT_TRUE(id) << "the task is not open";
    if (rest.empty()) return;
    EXPECT_EQ(PrintJson(*world_.tasks().at(*id).open.spec.payload),
              PrintJson(*ParsedOr(rest, nullptr)));
  }

  bool ExpectEnd(const std::string& verb, std::string_view rest) {
    const ExecutionState& state = world_.state();
    const auto status = [&](ExecutionStatus wanted) {
      EXPECT_EQ(static_cast<int>(state.status), static_cast<int>(wanted))
          << state.error.value_or("(no error)") << ": " << state.cause.value_or("(no cause)");
    };
    if (verb == "running") {
      status(ExecutionStatus::kRunning);
    } else if (verb == "succeeded") {
      status(ExecutionStatus::kSucceeded);
      EXPECT_EQ(state.output ? PrintJson(**state.output) : "(none)",
                PrintJson(*ParsedOr(rest, nullptr)));
    } else if (verb == "failed" || verb == "aborted") {
      status(verb == "failed" ? ExecutionStatus::kFailed : ExecutionStatus::kAborted);
      const Json why = ParsedOr(rest, json::object());
      EXPECT_EQ(state.error, Member(why, "Error"));
      EXPECT_EQ(state.cause, Member(why, "Cause"));
    } else if (verb == "timed") {
      status(ExecutionStatus::kTimedOut);
    } else {
      return false;
    }
    return true;
  }

  std::string Latest(bool entered, const std::string& name) const {
    std::string found = "(never)";
    for (const HistoryEvent& event : History()) {
      const bool kind = event.type.find(entered ? "StateEntered" : "StateExited") !=
                        std::string::npos;
      if (!kind || event.details.at("name") != name.c_str()) continue;
      found = event.details.at(entered ? "input" : "output").get_string().c_str();
    }
    return found;
  }

  std::string LatestScheduled(const std::string& name) const {
    std::string found = "(never)";
    std::string state;
    for (const HistoryEvent& event : History()) {
      if (event.type == "TaskStateEntered") state = event.details.at("name").get_string().c_str();
      if (event.type == "TaskScheduled" && state == name) found = PrintJson(event.details);
    }
    return found;
  }

  std::string LatestAssigned(const std::string& name) const {
    std::string found = "(never left)";
    for (const HistoryEvent& event : History()) {
      if (event.type.find("StateExited") == std::string::npos ||
          event.details.at("name") != name.c_str()) {
        continue;
      }
      const json::value* variables = event.details.if_contains("assignedVariables");
      json::object values;
      if (variables != nullptr) {
        for (const auto& [variable, text] : variables->as_object()) {
          values[variable] = *ParsedOr(std::string_view(text.get_string()), nullptr);
        }
      }
      found = PrintJson(variables == nullptr ? json::value() : json::value(std::move(values)));
    }
    return found;
  }

  void ExpectHistory(std::string_view rest) {
    std::vector<std::string> wanted;
    while (!rest.empty()) {
      std::string word = TakeWord(rest);
      const std::size_t star = word.find('*');
      const int times = star == std::string::npos ? 1 : std::atoi(word.c_str() + star + 1);
      word = word.substr(0, star);
      for (int i = 0; i < times; i++) wanted.push_back(word);
    }
    std::vector<std::string> types;
    for (const HistoryEvent& event : History()) types.push_back(event.type);
    if (ordered_) {
      EXPECT_EQ(types, wanted);
    } else {
      EXPECT_THAT(types, testing::UnorderedElementsAreArray(wanted));
    }
  }

  std::vector<HistoryEvent> History() const {
    HistoryProjection projection(world_.definition());
    std::vector<HistoryEvent> history;
    for (const EventRecord& record : world_.events()) projection.Project(record, true, history);
    return history;
  }

  World world_;
  bool ordered_;  // the history's order is the case's own
  std::map<std::string, TaskId> latest_;  // per state, also after its end
  Verdict verdict_ = Verdict::kApplied;
};

void RunCase(const LanguageCase& test) {
  const asl::ParseResult parsed = asl::Parse(test.definition);
  ASSERT_TRUE(parsed.ok()) << asl::DescribeErrors(parsed.diagnostics);
  {
    SCOPED_TRACE("as it is");
    ScriptRunner(parsed, false).Run(test.script);
  }
  SCOPED_TRACE("with every transition a step of its own");
  ScriptRunner(parsed, true).Run(test.script);
}

class LanguageCasesTest : public testing::TestWithParam<std::string> {};

TEST_P(LanguageCasesTest, Run) {
  const auto file = asl::SourceFile("tests/asl/cases/" + GetParam() + ".asltest");
  const std::vector<LanguageCase> cases = ReadCases(file);
  EXPECT_FALSE(cases.empty());
  for (const LanguageCase& test : cases) {
    SCOPED_TRACE(test.name);
    RunCase(test);
  }
}

// All files of the folder, so that none is forgotten.
std::vector<std::string> CaseFiles() {
  std::vector<std::string> names;
  const auto folder = asl::SourceFile("tests/asl/cases");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, LanguageCasesTest, testing::ValuesIn(CaseFiles()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace towline::interpreter
