#include "worker/handlers/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "proto/jobs/json_text.h"
#include "statemachines/base/time.h"
#include "worker/handlers/beneath.h"
#include "statemachines/base/base64.h"
#include "worker/handlers/input.h"

namespace towline::handlers {
namespace {

constexpr std::int64_t kOffsetMax = std::int64_t{1} << 50;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

sdk::Failure Translate(const Error& error) {
  switch (error.code) {
    case Error::Code::kNotFound:
      return {"File.NotFound", error.message};
    case Error::Code::kPermissionDenied:
      return {kRefused, error.message};
    default:
      return {"File.Failed", error.message};
  }
}

sdk::Failure Failed(const std::string& path) { return Translate(FileError(path, errno)); }

const char* TypeOf(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  return S_ISLNK(mode) ? "link" : "other";
}

json::object Describe(const struct stat& about) {
  const Timestamp modified{
      Millis(std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000)};
  return {{"type", TypeOf(about.st_mode)},
          {"size", std::int64_t{about.st_size}},
          {"modified", FormatTimestamp(modified)}};
}

// The folder of a path, and its last part, which is always a name.
struct Place {
  std::string folder = ".";
  std::string name{};
};
std::optional<Place> Split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  Place place{.name = slash == std::string::npos ? path : path.substr(slash + 1)};
  if (slash != std::string::npos) place.folder = path.substr(0, slash);
  const bool good = !place.name.empty() && place.name != "." && place.name != ".." && slash != 0;
  if (!good) return std::nullopt;
  return place;
}

bool WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

sdk::Outcome Encode(const std::string& path, const std::string& encoding,
                    const std::string& content, std::int64_t size) {
  json::object output{{"bytes", static_cast<std::int64_t>(content.size())}, {"size", size}};
  if (encoding == "base64") {
    output["content"] = ToBase64(content);
  } else if (encoding == "json") {
    const auto parsed = ParseJson(content);
    if (!parsed) {
      return sdk::Failure{"File.Failed", "'" + path + "' is not JSON: " + parsed.error().message};
    }
    output["content"] = **parsed;
  } else if (IsUtf8(content)) {
    output["content"] = content;
  } else {
    return sdk::Failure{"File.Failed", "'" + path + "' is not UTF-8; read it as base64"};
  }
  return output;
}

std::optional<std::string> Decode(const std::string& encoding, const Input& in) {
  const json::value* const value = in.Find("content");
  if (value == nullptr) return std::nullopt;
  if (encoding == "json") return PrintJson(*value) + "\n";
  if (!value->is_string()) return std::nullopt;
  const std::string text(value->get_string().data(), value->get_string().size());
  return encoding == "base64" ? FromBase64(text) : text;
}

// A file that is whole and on disk, or as it was.
bool Replace(int folder, const std::string& part_name, const std::string& name,
             std::string_view content) {
  unlinkat(folder, part_name.c_str(), 0);
  const Fd part(openat(folder, part_name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  const bool done = part.get() >= 0 && WriteAll(part.get(), content) && fsync(part.get()) == 0 &&
                    renameat(folder, part_name.c_str(), folder, name.c_str()) == 0 &&
                    fsync(folder) == 0;
  if (done) return true;
  const int number = errno;
  unlinkat(folder, part_name.c_str(), 0);
  errno = number;
  return false;
}

class File {
 public:
  explicit File(FileConfig config) : config_(std::move(config)) {}

  sdk::Outcome Run(const json::value& input, sdk::Context& context) const {
    Input in(input, {"op", "root", "path", "encoding", "content", "offset", "length"});
    const std::string op = in.Text("op");
    const std::string root_name = in.Text("root");
    const std::string path = op == "list" ? in.MaybeText("path").value_or(".") : in.Text("path");
    const std::string encoding = in.MaybeText("encoding").value_or("text");
    if (encoding != "text" && encoding != "base64" && encoding != "json") {
      in.Refuse("'encoding' must be text, base64 or json");
    }
    if (!in.good()) return in.failure();
    const auto root = config_.roots.find(root_name);
    if (root == config_.roots.end()) {
      return sdk::Failure{kRefused, "the site has no root of that name for this job type"};
    }
    if ((op == "write" || op == "delete") && !config_.write) {
      return sdk::Failure{kRefused, "the site allows this job type to read only"};
    }
    if (op == "read") return Read(root->second, path, encoding, in);
    if (op == "write") return Write(root->second, path, encoding, in, context);
    if (op == "list") return List(root->second, path, context);
    if (op == "stat") return Stat(root->second, path);
    if (op == "delete") return Delete(root->second, path);
    return sdk::Failure{kBadInput, "'op' must be read, write, list, stat or delete"};
  }

 private:
  sdk::Outcome Read(const std::string& root, const std::string& path, const std::string& encoding,
                    Input& in) const {
    const auto offset = in.Integer("offset", 0, 0, kOffsetMax);
    const auto length = in.Integer("length", -1, 0, config_.bytes_max);
    if (!in.good()) return in.failure();
    // Not to wait for whoever should write to a pipe.
    const auto file = OpenBeneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file) return Translate(file.error());
    struct stat about {};
    if (fstat(file->get(), &about) != 0) return Failed(path);
    if (!S_ISREG(about.st_mode)) return sdk::Failure{"File.Failed", "'" + path + "' is no file"};
    const std::int64_t left = std::max<std::int64_t>(about.st_size - offset, 0);
    if (length < 0 && left > config_.bytes_max) {
      return sdk::Failure{"File.TooLarge", "'" + path + "' has " + std::to_string(left) +
                                               " bytes, more than " +
                                               std::to_string(config_.bytes_max) +
                                               "; read it in parts with offset and length"};
    }
    std::string content(static_cast<std::size_t>(length < 0 ? left : std::min(left, length)), '\0');
    std::size_t filled = 0;
    while (filled < content.size()) {
      const ssize_t got = pread(file->get(), content.data() + filled, content.size() - filled,
                                offset + static_cast<std::int64_t>(filled));
      if (got < 0 && errno != EINTR) return Failed(path);
      if (got == 0) break;
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    content.resize(filled);
    return Encode(path, encoding, content, about.st_size);
  }

  sdk::Outcome Write(const std::string& root, const std::string& path, const std::string& encoding,
                     const Input& in, sdk::Context& context) const {
    const std::optional<std::string> content = Decode(encoding, in);
    if (!content) return sdk::Failure{kBadInput, "'content' is missing or is not " + encoding};
    if (content->size() > static_cast<std::size_t>(config_.bytes_max)) {
      return sdk::Failure{"File.TooLarge",
                          "at most " + std::to_string(config_.bytes_max) + " bytes are written"};
    }
    const auto place = Split(path);
    if (!place) return sdk::Failure{kBadInput, "'path' does not end in a file's name"};
    const auto folder = OpenBeneath(root, place->folder, O_RDONLY | O_DIRECTORY);
    if (!folder) return Translate(folder.error());
    struct stat about {};
    if (fstatat(folder->get(), place->name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(about.st_mode)) {
      return sdk::Failure{kRefused, "'" + path + "' is there already and is no file"};
    }
    // This task's alone; what a crash has left behind, its next try replaces.
    const auto hash = std::hash<std::string>{}(context.about().token + "/" + place->name);
    const std::string part = ".towline-" + std::to_string(hash) + ".part";
    if (!Replace(folder->get(), part, place->name, *content)) return Failed(path);
    return json::object{{"bytes", static_cast<std::int64_t>(content->size())}};
  }

  sdk::Outcome List(const std::string& root, const std::string& path, sdk::Context& context) const {
    const auto folder = OpenBeneath(root, path, O_RDONLY | O_DIRECTORY);
    if (!folder) return Translate(folder.error());
    const std::unique_ptr<DIR, CloseFolder> open(
        fdopendir(fcntl(folder->get(), F_DUPFD_CLOEXEC, 0)));
    if (open == nullptr) return Failed(path);
    std::vector<std::string> names;
    while (const dirent* const entry = readdir(open.get())) {
      const std::string name(entry->d_name);
      if (name == "." || name == "..") continue;
      if (context.stop().stop_requested()) return sdk::Failure{kCancelled, "the list was ended"};
      if (names.size() == static_cast<std::size_t>(config_.entries_max)) {
        return sdk::Failure{"File.TooLarge", "'" + path + "' has more than " +
                                                 std::to_string(config_.entries_max) + " entries"};
      }
      names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    json::array entries;
    for (const std::string& name : names) {
      struct stat about {};
      if (fstatat(folder->get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
      json::object entry{{"name", jobs::ToUtf8(name)}};
      for (const auto& member : Describe(about)) entry.insert(member);
      entries.push_back(std::move(entry));
    }
    return json::object{{"entries", std::move(entries)}};
  }

  static sdk::Outcome Stat(const std::string& root, const std::string& path) {
    const auto file = OpenBeneath(root, path, O_PATH);
    if (!file) return Translate(file.error());
    struct stat about {};
    if (fstat(file->get(), &about) != 0) return Failed(path);
    return Describe(about);
  }

  static sdk::Outcome Delete(const std::string& root, const std::string& path) {
    const auto place = Split(path);
    if (!place) return sdk::Failure{kBadInput, "'path' does not end in a file's name"};
    const auto folder = OpenBeneath(root, place->folder, O_RDONLY | O_DIRECTORY);
    if (!folder) return Translate(folder.error());
    if (unlinkat(folder->get(), place->name.c_str(), 0) != 0) return Failed(path);
    fsync(folder->get());
    return json::object{};
  }

  const FileConfig config_;
};

}  // namespace

sdk::Function MakeFile(FileConfig config) {
  auto file = std::make_shared<File>(std::move(config));
  return
      [file](const json::value& input, sdk::Context& context) { return file->Run(input, context); };
}

}  // namespace towline::handlers
