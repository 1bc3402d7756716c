#pragma once

#include <functional>

#include "cli/client.h"
#include "cli/finding.h"
#include "statemachines/base/time.h"

namespace towline::cli {

// How the server is that the client talks to. False: it does not answer, or lets us not in.
bool CheckServer(const Client& client, const std::function<Timestamp()>& now, const Tell& tell);

}  // namespace towline::cli
