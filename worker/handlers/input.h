#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "worker/sdk/job.h"

namespace towline::handlers {

// Errors that all ready-made job types share; each has some of its own.
inline constexpr const char* kBadInput = "Towline.BadInput";  // the workflow asks wrongly
inline constexpr const char* kRefused = "Towline.Refused";    // the site does not allow it
inline constexpr const char* kCancelled = "Towline.Cancelled";
// The site's fault: a library, a secret or a directory is missing.
inline constexpr const char* kNotReady = "Towline.NotReady";

// Reads the members of a job's input; the first mistake sticks.
class Input {
 public:
  // Members that are not `known` are refused: a misspelt limit must not go unnoticed.
  Input(const json::value& input, std::initializer_list<std::string_view> known);

  std::string Text(std::string_view key);  // required
  std::optional<std::string> MaybeText(std::string_view key);
  std::int64_t Integer(std::string_view key, std::int64_t absent, std::int64_t least,
                       std::int64_t most);
  const json::value* Find(std::string_view key) const;  // null: absent
  void Refuse(const std::string& why);
  bool good() const { return why_.empty(); }
  sdk::Failure failure() const { return {kBadInput, why_}; }

 private:
  const json::object* object_ = nullptr;
  std::string why_;
};

// Is it UTF-8, so that JSON can hold it as it is?
bool IsUtf8(std::string_view text);

}  // namespace towline::handlers
