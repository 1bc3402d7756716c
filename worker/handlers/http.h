#pragma once

#include <set>
#include <string>

#include "worker/sdk/job.h"

namespace towline::handlers {

// Calls HTTP services of the site, and only those that it lists.
struct HttpConfig {
  std::set<std::string> allow{};                 // origins as net::ParseOrigin gives them
  std::set<std::string> methods{"GET", "HEAD"};  // upper case
  int timeout_seconds = 30;                      // of a job, redirects included
  int response_bytes_max = 48 << 10;             // of a body; a job's output takes 64 KiB
  std::string ca{};                              // PEM file; empty: the system's authorities
};

// {"url", "method"?, "headers"?: {name: text}, "body"?: text or JSON, "timeoutSeconds"?} gives
// {"status", "headers", "body": text or JSON, or "bodyBase64"}. Any other status than 2xx is the
// error Http.Status404 and so on. Others: Http.Timeout, Http.Failed, Http.ResponseTooLarge,
// Towline.BadInput, Towline.Refused.
sdk::Function MakeHttp(HttpConfig config);

}  // namespace towline::handlers
