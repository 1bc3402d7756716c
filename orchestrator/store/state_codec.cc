#include <google/protobuf/arena.h>

#include <algorithm>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/frame_codec.h"
#include "orchestrator/store/packed_json.h"
#include "orchestrator/store/spec_codec.h"
#include "orchestrator/store/store.h"
#include "proto/stored/state.pb.h"

namespace towline::store {
namespace {

namespace in = interpreter;

// Of the whole snapshot. Raise it when an old reader would misread a new snapshot; snapshots of
// another version are dropped and rebuilt from the events.
constexpr std::uint32_t kStateVersion = 2;

[[noreturn]] void DamagedTask() {
  throw StoreError("a stored task is damaged: its bytes do not parse");
}

}  // namespace

std::string EncodeState(const in::ExecutionState& state) {
  google::protobuf::Arena arena;
  auto& to = *google::protobuf::Arena::CreateMessage<stored::ExecutionState>(&arena);
  DocumentWriter documents(*to.mutable_documents());
  to.set_version(kStateVersion);
  FillInfo(state.info, *to.mutable_info());
  to.set_input(documents.Ref(state.input));
  to.set_started_ms(ToMs(state.started_at));
  to.set_last_after_ms(MsAfter(state.last_at, state.started_at));
  to.set_last_seq(state.last_seq);
  to.set_last_id(state.last_id);
  to.set_next_frame(state.next_frame);
  to.set_status(static_cast<std::uint32_t>(state.status));
  if (state.output) to.set_output(documents.Add(*state.output));
  if (state.error) to.set_error(*state.error);
  if (state.cause) to.set_cause(*state.cause);
  to.set_stopped_ms(ToMs(state.stopped_at));
  to.set_redrive_count(state.redrive_count);
  to.set_redriven_ms(ToMs(state.redriven_at));
  to.set_redrive_token(state.redrive_token);
  for (const auto& [id, frame] : state.frames) {
    FillFrame(frame, state.started_at, documents, *to.add_frames());
  }
  for (const auto& [task, frame] : state.open_tasks) {
    stored::OpenTaskEntry& entry = *to.add_open_tasks();
    entry.set_task(task);
    entry.set_frame(frame);
  }
  return to.SerializeAsString();
}

in::ExecutionState DecodeState(std::string_view bytes) {
  google::protobuf::Arena arena;
  auto& from = *google::protobuf::Arena::CreateMessage<stored::ExecutionState>(&arena);
  if (!from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw StoreError("a stored state is damaged: its bytes do not parse");
  }
  if (from.version() != kStateVersion) {
    throw StoreError("a stored state is of version " + std::to_string(from.version()) +
                     ", not " + std::to_string(kStateVersion));
  }
  const DocumentReader documents(from.documents());
  in::ExecutionState state;
  state.info = ReadInfo(from.info());
  state.input = documents.Get(from.input());
  state.started_at = FromMs(from.started_ms());
  state.last_at = After(state.started_at, from.last_after_ms());
  state.last_seq = from.last_seq();
  state.last_id = from.last_id();
  state.next_frame = from.next_frame();
  state.status = ReadEnum(from.status(), in::ExecutionStatus::kAborted);
  if (from.has_output()) state.output = documents.Get(from.output());
  if (from.has_error()) state.error = from.error();
  if (from.has_cause()) state.cause = from.cause();
  state.stopped_at = FromMs(from.stopped_ms());
  state.redrive_count = from.redrive_count();
  state.redriven_at = FromMs(from.redriven_ms());
  state.redrive_token = from.redrive_token();
  for (const stored::Frame& stored : from.frames()) {
    in::Frame frame = ReadFrame(stored, state.started_at, documents);
    for (const auto& [name, variable] : frame.variables) state.variables_bytes += variable.bytes;
    state.frames.emplace_hint(state.frames.end(), frame.id, std::move(frame));
  }
  for (const stored::OpenTaskEntry& entry : from.open_tasks()) {
    state.open_tasks.emplace_hint(state.open_tasks.end(), entry.task(), entry.frame());
  }
  return state;
}

std::string EncodeTask(const in::OpenTask& task) {
  google::protobuf::Arena arena;
  auto& head = *google::protobuf::Arena::CreateMessage<stored::OpenTask>(&arena);
  auto& body = *google::protobuf::Arena::CreateMessage<stored::TaskDocuments>(&arena);
  DocumentWriter documents(*body.mutable_documents());
  head.set_task(task.task);
  head.set_attempt_from_first(task.attempt - 1);
  FillSpec(task.spec, documents, *head.mutable_spec());
  head.set_state(task.state);
  if (task.timeout_at) head.set_timeout_ms(ToMs(*task.timeout_at));
  if (task.checkpoint) head.set_checkpoint(documents.Add(*task.checkpoint));
  std::string bytes;
  AppendVarint(bytes, head.ByteSizeLong());
  head.AppendToString(&bytes);
  body.AppendToString(&bytes);
  return bytes;
}

in::OpenTask DecodeTask(std::string_view bytes, bool with_payload) {
  const std::uint64_t head_size = TakeVarint(bytes);
  google::protobuf::Arena arena;
  auto& head = *google::protobuf::Arena::CreateMessage<stored::OpenTask>(&arena);
  auto& body = *google::protobuf::Arena::CreateMessage<stored::TaskDocuments>(&arena);
  if (head_size > bytes.size() ||
      !head.ParseFromArray(bytes.data(), static_cast<int>(head_size))) {
    DamagedTask();
  }
  in::OpenTask task{.task = head.task(),
                    .attempt = head.attempt_from_first() + 1,
                    .spec = ReadSpec(head.spec()),
                    .state = head.state(),
                    .timeout_at = {},
                    .checkpoint = {}};
  if (head.has_timeout_ms()) task.timeout_at = FromMs(head.timeout_ms());
  if (!with_payload) return task;
  bytes.remove_prefix(head_size);
  if (!body.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) DamagedTask();
  const DocumentReader documents(body.documents());
  task.spec.payload = documents.Get(head.spec().payload());
  if (head.has_checkpoint()) task.checkpoint = documents.Get(head.checkpoint());
  return task;
}

std::size_t TaskHeadSize(std::string_view bytes) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 5; i++) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    size |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return std::min<std::size_t>(bytes.size(), i + 1 + size);
  }
  return bytes.size();
}

}  // namespace towline::store
