#include "orchestrator/objects/local_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace towline::objects {
namespace {

constexpr std::size_t kPageMax = 1000;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

bool BeginsWith(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin;
}

// The entry's name as it sorts, or nothing if it can be neither an object nor a folder of some.
std::string SortedName(int folder, const dirent& entry) {
  const std::string name = entry.d_name;
  if (name == "." || name == ".." || BeginsWith(name, kUnfinishedPrefix)) return {};
  unsigned char type = entry.d_type;
  if (type == DT_UNKNOWN) {
    struct stat status {};
    if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
    type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
  }
  if (type == DT_DIR) return name + "/";
  return type == DT_REG ? name : std::string();
}

// Keeps the `count` smallest.
void KeepSmallest(std::vector<std::string>& names, std::size_t count) {
  if (names.size() <= count) return;
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(names.begin(), end, names.end());
  names.erase(end, names.end());
}

}  // namespace

LocalListing::LocalListing(Descriptor bucket, const ListOptions& options, std::size_t window)
    : options_(options), window_(window) {
  levels_.push_back({.folder = std::move(bucket)});
}

// Whether a key that is `path`, or begins with it if it is a folder, can be wanted.
bool LocalListing::MayHold(const std::string& path) const {
  const std::string& prefix = options_.prefix;
  const std::string& after = options_.start_after;
  if (path.back() != '/') return BeginsWith(path, prefix) && path > after;
  if (!BeginsWith(path, prefix) && !BeginsWith(prefix, path)) return false;
  return path > after || BeginsWith(after, path);
}

// Reads the next window of names behind the last one.
Status LocalListing::Fill(Level& level) const {
  Descriptor again = OpenDirectoryAt(level.folder.get(), ".");
  const OpenFolder folder(again ? fdopendir(again.get()) : nullptr);
  if (!folder) return Failed(level.path, errno);
  again.release();  // the folder's now
  std::vector<std::string> names;
  bool dropped = false;
  for (;;) {
    errno = 0;
    const dirent* const entry = readdir(folder.get());
    if (entry == nullptr) break;
    std::string name = SortedName(level.folder.get(), *entry);
    if (name.empty() || name <= level.last || !MayHold(level.path + name)) continue;
    names.push_back(std::move(name));
    if (names.size() < 2 * window_) continue;
    KeepSmallest(names, window_);
    dropped = true;
  }
  if (errno != 0) return Failed(level.path, errno);
  dropped = dropped || names.size() > window_;
  KeepSmallest(names, window_);
  std::sort(names.begin(), names.end());
  level.names.assign(std::make_move_iterator(names.begin()),
                     std::make_move_iterator(names.end()));
  level.complete = !dropped;
  return Ok();
}

Result<std::vector<ObjectInfo>> LocalListing::NextPage() {
  std::vector<ObjectInfo> page;
  while (page.size() < kPageMax && !levels_.empty()) {
    Level& level = levels_.back();
    if (level.names.empty()) {
      if (level.complete) {
        levels_.pop_back();
        continue;
      }
      if (Status filled = Fill(level); !filled) return filled.error();
      continue;
    }
    const std::string name = std::move(level.names.front());
    level.names.pop_front();
    level.last = name;
    if (Status visited = Visit(name, page); !visited) return visited.error();
  }
  return page;
}

// A file is added to the page, a folder entered. What has gone in the meantime is passed over.
Status LocalListing::Visit(const std::string& name, std::vector<ObjectInfo>& page) {
  const Level& level = levels_.back();
  const std::string path = level.path + name;
  if (name.back() == '/') {
    Descriptor folder = OpenDirectoryAt(level.folder.get(), name.substr(0, name.size() - 1));
    if (!folder && errno != ENOENT && errno != ENOTDIR) return Failed(path, errno);
    if (folder) levels_.push_back({.folder = std::move(folder), .path = path});
    return Ok();
  }
  struct stat status {};
  if (fstatat(level.folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? Ok() : Failed(path, errno);
  }
  if (!S_ISREG(status.st_mode)) return Ok();
  ObjectInfo info{.key = path,
                  .size = static_cast<std::uint64_t>(status.st_size),
                  .last_modified = ModifiedAt(status)};
  if (options_.etags) {
    const Descriptor file(
        openat(level.folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file) return errno == ENOENT ? Ok() : Failed(path, errno);
    auto etag = EtagOf(file.get(), status);
    if (!etag) return Failed(path, EIO);
    info.etag = std::move(*etag);
  }
  page.push_back(std::move(info));
  return Ok();
}

Status LocalListing::Failed(const std::string& path, int code) const {
  return FileError({.bucket = options_.bucket, .key = path}, "list", code);
}

}  // namespace towline::objects
