// towline test-state FILE: one state with an input, without a server. For people, what the data is
// at each stage stands side by side; --json prints what AWS's TestState answers.

#include "statemachines/teststate/test_state.h"

#include <charconv>
#include <ostream>
#include <utility>

#include "cli/columns.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "statemachines/teststate/json_form.h"

namespace towline::cli {
namespace {

using teststate::Inspection;
using teststate::TestStatus;

Status ReadOption(const Invocation& call, const char* name, std::optional<std::string>& out) {
  if (!call.Has(name)) return Ok();
  auto text = ReadText(call.terminal, call.Option(name));
  if (!text) return text.error();
  out = std::move(*text);
  return Ok();
}

// A name in upper or lower case.
template <class E>
Status ReadChoice(const Invocation& call, const char* name,
                  std::initializer_list<std::pair<std::string_view, E>> choices, E& out) {
  if (!call.Has(name)) return Ok();
  std::string given = call.Option(name);
  for (char& c : given) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string all;
  for (const auto& [text, meaning] : choices) {
    if (text == given) {
      out = meaning;
      return Ok();
    }
    all += (all.empty() ? "" : ", ") + std::string(text);
  }
  return Error{Error::Code::kInvalidArgument,
               "--" + std::string(name) + " takes one of " + all + ", not '" + given + "'", ""};
}

template <class T>
Status ReadCount(const Invocation& call, const char* name, std::optional<T>& out) {
  if (!call.Has(name)) return Ok();
  const auto count = call.Count(name);
  if (!count) return count.error();
  out = static_cast<T>(*count);
  return Ok();
}

Status ReadMock(const Invocation& call, teststate::Request& request) {
  if (!call.Has("result") && !call.Has("error") && !call.Has("cause")) return Ok();
  teststate::Mock& mock = request.mock.emplace();
  if (Status read = ReadOption(call, "result", mock.result); !read) return read;
  if (call.Has("error") || call.Has("cause")) {
    mock.error_output.emplace();
    if (call.Has("error")) mock.error_output->error = call.Option("error");
    if (call.Has("cause")) mock.error_output->cause = call.Option("cause");
  }
  return ReadChoice(call, "field-validation",
                    {{"strict", teststate::FieldValidation::kStrict},
                     {"present", teststate::FieldValidation::kPresent},
                     {"none", teststate::FieldValidation::kNone}},
                    mock.field_validation);
}

Status ReadConfiguration(const Invocation& call, teststate::StateConfiguration& configuration) {
  if (Status read = ReadCount(call, "retries", configuration.retrier_retry_count); !read) {
    return read;
  }
  if (Status read = ReadCount(call, "failed-iterations", configuration.map_iteration_failure_count);
      !read) {
    return read;
  }
  if (call.Has("caused-by")) configuration.error_caused_by_state = call.Option("caused-by");
  return ReadOption(call, "reader-data", configuration.map_item_reader_data);
}

Result<teststate::Request> ReadRequest(const Invocation& call) {
  teststate::Request request;
  auto definition = ReadFile(call.terminal, call.arguments[0]);
  if (!definition) return definition.error();
  request.definition = std::move(*definition);
  if (call.Has("state")) request.state_name = call.Option("state");
  std::optional<std::string> input;
  if (Status read = ReadOption(call, "input", input); !read) return read.error();
  if (input) request.input = std::move(*input);
  if (Status read = ReadOption(call, "variables", request.variables); !read) return read.error();
  if (Status read = ReadOption(call, "context", request.context); !read) return read.error();
  if (Status read = ReadMock(call, request); !read) return read.error();
  if (Status read = ReadConfiguration(call, request.configuration); !read) return read.error();
  request.level = teststate::InspectionLevel::kDebug;
  const Status read = ReadChoice(call, "inspection-level",
                                 {{"info", teststate::InspectionLevel::kInfo},
                                  {"debug", teststate::InspectionLevel::kDebug},
                                  {"trace", teststate::InspectionLevel::kTrace}},
                                 request.level);
  if (!read) return read.error();
  return request;
}

// "afterInputPath" as people say it: "after InputPath".
std::string HeadOf(const std::string& stage) {
  constexpr std::string_view kAfter = "after";
  return stage.rfind(kAfter, 0) == 0 ? "after " + stage.substr(kAfter.size()) : stage;
}

std::vector<Column> Stages(const teststate::Response& response) {
  std::vector<Column> columns;
  const Json* last = nullptr;
  const auto add = [&](const std::string& head, const Json& value) {
    const bool same = last != nullptr && *value == **last;
    columns.push_back({head, same ? "(the same)" : PrintJsonPretty(*value)});
    last = &value;
  };
  for (const teststate::NamedStage& stage : teststate::Stages()) {
    const auto& value = (*response.inspection).*stage.value;
    if (!value || stage.value == &Inspection::variables) continue;
    add(HeadOf(stage.name), *value);
  }
  if (response.output) add("output", *response.output);
  if (const auto& variables = response.inspection->variables) {
    last = nullptr;
    add("variables", *variables);
  }
  return columns;
}

Colour ColourOf(TestStatus status) {
  switch (status) {
    case TestStatus::kSucceeded: return Colour::kGreen;
    case TestStatus::kFailed: return Colour::kRed;
    default: return Colour::kYellow;
  }
}

// 1.5, 3: a number as JSON has it.
std::string ShowNumber(double number) { return PrintJson(json::value(number)); }

void PrintDetails(const Invocation& call, const Inspection& inspection) {
  std::ostream& out = call.terminal.out;
  if (inspection.retry_index) {
    out << "retrier   Retry[" << *inspection.retry_index << "]";
    if (inspection.retry_backoff_interval_seconds) {
      out << ", again after " << ShowNumber(*inspection.retry_backoff_interval_seconds) << " s";
    }
    out << '\n';
  }
  if (inspection.catch_index) out << "catcher   Catch[" << *inspection.catch_index << "]\n";
  if (inspection.max_concurrency) {
    out << "at once   " << *inspection.max_concurrency << " iterations (0: no bound)\n";
  }
  if (inspection.tolerated_failure_count) {
    out << "tolerates " << *inspection.tolerated_failure_count << " failed iterations\n";
  }
  if (inspection.tolerated_failure_percentage) {
    out << "tolerates " << ShowNumber(*inspection.tolerated_failure_percentage)
        << " % of the iterations failing\n";
  }
}

void Print(const Invocation& call, const teststate::Response& response) {
  std::ostream& out = call.terminal.out;
  out << "status    " << call.terminal.Paint(ColourOf(response.status), NameOf(response.status))
      << '\n';
  if (response.next_state) out << "next      " << *response.next_state << '\n';
  if (response.error) out << "error     " << *response.error << '\n';
  if (response.cause) out << "cause     " << *response.cause << '\n';
  if (!response.inspection) {
    if (response.output) out << "output    " << PrintJson(**response.output) << '\n';
    return;
  }
  PrintDetails(call, *response.inspection);
  out << '\n';
  PrintSideBySide(call.terminal, Stages(response));
}

// What the service says of a Map or Parallel without a mock does not tell what is missing.
std::string Explain(const teststate::Request& request, const std::string& message) {
  const bool unmocked = message.rfind("TestState API does not support Map or Parallel", 0) == 0;
  return unmocked && !request.mock ? "a Map or Parallel needs a mock: --result or --error"
                                   : message;
}

int TestState(Invocation& call) {
  const auto request = ReadRequest(call);
  if (!request) return Fail(call, request.error());
  interpreter::Limits limits;
  if (call.Has("limits")) {
    bool aws = false;
    const Status read =
        ReadChoice(call, "limits", {{"default", false}, {"aws", true}}, aws);
    if (!read) return Fail(call, read.error());
    if (aws) limits = interpreter::AwsLimits();
  }
  const auto response = teststate::TestState(
      *request, teststate::CircumstancesOf(call.Tenant(), call.terminal.now(), limits));
  if (!response) {
    const bool wrong = response.error().name == "InvalidDefinition";
    const std::string where = call.arguments[0] == "-" ? "(standard input)" : call.arguments[0];
    const std::string state = request->state_name ? ", state " + *request->state_name : "";
    return Fail(call.terminal, wrong ? kFailed : kUsage,
                where + state + ": " + Explain(*request, response.error().message));
  }
  if (call.json) {
    PrintJsonLine(call.terminal, teststate::ToJson(*response));
  } else {
    Print(call, *response);
  }
  const bool goes_on =
      response->status == TestStatus::kSucceeded || response->status == TestStatus::kCaughtError;
  return goes_on ? kOk : kFailed;
}

void AddOptions(cxxopts::OptionAdder& add) {
  const auto text = [] { return cxxopts::value<std::string>(); };
  add("state", "which state of a machine in FILE; also one inside a Parallel or Map", text(),
      "NAME");
  add("input", "its input (default: {})", text(), "JSON|@FILE|-");
  add("variables", "the variables there are, an object", text(), "JSON|@FILE|-");
  add("context", "the context object; only with a mock", text(), "JSON|@FILE|-");
  add("result", "mock: what the work gives (Parallel: an array with each branch's output; Map: "
      "with each item's)", text(), "JSON|@FILE|-");
  add("error", "mock: the work fails with this error", text(), "NAME");
  add("cause", "mock: … and this cause", text(), "TEXT");
  add("field-validation", "compare a Task's --result with what its AWS service answers: strict "
      "(default), present (only the fields that are there), none", text(), "MODE");
  add("retries", "how often each Retrier has retried already (default: 0)", text(), "N");
  add("caused-by", "the state inside the Map or Parallel that --error comes from", text(), "NAME");
  add("failed-iterations", "how many iterations of the Map have failed (default: 0)", text(), "N");
  add("reader-data", "what the file of the Map's ItemReader holds", text(), "TEXT|@FILE|-");
  add("inspection-level", "info: what comes out; debug (default), trace: also each stage", text(),
      "LEVEL");
  add("limits", "default, or aws: the sizes that Step Functions allows", text(), "PROFILE");
}

}  // namespace

std::vector<Command> TestStateCommands() {
  return {{"test-state", "FILE", "try one state with an input; needs no server", AddOptions,
           TestState,
           "FILE holds one state, or a machine together with --state. A Task, Parallel or Map "
           "needs a mock: --result or --error. Exit code 0: SUCCEEDED or CAUGHT_ERROR; 1: FAILED "
           "or RETRIABLE, or the definition is wrong. --json prints what AWS's TestState "
           "answers."}};
}

}  // namespace towline::cli
