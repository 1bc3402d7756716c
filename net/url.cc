#include "net/url.h"

#include <algorithm>
#include <memory>

#include "net/curl.h"

namespace towline::net {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { TheCurl().url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, FreeUrl>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Part(CURLU* url, CURLUPart part) {
  char* found = nullptr;
  if (TheCurl().url_get(url, part, &found, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string text(found);
  TheCurl().free(found);
  return text;
}

Error Bad(const std::string& what) { return {Error::Code::kInvalidArgument, what}; }

Result<Url> Read(Handle url) {
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return Bad("only http and https are spoken");
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return Bad("a user or password in a URL is refused; use a header");
  }
  TheCurl().url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  const std::string host = Lower(Part(url.get(), CURLUPART_HOST));
  return Url{.origin = scheme + "://" + host + ":" + Part(url.get(), CURLUPART_PORT),
             .text = Part(url.get(), CURLUPART_URL)};
}

// Nothing that a header or a log would take for something else.
bool IsClean(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

Result<Url> Set(Handle url, std::string_view text) {
  if (!IsClean(text)) return Bad("a URL holds visible ASCII only; encode the rest with %");
  if (TheCurl().url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
    return Bad("it is no URL such as https://plant.example/values");
  }
  return Read(std::move(url));
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) { return Set(Handle(TheCurl().url()), text); }

Result<Url> ResolveUrl(const Url& base, std::string_view location) {
  Handle url(TheCurl().url());
  CHECK(TheCurl().url_set(url.get(), CURLUPART_URL, base.text.c_str(), 0) == CURLUE_OK);
  return Set(std::move(url), location);
}

Result<std::string> ParseOrigin(std::string_view text) {
  const std::string origin = Lower(text);
  const Error bad =
      Bad("'" + std::string(text) + "' must be scheme://host or scheme://host:port, http or https");
  const bool tls = origin.rfind("https://", 0) == 0;
  if (!tls && origin.rfind("http://", 0) != 0) return bad;
  const std::string rest = origin.substr(tls ? 8 : 7);
  const bool ipv6 = !rest.empty() && rest[0] == '[';
  const std::size_t host_end = ipv6 ? rest.find(']') + 1 : std::min(rest.find(':'), rest.size());
  const std::string host = rest.substr(0, host_end);
  const char* const allowed =
      ipv6 ? "[]0123456789abcdef:." : "abcdefghijklmnopqrstuvwxyz0123456789.-_";
  if (host.empty() || host.find_first_not_of(allowed) != std::string::npos) return bad;
  if (host_end == rest.size()) return origin + (tls ? ":443" : ":80");
  const std::string port = rest.substr(host_end);
  if (port.size() < 2 || port.size() > 6 || port[0] != ':' || port[1] == '0' ||
      port.find_first_not_of("0123456789", 1) != std::string::npos) {
    return bad;
  }
  return origin;
}

}  // namespace towline::net
