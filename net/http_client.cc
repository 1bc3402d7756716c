#include "net/http_client.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "statemachines/base/check.h"

namespace towline::net {
namespace {

// What the callbacks of one request see.
struct Exchange {
  const HttpRequest& request;
  HttpResponse response{};
  bool too_large = false;
  std::uint64_t sent = 0;  // of the upload
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& self = *static_cast<Exchange*>(exchange);
  const std::size_t bytes = size * count;
  const int status = self.response.status;
  if (self.request.on_body && (status == 200 || status == 206)) {
    return self.request.on_body(status, {data, bytes}) ? bytes : 0;
  }
  if (self.response.body.size() + bytes > self.request.response_bytes_max) {
    self.too_large = true;
    return 0;  // ends the transfer
  }
  self.response.body.append(data, bytes);
  return bytes;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& self = *static_cast<Exchange*>(exchange);
  const std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (line.substr(0, 5) == "HTTP/") {  // a new response begins
    self.response.headers.clear();
    const std::size_t space = line.find(' ');
    const bool told = space != std::string_view::npos;
    self.response.status = told ? std::atoi(std::string(line.substr(space)).c_str()) : 0;
  }
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  std::string_view value = line.substr(colon + 1);
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = value.find_first_not_of(kBlank);
  value = first == std::string_view::npos
              ? std::string_view()
              : value.substr(first, value.find_last_not_of(kBlank) - first + 1);
  self.response.headers[name] = value;
  return line.size();
}

std::size_t OnUpload(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& self = *static_cast<Exchange*>(exchange);
  const HttpUpload& upload = *self.request.upload;
  const std::uint64_t at = upload.from + self.sent;
  const std::size_t most = std::min<std::uint64_t>(size * count, upload.to - at);
  const ssize_t got = pread(upload.file, data, most, static_cast<off_t>(at));
  if (got < 0) return CURL_READFUNC_ABORT;
  self.sent += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

// When a kept connection turns out to be dead.
int OnRewind(void* exchange, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Exchange*>(exchange)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

template <class Value>
void Set(CURL* handle, CURLoption option, Value value) {
  CHECK(TheCurl().easy_setopt(handle, option, value) == CURLE_OK);
}

class HeaderList {
 public:
  ~HeaderList() { TheCurl().slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void Add(std::string name, const std::string& value) { AddLine(name.append(": ").append(value)); }
  // One that curl would add of its own accord.
  void Remove(std::string name) { AddLine(name.append(":")); }
  curl_slist* get() const { return list_; }

 private:
  void AddLine(const std::string& line) {
    curl_slist* const longer = TheCurl().slist_append(list_, line.c_str());
    CHECK(longer != nullptr);
    list_ = longer;
  }
  curl_slist* list_ = nullptr;
};

void Describe(CURL* handle, Exchange& exchange, const HeaderList& headers) {
  const HttpRequest& request = exchange.request;
  if (request.timeout) {
    Set(handle, CURLOPT_TIMEOUT_MS,
        static_cast<long>(std::max<Millis::rep>(request.timeout->count(), 1)));
  }
  Set(handle, CURLOPT_URL, request.url.c_str());
  Set(handle, CURLOPT_PATH_AS_IS, 1L);  // what is signed is what is sent
  Set(handle, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "HEAD") {
    Set(handle, CURLOPT_NOBODY, 1L);
  } else if (request.upload) {
    Set(handle, CURLOPT_UPLOAD, 1L);
    Set(handle, CURLOPT_INFILESIZE_LARGE,
        static_cast<curl_off_t>(request.upload->to - request.upload->from));
    Set(handle, CURLOPT_READFUNCTION, &OnUpload);
    Set(handle, CURLOPT_READDATA, &exchange);
    Set(handle, CURLOPT_SEEKFUNCTION, &OnRewind);
    Set(handle, CURLOPT_SEEKDATA, &exchange);
  } else if (request.method != "GET" || !request.body.empty()) {
    Set(handle, CURLOPT_POSTFIELDS, request.body.data() == nullptr ? "" : request.body.data());
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  Set(handle, CURLOPT_WRITEFUNCTION, &OnBody);
  Set(handle, CURLOPT_WRITEDATA, &exchange);
  Set(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
  Set(handle, CURLOPT_HEADERDATA, &exchange);
}

void Configure(CURL* handle, const HttpClient::Options& options) {
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a slow name server
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
  Set(handle, CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
  if (!options.certificate_file.empty()) {
    Set(handle, CURLOPT_SSLCERT, options.certificate_file.c_str());
    Set(handle, CURLOPT_SSLKEY, options.key_file.c_str());
  }
  if (!options.ca_file.empty()) Set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  Set(handle, CURLOPT_PROXY, options.proxy.c_str());
  Set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout_seconds));
  Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  Set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout_seconds));
}

Error TransportError(CURLcode code, const Exchange& exchange, const std::string& detail) {
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return {Error::Code::kDeadlineExceeded, "the request was stopped"};
  }
  if (exchange.too_large) {
    return {Error::Code::kResourceExhausted,
            "the answer is larger than " + std::to_string(exchange.request.response_bytes_max) +
                " bytes"};
  }
  const bool final = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
                     code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  const std::string what = detail.empty() ? TheCurl().easy_strerror(code) : detail;
  return {final ? Error::Code::kFailedPrecondition : Error::Code::kUnavailable, what};
}

}  // namespace

HttpClient::HttpClient(Options options) : options_(std::move(options)) {
  CHECK(LoadCurl().has_value());
}

HttpClient::~HttpClient() {
  for (const Handles& handles : idle_) {
    TheCurl().easy_cleanup(handles.easy);
    TheCurl().multi_cleanup(handles.multi);
  }
}

HttpClient::Handles HttpClient::Borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      const Handles handles = idle_.back();
      idle_.pop_back();
      return handles;
    }
  }
  const Handles handles{.easy = TheCurl().easy_init(), .multi = TheCurl().multi_init()};
  CHECK(handles.easy != nullptr && handles.multi != nullptr);
  return handles;
}

void HttpClient::GiveBack(const Handles& handles) {
  TheCurl().easy_reset(handles.easy);  // forgets the request; the connection is kept
  const std::lock_guard lock(mutex_);
  idle_.push_back(handles);
}

// An easy handle alone looks only once a second whether it should stop.
CURLcode HttpClient::Run(const Handles& handles, const HttpRequest& request) const {
  const Curl& curl = TheCurl();
  const auto wake = [&] { curl.multi_wakeup(handles.multi); };
  const std::stop_callback on_client_stop(options_.stop, wake);
  const std::stop_callback on_request_stop(request.stop, wake);
  CHECK(curl.multi_add_handle(handles.multi, handles.easy) == CURLM_OK);
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  while (!options_.stop.stop_requested() && !request.stop.stop_requested()) {
    int running = 0;
    CHECK(curl.multi_perform(handles.multi, &running) == CURLM_OK);
    if (running == 0) {
      int left = 0;
      const CURLMsg* const message = curl.multi_info_read(handles.multi, &left);
      CHECK(message != nullptr && message->msg == CURLMSG_DONE);
      code = message->data.result;
      break;
    }
    CHECK(curl.multi_poll(handles.multi, nullptr, 0, 1000, nullptr) == CURLM_OK);
  }
  curl.multi_remove_handle(handles.multi, handles.easy);
  return code;
}

Result<HttpResponse> HttpClient::Perform(const HttpRequest& request) {
  HeaderList headers;
  for (const auto& [name, value] : request.headers) headers.Add(name, value);
  headers.Remove("Expect");
  if (request.headers.count("content-type") == 0) headers.Remove("Content-Type");
  Exchange exchange{.request = request};
  std::array<char, CURL_ERROR_SIZE> detail{};
  const Handles handles = Borrow();
  Configure(handles.easy, options_);
  Describe(handles.easy, exchange, headers);
  Set(handles.easy, CURLOPT_ERRORBUFFER, detail.data());
  const CURLcode code = Run(handles, request);
  long status = 0;
  TheCurl().easy_getinfo(handles.easy, CURLINFO_RESPONSE_CODE, &status);
  GiveBack(handles);
  if (code != CURLE_OK) return TransportError(code, exchange, detail.data());
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

}  // namespace towline::net
