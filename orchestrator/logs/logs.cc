#include "orchestrator/logs/logs.h"

#include <set>
#include <utility>

#include "statemachines/base/log.h"

namespace towline::logs {
namespace {

// Waiting to be written; beyond it pieces are dropped unanswered, and said again.
constexpr std::size_t kWaitingBytesMax = 16 << 20;
constexpr std::size_t kPieceBytes = 256;  // of a piece besides its text

}  // namespace

Logs::Logs(const std::string& path, LogLimits limits, engine::WatchHub& hub)
    : path_(path), limits_(limits), hub_(hub) {
  const LogWriter makes_it(path_, limits_);  // or says at once why it cannot
}

Logs::~Logs() { Stop(); }

void Logs::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Logs::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  RunOnce();
}

void Logs::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      const auto some = [this] { return !waiting_.empty() || !forgotten_.empty(); };
      if (!ready_.wait(lock, stop, some)) return;
    }
    RunOnce();
  }
}

void Logs::Take(LogPiece piece) {
  const std::size_t bytes = kPieceBytes + piece.text.size();
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + bytes > kWaitingBytesMax) return;
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(piece));
  }
  ready_.notify_one();
}

void Logs::Forget(const LogOwner& owner) {
  {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(owner);
  }
  ready_.notify_one();
}

void Logs::RunOnce() {
  std::vector<LogPiece> pieces;
  std::vector<LogOwner> forgotten;
  {
    const std::lock_guard lock(mutex_);
    pieces.swap(waiting_);
    forgotten.swap(forgotten_);
    waiting_bytes_ = 0;
    writing_ = true;
  }
  const bool written = Write(pieces, forgotten);
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
  }
  if (!written) return;
  std::set<LogOwner> touched;
  for (const LogPiece& piece : pieces) touched.insert({piece.task.partition, piece.task.execution});
  for (const LogOwner& owner : touched) {
    hub_.Notify({owner.partition, owner.execution}, {.kind = engine::Notice::Kind::kLogs});
  }
}

// False: the disk refuses. Nobody is answered, so all of it is said again.
bool Logs::Write(std::vector<LogPiece>& pieces, const std::vector<LogOwner>& forgotten) {
  if (pieces.empty() && forgotten.empty()) return true;
  try {
    if (!writer_) writer_.emplace(path_, limits_);
    for (const LogOwner& owner : forgotten) writer_->Forget(owner);
    if (!pieces.empty()) {
      const auto kept = writer_->Append(pieces);
      for (std::size_t i = 0; i < pieces.size(); i++) {
        const bool silent = !kept[i] && pieces[i].sender == LogPiece::Sender::kPerhaps;
        if (pieces[i].done && !silent) pieces[i].done(kept[i]);
      }
    }
    complained_ = false;
    return true;
  } catch (const store::StoreError& error) {
    if (!std::exchange(complained_, true)) {
      Log(LogLevel::kWarning, "logs_not_kept", {{"why", error.what()}});
    }
  }
  try {
    if (writer_) writer_->Recover();
  } catch (const store::StoreError&) {
    // The next write tells.
  }
  return false;
}

bool Logs::idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && forgotten_.empty() && !writing_;
}

std::vector<LogEntry> Logs::Read(const LogOwner& owner, std::int64_t after, std::size_t bytes_max) {
  const std::lock_guard lock(reading_);
  if (!reader_) reader_.emplace(path_);
  return reader_->Read(owner, after, bytes_max);
}

bool Logs::AllEnded(const LogOwner& owner) {
  const std::lock_guard lock(reading_);
  if (!reader_) reader_.emplace(path_);
  return reader_->AllEnded(owner);
}

std::vector<LogOwner> Logs::Owners(const LogOwner& after, int limit) {
  return LogReader(path_).Owners(after, limit);  // seldom: not worth an open file meanwhile
}

}  // namespace towline::logs
