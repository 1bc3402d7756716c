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

ExecutionInfo ChildInfo() {
  ExecutionInfo info = SampleInfo();
  info.parent_arn = "arn:towline:states:local:acme:execution:order:run-0";
  info.parent_task = 7;
  info.map_child = MapChild{.execution = 3, .run = 5, .index = 99, .items = 4};
  info.scope = 2;
  return info;
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

std::shared_ptr<const std::vector<Frame>> SampleFrames() {
  const Json input = Parse(R"({"items":[{"n":1},{"n":2}],"x":1.0})");
  const Json items = Json::Part(input, input->as_object().at("items"));
  const Frame sample{.id = 0,
                     .parent = 0,
                     .index = 3,
                     .scope = 1,
                     .state = 4,
                     .input = input,
                     .entered_id = 5,
                     .entered_after = 0,
                     .entered_at = At(7),
                     .last_id = 19,
                     .retries = {0, 3, 1},
                     .retry_count = 4,
                     .attempts = 5,
                     .checkpoint = Parse("{\"at\":3}"),
                     .variables = {},
                     .activity = Entering{6}};
  std::vector<Frame> frames(7, sample);
  frames[1].activity = AwaitingTask{7, true, true, true, "acme_ams-1", 99};
  frames[2].activity = AwaitingTimer{8, true, At(9'000)};
  frames[3].activity = AwaitingChildren{{items, std::nullopt, Json()}, 1, items, 2, 40};
  frames[4].activity = Redoing{};
  frames[5].activity = Redoing{17, 2};
  frames[6].activity = AwaitingMapRun{17, AwaitingMapRun::Stage::kFailed, 2};
  for (FrameId id = 0; id < frames.size(); id++) frames[id].id = id;
  return std::make_shared<const std::vector<Frame>>(std::move(frames));
}

TaskSpec StartSpec() {
  TaskSpec spec;
  spec.kind = TaskSpec::Kind::kExecution;
  spec.machine = "other";
  spec.execution_name = "child-1";
  spec.child_result = TaskSpec::ChildResult::kJson;
  return spec;
}

MapRunSpec SampleRun() {
  MapRunSpec spec;
  spec.id = "0003aaaa-bbbb-4ccc-8ddd-eeeeffff0000";
  spec.label = "rows";
  spec.arn = "arn:towline:states:local:acme:mapRun:order/rows:" + spec.id;
  spec.max_concurrency = 40;
  spec.tolerated_count = 0;
  spec.tolerated_percentage = 12.5;
  spec.items = Parse("[1,2]");
  spec.reader = Parse(R"({"Bucket":"b"})");
  spec.max_items = Parse("7");
  spec.batched = true;
  spec.batch_items = 10;
  spec.batch_bytes = 4096;
  spec.batch_input = Parse("{}");
  spec.writer = Parse(R"({"Bucket":"out"})");
  return spec;
}

std::vector<EventSample> EventSamples() {
  const Json doc = Parse(R"({"a":15,"b":42})");
  return {
      {"execution_started", ExecutionStarted{SampleInfo(), doc}},
      {"execution_started_unusual", ExecutionStarted{UnusualInfo(), Json()}},
      {"state_entered", StateEntered{2, 5, doc}},
      {"state_exited", StateExited{2, doc, 0}},
      {"state_exited_last", StateExited{0, Json(), std::nullopt}},
      {"state_exited_assigned", StateExited{2, Json(), 0, doc}},
      {"state_aborted", StateAborted{4}},
      {"task_scheduled", TaskScheduled{1, 3, SampleSpec(), doc, At(1'000)}},
      {"task_scheduled_plain", TaskScheduled{}},
      {"task_scheduled_role",
       TaskScheduled{1, 1, TaskSpec{.role_arn = "arn:aws:iam::123456789012:role/r"}, doc, {}}},
      {"evaluation_failed",
       EvaluationFailed{2, "States.QueryEvaluationError", "because", "Output/a"}},
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
      {"execution_failed_redrivable", ExecutionFailed{"E", "C", 17}},
      {"execution_started_child", ExecutionStarted{ChildInfo(), doc}},
      {"task_scheduled_start", TaskScheduled{0, 1, StartSpec(), {}, {}}},
      {"distributed_map_started", DistributedMapStarted{1, 1'000'000}},
      {"map_run_started", MapRunStarted{1, SampleRun()}},
      {"map_run_started_plain", MapRunStarted{}},
      {"map_run_succeeded", MapRunSucceeded{9, doc}},
      {"map_run_failed", MapRunFailed{9, "E", "C"}},
      {"map_run_redriven", MapRunRedriven{1, 9, 2}},
      {"execution_redriven", ExecutionRedriven{2, SampleFrames(), 9, "again-1"}},
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
  const auto frames = SampleFrames();
  for (const Frame& frame : *frames) state.frames[frame.id] = frame;
  const Json items = Json::Part(state.input, state.input->as_object().at("items"));
  state.frames[3].variables = {{"items", {items, JsonSize(*items)}}, {"none", {Json(), 4}}};
  state.frames[0].entered_after = 3;
  state.variables_bytes = JsonSize(*items) + 4;
  state.redrive_count = 3;
  state.redriven_at = At(70);
  state.redrive_token = "again-3";
  state.open_tasks = {{7, 1}, {12, 2}};
  return state;
}

}  // namespace towline::store
