#include "worker/program_text.h"

#include <sys/wait.h>

#include <cstring>

#include "proto/jobs/json_text.h"

namespace towline::worker {
namespace {

constexpr std::size_t kMessageBytesMax = 1 << 10;
constexpr std::size_t kExcerptBytes = 200;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The program's own words for why it has failed.
bool TakeOwnWords(std::string_view out, Outcome& outcome) {
  std::string error;
  std::string cause;
  jobs::JsonReader in(out);
  const bool read = in.Object([&](std::string_view key) {
    if (key == "error") return in.String(error);
    if (key == "cause") return in.String(cause);
    return in.Skip();
  });
  if (!read || !in.End() || error.empty()) return false;
  outcome.error = std::move(error);
  outcome.cause = std::move(cause);
  return true;
}

Outcome FailureOf(const ProgramEnd& end) {
  Outcome outcome;
  const std::string_view said = Trimmed(end.err_tail);
  std::string words = said.empty() ? "" : ": " + std::string(said);
  if (end.pids_refused > 0) {
    words = " (limits.pids = " + std::to_string(end.limits.pids) + " has refused " +
            std::to_string(end.pids_refused) + " new processes)" + words;
  }
  if (end.oom_kills > 0) {
    outcome.error = "Towline.MemoryLimit";
    outcome.cause = "it used more than limits.memory_mb = " + std::to_string(end.limits.memory_mb) +
                    " and was killed" + words;
    return outcome;
  }
  if (WIFSIGNALED(end.wait_status)) {
    const int signal = WTERMSIG(end.wait_status);
    outcome.error = "Towline.ProgramKilled";
    outcome.cause = "signal " + std::to_string(signal) + " (" + strsignal(signal) + ")" + words;
  } else if (!TakeOwnWords(Trimmed(end.out), outcome)) {
    outcome.error = "Towline.ProgramFailed";
    outcome.cause = "exit code " + std::to_string(WEXITSTATUS(end.wait_status)) + words;
  }
  return outcome;
}

}  // namespace

std::optional<std::string> JsonOf(std::string_view text) {
  text = Trimmed(text);
  jobs::JsonReader in(text);
  if (!in.Skip() || !in.End()) return std::nullopt;
  return std::string(text);
}

Outcome OutcomeOf(const ProgramEnd& end) {
  if (end.out_bytes > end.out.size()) {
    return {.error = "States.DataLimitExceeded",
            .cause = "the program printed more than " + std::to_string(end.out_bytes_max) +
                     " bytes: " + std::to_string(end.out_bytes) + " when it ended"};
  }
  if (!WIFEXITED(end.wait_status) || WEXITSTATUS(end.wait_status) != 0) return FailureOf(end);
  const std::string_view text = Trimmed(end.out);
  if (text.empty()) return {.succeeded = true, .output = "null"};
  jobs::JsonReader in(text);
  if (in.Skip() && in.End()) return {.succeeded = true, .output = std::string(text)};
  std::string cause = "standard output is not JSON (" + in.error().message + ")";
  if (end.quote_output) {
    cause +=
        "; it begins with: " + end.blot.Excerpt(std::string(text.substr(0, kExcerptBytes)));
  }
  return {.error = "Towline.InvalidOutput", .cause = std::move(cause)};
}

std::optional<ProgressLine> ParseProgressLine(std::string_view line) {
  ProgressLine said;
  Progress& progress = said.progress;
  bool heartbeat = false;
  jobs::JsonReader in(line);
  const bool read = in.Object([&](std::string_view key) {
    if (key == "heartbeat") return in.Bool(heartbeat);
    said.says_something = true;
    if (key == "percent") return in.Number(progress.percent.emplace());
    if (key == "message") return in.String(progress.message);
    if (key == "data") return in.Raw(progress.data.emplace());
    if (key == "checkpoint") return in.Raw(progress.checkpoint.emplace());
    return in.Skip();
  });
  if (!read || !in.End()) return std::nullopt;
  if (progress.percent && !(*progress.percent >= 0 && *progress.percent <= 100)) {
    return std::nullopt;
  }
  progress.message = jobs::ToUtf8(std::string_view(progress.message).substr(0, kMessageBytesMax));
  return said;
}

}  // namespace towline::worker
