#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/objects/descriptor.h"
#include "orchestrator/objects/object_store.h"

// What LocalStore's parts share.
namespace towline::objects {

inline constexpr std::string_view kUnfinishedPrefix = ".towline-put-";

// The parts of a key, or nothing if it does not name a file below a bucket's folder.
std::vector<std::string> KeyParts(const std::string& key);
bool IsBucketName(const std::string& bucket);

// Opens `name` in the directory `at`. No link is followed; errno tells why it failed.
Descriptor OpenDirectoryAt(int at, const std::string& name);

Timestamp ModifiedAt(const struct stat& status);
// Changes with the file's identity, size and time of change.
std::string VersionOf(const struct stat& status);

// See LocalStore. Reads the file when it is small.
Result<std::string> EtagOf(int fd, const struct stat& status);

// The MD5 of bytes that come in pieces, as EtagOf gives it.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void Add(std::string_view bytes);
  std::string Etag();  // once

 private:
  void* const context_;
};

// errno in words, with the right error code for a full disk, missing rights, a name that is taken.
Error FileError(const ObjectName& name, const char* doing, int code);

}  // namespace towline::objects
