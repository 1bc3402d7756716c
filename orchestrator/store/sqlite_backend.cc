// A directory of databases and the lock that keeps a second server off it.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "orchestrator/store/sqlite_catalogue.h"
#include "orchestrator/store/sqlite_schema.h"
#include "orchestrator/store/sqlite_store.h"
#include "statemachines/base/check.h"

namespace towline::store {
namespace {

namespace fs = std::filesystem;

// Held while the process lives: the kernel gives it back however the process ends.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory) {
    const std::string path = directory + "/server.lock";
    file_ = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) {
      throw StoreError(path + ": cannot be opened: " + std::strerror(errno) +
                       "; check the directory's owner, mode and free space");
    }
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = ReadHolder();
      close(file_);
      throw StoreError(directory + ": in use by another server" + holder +
                       "; stop that one or give another directory");
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    // Only for the other server's message; the lock itself is the flock.
    if (ftruncate(file_, 0) != 0 || write(file_, pid.data(), pid.size()) < 0) errno = 0;
  }
  ~DirectoryLock() { close(file_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  std::string ReadHolder() const {
    char text[16] = {};
    const ssize_t size = pread(file_, text, sizeof text - 1, 0);
    const std::size_t digits = size > 0 ? std::strspn(text, "0123456789") : 0;
    return digits == 0 ? "" : " (process " + std::string(text, digits) + ")";
  }

  int file_ = -1;
};

std::string MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  if (error) throw StoreError(directory + ": cannot be made: " + error.message());
  if (!fs::is_directory(directory, error)) throw StoreError(directory + ": is no directory");
  return directory;
}

class SqliteBackend final : public Backend {
 public:
  SqliteBackend(const std::string& directory, int partitions_if_new)
      : directory_(MakeDirectory(directory)),
        lock_(directory_),
        catalogue_(CataloguePath(partitions_if_new), partitions_if_new) {
    for (int i = 0; i < catalogue_.Partitions(); i++) {
      if (fs::exists(PartitionPath(i))) continue;
      throw StoreError(PartitionPath(i) + ": is missing; restore the backup of the directory");
    }
  }

  Catalogue& catalogue() override { return catalogue_; }
  std::unique_ptr<Store> OpenPartition(int partition) override {
    return std::make_unique<SqliteStore>(PartitionPath(partition));
  }
  std::unique_ptr<Queries> OpenReader(int partition) override {
    return std::make_unique<SqliteReader>(PartitionPath(partition));
  }

 private:
  std::string PartitionPath(int partition) const {
    return directory_ + "/partition-" + std::to_string(partition) + ".db";
  }

  // The partitions are made before the catalogue that counts them: a crash in between leaves
  // empty files, which the next start finds harmless.
  std::string CataloguePath(int partitions_if_new) const {
    CHECK(partitions_if_new > 0);
    std::string path = directory_ + "/catalogue.db";
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (!error && size > 0) return path;
    for (int i = 0; i < partitions_if_new; i++) {
      const SqliteConnection made(PartitionPath(i), PartitionSchema(),
                                  {.writer = true, .create = true});
    }
    for (int i = 0; fs::exists(PartitionPath(i)); i++) {
      if (SqliteStore(PartitionPath(i)).LastKey() == 0) continue;
      throw StoreError(path + ": is missing, though " + PartitionPath(i) +
                       " has executions; restore the backup of the directory");
    }
    return path;
  }

  const std::string directory_;
  const DirectoryLock lock_;
  SqliteCatalogue catalogue_;
};

}  // namespace

std::unique_ptr<Backend> OpenSqliteBackend(const std::string& directory, int partitions_if_new) {
  return std::make_unique<SqliteBackend>(directory, partitions_if_new);
}

}  // namespace towline::store
