#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace towline::worker::testing {

// A directory of the test's own; gone with the object.
class Scratch {
 public:
  Scratch() {
    char path[] = "/tmp/towline-worker-XXXXXX";
    path_ = mkdtemp(path);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, const std::string& text, bool program = false) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path) << text;
    if (program) {
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
    return path;
  }
  std::string Read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ + "/" + name).rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

}  // namespace towline::worker::testing
