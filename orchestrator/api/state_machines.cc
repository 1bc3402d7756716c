#include "orchestrator/api/state_machines.h"

#include <algorithm>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/page_token.h"
#include "statemachines/asl/parser.h"

namespace towline::api {
namespace {

Error DoesNotExist(const MachineName& name) {
  return Error{Error::Code::kNotFound, "State Machine Does Not Exist: '" + name.arn() + "'",
               "StateMachineDoesNotExist"};
}
Error Deleting(const MachineName& name) {
  return Error{Error::Code::kFailedPrecondition,
               "State Machine Is Being Deleted: '" + name.arn() +
                   "'; it disappears when its last execution has ended",
               "StateMachineDeleting"};
}

// What is wrong with a definition, or what is worth a warning.
struct Checked {
  Diagnostics errors;
  Diagnostics warnings;
  std::string message;  // of InvalidDefinition
};
Checked Check(const std::string& text) {
  Checked checked;
  const asl::ParseResult parsed = asl::Parse(text);
  for (const asl::Diagnostic& diagnostic : parsed.diagnostics) {
    const bool error = diagnostic.severity == asl::Diagnostic::Severity::kError;
    (error ? checked.errors : checked.warnings).push_back(ToProto(diagnostic));
  }
  if (!parsed.ok()) checked.message = asl::DescribeErrors(parsed.diagnostics);
  return checked;
}
Error InvalidDefinition(const Checked& checked) {
  return Error{Error::Code::kInvalidArgument, checked.message, "InvalidDefinition"};
}

void FillMachine(const store::MachineRow& row, v1::StateMachine* to) {
  to->set_state_machine_arn(MachineName{row.tenant, row.name}.arn());
  to->set_name(row.name);
  to->set_status(row.deleting ? v1::STATE_MACHINE_STATUS_DELETING
                              : v1::STATE_MACHINE_STATUS_ACTIVE);
  to->set_revision_id(row.revision);
  SetTime(to->mutable_creation_time(), row.created);
  SetTime(to->mutable_update_time(), row.updated);
}

void FillReferences(const asl::Definition& definition, v1::StateMachine* to) {
  for (const asl::State& state : definition.states) {
    if (state.variable_references.empty()) continue;
    v1::VariableReferences& references = (*to->mutable_variable_references())[state.name];
    for (const std::string& name : state.variable_references) references.add_names(name);
  }
}

void Answer(const store::MachineRow& row, Diagnostics warnings,
            const Reply<v1::CreateStateMachineResponse>& reply) {
  reply.Fill([&](v1::CreateStateMachineResponse& response) {
    response.set_state_machine_arn(MachineName{row.tenant, row.name}.arn());
    SetTime(response.mutable_creation_time(), row.created);
    response.set_revision_id(row.revision);
    for (v1::Diagnostic& warning : warnings) *response.add_warnings() = std::move(warning);
  });
}

}  // namespace

void StateMachines::Create(const v1::CreateStateMachineRequest& request,
                           const Reply<v1::CreateStateMachineResponse>& reply) {
  const auto tenant = base_.KnownTenant(reply.asker());
  if (!tenant) return reply.Fail(tenant.error());
  if (auto ok = CheckName(request.name(), "state machine's name"); !ok) {
    return reply.Fail(ok.error());
  }
  const auto made = base_.Machine({*tenant, reply.asker().caller}, Action::kChangeMachines,
                                  request.name());
  if (!made) return reply.Fail(made.error());
  if (auto ok = base_.quotas.AdmitBytes(*tenant, request.ByteSizeLong()); !ok) {
    return reply.Fail(ok.error());
  }
  Checked checked = Check(request.definition());
  if (!checked.errors.empty()) return reply.Fail(InvalidDefinition(checked), checked.errors);

  const MachineName& name = *made;
  const std::string revision = engine::RevisionHash(request.definition());
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  const std::lock_guard lock(changing_);
  if (const auto existing = catalogue.Machine(name.tenant, name.name)) {
    if (existing->deleting) return reply.Fail(Deleting(name));
    if (existing->revision == revision) {
      return Answer(*existing, std::move(checked.warnings), reply);
    }
    return reply.Fail(Error{Error::Code::kAlreadyExists,
                            "State Machine Already Exists: '" + name.arn() +
                                "' with another definition; use update to change it",
                            "StateMachineAlreadyExists"});
  }
  const Timestamp now = base_.parts.clock();
  const store::MachineRow row{name.tenant, name.name, revision, now, now, false};
  catalogue.PutRevision(revision, request.definition());
  catalogue.PutMachine(row);
  base_.machines.Forget(name.tenant, name.name);
  Answer(row, std::move(checked.warnings), reply);
}

void StateMachines::Update(const v1::UpdateStateMachineRequest& request,
                           const Reply<v1::UpdateStateMachineResponse>& reply) {
  const auto name = base_.Machine(reply.asker(), Action::kChangeMachines, request.state_machine());
  if (!name) return reply.Fail(name.error());
  if (auto ok = base_.quotas.AdmitBytes(name->tenant, request.ByteSizeLong()); !ok) {
    return reply.Fail(ok.error());
  }
  if (request.definition().empty()) {
    return reply.Fail(Error{Error::Code::kInvalidArgument,
                            "Nothing to update: give a definition", "MissingRequiredParameter"});
  }
  Checked checked = Check(request.definition());
  if (!checked.errors.empty()) return reply.Fail(InvalidDefinition(checked), checked.errors);

  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  const std::lock_guard lock(changing_);
  auto row = catalogue.Machine(name->tenant, name->name);
  if (!row) return reply.Fail(DoesNotExist(*name));
  if (row->deleting) return reply.Fail(Deleting(*name));
  row->revision = engine::RevisionHash(request.definition());
  row->updated = base_.parts.clock();
  catalogue.PutRevision(row->revision, request.definition());
  catalogue.PutMachine(*row);
  base_.machines.Forget(name->tenant, name->name);
  reply.Fill([&](v1::UpdateStateMachineResponse& response) {
    SetTime(response.mutable_update_time(), row->updated);
    response.set_revision_id(row->revision);
    for (v1::Diagnostic& warning : checked.warnings) *response.add_warnings() = std::move(warning);
  });
}

Result<store::MachineRow> StateMachines::Find(const Asker& asker, std::string_view machine) {
  const auto name = base_.Machine(asker, Action::kViewMachines, machine);
  if (!name) return name.error();
  auto row = base_.parts.backend.catalogue().Machine(name->tenant, name->name);
  if (!row) return DoesNotExist(*name);
  return std::move(*row);
}

std::int64_t StateMachines::CountRunning(const store::MachineRow& row) {
  std::int64_t running = 0;
  for (int partition = 0; partition < base_.readers.partitions(); ++partition) {
    running += Readers::Lease(base_.readers, partition)->CountRunning(row.tenant, row.name);
  }
  return running;
}

void StateMachines::Describe(const v1::DescribeStateMachineRequest& request,
                             const Reply<v1::StateMachine>& reply) {
  const auto row = Find(reply.asker(), request.state_machine());
  if (!row) return reply.Fail(row.error());
  v1::StateMachine machine;
  FillMachine(*row, &machine);
  machine.set_running_executions(CountRunning(*row));
  // One that an older version has accepted and this one does not is still shown.
  const auto definition = base_.parts.definitions.Find(row->revision);
  if (definition != nullptr) FillReferences(*definition, &machine);
  if (!request.metadata_only()) {
    const auto text = base_.parts.backend.catalogue().Revision(row->revision);
    if (!text) throw store::StoreError("the catalogue lacks revision " + row->revision);
    machine.set_definition(*text);
  }
  reply.Send(std::move(machine));
}

void StateMachines::DescribeForExecution(
    const v1::DescribeStateMachineForExecutionRequest& request,
    const Reply<v1::StateMachine>& reply) {
  const auto located = base_.Locate(reply.asker(), Action::kViewExecutions, request.execution());
  if (!located) return reply.Fail(located.error());
  const store::ExecutionRow& execution = located->row;
  // The machine itself may be gone, or have another revision by now.
  const std::size_t slash = execution.machine.find('/');  // {machine}/{label}: a child
  const std::string name = execution.machine.substr(0, slash);
  auto row = base_.parts.backend.catalogue().Machine(execution.tenant, name);
  if (!row) {
    row = store::MachineRow{.tenant = execution.tenant,
                            .name = name,
                            .revision = {},
                            .created = execution.started,
                            .updated = execution.started,
                            .deleting = true};
  }
  row->revision = execution.revision;
  v1::StateMachine machine;
  FillMachine(*row, &machine);
  const auto definition = base_.DefinitionOf(execution);
  FillReferences(*definition, &machine);
  if (execution.child_of) {
    machine.set_map_run_arn(IdOf(execution).map_run_arn());
    machine.set_label(execution.machine.substr(execution.machine.rfind('/') + 1));
  }
  if (!request.metadata_only()) machine.set_definition(definition->text);
  reply.Send(std::move(machine));
}

void StateMachines::List(const v1::ListStateMachinesRequest& request,
                         const Reply<v1::ListStateMachinesResponse>& reply) {
  const auto seen = base_.Seen(reply.asker(), Action::kViewMachines);
  if (!seen) return reply.Fail(seen.error());
  const std::string& tenant = seen->tenant;
  const auto size = PageSize(request.max_results());
  if (!size) return reply.Fail(size.error());
  const std::string question = "machines " + tenant;
  PageToken token;
  if (!request.next_token().empty()) {
    auto decoded = base_.pages.Decode(request.next_token(), question, base_.parts.clock());
    if (!decoded) return reply.Fail(decoded.error());
    token = std::move(*decoded);
  }
  const auto rows = base_.parts.backend.catalogue().Machines(tenant, token.text, *size + 1);
  v1::ListStateMachinesResponse response;
  const std::size_t shown = std::min(rows.size(), static_cast<std::size_t>(*size));
  for (std::size_t i = 0; i < shown; ++i) {
    if (seen->Sees(rows[i].name)) FillMachine(rows[i], response.add_state_machines());
  }
  if (rows.size() > shown) {
    const PageToken next{.numbers = {}, .text = rows[shown - 1].name};
    response.set_next_token(base_.pages.Encode(next, question, base_.parts.clock()));
  }
  reply.Send(std::move(response));
}

void StateMachines::Delete(const v1::DeleteStateMachineRequest& request,
                           const Reply<v1::DeleteStateMachineResponse>& reply) {
  const auto name = base_.Machine(reply.asker(), Action::kChangeMachines, request.state_machine());
  if (!name) return reply.Fail(name.error());
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  {
    const std::lock_guard lock(changing_);
    auto row = catalogue.Machine(name->tenant, name->name);
    if (row && !row->deleting) {
      row->deleting = true;
      catalogue.PutMachine(*row);
      base_.machines.Forget(name->tenant, name->name);
    }
  }
  Sweep();
  reply.Send(v1::DeleteStateMachineResponse());
}

void StateMachines::Validate(const v1::ValidateStateMachineRequest& request,
                             const Reply<v1::ValidateStateMachineResponse>& reply) {
  const auto tenant = base_.KnownTenant(reply.asker());
  if (!tenant) return reply.Fail(tenant.error());
  const auto size = PageSize(request.max_results());
  if (!size) return reply.Fail(size.error());
  const asl::ParseResult parsed = asl::Parse(request.definition());
  v1::ValidateStateMachineResponse response;
  response.set_ok(parsed.ok());
  for (const asl::Diagnostic& diagnostic : parsed.diagnostics) {
    if (request.errors_only() && diagnostic.severity != asl::Diagnostic::Severity::kError) continue;
    if (response.diagnostics_size() == *size) {
      response.set_truncated(true);
      break;
    }
    *response.add_diagnostics() = ToProto(diagnostic);
  }
  if (!parsed.ok() || parsed.definition->job_types.empty()) return reply.Send(std::move(response));
  for (const std::string& type : parsed.definition->job_types) {
    response.add_job_types()->set_name(type);
  }
  base_.parts.fleet.Ask([reply, tenant = *tenant, response = std::move(response)](
                            dispatch::Dispatcher& dispatcher, Timestamp) mutable {
    for (v1::RequiredJobType& type : *response.mutable_job_types()) {
      type.set_announced(dispatcher.TypeAnnounced(tenant, type.name()));
    }
    reply.Send(std::move(response));
  });
}

void StateMachines::Sweep() {
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  for (const store::MachineRow& row : catalogue.DeletingMachines()) {
    // A start that was under way when the deletion was asked for may come after this look. It
    // runs all the same: its definition is kept, and no new one can follow it.
    if (CountRunning(row) > 0) continue;
    const std::lock_guard lock(changing_);
    const auto present = catalogue.Machine(row.tenant, row.name);
    if (!present || !present->deleting) continue;
    catalogue.DeleteMachine(row.tenant, row.name);
    base_.machines.Forget(row.tenant, row.name);
  }
}

}  // namespace towline::api
