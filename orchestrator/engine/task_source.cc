#include "orchestrator/engine/task_source.h"

#include "orchestrator/store/event_codec.h"

namespace towline::engine {

StoreTaskSource::StoreTaskSource(store::Backend& backend)
    : backend_(backend),
      readers_(static_cast<std::size_t>(backend.catalogue().Partitions())) {}

std::shared_ptr<const interpreter::OpenTask> StoreTaskSource::Load(const TaskRef& task) {
  const auto partition = static_cast<std::size_t>(task.partition);
  if (task.partition < 0 || partition >= readers_.size()) return nullptr;
  auto& reader = readers_[partition];
  if (reader == nullptr) reader = backend_.OpenReader(task.partition);
  const auto row = reader->Task({task.execution, task.task});
  if (!row || row->state == store::TaskState::kCancelling) return nullptr;
  auto open = std::make_shared<interpreter::OpenTask>(store::DecodeTask(row->spec));
  open->attempt = row->attempt;
  return open;
}

}  // namespace towline::engine
