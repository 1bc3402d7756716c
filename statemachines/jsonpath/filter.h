#pragma once

// The tests between "[?(" and ")]". Private to this room.
//
// Jayway's rules, odd ones included: "1 == '1'" is true and its left side decides how to compare;
// a missing field is unequal to everything; "@.a" alone tests for existence; "!" may stand before
// a path or a parenthesis.

#include <memory>
#include <optional>
#include <string_view>

#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

// `text` includes the outer parentheses.
Result<std::shared_ptr<const FilterNode>> ParseFilter(std::string_view text, int depth);

// Whether `item` passes; nothing where the whole evaluation fails, with the reason in `error`.
// `visits` counts the values looked at, see kVisitsMax.
std::optional<bool> Accepts(const FilterNode& filter, const json::value& item,
                            const json::value& document, Follower* follower, std::size_t& visits,
                            EvalError& error);

}  // namespace towline::jsonpath
