#include "orchestrator/store/spec_codec.h"

namespace towline::store {
namespace {

using interpreter::ExecutionInfo;
using interpreter::TaskSpec;

constexpr std::size_t kHashBytes = 32;
constexpr int kDefaultPriority = 5;
constexpr int kDefaultQos = 1;
constexpr std::string_view kDefaultQueue = "default";

std::string ExecutionArn(const ExecutionInfo& info) {
  return "arn:towline:states:local:" + info.tenant + ":execution:" + info.machine + ":" + info.name;
}

std::string MachineArn(const ExecutionInfo& info) {
  return "arn:towline:states:local:" + info.tenant + ":stateMachine:" + info.machine;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Nothing unless `text` is the lower-case hex of 32 bytes.
std::optional<std::string> HashBytes(const std::string& text) {
  if (text.size() != 2 * kHashBytes) return std::nullopt;
  std::string bytes(kHashBytes, '\0');
  for (std::size_t i = 0; i < kHashBytes; i++) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

}  // namespace

void FillInfo(const ExecutionInfo& info, stored::ExecutionInfo& to) {
  to.set_tenant(info.tenant);
  to.set_machine(info.machine);
  to.set_name(info.name);
  if (info.arn != ExecutionArn(info)) to.set_arn(info.arn);
  if (info.machine_arn != MachineArn(info)) to.set_machine_arn(info.machine_arn);
  to.set_role_arn(info.role_arn);
  if (auto hash = HashBytes(info.revision)) {
    to.set_revision_hash(*std::move(hash));
  } else {
    to.set_revision(info.revision);
  }
  to.set_parent_arn(info.parent_arn);
  to.set_parent_task(info.parent_task);
  to.set_scope(info.scope);
  if (!info.map_child) return;
  stored::MapChild& child = *to.mutable_map_child();
  child.set_execution(info.map_child->execution);
  child.set_run(info.map_child->run);
  child.set_index(info.map_child->index);
  child.set_items_from_one(info.map_child->items - 1);
}

ExecutionInfo ReadInfo(const stored::ExecutionInfo& from) {
  ExecutionInfo info{.tenant = from.tenant(),
                     .machine = from.machine(),
                     .name = from.name(),
                     .arn = {},
                     .machine_arn = {},
                     .role_arn = from.role_arn(),
                     .revision = from.revision(),
                     .parent_arn = {},
                     .map_child = {}};
  info.arn = from.has_arn() ? from.arn() : ExecutionArn(info);
  info.machine_arn = from.has_machine_arn() ? from.machine_arn() : MachineArn(info);
  if (!from.revision_hash().empty()) info.revision = Hex(from.revision_hash());
  info.parent_arn = from.parent_arn();
  info.parent_task = from.parent_task();
  info.scope = from.scope();
  if (from.has_map_child()) {
    const stored::MapChild& child = from.map_child();
    info.map_child = interpreter::MapChild{.execution = child.execution(),
                                           .run = child.run(),
                                           .index = child.index(),
                                           .items = child.items_from_one() + 1};
  }
  return info;
}

void FillSpec(const TaskSpec& spec, DocumentWriter& documents, stored::TaskSpec& to) {
  to.set_kind(static_cast<std::uint32_t>(spec.kind));
  to.set_wait_for_task_token(spec.wait_for_task_token);
  to.set_job_type(spec.job_type);
  to.set_tenant(spec.tenant);
  if (spec.queue != kDefaultQueue) to.set_queue(spec.queue);
  for (const auto& [name, value] : spec.labels) {
    stored::Label& label = *to.add_labels();
    label.set_name(name);
    label.set_value(value);
  }
  to.set_priority_from_default(spec.priority - kDefaultPriority);
  to.set_on_worker_lost(static_cast<std::uint32_t>(spec.on_worker_lost));
  to.set_start(static_cast<std::uint32_t>(spec.start));
  to.set_topic(spec.topic);
  to.set_qos_from_default(spec.qos - kDefaultQos);
  to.set_retain(spec.retain);
  to.set_activity(spec.activity);
  to.set_payload(documents.Ref(spec.payload));
  if (spec.timeout_seconds) to.set_timeout_seconds(*spec.timeout_seconds);
  if (spec.heartbeat_seconds) to.set_heartbeat_seconds(*spec.heartbeat_seconds);
  if (spec.role_arn) to.set_role_arn(*spec.role_arn);
  to.set_machine(spec.machine);
  to.set_execution_name(spec.execution_name);
  to.set_child_result(static_cast<std::uint32_t>(spec.child_result));
}

TaskSpec ReadSpec(const stored::TaskSpec& from) {
  TaskSpec spec{.kind = ReadEnum(from.kind(), TaskSpec::Kind::kExecution),
                .wait_for_task_token = from.wait_for_task_token(),
                .job_type = from.job_type(),
                .tenant = from.tenant(),
                .queue = from.has_queue() ? from.queue() : std::string(kDefaultQueue),
                .labels = {},
                .priority = static_cast<int>(static_cast<std::int64_t>(
                    from.priority_from_default()) + kDefaultPriority),
                .on_worker_lost =
                    ReadEnum(from.on_worker_lost(), TaskSpec::OnWorkerLost::kFail),
                .start = ReadEnum(from.start(), TaskSpec::Start::kAtMostOnce),
                .topic = from.topic(),
                .qos = static_cast<int>(
                    static_cast<std::int64_t>(from.qos_from_default()) + kDefaultQos),
                .retain = from.retain(),
                .activity = from.activity(),
                .machine = from.machine(),
                .execution_name = from.execution_name(),
                .child_result = ReadEnum(from.child_result(), TaskSpec::ChildResult::kJson),
                .payload = {},
                .timeout_seconds = {},
                .heartbeat_seconds = {},
                .role_arn = {}};
  for (const stored::Label& label : from.labels()) spec.labels.emplace(label.name(), label.value());
  if (from.has_timeout_seconds()) spec.timeout_seconds = from.timeout_seconds();
  if (from.has_heartbeat_seconds()) spec.heartbeat_seconds = from.heartbeat_seconds();
  if (from.has_role_arn()) spec.role_arn = from.role_arn();
  return spec;
}

void FillMapRunSpec(const interpreter::MapRunSpec& spec, DocumentWriter& documents,
                    stored::MapRunSpec& to) {
  to.set_id(spec.id);
  to.set_label(spec.label);
  to.set_arn(spec.arn);
  to.set_max_concurrency(spec.max_concurrency);
  if (spec.tolerated_count) to.set_tolerated_count(*spec.tolerated_count);
  if (spec.tolerated_percentage) to.set_tolerated_percentage(*spec.tolerated_percentage);
  to.set_items(documents.Ref(spec.items));
  to.set_reader(documents.Ref(spec.reader));
  to.set_max_items(documents.Ref(spec.max_items));
  to.set_batched(spec.batched);
  if (spec.batch_items) to.set_batch_items(*spec.batch_items);
  if (spec.batch_bytes) to.set_batch_bytes(*spec.batch_bytes);
  to.set_batch_input(documents.Ref(spec.batch_input));
  to.set_writer(documents.Ref(spec.writer));
}

interpreter::MapRunSpec ReadMapRunSpec(const stored::MapRunSpec& from,
                                       const DocumentReader& documents) {
  interpreter::MapRunSpec spec;
  spec.id = from.id();
  spec.label = from.label();
  spec.arn = from.arn();
  spec.max_concurrency = from.max_concurrency();
  if (from.has_tolerated_count()) spec.tolerated_count = from.tolerated_count();
  if (from.has_tolerated_percentage()) spec.tolerated_percentage = from.tolerated_percentage();
  spec.items = documents.Get(from.items());
  spec.reader = documents.Get(from.reader());
  spec.max_items = documents.Get(from.max_items());
  spec.batched = from.batched();
  if (from.has_batch_items()) spec.batch_items = from.batch_items();
  if (from.has_batch_bytes()) spec.batch_bytes = from.batch_bytes();
  spec.batch_input = documents.Get(from.batch_input());
  spec.writer = documents.Get(from.writer());
  return spec;
}

}  // namespace towline::store
