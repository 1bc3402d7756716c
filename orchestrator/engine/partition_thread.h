#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/partition.h"

namespace towline::engine {

// Drives one partition: sleeps until something waits or is due. Stop() works off what is in the
// inbox, then ends.
class PartitionThread {
 public:
  PartitionThread(std::unique_ptr<Partition> partition, const Clock& clock);
  ~PartitionThread();

  void Start();
  void Stop();  // refuses new requests, finishes the batch, checkpoints the store, joins
  Partition& partition() { return *partition_; }
  // When it last began a round: at most some seconds ago, also when nothing is to be done. Any
  // thread may ask.
  std::chrono::steady_clock::time_point last_round() const { return last_round_; }

 private:
  void Run(std::stop_token stop);

  const std::unique_ptr<Partition> partition_;
  const Clock& clock_;
  std::atomic<std::chrono::steady_clock::time_point> last_round_;
  std::jthread thread_;
};

// All partitions of the node behind one port. Immutable after construction.
class Partitions final : public RequestPort {
 public:
  explicit Partitions(std::vector<std::unique_ptr<PartitionThread>> threads)
      : threads_(std::move(threads)) {}
  bool Post(int partition, Request request) override;
  void Start();
  void Stop();
  int count() const { return static_cast<int>(threads_.size()); }
  const Partition& at(int partition) const;
  std::chrono::steady_clock::time_point last_round() const;  // of the one that is most behind

 private:
  const std::vector<std::unique_ptr<PartitionThread>> threads_;
};

}  // namespace towline::engine
