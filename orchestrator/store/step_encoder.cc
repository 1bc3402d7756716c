#include <google/protobuf/arena.h>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/frame_codec.h"
#include "orchestrator/store/spec_codec.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/check.h"

namespace towline::store {
namespace {

namespace in = interpreter;

template <class Event, class Message>
void FillFailure(const Event& event, Message& to) {
  if (event.error) to.set_error(*event.error);
  if (event.cause) to.set_cause(*event.cause);
}

// Writes one event into its record.
class EventFiller {
 public:
  EventFiller(stored::Record& record, DocumentWriter& documents, Timestamp time)
      : record_(record), documents_(documents), time_(time) {}

  void operator()(const in::ExecutionStarted& event) {
    auto& to = *record_.mutable_execution_started();
    FillInfo(*event.info, *to.mutable_info());
    to.set_input(documents_.Ref(event.input));
  }
  void operator()(const in::StateEntered& event) {
    auto& to = *record_.mutable_state_entered();
    to.set_frame(event.frame);
    to.set_state(event.state);
    to.set_input(documents_.Ref(event.input));
  }
  void operator()(const in::StateExited& event) {
    auto& to = *record_.mutable_state_exited();
    to.set_frame(event.frame);
    to.set_output(documents_.Ref(event.output));
    if (event.next) to.set_next(*event.next);
    to.set_assigned(documents_.Ref(event.assigned));
  }
  void operator()(const in::StateAborted& event) {
    record_.mutable_state_aborted()->set_frame(event.frame);
  }
  void operator()(const in::TaskScheduled& event) {
    auto& to = *record_.mutable_task_scheduled();
    to.set_frame(event.frame);
    to.set_attempt_from_first(event.attempt - 1);
    // First the parameters: the payload may be a part of them, never the other way round.
    to.set_parameters(documents_.Ref(event.parameters));
    FillSpec(*event.spec, documents_, *to.mutable_spec());
    if (event.timeout_at) to.set_timeout_after_ms(MsAfter(*event.timeout_at, time_));
  }
  void operator()(const in::TaskStarted& event) {
    auto& to = *record_.mutable_task_started();
    to.set_task(event.task);
    to.set_worker(event.worker);
  }
  void operator()(const in::TaskSubmitted& event) {
    auto& to = *record_.mutable_task_submitted();
    to.set_task(event.task);
    to.set_output(documents_.Ref(event.output));
  }
  void operator()(const in::TaskSucceeded& event) {
    auto& to = *record_.mutable_task_succeeded();
    to.set_task(event.task);
    to.set_output(documents_.Ref(event.output));
    to.set_worker(event.worker);
  }
  void operator()(const in::TaskFailed& event) {
    auto& to = *record_.mutable_task_failed();
    to.set_task(event.task);
    FillFailure(event, to);
    to.set_worker(event.worker);
  }
  void operator()(const in::TaskTimedOut& event) {
    auto& to = *record_.mutable_task_timed_out();
    to.set_task(event.task);
    to.set_heartbeat(event.heartbeat);
  }
  void operator()(const in::JobAccepted& event) {
    auto& to = *record_.mutable_job_accepted();
    to.set_task(event.task);
    to.set_attempt_from_first(event.attempt - 1);
    to.set_worker(event.worker);
    to.set_incarnation(event.incarnation);
  }
  void operator()(const in::JobRequeued& event) {
    auto& to = *record_.mutable_job_requeued();
    to.set_task(event.task);
    to.set_attempt_from_first(event.attempt - 1);
    to.set_reason(event.reason);
  }
  void operator()(const in::JobCheckpointed& event) {
    auto& to = *record_.mutable_job_checkpointed();
    to.set_task(event.task);
    to.set_checkpoint(documents_.Ref(event.checkpoint));
  }
  void operator()(const in::WaitStarted& event) {
    auto& to = *record_.mutable_wait_started();
    to.set_frame(event.frame);
    to.set_due_after_ms(MsAfter(event.due, time_));
  }
  void operator()(const in::RetryScheduled& event) {
    auto& to = *record_.mutable_retry_scheduled();
    to.set_frame(event.frame);
    to.set_retrier(event.retrier);
    to.set_due_after_ms(MsAfter(event.due, time_));
  }
  void operator()(const in::ParallelStarted& event) {
    auto& to = *record_.mutable_parallel_started();
    to.set_frame(event.frame);
    to.set_first_child(event.first_child);
    to.set_input(documents_.Ref(event.input));
  }
  void operator()(const in::ParallelSucceeded& event) {
    record_.mutable_parallel_succeeded()->set_frame(event.frame);
  }
  void operator()(const in::ParallelFailed& event) {
    record_.mutable_parallel_failed()->set_frame(event.frame);
  }
  void operator()(const in::MapStarted& event) {
    auto& to = *record_.mutable_map_started();
    to.set_frame(event.frame);
    to.set_items(documents_.Ref(event.items));
    to.set_max_concurrency(event.max_concurrency);
  }
  void operator()(const in::IterationStarted& event) {
    auto& to = *record_.mutable_iteration_started();
    to.set_frame(event.frame);
    to.set_child(event.child);
    to.set_index(event.index);
    to.set_input(documents_.Ref(event.input));
  }
  void operator()(const in::IterationSucceeded& event) {
    record_.mutable_iteration_succeeded()->set_child(event.child);
  }
  void operator()(const in::IterationFailed& event) {
    record_.mutable_iteration_failed()->set_child(event.child);
  }
  void operator()(const in::IterationAborted& event) {
    record_.mutable_iteration_aborted()->set_child(event.child);
  }
  void operator()(const in::MapSucceeded& event) {
    record_.mutable_map_succeeded()->set_frame(event.frame);
  }
  void operator()(const in::MapFailed& event) {
    auto& to = *record_.mutable_map_failed();
    to.set_frame(event.frame);
    FillFailure(event, to);
  }
  void operator()(const in::ExecutionSucceeded& event) {
    record_.mutable_execution_succeeded()->set_output(documents_.Ref(event.output));
  }
  void operator()(const in::ExecutionFailed& event) {
    auto& to = *record_.mutable_execution_failed();
    FillFailure(event, to);
    to.set_rose_after(event.rose_after);
  }
  void operator()(const in::ExecutionAborted& event) {
    FillFailure(event, *record_.mutable_execution_aborted());
  }
  void operator()(const in::ExecutionTimedOut&) { record_.mutable_execution_timed_out(); }
  void operator()(const in::ExecutionRedriven& event) {
    auto& to = *record_.mutable_execution_redriven();
    to.set_count(event.count);
    to.set_next_frame(event.next_frame);
    to.set_client_token(event.client_token);
    for (const in::Frame& frame : *event.frames) {
      FillFrame(frame, time_, documents_, *to.add_frames());
    }
  }
  void operator()(const in::DistributedMapStarted& event) {
    auto& to = *record_.mutable_distributed_map_started();
    to.set_frame(event.frame);
    to.set_length(event.length);
  }
  void operator()(const in::MapRunStarted& event) {
    auto& to = *record_.mutable_map_run_started();
    to.set_frame(event.frame);
    FillMapRunSpec(*event.spec, documents_, *to.mutable_spec());
  }
  void operator()(const in::MapRunSucceeded& event) {
    auto& to = *record_.mutable_map_run_succeeded();
    to.set_run(event.run);
    to.set_output(documents_.Ref(event.output));
  }
  void operator()(const in::MapRunFailed& event) {
    auto& to = *record_.mutable_map_run_failed();
    to.set_run(event.run);
    FillFailure(event, to);
  }
  void operator()(const in::MapRunRedriven& event) {
    auto& to = *record_.mutable_map_run_redriven();
    to.set_frame(event.frame);
    to.set_run(event.run);
    to.set_count(event.count);
  }
  void operator()(const in::EvaluationFailed& event) {
    auto& to = *record_.mutable_evaluation_failed();
    to.set_frame(event.frame);
    to.set_error(event.error);
    to.set_cause(event.cause);
    to.set_location(event.location);
  }

 private:
  stored::Record& record_;
  DocumentWriter& documents_;
  Timestamp time_;
};

}  // namespace

std::string EncodeStep(const std::vector<in::EventRecord>& records) {
  CHECK(!records.empty());
  alignas(std::max_align_t) char block[4096];
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = sizeof block;
  google::protobuf::Arena arena(options);
  auto& step = *google::protobuf::Arena::CreateMessage<stored::Step>(&arena);
  DocumentWriter documents(*step.mutable_documents());
  const Timestamp time = records.front().time;
  step.set_time_ms(ToMs(time));
  step.set_first_seq(records.front().seq);
  std::uint64_t seq = records.front().seq;
  std::uint64_t id = 0;
  for (const in::EventRecord& record : records) {
    CHECK(record.time == time);
    stored::Record& to = *step.add_records();
    to.set_seq_gap(Minus(record.seq, seq));
    seq = record.seq + 1;
    if (record.id == 0) {
      to.set_ours(true);
      to.set_previous_back(Minus(0, record.previous));
    } else {
      if (id == 0) step.set_first_id(id = record.id);
      to.set_id_gap(Minus(record.id, id));
      to.set_previous_back(Minus(record.id - 1, record.previous));
      id = record.id + 1;
    }
    std::visit(EventFiller(to, documents, time), record.event);
  }
  return step.SerializeAsString();
}

}  // namespace towline::store
