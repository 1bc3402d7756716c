#pragma once

// Partitions and the runners of children without threads: everything happens in Settle(), in
// virtual time. A restart keeps nothing but the store and the files.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/children/driver.h"
#include "orchestrator/engine/activities.h"
#include "orchestrator/engine/partition.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/objects/local_store.h"
#include "tests/base/scratch.h"

namespace towline::children {

// How an execution ended, or where it is.
struct End {
  store::Status status = store::Status::kRunning;
  std::string output{};  // JSON text, of one that succeeded
  std::string error{}, cause{};
};

class World final : public engine::RequestPort, public engine::TaskSink {
 public:
  explicit World(int partitions = 1, MapRunnerSettings settings = {});
  ~World() override;

  void Create(const std::string& machine, const std::string& definition);
  // The execution "one" of tenant "default" unless told; everything that can happens at once.
  void Start(const std::string& machine, const std::string& input,
             const std::string& name = "one");
  void Stop(const std::string& machine, const std::string& name = "one");
  void Redrive(const std::string& machine, const std::string& name = "one");
  void Succeed(const engine::TaskRef& task, const std::string& output);
  End Of(const std::string& machine, const std::string& name = "one");
  std::vector<store::ExecutionRow> Children(const std::string& machine);
  // Of the execution "one": its Map Run that began last.
  interpreter::MapRunState RunOf(const std::string& machine);
  // What is absent stays as it is.
  void Update(const std::string& machine, std::optional<std::uint32_t> max_concurrency,
              std::optional<std::uint64_t> tolerated_count = {});

  void Settle();
  void Advance(Millis passing);
  void Restart();

  // Everything that is asked of a partition is refused as long as this is set.
  void set_busy(bool busy) { busy_ = busy; }
  // After so many more rounds nothing happens any more, as in a crash; -1: never.
  void set_rounds(int rounds) { rounds_ = rounds; }
  std::size_t started() const { return started_; }  // children of Map Runs that were asked for

  Scratch& files() { return files_; }
  store::Backend& backend() { return *backend_; }
  const engine::Tokens& tokens() const { return tokens_; }
  std::vector<engine::TaskOpened> jobs{};  // every task that is no nested execution

  bool Post(int partition, engine::Request request) override;
  void Post(std::vector<engine::TaskNotice> notices) override;  // of other tasks

 private:
  struct Ear;
  struct Life;
  bool Round();
  std::pair<int, std::optional<store::ExecutionRow>> Find(const std::string& machine,
                                                          const std::string& name);

  Timestamp now_{Millis{1'764'000'000'000}};
  bool busy_ = false;
  int rounds_ = -1;
  std::size_t started_ = 0;
  const int partitions_;
  const MapRunnerSettings settings_;
  Scratch files_;
  std::unique_ptr<objects::LocalStore> objects_;
  std::unique_ptr<store::Backend> backend_;
  const engine::Tokens tokens_;
  std::unique_ptr<Life> life_;
};

}  // namespace towline::children
