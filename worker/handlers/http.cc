#include "worker/handlers/http.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>

#include "net/http_client.h"
#include "net/url.h"
#include "proto/jobs/json_text.h"
#include "statemachines/base/base64.h"
#include "worker/handlers/input.h"

namespace towline::handlers {
namespace {

constexpr int kRedirectsMax = 5;
constexpr std::size_t kCauseBytesMax = 1'024;
constexpr int kTimeoutSecondsMax = 24 * 3600;
using Clock = std::chrono::steady_clock;
using MaybeFailure = std::optional<sdk::Failure>;

// One job's way through one or more requests.
struct Call {
  net::Url url{};
  std::string method{};
  std::map<std::string, std::string> headers{};
  std::set<std::string> private_headers{};  // not for another origin
  std::string body{};
  Clock::time_point deadline{};
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsToken(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// What would let one request look like another to the service or to what stands before it.
bool IsOurs(const std::string& name) {
  static const std::set<std::string> kOurs{"host",    "content-length",     "transfer-encoding",
                                           "te",      "connection",         "upgrade",
                                           "trailer", "proxy-authenticate", "proxy-authorization",
                                           "expect",  "keep-alive",         "proxy-connection"};
  return kOurs.count(name) == 1;
}

bool IsFieldValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F;
  });
}

void ReadBody(const Input& in, Call& call) {
  const json::value* const body = in.Find("body");
  if (body == nullptr) return;
  if (body->is_string()) {
    call.body.assign(body->get_string().data(), body->get_string().size());
  } else {
    call.body = PrintJson(*body);
    call.headers["content-type"] = "application/json";
  }
}

MaybeFailure ReadHeader(const Blot& blot, const std::string& name, const json::value& value,
                        Call& call) {
  if (!value.is_string()) {
    return sdk::Failure{kBadInput, "the header '" + name + "' must be a string"};
  }
  const std::string text(value.get_string().data(), value.get_string().size());
  const bool known = name == "authorization" || name == "cookie";
  if (known || blot.Finds(text)) call.private_headers.insert(name);
  if (!IsFieldValue(text)) {
    return sdk::Failure{kBadInput, "the header '" + name + "' holds a control character"};
  }
  call.headers[name] = text;
  return std::nullopt;
}

MaybeFailure ReadHeaders(const Blot& blot, const Input& in, Call& call) {
  const json::value* const headers = in.Find("headers");
  if (headers == nullptr) return std::nullopt;
  if (!headers->is_object()) return sdk::Failure{kBadInput, "'headers' must be an object"};
  for (const auto& member : headers->get_object()) {
    const std::string name = Lower({member.key().data(), member.key().size()});
    if (!IsToken(name) || IsOurs(name)) {
      return sdk::Failure{kBadInput, "a header '" + jobs::ToUtf8(name) + "' cannot be set"};
    }
    if (auto failure = ReadHeader(blot, name, member.value(), call)) return failure;
  }
  return std::nullopt;
}

// The agent takes the secrets out of what comes back, but it cannot see where a body was cut.
sdk::Outcome Translate(const Blot& blot, net::HttpResponse answer) {
  if (answer.status < 200 || answer.status >= 300) {
    return sdk::Failure{"Http.Status" + std::to_string(answer.status),
                        jobs::ToUtf8(blot.Excerpt(answer.body.substr(0, kCauseBytesMax)))};
  }
  json::object output{{"status", answer.status}};
  json::object& headers = output["headers"].emplace_object();
  for (const auto& [name, value] : answer.headers) {
    headers[jobs::ToUtf8(name)] = jobs::ToUtf8(value);
  }
  const auto type = answer.headers.find("content-type");
  if (type != answer.headers.end() && type->second.find("json") != std::string::npos) {
    if (const auto parsed = ParseJson(answer.body)) {
      output["body"] = **parsed;
      return output;
    }
  }
  if (IsUtf8(answer.body)) {
    output["body"] = answer.body;
  } else {
    output["bodyBase64"] = ToBase64(answer.body);
  }
  return output;
}

class Http {
 public:
  explicit Http(HttpConfig config) : config_(std::move(config)) {}

  sdk::Outcome Run(const json::value& input, sdk::Context& context) {
    if (!net::LoadCurl()) return sdk::Failure{kNotReady, net::LoadCurl().error().message};
    std::call_once(made_, [this] {
      client_ = std::make_unique<net::HttpClient>(net::HttpClient::Options{.ca_file = config_.ca});
    });
    Call call;
    if (auto failure = Read(input, context, call)) return *std::move(failure);
    for (int hops = 0;; hops++) {
      auto response = Send(call, context);
      if (auto* const failure = std::get_if<sdk::Failure>(&response)) return std::move(*failure);
      auto& answer = std::get<net::HttpResponse>(response);
      if (answer.status < 300 || answer.status >= 400 || answer.headers.count("location") == 0) {
        return Translate(context.about().blot, std::move(answer));
      }
      if (hops == kRedirectsMax) return sdk::Failure{"Http.Failed", "more than 5 redirects"};
      if (auto failure = Follow(answer, context.about().blot, call)) return *std::move(failure);
    }
  }

 private:
  MaybeFailure Read(const json::value& input, sdk::Context& context, Call& call) const {
    Input in(input, {"url", "method", "headers", "body", "timeoutSeconds"});
    const std::string url = in.Text("url");
    call.method = in.MaybeText("method").value_or("GET");
    const auto wanted =
        in.Integer("timeoutSeconds", config_.timeout_seconds, 1, kTimeoutSecondsMax);
    if (!in.good()) return in.failure();
    call.deadline = Clock::now() + Seconds(std::min<std::int64_t>(wanted, config_.timeout_seconds));
    if (context.about().deadline) {
      call.deadline = std::min(call.deadline, *context.about().deadline);
    }
    if (config_.methods.count(call.method) == 0) {
      std::string allowed;
      for (const auto& each : config_.methods) allowed.append(allowed.empty() ? "" : ", ") += each;
      return sdk::Failure{kRefused, "the method is not allowed here; these are: " + allowed};
    }
    auto parsed = net::ParseUrl(url);
    if (!parsed) return sdk::Failure{kBadInput, "'url': " + parsed.error().message};
    call.url = *std::move(parsed);
    if (auto failure = CheckOrigin(call.url)) return failure;
    ReadBody(in, call);
    return ReadHeaders(context.about().blot, in, call);
  }

  MaybeFailure CheckOrigin(const net::Url& url) const {
    if (config_.allow.count(url.origin) == 1) return std::nullopt;
    return sdk::Failure{kRefused, "the site does not allow calls to " + url.origin};
  }

  std::variant<net::HttpResponse, sdk::Failure> Send(const Call& call, sdk::Context& context) {
    const auto left = std::chrono::ceil<Millis>(call.deadline - Clock::now());
    if (left <= Millis(0)) return sdk::Failure{"Http.Timeout", "no answer in time"};
    auto response = client_->Perform(
        {.method = call.method,
         .url = call.url.text,
         .headers = call.headers,
         .body = call.body,
         .response_bytes_max = static_cast<std::size_t>(config_.response_bytes_max),
         .timeout = left,
         .stop = context.stop()});
    if (response) return *std::move(response);
    const Error& error = response.error();
    if (context.stop().stop_requested()) return sdk::Failure{kCancelled, "the call was ended"};
    if (Clock::now() >= call.deadline) return sdk::Failure{"Http.Timeout", "no answer in time"};
    const bool large = error.code == Error::Code::kResourceExhausted;
    return sdk::Failure{large ? "Http.ResponseTooLarge" : "Http.Failed",
                        call.url.origin + ": " + error.message};
  }

  MaybeFailure Follow(const net::HttpResponse& answer, const Blot& blot, Call& call) const {
    auto target = net::ResolveUrl(call.url, answer.headers.at("location"));
    if (!target) return sdk::Failure{"Http.Failed", "a redirect: " + target.error().message};
    if (auto failure = CheckOrigin(*target)) {
      failure->cause = "a redirect was not followed: " + failure->cause;
      return failure;
    }
    // As browsers do: 307 and 308 repeat the request, the others ask for what is there.
    if (answer.status < 307 && call.method != "GET" && call.method != "HEAD") {
      call.method = "GET";
      call.body.clear();
      call.headers.erase("content-type");
    }
    if (target->origin != call.url.origin) {
      for (const auto& name : call.private_headers) call.headers.erase(name);
      if (blot.Finds(call.body)) {
        return sdk::Failure{"Http.Failed",
                            "a redirect to another service was not followed: the body holds a "
                            "secret"};
      }
    }
    call.url = *std::move(target);
    return std::nullopt;
  }

  const HttpConfig config_;
  std::once_flag made_;
  std::unique_ptr<net::HttpClient> client_;  // constant once made
};

}  // namespace

sdk::Function MakeHttp(HttpConfig config) {
  auto http = std::make_shared<Http>(std::move(config));
  return
      [http](const json::value& input, sdk::Context& context) { return http->Run(input, context); };
}

}  // namespace towline::handlers
