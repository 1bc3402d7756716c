#pragma once

#include <cstdint>
#include <optional>

#include "statemachines/interpreter/errors.h"

namespace towline::interpreter {

// What a test of one state wants to know: the state's data at each stage of its way, and what
// became of a failure. A Stepper with a probe notes here what it does anyway; absent: never
// reached.
struct Probe {
  // JSONPath
  std::optional<Json> after_input_path{};
  std::optional<Json> after_parameters{};
  std::optional<Json> after_items_path{};
  std::optional<Json> after_result_selector{};
  std::optional<Json> after_result_path{};
  // JSONata
  std::optional<Json> after_arguments{};
  // both
  std::optional<Json> result{};
  std::optional<std::int64_t> max_concurrency{};  // of a Map, as it says
  std::optional<std::uint64_t> tolerated_failure_count{};
  std::optional<double> tolerated_failure_percentage{};

  std::optional<Failure> failure{};         // the last one
  std::optional<std::size_t> retrier{};     // that covers it, exhausted or not
  std::optional<double> backoff_seconds{};  // until the retry; absent: there is none
  std::optional<std::size_t> catcher{};     // that covers it

  // Stands in for the context object that the execution would make.
  Json context{};
};

}  // namespace towline::interpreter
