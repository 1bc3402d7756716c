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
}

ExecutionInfo ReadInfo(const stored::ExecutionInfo& from) {
  ExecutionInfo info{.tenant = from.tenant(),
                     .machine = from.machine(),
                     .name = from.name(),
                     .arn = {},
                     .machine_arn = {},
                     .role_arn = from.role_arn(),
                     .revision = from.revision()};
  info.arn = from.has_arn() ? from.arn() : ExecutionArn(info);
  info.machine_arn = from.has_machine_arn() ? from.machine_arn() : MachineArn(info);
  if (!from.revision_hash().empty()) info.revision = Hex(from.revision_hash());
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
}

TaskSpec ReadSpec(const stored::TaskSpec& from) {
  TaskSpec spec{.kind = ReadEnum(from.kind(), TaskSpec::Kind::kActivity),
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

}  // namespace towline::store
