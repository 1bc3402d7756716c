#include "orchestrator/engine/activities.h"

#include <vector>

#include "statemachines/base/log.h"

namespace towline::engine {

ActivityName ActivityOf(std::string_view arn, const std::string& tenant) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = arn.find(':');
    parts.push_back(arn.substr(0, colon));
    if (colon == std::string_view::npos) break;
    arn.remove_prefix(colon + 1);
  }
  const bool ours = parts.size() >= 7 && parts[1] == "towline";
  return {ours ? std::string(parts[4]) : tenant, std::string(parts.back())};
}

bool CatalogueActivities::Exists(const std::string& arn, const std::string& tenant) const {
  const ActivityName activity = ActivityOf(arn, tenant);
  try {
    return catalogue_.Activity(activity.tenant, activity.name).has_value();
  } catch (const store::StoreError& error) {
    Log(LogLevel::kError, "activity_not_looked_up", {{"activity", arn}, {"why", error.what()}});
    return true;
  }
}

}  // namespace towline::engine
