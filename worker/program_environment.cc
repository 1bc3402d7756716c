#include "worker/program_environment.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace towline::worker {
namespace {

using Variables = std::map<std::string, std::string>;

// The agent's own user, who does not change.
const User& OwnUser() {
  static const User user = [] {
    User own;
    if (const passwd* const entry = getpwuid(geteuid()); entry != nullptr) {
      own.name = entry->pw_name;
      own.home = entry->pw_dir;
    }
    return own;
  }();
  return user;
}

void AddJob(const Job& job, const EnvironmentFacts& facts, Variables& variables) {
  variables["TOWLINE_TOKEN"] = job.token;
  variables["TOWLINE_ATTEMPT"] = std::to_string(job.attempt);
  variables["TOWLINE_JOB_TYPE"] = job.type;
  variables["TOWLINE_EXECUTION"] = job.execution;
  variables["TOWLINE_STATE"] = job.state;
  variables["TOWLINE_WORKER"] = facts.worker;
  variables["TOWLINE_SOCKET"] = facts.socket;
  variables["TOWLINE_AGENT"] = facts.agent;
  if (job.checkpoint) variables["TOWLINE_CHECKPOINT"] = *job.checkpoint;
  if (job.timeout_seconds) {
    variables["TOWLINE_TIMEOUT_SECONDS"] = std::to_string(*job.timeout_seconds);
  }
}

}  // namespace

bool IsPassed(const std::vector<std::string>& allowed, std::string_view name) {
  if (name.substr(0, 8) == "TOWLINE_") return false;
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view each) {
    if (each.empty() || each.back() != '*') return each == name;
    each.remove_suffix(1);
    return name.substr(0, each.size()) == each;
  });
}

std::vector<std::string> EnvironmentOf(const Program& program, const Job& job,
                                       const EnvironmentFacts& facts) {
  Variables variables;
  for (char** each = environ; *each != nullptr; each++) {
    const std::string_view text = *each;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (IsPassed(program.env_pass, name)) variables[std::string(name)] = text.substr(equals + 1);
  }
  const User& user = program.user ? *program.user : OwnUser();
  if (!user.home.empty()) variables["HOME"] = user.home;
  if (!user.name.empty()) variables["USER"] = variables["LOGNAME"] = user.name;
  if (!facts.folder.empty()) variables["TMPDIR"] = facts.folder;
  for (const auto& [name, value] : program.env) variables[name] = value;
  AddJob(job, facts, variables);
  std::vector<std::string> texts;
  texts.reserve(variables.size());
  for (const auto& [name, value] : variables) texts.push_back(name + "=" + value);
  return texts;
}

}  // namespace towline::worker
