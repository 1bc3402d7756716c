#include "orchestrator/engine/task_source.h"

#include "orchestrator/store/event_codec.h"

namespace towline::engine {

StoreTaskSource::StoreTaskSource(store::Backend& backend)
    : backend_(backend),
      readers_(static_cast<std::size_t>(backend.catalogue().Partitions())) {}

store::Queries* StoreTaskSource::Reader(int partition) {
  const auto index = static_cast<std::size_t>(partition);
  if (partition < 0 || index >= readers_.size()) return nullptr;
  if (readers_[index] == nullptr) readers_[index] = backend_.OpenReader(partition);
  return readers_[index].get();
}

std::shared_ptr<const interpreter::OpenTask> StoreTaskSource::Load(const TaskRef& task) {
  store::Queries* const reader = Reader(task.partition);
  if (reader == nullptr) return nullptr;
  const auto row = reader->Task({task.execution, task.task});
  if (!row) return nullptr;
  auto open = std::make_shared<interpreter::OpenTask>(store::DecodeTask(row->spec));
  // A nested execution that is being stopped: after a restart only its order says which it is.
  const bool nested = open->spec.kind == interpreter::TaskSpec::Kind::kExecution;
  if (row->state == store::TaskState::kCancelling && !nested) return nullptr;
  open->attempt = row->attempt;
  return open;
}

std::string StoreTaskSource::ExecutionArn(const TaskRef& task) {
  store::Queries* const reader = Reader(task.partition);
  const auto row = reader == nullptr ? std::nullopt : reader->Get(task.execution);
  if (!row) return {};
  return "arn:towline:states:local:" + row->tenant + ":execution:" + row->machine + ":" +
         row->name;
}

}  // namespace towline::engine
