#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api {

// Where a listing goes on: opaque to callers, bound to the question it was given for, valid for 24
// hours. A check sum keeps accidents out; it hides and grants nothing.
struct PageToken {
  std::vector<std::uint64_t> numbers{};
  std::string text{};
};

// `question`: everything that must be the same when the token comes back.
std::string EncodeToken(const PageToken& token, std::string_view question, Timestamp now);
// Error InvalidToken.
Result<PageToken> DecodeToken(std::string_view text, std::string_view question, Timestamp now);

// Checks "at most this many", 1 to 1,000, 0: 100. Error ValidationException.
Result<int> PageSize(int max_results);

}  // namespace towline::api
