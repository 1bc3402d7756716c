#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace towline::jobs {

// Names of the job protocol (docs/job-protocol.md): they map onto every broker.
bool IsTenantName(std::string_view name);   // [a-z0-9][a-z0-9-]{0,31}; queues too
bool IsWorkerName(std::string_view name);   // [a-z0-9][a-z0-9-]{0,30}
bool IsJobType(std::string_view name);      // [A-Za-z0-9][A-Za-z0-9_-]{0,79}

// "{tenant}_{worker}": what the broker authenticates.
struct Principal {
  std::string tenant;
  std::string worker;
  std::string text() const { return tenant + "_" + worker; }
  auto operator<=>(const Principal&) const = default;
  static std::optional<Principal> Parse(std::string_view text);
};

// Everything of one worker lies under "towline/1/{principal}/".
std::string JobsTopic(std::string_view principal);
std::string ControlTopic(std::string_view principal);
std::string PresenceTopic(std::string_view principal);
std::string EventsTopic(std::string_view principal);
std::string ResultsTopic(std::string_view principal, int partition);
std::string CallbacksTopic(std::string_view principal);
// Where a worker's agent wants the answer to one callback; it subscribes to ".../replies/+".
std::string ReplyTopic(std::string_view principal, std::uint64_t request);

enum class TopicKind { kJobs, kControl, kPresence, kEvents, kResults, kCallbacks };
struct ParsedTopic {
  TopicKind kind = TopicKind::kEvents;
  std::string principal;
  int partition = 0;  // kResults
};
std::optional<ParsedTopic> ParseTopic(std::string_view topic);

}  // namespace towline::jobs
