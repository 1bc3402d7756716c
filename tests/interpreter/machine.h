#pragma once

// Short ways to say what the tests of this room say often.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/parser.h"
#include "statemachines/interpreter/history.h"
#include "tests/interpreter/world.h"

namespace towline::interpreter {

inline Json J(std::string_view text) {
  const Result<Json> parsed = ParseJson(text);
  if (!parsed) ADD_FAILURE() << parsed.error().message << " in " << text;
  return parsed ? *parsed : Json();
}

inline std::shared_ptr<const asl::Definition> Machine(std::string_view text) {
  const asl::ParseResult parsed = asl::Parse(text);
  EXPECT_TRUE(parsed.ok()) << asl::DescribeErrors(parsed.diagnostics);
  return parsed.definition;
}

// A machine of one state, "S", with the members given (without braces).
inline std::shared_ptr<const asl::Definition> OneState(const std::string& members) {
  return Machine(R"({"StartAt":"S","States":{"S":{)" + members + R"(,"End":true}}})");
}

// History types in order, without "State", e.g. "TaskEntered TaskScheduled".
inline std::vector<HistoryEvent> HistoryOf(const World& world) {
  HistoryProjection projection(world.definition());
  std::vector<HistoryEvent> events;
  for (const EventRecord& record : world.events()) projection.Project(record, true, events);
  return events;
}

// "2<-0 PassStateEntered" for each event from `from` on.
inline std::vector<std::string> Lines(const World& world, HistoryId from = 1) {
  std::vector<std::string> lines;
  for (const HistoryEvent& event : HistoryOf(world)) {
    if (event.id < from) continue;
    lines.push_back(std::to_string(event.id) + "<-" + std::to_string(event.previous_id) + " " +
                    event.type);
  }
  return lines;
}

inline std::string Output(const World& world) {
  return world.state().output.has_value() ? PrintJson(**world.state().output) : "none";
}
inline std::string Error(const World& world) { return world.state().error.value_or("none"); }
inline std::string Cause(const World& world) { return world.state().cause.value_or("none"); }

// The one open task.
inline TaskId OnlyTask(const World& world) {
  EXPECT_EQ(world.tasks().size(), 1U);
  return world.tasks().empty() ? 0 : world.tasks().begin()->first;
}
inline std::uint32_t AttemptOf(const World& world, TaskId task) {
  return world.tasks().at(task).attempt;
}

inline std::string Describe(const Effect& effect) {
  const auto timer = [](const char* verb, EventSeq seq, TimerKind kind) {
    const char* kinds[] = {"", "wait", "retry", "timeout", "heartbeat", "execution"};
    return std::string(verb) + " " + std::to_string(seq) + " " +
           kinds[static_cast<std::size_t>(kind)];
  };
  const auto update = [](const UpdateTask& e) {
    const char* what[] = {"requeued", "accepted", "submitted", "started", "checkpointed"};
    return "update " + std::to_string(e.task) + " " + what[static_cast<std::size_t>(e.what)] +
           " attempt " + std::to_string(e.attempt) + (e.worker.empty() ? "" : " by " + e.worker);
  };
  return std::visit(
      Overload{[](const OpenTask& e) {
                 return "open " + std::to_string(e.task) + " attempt " + std::to_string(e.attempt);
               },
               update,
               [](const CloseTask& e) {
                 return "close " + std::to_string(e.task) +
                        (e.cancel ? " cancel: " + e.reason : "");
               },
               [&](const SetTimer& e) { return timer("set", e.seq, e.kind); },
               [&](const ClearTimer& e) { return timer("clear", e.seq, e.kind); },
               [](const CloseExecution&) { return std::string("close execution"); },
               [](const OpenMapRun& e) { return "open run " + std::to_string(e.run); },
               [](const CloseMapRun& e) { return "close run " + std::to_string(e.run); },
               [](const ReopenMapRun& e) { return "reopen run " + std::to_string(e.run); },
               [](const ReopenExecution&) { return std::string("reopen execution"); },
               [](const PostContinue&) { return std::string("continue"); }},
      effect);
}
inline std::vector<std::string> Effects(const Step& step) {
  std::vector<std::string> lines;
  for (const Effect& effect : step.effects) lines.push_back(Describe(effect));
  return lines;
}

// Every test ends with a look at what the shell relies on.
#define EXPECT_SOUND(world) EXPECT_THAT((world).problems(), ::testing::IsEmpty())

}  // namespace towline::interpreter
