#pragma once

#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::api {

// Where a door listens.
struct ListenAddress {
  std::string host;  // "127.0.0.1", "::1", "localhost"
  int port = 0;      // 0: any free one
  std::string text() const;  // "127.0.0.1:8460", "[::1]:8460"
};

// "HOST:PORT", with an IPv6 host in brackets. Without TLS nobody is authenticated, so anything but
// loopback is refused.
Result<ListenAddress> ParseListenAddress(std::string_view text, bool tls);

}  // namespace towline::api
