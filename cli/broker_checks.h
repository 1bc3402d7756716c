#pragma once

#include "cli/finding.h"
#include "proto/jobs/mqtt_probe.h"

namespace towline::cli {

// Finds out whether a broker does what the job protocol needs, as a plain client would: tells one
// finding after another as soon as it is known. It uses topics of its own below those of
// `user`, and leaves nothing behind. False: it could not get in, so nothing else is known.
bool CheckBroker(const jobs::MqttProbe::Options& options, const Tell& tell);

}  // namespace towline::cli
