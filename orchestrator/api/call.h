#pragma once

// One call on its way through the service, whatever door it came in by. A door implements Call; a
// use case gets a Reply, which may be copied, kept until a partition has answered, and used from
// any thread. Exactly one answer counts: that of the use case or, when the caller has gone away,
// the door's own.

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/api/caller.h"
#include "orchestrator/store/store.h"
#include "proto/towline/v1/errors.pb.h"
#include "statemachines/base/log.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api {

using Diagnostics = std::vector<v1::Diagnostic>;

class CallBase {
 public:
  virtual ~CallBase() = default;
  virtual Asker asker() const = 0;
  // How long it still waits; absent: for ever. Relative, because its deadline is on another clock
  // than ours.
  virtual std::optional<Millis> patience() const = 0;
  // `hook` runs at most once: when the caller goes away before it can have had the answer. Only
  // to be set while the use case is being called, not later.
  virtual void OnGone(std::function<void()> hook) = 0;
};

template <class Response>
class Call : public CallBase {
 public:
  // The right to answer: the response to fill in, or null when somebody else has answered.
  virtual Response* Claim() = 0;
  // After Claim: sends the response, or the error instead.
  virtual void Finish() = 0;
  virtual void Finish(const Error& error, const Diagnostics& diagnostics) = 0;
};

template <class Response>
class Reply {
 public:
  explicit Reply(std::shared_ptr<Call<Response>> call) : call_(std::move(call)) {}

  Asker asker() const { return call_->asker(); }
  CallBase& call() const { return *call_; }

  // Succeeds; `fill` gets the response, unless nobody wants it any more.
  template <class Filler>
  void Fill(Filler&& fill) const {
    Response* response = call_->Claim();
    if (response == nullptr) return;
    std::forward<Filler>(fill)(*response);
    call_->Finish();
  }
  void Fail(const Error& error, const Diagnostics& diagnostics = {}) const {
    if (call_->Claim() != nullptr) call_->Finish(error, diagnostics);
  }
  void Send(Result<Response> result) const {
    if (!result) return Fail(result.error());
    Fill([&result](Response& response) { response = std::move(*result); });
  }

 private:
  std::shared_ptr<Call<Response>> call_;
};

// Runs a use case; a broken store becomes an answer. For doors, and for what runs later on
// threads of others.
template <class Response, class UseCase>
void Serve(const Reply<Response>& reply, UseCase&& use_case) {
  try {
    std::forward<UseCase>(use_case)();
  } catch (const store::StoreError& broken) {
    Log(LogLevel::kError, "api_store_error", {{"error", broken.what()}});
    reply.Fail(Error{Error::Code::kUnavailable,
                     std::string("The store does not answer, try again: ") + broken.what(),
                     "ServiceUnavailable"});
  }
}

// The inbox of a partition is full.
inline Error BusyError() {
  return Error{Error::Code::kResourceExhausted,
               "The server is busy: more requests wait than it takes; try again with backoff",
               "Busy"};
}

}  // namespace towline::api
