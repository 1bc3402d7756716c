#include "worker/config.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "proto/jobs/topics.h"
#include "statemachines/base/log.h"
#include "worker/builtin_handlers.h"
#include "worker/config_program.h"
#include "worker/config_reader.h"
#include "worker/identity.h"
#include "worker/secrets.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kSlotsMax = 10'000;
constexpr int kThreadsMax = 256;
constexpr int kMebiMax = 1 << 20;
constexpr int kSecondsMax = 1'000'000;
constexpr std::size_t kSocketPathMax = 107;  // what the kernel takes
constexpr const char* kSecretNames =
    "a secret's name holds letters, digits, '-', '_' and '.', and does not begin with a dot";

void ReadModes(Reader& in, Config::Type& type) {
  in.Word("restart", "\"report\" or \"rerun\"", [&](std::string_view word) {
    if (word == "rerun") type.restart = JobType::Restart::kRerun;
    return word == "report" || word == "rerun";
  });
  in.Word("start", "\"AtLeastOnce\" or \"AtMostOnce\"", [&](std::string_view word) {
    const bool once = word == "AtMostOnce";
    type.start = once ? jobs::StartMode::kAtMostOnce : jobs::StartMode::kAtLeastOnce;
    return once || word == "AtLeastOnce";
  });
  in.Word("on_worker_lost", "\"wait\", \"requeue\" or \"fail\"", [&](std::string_view word) {
    type.on_worker_lost = word;
    return word == "wait" || word == "requeue" || word == "fail";
  });
  in.Word("heartbeat", "\"auto\" or \"manual\"", [&](std::string_view word) {
    type.manual_heartbeat = word == "manual";
    return word == "auto" || word == "manual";
  });
  if (type.start != jobs::StartMode::kAtMostOnce) return;
  in.Check(type.restart != JobType::Restart::kRerun, "restart",
           "a job that starts AtMostOnce cannot be run again: use restart = \"report\"");
  in.Check(type.on_worker_lost != "requeue", "on_worker_lost",
           "a job that starts AtMostOnce cannot be requeued: use \"wait\" or \"fail\"");
}

void ReadType(Reader& in, const fs::path& folder, const std::set<std::string>& own,
              Config& config) {
  Config::Type& type = config.types.emplace_back();
  in.Text("name", type.name);
  in.Check(jobs::IsJobType(type.name), "name",
           "a job type needs a name of up to 80 letters, digits, '-' and '_'");
  const auto same = [&](const Config::Type& other) { return other.name == type.name; };
  in.Check(std::count_if(config.types.begin(), config.types.end(), same) == 1, "name",
           "job type '" + type.name + "' is there twice");
  in.Integer("slots", type.slots, 1, kSlotsMax);
  int grace = 0;
  in.Integer("grace", grace, 0, kSecondsMax);
  if (in.Has("grace")) type.grace_seconds = grace;
  ReadModes(in, type);
  std::vector<std::string> secrets;
  in.TextsOrNone("secrets", secrets);
  in.Check(std::all_of(secrets.begin(), secrets.end(), IsSecretName), "secrets", kSecretNames);
  type.secrets = {secrets.begin(), secrets.end()};
  in.Text("handler", type.handler);
  ReadProgram(in, folder, type.program);
  ReadLogs(in, type.program.log);
  in.Section("limits", [&](Reader& limits) {
    limits.Integer("wall_clock_seconds", type.wall_clock_seconds, 1, kSecondsMax);
    ReadLimits(limits, type.program.limits);
  });
  const std::string what = "job type '" + type.name + "' needs either argv or handler";
  in.Check(type.handler.empty() != type.program.argv.empty(), "name", what);
  for (const char* const key : {"logs", "log_bytes_max", "redact"}) {
    in.Check(!in.Has(key) || !type.program.argv.empty(), key,
             "'" + std::string(key) + "' is for programs (argv): a handler prints nothing");
  }
  const bool known =
      IsBuiltinHandler(type.handler) || IsReadyMade(type.handler) || own.count(type.handler) == 1;
  in.Check(type.handler.empty() || known, "handler",
           "there is no handler '" + type.handler + "'; built in are: " + BuiltinHandlerNames() +
               ", " + ReadyMadeNames());
  ReadHandlerTables(in, folder, type.handler, type.settings);
}

void CheckNames(Reader& in, const Config& config) {
  in.Check(jobs::IsTenantName(config.tenant), "tenant",
           "'tenant' must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'");
  in.Check(jobs::IsWorkerName(config.name), "name",
           "the worker needs a 'name': 1 to 31 of a-z, 0-9 and '-', not beginning with '-'; or let "
           "it enrol (towline-worker enrol)");
}

// Where the broker and the server are: also in an enrolment.
void ReadPlaces(Reader& in, const fs::path& folder, Config& config) {
  in.Section("broker", [&](Reader& broker) {
    broker.Text("host", config.broker.host);
    broker.Integer("port", config.broker.port, 1, 65'535);
    broker.Text("user", config.broker.user);
    broker.Text("password", config.broker.password);
    for (const auto& [key, file] :
         {std::pair{"ca", &config.broker.ca}, std::pair{"certificate", &config.broker.certificate},
          std::pair{"key", &config.broker.key}}) {
      broker.Text(key, *file);
      if (file->empty()) continue;
      *file = (folder / *file).lexically_normal().string();
      broker.Check(access(file->c_str(), R_OK) == 0, key, "cannot read " + *file);
    }
    broker.Check(!config.broker.ca.empty() || config.broker.key.empty(), "key",
                 "'broker.ca' is missing: the authority of the broker");
    broker.Integer("keepalive_seconds", config.broker.keepalive_seconds, 5, 3'600);
    broker.Check(!config.broker.host.empty(), "host", "'broker.host' must not be empty");
  });
  in.Section("server", [&](Reader& server) {
    server.Text("address", config.door.address);
    server.Text("ca", config.door.ca);
    if (!config.door.ca.empty()) config.door.ca = (folder / config.door.ca).lexically_normal();
  });
}

void ReadConfig(Reader& in, const fs::path& folder, const std::set<std::string>& own,
                Config& config) {
  in.Text("tenant", config.tenant);
  in.Text("name", config.name);
  in.Texts("queues", config.queues);
  in.Check(std::all_of(config.queues.begin(), config.queues.end(), jobs::IsTenantName), "queues",
           "a queue's name must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'");
  in.Integer("slots", config.slots, 1, kSlotsMax);
  in.TextMap("labels", config.labels);
  in.Text("state", config.state);
  in.Text("socket", config.socket);
  in.Text("secrets", config.secrets);
  config.secrets = (folder / config.secrets).lexically_normal().string();
  in.TextMap("secret_variables", config.secret_variables);
  for (const auto& [name, variable] : config.secret_variables) {
    in.Check(IsSecretName(name), "secret_variables", kSecretNames);
    in.Check(!variable.empty(), "secret_variables",
             "'secret_variables." + name + "' must name a variable of the agent's environment");
  }
  in.Integer("threads", config.threads, 1, kThreadsMax);
  in.Text("log_level", config.log_level);
  in.Integer("results_mb", config.results_mb, 1, kMebiMax);
  in.Integer("stop_seconds", config.stop_seconds, 0, kSecondsMax);
  in.Word("cgroup", "\"auto\", \"never\" or \"require\"", [&](std::string_view word) {
    config.cgroup = word;
    return word == "auto" || word == "never" || word == "require";
  });
  in.Section("payloads", [&](Reader& payloads) {
    payloads.Integer("disk_mb", config.payloads_disk_mb, 1, kMebiMax);
  });
  ReadPlaces(in, folder, config);
  in.Sections("job_type", [&](Reader& type) { ReadType(type, folder, own, config); });
}

// What follows from all that has been read.
void CheckState(Reader& in, Config& config) {
  in.Check(!config.state.empty(), "state", "'state' must not be empty");
  in.Check(SetLogLevel(config.log_level), "log_level",
           "'log_level' must be debug, info, warning, error or off");
  if (config.socket.empty()) config.socket = (fs::path(config.state) / "agent.sock").string();
  in.Check(config.socket.size() <= kSocketPathMax, "socket",
           "the path of the local socket is too long: " + config.socket +
               "; give it a shorter one with 'socket'");
}

// Of an enrolled agent: who it is and where it dials, whatever the site's file says.
void ReadEnrolment(Reader& in, const fs::path& folder, Config& config) {
  const int keepalive_seconds = config.broker.keepalive_seconds;
  config.broker = {.keepalive_seconds = keepalive_seconds};
  config.door = {};
  in.Text("tenant", config.tenant);
  in.Text("name", config.name);
  CheckNames(in, config);
  std::map<std::string, std::string> labels;
  in.TextMap("labels", labels);
  for (const auto& [key, value] : labels) config.labels[key] = value;
  ReadPlaces(in, folder, config);
}

Status ReadToml(const std::string& path, const std::function<void(Reader&)>& read) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {  // which reads as an empty file
    return Error{Error::Code::kInvalidArgument, path + ": is a directory; name the file itself"};
  }
  try {
    const toml::table root = toml::parse_file(path);
    Reader in(path, root, "");
    read(in);
    if (const auto failed = in.Finish()) return *failed;
    return Ok();
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    const std::string what(error.description());
    if (at.line == 0) {
      return Error{Error::Code::kNotFound,
                   path + ": " + what + "; is the path right and the file readable?"};
    }
    return Error{Error::Code::kInvalidArgument, path + ":" + std::to_string(at.line) + ":" +
                                                    std::to_string(at.column) + ": " + what};
  }
}

}  // namespace

Result<Config> LoadConfig(const std::string& path, const std::set<std::string>& own) {
  Config config;
  const Status site = ReadToml(path, [&](Reader& in) {
    ReadConfig(in, fs::absolute(path).parent_path(), own, config);
    config.enrolled = IsEnrolled(config.state);
    if (!config.enrolled) CheckNames(in, config);
    CheckState(in, config);
  });
  if (!site) return site.error();
  if (config.enrolled) {
    const fs::path folder = fs::absolute(IdentityFolder(config.state));
    const Status identity = ReadToml(folder / kEnrolmentFile, [&](Reader& in) {
      ReadEnrolment(in, folder, config);
    });
    if (!identity) return identity.error();
  }
  if (config.door.ca.empty()) config.door.ca = config.broker.ca;
  return config;
}

Result<std::string> StateOf(const std::string& path) {
  Config config;
  const Status read = ReadToml(path, [&](Reader& in) {
    in.Text("state", config.state);
    in.IgnoreOthers();
  });
  if (!read) return read.error();
  return config.state;
}

}  // namespace towline::worker
