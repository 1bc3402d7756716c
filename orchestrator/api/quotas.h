#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api {

// What one tenant may ask for. 0: as much as it likes.
struct Quota {
  int starts_per_second = 0;
  int starts_burst = 0;  // that may come at once; 0: a second's worth
  int open_executions = 0;
  int request_bytes = 0;  // of one request
};

struct QuotaSettings {
  Quota others{};  // of tenants that have none of their own
  std::map<std::string, Quota> tenants{};
};

// Keeps tenants from crowding each other out. Only what people and programs ask for is refused, and
// only what makes more work: starting, redriving, large requests. What executions do by themselves
// (nested executions, children of Map Runs) and answers to tasks never is, for refusing those would
// stop work that was admitted. Nested executions count as open, children of Map Runs do not: each
// Map Run has its own bound of concurrency. Any thread.
class Quotas {
 public:
  // `count_open` reads from the store how many executions of a tenant run.
  Quotas(QuotaSettings settings, std::function<std::int64_t(const std::string&)> count_open);

  // Errors: ThrottlingException, ExecutionLimitExceeded.
  Status AdmitStart(const std::string& tenant, Timestamp now);
  // Error ValidationException.
  Status AdmitBytes(const std::string& tenant, std::size_t bytes);

  struct Use {
    Quota quota{};
    int starts_left = 0;  // at once; where there is a limit
    std::int64_t open = 0;
    std::uint64_t refused = 0;  // since the server's start
  };
  Use Describe(const std::string& tenant, Timestamp now);

 private:
  struct Tenant {
    Quota quota{};
    std::mutex mutex;
    double starts = 0;          // guarded by mutex, as all below
    Timestamp filled{};
    std::int64_t open_max = 0;  // the last count and all that has been started since
    Timestamp counted{};        // zero: never
    std::uint64_t refused = 0;
  };

  Tenant& Find(const std::string& name);
  static void Fill(Tenant& tenant, Timestamp now);

  const QuotaSettings settings_;
  const std::function<std::int64_t(const std::string&)> count_open_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Tenant>> tenants_;  // guarded by mutex_; never erased
};

}  // namespace towline::api
