#include "orchestrator/children/machine_name.h"

#include <vector>

namespace towline::children {
namespace {

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(':', begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

Result<MachineName> ParseMachineName(std::string_view tenant, std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return Error{Error::Code::kInvalidArgument, "Invalid Arn: '" + std::string(text) + "': " + why,
                 "InvalidArn"};
  };
  if (text.substr(0, 4) != "arn:") {
    if (text.empty() || text.find(':') != std::string_view::npos) {
      return refuse("give the name or the ARN of a state machine");
    }
    return MachineName{std::string(tenant), std::string(text)};
  }
  // arn:PARTITION:states:REGION:ACCOUNT:stateMachine:NAME
  const std::vector<std::string_view> parts = Split(text);
  if (parts.size() < 7 || parts[2] != "states" || parts[5] != "stateMachine" || parts[6].empty()) {
    return refuse("it does not name a state machine");
  }
  if (parts[1] == "towline" && parts[4] != tenant) {
    return refuse("a nested execution belongs to the tenant of its parent, '" +
                  std::string(tenant) + "'");
  }
  return MachineName{std::string(tenant), std::string(parts[6])};
}

}  // namespace towline::children
