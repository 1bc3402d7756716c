#pragma once

#include <memory>
#include <vector>

#include "orchestrator/engine/request.h"
#include "orchestrator/store/store.h"

namespace towline::engine {

// Loads the payloads of waiting tasks through read-only views of its own. One thread at a time
// (dispatch's).
class StoreTaskSource final : public TaskSource {
 public:
  explicit StoreTaskSource(store::Backend& backend);
  std::shared_ptr<const interpreter::OpenTask> Load(const TaskRef& task) override;
  std::string ExecutionArn(const TaskRef& task) override;

 private:
  store::Queries* Reader(int partition);  // null: there is no such partition

  store::Backend& backend_;
  std::vector<std::unique_ptr<store::Queries>> readers_;  // by partition; opened when first used
};

}  // namespace towline::engine
