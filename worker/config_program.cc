#include "worker/config_program.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr double kCpuLeast = 0.01;
constexpr double kCpuMost = 4'096;
constexpr int kMebiMost = 1 << 24;
constexpr int kCountMost = 1 << 22;
constexpr int kLogBytesLeast = 4 << 10;
constexpr int kLogBytesMost = 64 << 20;

// Where the program is, absolute; empty when there is none. A name with a slash is relative to
// the configuration file, any other is looked for along PATH.
std::string FindProgram(const std::string& name, const fs::path& folder) {
  const auto runs = [](const fs::path& path) {
    return access(path.c_str(), X_OK) == 0 && !fs::is_directory(path);
  };
  if (name.find('/') != std::string::npos) {
    const fs::path path = folder / name;
    return runs(path) ? path.lexically_normal().string() : "";
  }
  const char* const variable = std::getenv("PATH");
  std::string_view left = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!left.empty()) {
    const std::string_view each = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(each.size() + 1, left.size()));
    if (!each.empty() && runs(fs::path(each) / name)) return (fs::path(each) / name).string();
  }
  return "";
}

void ReadUser(Reader& in, Program& program) {
  std::string name;
  in.Text("user", name);
  if (in.failed() || !in.Has("user")) return;
  const passwd* const entry = getpwnam(name.c_str());
  in.Check(entry != nullptr, "user", "this host has no user '" + name + "'");
  if (entry == nullptr) return;
  in.Check(geteuid() == 0 || geteuid() == entry->pw_uid, "user",
           "jobs can run as another user only if the agent runs as root: leave 'user' out, or run "
           "an agent as '" +
               name + "'");
  if (geteuid() != 0) return;
  User user{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid, .home = entry->pw_dir};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    getgrouplist(name.c_str(), user.gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  program.user = std::move(user);
}

}  // namespace

void ReadLogs(Reader& in, LogPolicy& policy) {
  in.Word("logs", "\"central\", \"local\" or \"off\"", [&](std::string_view word) {
    if (word == "local") policy.where = LogPolicy::Where::kLocal;
    if (word == "off") policy.where = LogPolicy::Where::kOff;
    return word == "central" || word == "local" || word == "off";
  });
  int bytes_max = static_cast<int>(policy.bytes_max);
  in.Integer("log_bytes_max", bytes_max, kLogBytesLeast, kLogBytesMost);
  policy.bytes_max = static_cast<std::size_t>(bytes_max);
  std::vector<std::string> patterns;
  in.Texts("redact", patterns);
  if (in.failed() || patterns.empty()) return;
  auto compiled = Redactor::Compile(patterns);
  in.Check(compiled.has_value(), "redact", compiled ? "" : compiled.error().message);
  if (compiled) policy.redactor = *std::move(compiled);
}

void ReadLimits(Reader& in, Limits& limits) {
  in.Number("cpu", limits.cpu, kCpuLeast, kCpuMost);
  in.Integer("memory_mb", limits.memory_mb, 1, kMebiMost);
  in.Integer("pids", limits.pids, 1, kCountMost);
  in.Integer("open_files", limits.open_files, 8, kCountMost);
  in.Integer("file_mb", limits.file_mb, 1, kMebiMost);
  in.Integer("output_mb", limits.output_mb, 1, kMebiMost);
}

void ReadProgram(Reader& in, const fs::path& folder, Program& program) {
  in.Texts("argv", program.argv);
  in.Bool("shell", program.shell);
  in.TextMap("env", program.env);
  in.TextsOrNone("env_pass", program.env_pass);
  in.Bool("private_tmp", program.private_tmp);
  ReadUser(in, program);
  in.Text("cwd", program.cwd);
  if (in.failed() || program.argv.empty()) return;
  program.cwd = (folder / program.cwd).lexically_normal().string();
  in.Check(fs::is_directory(program.cwd), "cwd", "there is no directory " + program.cwd);
  if (program.shell) {
    in.Check(program.argv.size() == 1, "argv",
             "with shell = true, argv holds one string: the command line for /bin/sh");
    return;
  }
  const std::string path = FindProgram(program.argv[0], folder);
  in.Check(!path.empty(), "argv",
           "'" + program.argv[0] +
               "' is no program that can be run; a name with a slash is relative to this file, "
               "any other is looked for along PATH");
  program.argv[0] = path;
}

}  // namespace towline::worker
