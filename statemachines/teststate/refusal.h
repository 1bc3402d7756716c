#pragma once

#include <string>

#include "statemachines/base/result.h"

namespace towline::teststate {

inline Error Refused(std::string message) {
  return {Error::Code::kInvalidArgument, std::move(message), "ValidationException"};
}
inline Error BadDefinition(std::string message) {
  return {Error::Code::kInvalidArgument, std::move(message), "InvalidDefinition"};
}

}  // namespace towline::teststate
