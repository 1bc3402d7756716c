// towline machine …: state machines.

#include <map>
#include <ostream>
#include <string>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/state_machines.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::StateMachines;

void PrintWarnings(const Invocation& call, const std::string& file,
                   const google::protobuf::RepeatedPtrField<v1::Diagnostic>& warnings) {
  for (const v1::Diagnostic& warning : warnings) {
    call.terminal.err << ShowDiagnostic(file, warning) << '\n';
  }
}

// A refused definition is reported like a compiler would, finding by finding.
int FailWithDiagnostics(const Invocation& call, const std::string& file,
                        const grpc::Status& status) {
  const auto detail = DetailOf(status);
  if (!detail || detail->diagnostics().empty()) return Fail(call, status);
  for (const v1::Diagnostic& diagnostic : detail->diagnostics()) {
    call.terminal.err << ShowDiagnostic(file, diagnostic) << '\n';
  }
  std::string message = "the server refused " + file + " (" + detail->name() + ")";
  if (detail->diagnostics_left_out() > 0) {
    message += "; " + std::to_string(detail->diagnostics_left_out()) +
               " more findings: towline validate " + Quote(file);
  }
  return Fail(call.terminal, kRefused, message);
}

int Create(Invocation& call) {
  const std::string& file = call.arguments[1];
  auto definition = ReadFile(call.terminal, file);
  if (!definition) return Fail(call, definition.error());
  v1::CreateStateMachineRequest request;
  request.set_name(call.arguments[0]);
  request.set_definition(std::move(*definition));
  v1::CreateStateMachineResponse response;
  const auto status =
      call.client.Call<StateMachines>(&StateMachines::Stub::Create, request, &response);
  if (!status.ok()) return FailWithDiagnostics(call, file, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    PrintWarnings(call, file, response.warnings());
    call.terminal.out << response.state_machine_arn() << '\n';
  }
  return kOk;
}

int Update(Invocation& call) {
  const std::string& file = call.arguments[1];
  auto definition = ReadFile(call.terminal, file);
  if (!definition) return Fail(call, definition.error());
  v1::UpdateStateMachineRequest request;
  request.set_state_machine(call.arguments[0]);
  request.set_definition(std::move(*definition));
  v1::UpdateStateMachineResponse response;
  const auto status =
      call.client.Call<StateMachines>(&StateMachines::Stub::Update, request, &response);
  if (!status.ok()) return FailWithDiagnostics(call, file, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    PrintWarnings(call, file, response.warnings());
    call.terminal.out << "revision " << response.revision_id().substr(0, 12)
                      << "; running executions keep the one they started with\n";
  }
  return kOk;
}

int Describe(Invocation& call) {
  v1::DescribeStateMachineRequest request;
  request.set_state_machine(call.arguments[0]);
  v1::StateMachine machine;
  const auto status =
      call.client.Call<StateMachines>(&StateMachines::Stub::Describe, request, &machine);
  if (!status.ok()) return Fail(call, status);
  if (call.Flag("definition")) {
    call.terminal.out << machine.definition();
    if (machine.definition().empty() || machine.definition().back() != '\n') {
      call.terminal.out << '\n';
    }
    return kOk;
  }
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(machine));
    return kOk;
  }
  const bool deleting = machine.status() == v1::STATE_MACHINE_STATUS_DELETING;
  call.terminal.out << "name      " << machine.name() << "\narn       "
                    << machine.state_machine_arn() << "\nstatus    "
                    << (deleting ? "DELETING" : "ACTIVE") << "\nrevision  "
                    << machine.revision_id() << "\ncreated   "
                    << ShowTime(FromProto(machine.creation_time())) << "\nupdated   "
                    << ShowTime(FromProto(machine.update_time())) << "\nrunning   "
                    << machine.running_executions()
                    << " executions\n";
  std::map<std::string, std::string> references;  // in the order of the states' names
  for (const auto& [state, variables] : machine.variable_references()) {
    for (const std::string& name : variables.names()) references[state] += " $" + name;
  }
  for (const auto& [state, names] : references) {
    call.terminal.out << "variables " << state << ":" << names << '\n';
  }
  call.terminal.out << "(the definition: --definition)\n";
  return kOk;
}

int List(Invocation& call) {
  v1::ListStateMachinesRequest request;
  request.set_max_results(1000);
  v1::ListStateMachinesResponse all;
  do {
    v1::ListStateMachinesResponse page;
    const auto status = call.client.Call<StateMachines>(&StateMachines::Stub::List, request, &page);
    if (!status.ok()) return Fail(call, status);
    request.set_next_token(page.next_token());
    all.mutable_state_machines()->MergeFrom(page.state_machines());
  } while (!request.next_token().empty());
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(all));
    return kOk;
  }
  Table table({"NAME", "STATUS", "REVISION", "UPDATED"});
  for (const v1::StateMachine& machine : all.state_machines()) {
    const bool deleting = machine.status() == v1::STATE_MACHINE_STATUS_DELETING;
    table.Add({machine.name(), deleting ? "DELETING" : "ACTIVE",
               machine.revision_id().substr(0, 12), ShowTime(FromProto(machine.update_time()))});
    table.PaintCell(1, deleting ? Colour::kYellow : Colour::kGreen);
  }
  table.Print(call.terminal);
  return kOk;
}

int Delete(Invocation& call) {
  v1::DeleteStateMachineRequest request;
  request.set_state_machine(call.arguments[0]);
  v1::DeleteStateMachineResponse response;
  const auto status =
      call.client.Call<StateMachines>(&StateMachines::Stub::Delete, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) PrintJsonLine(call.terminal, ToJson(response));
  return kOk;
}

}  // namespace

std::vector<Command> MachineCommands() {
  return {
      {"machine create", "NAME FILE", "make a state machine of a definition (- for standard input)",
       nullptr, Create},
      {"machine update", "NAME FILE", "give it a new definition", nullptr, Update},
      {"machine describe", "NAME", "show one",
       [](cxxopts::OptionAdder& add) {
         add("definition", "print the definition and nothing else");
       },
       Describe},
      {"machine list", "", "show all", nullptr, List},
      {"machine delete", "NAME", "refuse new starts; gone when its last execution has ended",
       nullptr, Delete},
  };
}

}  // namespace towline::cli
