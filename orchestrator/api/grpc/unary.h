#pragma once

// One unary call: a reactor of gRPC's callback API on one side, a Call of the service on the
// other. There is one object and no thread hop per call: the use case runs on gRPC's thread, the
// answer leaves from whichever thread has it.

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "orchestrator/api/call.h"
#include "orchestrator/api/grpc/callers.h"
#include "orchestrator/api/grpc/status.h"

namespace towline::api::door {

template <class Response>
class UnaryCall final : public grpc::ServerUnaryReactor,
                        public Call<Response>,
                        public std::enable_shared_from_this<UnaryCall<Response>> {
 public:
  UnaryCall(grpc::CallbackServerContext* context, Response* response)
      : context_(context), response_(response) {}

  // Call<Response>
  Asker asker() const override { return AskerOf(*context_); }
  std::optional<Millis> patience() const override { return PatienceOf(*context_); }
  void OnGone(std::function<void()> hook) override { gone_ = std::move(hook); }
  Response* Claim() override {
    return claimed_.exchange(true, std::memory_order_acq_rel) ? nullptr : response_;
  }
  void Finish() override { ServerUnaryReactor::Finish(grpc::Status::OK); }
  void Finish(const Error& error, const Diagnostics& diagnostics) override {
    ServerUnaryReactor::Finish(ToStatus(error, diagnostics));
  }

  // Keeps itself alive until gRPC is done with it; the partition may hold on to it longer.
  void Hold() { self_ = this->shared_from_this(); }

 private:
  // The reactions below are short and block on nothing, so they need no executor of their own.
  bool InternalInlineable() override { return true; }
  void OnDone() override { const auto self = std::move(self_); }
  // Deadline passed, cancelled, or the connection is gone. gRPC calls it after the handler.
  void OnCancel() override {
    const auto self = this->shared_from_this();
    if (gone_) std::exchange(gone_, nullptr)();
    if (Claim() != nullptr) ServerUnaryReactor::Finish(grpc::Status::CANCELLED);
  }

  grpc::CallbackServerContext* const context_;
  Response* const response_;  // valid until OnDone; only for who has claimed
  std::atomic<bool> claimed_ = false;
  std::function<void()> gone_;
  std::shared_ptr<UnaryCall> self_;
};

// The body of every unary handler.
template <class Response, class UseCase>
grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, Response* response,
                                UseCase&& use_case) {
  auto call = std::make_shared<UnaryCall<Response>>(context, response);
  call->Hold();
  grpc::ServerUnaryReactor* const reactor = call.get();
  const Reply<Response> reply(std::move(call));
  Serve(reply, [&] { std::forward<UseCase>(use_case)(reply); });
  return reactor;
}

}  // namespace towline::api::door
