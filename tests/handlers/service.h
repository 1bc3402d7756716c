#pragma once

#include <sys/types.h>

#include <string>

namespace towline::handlers {

// A program in this folder that serves a loopback port and says "port N"; asked to end, and waited
// for, with the object.
class Service {
 public:
  explicit Service(const std::string& script);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  int port() const { return port_; }  // 0: what it needs is not installed

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace towline::handlers
