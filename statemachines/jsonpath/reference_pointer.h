#pragma once

#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::jsonpath {

// What the reference path `text` names, as a JSON pointer (RFC 6901): "$.a[0]" is "/a/0". The
// error's message says what is wrong with it; paths into the context object and variables are.
Result<std::string> ReferencePointer(std::string_view text);

}  // namespace towline::jsonpath
