#pragma once

// One call of Advance(): takes the command, then lets frames run until only the outside can move
// them on. Private to this room; lives on the stack of that call.
//
// Whoever works on a state has only const access to it: Emit() is the single door through which
// it changes. Emit() answers false when the execution has just reached its last history event;
// from then on the state stands still, the caller returns, and Finish() writes the end.
//
// Frames run from an explicit stack of frame numbers, never by recursion. A frame on it may have
// been thrown away by the time its turn comes.

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/context.h"
#include "statemachines/interpreter/errors.h"
#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/probe.h"

namespace towline::interpreter {

class Stepper {
 public:
  Stepper(const asl::Definition& definition, ExecutionState& state, const Turn& turn,
          const Limits& limits);

  Step Take(const Command& command);
  // For the runner of a Map Run, which makes the children's inputs: changes nothing.
  bool SelectItem(const Frame& frame, const MapItem& item, Json& out, Failure& failure);

  // advance.cc, task_commands.cc, timers.cc: one per command.
  Verdict operator()(const Start& command);
  Verdict operator()(const SucceedTask& command);
  Verdict operator()(const FailTask& command);
  Verdict operator()(const StartTask& command);
  Verdict operator()(const SubmitTask& command);
  Verdict operator()(const AcceptJob& command);
  Verdict operator()(const RequeueJob& command);
  Verdict operator()(const CheckpointJob& command);
  Verdict operator()(const FireTimer& command);
  Verdict operator()(const Stop& command);
  Verdict operator()(const SucceedMapRun& command);
  Verdict operator()(const FailMapRun& command);
  Verdict operator()(const Redrive& command);
  Verdict operator()(const Continue& command);

 private:
  friend class StateTest;  // drives single steps

  // An open task as commands see it.
  struct OpenedTask {
    const Frame& frame;
    const AwaitingTask& awaiting;
    const asl::State& state;
    const asl::Task& task;
    bool is_job() const;
  };

  // advance.cc: the loop.
  void Run();
  void Drive(const Frame& frame);
  void EnterState(const Frame& frame);
  void Work(const Frame& frame);
  bool AtBound() const;
  void PushRunnable();
  void Finish(Verdict verdict);

  // advance.cc: changes and wishes.
  template <class E>
  [[nodiscard]] bool Emit(HistoryId previous, E event);
  template <class E>
  EventRecord Stamp(HistoryId previous, HistoryId id, E event) const;
  void Record(EventRecord record);
  void Want(Effect effect) { step_.effects.push_back(std::move(effect)); }
  template <class E>
  void Close(HistoryId previous, E event);
  void WantClosing();
  void WantMapRunClosed(const Frame& frame);
  void WantTimerCleared(EventSeq seq, TimerKind kind);
  EventSeq NextSeq() const { return state_.last_seq + 1; }
  const Frame* Find(FrameId id) const;
  const Frame& At(FrameId id) const;
  const asl::State& StateOf(const Frame& frame) const { return definition_.state(frame.state); }

  // query.cc: evaluation in both languages.
  // What the expressions of one field see, and how the field is called in causes.
  struct View {
    const FrameContext& context;
    std::string_view field;              // "Arguments"
    const Json& subject;                 // JSONPath: $
    const Json* result = nullptr;        // JSONata: $states.result, where there is one
    const Json* error_output = nullptr;  // JSONata: $states.errorOutput, where there is one
    std::string_view list{};             // "Choices" with `index`: the field is of Choices[1]
    std::size_t index = 0;
    std::string Location(const std::string& inner) const;
  };
  class QueryNames;
  bool Evaluate(const Frame& frame, const asl::Template& with, const View& view, Json& out,
                Failure& failure);
  bool Query(const Frame& frame, const jsonata::Expression& expression, const View& view,
             const std::string& inner, Json& out, Failure& failure);
  // The same for a value that must be of one kind: "array", "boolean", "number", "string".
  bool QueryOf(const Frame& frame, const jsonata::Expression& expression, const View& view,
               std::string_view kind, Json& out, Failure& failure);
  bool IsKind(const Frame& frame, const jsonata::Expression& expression, const View& view,
              std::string_view kind, const Json& out, Failure& failure) const;
  const asl::Number* Settled(const Frame& frame, const asl::Number& number, const View& view,
                             asl::Number& storage, Failure& failure);
  bool Settled(const Frame& frame, const asl::Text& text, const View& view,
               std::optional<std::string>& out, Failure& failure);
  Failure QueryFailure(const Frame& frame, std::string what, std::string location) const;
  [[nodiscard]] bool EmitEvaluationFailed(const Frame& frame, Failure& failure);

  // One file per kind of state. Each leaves the frame waiting, moved on, failed or ended.
  void Begin(const Frame& frame, const asl::State& state, const asl::Pass& pass);
  void Begin(const Frame& frame, const asl::State& state, const asl::Task& task);
  void Begin(const Frame& frame, const asl::State& state, const asl::Choice& choice);
  void Begin(const Frame& frame, const asl::State& state, const asl::Wait& wait);
  void Begin(const Frame& frame, const asl::State& state, const asl::Succeed& succeed);
  void Begin(const Frame& frame, const asl::State& state, const asl::Fail& fail);
  void Begin(const Frame& frame, const asl::State& state, const asl::Parallel& parallel);
  void Begin(const Frame& frame, const asl::State& state, const asl::Map& map);

  // wait.cc, task.cc, map.cc: their parts.
  bool WaitEnd(const Frame& frame, const asl::State& state, const Json& input, Timestamp& due,
               Failure& failure);
  bool WaitTimestamp(const Frame& frame, const asl::Wait& wait, const View& view, Timestamp& due,
                     Failure& failure);
  bool Holds(const Frame& frame, const asl::Condition& condition, const View& view, bool& holds,
             Failure& failure);
  // Items that are a reference become what it stands for.
  bool OpenItems(const Frame& frame, Json& items, Failure& failure) const;
  bool MapItems(const Frame& frame, const asl::Map& map, const Json& input, Json& items,
                Failure& failure);
  bool MapConcurrency(const Frame& frame, const asl::Map& map, const Json& input,
                      std::int64_t& concurrency, Failure& failure);
  struct Tolerance {
    std::optional<std::uint64_t> count{};
    std::optional<double> percentage{};
  };
  bool MapTolerance(const Frame& frame, const asl::Map& map, const Json& input,
                    Tolerance& tolerance, Failure& failure);
  void EndWait(const Frame& frame);
  bool TaskNumbers(const Frame& frame, const Json& input, TaskSpec& spec, Failure& failure);
  void Schedule(const Frame& frame, TaskSpec spec, Json parameters);
  void StartIterations(const Frame& frame);
  bool StartIteration(const Frame& frame, HistoryId previous);
  void Complete(const Frame& frame);
  void ChildEnded(const Frame& child);

  // task_commands.cc
  std::optional<OpenedTask> Opened(TaskId task) const;
  bool IsCurrent(const OpenedTask& task, std::uint32_t attempt) const;
  [[nodiscard]] bool EmitStarted(const OpenedTask& task, const std::string& worker);
  void WantTaskClosed(const OpenedTask& task, TaskId id, std::string_view ended_by);
  Json Wrapped(const OpenedTask& task, const Json& output) const;
  bool TooLarge(const OpenedTask& task, const Json& output, bool from_worker);
  Verdict Submit(const OpenedTask& task, const Json& output);
  void EndTask(const Frame& frame, Failure failure);
  void EndTask(const Frame& frame, Json result);
  void TimeOut(TaskId id, bool heartbeat);

  // distributed_map.cc
  void BeginMapRun(const Frame& frame, const asl::State& state, const asl::Map& map);
  bool RunSpec(const Frame& frame, const asl::Map& map, const Json& input, MapRunSpec& spec,
               Failure& failure);
  bool ReaderSpec(const Frame& frame, const asl::ItemReader& reader, const Json& input,
                  MapRunSpec& spec, Failure& failure);
  bool BatcherSpec(const Frame& frame, const asl::ItemBatcher& batcher, const Json& input,
                   MapRunSpec& spec, Failure& failure);
  bool NumberValue(const Frame& frame, const asl::Number& number, const View& view, Json& out,
                   Failure& failure);
  bool BatchLimit(const Frame& frame, const asl::Number& number, const View& view,
                  std::optional<std::uint64_t>& out, Failure& failure);
  std::string NewMapRunId();
  void RedoMapRun(const Frame& frame, const Redoing& redoing);
  const Frame* MapRunFrame(TaskId run) const;

  // timers.cc
  Verdict FireFrameTimer(const FireTimer& command);

  // flow.cc: the data flow of asl.md section 2. False: `failure` says why.
  bool EffectiveInput(const Frame& frame, const asl::State& state, Json& out, Failure& failure);
  bool ApplyInputPath(const Frame& frame, const asl::State& state, Json& out, Failure& failure);
  // EffectiveInput, then Parameters or Arguments.
  bool Parameters(const Frame& frame, const asl::State& state, Json& out, Failure& failure);
  bool SelectResult(const Frame& frame, const asl::State& state, Json& result, Failure& failure);
  bool Assign(const Frame& frame, const std::optional<asl::Template>& assign, const View& view,
              Json& assigned, Failure& failure);
  // What the state's work has made: Assign, ResultSelector, ResultPath, OutputPath or Output, then
  // on.
  void FinishWith(const Frame& frame, Json result);
  bool OutputOf(const Frame& frame, const asl::State& state, Json result, Json& out,
                Failure& failure);
  bool QueryOutput(const Frame& frame, const std::optional<asl::Template>& output,
                   const View& view, Json& out, Failure& failure);
  bool ApplyOutputPath(const Frame& frame, const asl::State& state, const Json& document,
                       Json& out, Failure& failure);
  // Parallel and Map: their children's outputs in order, as one array.
  static Json Gather(const AwaitingChildren& children);
  struct Exited {
    Json output{};
    std::optional<asl::StateIndex> next{};
    Json assigned{};
  };
  // What decides on output and variables instead of the state: a Choice rule, a Catcher.
  struct Leaving {
    const std::optional<asl::Template>& output;
    const std::optional<asl::Template>& assign;
    std::string_view list{};  // "Choices", "Catch"
    std::size_t index = 0;
  };
  bool PassOn(const Frame& frame, const Leaving& leaving, const Json& input, Exited& exited,
              Failure& failure);
  void Exit(const Frame& frame, Exited exited);
  jsonpath::Scope ScopeOf(const Json& input, const FrameContext& context);
  FrameContext ContextOf(const Frame& frame) const;
  // For a test of the state: what its data is at this stage.
  template <class T, class V>
  void Note(std::optional<T> Probe::*stage, const V& value) {
    if (probe_ != nullptr) probe_->*stage = value;
  }
  // A text for people: strings as they are, all else as JSON.
  static std::string Shown(const json::value& value);
  // Bytes of a value made in this step; the same value is measured once.
  bool Fits(const Json& value, std::size_t bytes_max);

  // failure.cc
  void Fail(FrameId id, Failure failure);
  bool TryRetry(const Frame& frame, const asl::State& state, const Failure& failure);
  bool TryCatch(const Frame& frame, const asl::State& state, Failure& failure);
  bool CatchOutput(const Frame& frame, std::size_t index, const Failure& failure, Exited& exited,
                   Failure& again);
  [[nodiscard]] bool EmitChildrenFailed(const Frame& frame, const Failure& failure);
  [[nodiscard]] bool AbortChildren(const Frame& frame, std::optional<FrameId> failed);
  [[nodiscard]] bool AbortState(const Frame& frame, HistoryId previous);
  std::vector<FrameId> Descendants(FrameId root) const;
  std::uint64_t Random();

  const asl::Definition& definition_;
  ExecutionState& state_;
  const Limits& limits_;
  Timestamp now_{};
  Timestamp wall_{};  // for what a definition says as a time of day
  std::uint64_t seed_ = 0;
  int partition_ = 0;
  const Activities* const activities_;
  const References* const references_;
  Probe* probe_ = nullptr;  // of a test, else none

  Step step_;
  std::vector<FrameId> stack_;  // the next to run is the last
  std::uint32_t transitions_ = 0;
  std::size_t bytes_ = 0;
  std::optional<FireTimer> fired_;  // the shell has already forgotten this one

  bool frozen_ = false;  // the last history event is due
  HistoryId frozen_previous_ = 0;
  std::size_t frozen_effects_ = 0;

  Json measured_{};
  std::size_t measured_bytes_ = 4;
};

// Ours alone: everything else has a history id.
template <class E>
inline constexpr bool kInHistory =
    !std::is_same_v<E, JobAccepted> && !std::is_same_v<E, JobRequeued> &&
    !std::is_same_v<E, JobCheckpointed> && !std::is_same_v<E, WaitStarted> &&
    !std::is_same_v<E, RetryScheduled>;

// Built where it is: moving an event costs more than making one.
template <class E>
EventRecord Stepper::Stamp(HistoryId previous, HistoryId id, E event) const {
  return {state_.last_seq + 1, id, previous, now_, Event(std::in_place_type<E>, std::move(event))};
}

template <class E>
bool Stepper::Emit(HistoryId previous, E event) {
  if (frozen_) return false;
  constexpr bool kShown = kInHistory<E>;
  const HistoryId id = kShown ? state_.last_id + 1 : 0;
  if (kShown && limits_.history_events_max != 0 && id >= limits_.history_events_max) {
    frozen_ = true;
    frozen_previous_ = previous;
    frozen_effects_ = step_.effects.size();
    return false;
  }
  Record(Stamp(kShown ? previous : 0, id, std::move(event)));
  return true;
}

// The end of the execution: it may take the last place in the history.
template <class E>
void Stepper::Close(HistoryId previous, E event) {
  if (frozen_) return;
  WantClosing();
  CloseExecution close;
  if constexpr (std::is_same_v<E, ExecutionFailed>) close.redrivable = event.rose_after != 0;
  Record(Stamp(previous, state_.last_id + 1, std::move(event)));
  Want(close);
}

}  // namespace towline::interpreter
