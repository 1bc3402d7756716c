#pragma once

// What an expression may see, for the tests of this room.

#include <map>
#include <string>

#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {

class FixedContext : public ContextSource {
 public:
  explicit FixedContext(std::string_view text) : context_(*ParseJson(text)) {}
  const Json& Context() const override { return context_; }

 private:
  Json context_;
};

class FixedVariables : public VariableSource {
 public:
  void Set(const std::string& name, std::string_view text) { all_[name] = *ParseJson(text); }
  const Json* Find(std::string_view name) const override {
    const auto found = all_.find(name);
    return found == all_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Json, std::less<>> all_;
};

// An input, a context and variables that live as long as the scope that refers to them.
struct World {
  explicit World(std::string_view input_text) : input(*ParseJson(input_text)) {}

  Scope scope() {
    return {.input = input, .context = context, .variables = &variables, .seed = &seed};
  }

  Json input;
  FixedContext context{R"({"Execution":{"Name":"e1","Input":{"x":1}},"Task":{"Token":"t-1"}})"};
  FixedVariables variables;
  std::uint64_t seed = 7;
};

inline std::string Shown(const Eval<Json>& result) {
  return result ? PrintJson(**result) : "failed: " + result.error().detail;
}

}  // namespace towline::jsonpath
