#include "statemachines/jsonata/mentions.h"

#include <algorithm>
#include <set>

#include "statemachines/jsonata/function.h"

namespace towline::jsonata {
namespace {

// Walks the tree in the order of evaluation and knows which names are bound where.
class MentionsWalk {
 public:
  explicit MentionsWalk(const Program& program) : program_(program) {}

  Mentions Run() {
    Visit(*program_.root);
    mentions_.variables.assign(variables_.begin(), variables_.end());
    mentions_.states.assign(states_.begin(), states_.end());
    mentions_.input.assign(input_.begin(), input_.end());
    return std::move(mentions_);
  }

 private:
  void Visit(const Node& node) {
    switch (node.kind) {
      case NodeKind::kVariable:
        VisitVariable(node);
        break;
      case NodeKind::kName:
        VisitInput(node.text);
        break;
      case NodeKind::kWildcard:
        VisitInput("*");
        break;
      case NodeKind::kDescendant:
        VisitInput("**");
        break;
      case NodeKind::kPath:
        VisitPath(node);
        return;  // with its group
      case NodeKind::kLambda:
      case NodeKind::kBlock:
        VisitScope(node);
        break;
      case NodeKind::kBind:
        Visit(*node.right);
        bound_.push_back(node.left->symbol);
        break;
      case NodeKind::kTransform:
        VisitElsewhere([&] { VisitParts(node); });
        break;
      default:
        VisitParts(node);
    }
    VisitBehind(node);
  }

  void VisitParts(const Node& node) {
    for (const Node* const part : {node.left, node.right, node.other}) {
      if (part != nullptr) Visit(*part);
    }
    for (const Node* const part : node.list) Visit(*part);
    VisitPairs(node.pairs);
    for (const Term& term : node.terms) Visit(*term.expression);
  }

  void VisitPairs(const std::vector<Pair>& pairs) {
    for (const auto& [key, value] : pairs) {
      Visit(*key);
      Visit(*value);
    }
  }

  // Filters and groups see what they filter and group, not the input.
  void VisitBehind(const Node& node) {
    VisitElsewhere([&] {
      for (const auto* const stages : {&node.predicates, &node.stages}) {
        for (const Stage& stage : *stages) {
          if (stage.filter != nullptr) Visit(*stage.filter);
          if (stage.index != kNoSymbol) bound_.push_back(stage.index);
        }
      }
      if (node.group != nullptr) VisitPairs(node.group->pairs);
    });
  }

  void VisitScope(const Node& node) {
    const std::size_t outer = bound_.size();
    bound_.insert(bound_.end(), node.parameters.begin(), node.parameters.end());
    VisitParts(node);
    bound_.resize(outer);
  }

  template <class Walk>
  void VisitElsewhere(Walk walk) {
    const bool at_input = at_input_;
    at_input_ = false;
    walk();
    at_input_ = at_input;
  }

  void VisitPath(const Node& path) {
    const std::size_t outer = bound_.size();
    const bool at_input = at_input_;
    for (std::size_t i = 0; i < path.list.size(); i++) {
      const Node& step = *path.list[i];
      if (step.lazy) {
        states_.emplace(path.list[i + 1]->text);
      } else {
        Visit(step);
      }
      if (step.focus != kNoSymbol) bound_.push_back(step.focus);
      if (step.index != kNoSymbol) bound_.push_back(step.index);
      at_input_ = false;
    }
    VisitBehind(path);
    at_input_ = at_input;
    bound_.resize(outer);
  }

  void VisitInput(std::string_view name) {
    if (at_input_) input_.emplace(name);
  }

  void VisitVariable(const Node& variable) {
    if (variable.text.empty()) {
      VisitInput("$");
    } else if (variable.symbol == kRootSymbol) {
      input_.emplace("$$");  // wherever it stands
    } else if (std::find(bound_.begin(), bound_.end(), variable.symbol) != bound_.end()) {
      return;
    } else if (program_.dialect == Dialect::kStepFunctions && variable.text == "states") {
      mentions_.whole_states = true;
    } else if (FindNative(variable.text, program_.dialect) == nullptr) {
      variables_.emplace(variable.text);
    }
  }

  const Program& program_;
  Mentions mentions_;
  std::set<std::string> variables_;
  std::set<std::string> states_;
  std::set<std::string> input_;
  std::vector<Symbol> bound_;
  bool at_input_ = true;
};

}  // namespace

Mentions MentionsOf(const Program& program) { return MentionsWalk(program).Run(); }

}  // namespace towline::jsonata
