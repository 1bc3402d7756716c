// From the words of a command line to one command's run.

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <sstream>

#include "cli/command.h"
#include "cli/report.h"

namespace towline::cli {
namespace {

constexpr std::size_t kHelpColumns = 100;

// What every command takes: from the command line, else from the environment.
struct Setting {
  const char* name;
  const char* argument;
  const char* variable;
  const char* otherwise;
  const char* help;
};
constexpr Setting kServer = {"server", "HOST:PORT", "TOWLINE_SERVER", "127.0.0.1:8460",
                             "the server to ask (default: $TOWLINE_SERVER, else 127.0.0.1:8460)"};
constexpr Setting kTenant = {
    "tenant", "NAME", "TOWLINE_TENANT", "",
    "whose things are meant (default: $TOWLINE_TENANT, else \"default\")"};
constexpr Setting kCa = {"ca", "FILE", "TOWLINE_CA", "",
                         "the authority of a server that speaks TLS (default: $TOWLINE_CA)"};
constexpr Setting kCertificate = {"certificate", "FILE", "TOWLINE_CERTIFICATE", "",
                                  "who you are, to such a server (default: $TOWLINE_CERTIFICATE)"};
constexpr Setting kKey = {"key", "FILE", "TOWLINE_KEY", "",
                          "the certificate's private key (default: $TOWLINE_KEY)"};
constexpr Setting kTokenFile = {"token-file", "FILE", "TOWLINE_TOKEN_FILE", "",
                                "or so: a token of towline token create ($TOWLINE_TOKEN_FILE)"};
constexpr Setting kSettings[] = {kServer, kTenant, kCa, kCertificate, kKey, kTokenFile};

constexpr const char* kHelpEnd = R"(
Options of every command:
      --server HOST:PORT  the server to ask (default: $TOWLINE_SERVER, else 127.0.0.1:8460)
      --tenant NAME       whose things are meant (default: $TOWLINE_TENANT, else "default")
      --ca FILE           the authority of a server that speaks TLS (default: $TOWLINE_CA)
      --certificate FILE  who you are ($TOWLINE_CERTIFICATE), with --key FILE ($TOWLINE_KEY)
      --token-file FILE   or so: a token of towline token create ($TOWLINE_TOKEN_FILE)
      --json              print JSON for programs
  -h, --help              explain the command
      --version           print the version

An EXECUTION is named MACHINE/NAME, or by its ARN. JSON is given as itself, as @FILE, or as - for
standard input. Colour is used on a terminal only; NO_COLOR turns it off.

Exit codes:
  0  done
  1  the execution did not succeed, or the definition has errors
  2  the command line is wrong
  3  refused: not found, exists already, not allowed, …
  4  no server there, or it did not answer in time
)";

void PrintHelp(const Terminal& terminal) {
  terminal.out << "towline: runs Amazon States Language workflows, their jobs on your own machines"
                  "\n\nUsage: towline COMMAND [ARGUMENTS] [OPTIONS]\n\n";
  std::size_t width = 0;
  for (const Command& command : AllCommands()) {
    width = std::max(width, command.name.size() + command.arguments.size() + 1);
  }
  for (const Command& command : AllCommands()) {
    const std::string usage = command.name + " " + command.arguments;
    terminal.out << "  " << usage << std::string(width - usage.size() + 2, ' ') << command.summary
                 << '\n';
  }
  terminal.out << kHelpEnd;
}

bool IsOption(const std::string& word) { return word.size() > 1 && word.front() == '-'; }
bool TakesValue(const std::string& word) {
  return std::any_of(std::begin(kSettings), std::end(kSettings),
                     [&word](const Setting& setting) {
                       return word == std::string("--") + setting.name;
                     });
}

// Takes the command's name out of the words; null when there is no such command.
const Command* TakeCommand(std::vector<std::string>& words) {
  std::vector<std::size_t> places;  // of the first two words that are no options
  for (std::size_t i = 0; i < words.size() && places.size() < 2; ++i) {
    if (TakesValue(words[i])) {
      ++i;
    } else if (!IsOption(words[i])) {
      places.push_back(i);
    }
  }
  for (std::size_t count = places.size(); count > 0; --count) {
    std::string name = words[places[0]];
    if (count == 2) name += " " + words[places[1]];
    for (const Command& command : AllCommands()) {
      if (command.name != name) continue;
      for (std::size_t i = count; i > 0; --i) {
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(places[i - 1]));
      }
      return &command;
    }
  }
  return nullptr;
}

std::string FirstWord(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (TakesValue(words[i])) {
      ++i;
    } else if (!IsOption(words[i])) {
      return words[i];
    }
  }
  return "";
}

// "machine": the commands that begin so.
std::string Continuations(const std::string& word) {
  std::string text;
  for (const Command& command : AllCommands()) {
    if (command.name.substr(0, word.size() + 1) != word + " ") continue;
    text += (text.empty() ? "" : "|") + command.name.substr(word.size() + 1);
  }
  return text;
}

int UnknownCommand(const Terminal& terminal, const std::vector<std::string>& words) {
  const std::string word = FirstWord(words);
  if (word.empty()) return Fail(terminal, kUsage, "no command given; see towline --help");
  const std::string next = Continuations(word);
  if (!next.empty()) {
    return Fail(terminal, kUsage,
                "'" + word + "' needs one more word: towline " + word + " " + next);
  }
  return Fail(terminal, kUsage, "there is no command '" + word + "'; see towline --help");
}

std::size_t CountWords(const std::string& text) {
  std::istringstream words(text);
  return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(words), {}));
}

std::string Read(const Terminal& terminal, const cxxopts::ParseResult& parsed,
                 const Setting& setting) {
  if (parsed.count(setting.name) > 0) return parsed[setting.name].as<std::string>();
  return terminal.environment(setting.variable).value_or(setting.otherwise);
}

Result<Client::Tls> ReadTls(Terminal& terminal, const cxxopts::ParseResult& parsed) {
  Client::Tls tls;
  const std::pair<const Setting&, std::string&> files[] = {
      {kCa, tls.ca},
      {kCertificate, tls.certificate},
      {kKey, tls.key},
      {kTokenFile, tls.token}};
  for (const auto& [setting, text] : files) {
    const std::string path = Read(terminal, parsed, setting);
    if (path.empty()) continue;
    auto read = ReadFile(terminal, path);
    if (!read) return Error{read.error().code, "--" + std::string(setting.name) + ": " +
                                                   read.error().message, ""};
    text = std::move(*read);
  }
  while (!tls.token.empty() && std::isspace(static_cast<unsigned char>(tls.token.back())) != 0) {
    tls.token.pop_back();
  }
  if (tls.token.find_first_of(" \t\r\n") != std::string::npos) {
    return Error{Error::Code::kInvalidArgument,
                 "--token-file: the file must hold one token and nothing else", ""};
  }
  if (tls.ca.empty() && !(tls.certificate + tls.key + tls.token).empty()) {
    return Error{Error::Code::kInvalidArgument,
                 "--certificate, --key and --token-file need --ca: the file that says which "
                 "servers to trust",
                 ""};
  }
  return tls;
}

// The words of `text` in lines of at most kHelpColumns.
std::string Wrap(const std::string& text) {
  std::istringstream words(text);
  std::string wrapped;
  std::size_t column = 0;
  for (std::string word; words >> word; column += word.size()) {
    if (column > 0) {
      const bool fits = column + 1 + word.size() <= kHelpColumns;
      wrapped += fits ? ' ' : '\n';
      column = fits ? column + 1 : 0;
    }
    wrapped += word;
  }
  return wrapped;
}

std::string UsageOf(const Command& command) {
  return "towline " + command.name + (command.arguments.empty() ? "" : " " + command.arguments);
}

cxxopts::Options OptionsOf(const Command& command) {
  std::string about = "towline " + command.name + ": " + command.summary + "\n";
  if (!command.details.empty()) about += "\n" + Wrap(command.details) + "\n";
  cxxopts::Options options(UsageOf(command), about);
  options.set_width(kHelpColumns).custom_help("[OPTIONS]");
  auto adder = options.add_options();
  if (command.options) command.options(adder);
  for (const Setting& setting : kSettings) {
    adder(setting.name, setting.help, cxxopts::value<std::string>(), setting.argument);
  }
  adder("json", "print JSON for programs");
  adder("h,help", "explain this command");
  return options;
}

int RunCommand(const Command& command, const std::vector<std::string>& words,
               Terminal& terminal) {
  std::vector<const char*> argv = {"towline"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  cxxopts::Options options = OptionsOf(command);
  try {
    const cxxopts::ParseResult parsed = options.parse(static_cast<int>(argv.size()), argv.data());
    if (parsed.count("help") > 0) {
      terminal.out << options.help();
      return kOk;
    }
    const std::vector<std::string>& given = parsed.unmatched();
    if (given.size() != CountWords(command.arguments)) {
      return Fail(terminal, kUsage, "usage: " + UsageOf(command) + " [OPTIONS]; see --help");
    }
    const auto tls = ReadTls(terminal, parsed);
    if (!tls) return Fail(terminal, kUsage, tls.error().message);
    Client client(Read(terminal, parsed, kServer), Read(terminal, parsed, kTenant), *tls);
    Invocation call{terminal, parsed, given, client, parsed.count("json") > 0};
    return command.run(call);
  } catch (const cxxopts::exceptions::exception& wrong) {
    return Fail(terminal, kUsage, std::string(wrong.what()) + "; see towline " + command.name +
                                      " --help");
  }
}

// A folder opens and then cannot be read: unlike an iterator, read() says so without throwing.
std::string ReadAll(std::istream& from) {
  std::string text;
  std::array<char, 64 << 10> piece;
  do {
    from.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(from.gcount()));
  } while (from.good());
  return text;
}

}  // namespace

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> commands;
    for (const auto& some :
         {MachineCommands(), ValidateCommands(), TestStateCommands(), RunHereCommands(),
          StartCommands(), ExecutionCommands(), RedriveCommands(), MapRunCommands(),
          HistoryCommands(), WatchCommands(), LogsCommands(), WhyCommands(), WorkerCommands(),
          TaskCommands(), ActivityCommands(), AccessCommands(), DoctorCommands(),
          CompletionCommands()}) {
      commands.insert(commands.end(), some.begin(), some.end());
    }
    return commands;
  }();
  return all;
}

Result<int> Invocation::Count(const std::string& name) const {
  const std::string text = Option(name);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    return Error{Error::Code::kInvalidArgument,
                 "--" + name + " takes a whole number of at least 1, not '" + text + "'", ""};
  }
  return number;
}

Result<std::int64_t> Invocation::Duration(const std::string& name) const {
  const std::string text = Option(name);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string unit(end, text.data() + text.size());
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3'600
                               : unit == "d" ? 86'400
                                             : 0;
  if (error != std::errc() || count < 1 || count > 1'000'000 || seconds == 0) {
    return Error{Error::Code::kInvalidArgument,
                 "--" + name + " takes a number and s, m, h or d, for example 30d, not '" + text +
                     "'",
                 ""};
  }
  return count * seconds;
}

Result<std::string> ReadFile(Terminal& terminal, const std::string& path) {
  if (path == "-") return ReadAll(terminal.in);
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) text = ReadAll(file);
  if (!file.is_open() || file.bad()) {
    return Error{Error::Code::kInvalidArgument, "cannot read " + path, ""};
  }
  return text;
}

Result<std::string> ReadText(Terminal& terminal, const std::string& source) {
  if (source == "-") return ReadAll(terminal.in);
  if (!source.empty() && source.front() == '@') return ReadFile(terminal, source.substr(1));
  return source;
}

int Run(const std::vector<std::string>& arguments, Terminal& terminal) {
  std::vector<std::string> words = arguments;
  const Command* const command = TakeCommand(words);
  if (command != nullptr) return RunCommand(*command, words, terminal);
  const auto given = [&words](const char* option) {
    return std::find(words.begin(), words.end(), option) != words.end();
  };
  if (given("--version")) {
    terminal.out << "towline " << TOWLINE_VERSION << '\n';
    return kOk;
  }
  const std::string word = FirstWord(words);
  if (given("--help") || given("-h") || word == "help") {
    PrintHelp(terminal);
    return kOk;
  }
  return UnknownCommand(terminal, words);
}

}  // namespace towline::cli
