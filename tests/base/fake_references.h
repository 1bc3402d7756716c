#pragma once

// References whose contents a test gives.

#include <map>
#include <string>

#include "statemachines/base/digest.h"
#include "statemachines/base/reference.h"

namespace towline {

class FakeReferences final : public References {
 public:
  // The reference to `content`, as JSON text.
  std::string Add(const std::string& content) {
    const Reference reference{.sha256 = *HexDigest("SHA-256", content), .size = content.size()};
    contents_[reference.sha256] = content;
    return PrintJson(ReferenceValue(reference));
  }
  Result<Json> Load(const Reference& reference) const override {
    loads++;
    const auto found = contents_.find(reference.sha256);
    if (found != contents_.end()) return ParseJson(found->second);
    return Error{Error::Code::kNotFound, "the large payload is gone"};
  }
  static std::string Missing() { return PrintJson(ReferenceValue({std::string(64, '0'), 1})); }

  mutable int loads = 0;

 private:
  std::map<std::string, std::string> contents_;
};

}  // namespace towline
