#include "orchestrator/api/quotas.h"

#include <algorithm>
#include <utility>

namespace towline::api {
namespace {

// Between two counts, what executions start by themselves goes unseen.
constexpr Millis kCountAgain{5'000};
// A tenant at its limit that asks again and again does not make the store count each time.
constexpr Millis kCountPause{100};

double Burst(const Quota& quota) {
  return std::max(1, quota.starts_burst > 0 ? quota.starts_burst : quota.starts_per_second);
}

Error TooFast(const std::string& tenant, const Quota& quota) {
  return Error{Error::Code::kResourceExhausted,
               "Rate exceeded: tenant '" + tenant + "' may start " +
                   std::to_string(quota.starts_per_second) +
                   " executions a second; try again with backoff",
               "ThrottlingException"};
}

Error TooMany(const std::string& tenant, const Quota& quota) {
  return Error{Error::Code::kResourceExhausted,
               "Execution Limit Exceeded: tenant '" + tenant + "' may have " +
                   std::to_string(quota.open_executions) +
                   " open executions and has them; try again when some have ended",
               "ExecutionLimitExceeded"};
}

}  // namespace

Quotas::Quotas(QuotaSettings settings, std::function<std::int64_t(const std::string&)> count_open)
    : settings_(std::move(settings)), count_open_(std::move(count_open)) {}

Quotas::Tenant& Quotas::Find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Tenant>& tenant = tenants_[name];
  if (tenant == nullptr) {
    tenant = std::make_unique<Tenant>();
    const auto own = settings_.tenants.find(name);
    tenant->quota = own == settings_.tenants.end() ? settings_.others : own->second;
    tenant->starts = Burst(tenant->quota);
  }
  return *tenant;
}

void Quotas::Fill(Tenant& tenant, Timestamp now) {
  const double seconds =
      std::chrono::duration<double>(std::max(now - tenant.filled, Millis(0))).count();
  tenant.starts = std::min(Burst(tenant.quota),
                           tenant.starts + seconds * tenant.quota.starts_per_second);
  tenant.filled = now;
}

Status Quotas::AdmitStart(const std::string& name, Timestamp now) {
  Tenant& tenant = Find(name);
  const std::lock_guard lock(tenant.mutex);
  const Quota& quota = tenant.quota;
  if (quota.starts_per_second > 0) {
    Fill(tenant, now);
    if (tenant.starts < 1) {
      tenant.refused++;
      return TooFast(name, quota);
    }
  }
  if (quota.open_executions > 0) {
    const bool full = tenant.open_max >= quota.open_executions;
    const bool never = tenant.counted == Timestamp{};
    if (never || now >= tenant.counted + (full ? kCountPause : kCountAgain)) {
      tenant.open_max = count_open_(name);
      tenant.counted = now;
    }
    if (tenant.open_max >= quota.open_executions) {
      tenant.refused++;
      return TooMany(name, quota);
    }
    tenant.open_max++;
  }
  if (quota.starts_per_second > 0) tenant.starts -= 1;
  return Ok();
}

Status Quotas::AdmitBytes(const std::string& name, std::size_t bytes) {
  Tenant& tenant = Find(name);
  const auto limit = static_cast<std::size_t>(tenant.quota.request_bytes);
  if (limit == 0 || bytes <= limit) return Ok();
  const std::lock_guard lock(tenant.mutex);
  tenant.refused++;
  return Error{Error::Code::kInvalidArgument,
               "The request has " + std::to_string(bytes) + " bytes; tenant '" + name +
                   "' may send " + std::to_string(limit) + " at most",
               "ValidationException"};
}

Quotas::Use Quotas::Describe(const std::string& name, Timestamp now) {
  const std::int64_t open = count_open_(name);
  Tenant& tenant = Find(name);
  const std::lock_guard lock(tenant.mutex);
  Fill(tenant, now);
  return {.quota = tenant.quota,
          .starts_left = tenant.quota.starts_per_second > 0 ? static_cast<int>(tenant.starts) : 0,
          .open = open,
          .refused = tenant.refused};
}

}  // namespace towline::api
