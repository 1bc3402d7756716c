#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "orchestrator/objects/s3_store.h"

namespace towline::objects {

// fake_s3.py as a process of its own; ends with the object.
class FakeS3 {
 public:
  explicit FakeS3(const std::vector<std::string>& arguments = {});
  ~FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;

  int port() const { return port_; }
  // Options for it with credentials that it knows, and with waits that suit a test.
  S3Options Options() const;
  // "METHOD bucket key query range" of every request so far that begins with `begin`.
  std::vector<std::string> Requests(const std::string& begin) const;

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace towline::objects
