#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>

#include "statemachines/mapdata/result_writer.h"

namespace towline::mapdata {

// The output of a Map state whose results are not exported: an array, in the order in which they
// are added. Without a WriterConfig it holds the outputs of the children that succeeded; with one,
// the texts that a file would hold (with JSONL, as one string of lines).
class StateOutput {
 public:
  StateOutput(std::optional<WriterConfig> config, std::size_t bytes_max)
      : config_(config), bytes_max_(bytes_max) {}

  // Results that are left out cost nothing. Refuses, as States.DataLimitExceeded, what would make
  // the output larger than `bytes_max`, and from then on everything.
  Status Add(const ChildResult& result);
  Json Take();

 private:
  const std::optional<WriterConfig> config_;
  const std::size_t bytes_max_;
  json::array elements_;
  std::string lines_;
  std::size_t bytes_ = 2;  // of the array's brackets, or the string's quotes
};

}  // namespace towline::mapdata
