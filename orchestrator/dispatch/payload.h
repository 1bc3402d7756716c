#pragma once

// Texts that leave: payloads with the real token in them, answers to callbacks.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/engine/tokens.h"
#include "statemachines/base/json.h"

namespace towline::dispatch {

// The input of a job: JSON text.
std::string JobInput(const json::value& payload, std::uint64_t task, std::string_view token);
// What mqtt:publish sends: JSON text, but a string goes out as it is, without quotes.
std::string Publication(const json::value& payload, std::uint64_t task, std::string_view token);

// May a task of a tenant publish on `topic`? Otherwise why not. `allowed` null: no list.
std::string WhyNotPublish(std::string_view topic, const std::vector<std::string>* allowed);

// Does an MQTT filter (with + and #) match this topic?
bool FilterMatches(std::string_view filter, std::string_view topic);

}  // namespace towline::dispatch
