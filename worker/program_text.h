#pragma once

// What programs print, and what the agent makes of it. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "worker/handler.h"
#include "worker/program.h"

namespace towline::worker {

// Everything that is known of a program when it has ended.
struct ProgramEnd {
  int wait_status = 0;        // as waitpid() gives it
  std::string out{};          // standard output, at most a little more than a job's limit
  std::size_t out_bytes = 0;  // all of it
  std::size_t out_bytes_max = jobs::kPayloadBytesMax;
  std::string err_tail{};     // the end of standard error
  int killed = 0;             // processes that did not end by themselves
  int left = 0;               // processes that a kill has not ended
  int oom_kills = 0;          // because of limits.memory_mb
  int pids_refused = 0;       // because of limits.pids
  bool quote_output = true;   // in a cause; not where the site keeps something to itself
  Limits limits{};
  Blot blot{};
};

// `text` without the white space around it, if that is one JSON value.
std::optional<std::string> JsonOf(std::string_view text);

// Exit code 0: standard output is the result, JSON (nothing: null). Any other: the job has failed,
// with the error and cause of a JSON object {"error": …, "cause": …} on standard output if there
// is one, else with Towline.ProgramFailed and the end of standard error.
Outcome OutcomeOf(const ProgramEnd& end);

// One line of file descriptor 3: {"percent": 40, "message": "…", "data": …, "checkpoint": …,
// "heartbeat": true}, all optional. Nothing when the line is not that.
struct ProgressLine {
  Progress progress{};
  bool says_something = false;  // besides the heartbeat
};
std::optional<ProgressLine> ParseProgressLine(std::string_view line);

}  // namespace towline::worker
