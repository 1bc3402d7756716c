#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/job_log.h"

namespace towline::worker {

// Bounds of one job, with all that it starts. Zero: none.
struct Limits {
  double cpu = 0;      // cores
  int memory_mb = 0;   // MiB
  int pids = 0;        // processes and threads
  int open_files = 0;  // descriptors of one process
  int file_mb = 0;     // MiB of one file that it writes
  int output_mb = 4;   // MiB on standard output; above it the job is killed
};

// A user of the site's, looked up when the file is read.
struct User {
  std::string name{};
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
  std::string home{};
};

// What a job type runs: decided by the site's file, never by the centre.
struct Program {
  std::vector<std::string> argv{};  // with `shell`: one command line for /bin/sh -c
  bool shell = false;
  std::map<std::string, std::string> env{};  // on top of what is passed on
  // Which of the agent's own variables it gets; a name may end in '*'.
  std::vector<std::string> env_pass{"PATH", "LANG", "LC_*", "TZ"};
  std::string cwd{};
  bool private_tmp = true;     // a TMPDIR of its own, removed at the end
  std::optional<User> user{};  // default: the agent's
  Limits limits{};
  LogPolicy log{};
};

}  // namespace towline::worker
