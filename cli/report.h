#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "proto/towline/v1/errors.pb.h"
#include "statemachines/base/result.h"

namespace towline::cli {

// One line on standard error: what, where, what to do. Returns the exit code.
int Fail(const Terminal& terminal, ExitCode code, std::string_view message);
int Fail(const Invocation& call, const grpc::Status& status);
int Fail(const Invocation& call, const Error& error);  // of the command line: kUsage

// After a stream that broke: a server that restarts has lost nothing, so it is waited for, a minute
// at most. False: it is not that, or it did not come back.
bool ConnectAgain(const Invocation& call, const grpc::Status& status);

// What the server says besides the message; nothing when it is no Towline server.
std::optional<v1::ErrorDetail> DetailOf(const grpc::Status& status);

// "order.json:12:7: error MISSING_TRANSITION_TARGET Missing 'Next' target: X (at /States/A/Next)"
std::string ShowDiagnostic(std::string_view file, const v1::Diagnostic& diagnostic);

}  // namespace towline::cli
