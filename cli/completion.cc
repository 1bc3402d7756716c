// towline completion bash|zsh: a script for the shell, made from the list of commands.

#include <algorithm>
#include <ostream>
#include <set>

#include "cli/command.h"
#include "cli/report.h"

namespace towline::cli {
namespace {

// The first words, and what may follow those that have a second one.
struct Words {
  std::set<std::string> first;
  std::vector<std::pair<std::string, std::string>> second;  // "machine", "create update …"
};

Words Gather() {
  Words words;
  for (const Command& command : AllCommands()) {
    const std::size_t space = command.name.find(' ');
    const std::string first = command.name.substr(0, space);
    words.first.insert(first);
    if (space == std::string::npos) continue;
    const std::string rest = command.name.substr(space + 1);
    const auto known = std::find_if(words.second.begin(), words.second.end(),
                                    [&first](const auto& pair) { return pair.first == first; });
    if (known == words.second.end()) {
      words.second.emplace_back(first, rest);
    } else {
      known->second += " " + rest;
    }
  }
  return words;
}

// What the options of one command are called.
std::string OptionsOf(const Command& command) {
  cxxopts::Options options("towline");
  auto adder = options.add_options();
  if (command.options) command.options(adder);
  std::string text;
  for (const std::string& group : options.groups()) {  // none: the command has no options
    for (const auto& option : options.group_help(group).options) {
      for (const std::string& name : option.l) text += "--" + name + " ";
    }
  }
  return text + "--server --tenant --ca --certificate --key --token-file --json --help";
}

std::string FirstWords(const Words& words) {
  std::string text;
  for (const std::string& word : words.first) text += (text.empty() ? "" : " ") + word;
  return text;
}

void PrintBody(std::ostream& out) {
  const Words words = Gather();
  out << "_towline() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]}\n"
         "  local first=${COMP_WORDS[1]} second=${COMP_WORDS[2]}\n"
         "  local choices=\n"
         "  if [[ $COMP_CWORD -eq 1 ]]; then\n    choices='"
      << FirstWords(words) << " --help --version'\n  elif [[ $current == -* ]]; then\n"
      << "    case \"$first $second\" in\n";
  for (const Command& command : AllCommands()) {
    const bool two = command.name.find(' ') != std::string::npos;
    out << "      '" << command.name << "'" << (two ? "" : "\\ *") << ") choices='"
        << OptionsOf(command) << "' ;;\n";
  }
  out << "    esac\n  elif [[ $COMP_CWORD -eq 2 ]]; then\n    case \"$first\" in\n";
  for (const auto& [first, rest] : words.second) {
    out << "      " << first << ") choices='" << rest << "' ;;\n";
  }
  out << "    esac\n  fi\n"
         "  COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
         "  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- \"$current\")); fi\n"
         "}\ncomplete -F _towline towline\n";
}

int Completion(Invocation& call) {
  const std::string& shell = call.arguments[0];
  if (shell == "bash") {
    call.terminal.out << "# bash completion for towline: source <(towline completion bash)\n";
  } else if (shell == "zsh") {
    call.terminal.out << "# zsh completion for towline: source <(towline completion zsh)\n"
                         "autoload -U +X bashcompinit && bashcompinit\n";
  } else {
    return Fail(call.terminal, kUsage, "no completion for '" + shell + "': bash or zsh");
  }
  PrintBody(call.terminal.out);
  return kOk;
}

}  // namespace

std::vector<Command> CompletionCommands() {
  return {{"completion", "SHELL", "print completion for bash or zsh", nullptr, Completion,
           "For good: towline completion bash > /etc/bash_completion.d/towline"}};
}

}  // namespace towline::cli
