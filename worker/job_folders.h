#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "worker/program.h"

namespace towline::worker {

// The private temporary directories of jobs, in one directory of the agent's. What an earlier life
// has left is removed: the state directory holds a link to it. Used by the agent's thread only;
// large trees are removed by `rm`, so that the agent does not wait for them.
class JobFolders {
 public:
  explicit JobFolders(const std::string& state);  // empty: no link, nothing to take over
  ~JobFolders();
  JobFolders(const JobFolders&) = delete;
  JobFolders& operator=(const JobFolders&) = delete;

  // A fresh directory that only the user may enter; empty with errno set when there is none.
  std::string Make(const User* user);
  void Remove(const std::string& path);
  // The removers that still run are children of the agent's, and no job's.
  bool IsRemover(pid_t pid) const;
  void Reap();

 private:
  void RemoveBehind(const std::string& path);

  std::string base_;
  std::uint64_t next_ = 1;
  std::vector<pid_t> removers_;
};

}  // namespace towline::worker
