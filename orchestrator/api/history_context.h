#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "orchestrator/store/store.h"
#include "statemachines/interpreter/event.h"

namespace towline::api {

// What a stretch of history refers to and does not say itself: the latest StateEntered of frames,
// the TaskScheduled of tasks, the IterationStarted of iterations; an ExecutionRedriven tells of
// all that it revives. Found by reading backwards.
class HistoryContext {
 public:
  using Records = std::vector<interpreter::EventRecord>;

  // Notes what `records` (in order, without gaps) need from before them.
  explicit HistoryContext(const Records& records);

  // Looks it up: first at `hints` (seqs, each the latest of its kind before the records), then
  // backwards from the records' beginning.
  void Find(store::Queries& reader, store::ExecutionKey execution,
            const std::vector<std::uint64_t>& hints);

  // In the order of their seqs: to be projected before the records.
  const std::map<std::uint64_t, interpreter::EventRecord>& found() const { return found_; }
  // The places that a page behind the records, or one before them, will probably need.
  std::vector<std::uint64_t> HintsBehind(const Records& records) const;
  std::vector<std::uint64_t> HintsBefore() const;

 private:
  // The subject that an event defines, if it does; frame, task and iteration numbers.
  struct Subject {
    enum class Kind { kFrame, kTask, kIteration, kMapRun };
    Kind kind = Kind::kFrame;
    std::uint64_t number = 0;
    auto operator<=>(const Subject&) const = default;
  };
  static void Needs(const interpreter::EventRecord& record, std::vector<Subject>& out);
  static void Defines(const interpreter::EventRecord& record, std::vector<Subject>& out);
  static void Ends(const interpreter::EventRecord& record, std::vector<Subject>& out);
  void Offer(const interpreter::EventRecord& record);

  std::uint64_t begin_ = 0;  // seq of the first record
  std::set<Subject> missing_;
  std::map<std::uint64_t, interpreter::EventRecord> found_;
};

}  // namespace towline::api
