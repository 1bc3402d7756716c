#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/jobs/messages.h"
#include "statemachines/base/time.h"
#include "worker/handler.h"

namespace towline::worker {

// What jobs have printed and the server has not taken yet. Sans-io, used by the agent's thread.
//
// All streams of an attempt are one sequence of bytes; each piece carries its offset, so that what
// had to be dropped shows as a gap and what is sent again is recognised. Little is under way at a
// time, and only so much a second: a chatty job delays neither heartbeats nor results. All of it is
// memory, bounded: while nobody takes it the oldest goes first, and a kill of the agent loses it.
class LogOutbox {
 public:
  struct Limits {
    std::size_t buffer_bytes_max = 4 << 20;   // of all jobs
    std::size_t flight_bytes_max = 48 << 10;  // sent and not acknowledged
    std::size_t job_bytes_max = 32 << 10;     // the same, of one job
    Millis linger{100};                       // of the first text: so long may more of it join
    Millis pause{250};                        // between two batches
    Millis repeat{5'000};
    Millis repeat_max{60'000};
  };
  struct Counters {
    std::uint64_t dropped_bytes = 0;
  };

  LogOutbox() : LogOutbox(Limits{}) {}
  explicit LogOutbox(Limits limits) : limits_(limits) {}

  // Whole lines. Beyond `bytes_max` of a job only the head (three quarters) and the tail are kept.
  void Add(JobId id, const std::string& token, std::uint32_t attempt, std::string_view stream,
           std::string text, std::size_t bytes_max, Timestamp now);
  // Nothing more comes of this job.
  void End(JobId id, Timestamp now);
  void OnAck(const jobs::Control::LogAck& ack);
  // What is under way may be lost: a new connection, or a server that has just begun.
  void SayAgain(Timestamp now);

  // What is to be sent now; to be called only while there is a link.
  std::vector<jobs::WorkerEvent> Take(Timestamp now);
  // When Take() would give something at the latest; far away while nothing waits.
  Timestamp Next() const;

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return jobs_.empty(); }
  const Counters& counters() const { return counters_; }

 private:
  struct Piece {
    std::string stream{};
    std::int64_t offset = 0;
    std::string text{};
    Timestamp since{};
    std::int64_t end() const { return offset + static_cast<std::int64_t>(text.size()); }
  };
  struct JobLog {
    std::string token{};
    std::uint32_t attempt = 0;
    std::int64_t written = 0;  // the offset of what comes next
    std::int64_t sent = 0;     // up to here it is under way
    std::int64_t taken = 0;    // up to here it is acknowledged
    std::size_t head_left = 0;
    std::size_t tail_max = 0;
    std::size_t tail_bytes = 0;
    std::deque<Piece> pieces{};  // not acknowledged
    std::deque<Piece> tail{};    // beyond the head; sent at the end
    bool ended = false;
    bool end_sent = false;
    Timestamp due{};        // nothing is sent before
    Timestamp repeat_at{};  // zero: nothing is under way
    int repeats = 0;
  };

  static bool HasUnsent(const JobLog& job);
  static std::size_t Flight(const JobLog& job);
  static void Put(std::deque<Piece>& pieces, Piece piece, std::int64_t sent);
  static std::size_t DropFront(std::deque<Piece>& pieces, std::size_t bytes);
  void AddPiece(JobLog& job, std::string_view stream, std::string text, Timestamp now);
  void DropOldest();
  std::size_t TakeFrom(JobLog& job, Timestamp now, std::size_t room,
                       std::vector<jobs::WorkerEvent>& events);
  void Erase(JobId id);

  const Limits limits_;
  std::map<JobId, JobLog> jobs_;  // oldest first
  std::unordered_map<std::string, std::vector<JobId>> by_token_;
  std::size_t bytes_ = 0;
  Timestamp paused_until_{};
  JobId last_ = 0;  // the job that was served last
  Counters counters_;
};

}  // namespace towline::worker
