#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "statemachines/base/reference.h"

namespace towline::worker {

// An open file, private when it is made; fd() is -1 with errno set when it could not be.
class File {
 public:
  File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// What the file holds, from its beginning. Nothing with errno set where it cannot be read; with
// ECANCELED when it was stopped.
std::optional<Reference> Summed(int file, const std::stop_token& stop);

// False with errno set.
bool WriteAll(int file, std::string_view text);

}  // namespace towline::worker
