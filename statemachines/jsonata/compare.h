#pragma once

// Comparing values. Private to this room.

#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

// Structural equality: members in any order, flags of arrays aside; functions by identity.
bool AreEqual(Arena& arena, Value a, Value b);

// Equality of scalars; arrays, objects and functions are identical only to themselves.
bool AreIdentical(Value a, Value b);

// Whether JavaScript takes a value for true; unlike JSONata it does so for every array and object.
bool IsTrueInJavaScript(Value value);

}  // namespace towline::jsonata
