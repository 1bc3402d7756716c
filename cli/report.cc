#include "cli/report.h"

#include <chrono>
#include <ostream>

namespace towline::cli {
namespace {

constexpr std::chrono::seconds kReconnectPatience{60};

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

bool IsUnreachable(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

}  // namespace

int Fail(const Terminal& terminal, ExitCode code, std::string_view message) {
  terminal.err << "towline: " << OneLine(std::string(message)) << '\n';
  return code;
}

int Fail(const Invocation& call, const Error& error) {
  return Fail(call.terminal, kUsage, error.message);
}

std::optional<v1::ErrorDetail> DetailOf(const grpc::Status& status) {
  v1::StatusDetails details;
  v1::ErrorDetail detail;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

int Fail(const Invocation& call, const grpc::Status& status) {
  const auto detail = DetailOf(status);
  const std::string& server = call.client.server();
  if (detail) {
    const ExitCode code = IsUnreachable(status) ? kUnreachable : kRefused;
    return Fail(call.terminal, code, detail->name() + ": " + status.error_message());
  }
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Fail(call.terminal, kUnreachable,
                  "no server answers at " + server +
                      " (start one: towline-server dev; or name it: --server HOST:PORT, "
                      "TOWLINE_SERVER" +
                      (call.client.tls() ? "" : "; does it speak TLS? then give --ca, TOWLINE_CA") +
                      "): " + status.error_message());
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Fail(call.terminal, kUnreachable, "the server at " + server +
                                                   " did not answer in time; is it overloaded?");
    case grpc::StatusCode::UNIMPLEMENTED:
      return Fail(call.terminal, kUnreachable,
                  "what answers at " + server + " is no Towline server, or an older one");
    default:
      return Fail(call.terminal, kRefused, status.error_message() + " (from " + server + ")");
  }
}

bool ConnectAgain(const Invocation& call, const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  call.terminal.err << "towline: the connection to " << call.client.server()
                    << " broke; waiting for it\n";
  return call.client.channel()->WaitForConnected(std::chrono::system_clock::now() +
                                                 kReconnectPatience);
}

std::string ShowDiagnostic(std::string_view file, const v1::Diagnostic& diagnostic) {
  std::string text(file);
  if (diagnostic.line() > 0) {
    text += ":" + std::to_string(diagnostic.line()) + ":" + std::to_string(diagnostic.column());
  }
  text += diagnostic.severity() == v1::Diagnostic::SEVERITY_WARNING ? ": warning " : ": error ";
  text += diagnostic.code() + " " + OneLine(diagnostic.message());
  if (!diagnostic.location().empty()) text += " (at " + diagnostic.location() + ")";
  return text;
}

}  // namespace towline::cli
