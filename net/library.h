#pragma once

#include <dlfcn.h>

#include <string>

#include "statemachines/base/result.h"

namespace towline::net {

// A shared library that is loaded while the program runs; it stays until the process ends.
class Library {
 public:
  // `name` as the loader knows it: "libcurl.so.4".
  explicit Library(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) NoteProblem(name);
  }

  template <class Function>
  void Find(const char* name, Function& function) {
    if (!problem_.empty()) return;
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (function == nullptr) NoteProblem(name);
  }

  // Whether it and all that was looked for are there. The error tells people what needs it, and
  // which package has it.
  Status Whole(const std::string& needed_by, const std::string& package) const {
    if (problem_.empty()) return Ok();
    return Error{Error::Code::kFailedPrecondition,
                 needed_by + ": " + problem_ + "; install the package " + package};
  }

 private:
  void NoteProblem(const char* name) {
    const char* const reason = dlerror();
    problem_ = reason != nullptr ? reason : name;
  }

  void* const handle_;
  std::string problem_;
};

}  // namespace towline::net
