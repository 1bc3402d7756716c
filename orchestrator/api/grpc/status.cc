#include "orchestrator/api/grpc/status.h"

#include <chrono>
#include <string>

#include "orchestrator/api/access.h"

namespace towline::api::door {
namespace {

// Clients take 8 KiB of metadata, base64 and names included.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kDetailBytesMax = 3 << 10;

grpc::StatusCode CodeOf(Error::Code code) {
  switch (code) {
    case Error::Code::kInvalidArgument: return grpc::StatusCode::INVALID_ARGUMENT;
    case Error::Code::kNotFound: return grpc::StatusCode::NOT_FOUND;
    case Error::Code::kAlreadyExists: return grpc::StatusCode::ALREADY_EXISTS;
    case Error::Code::kFailedPrecondition: return grpc::StatusCode::FAILED_PRECONDITION;
    case Error::Code::kPermissionDenied: return grpc::StatusCode::PERMISSION_DENIED;
    case Error::Code::kResourceExhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Error::Code::kUnavailable: return grpc::StatusCode::UNAVAILABLE;
    case Error::Code::kDeadlineExceeded: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Error::Code::kInternal: break;
  }
  return grpc::StatusCode::INTERNAL;
}

// Cut between two characters.
std::string Shorten(const std::string& text) {
  if (text.size() <= kMessageBytesMax) return text;
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

grpc::Status ToStatus(const Error& error, const Diagnostics& diagnostics) {
  v1::ErrorDetail detail;
  detail.set_name(error.name.empty() ? "InternalError" : error.name);
  std::size_t bytes = 0;
  for (const v1::Diagnostic& diagnostic : diagnostics) {
    bytes += diagnostic.ByteSizeLong() + 4;
    if (bytes > kDetailBytesMax) {
      detail.set_diagnostics_left_out(
          static_cast<std::uint32_t>(diagnostics.size()) -
          static_cast<std::uint32_t>(detail.diagnostics_size()));
      break;
    }
    *detail.add_diagnostics() = diagnostic;
  }
  // The service's name for it says more than our code: nobody is known, not: somebody may not.
  const grpc::StatusCode code = error.name == kUnrecognizedClient
                                    ? grpc::StatusCode::UNAUTHENTICATED
                                    : CodeOf(error.code);
  v1::StatusDetails details;
  details.set_code(code);
  details.set_message(Shorten(error.message));
  details.add_details()->PackFrom(detail);
  return grpc::Status(code, details.message(), details.SerializeAsString());
}

std::optional<Millis> PatienceOf(const grpc::CallbackServerContext& context) {
  using Clock = std::chrono::system_clock;
  const auto deadline = context.deadline();
  if (deadline == Clock::time_point::max()) return std::nullopt;
  return std::chrono::floor<Millis>(deadline - Clock::now());
}

}  // namespace towline::api::door
