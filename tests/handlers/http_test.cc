// http against a real service with every bad habit.

#include "worker/handlers/http.h"

#include <filesystem>
#include <fstream>

#include "net/http_client.h"
#include "net/url.h"
#include "tests/handlers/run.h"
#include "tests/handlers/service.h"

namespace towline::handlers {
namespace {

class HttpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    service_ = new Service("http_service.py");
    other_ = new Service("http_service.py");
  }
  static void TearDownTestSuite() {
    delete service_;
    delete other_;
  }
  static std::string Base(const Service* service = service_) {
    return "http://127.0.0.1:" + std::to_string(service->port());
  }
  static HttpConfig Config() {
    return {.allow = {Base()}, .methods = {"GET", "HEAD", "POST"}, .timeout_seconds = 20};
  }
  static json::value Get(const std::string& path) { return json::object{{"url", Base() + path}}; }

  static Service* service_;
  static Service* other_;
};
Service* HttpTest::service_ = nullptr;
Service* HttpTest::other_ = nullptr;

TEST_F(HttpTest, GivesStatusHeadersAndBody) {
  const auto http = MakeHttp(Config());
  json::value input = Get("/echo?a=1");
  input.as_object()["method"] = "POST";
  input.as_object()["body"] = json::object{{"a", 1}};
  input.as_object()["headers"] = json::object{{"X-Plant", "ams"}};
  const json::value output = Parsed(Do(http, input));
  EXPECT_EQ(output.at("status"), 200);
  EXPECT_EQ(output.at("headers").at("content-type"), "application/json");
  EXPECT_EQ(output.at("body").at("method"), "POST");
  EXPECT_EQ(output.at("body").at("path"), "/echo?a=1");
  EXPECT_EQ(output.at("body").at("body"), R"({"a":1})");
  EXPECT_EQ(output.at("body").at("headers").at("x-plant"), "ams");
  EXPECT_EQ(output.at("body").at("headers").at("content-type"), "application/json");
  EXPECT_EQ(Parsed(Do(http, Get("/bytes/3"))).at("body"), "xxx");
  EXPECT_EQ(Parsed(Do(http, Get("/binary"))).at("bodyBase64"), "/wD+");
}

TEST_F(HttpTest, OtherStatusesAreErrorsOfTheirOwn) {
  const auto http = MakeHttp(Config());
  EXPECT_EQ(Do(http, Get("/status/404")), "Http.Status404: the body of 404");
  EXPECT_EQ(Do(http, Get("/status/503")), "Http.Status503: the body of 503");
}

TEST_F(HttpTest, OnlyListedServicesAreCalled) {
  const auto http = MakeHttp(Config());
  const std::string port = std::to_string(service_->port());
  for (const std::string& url :
       {Base(other_) + "/echo", std::string("http://127.0.0.1/"), "https://127.0.0.1:" + port,
        "http://localhost:" + port + "/", "http://127.0.0.1.:" + port + "/",
        "http://127.0.0.2:" + port + "/", std::string("http://[::1]:" + port + "/")}) {
    EXPECT_EQ(ErrorOf(http, json::object{{"url", url}}), "Towline.Refused") << url;
  }
  for (const std::string& url :
       {std::string("file:///etc/passwd"), std::string("gopher://127.0.0.1:" + port + "/"),
        "http://user:password@127.0.0.1:" + port + "/", "http://127.0.0.1:" + port + "/a b",
        "http://127.0.0.1:" + port + "/\r\nX: y", std::string(""), std::string("http://")}) {
    EXPECT_EQ(ErrorOf(http, json::object{{"url", url}}), "Towline.BadInput") << url;
  }
}

TEST_F(HttpTest, RedirectsStayWithinTheList) {
  const auto http = MakeHttp(Config());
  EXPECT_EQ(Parsed(Do(http, Get("/to?/echo"))).at("body").at("path"), "/echo");
  EXPECT_EQ(Do(http, Get("/to?" + Base(other_) + "/echo")),
            "Towline.Refused: a redirect was not followed: the site does not allow calls to " +
                Base(other_));
  EXPECT_EQ(ErrorOf(http, Get("/to?file:///etc/passwd")), "Http.Failed");
  EXPECT_EQ(Do(http, Get("/loop")), "Http.Failed: more than 5 redirects");
  json::value post = Get("/keep?/echo");
  post.as_object()["method"] = "POST";
  post.as_object()["body"] = "b";
  EXPECT_EQ(Parsed(Do(http, post)).at("body").at("body"), "b");
  post.as_object()["url"] = Base() + "/to?/echo";
  EXPECT_EQ(Parsed(Do(http, post)).at("body").at("method"), "GET");
}

TEST_F(HttpTest, ASecretGoesToOneServiceOnly) {
  HttpConfig config = Config();
  config.allow.insert(Base(other_));
  const auto http = MakeHttp(std::move(config));
  Blot blot;
  blot.Add("sesame");
  const auto with = [](const std::string& path) {
    json::value input = Get(path);
    input.as_object()["headers"] = json::object{{"X-Key", "my sesame"}, {"X-Plain", "x"}};
    return input;
  };
  EXPECT_NE(Do(http, with("/echo"), {}, blot).find(R"("x-key":"my sesame")"), std::string::npos)
      << "taking it out of the output is the agent's work";
  const std::string elsewhere = Do(http, with("/to?" + Base(other_) + "/echo"), {}, blot);
  EXPECT_EQ(elsewhere.find("x-key"), std::string::npos) << elsewhere;
  EXPECT_NE(elsewhere.find("x-plain"), std::string::npos) << elsewhere;
  json::value post = Get("/keep?" + Base(other_) + "/echo");
  post.as_object()["method"] = "POST";
  post.as_object()["body"] = json::object{{"key", "sesame"}};
  EXPECT_EQ(Do(http, post, {}, blot),
            "Http.Failed: a redirect to another service was not followed: the body holds a secret");
  post.as_object()["url"] = Base() + "/keep?" + Base() + "/echo";
  EXPECT_EQ(Parsed(Do(http, post, {}, blot)).at("body").at("body"), R"({"key":"sesame"})");
}

TEST_F(HttpTest, RefusesWhatWouldForgeARequest) {
  const auto http = MakeHttp(Config());
  const auto with = [](const std::string& name, const json::value& value) {
    json::value input = Get("/echo");
    input.as_object()["headers"] = json::object{{name, value}};
    return input;
  };
  EXPECT_EQ(ErrorOf(http, with("X-A", "1\r\nX-Evil: 1")), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, with("X-A: 1\r\nX-Evil", "1")), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, with("Host", "elsewhere")), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, with("Transfer-Encoding", "chunked")), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, with("X-A", 1)), "Towline.BadInput");
  json::value input = Get("/echo");
  input.as_object()["method"] = "DELETE";
  EXPECT_EQ(Do(http, input),
            "Towline.Refused: the method is not allowed here; these are: GET, HEAD, POST");
  EXPECT_EQ(ErrorOf(http, "[]"), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, R"({"url": 7})"), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(http, R"({"uri": "http://x"})"), "Towline.BadInput");
}

TEST_F(HttpTest, LimitsSizeAndTime) {
  HttpConfig config = Config();
  config.response_bytes_max = 1'000;
  EXPECT_EQ(ErrorOf(MakeHttp(config), Get("/bytes/1000")), "none");
  EXPECT_EQ(ErrorOf(MakeHttp(config), Get("/bytes/1001")), "Http.ResponseTooLarge");
  json::value input = Get("/slow");
  input.as_object()["timeoutSeconds"] = 1;
  EXPECT_EQ(ErrorOf(MakeHttp(config), input), "Http.Timeout");
}

TEST_F(HttpTest, AStopEndsAHangingCall) {
  const auto http = MakeHttp(Config());
  const auto waiting = [] {
    net::HttpClient client({});
    const auto response = client.Perform({.url = Base() + "/waiting"});
    return response ? std::stoi(response->body) : 0;
  };
  const int before = waiting();
  EXPECT_EQ(RunAndStop(http, Get("/slow"),
                       [&] {
                         while (waiting() == before) {
                         }
                       }),
            "Towline.Cancelled: the call was ended");
}

TEST(OriginTest, IsSchemeHostAndPortOnly) {
  EXPECT_EQ(*net::ParseOrigin("HTTPS://Plant.Example"), "https://plant.example:443");
  EXPECT_EQ(*net::ParseOrigin("http://[::1]:8080"), "http://[::1]:8080");
  EXPECT_EQ(*net::ParseOrigin("http://plc-7"), "http://plc-7:80");
  for (const char* bad : {"", "plc-7", "ftp://a", "http://", "http://a/", "http://a:", "http://a:0",
                          "http://u@a", "http://a:x", "http://*.a", "http://a b", "http://[::1"}) {
    EXPECT_FALSE(net::ParseOrigin(bad)) << bad;
  }
}

}  // namespace
}  // namespace towline::handlers
