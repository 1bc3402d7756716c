#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "worker/handler.h"

namespace towline::worker {

// Job types that need no program: their work is done inside the agent, at once.
//   add-numbers: {"a": 15, "b": 42} gives {"sum": 57}
bool IsBuiltinHandler(std::string_view name);
std::string BuiltinHandlerNames();  // for people
std::unique_ptr<Handler> MakeBuiltinHandler(std::string_view name);

}  // namespace towline::worker
