#pragma once

// Included by dispatcher.h; its contents are dispatch's own affair.

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/dispatch/dispatcher.h"
#include "statemachines/base/json.h"

namespace towline::dispatch {

struct Worker;

// Travels with a Request through the partition and back.
struct Dispatcher::Reply {
  enum class What {
    kNothing,    // nobody waits for it
    kResult,     // acknowledge to the worker
    kCancelled,  // a worker's end of a cancelled job: acknowledge
    kStopped,    // a job that a worker has cancelled by itself: acknowledge
    kConfirm,    // nobody holds a cancelled job
    kAccept,
    kHeartbeat,
    kProbe,      // is a job that a worker holds still wanted?
    kOwn,        // RequeueJob, SubmitTask, FailTask of ours: a notice tells what came of it
    kHandOff,    // StartTask for a poller
    kCallback,
    kLog,        // a piece of a log has been kept, or refused
  };
  What what = What::kNothing;
  engine::TaskRef task{};
  std::uint32_t attempt = 0;
  engine::TaskVerdict verdict = engine::TaskVerdict::kStale;
  Worker* worker = nullptr;
  std::string token{};
  std::uint64_t poll = 0;
  // kResult: evidence should it turn out to be late.
  std::string evidence{};
  std::optional<Json> output{};
  // kLog: up to where it is kept; nothing: refused
  std::optional<std::uint64_t> kept{};
  // kCallback
  std::string topic{};
  std::string correlation{};
};

}  // namespace towline::dispatch
