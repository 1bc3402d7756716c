#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/base/blot.h"
#include "statemachines/base/json.h"
#include "statemachines/interpreter/history.h"

namespace towline::api {

// Hides what a definition lists as Sensitive from whoever reads of its executions: whatever stands
// at such a path becomes "***", and so does any text that holds a value which has stood there,
// wherever it has got to. When an execution has more such values than can be looked for, all of
// its data is hidden. The store keeps everything: without it nothing could be replayed.
class SensitiveMask {
 public:
  SensitiveMask() = default;  // hides nothing
  explicit SensitiveMask(const asl::Definition& definition);

  bool empty() const { return pointers_.empty(); }

  // Remembers what stands at the paths.
  void LearnValue(const json::value& value);
  void LearnDetails(const json::object& details);  // of an event of the history

  // For people.
  void HideIn(json::object& details) const;
  std::string Value(std::string json_text) const;
  std::string Text(std::string text) const;  // which may have been cut

 private:
  void Remember(const json::value& value);
  void HideIn(json::value& value) const;

  std::vector<std::string> pointers_;
  std::set<std::string> known_;
  bool too_many_ = false;
  Blot blot_;
};

// The masks of the executions that somebody has read lately, each as far as its history goes. Any
// thread may ask, but not the partitions': it reads from the store.
class SensitiveMasks {
 public:
  SensitiveMask Of(const std::shared_ptr<const asl::Definition>& definition, store::Queries& reader,
                   int partition, store::ExecutionKey key);

 private:
  using Key = std::pair<int, store::ExecutionKey>;
  struct Entry {
    Entry(std::shared_ptr<const asl::Definition> used, SensitiveMask empty)
        : definition(std::move(used)), mask(std::move(empty)), projection(*definition) {}
    const std::shared_ptr<const asl::Definition> definition;
    std::mutex mutex;
    SensitiveMask mask;                         // guarded by mutex
    interpreter::HistoryProjection projection;  // guarded by mutex
    std::uint64_t read = 0;                     // guarded by mutex; seq of the last event
  };

  std::shared_ptr<Entry> Find(const std::shared_ptr<const asl::Definition>& definition, Key key,
                              SensitiveMask empty);

  std::mutex mutex_;
  std::list<std::pair<Key, std::shared_ptr<Entry>>> lately_;  // guarded by mutex_; newest first
};

}  // namespace towline::api
