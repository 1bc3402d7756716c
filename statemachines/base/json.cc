#include "statemachines/base/json.h"

namespace towline {
}  // namespace towline
