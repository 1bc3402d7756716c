#pragma once

// Private to this room.

#include "statemachines/jsonata/node.h"

namespace towline::jsonata {

// Which names a compiled program expects from outside.
Mentions MentionsOf(const Program& program);

}  // namespace towline::jsonata
