#include "net/curl.h"

#include <dlfcn.h>

#include "statemachines/base/check.h"

namespace towline::net {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

Error CannotLoad() {
  const char* const reason = dlerror();
  return {Error::Code::kFailedPrecondition, std::string("HTTP needs libcurl: ") +
                                                (reason != nullptr ? reason : kLibrary) +
                                                "; install the package libcurl4"};
}

Result<Curl> Load() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // stays until the process ends
  if (library == nullptr) return CannotLoad();
  Curl curl;
  bool whole = true;
  const auto find = [&](const char* name, auto& function) {
    void* const found = dlsym(library, name);
    whole = whole && found != nullptr;
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(found);
  };
  find("curl_global_init", curl.global_init);
  find("curl_easy_init", curl.easy_init);
  find("curl_easy_setopt", curl.easy_setopt);
  find("curl_easy_getinfo", curl.easy_getinfo);
  find("curl_easy_reset", curl.easy_reset);
  find("curl_easy_cleanup", curl.easy_cleanup);
  find("curl_easy_strerror", curl.easy_strerror);
  find("curl_multi_init", curl.multi_init);
  find("curl_multi_add_handle", curl.multi_add_handle);
  find("curl_multi_remove_handle", curl.multi_remove_handle);
  find("curl_multi_perform", curl.multi_perform);
  find("curl_multi_poll", curl.multi_poll);
  find("curl_multi_wakeup", curl.multi_wakeup);
  find("curl_multi_info_read", curl.multi_info_read);
  find("curl_multi_cleanup", curl.multi_cleanup);
  find("curl_slist_append", curl.slist_append);
  find("curl_slist_free_all", curl.slist_free_all);
  find("curl_url", curl.url);
  find("curl_url_set", curl.url_set);
  find("curl_url_get", curl.url_get);
  find("curl_url_cleanup", curl.url_cleanup);
  find("curl_free", curl.free);
  find("curl_getdate", curl.getdate);
  if (!whole) return CannotLoad();
  CHECK(curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  return curl;
}

}  // namespace

const Result<Curl>& LoadCurl() {
  static const Result<Curl> loaded = Load();
  return loaded;
}

const Curl& TheCurl() { return *LoadCurl(); }

}  // namespace towline::net
