#pragma once

// The shape of a command: its name, what it takes, and what it does.

#include <cxxopts.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "cli/terminal.h"
#include "statemachines/base/result.h"

namespace towline::cli {

// What the process answers with; `towline --help` documents them.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       // the execution failed, or the definition has errors
  kUsage = 2,        // the command line is wrong
  kRefused = 3,      // the server said no: not found, exists already, not allowed, …
  kUnreachable = 4,  // no server there, or it did not answer in time
};

// One call of one command.
struct Invocation {
  Terminal& terminal;
  const cxxopts::ParseResult& options;
  const std::vector<std::string>& arguments;  // the words after the command's name
  Client& client;
  bool json = false;

  std::string Option(const std::string& name) const { return options[name].as<std::string>(); }
  bool Has(const std::string& name) const { return options.count(name) > 0; }
  bool Flag(const std::string& name) const { return options[name].as<bool>(); }
  // Whose things are meant, where no server says what the default is.
  std::string Tenant() const { return client.tenant().empty() ? "default" : client.tenant(); }
  // A whole number of at least 1. The error names the option.
  Result<int> Count(const std::string& name) const;
  // "90s", "15m", "12h", "30d", in seconds. The error names the option.
  Result<std::int64_t> Duration(const std::string& name) const;
};

struct Command {
  std::string name;       // "machine create"
  std::string arguments;  // "NAME FILE"; as many words must be given
  std::string summary;    // one line
  std::function<void(cxxopts::OptionAdder&)> options;  // may be empty
  std::function<int(Invocation&)> run;
  std::string details{};  // more for --help
};

// All of them, in the order of --help; one function per file.
std::vector<Command> MachineCommands();
std::vector<Command> ValidateCommands();
std::vector<Command> TestStateCommands();
std::vector<Command> RunHereCommands();
std::vector<Command> StartCommands();
std::vector<Command> ExecutionCommands();
std::vector<Command> RedriveCommands();
std::vector<Command> MapRunCommands();
std::vector<Command> HistoryCommands();
std::vector<Command> WatchCommands();
std::vector<Command> LogsCommands();
std::vector<Command> WhyCommands();
std::vector<Command> WorkerCommands();
std::vector<Command> TaskCommands();
std::vector<Command> ActivityCommands();
std::vector<Command> AccessCommands();
std::vector<Command> DoctorCommands();
std::vector<Command> CompletionCommands();
const std::vector<Command>& AllCommands();

// The whole program. `arguments` without the program's name.
int Run(const std::vector<std::string>& arguments, Terminal& terminal);

// A text given as JSON itself, as @FILE, or as - for standard input. Error: unreadable.
Result<std::string> ReadText(Terminal& terminal, const std::string& source);
// A file's text, or standard input's for "-".
Result<std::string> ReadFile(Terminal& terminal, const std::string& path);

}  // namespace towline::cli
