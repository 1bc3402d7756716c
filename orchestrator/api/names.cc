#include "orchestrator/api/names.h"

#include <array>
#include <chrono>
#include <optional>
#include <random>

#include "proto/jobs/topics.h"
#include "statemachines/base/time.h"

namespace towline::api {
namespace {

constexpr std::string_view kArnPrefix = "arn:towline:states:local:";

Error Invalid(std::string name, std::string message) {
  return Error{Error::Code::kInvalidArgument, std::move(message), std::move(name)};
}

bool IsForbidden(unsigned char c) {
  constexpr std::string_view kRefused = "<>{}[]?*\"#%\\^|~`$&,;:/ ";
  return c < 0x20 || c == 0x7F || kRefused.find(static_cast<char>(c)) != std::string_view::npos;
}

// Control characters and spaces beyond ASCII, as UTF-8: U+0080 to U+009F and U+00A0.
bool HasUnicodeControl(std::string_view name) {
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    const auto second = static_cast<unsigned char>(name[i + 1]);
    const auto first = static_cast<unsigned char>(name[i]);
    if (first == 0xC2 && second >= 0x80 && second <= 0xA0) return true;
  }
  return false;
}

std::size_t CodePoints(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

// What follows "arn:towline:states:local:{tenant}:{kind}:", or why there is none.
struct ArnParts {
  std::string tenant;
  std::string_view rest;
};
Result<ArnParts> ParseArn(std::string_view said, std::string_view text, std::string_view kind) {
  const Error invalid = Invalid("InvalidArn", "Invalid Arn: '" + std::string(text) +
                                                  "': expected " + std::string(kArnPrefix) +
                                                  "{tenant}:" + std::string(kind) + ":…");
  if (text.substr(0, kArnPrefix.size()) != kArnPrefix) return invalid;
  std::string_view rest = text.substr(kArnPrefix.size());
  const std::size_t tenant_end = rest.find(':');
  if (tenant_end == std::string_view::npos) return invalid;
  const std::string_view tenant = rest.substr(0, tenant_end);
  rest.remove_prefix(tenant_end + 1);
  if (!jobs::IsTenantName(tenant) || rest.size() <= kind.size() ||
      rest.substr(0, kind.size()) != kind || rest[kind.size()] != ':') {
    return invalid;
  }
  rest.remove_prefix(kind.size() + 1);
  if (!said.empty() && said != tenant) {
    return Error{Error::Code::kPermissionDenied,
                 "'" + std::string(text) + "' belongs to another tenant than the caller's '" +
                     std::string(said) + "'; say --tenant or towline-tenant accordingly",
                 "AccessDeniedException"};
  }
  return ArnParts{std::string(tenant), rest};
}

bool IsArn(std::string_view text) { return text.substr(0, 4) == "arn:"; }

// "{machine}", or "{machine}/{label}" of a Map Run's children; their own Map Runs add labels.
bool IsExecutionMachine(std::string_view text) {
  for (;;) {
    const std::size_t split = text.find('/');
    if (!CheckName(text.substr(0, split), "stateMachine")) return false;
    if (split == std::string_view::npos) return true;
    text.remove_prefix(split + 1);
  }
}

struct Plain {
  std::string tenant, name;
};
Result<Plain> ParsePlain(std::string_view said, std::string_view text, std::string_view kind) {
  if (text.empty()) {
    return Invalid("MissingRequiredParameter", "The " + std::string(kind) + " is missing: give its "
                                               "name or ARN");
  }
  Plain plain;
  if (IsArn(text)) {
    auto parts = ParseArn(said, text, kind);
    if (!parts) return parts.error();
    plain = Plain{std::move(parts->tenant), std::string(parts->rest)};
    if (!CheckName(plain.name, kind)) {
      return Invalid("InvalidArn", "Invalid Arn: '" + std::string(text) + "': '" + plain.name +
                                       "' is no name of a " + std::string(kind));
    }
    return plain;
  }
  auto tenant = ResolveTenant(said);
  if (!tenant) return tenant.error();
  if (auto ok = CheckName(text, kind); !ok) return ok.error();
  return Plain{std::move(*tenant), std::string(text)};
}

}  // namespace

std::string MachineName::arn() const {
  return std::string(kArnPrefix) + tenant + ":stateMachine:" + name;
}
std::string ActivityName::arn() const {
  return std::string(kArnPrefix) + tenant + ":activity:" + name;
}
std::string ExecutionId::arn() const {
  return std::string(kArnPrefix) + tenant + ":execution:" + machine + ":" + name;
}
std::string ExecutionId::machine_arn() const {
  return std::string(kArnPrefix) + tenant + ":stateMachine:" + machine;
}

// A child is called "{id of its Map Run}-{number}".
std::string ExecutionId::map_run_arn() const {
  return std::string(kArnPrefix) + tenant + ":mapRun:" + machine + ":" +
         name.substr(0, name.rfind('-'));
}

Status CheckName(std::string_view name, std::string_view what) {
  const auto refuse = [&](std::string_view why) {
    return Invalid("InvalidName", "Invalid Name: '" + std::string(name) + "': a " +
                                      std::string(what) + " " + std::string(why));
  };
  if (name.empty()) return refuse("has at least one character");
  if (CodePoints(name) > kNameLengthMax) return refuse("has at most 80 characters");
  for (const char c : name) {
    if (IsForbidden(static_cast<unsigned char>(c))) {
      return refuse("has no spaces, no control characters and none of <>{}[]?*\"#%\\^|~`$&,;:/");
    }
  }
  if (HasUnicodeControl(name)) return refuse("has no control characters");
  return Ok();
}

Result<std::string> ResolveTenant(std::string_view said) {
  if (said.empty()) return std::string(kDefaultTenant);
  if (!jobs::IsTenantName(said)) {
    return Invalid("ValidationException",
                   "'" + std::string(said) +
                       "' is no tenant: 1 to 32 of a-z, 0-9 and -, not beginning with -");
  }
  return std::string(said);
}

Result<MachineName> ParseMachine(std::string_view said, std::string_view text) {
  auto plain = ParsePlain(said, text, "stateMachine");
  if (!plain) return plain.error();
  return MachineName{std::move(plain->tenant), std::move(plain->name)};
}

Result<ActivityName> ParseActivity(std::string_view said, std::string_view text) {
  auto plain = ParsePlain(said, text, "activity");
  if (!plain) return plain.error();
  return ActivityName{std::move(plain->tenant), std::move(plain->name)};
}

Result<ExecutionId> ParseExecution(std::string_view said, std::string_view text) {
  ExecutionId id;
  std::string_view rest = text;
  if (IsArn(text)) {
    auto parts = ParseArn(said, text, "execution");
    if (!parts) return parts.error();
    id.tenant = std::move(parts->tenant);
    rest = parts->rest;
  } else {
    auto tenant = ResolveTenant(said);
    if (!tenant) return tenant.error();
    id.tenant = std::move(*tenant);
  }
  const std::size_t split = rest.find_last_of(":/");
  if (split == std::string_view::npos || !IsExecutionMachine(rest.substr(0, split)) ||
      !CheckName(rest.substr(split + 1), "execution name")) {
    return Invalid("InvalidArn", "Invalid Arn: '" + std::string(text) +
                                     "' names no execution: give its ARN, or MACHINE/NAME");
  }
  id.machine = std::string(rest.substr(0, split));
  id.name = std::string(rest.substr(split + 1));
  return id;
}

Result<MapRunName> ParseMapRun(std::string_view said, std::string_view text) {
  MapRunName name;
  if (!IsArn(text)) {
    auto tenant = ResolveTenant(said);
    if (!tenant) return tenant.error();
    name.tenant = std::move(*tenant);
    name.id = std::string(text);
  } else {
    auto parts = ParseArn(said, text, "mapRun");
    if (!parts) return parts.error();
    name.tenant = std::move(parts->tenant);
    const std::size_t colon = parts->rest.find(':');
    const std::size_t slash = parts->rest.rfind('/', colon);
    if (colon != std::string_view::npos && slash != std::string_view::npos) {
      name.machine = std::string(parts->rest.substr(0, slash));
      name.label = std::string(parts->rest.substr(slash + 1, colon - slash - 1));
      name.id = std::string(parts->rest.substr(colon + 1));
    }
  }
  if (!CheckName(name.id, "mapRun")) {
    return Invalid("InvalidArn", "Invalid Arn: '" + std::string(text) +
                                     "' names no Map Run: give its ARN, "
                                     "arn:towline:states:local:{tenant}:mapRun:{machine}/{label}:"
                                     "{id}, or its id");
  }
  return name;
}

Result<jobs::Principal> ParseWorker(std::string_view said, const std::string& text) {
  auto tenant = ResolveTenant(said);
  if (!tenant) return tenant.error();
  if (text.empty()) {
    return Error{Error::Code::kInvalidArgument, "The worker is missing: give its name",
                 "MissingRequiredParameter"};
  }
  const std::size_t split = text.find('_');
  if (split == std::string::npos) return jobs::Principal{std::move(*tenant), text};
  jobs::Principal name{text.substr(0, split), text.substr(split + 1)};
  if (!said.empty() && name.tenant != said) {
    return Error{Error::Code::kPermissionDenied,
                 "Worker '" + text + "' belongs to another tenant than the caller's '" +
                     std::string(said) + "'",
                 "AccessDeniedException"};
  }
  return name;
}

std::string RandomName() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  const auto since_1970 = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto ms = static_cast<std::uint64_t>(since_1970.time_since_epoch().count());
  const std::array<std::uint64_t, 2> bits = {
      (ms << 16) | 0x7000ULL | (random() & 0xFFFULL),
      (random() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL};
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  name.reserve(36);
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) name += '-';
    const std::uint64_t word = bits[static_cast<std::size_t>(digit / 16)];
    name += kHex[(word >> (60 - 4 * (digit % 16))) & 0xF];
  }
  return name;
}

}  // namespace towline::api
