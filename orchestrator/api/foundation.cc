#include "orchestrator/api/foundation.h"

#include <charconv>

#include "orchestrator/engine/router.h"
#include "statemachines/interpreter/event.h"

namespace towline::api {

int Foundation::PartitionOf(const ExecutionId& id) const {
  return engine::PartitionOf(id.tenant, id.machine, id.name, readers.partitions());
}

Result<Located> Foundation::Locate(std::string_view said_tenant, std::string_view execution) {
  auto id = ParseExecution(said_tenant, execution);
  if (!id) return id.error();
  const int partition = PartitionOf(*id);
  auto row = Readers::Lease(readers, partition)->Find(id->tenant, id->machine, id->name);
  if (!row) {
    return Error{Error::Code::kNotFound, "Execution Does Not Exist: '" + id->arn() + "'",
                 "ExecutionDoesNotExist"};
  }
  return Located{partition, std::move(*row)};
}

std::shared_ptr<const asl::Definition> Foundation::DefinitionOf(const store::ExecutionRow& row) {
  auto definition = parts.definitions.Find(row.revision);
  if (definition == nullptr) {
    throw store::StoreError("the catalogue lacks revision " + row.revision + " of state machine " +
                            row.machine);
  }
  return definition;
}

void Foundation::MaskTokens(int partition, store::ExecutionKey execution,
                            std::string& text) const {
  // The placeholder without its number: "towline-task-token:".
  static const std::string prefix = [] {
    std::string placeholder = interpreter::TokenPlaceholder(0);
    placeholder.pop_back();
    return placeholder;
  }();
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    const char* const digits = text.data() + at + prefix.size();
    std::uint64_t task = 0;
    const auto [end, error] = std::from_chars(digits, text.data() + text.size(), task);
    if (error != std::errc()) {
      at += prefix.size();
      continue;
    }
    const std::string shown =
        "token:" + engine::Tokens::Fingerprint(
                       parts.tokens.Mint(engine::TaskRef{partition, execution, task}));
    text.replace(at, prefix.size() + static_cast<std::size_t>(end - digits), shown);
    at += shown.size();
  }
}

}  // namespace towline::api
