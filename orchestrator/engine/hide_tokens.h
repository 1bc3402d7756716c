#pragma once

#include <string>

#include "orchestrator/engine/tokens.h"

namespace towline::engine {

// With "token:" and its fingerprint in place of every task token of ours.
std::string HideTokens(const Tokens& tokens, std::string text);

}  // namespace towline::engine
