#include "orchestrator/api/grpc/watch_stream.h"

#include <grpc/support/time.h>

#include <memory>
#include <mutex>
#include <utility>

#include "orchestrator/api/grpc/callers.h"
#include "orchestrator/api/grpc/status.h"
#include "orchestrator/api/watcher.h"

namespace towline::api::door {
namespace {

class WatchStream final : public grpc::ServerWriteReactor<v1::WatchExecutionResponse>,
                          public std::enable_shared_from_this<WatchStream> {
 public:
  // Must be called right after make_shared.
  void Begin(Executions& executions, const grpc::CallbackServerContext& context,
             const v1::WatchExecutionRequest& request) {
    self_ = shared_from_this();
    try {
      auto watcher = executions.Watch(
          AskerOf(context), request, [weak = weak_from_this()] {
            if (const auto stream = weak.lock()) stream->Wake();
          });
      if (!watcher) return End(ToStatus(watcher.error(), {}));
      {
        const std::lock_guard lock(mutex_);
        watcher_ = std::move(*watcher);
      }
      Wake();
    } catch (const store::StoreError& broken) {
      End(Broken(broken));
    }
  }

 private:
  static grpc::Status Broken(const store::StoreError& broken) {
    return ToStatus(Error{Error::Code::kUnavailable,
                          std::string("The store does not answer, try again: ") + broken.what(),
                          "ServiceUnavailable"},
                    {});
  }

  // Any thread, a partition's too, so it only hands over: an alarm that is due at once runs Pump
  // on a thread of gRPC.
  void Wake() {
    const std::lock_guard lock(mutex_);
    if (watcher_ == nullptr || ended_) return;
    woken_ = true;
    if (busy_) return;
    busy_ = true;
    // A fresh one: the callback of the last may still be returning.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(gpr_now(GPR_CLOCK_MONOTONIC), [self = shared_from_this()](bool) { self->Pump(); });
  }

  void Pump() {
    while (true) {
      std::shared_ptr<Watcher> watcher;
      {
        const std::lock_guard lock(mutex_);
        woken_ = false;
        if (ended_) return;
        watcher = watcher_;
      }
      try {
        switch (watcher->Next(&message_)) {
          case Watcher::Pull::kMessage: return StartWrite(&message_);
          case Watcher::Pull::kEnd: return End(grpc::Status::OK);
          case Watcher::Pull::kNothingYet: break;
        }
      } catch (const store::StoreError& broken) {
        return End(Broken(broken));
      }
      const std::lock_guard lock(mutex_);
      if (woken_) continue;
      busy_ = false;
      return;
    }
  }

  void End(const grpc::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    Finish(status);
  }

  void OnWriteDone(bool ok) override {
    if (ok) return Pump();
    End(grpc::Status::CANCELLED);
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    std::shared_ptr<Watcher> watcher;
    {
      const std::lock_guard lock(mutex_);
      watcher = std::move(watcher_);
      ended_ = true;
    }
    if (watcher != nullptr) watcher->Stop();
    const auto self = std::move(self_);
  }

  v1::WatchExecutionResponse message_;  // of whoever is busy, or of gRPC while it writes
  std::shared_ptr<WatchStream> self_;  // until gRPC is done

  std::mutex mutex_;
  std::unique_ptr<grpc::Alarm> alarm_;  // guarded by mutex_
  std::shared_ptr<Watcher> watcher_;    // guarded by mutex_
  bool busy_ = false;                 // guarded by mutex_: pumping, writing, or an alarm is set
  bool woken_ = false;                // guarded by mutex_: since the last Next
  bool ended_ = false;                // guarded by mutex_: Finish has been called
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchExecutionResponse>* Watch(
    Executions& executions, grpc::CallbackServerContext* context,
    const v1::WatchExecutionRequest* request) {
  const auto stream = std::make_shared<WatchStream>();
  stream->Begin(executions, *context, *request);
  return stream.get();
}

}  // namespace towline::api::door
