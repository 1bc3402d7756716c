#include "proto/jobs/topics.h"

#include <charconv>

namespace towline::jobs {
namespace {

constexpr std::string_view kRoot = "towline/1/";
constexpr int kPartitionMax = 65535;

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsName(std::string_view name, std::size_t size_max) {
  if (name.empty() || name.size() > size_max || !IsLowerOrDigit(name.front())) return false;
  for (const char c : name) {
    if (!IsLowerOrDigit(c) && c != '-') return false;
  }
  return true;
}

std::string Topic(std::string_view principal, std::string_view leaf) {
  std::string topic;
  topic.reserve(kRoot.size() + principal.size() + 1 + leaf.size());
  topic.append(kRoot).append(principal).append("/").append(leaf);
  return topic;
}

// Exactly as we print it: no sign, no leading zero.
std::optional<int> ParsePartition(std::string_view text) {
  int partition = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (partition < 0 || partition > kPartitionMax) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return text.front() == '-' ? std::nullopt : std::optional<int>(partition);
}

}  // namespace

bool IsTenantName(std::string_view name) { return IsName(name, 32); }
bool IsWorkerName(std::string_view name) { return IsName(name, 31); }

bool IsJobType(std::string_view name) {
  const auto is_alnum = [](char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); };
  if (name.empty() || name.size() > 80 || !is_alnum(name.front())) return false;
  for (const char c : name) {
    if (!is_alnum(c) && c != '_' && c != '-') return false;
  }
  return true;
}

std::optional<Principal> Principal::Parse(std::string_view text) {
  const std::size_t bar = text.find('_');  // neither name can hold one
  if (bar == std::string_view::npos) return std::nullopt;
  const std::string_view tenant = text.substr(0, bar);
  const std::string_view worker = text.substr(bar + 1);
  if (!IsTenantName(tenant) || !IsWorkerName(worker)) return std::nullopt;
  return Principal{std::string(tenant), std::string(worker)};
}

std::string JobsTopic(std::string_view principal) { return Topic(principal, "jobs"); }
std::string ControlTopic(std::string_view principal) { return Topic(principal, "control"); }
std::string PresenceTopic(std::string_view principal) { return Topic(principal, "presence"); }
std::string EventsTopic(std::string_view principal) { return Topic(principal, "events"); }
std::string ResultsTopic(std::string_view principal, int partition) {
  return Topic(principal, "results/" + std::to_string(partition));
}
std::string CallbacksTopic(std::string_view principal) { return Topic(principal, "callbacks"); }
std::string ReplyTopic(std::string_view principal, std::uint64_t request) {
  return Topic(principal, "replies/" + std::to_string(request));
}

std::optional<ParsedTopic> ParseTopic(std::string_view topic) {
  if (topic.substr(0, kRoot.size()) != kRoot) return std::nullopt;
  topic.remove_prefix(kRoot.size());
  const std::size_t slash = topic.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view leaf = topic.substr(slash + 1);
  ParsedTopic parsed;
  parsed.principal = std::string(topic.substr(0, slash));
  if (!Principal::Parse(parsed.principal)) return std::nullopt;
  constexpr std::string_view kResults = "results/";
  if (leaf.substr(0, kResults.size()) == kResults && leaf.size() > kResults.size()) {
    const auto partition = ParsePartition(leaf.substr(kResults.size()));
    if (!partition) return std::nullopt;
    parsed.kind = TopicKind::kResults;
    parsed.partition = *partition;
    return parsed;
  }
  constexpr std::pair<std::string_view, TopicKind> kLeaves[] = {
      {"jobs", TopicKind::kJobs},
      {"control", TopicKind::kControl},
      {"presence", TopicKind::kPresence},
      {"events", TopicKind::kEvents},
      {"callbacks", TopicKind::kCallbacks}};
  for (const auto& [name, kind] : kLeaves) {
    if (leaf != name) continue;
    parsed.kind = kind;
    return parsed;
  }
  return std::nullopt;
}

}  // namespace towline::jobs
