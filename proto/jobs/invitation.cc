#include "proto/jobs/invitation.h"

#include <vector>

namespace towline::jobs {
namespace {

constexpr std::string_view kVersion = "towline1";
constexpr std::size_t kDigestDigits = 64;

std::vector<std::string> SplitAtSlashes(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::string Encode(const Invitation& invitation) {
  return std::string(kVersion) + "/" + invitation.door + "/" + invitation.authority + "/" +
         invitation.secret;
}

Result<Invitation> DecodeInvitation(std::string_view text) {
  const auto parts = SplitAtSlashes(text);
  const auto is_hex = [](std::string_view part) {
    return part.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  if (parts[0] != kVersion && parts[0].substr(0, 7) == "towline") {
    return Error{Error::Code::kInvalidArgument,
                 "the invitation was made by another version of Towline: '" + parts[0] +
                     "' instead of '" + std::string(kVersion) + "'"};
  }
  const bool good = parts.size() == 4 && parts[0] == kVersion &&
                    parts[1].find(':') != std::string::npos && is_hex(parts[2]) &&
                    parts[2].size() == kDigestDigits && parts[3].find('.') != std::string::npos;
  if (!good) {
    return Error{Error::Code::kInvalidArgument,
                 "this is no invitation: it looks like towline1/HOST:PORT/…/… and is what `towline "
                 "worker invite` has printed; was it copied whole?"};
  }
  return Invitation{.door = parts[1], .authority = parts[2], .secret = parts[3]};
}

}  // namespace towline::jobs
