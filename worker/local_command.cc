#include "worker/local_command.h"

#include <cstdio>
#include <cstdlib>
#include <cxxopts.hpp>
#include <iostream>
#include <iterator>
#include <string>

#include "proto/jobs/json_text.h"
#include "proto/jobs/messages.h"
#include "statemachines/base/json.h"
#include "worker/config.h"
#include "worker/local_socket.h"

namespace towline::worker {
namespace {

constexpr int kExitUsage = 2;
constexpr const char* kAbout =
    "Tells the server about a task of this worker's tenant, through the running agent.\n"
    "Exit codes: 0 recorded, 2 wrong usage, 3 stale (the task has ended already), 4 invalid\n"
    "(the server refused it), 5 no agent or no answer: worth trying again.\n";

int Usage(const std::string& what) {
  std::fprintf(stderr, "towline-worker: %s; --help shows the usage\n", what.c_str());
  return kExitUsage;
}

cxxopts::Options MakeOptions(const std::string& command) {
  cxxopts::Options options("towline-worker " + command, kAbout);
  options.custom_help("[OPTIONS]");
  auto add = options.add_options();
  const auto text = [] { return cxxopts::value<std::string>(); };
  add("token", "the task's token [$TOWLINE_TOKEN]", text(), "TOKEN");
  if (command == "complete")
    add("output", "the task's output, '-': from standard input [null]", text(), "JSON");
  if (command == "fail") {
    add("error", "name of the error, for Retry and Catch", text(), "NAME");
    add("cause", "what has happened, for people", text(), "TEXT");
  }
  if (command == "progress") {
    add("percent", "0 to 100", cxxopts::value<double>(), "NUMBER");
    add("message", "what is going on, for people", text(), "TEXT");
  }
  add("socket", "the agent's local socket [$TOWLINE_SOCKET]", text(), "PATH");
  add("config", "the agent's configuration, to find its socket", text(), "FILE");
  add("help", "print this and end");
  return options;
}

std::string Text(const cxxopts::ParseResult& given, const char* option, const char* variable) {
  if (given.count(option)) return given[option].as<std::string>();
  const char* const value = variable == nullptr ? nullptr : std::getenv(variable);
  return value == nullptr ? "" : value;
}

Result<std::string> FindSocket(const cxxopts::ParseResult& given) {
  if (!given.count("config") || given.count("socket")) {
    std::string path = Text(given, "socket", "TOWLINE_SOCKET");
    if (!path.empty()) return path;
    return Error{Error::Code::kInvalidArgument, "give --socket or --config"};
  }
  const Result<Config> config = LoadConfig(given["config"].as<std::string>());
  if (!config) return config.error();
  return config->socket;
}

std::string ProgressOf(const cxxopts::ParseResult& given) {
  jobs::JsonWriter out;
  out.BeginObject();
  if (given.count("percent")) {
    out.Key("percent");
    out.Number(given["percent"].as<double>());
  }
  if (given.count("message")) {
    out.Key("message");
    out.String(given["message"].as<std::string>());
  }
  out.EndObject();
  return out.Take();
}

Status TakeOutput(const cxxopts::ParseResult& given, jobs::Callback& callback) {
  std::string text = given.count("output") ? given["output"].as<std::string>() : "null";
  if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  const Result<Json> value = ParseJson(text);
  if (!value) return Error{Error::Code::kInvalidArgument, "--output: " + value.error().message};
  callback.output = PrintJson(**value);
  if (callback.output->size() <= jobs::kPayloadBytesMax) return Ok();
  return Error{Error::Code::kInvalidArgument,
               "--output: " + std::to_string(callback.output->size()) +
                   " bytes are above the limit of " + std::to_string(jobs::kPayloadBytesMax)};
}

Status TakeWords(const std::string& command, const cxxopts::ParseResult& given,
                 jobs::Callback& callback) {
  const auto refuse = [](const char* what) { return Error{Error::Code::kInvalidArgument, what}; };
  if (command == "complete") return TakeOutput(given, callback);
  if (command == "heartbeat") callback.heartbeat = true;
  if (command == "fail") {
    if (given.count("error")) callback.error = given["error"].as<std::string>();
    if (given.count("cause")) callback.cause = given["cause"].as<std::string>();
    if (!callback.error && !callback.cause) callback.cause = "";
  }
  if (command == "progress") {
    if (!given.count("percent") && !given.count("message")) {
      return refuse("give --percent or --message");
    }
    const double percent = given.count("percent") ? given["percent"].as<double>() : 0;
    if (!(percent >= 0 && percent <= 100)) return refuse("--percent must be from 0 to 100");
    callback.progress = ProgressOf(given);
  }
  return Ok();
}

int Report(const Ports::Answer& answer) {
  using Kind = Ports::Answer::Kind;
  const std::string why = answer.message.empty() ? "" : ": " + answer.message;
  switch (answer.kind) {
    case Kind::kRecorded:
      return 0;
    case Kind::kStale:
      std::fprintf(stderr, "towline-worker: stale: the task has ended already%s\n", why.c_str());
      return 3;
    case Kind::kInvalid:
      std::fprintf(stderr, "towline-worker: invalid: no such task of this tenant%s\n", why.c_str());
      return 4;
    case Kind::kUnavailable:
      break;
  }
  std::fprintf(stderr, "towline-worker: unavailable%s\n", why.c_str());
  return 5;
}

}  // namespace

bool IsLocalCommand(std::string_view word) {
  return word == "complete" || word == "fail" || word == "heartbeat" || word == "progress";
}

int RunLocalCommand(int argc, char** argv) {
  const std::string command = argv[0];
  cxxopts::Options options = MakeOptions(command);
  const cxxopts::ParseResult given = options.parse(argc, argv);
  if (given.count("help")) {
    std::printf("%s", options.help().c_str());
    return 0;
  }
  if (!given.unmatched().empty()) return Usage("unexpected '" + given.unmatched()[0] + "'");
  jobs::Callback callback{.task_token = Text(given, "token", "TOWLINE_TOKEN")};
  if (callback.task_token.empty()) return Usage("give --token");
  if (const Status said = TakeWords(command, given, callback); !said) {
    return Usage(said.error().message);
  }
  const Result<std::string> socket = FindSocket(given);
  if (!socket) return Usage(socket.error().message);
  return Report(AskAgent(*socket, callback));
}

}  // namespace towline::worker
