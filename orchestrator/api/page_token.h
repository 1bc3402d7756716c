#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/store.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api {

// Where a listing goes on: opaque to callers, valid for 24 hours.
struct PageToken {
  std::vector<std::uint64_t> numbers{};
  std::string text{};
};

// Makes page tokens and takes them back. A token is bound to the question it was given for
// (everything that must be the same when it comes back) and sealed with the installation's key,
// so that what comes back is what was given. Immutable: any thread may use it.
class PageTokens {
 public:
  explicit PageTokens(std::vector<store::MacKey> keys) : keys_(std::move(keys)) {}

  std::string Encode(const PageToken& token, std::string_view question, Timestamp now) const;
  // Error InvalidToken.
  Result<PageToken> Decode(std::string_view text, std::string_view question, Timestamp now) const;

 private:
  const std::vector<store::MacKey> keys_;  // the last one seals, all open
};

// Checks "at most this many", 1 to 1,000, 0: 100. Error ValidationException.
Result<int> PageSize(int max_results);

}  // namespace towline::api
