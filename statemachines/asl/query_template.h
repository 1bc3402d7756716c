#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/jsonata/jsonata.h"

namespace towline::asl {

// One value of a template: what holds no expression, however large, is one constant.
struct QueryPart {
  enum class Kind { kConstant, kExpression, kObject, kArray };
  Kind kind = Kind::kConstant;
  const json::value* constant = nullptr;  // inside of the template's source
  std::optional<jsonata::Expression> expression{};
  std::string location{};                 // kExpression: "/a/b[0]" within the template
  std::vector<std::string> keys{};        // kObject
  std::vector<QueryPart> parts{};         // kObject, kArray
};

// A JSON value of a JSONata state, in which every string may be an expression, "{% … %}":
// Arguments, Output, Assign and their like. Compiled once; cheap to copy.
class QueryTemplate {
 public:
  // `root` points into `source`.
  QueryTemplate(Json source, QueryPart root)
      : source_(std::move(source)), root_(std::make_shared<const QueryPart>(std::move(root))) {}

  // Finds the value of one expression; false ends the evaluation.
  using Evaluate =
      std::function<bool(const jsonata::Expression&, const std::string& location, Json& out)>;
  // A template without expressions gives the same shared value each time, and one that is nothing
  // but an expression what that gave.
  bool Fill(const Evaluate& evaluate, Json& out) const;

  // What the template is nothing but; null: it is more.
  const jsonata::Expression* expression() const {
    return root_->kind == QueryPart::Kind::kExpression ? &*root_->expression : nullptr;
  }
  const Json& source() const { return source_; }

 private:
  Json source_;
  std::shared_ptr<const QueryPart> root_;
};

}  // namespace towline::asl
