#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/time.h"

namespace towline::mapdata {

enum class Transformation {
  kNone,     // the child execution: its name, times, input, output
  kCompact,  // its output
  kFlatten,  // its output; the elements of it when it is an array
};
enum class OutputType {
  kJson,   // one array
  kJsonl,  // one line each
};

struct WriterConfig {
  Transformation transformation = Transformation::kNone;
  OutputType output_type = OutputType::kJson;
};

// A ResultWriter field once it is evaluated. Without a bucket the results become the state's
// output (StateOutput), with one they are exported (ResultFile).
struct ResultWriter {
  std::string bucket{};
  std::string prefix{};
  WriterConfig config{};
};

// `resource` is empty and `parameters` and `config` are null when the field does not have them.
// Errors are States.ResultWriterFailed with a cause to show.
Result<ResultWriter> ReadResultWriter(std::string_view resource, const json::value& parameters,
                                      const json::value& config);

// A failure of the writer, to be shown as the cause of the Map Run's.
Error WriterFailed(std::string cause);

// How one child execution ended, or an input whose child never started (kPending).
struct ChildResult {
  enum class Status { kSucceeded, kFailed, kTimedOut, kAborted, kPending };
  Status status = Status::kSucceeded;
  std::string execution_arn{};
  std::string state_machine_arn{};
  std::string name{};
  Json input{};
  std::optional<Json> output{};  // of kSucceeded
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::uint32_t redrive_count = 0;
  std::string redrive_status{};         // e.g. "NOT_REDRIVABLE"
  std::string redrive_status_reason{};  // left out when empty
  Timestamp start{};
  Timestamp stop{};
};

// What the result contributes to a file or to the state's output, as compact JSON texts: one, or as
// many as its output has elements when that is to be flattened. Only success is ever transformed.
std::vector<std::string> ResultTexts(const ChildResult& result, Transformation transformation);

}  // namespace towline::mapdata
