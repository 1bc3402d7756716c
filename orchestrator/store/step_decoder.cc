#include <google/protobuf/arena.h>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/frame_codec.h"
#include "orchestrator/store/spec_codec.h"
#include "orchestrator/store/store.h"

namespace towline::store {
namespace {

namespace in = interpreter;
using stored::Record;

std::optional<std::string> Error(const auto& from) {
  return from.has_error() ? std::optional(from.error()) : std::nullopt;
}
std::optional<std::string> Cause(const auto& from) {
  return from.has_cause() ? std::optional(from.cause()) : std::nullopt;
}

// Reads the event of one record. One short function per event: they mirror EventFiller.
class EventReader {
 public:
  EventReader(const DocumentReader& documents, Timestamp time)
      : documents_(documents), time_(time) {}

  in::Event Read(const Record& record) const {
    switch (record.event_case()) {
      case Record::kExecutionStarted: return From(record.execution_started());
      case Record::kStateEntered: return From(record.state_entered());
      case Record::kStateExited: return From(record.state_exited());
      case Record::kStateAborted: return in::StateAborted{record.state_aborted().frame()};
      case Record::kTaskScheduled: return From(record.task_scheduled());
      case Record::kTaskStarted: return From(record.task_started());
      case Record::kTaskSubmitted: return From(record.task_submitted());
      case Record::kTaskSucceeded: return From(record.task_succeeded());
      case Record::kTaskFailed: return From(record.task_failed());
      case Record::kTaskTimedOut: return From(record.task_timed_out());
      case Record::kJobAccepted: return From(record.job_accepted());
      case Record::kJobRequeued: return From(record.job_requeued());
      case Record::kJobCheckpointed: return From(record.job_checkpointed());
      case Record::kWaitStarted: return From(record.wait_started());
      case Record::kRetryScheduled: return From(record.retry_scheduled());
      case Record::kParallelStarted: return From(record.parallel_started());
      case Record::kParallelSucceeded:
        return in::ParallelSucceeded{record.parallel_succeeded().frame()};
      case Record::kParallelFailed: return in::ParallelFailed{record.parallel_failed().frame()};
      case Record::kMapStarted: return From(record.map_started());
      case Record::kIterationStarted: return From(record.iteration_started());
      case Record::kIterationSucceeded:
        return in::IterationSucceeded{record.iteration_succeeded().child()};
      case Record::kIterationFailed: return in::IterationFailed{record.iteration_failed().child()};
      case Record::kIterationAborted:
        return in::IterationAborted{record.iteration_aborted().child()};
      case Record::kMapSucceeded: return in::MapSucceeded{record.map_succeeded().frame()};
      case Record::kMapFailed: return From(record.map_failed());
      case Record::kExecutionSucceeded:
        return in::ExecutionSucceeded{documents_.Get(record.execution_succeeded().output())};
      case Record::kExecutionFailed:
        return in::ExecutionFailed{Error(record.execution_failed()),
                                   Cause(record.execution_failed()),
                                   record.execution_failed().rose_after()};
      case Record::kExecutionAborted:
        return in::ExecutionAborted{Error(record.execution_aborted()),
                                    Cause(record.execution_aborted())};
      case Record::kExecutionTimedOut: return in::ExecutionTimedOut{};
      case Record::kExecutionRedriven: return From(record.execution_redriven());
      case Record::kEvaluationFailed: return From(record.evaluation_failed());
      case Record::kDistributedMapStarted:
        return in::DistributedMapStarted{record.distributed_map_started().frame(),
                                         record.distributed_map_started().length()};
      case Record::kMapRunStarted:
        return in::MapRunStarted{record.map_run_started().frame(),
                                 ReadMapRunSpec(record.map_run_started().spec(), documents_)};
      case Record::kMapRunSucceeded:
        return in::MapRunSucceeded{record.map_run_succeeded().run(),
                                   documents_.Get(record.map_run_succeeded().output())};
      case Record::kMapRunFailed:
        return in::MapRunFailed{record.map_run_failed().run(), Error(record.map_run_failed()),
                                Cause(record.map_run_failed())};
      case Record::kMapRunRedriven:
        return in::MapRunRedriven{record.map_run_redriven().frame(),
                                  record.map_run_redriven().run(),
                                  record.map_run_redriven().count()};
      case Record::EVENT_NOT_SET: break;
    }
    throw StoreError(
        "a stored event is of a kind that this version does not know: start the newer server "
        "that wrote it, or restore the backup made before it");
  }

 private:
  in::Event From(const stored::ExecutionStarted& from) const {
    return in::ExecutionStarted{ReadInfo(from.info()), documents_.Get(from.input())};
  }
  in::Event From(const stored::StateEntered& from) const {
    return in::StateEntered{from.frame(), from.state(), documents_.Get(from.input())};
  }
  in::Event From(const stored::StateExited& from) const {
    return in::StateExited{from.frame(), documents_.Get(from.output()),
                           from.has_next() ? std::optional(from.next()) : std::nullopt,
                           documents_.Get(from.assigned())};
  }
  in::Event From(const stored::TaskScheduled& from) const {
    in::TaskSpec spec = ReadSpec(from.spec());
    spec.payload = documents_.Get(from.spec().payload());
    in::TaskScheduled event{.frame = from.frame(),
                            .attempt = from.attempt_from_first() + 1,
                            .spec = std::move(spec),
                            .parameters = documents_.Get(from.parameters()),
                            .timeout_at = {}};
    if (from.has_timeout_after_ms()) event.timeout_at = After(time_, from.timeout_after_ms());
    return event;
  }
  in::Event From(const stored::TaskStarted& from) const {
    return in::TaskStarted{from.task(), from.worker()};
  }
  in::Event From(const stored::TaskSubmitted& from) const {
    return in::TaskSubmitted{from.task(), documents_.Get(from.output())};
  }
  in::Event From(const stored::TaskSucceeded& from) const {
    return in::TaskSucceeded{from.task(), documents_.Get(from.output()), from.worker()};
  }
  in::Event From(const stored::TaskFailed& from) const {
    return in::TaskFailed{from.task(), Error(from), Cause(from), from.worker()};
  }
  in::Event From(const stored::TaskTimedOut& from) const {
    return in::TaskTimedOut{from.task(), from.heartbeat()};
  }
  in::Event From(const stored::JobAccepted& from) const {
    return in::JobAccepted{from.task(), from.attempt_from_first() + 1, from.worker(),
                           from.incarnation()};
  }
  in::Event From(const stored::JobRequeued& from) const {
    return in::JobRequeued{from.task(), from.attempt_from_first() + 1, from.reason()};
  }
  in::Event From(const stored::JobCheckpointed& from) const {
    return in::JobCheckpointed{from.task(), documents_.Get(from.checkpoint())};
  }
  in::Event From(const stored::WaitStarted& from) const {
    return in::WaitStarted{from.frame(), After(time_, from.due_after_ms())};
  }
  in::Event From(const stored::RetryScheduled& from) const {
    return in::RetryScheduled{from.frame(), from.retrier(), After(time_, from.due_after_ms())};
  }
  in::Event From(const stored::ParallelStarted& from) const {
    return in::ParallelStarted{from.frame(), from.first_child(), documents_.Get(from.input())};
  }
  in::Event From(const stored::MapStarted& from) const {
    return in::MapStarted{from.frame(), documents_.Get(from.items()), from.max_concurrency()};
  }
  in::Event From(const stored::IterationStarted& from) const {
    return in::IterationStarted{from.frame(), from.child(), from.index(),
                                documents_.Get(from.input())};
  }
  in::Event From(const stored::EvaluationFailed& from) const {
    return in::EvaluationFailed{from.frame(), from.error(), from.cause(), from.location()};
  }
  in::Event From(const stored::MapFailed& from) const {
    return in::MapFailed{from.frame(), Error(from), Cause(from)};
  }
  in::Event From(const stored::ExecutionRedriven& from) const {
    auto frames = std::make_shared<std::vector<in::Frame>>();
    for (const stored::Frame& frame : from.frames()) {
      frames->push_back(ReadFrame(frame, time_, documents_));
    }
    return in::ExecutionRedriven{from.count(), std::move(frames), from.next_frame(),
                                 from.client_token()};
  }

  const DocumentReader& documents_;
  Timestamp time_;
};

}  // namespace

std::vector<in::EventRecord> DecodeStep(std::string_view bytes) {
  google::protobuf::Arena arena;
  auto& step = *google::protobuf::Arena::CreateMessage<stored::Step>(&arena);
  if (!step.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      step.records_size() == 0) {
    throw StoreError("a stored step is damaged: its bytes do not parse");
  }
  const Timestamp time = FromMs(step.time_ms());
  const DocumentReader documents(step.documents());
  const EventReader reader(documents, time);
  std::vector<in::EventRecord> records;
  records.reserve(static_cast<std::size_t>(step.records_size()));
  std::uint64_t seq = step.first_seq();
  std::uint64_t id = step.first_id();
  for (const Record& from : step.records()) {
    in::EventRecord record;
    record.time = time;
    record.seq = Plus(seq, from.seq_gap());
    seq = record.seq + 1;
    if (from.ours()) {
      record.previous = 0 - static_cast<std::uint64_t>(from.previous_back());
    } else {
      record.id = Plus(id, from.id_gap());
      record.previous = record.id - 1 - static_cast<std::uint64_t>(from.previous_back());
      id = record.id + 1;
    }
    record.event = reader.Read(from);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace towline::store
