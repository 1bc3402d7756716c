#include "orchestrator/engine/partition_thread.h"

#include <algorithm>

#include "statemachines/base/log.h"

namespace towline::engine {
namespace {

// Nobody tells when the wall clock is stepped: how late it may be seen.
constexpr Millis kStepNoticed{5'000};

}  // namespace

PartitionThread::PartitionThread(std::unique_ptr<Partition> partition, const Clock& clock)
    : partition_(std::move(partition)), clock_(clock) {}

PartitionThread::~PartitionThread() { Stop(); }

void PartitionThread::Start() {
  last_round_ = std::chrono::steady_clock::now();
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void PartitionThread::Stop() {
  if (!thread_.joinable()) return;
  partition_->Close();
  thread_.request_stop();
  thread_.join();
}

void PartitionThread::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    last_round_ = std::chrono::steady_clock::now();
    const Timestamp next = partition_->RunOnce(clock_.Read());
    const Timestamp now = clock_.Now();
    if (next <= now) continue;
    partition_->inbox().Wait(stop, std::min<Millis>(next - now, kStepNoticed));
  }
  // What was accepted before the inbox closed is still answered.
  for (int rounds = 0; partition_->inbox().size() != 0 && rounds < 100; rounds++) {
    partition_->RunOnce(clock_.Read());
  }
  partition_->Checkpoint();
}

bool Partitions::Post(int partition, Request request) {
  if (partition < 0 || partition >= count()) return false;
  return threads_[static_cast<std::size_t>(partition)]->partition().Post(std::move(request));
}

void Partitions::Start() {
  for (const auto& thread : threads_) thread->Start();
}

void Partitions::Stop() {
  for (const auto& thread : threads_) thread->Stop();
}

const Partition& Partitions::at(int partition) const {
  return threads_.at(static_cast<std::size_t>(partition))->partition();
}

std::chrono::steady_clock::time_point Partitions::last_round() const {
  auto oldest = std::chrono::steady_clock::time_point::max();
  for (const auto& thread : threads_) oldest = std::min(oldest, thread->last_round());
  return oldest;
}

}  // namespace towline::engine
