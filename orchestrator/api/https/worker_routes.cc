#include "orchestrator/api/https/worker_routes.h"

#include <functional>
#include <utility>

#include "orchestrator/api/https/payload_routes.h"
#include "statemachines/base/json.h"
#include "statemachines/base/log.h"

namespace towline::api::https {
namespace {

constexpr std::size_t kBodyBytesMax = 64 << 10;

HttpAnswer JsonAnswer(const json::object& body) {
  return {.headers = {{"content-type", "application/json"}}, .body = PrintJson(body)};
}

// A body that is small enough to be kept until it is whole.
class SmallExchange final : public Exchange {
 public:
  explicit SmallExchange(std::function<HttpAnswer(const std::string&)> answer)
      : answer_(std::move(answer)) {}

  bool Take(std::string_view piece) override {
    too_large_ = too_large_ || body_.size() + piece.size() > kBodyBytesMax;
    if (!too_large_) body_ += piece;
    return !too_large_;
  }
  HttpAnswer Finish() override {
    if (too_large_) {
      return AnswerOf(Error{Error::Code::kResourceExhausted,
                            "The request has more than 65536 bytes", "InvalidRequest"});
    }
    return answer_(body_);
  }

 private:
  const std::function<HttpAnswer(const std::string&)> answer_;
  std::string body_;
  bool too_large_ = false;
};

Error Malformed(std::string what) {
  return {Error::Code::kInvalidArgument, std::move(what), "InvalidRequest"};
}

Result<json::object> ObjectOf(const std::string& body) {
  const auto value = ParseJson(body);
  if (!value) return Malformed("The request's body is no JSON: " + value.error().message);
  if (!(*value)->is_object()) return Malformed("The request's body must be a JSON object");
  return (*value)->get_object();
}

HttpAnswer Enrol(Enrolment& enrolment, const HttpCall& call, const std::string& text) {
  const auto body = ObjectOf(text);
  if (!body) return AnswerOf(body.error());
  const auto now = ParseTimestamp(TextMember(*body, "now"));
  if (!now) return AnswerOf(Malformed("'now' must be the agent's time, RFC 3339"));
  const auto enrolled = enrolment.Enrol({.invitation = TextMember(*body, "invitation"),
                                         .name = TextMember(*body, "name"),
                                         .request = TextMember(*body, "request"),
                                         .now = *now,
                                         .peer = call.agent.peer});
  if (!enrolled) return AnswerOf(enrolled.error());
  const auto labels = ParseJson(enrolled->labels);
  json::object broker{{"host", enrolled->addresses.broker_host},
                      {"port", enrolled->addresses.broker_port}};
  if (!enrolled->addresses.broker_ca.empty()) broker["authority"] = enrolled->addresses.broker_ca;
  return JsonAnswer({{"tenant", enrolled->worker.tenant},
                     {"name", enrolled->worker.worker},
                     {"labels", labels ? **labels : json::value(json::object())},
                     {"certificate", enrolled->certificate},
                     {"broker", std::move(broker)}});
}

HttpAnswer Renew(Enrolment& enrolment, const HttpCall& call, const std::string& text) {
  const auto body = ObjectOf(text);
  if (!body) return AnswerOf(body.error());
  const auto certificate = enrolment.Renew(call.agent, TextMember(*body, "request"));
  if (!certificate) return AnswerOf(certificate.error());
  return JsonAnswer({{"certificate", *certificate}});
}

int StatusOf(Error::Code code) {
  switch (code) {
    case Error::Code::kInvalidArgument: return 400;
    case Error::Code::kNotFound: return 404;
    case Error::Code::kAlreadyExists: return 409;
    case Error::Code::kFailedPrecondition: return 412;
    case Error::Code::kPermissionDenied: return 403;
    case Error::Code::kResourceExhausted: return 413;
    case Error::Code::kUnavailable: return 503;
    case Error::Code::kDeadlineExceeded: return 408;
    case Error::Code::kInternal: break;
  }
  return 500;
}

}  // namespace

HttpAnswer AnswerOf(const Error& error) {
  HttpAnswer answer = JsonAnswer({{"error", error.name}, {"message", error.message}});
  answer.status = StatusOf(error.code);
  return answer;
}

std::unique_ptr<Exchange> WorkerRoutes::Begin(const HttpCall& call) {
  if (IsPayloadPath(call)) return BeginPayload(service_, call);
  Enrolment& enrolment = service_.enrolment();
  const auto small = [](std::function<HttpAnswer(const std::string&)> answer) {
    return std::make_unique<SmallExchange>(std::move(answer));
  };
  if (call.method == "GET" && call.target == "/v1/authority") {
    return small([&enrolment](const std::string&) {
      const auto authority = enrolment.AuthorityFile();
      if (!authority) return AnswerOf(authority.error());
      return HttpAnswer{.headers = {{"content-type", "application/x-pem-file"}},
                        .body = *authority};
    });
  }
  if (call.method == "POST" && call.target == "/v1/enrol") {
    return small([&enrolment, call](const std::string& body) {
      return Enrol(enrolment, call, body);
    });
  }
  if (call.method == "POST" && call.target == "/v1/renew") {
    return small([&enrolment, call](const std::string& body) {
      return Renew(enrolment, call, body);
    });
  }
  return small([call](const std::string&) {
    return AnswerOf(Error{Error::Code::kNotFound, "There is no " + call.method + " " + call.target,
                          "NotFound"});
  });
}

}  // namespace towline::api::https
