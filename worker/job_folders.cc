#include "worker/job_folders.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "/towline-jobs-";

std::string MakeBase() {
  const char* const given = std::getenv("TMPDIR");
  std::string path =
      std::string(given == nullptr || *given == '\0' ? "/tmp" : given) + kName + "XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return {};
  chmod(path.c_str(), 0711);  // jobs of other users go through it, and see nothing of each other
  return path;
}

}  // namespace

JobFolders::JobFolders(const std::string& state) : base_(MakeBase()) {
  if (state.empty()) return;
  const fs::path link = fs::path(state) / "tmp";
  std::error_code error;
  const fs::path old = fs::read_symlink(link, error);
  if (!error && old.string().find(kName) != std::string::npos) RemoveBehind(old.string());
  fs::remove(link, error);
  fs::create_symlink(base_, link, error);
}

JobFolders::~JobFolders() {
  if (!base_.empty()) RemoveBehind(base_);
  for (const pid_t pid : removers_) waitpid(pid, nullptr, 0);
}

std::string JobFolders::Make(const User* user) {
  if (base_.empty()) base_ = MakeBase();
  if (base_.empty()) return {};
  const std::string path = base_ + "/" + std::to_string(next_++);
  if (mkdir(path.c_str(), 0700) != 0) return {};
  if (user == nullptr || chown(path.c_str(), user->uid, user->gid) == 0) return path;
  const int error = errno;
  rmdir(path.c_str());
  errno = error;
  return {};
}

void JobFolders::Remove(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return;
  RemoveBehind(path);
}

void JobFolders::RemoveBehind(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return;
  std::string words[] = {"rm", "-rf", "--one-file-system", "--", path};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(),
                  words[3].data(), words[4].data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = -1;
  if (posix_spawn(&pid, "/bin/rm", nullptr, nullptr, argv, environment) == 0) {
    removers_.push_back(pid);
  }
}

bool JobFolders::IsRemover(pid_t pid) const {
  return std::find(removers_.begin(), removers_.end(), pid) != removers_.end();
}

void JobFolders::Reap() {
  const auto gone = [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; };
  removers_.erase(std::remove_if(removers_.begin(), removers_.end(), gone), removers_.end());
}

}  // namespace towline::worker
