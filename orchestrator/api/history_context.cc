#include "orchestrator/api/history_context.h"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/state.h"

namespace towline::api {
namespace {

namespace in = interpreter;

// Few are enough: what matters for long are the frames around a long-running Map or Parallel.
constexpr std::size_t kHintsMax = 24;

template <class T, class... Types>
inline constexpr bool kIsAny = (std::is_same_v<T, Types> || ...);

}  // namespace

void HistoryContext::Needs(const in::EventRecord& record, std::vector<Subject>& out) {
  std::visit(
      [&out](const auto& event) {
        using T = std::decay_t<decltype(event)>;
        if constexpr (kIsAny<T, in::StateExited, in::StateAborted, in::TaskScheduled,
                             in::WaitStarted, in::RetryScheduled, in::ParallelStarted,
                             in::ParallelSucceeded, in::ParallelFailed, in::MapStarted,
                             in::IterationStarted, in::MapSucceeded, in::MapFailed,
                             in::EvaluationFailed>) {
          out.push_back({Subject::Kind::kFrame, event.frame});
        } else if constexpr (kIsAny<T, in::TaskStarted, in::TaskSubmitted, in::TaskSucceeded,
                                    in::TaskFailed, in::TaskTimedOut, in::JobAccepted,
                                    in::JobRequeued, in::JobCheckpointed>) {
          out.push_back({Subject::Kind::kTask, event.task});
        } else if constexpr (kIsAny<T, in::IterationSucceeded, in::IterationFailed,
                                    in::IterationAborted>) {
          out.push_back({Subject::Kind::kIteration, event.child});
        } else if constexpr (std::is_same_v<T, in::MapRunRedriven>) {
          out.push_back({Subject::Kind::kMapRun, event.run});
        }
      },
      record.event);
}

void HistoryContext::Defines(const in::EventRecord& record, std::vector<Subject>& out) {
  if (const auto* entered = std::get_if<in::StateEntered>(&record.event)) {
    out.push_back({Subject::Kind::kFrame, entered->frame});
  } else if (std::holds_alternative<in::TaskScheduled>(record.event)) {
    out.push_back({Subject::Kind::kTask, record.seq});
  } else if (const auto* iteration = std::get_if<in::IterationStarted>(&record.event)) {
    out.push_back({Subject::Kind::kIteration, iteration->child});
  } else if (std::holds_alternative<in::MapRunStarted>(record.event)) {
    out.push_back({Subject::Kind::kMapRun, record.seq});
  } else if (const auto* redriven = std::get_if<in::ExecutionRedriven>(&record.event)) {
    for (const in::Frame& frame : *redriven->frames) {
      out.push_back({Subject::Kind::kFrame, frame.id});
      out.push_back({Subject::Kind::kIteration, frame.id});
    }
  }
}

void HistoryContext::Ends(const in::EventRecord& record, std::vector<Subject>& out) {
  std::visit(
      [&out](const auto& event) {
        using T = std::decay_t<decltype(event)>;
        if constexpr (kIsAny<T, in::TaskSucceeded, in::TaskFailed, in::TaskTimedOut>) {
          out.push_back({Subject::Kind::kTask, event.task});
        } else if constexpr (std::is_same_v<T, in::StateExited>) {
          if (!event.next) out.push_back({Subject::Kind::kFrame, event.frame});
        } else if constexpr (kIsAny<T, in::IterationSucceeded, in::IterationFailed,
                                    in::IterationAborted>) {
          out.push_back({Subject::Kind::kIteration, event.child});
        }
      },
      record.event);
}

HistoryContext::HistoryContext(const Records& records) {
  if (records.empty()) return;
  begin_ = records.front().seq;
  std::set<Subject> known;
  std::vector<Subject> subjects;
  for (const in::EventRecord& record : records) {
    subjects.clear();
    Needs(record, subjects);
    for (const Subject& subject : subjects) {
      if (!known.contains(subject)) missing_.insert(subject);
    }
    subjects.clear();
    Defines(record, subjects);
    known.insert(subjects.begin(), subjects.end());
  }
}

void HistoryContext::Offer(const in::EventRecord& record) {
  std::vector<Subject> subjects;
  Defines(record, subjects);
  for (const Subject& subject : subjects) {
    if (missing_.erase(subject) == 0) continue;
    // A task and an iteration are of a state themselves, the one their frame was in by then.
    std::vector<Subject> needs;
    Needs(record, needs);
    for (const Subject& need : needs) {
      const bool have = std::any_of(found_.begin(), found_.end(), [&need](const auto& entry) {
        std::vector<Subject> defined;
        Defines(entry.second, defined);
        return std::find(defined.begin(), defined.end(), need) != defined.end();
      });
      if (!have) missing_.insert(need);
    }
    found_.emplace(record.seq, record);
  }
}

void HistoryContext::Find(store::Queries& reader, store::ExecutionKey execution,
                          const std::vector<std::uint64_t>& hints) {
  std::vector<std::uint64_t> places;
  std::copy_if(hints.begin(), hints.end(), std::back_inserter(places),
               [this](std::uint64_t seq) { return seq < begin_; });
  std::sort(places.rbegin(), places.rend());
  for (const std::uint64_t place : places) {
    if (missing_.empty()) return;
    reader.StepsBackwards(execution, place, [&](const store::StepRow& step) {
      for (const in::EventRecord& record : store::DecodeStep(step.events)) {
        if (record.seq == place) Offer(record);
      }
      return false;
    });
  }
  if (missing_.empty() || begin_ <= 1) return;
  reader.StepsBackwards(execution, begin_ - 1, [&](const store::StepRow& step) {
    const auto records = store::DecodeStep(step.events);
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      if (record->seq < begin_) Offer(*record);
    }
    return !missing_.empty();
  });
}

std::vector<std::uint64_t> HistoryContext::HintsBehind(const Records& records) const {
  std::map<Subject, std::uint64_t> latest;
  std::vector<Subject> subjects;
  const auto note = [&](const in::EventRecord& record) {
    subjects.clear();
    Ends(record, subjects);
    for (const Subject& subject : subjects) latest.erase(subject);
    subjects.clear();
    Defines(record, subjects);
    for (const Subject& subject : subjects) latest[subject] = record.seq;
  };
  for (const auto& [seq, record] : found_) note(record);
  for (const in::EventRecord& record : records) note(record);
  std::vector<std::uint64_t> hints;
  for (const auto& [subject, seq] : latest) hints.push_back(seq);
  // The oldest ones are those that reading backwards would take longest to find.
  std::sort(hints.begin(), hints.end());
  if (hints.size() > kHintsMax) hints.resize(kHintsMax);
  return hints;
}

std::vector<std::uint64_t> HistoryContext::HintsBefore() const {
  std::vector<std::uint64_t> hints;
  for (const auto& [seq, record] : found_) {
    if (hints.size() < kHintsMax) hints.push_back(seq);
  }
  return hints;
}

}  // namespace towline::api
