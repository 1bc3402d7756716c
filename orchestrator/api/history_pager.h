#pragma once

// Pages of an execution's history, forwards or backwards, each at the cost of its own size.
//
// The service's history is a projection that needs to know the state of each frame, the state of
// each open task and the item of each iteration at the place where a page begins. That context
// is looked up: from the hints of the page before (places in the history that matter for long),
// else by reading backwards until all of it is found, which is rarely more than a few steps.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/history.pb.h"
#include "statemachines/interpreter/event.h"

namespace towline::api {

struct HistoryOptions {
  int size = 100;            // events of a page
  bool reverse = false;
  bool include_data = true;
  bool full = false;         // our own events too
};

// Where a page begins. `step`: first_seq of the step it stands in; `seq`: of its first event.
struct HistoryPosition {
  std::uint64_t step = 1;
  std::uint64_t seq = 1;
  std::vector<std::uint64_t> hints{};
};

struct HistoryPage {
  std::vector<v1::HistoryEvent> events;
  HistoryPosition next;
  bool more = false;  // there are events in the store behind this page
};

class HistoryPager {
 public:
  HistoryPager(Foundation& base, int partition, const store::ExecutionRow& row);

  // The newest event, to read backwards from.
  static HistoryPosition Newest();
  // The event with this id of the service's history, or the first one after it.
  HistoryPosition At(store::Queries& reader, std::uint64_t id) const;
  HistoryPage Read(store::Queries& reader, const HistoryPosition& from,
                   const HistoryOptions& options) const;

 private:
  using Records = std::vector<interpreter::EventRecord>;
  Records Collect(store::Queries& reader, const HistoryPosition& from,
                  const HistoryOptions& options, HistoryPage& page) const;

  Foundation& base_;
  const int partition_;
  const store::ExecutionKey key_;
  const std::shared_ptr<const asl::Definition> definition_;
};

}  // namespace towline::api
