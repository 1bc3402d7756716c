#include "worker/program_limits.h"

#include <sys/resource.h>

namespace towline::worker {
namespace {

constexpr rlim_t kMebi = 1 << 20;

// The kernel counts the processes of a user, and not those of root.
bool CountsProcesses(const Program& program) { return program.user && program.user->uid != 0; }

}  // namespace

std::vector<ResourceLimit> ResourceLimitsOf(const Program& program, const Cgroups* cgroups) {
  const Limits& limits = program.limits;
  std::vector<ResourceLimit> kept;
  const auto add = [&](int resource, int value, rlim_t unit) {
    if (value > 0) kept.push_back({resource, static_cast<rlim_t>(value) * unit});
  };
  add(RLIMIT_NOFILE, limits.open_files, 1);
  add(RLIMIT_FSIZE, limits.file_mb, kMebi);
  if (cgroups == nullptr || !cgroups->has_memory()) add(RLIMIT_DATA, limits.memory_mb, kMebi);
  if ((cgroups == nullptr || !cgroups->has_pids()) && CountsProcesses(program)) {
    add(RLIMIT_NPROC, limits.pids, 1);
  }
  return kept;
}

std::vector<std::string> UnkeptLimitsOf(const Program& program, const Cgroups* cgroups) {
  std::vector<std::string> unkept;
  const Limits& limits = program.limits;
  if (limits.cpu > 0 && (cgroups == nullptr || !cgroups->has_cpu())) unkept.push_back("cpu");
  if (limits.pids > 0 && (cgroups == nullptr || !cgroups->has_pids()) &&
      !CountsProcesses(program)) {
    unkept.push_back("pids");
  }
  return unkept;
}

std::size_t OutBytesMax(const Limits& limits) {
  return static_cast<std::size_t>(limits.output_mb) << 20;
}

}  // namespace towline::worker
