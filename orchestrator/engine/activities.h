#pragma once

#include <string>
#include <string_view>

#include "orchestrator/store/store.h"
#include "statemachines/interpreter/advance.h"

namespace towline::engine {

struct ActivityName {
  std::string tenant;
  std::string name;
};
// Whose activity an ARN means that an execution of `tenant` refers to:
// "arn:towline:states:local:{owner}:activity:{name}". The like of other clouds knows no tenants of
// ours and means the execution's own.
ActivityName ActivityOf(std::string_view arn, const std::string& tenant);

// Those of the catalogue. Thread-safe. One that cannot be looked up counts as there, so that its
// task waits instead of failing for good.
class CatalogueActivities final : public interpreter::Activities {
 public:
  explicit CatalogueActivities(store::Catalogue& catalogue) : catalogue_(catalogue) {}
  bool Exists(const std::string& arn, const std::string& tenant) const override;

 private:
  store::Catalogue& catalogue_;
};

}  // namespace towline::engine
