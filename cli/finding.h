#pragma once

#include <functional>
#include <string>

namespace towline::cli {

// What a check of `towline doctor` has found.
struct Finding {
  enum class Result { kOk, kWarn, kFail };
  Result result = Result::kOk;
  std::string check{};   // "round-trip"
  std::string what{};    // what was seen, for people
  std::string advice{};  // what to do about it; empty when it is well
};
using Tell = std::function<void(Finding)>;

}  // namespace towline::cli
