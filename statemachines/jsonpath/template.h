#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {

struct TemplateNode;

// What is wrong with a template, and where: `pointer` is an RFC 6901 pointer from its root.
struct TemplateProblem {
  std::string pointer;
  std::string field;    // the key, e.g. "sum.$"
  std::string message;  // in AWS's words where they are known
};

// Why an evaluation failed: the key and the expression that did it.
struct TemplateError {
  std::string field;       // "sum.$"
  std::string expression;  // "$.a.b"
  EvalError error;
};

// A payload template (Parameters, ResultSelector, ItemSelector, job payloads): every member whose
// key ends in ".$", at any depth, is replaced by the value of its expression and renamed.
class Template {
 public:
  // Reports every problem at once; the template may be used only if there was none.
  static Template Compile(const json::value& source, std::vector<TemplateProblem>& problems);

  // A template without expressions returns the same shared value each time.
  bool Evaluate(const Scope& scope, Json& out, TemplateError& error) const;

  bool uses_task_token() const;
  // The variables that its expressions mention.
  const std::set<std::string>& variables() const;
  const Json& source() const;

 private:
  explicit Template(std::shared_ptr<const TemplateNode> node);
  std::shared_ptr<const TemplateNode> node_;
};

}  // namespace towline::jsonpath
