#pragma once

// A stream of messages that a use case hands out one by one: the door pulls, and writes at the pace
// of the caller. `Source` has Next(Message*), Stop() and again_in(); it wakes the door when there
// may be more.

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/api/grpc/status.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api::door {

template <class Source, class Message>
class PullStream final : public grpc::ServerWriteReactor<Message>,
                         public std::enable_shared_from_this<PullStream<Source, Message>> {
 public:
  using Opened = Result<std::shared_ptr<Source>>;

  // Must be called right after make_shared. `open` gets what wakes the door.
  void Begin(const std::function<Opened(std::function<void()>)>& open) {
    self_ = this->shared_from_this();
    try {
      Opened source = open([weak = this->weak_from_this()] {
        if (const auto stream = weak.lock()) stream->Wake();
      });
      if (!source) return End(ToStatus(source.error(), {}));
      {
        const std::lock_guard lock(mutex_);
        source_ = std::move(*source);
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
    if (source_ == nullptr || ended_) return;
    woken_ = true;
    if (busy_) return;
    busy_ = true;
    // A fresh one: the callback of the last may still be returning.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(gpr_now(GPR_CLOCK_MONOTONIC),
                [self = this->shared_from_this()](bool) { self->Pump(); });
  }

  void Pump() {
    while (true) {
      std::shared_ptr<Source> source;
      {
        const std::lock_guard lock(mutex_);
        woken_ = false;
        if (ended_) return;
        source = source_;
      }
      try {
        switch (source->Next(&message_)) {
          case Source::Pull::kMessage:
            return this->StartWrite(&message_);
          case Source::Pull::kEnd:
            return End(grpc::Status::OK);
          case Source::Pull::kNothingYet:
            break;
        }
      } catch (const store::StoreError& broken) {
        return End(Broken(broken));
      }
      const std::lock_guard lock(mutex_);
      if (woken_) continue;
      busy_ = false;
      if (const std::optional<Millis> wait = source->again_in()) LookAgainIn(*wait);
      return;
    }
  }

  // With the lock held.
  void LookAgainIn(Millis wait) {
    if (ended_) return;
    timer_ = std::make_unique<grpc::Alarm>();
    timer_->Set(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                             gpr_time_from_millis(wait.count(), GPR_TIMESPAN)),
                [weak = this->weak_from_this()](bool due) {
                  const auto stream = weak.lock();
                  if (due && stream != nullptr) stream->Wake();
                });
  }

  void End(const grpc::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    this->Finish(status);
  }

  void OnWriteDone(bool ok) override {
    if (ok) return Pump();
    End(grpc::Status::CANCELLED);
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    std::shared_ptr<Source> source;
    {
      const std::lock_guard lock(mutex_);
      source = std::move(source_);
      ended_ = true;
    }
    if (source != nullptr) source->Stop();
    const auto self = std::move(self_);
  }

  Message message_;                   // of whoever is busy, or of gRPC while it writes
  std::shared_ptr<PullStream> self_;  // until gRPC is done

  std::mutex mutex_;
  std::unique_ptr<grpc::Alarm> alarm_;  // guarded by mutex_
  std::unique_ptr<grpc::Alarm> timer_;  // guarded by mutex_
  std::shared_ptr<Source> source_;      // guarded by mutex_
  bool busy_ = false;                   // guarded by mutex_: pumping, writing, or an alarm is set
  bool woken_ = false;                  // guarded by mutex_: since the last Next
  bool ended_ = false;                  // guarded by mutex_: Finish has been called
};

}  // namespace towline::api::door
