#include "orchestrator/api/audit.h"

#include <spdlog/sinks/rotating_file_sink.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "orchestrator/store/store.h"
#include "statemachines/base/json.h"
#include "statemachines/base/log.h"

namespace towline::api {
namespace {

namespace fs = std::filesystem;

json::object ToJson(const AuditEntry& entry) {
  return {{"time", FormatTimestamp(entry.time)},
          {"principal", entry.principal},
          {"proof", entry.proof},
          {"peer", entry.peer},
          {"action", entry.action},
          {"tenant", entry.tenant},
          {"object", entry.object},
          {"allowed", entry.allowed},
          {"reason", entry.reason}};
}

// Nothing for a line that was cut off by a crash.
std::optional<AuditEntry> FromJson(std::string_view line) {
  const auto parsed = ParseJson(line);
  if (!parsed || !(*parsed)->is_object()) return std::nullopt;
  const json::object& object = (*parsed)->get_object();
  const auto text = [&](const char* key) {
    const json::value* const value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  const auto time = ParseTimestamp(text("time"));
  const json::value* const allowed = object.if_contains("allowed");
  if (!time || allowed == nullptr || !allowed->is_bool()) return std::nullopt;
  return AuditEntry{.time = *time,
                    .principal = text("principal"),
                    .proof = text("proof"),
                    .peer = text("peer"),
                    .action = text("action"),
                    .tenant = text("tenant"),
                    .object = text("object"),
                    .allowed = allowed->get_bool(),
                    .reason = text("reason")};
}

bool Matches(const AuditEntry& entry, const AuditLog::Filter& filter) {
  return (filter.tenant.empty() || entry.tenant == filter.tenant) &&
         (filter.principal.empty() || entry.principal == filter.principal) &&
         !(filter.denied && entry.allowed) && entry.time >= filter.since;
}

}  // namespace

struct AuditLog::File {
  File(const std::string& path, const Settings& settings)
      : sink(path, settings.file_bytes_max, settings.files_max - 1) {
    sink.set_pattern("%v");
  }
  spdlog::sinks::rotating_file_sink_st sink;
};

AuditLog::AuditLog(Settings settings) : settings_(std::move(settings)) {
  std::error_code error;
  fs::create_directories(settings_.directory, error);
  if (!error) fs::permissions(settings_.directory, fs::perms::owner_all, error);
  try {
    if (error) throw spdlog::spdlog_ex(settings_.directory, error.value());
    file_ = std::make_unique<File>(PathOf(0), settings_);
  } catch (const spdlog::spdlog_ex& broken) {
    throw store::StoreError(std::string("cannot write the audit log: ") + broken.what());
  }
}

AuditLog::~AuditLog() = default;

std::string AuditLog::PathOf(std::size_t age) const {
  const std::string number = age == 0 ? "" : "." + std::to_string(age);
  return settings_.directory + "/audit" + number + ".jsonl";
}

void AuditLog::Write(AuditEntry entry) {
  entry.time = settings_.clock();
  if (!entry.allowed) denied_++;
  const std::string line = PrintJson(ToJson(entry));
  const std::lock_guard lock(mutex_);
  try {
    file_->sink.log(spdlog::details::log_msg({}, spdlog::level::info, line));
    file_->sink.flush();
  } catch (const spdlog::spdlog_ex& broken) {
    Log(LogLevel::kError, "audit_lost", {{"why", broken.what()}, {"entry", line}});
  }
}

std::vector<AuditEntry> AuditLog::Read(const Filter& filter) const {
  std::vector<std::ifstream> files;
  {
    // Opened together, so that none is missed by a rotation.
    const std::lock_guard lock(mutex_);
    for (std::size_t age = 0; age < settings_.files_max; age++) {
      files.emplace_back(PathOf(age));
      if (!files.back()) break;
    }
  }
  std::vector<AuditEntry> found;
  for (std::ifstream& file : files) {
    std::deque<AuditEntry> last;
    for (std::string line; std::getline(file, line);) {
      auto entry = FromJson(line);
      if (!entry || !Matches(*entry, filter)) continue;
      last.push_back(std::move(*entry));
      if (found.size() + last.size() > filter.limit) last.pop_front();
    }
    found.insert(found.end(), std::make_move_iterator(last.rbegin()),
                 std::make_move_iterator(last.rend()));
    if (found.size() >= filter.limit) break;
  }
  return found;
}

}  // namespace towline::api
