#include "worker/transfers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "statemachines/base/digest.h"
#include "statemachines/base/log.h"
#include "worker/payload_file.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kThreads = 4;
constexpr int kUploads = 2;  // at a time: what jobs wait for, to begin or to end, has the others
constexpr int kMismatchesMax = 3;
constexpr std::chrono::milliseconds kPauseMax{60'000};
constexpr const char* kIncomingName = "/towline-inputs-";

Error DiskError(const std::string& doing, const std::string& path) {
  return {Error::Code::kFailedPrecondition, doing + " " + path + ": " + std::strerror(errno),
          "Towline.PayloadNotKept"};
}

Error Stopped() { return {Error::Code::kDeadlineExceeded, "it was stopped"}; }

std::string MakeOutgoing(const std::string& state) {
  std::string path = state + "/outgoing";
  fs::create_directories(path);
  chmod(path.c_str(), 0700);
  return path;
}

// What an earlier life has fetched is removed: the state directory holds a link to it.
std::string MakeIncoming(const std::string& state) {
  const fs::path link = fs::path(state) / "incoming";
  std::error_code error;
  const fs::path old = fs::read_symlink(link, error);
  if (!error && old.string().find(kIncomingName) != std::string::npos) fs::remove_all(old, error);
  fs::remove(link, error);
  const char* const given = std::getenv("TMPDIR");
  std::string path = std::string(given == nullptr || *given == '\0' ? "/var/tmp" : given) +
                     kIncomingName + "XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + path);
  }
  chmod(path.c_str(), 0711);
  fs::create_symlink(path, link, error);
  return path;
}

}  // namespace

Transfers::Transfers(Options options, Sink& sink)
    : options_(std::move(options)),
      door_(options_.door),
      sink_(sink),
      outgoing_(MakeOutgoing(options_.state)),
      incoming_(MakeIncoming(options_.state)) {}

Transfers::~Transfers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& task : tasks_) task->stop.request_stop();
  }
  ready_.notify_all();
  threads_.clear();  // joins
  std::error_code error;
  fs::remove_all(incoming_, error);
}

std::string Transfers::PathOf(const JournalKey& key) const {
  // A token is the server's, and no file name.
  const std::string text = key.token + "#" + std::to_string(key.attempt);
  return outgoing_ + "/" + HexDigest("SHA-256", text).value();
}

void Transfers::Fetch(JobId id, std::vector<Reference> references, bool as_text) {
  std::string folder = incoming_ + "/XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return events_.Push({id, Result<Fetched>(DiskError("cannot make", folder))});
  }
  chmod(folder.c_str(), 0711);
  folders_[id] = folder;
  Add(std::make_shared<Task>(Task{.kind = Kind::kFetch,
                                  .id = id,
                                  .references = std::move(references),
                                  .as_text = as_text,
                                  .folder = std::move(folder)}));
}

void Transfers::Discard(JobId id) {
  const auto found = folders_.find(id);
  if (found == folders_.end()) return;
  std::error_code error;
  fs::remove_all(found->second, error);
  folders_.erase(found);
}

void Transfers::Keep(JobId id, const JournalKey& key, std::string text, std::string file) {
  Add(std::make_shared<Task>(Task{.kind = Kind::kKeep,
                                  .id = id,
                                  .path = PathOf(key),
                                  .text = std::move(text),
                                  .file = std::move(file)}));
}

void Transfers::Upload(JobId id, const JournalKey& key, const Reference& reference) {
  Add(std::make_shared<Task>(
      Task{.kind = Kind::kUpload, .id = id, .references = {reference}, .path = PathOf(key)}));
}

void Transfers::Release(const JournalKey& key) { Drop(PathOf(key)); }

void Transfers::Drop(const std::string& file) { unlink(file.c_str()); }

std::optional<std::uint64_t> Transfers::KeptBytes(const JournalKey& key) const {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(PathOf(key), error);
  if (error) return std::nullopt;
  return size;
}

void Transfers::KeepOnly(const std::vector<JournalKey>& keys) {
  std::set<std::string> kept;
  for (const JournalKey& key : keys) kept.insert(PathOf(key));
  std::vector<std::string> others;
  for (const auto& entry : fs::directory_iterator(outgoing_)) {
    if (kept.count(entry.path().string()) == 0) others.push_back(entry.path().string());
  }
  for (const std::string& path : others) Drop(path);
}

void Transfers::Abort(JobId id) {
  const std::lock_guard lock(mutex_);
  for (const auto& task : tasks_) {
    if (task->id != id) continue;
    task->stop.request_stop();
    task->due = {};
  }
  ready_.notify_all();
}

void Transfers::Add(std::shared_ptr<Task> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  if (threads_.size() < kThreads) threads_.emplace_back([this] { Work(); });
  ready_.notify_all();
}

std::shared_ptr<Transfers::Task> Transfers::Next(Clock::time_point& until) const {
  const auto now = Clock::now();
  until = now + kPauseMax;
  const auto uploads = std::count_if(tasks_.begin(), tasks_.end(), [](const auto& task) {
    return task->running && task->kind == Kind::kUpload;
  });
  for (const auto& task : tasks_) {
    if (task->running || (task->kind == Kind::kUpload && uploads >= kUploads)) continue;
    if (task->due <= now) return task;
    until = std::min(until, task->due);
  }
  return nullptr;
}

void Transfers::Work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    Clock::time_point until;
    const std::shared_ptr<Task> task = Next(until);
    if (task == nullptr) {
      ready_.wait_until(lock, until);
      continue;
    }
    task->running = true;
    lock.unlock();
    Result<What> what = Do(*task);
    const bool stopped = task->stop.stop_requested();
    if (!what && stopped) what = Failed(task->kind, Stopped());
    const bool over = what.has_value();
    if (over) {
      events_.Push({task->id, *std::move(what)});
    } else {
      Log(LogLevel::kWarning, "payload_waits",
          {{"why", what.error().message}, {"failures", std::to_string(task->failures)}});
    }
    lock.lock();
    task->running = false;
    if (over) {
      tasks_.remove(task);
      continue;
    }
    const auto pause = options_.pause * (1 << std::min(task->failures, 10));
    task->due = Clock::now() + std::min<Clock::duration>(pause, kPauseMax);
    task->failures++;
    if (task->stop.stop_requested()) task->due = {};  // meanwhile
  }
}

Transfers::What Transfers::Failed(Kind kind, Error error) {
  switch (kind) {
    case Kind::kFetch:
      return Result<Fetched>(std::move(error));
    case Kind::kKeep:
      return Result<Reference>(std::move(error));
    case Kind::kUpload:
      break;
  }
  return Status(std::move(error));
}

// An error means: again, later.
Result<Transfers::What> Transfers::Do(Task& task) const {
  if (task.kind == Kind::kKeep) return DoKeep(task);
  if (task.stop.stop_requested()) return Failed(task.kind, Stopped());
  if (task.kind == Kind::kFetch) return DoFetch(task);
  Status uploaded = DoUpload(task);
  if (!uploaded && uploaded.error().code == Error::Code::kUnavailable) return uploaded.error();
  return What(std::move(uploaded));
}

Result<Transfers::What> Transfers::DoFetch(Task& task) const {
  Fetched fetched;
  for (const Reference& reference : task.references) {
    const std::string path = task.folder + "/" + reference.sha256;
    if (task.done.count(reference.sha256) == 0) {
      const Status one = FetchOne(task, reference);
      if (!one && one.error().code == Error::Code::kUnavailable) return one.error();
      if (!one) return What(Result<Fetched>(one.error()));
      task.done.insert(reference.sha256);
    }
    fetched.paths[reference.sha256] = path;
    if (!task.as_text) continue;
    const File file(path, O_RDONLY);
    fetched.content.resize(reference.size);
    const ssize_t got = pread(file.fd(), fetched.content.data(), fetched.content.size(), 0);
    if (got < 0 || static_cast<std::uint64_t>(got) != reference.size) {
      return What(Result<Fetched>(DiskError("cannot read", path)));
    }
  }
  return What(Result<Fetched>(std::move(fetched)));
}

Status Transfers::FetchOne(Task& task, const Reference& reference) const {
  const std::string path = task.folder + "/" + reference.sha256;
  const File file(path, O_RDWR | O_CREAT);
  struct stat facts {};
  if (file.fd() < 0 || fstat(file.fd(), &facts) != 0) return DiskError("cannot open", path);
  auto have = static_cast<std::uint64_t>(facts.st_size);
  if (have < reference.size) {
    std::uint64_t received = have;
    const Status got =
        door_.Receive(reference, file.fd(), have, received, task.stop.get_token());
    if (received > have) task.failures = 0;
    if (ftruncate(file.fd(), static_cast<off_t>(received)) != 0) {  // what is beyond is not of it
      return DiskError("cannot write", path);
    }
    if (!got) return got.error();
    if (received < reference.size) return Error{Error::Code::kUnavailable, "it broke off"};
  }
  const auto sum = Summed(file.fd(), task.stop.get_token());
  if (!sum) return errno == ECANCELED ? Stopped() : DiskError("cannot read", path);
  if (*sum == reference) {
    fchmod(file.fd(), 0444);
    return Ok();
  }
  if (ftruncate(file.fd(), 0) != 0) return DiskError("cannot write", path);
  const std::string what = "what came as payload " + reference.sha256 + " is something else";
  if (++task.mismatches < kMismatchesMax) return Error{Error::Code::kUnavailable, what};
  return Error{Error::Code::kInternal, what + "; is a proxy in between?",
               "Towline.PayloadUnreachable"};
}

Transfers::What Transfers::DoKeep(Task& task) const {
  const auto failed = [&](const char* doing) {
    const Error error = DiskError(doing, task.path);
    unlink(task.path.c_str());
    if (!task.file.empty()) unlink(task.file.c_str());
    return What(Result<Reference>(error));
  };
  if (!task.file.empty() && rename(task.file.c_str(), task.path.c_str()) != 0) {
    return failed("cannot make");
  }
  const bool has_file = !task.file.empty();
  const File file(task.path, has_file ? O_RDWR : O_RDWR | O_CREAT | O_TRUNC);
  if (file.fd() < 0) return failed("cannot open");
  if (!has_file && !WriteAll(file.fd(), task.text)) return failed("cannot write");
  task.text = {};
  auto sum = Summed(file.fd(), std::stop_token());
  if (!sum) return failed("cannot read");
  if (fsync(file.fd()) != 0) return failed("cannot sync");
  const File folder(outgoing_, O_RDONLY | O_DIRECTORY);
  fsync(folder.fd());
  return Result<Reference>(*std::move(sum));
}

Status Transfers::DoUpload(Task& task) const {
  const Reference& reference = task.references[0];
  const std::stop_token stop = task.stop.get_token();
  auto stored = door_.Look(reference, stop);
  if (!stored) return stored.error();
  if (stored->whole) return Ok();
  const File file(task.path, O_RDONLY);
  struct stat facts {};
  if (file.fd() < 0 || fstat(file.fd(), &facts) != 0) return DiskError("cannot open", task.path);
  if (static_cast<std::uint64_t>(facts.st_size) != reference.size) {
    return Error{Error::Code::kInternal, task.path + " has changed since it was kept",
                 "Towline.PayloadNotKept"};
  }
  while (!stored->whole) {
    const std::uint64_t from = stored->bytes < reference.size ? stored->bytes : 0;
    stored = door_.Send(reference, file.fd(), from, stop);
    if (!stored && stored.error().name.find("ContentMismatch") != std::string::npos &&
        ++task.mismatches >= kMismatchesMax) {
      return Error{Error::Code::kInternal, stored.error().message, stored.error().name};
    }
    if (!stored) {
      // What the server has got of it meanwhile is progress, too.
      const auto now = door_.Look(reference, stop);
      if (now && (now->whole || now->bytes > from)) task.failures = 0;
      return stored.error();
    }
    if (stored->whole) return Ok();
    if (stored->bytes == from) {
      return Error{Error::Code::kUnavailable, "the server takes no more of the payload for now"};
    }
    task.failures = 0;
  }
  return Ok();
}

void Transfers::HandleReady() {
  for (Event& event : events_.TakeAll()) {
    if (auto* const fetched = std::get_if<Result<Fetched>>(&event.what)) {
      sink_.OnFetched(event.id, std::move(*fetched));
    } else if (auto* const kept = std::get_if<Result<Reference>>(&event.what)) {
      sink_.OnKept(event.id, std::move(*kept));
    } else {
      sink_.OnUploaded(event.id, std::get<Status>(std::move(event.what)));
    }
  }
}

}  // namespace towline::worker
