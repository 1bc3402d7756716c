// towline validate FILE: everything that is wrong with a definition, like a compiler. Works without
// a server; --ask-server asks one, which may be newer than this program.

#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "proto/towline/v1/state_machines.grpc.pb.h"
#include "statemachines/asl/parser.h"

namespace towline::cli {
namespace {

v1::ValidateStateMachineResponse ValidateHere(const std::string& definition) {
  v1::ValidateStateMachineResponse response;
  const asl::ParseResult parsed = asl::Parse(definition);
  response.set_ok(parsed.ok());
  for (const asl::Diagnostic& finding : parsed.diagnostics) {
    v1::Diagnostic* diagnostic = response.add_diagnostics();
    diagnostic->set_severity(finding.severity == asl::Diagnostic::Severity::kError
                                 ? v1::Diagnostic::SEVERITY_ERROR
                                 : v1::Diagnostic::SEVERITY_WARNING);
    diagnostic->set_code(finding.code);
    diagnostic->set_message(finding.message);
    diagnostic->set_location(finding.location);
    diagnostic->set_line(finding.line);
    diagnostic->set_column(finding.column);
  }
  if (parsed.ok()) {
    for (const std::string& type : parsed.definition->job_types) {
      response.add_job_types()->set_name(type);
    }
  }
  return response;
}

// What workers must serve before the definition can run, and what none has announced.
void PrintJobTypes(const Invocation& call, const v1::ValidateStateMachineResponse& response) {
  if (response.job_types().empty()) return;
  std::string all;
  std::string unknown;
  for (const v1::RequiredJobType& type : response.job_types()) {
    all += (all.empty() ? "" : ", ") + type.name();
    if (!type.has_announced() || type.announced()) continue;
    unknown += (unknown.empty() ? "" : ", ") + type.name();
  }
  call.terminal.out << "job types: " << all << '\n';
  if (unknown.empty()) return;
  call.terminal.out << "no worker has announced: " << unknown
                    << " (their jobs wait until one does)\n";
}

int Validate(Invocation& call) {
  const std::string& file = call.arguments[0];
  const auto definition = ReadFile(call.terminal, file);
  if (!definition) return Fail(call, definition.error());
  v1::ValidateStateMachineResponse response;
  // Naming a server is asking it.
  if (call.Flag("ask-server") || call.Has("server")) {
    v1::ValidateStateMachineRequest request;
    request.set_definition(*definition);
    request.set_max_results(1000);
    const auto status = call.client.Call<v1::StateMachines>(&v1::StateMachines::Stub::Validate,
                                                            request, &response);
    if (!status.ok()) return Fail(call, status);
  } else {
    response = ValidateHere(*definition);
  }
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return response.ok() ? kOk : kFailed;
  }
  const std::string shown = file == "-" ? "(standard input)" : file;
  int errors = 0;
  for (const v1::Diagnostic& diagnostic : response.diagnostics()) {
    call.terminal.out << ShowDiagnostic(shown, diagnostic) << '\n';
    errors += diagnostic.severity() == v1::Diagnostic::SEVERITY_ERROR ? 1 : 0;
  }
  if (response.truncated()) call.terminal.out << "… and more\n";
  const int warnings = response.diagnostics_size() - errors;
  call.terminal.out << shown << ": "
                    << (response.ok() ? "valid" : std::to_string(errors) + " error(s)")
                    << (warnings > 0 ? ", " + std::to_string(warnings) + " warning(s)" : "")
                    << '\n';
  PrintJobTypes(call, response);
  return response.ok() ? kOk : kFailed;
}

}  // namespace

std::vector<Command> ValidateCommands() {
  return {{"validate", "FILE", "say everything that is wrong with a definition",
           [](cxxopts::OptionAdder& add) {
             add("ask-server", "ask the server instead of checking here (so does --server)");
           },
           Validate,
           "Each line reads file:line:column: severity CODE message. Exit code 1 if there are "
           "errors."}};
}

}  // namespace towline::cli
