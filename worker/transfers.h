#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "worker/payload_door.h"
#include "worker/payloads.h"
#include "worker/wake_queue.h"

namespace towline::worker {

// Moves large payloads on threads of its own. What is fetched lies in a directory of the machine's
// for temporary files (TMPDIR, else /var/tmp), which a job of another user can read if it is told
// the path, and cannot look through; what is kept in STATE/outgoing. A fetch that broke off goes on
// where it was; an upload where the server says.
//
// One descriptor tells that something has happened; HandleReady() then tells the sink. The
// destructor ends what is under way.
class Transfers : public Payloads {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void OnFetched(JobId id, Result<Fetched> fetched) = 0;
    virtual void OnKept(JobId id, Result<Reference> kept) = 0;
    virtual void OnUploaded(JobId id, Status uploaded) = 0;
  };
  struct Options {
    std::string state{};  // the agent's directory
    PayloadDoor::Options door{};
    std::chrono::milliseconds pause{1000};  // after a failure; twice that after the next, …
  };

  // Throws std::system_error or std::filesystem::filesystem_error when it has no directories.
  Transfers(Options options, Sink& sink);
  ~Transfers() override;
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  int fd() const { return events_.fd(); }
  void HandleReady();
  // Of the files that jobs write their outputs to before they are kept.
  const std::string& outgoing() const { return outgoing_; }

  void Fetch(JobId id, std::vector<Reference> references, bool as_text) override;
  void Discard(JobId id) override;
  void Keep(JobId id, const JournalKey& key, std::string text, std::string file) override;
  void Upload(JobId id, const JournalKey& key, const Reference& reference) override;
  void Release(const JournalKey& key) override;
  void Drop(const std::string& file) override;
  std::optional<std::uint64_t> KeptBytes(const JournalKey& key) const override;
  void KeepOnly(const std::vector<JournalKey>& keys) override;
  void Abort(JobId id) override;

 private:
  using Clock = std::chrono::steady_clock;
  using What = std::variant<Result<Fetched>, Result<Reference>, Status>;
  struct Event {
    JobId id = 0;
    What what;
  };
  enum class Kind { kFetch, kKeep, kUpload };
  struct Task {
    Kind kind = Kind::kFetch;
    JobId id = 0;
    std::vector<Reference> references{};  // an upload has one
    bool as_text = false;
    std::string folder{};         // of a fetch
    std::string path{};           // of what is kept
    std::string text{};           // what to keep, or
    std::string file{};           // where it is
    std::set<std::string> done{};  // fetched and verified
    int failures = 0;              // in a row, without a byte between
    int mismatches = 0;
    bool running = false;
    Clock::time_point due{};
    std::stop_source stop{};
  };

  void Add(std::shared_ptr<Task> task);
  void Work();
  std::shared_ptr<Task> Next(Clock::time_point& until) const;  // with mutex_
  Result<What> Do(Task& task) const;
  Result<What> DoFetch(Task& task) const;
  Status FetchOne(Task& task, const Reference& reference) const;
  What DoKeep(Task& task) const;
  Status DoUpload(Task& task) const;
  static What Failed(Kind kind, Error error);
  std::string PathOf(const JournalKey& key) const;

  const Options options_;
  const PayloadDoor door_;
  Sink& sink_;
  const std::string outgoing_;
  const std::string incoming_;
  WakeQueue<Event> events_;
  std::map<JobId, std::string> folders_;  // the agent's thread only

  std::mutex mutex_;
  std::condition_variable ready_;
  bool ending_ = false;                     // guarded by mutex_
  std::list<std::shared_ptr<Task>> tasks_;  // guarded by mutex_
  std::vector<std::jthread> threads_;       // last
};

}  // namespace towline::worker
