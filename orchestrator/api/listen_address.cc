#include "orchestrator/api/listen_address.h"

#include <charconv>

namespace towline::api {
namespace {

Error Refuse(std::string_view text, std::string why) {
  return Error{Error::Code::kInvalidArgument,
               "Cannot listen on '" + std::string(text) + "': " + std::move(why), ""};
}

// 127.0.0.0/8, in full dotted form.
bool IsLoopbackV4(std::string_view host) {
  int parts = 0;
  bool first_is_127 = false;
  while (true) {
    int value = 0;
    const auto [end, error] = std::from_chars(host.data(), host.data() + host.size(), value);
    const auto length = static_cast<std::size_t>(end - host.data());
    if (error != std::errc() || length == 0 || length > 3 || value < 0 || value > 255) return false;
    if (parts == 0) first_is_127 = value == 127;
    ++parts;
    host.remove_prefix(length);
    if (host.empty()) return parts == 4 && first_is_127;
    if (host.front() != '.') return false;
    host.remove_prefix(1);
  }
}

}  // namespace

std::string ListenAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> ParseListenAddress(std::string_view text, bool tls) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Refuse(text, "expected HOST:PORT, for example 127.0.0.1:8460");
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), address.port);
  if (error != std::errc() || end != port_text.data() + port_text.size() || address.port < 0 ||
      address.port > 65535) {
    return Refuse(text, "'" + std::string(port_text) + "' is no port (0 to 65535)");
  }
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool loopback =
      bracketed ? host == "::1" : host == "localhost" || IsLoopbackV4(host);
  if (!bracketed && host.find_first_of("[]:") != std::string_view::npos) {
    return Refuse(text, "an IPv6 address stands in brackets, for example [::1]:8460");
  }
  if (host.empty()) return Refuse(text, "the host is missing, for example 0.0.0.0:8460 for all");
  if (!loopback && !tls) {
    return Refuse(text, "a plain server does not know who calls, so only loopback addresses are "
                        "allowed (127.0.0.1, [::1], localhost); without --plain it speaks TLS");
  }
  address.host = std::string(host);
  return address;
}

}  // namespace towline::api
