#pragma once

// The functions that may end a path: $.a.length(), $.a.sum() and so on. Private to this room.

#include <memory>
#include <string>
#include <string_view>

#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

// `arguments` is the text between the parentheses.
Result<std::shared_ptr<const FunctionCall>> ParseFunctionCall(const std::string& name,
                                                              std::string_view arguments,
                                                              int depth);

// The same call on nothing but what `path` selects. Jayway's length() counts what lies one level
// below that.
std::shared_ptr<const FunctionCall> OverPath(const FunctionCall& call,
                                             std::shared_ptr<PathNode> path);

// False: `error` says why.
bool Call(const FunctionCall& call, const json::value& model, const json::value& document,
          Follower* follower, std::size_t& visits, json::value& result, EvalError& error);

}  // namespace towline::jsonpath
