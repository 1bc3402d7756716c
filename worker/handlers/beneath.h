#pragma once

#include <string>

#include "statemachines/base/result.h"

namespace towline::handlers {

// A file descriptor's owner.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  ~Fd();
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Opens `path`, relative to the directory `root`; the kernel sees to it that no step of the way
// leads out of it. Errors: kPermissionDenied, it would lead out; kNotFound; kInternal, the rest.
Result<Fd> OpenBeneath(const std::string& root, const std::string& path, int flags);

// What errno says, as an error about `path`.
Error FileError(const std::string& path, int number);

}  // namespace towline::handlers
