#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/result.h"

namespace towline::worker {

// What must not leave the site: the patterns of a job type's `redact`. Immutable; any thread.
class Redactor {
 public:
  // Perl-compatible, UTF-8. The error says which pattern, where in it, and why.
  static Result<std::shared_ptr<const Redactor>> Compile(const std::vector<std::string>& patterns);

  // One line, UTF-8, up to byte `keep`, with "[redacted]" for whatever a pattern matches. A match
  // that begins before `keep` is blotted out whole. A line that takes a pattern too many steps is
  // blotted out altogether.
  std::string Apply(std::string_view line, std::size_t keep = std::string_view::npos) const;

 private:
  struct Code;
  explicit Redactor(std::vector<std::shared_ptr<const Code>> codes) : codes_(std::move(codes)) {}
  const std::vector<std::shared_ptr<const Code>> codes_;
};

}  // namespace towline::worker
