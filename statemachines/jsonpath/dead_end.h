#pragma once

// Where a path breaks off and what is said about it, in Jayway's words. Private to this room.

#include <boost/json/array.hpp>
#include <cstddef>

#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

const char* KindName(const json::value& value);  // "object", "number" and so on

// Step `at` of the path wants a member of `model`, which is no object.
EvalError NotAnObject(const PathNode& path, std::size_t at, const json::value& model);
// It wants an element of `model`, which is no array.
EvalError NotAnArray(const PathNode& path, std::size_t at, const json::value& model);
// There is no such member or element.
EvalError Missing(const PathNode& path, std::size_t at);

// Where an index leads in an array; negative ones count from the end. Null: past an end.
const json::value* ElementAt(const json::array& array, int index);

// The null that lenient evaluation puts past an end.
const json::value& NullPastTheEnd();

}  // namespace towline::jsonpath
