#pragma once

// libcurl, loaded when the first S3 endpoint is opened. Linked, it and the thirty libraries that it
// brings would cost every server 4 MB of memory, and most servers never make a request.

#include <curl/curl.h>

#include "statemachines/base/result.h"

namespace towline::objects {

// The functions that we use, under their own names without "curl_".
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  decltype(&curl_getdate) getdate = nullptr;
};

// Loads it at the first call; the same for all threads and for ever. Error: it is not installed.
const Result<Curl>& LoadCurl();
// Of whoever knows that it has been loaded.
const Curl& TheCurl();

}  // namespace towline::objects
