#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "orchestrator/engine/tokens.h"
#include "statemachines/base/time.h"

namespace towline::logs {

// A piece of what one attempt of a job has printed.
struct LogPiece {
  engine::TaskRef task;
  std::uint32_t attempt = 0;
  std::string worker{};  // "tenant_worker": who says so
  // kHolder: the worker has the job, or had it last. Otherwise the piece is kept only if it
  // continues a log of this attempt that was the worker's; else it is refused, or, while nobody
  // knows yet whose the job is, not answered.
  enum class Sender { kHolder, kPerhaps, kStranger } sender = Sender::kStranger;
  std::string stream{};      // "stdout", "stderr", "note"
  std::uint64_t offset = 0;  // bytes of the attempt's log before it, of all streams
  std::string text{};        // UTF-8
  Timestamp written{};
  bool end = false;  // nothing of this attempt follows
  // When it is kept: up to where the log is; or nothing, when it is refused. Any thread. Not called
  // when it could not be kept just now: whoever has it says it again.
  std::function<void(std::optional<std::uint64_t>)> done{};
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Take(LogPiece piece) = 0;  // never blocks
};

}  // namespace towline::logs
