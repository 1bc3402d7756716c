#pragma once

#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::children {

struct MachineName {
  std::string tenant, name;
};

// StateMachineArn of a nested execution: an ARN of ours, one of the service's own (its machine is
// looked for under the same name here), or a bare name. Error: none of these, or another tenant's.
Result<MachineName> ParseMachineName(std::string_view tenant, std::string_view text);

}  // namespace towline::children
