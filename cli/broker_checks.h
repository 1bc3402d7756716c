#pragma once

#include <functional>
#include <string>

#include "proto/jobs/mqtt_probe.h"

namespace towline::cli {

// What a check has found.
struct Finding {
  enum class Result { kOk, kWarn, kFail };
  Result result = Result::kOk;
  std::string check{};   // "round-trip"
  std::string what{};    // what was seen, for people
  std::string advice{};  // what to do about it; empty when it is well
};
using Tell = std::function<void(Finding)>;

// Finds out whether a broker does what the job protocol needs, as a plain client would: tells one
// finding after another as soon as it is known. It uses topics of its own below those of
// `user`, and leaves nothing behind. False: it could not get in, so nothing else is known.
bool CheckBroker(const jobs::MqttProbe::Options& options, const Tell& tell);

}  // namespace towline::cli
