#pragma once

// Names and ARNs, as callers write them. Wherever the API asks for a thing, its ARN
// (arn:towline:states:local:{tenant}:…) and its short name are taken.

#include <string>
#include <string_view>

#include "proto/jobs/topics.h"
#include "statemachines/base/result.h"

namespace towline::api {

inline constexpr std::string_view kDefaultTenant = "default";
inline constexpr std::size_t kNameLengthMax = 80;

struct MachineName {
  std::string tenant, name;
  std::string arn() const;
};
struct ExecutionId {
  std::string tenant, machine, name;
  std::string arn() const;
  std::string machine_arn() const;
  // Of the Map Run whose child it is; only of such.
  std::string map_run_arn() const;
};
// A Map Run is known by its id alone: the rest of its ARN says whose it is.
struct MapRunName {
  std::string tenant, machine, label, id;  // machine and label are empty when only the id was said
};
struct ActivityName {
  std::string tenant, name;
  std::string arn() const;
};

// 1 to 80 characters, none that the service refuses. Error InvalidName; `what` ("execution name")
// begins the message.
Status CheckName(std::string_view name, std::string_view what);

// The caller's tenant: as said, or "default". Error ValidationException for what is no name.
Result<std::string> ResolveTenant(std::string_view said);

// `said` is the tenant that the caller named, empty for none: then an ARN's own counts. An ARN of
// another tenant than the caller's is AccessDeniedException.
Result<MachineName> ParseMachine(std::string_view said, std::string_view text);
Result<ActivityName> ParseActivity(std::string_view said, std::string_view text);
// Short: "{machine}/{name}" or "{machine}:{name}". A child of a Map Run has "{machine}/{label}" for
// a machine.
Result<ExecutionId> ParseExecution(std::string_view said, std::string_view text);

// "ams-1", or with its tenant "acme_ams-1".
Result<jobs::Principal> ParseWorker(std::string_view said, const std::string& text);

// Short: its id.
Result<MapRunName> ParseMapRun(std::string_view said, std::string_view text);

// A fresh name for an execution: a UUID of version 7, which begins with the time. Executions that
// start together then lie together in the store's index by name: a third less work for a commit.
// Any thread.
std::string RandomName();

}  // namespace towline::api
