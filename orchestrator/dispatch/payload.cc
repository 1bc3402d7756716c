#include "orchestrator/dispatch/payload.h"

#include <algorithm>

#include "orchestrator/engine/request.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kTopicBytesMax = 65535;
constexpr std::string_view kReserved = "towline";

// The first level of a topic, or the whole.
std::string_view TakeLevel(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest.remove_prefix(more ? slash + 1 : rest.size());
  return level;
}

}  // namespace

std::string JobInput(const json::value& payload, std::uint64_t task, std::string_view token) {
  return engine::PutToken(PrintJson(payload), task, token);
}

std::string Publication(const json::value& payload, std::uint64_t task, std::string_view token) {
  if (!payload.is_string()) return JobInput(payload, task, token);
  const json::string& text = payload.get_string();
  return engine::PutToken(std::string(text.data(), text.size()), task, token);
}

bool FilterMatches(std::string_view filter, std::string_view topic) {
  if (filter == "#") return true;
  bool filter_more = true, topic_more = true;
  while (filter_more && topic_more) {
    const std::string_view wanted = TakeLevel(filter, filter_more);
    if (wanted == "#") return true;
    const std::string_view level = TakeLevel(topic, topic_more);
    if (wanted != "+" && wanted != level) return false;
  }
  if (!filter_more && !topic_more) return true;
  return !topic_more && filter == "#";  // "a/#" matches "a"
}

std::string WhyNotPublish(std::string_view topic, const std::vector<std::string>* allowed) {
  if (topic.empty()) return "The topic is empty.";
  if (topic.size() > kTopicBytesMax) return "The topic is longer than 65,535 bytes.";
  if (topic.find_first_of(std::string_view("+#\0", 3)) != std::string_view::npos) {
    return "The topic \"" + std::string(topic) +
           "\" holds a wildcard (+ or #) or a null character.";
  }
  if (topic.front() == '$') {
    return "The topic \"" + std::string(topic) + "\" begins with $, which belongs to the broker.";
  }
  std::string_view rest = topic;
  bool more = false;
  if (TakeLevel(rest, more) == kReserved) {
    return "The topic \"" + std::string(topic) +
           "\" lies under towline/, which belongs to the job protocol.";
  }
  if (allowed == nullptr) return {};
  const bool listed = std::any_of(allowed->begin(), allowed->end(), [&](const std::string& filter) {
    return FilterMatches(filter, topic);
  });
  if (listed) return {};
  return "The topic \"" + std::string(topic) +
         "\" is not on this tenant's list of topics; publish_allow in the server's configuration "
         "holds it.";
}

}  // namespace towline::dispatch
