#include "orchestrator/dispatch/complaints.h"

#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kEntriesMax = 1000;
constexpr std::size_t kTextMax = 200;  // of foreign text in one log line
constexpr std::chrono::minutes kPause{1};

}  // namespace

bool Complaints::Add(std::string_view event, std::string_view sender, std::string_view problem,
                     Timestamp now) {
  std::string key(event);
  key.push_back(' ');
  key.append(sender.substr(0, kTextMax));
  if (entries_.size() >= kEntriesMax && entries_.find(key) == entries_.end()) {
    std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.logged >= kPause; });
    if (entries_.size() >= kEntriesMax) return false;
  }
  const auto [found, first] = entries_.try_emplace(std::move(key));
  Entry& entry = found->second;
  if (!first && now - entry.logged < kPause) {
    entry.quiet++;
    return false;
  }
  Log(LogLevel::kWarning, event,
      {{"sender", std::string(sender.substr(0, kTextMax))},
       {"problem", std::string(problem.substr(0, kTextMax))},
       {"not_logged_before", std::to_string(entry.quiet)}});
  entry = {now, 0};
  return true;
}

}  // namespace towline::dispatch
