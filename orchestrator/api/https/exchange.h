#pragma once

// One HTTP request on its way through the door: what the routes see of it, free of any transport.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/api/enrolment.h"
#include "statemachines/base/result.h"

namespace towline::api::https {

struct HttpCall {
  std::string method{};
  std::string target{};                          // "/v1/enrol"
  std::map<std::string, std::string> headers{};  // lower-case names
  Enrolment::Agent agent{};  // whose certificate was shown; without a name: none
};

// A body that is read as it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Fills `into` from its beginning and says how much. An error, or nothing before the announced
  // end, breaks the connection off.
  virtual Result<std::size_t> Read(char* into, std::size_t size) = 0;
};

struct HttpAnswer {
  int status = 200;
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::unique_ptr<BodySource> source{};  // instead of `body`
  std::uint64_t source_bytes = 0;
};

// {"error": name, "message": …} with the status that fits.
HttpAnswer AnswerOf(const Error& error);

// Takes a request's body piece by piece, in order, and answers. One thread at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // False: no more is wanted; Finish says why.
  virtual bool Take(std::string_view piece) = 0;
  // After the last piece, or after a refused one. Not called when the connection breaks.
  virtual HttpAnswer Finish() = 0;
};

// What the door serves. Any thread.
class Routes {
 public:
  virtual ~Routes() = default;
  virtual std::unique_ptr<Exchange> Begin(const HttpCall& call) = 0;
};

}  // namespace towline::api::https
