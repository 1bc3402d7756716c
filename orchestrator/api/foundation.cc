#include "orchestrator/api/foundation.h"

#include <charconv>

#include "orchestrator/engine/hide_tokens.h"
#include "orchestrator/engine/router.h"
#include "statemachines/interpreter/event.h"

namespace towline::api {

int Foundation::PartitionOf(const ExecutionId& id) const {
  return engine::PartitionOf(id.tenant, id.machine, id.name, readers.partitions());
}

std::int64_t Foundation::CountOpen(const std::string& tenant) {
  std::int64_t open = 0;
  for (int partition = 0; partition < readers.partitions(); partition++) {
    open += Readers::Lease(readers, partition)->CountRunning(tenant, "");
  }
  return open;
}

Result<Caller> Foundation::Know(const Asker& asker) const {
  const auto refuse = [&](std::string why) {
    access.NoteStranger(asker.caller, why);
    return Error{Error::Code::kPermissionDenied, std::move(why), kUnrecognizedClient};
  };
  const Timestamp now = parts.clock();
  const Caller& caller = asker.caller;
  if (!caller.bearer.empty()) {
    auto proven = access.Prove(caller.bearer, now);
    if (!proven) return refuse("The token sent along is unknown, or it has expired");
    return Caller{.kind = Caller::Kind::kUser,
                  .name = std::move(proven->principal),
                  .peer = caller.peer,
                  .proof = "token " + proven->token};
  }
  if (caller.kind == Caller::Kind::kNobody) {
    return refuse(
        "This server wants to know who calls: show a user's certificate (towline: "
        "--certificate and --key) or a token (--token)");
  }
  if (caller.kind == Caller::Kind::kOther) {
    std::string why = "The certificate of '" + caller.name + "' is not for a user";
    access.NoteStranger(caller, why);
    return Error{Error::Code::kPermissionDenied, std::move(why), "AccessDeniedException"};
  }
  // It was good when the connection was made, which may be long ago.
  if (caller.kind == Caller::Kind::kUser && caller.until <= now) {
    return refuse("The certificate of '" + caller.name + "' has expired");
  }
  return caller;
}

Result<std::string> Foundation::KnownTenant(const Asker& asker) const {
  if (const auto caller = Know(asker); !caller) return caller.error();
  return ResolveTenant(asker.tenant);
}

Result<std::string> Foundation::Tenant(const Asker& asker, Action action) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  auto tenant = ResolveTenant(asker.tenant);
  if (!tenant) return tenant;
  if (Status allowed = access.Allow(*caller, action, {*tenant}); !allowed) return allowed.error();
  return tenant;
}

Result<Foundation::Sight> Foundation::Seen(const Asker& asker, Action action) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  const auto tenant = ResolveTenant(asker.tenant);
  if (!tenant) return tenant.error();
  if (!access.AllowsSome(*caller, action, *tenant)) {
    return access.Allow(*caller, action, {*tenant}).error();
  }
  return Sight{.tenant = *tenant, .caller = *caller, .action = action, .access = access};
}

Result<MachineName> Foundation::Machine(const Asker& asker, Action action,
                                        std::string_view text) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  auto name = ParseMachine(asker.tenant, text);
  if (!name) return name;
  const Status allowed = access.Allow(*caller, action, {name->tenant, name->name});
  if (!allowed) return allowed.error();
  return name;
}

Result<ActivityName> Foundation::Activity(const Asker& asker, Action action,
                                          std::string_view text) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  auto name = ParseActivity(asker.tenant, text);
  if (!name) return name;
  const Status allowed =
      access.Allow(*caller, action, {.tenant = name->tenant, .detail = name->name});
  if (!allowed) return allowed.error();
  return name;
}

Result<ExecutionId> Foundation::Execution(const Asker& asker, Action action,
                                          std::string_view text) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  auto id = ParseExecution(asker.tenant, text);
  if (!id) return id;
  const Status allowed = access.Allow(*caller, action, {id->tenant, id->machine, id->name});
  if (!allowed) return allowed.error();
  return id;
}

Result<jobs::Principal> Foundation::Worker(const Asker& asker, Action action,
                                           const std::string& text) const {
  const auto caller = Know(asker);
  if (!caller) return caller.error();
  auto name = ParseWorker(asker.tenant, text);
  if (!name) return name;
  const Status allowed =
      access.Allow(*caller, action, {.tenant = name->tenant, .detail = name->worker});
  if (!allowed) return allowed.error();
  return name;
}

Result<Located> Foundation::Locate(const Asker& asker, Action action, std::string_view execution) {
  auto id = Execution(asker, action, execution);
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

void Foundation::MaskTokens(int partition, store::ExecutionKey execution, std::string& text) const {
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
        "token:" +
        engine::Tokens::Fingerprint(parts.tokens.Mint(engine::TaskRef{partition, execution, task}));
    text.replace(at, prefix.size() + static_cast<std::size_t>(end - digits), shown);
    at += shown.size();
  }
  text = engine::HideTokens(parts.tokens, std::move(text));
}

}  // namespace towline::api
