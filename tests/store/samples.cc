#include "tests/store/samples.h"

#include "statemachines/base/check.h"

namespace towline::store {

using namespace interpreter;  // NOLINT(google-build-using-namespace): all of its events

namespace {

Timestamp At(std::int64_t ms) { return Timestamp(Millis(1'764'000'000'000 + ms)); }

ExecutionInfo SampleInfo() {
  return {.tenant = "acme",
          .machine = "order",
          .name = "run-1",
          .arn = "arn:towline:states:local:acme:execution:order:run-1",
          .machine_arn = "arn:towline:states:local:acme:stateMachine:order",
          .role_arn = "arn:aws:iam::123456789012:role/r",
          .revision = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
}

ExecutionInfo UnusualInfo() {
  ExecutionInfo info = SampleInfo();
  info.arn = "arn:aws:states:eu-central-1:123456789012:execution:order:run-1";
  info.machine_arn = "";
  info.revision = "not-a-hash";
  return info;
}

}  // namespace

Json Parse(const char* text) { return ParseJson(text).value(); }

TaskSpec SampleSpec() {
  return {.kind = TaskSpec::Kind::kActivity,
          .wait_for_task_token = true,
          .job_type = "add-numbers",
          .tenant = "plant",
          .queue = "night",
          .labels = {{"site", "ams"}, {"gpu", ""}},
          .priority = 9,
          .on_worker_lost = TaskSpec::OnWorkerLost::kRequeue,
          .start = TaskSpec::Start::kAtMostOnce,
          .topic = "t/1",
          .qos = 2,
          .retain = true,
          .activity = "arn:towline:states:local:acme:activity:a",
          .payload = Parse(R"({"a":15,"token":"towline-task-token:3"})"),
          .timeout_seconds = 99999999,
          .heartbeat_seconds = 0};
}

OpenTask SampleTask() {
  return {.task = 3,
          .attempt = 7,
          .spec = SampleSpec(),
          .state = "Dispatch job",
          .timeout_at = At(60'000),
          .checkpoint = Json()};
}

std::vector<EventSample> EventSamples() {
  const Json doc = Parse(R"({"a":15,"b":42})");
  return {
      {"execution_started", ExecutionStarted{SampleInfo(), doc}},
      {"execution_started_unusual", ExecutionStarted{UnusualInfo(), Json()}},
      {"state_entered", StateEntered{2, 5, doc}},
      {"state_exited", StateExited{2, doc, 0}},
      {"state_exited_last", StateExited{0, Json(), std::nullopt}},
      {"state_aborted", StateAborted{4}},
      {"task_scheduled", TaskScheduled{1, 3, SampleSpec(), doc, At(1'000)}},
      {"task_scheduled_plain", TaskScheduled{}},
      {"task_started", TaskStarted{3, "poller-1"}},
      {"task_submitted", TaskSubmitted{3, doc}},
      {"task_succeeded", TaskSucceeded{3, doc, "acme_ams-1"}},
      {"task_failed", TaskFailed{3, "Boom", "because", "acme_ams-1"}},
      {"task_failed_silently", TaskFailed{3, std::nullopt, "", ""}},
      {"task_timed_out", TaskTimedOut{3, true}},
      {"job_accepted", JobAccepted{3, 2, "acme_ams-1", 1'764'000'000'123}},
      {"job_requeued", JobRequeued{3, 4, "worker lost"}},
      {"job_checkpointed", JobCheckpointed{3, doc}},
      {"wait_started", WaitStarted{1, At(-5)}},
      {"retry_scheduled", RetryScheduled{1, 2, At(2'500)}},
      {"parallel_started", ParallelStarted{1, 7, doc}},
      {"parallel_succeeded", ParallelSucceeded{1}},
      {"parallel_failed", ParallelFailed{1}},
      {"map_started", MapStarted{1, Parse("[1,2.5,\"x\"]"), 40}},
      {"iteration_started", IterationStarted{1, 9, 1000, doc}},
      {"iteration_succeeded", IterationSucceeded{9}},
      {"iteration_failed", IterationFailed{9}},
      {"iteration_aborted", IterationAborted{9}},
      {"map_succeeded", MapSucceeded{1}},
      {"map_failed", MapFailed{1, "E", "C"}},
      {"execution_succeeded", ExecutionSucceeded{doc}},
      {"execution_failed", ExecutionFailed{"E", "C"}},
      {"execution_aborted", ExecutionAborted{std::nullopt, "C"}},
      {"execution_timed_out", ExecutionTimedOut{}},
  };
}

ExecutionState SampleState() {
  ExecutionState state;
  state.info = SampleInfo();
  state.input = Parse(R"({"items":[{"n":1},{"n":2}],"x":1.0})");
  state.started_at = At(0);
  state.last_at = At(77);
  state.last_seq = 31;
  state.last_id = 20;
  state.next_frame = 12;
  state.output = Json();
  state.error = "";
  state.cause = "because";
  state.stopped_at = At(80);
  const Json items = Json::Part(state.input, state.input->as_object().at("items"));
  Frame frame{.id = 0,
              .parent = 0,
              .index = 3,
              .scope = 1,
              .state = 4,
              .input = state.input,
              .entered_id = 5,
              .entered_at = At(7),
              .last_id = 19,
              .retries = {0, 3, 1},
              .retry_count = 4,
              .attempts = 5,
              .checkpoint = Parse("{\"at\":3}"),
              .activity = Entering{6}};
  state.frames[0] = frame;
  frame.id = 1;
  frame.activity = AwaitingTask{7, true, true, true, "acme_ams-1", 99};
  state.frames[1] = frame;
  frame.id = 2;
  frame.activity = AwaitingTimer{8, true, At(9'000)};
  state.frames[2] = frame;
  frame.id = 3;
  frame.activity = AwaitingChildren{{items, std::nullopt, Json()}, 1, items, 2, 40};
  state.frames[3] = frame;
  state.open_tasks = {{7, 1}, {12, 2}};
  return state;
}

}  // namespace towline::store
