#pragma once

#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::net {

// A URL of http or https as libcurl, which will follow it, understands it: a parser of our own
// could see another host than the one that is called. LoadCurl must have succeeded.
struct Url {
  std::string origin{};  // "https://plant.example:8443": lower case, the port always there
  std::string text{};    // all of it, without user, password and fragment
};

// The error says what is wrong. A user or password inside is refused.
Result<Url> ParseUrl(std::string_view text);
// What a redirect names, which may be relative to where it came from.
Result<Url> ResolveUrl(const Url& base, std::string_view location);

// "https://Plant.example" gives "https://plant.example:443": for lists of the site's, checked
// without libcurl. Error: anything else than scheme, host and port.
Result<std::string> ParseOrigin(std::string_view text);

}  // namespace towline::net
