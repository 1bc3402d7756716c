#pragma once

// Private to this room.

#include <cstddef>

#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

// Gives back what `arena` has handed out since `mark`, except what the `count` values at `roots`
// lead to; those are changed to where it has gone. Nothing else may refer to memory handed out
// since. False, and nothing has happened, if a root leads to a function made since: what that holds
// on to is not known here.
bool Compact(Arena& arena, const Arena::Mark& mark, Value* roots, std::size_t count);

}  // namespace towline::jsonata
