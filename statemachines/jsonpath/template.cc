#include "statemachines/jsonpath/template.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "statemachines/jsonpath/expression_node.h"

namespace towline::jsonpath {

// One value of the template. What holds no expression, however large, is one constant.
struct TemplatePart {
  enum class Kind { kConstant, kExpression, kObject, kArray };
  Kind kind = Kind::kConstant;
  const json::value* constant = nullptr;  // inside of TemplateNode::source
  std::shared_ptr<const ExpressionNode> expression{};
  std::string field{};                // kExpression: the key as written, "sum.$"
  std::vector<std::string> keys{};    // kObject: of the members, as they come out
  std::vector<TemplatePart> parts{};  // kObject, kArray
};

struct TemplateNode {
  Json source;
  TemplatePart root{};
  bool uses_task_token = false;
  std::set<std::string> variables{};
};

namespace {

using Kind = TemplatePart::Kind;

constexpr std::string_view kSuffix = ".$";

bool IsExpressionKey(std::string_view key) {
  return key.size() >= kSuffix.size() && key.substr(key.size() - kSuffix.size()) == kSuffix;
}

class TemplateCompiler {
 public:
  TemplateCompiler(TemplateNode& node, std::vector<TemplateProblem>& problems)
      : node_(node), problems_(problems) {}

  void Run() { Compile(*node_.source, node_.root); }

 private:
  void Report(std::string_view key, std::string message) {
    problems_.push_back({pointer_, std::string(key), std::move(message)});
  }

  // Appends one reference token to the pointer while `action` runs.
  template <class Action>
  void Below(std::string_view token, Action action) {
    const std::size_t size = pointer_.size();
    pointer_ += '/';
    for (const char c : token) {
      if (c == '~') {
        pointer_ += "~0";
      } else if (c == '/') {
        pointer_ += "~1";
      } else {
        pointer_ += c;
      }
    }
    action();
    pointer_.resize(size);
  }

  void Compile(const json::value& source, TemplatePart& part) {
    if (const json::object* object = source.if_object()) {
      CompileObject(*object, part);
    } else if (const json::array* array = source.if_array()) {
      part.parts.resize(array->size());
      for (std::size_t i = 0; i < array->size(); i++) {
        Below(std::to_string(i), [&] { Compile((*array)[i], part.parts[i]); });
      }
      part.kind = Kind::kArray;
    }
    const bool constant = part.kind != Kind::kExpression &&
                          std::all_of(part.parts.begin(), part.parts.end(), [](const auto& inner) {
                            return inner.kind == Kind::kConstant;
                          });
    if (!constant) return;
    part = TemplatePart{.constant = &source};
  }

  void CompileObject(const json::object& object, TemplatePart& part) {
    part.kind = Kind::kObject;
    for (const auto& member : object) {
      std::string_view key = member.key();
      part.parts.emplace_back();
      Below(key, [&] {
        if (!IsExpressionKey(key)) return Compile(member.value(), part.parts.back());
        CompileExpression(key, member.value(), part.parts.back());
        key.remove_suffix(kSuffix.size());
        if (object.contains(key)) {
          Report(member.key(), "The field '" + std::string(key) + "' is given twice: as '" +
                                   std::string(key) + "' and as '" + std::string(member.key()) +
                                   "'");
        }
      });
      part.keys.emplace_back(key);
    }
  }

  void CompileExpression(std::string_view key, const json::value& source, TemplatePart& part) {
    part.kind = Kind::kExpression;
    part.field = std::string(key);
    const json::string* text = source.if_string();
    if (text != nullptr) {
      auto parsed = ParseExpression({text->data(), text->size()});
      if (parsed) {
        part.expression = *parsed;
        node_.uses_task_token = node_.uses_task_token || UsesTaskToken(*part.expression);
        CollectVariables(*part.expression, node_.variables);
        return;
      }
    }
    Report(key, "The value for the field '" + std::string(key) +
                    "' must be a valid JSONPath or a valid intrinsic function call");
  }

  TemplateNode& node_;
  std::vector<TemplateProblem>& problems_;
  std::string pointer_;
};

// One evaluation of a template.
class Filler {
 public:
  Filler(const Scope& scope, TemplateError& error) : scope_(scope), error_(error) {}

  bool Fill(const TemplatePart& part, std::size_t depth, json::value& out) {
    switch (part.kind) {
      case Kind::kConstant:
        out = *part.constant;
        return true;
      case Kind::kExpression:
        return FillExpression(part, depth, out);
      case Kind::kArray: {
        json::array& array = out.emplace_array();
        array.resize(part.parts.size());
        for (std::size_t i = 0; i < part.parts.size(); i++) {
          if (!Fill(part.parts[i], depth + 1, array[i])) return false;
        }
        return true;
      }
      case Kind::kObject: {
        json::object& object = out.emplace_object();
        object.reserve(part.parts.size());
        for (std::size_t i = 0; i < part.parts.size(); i++) {
          json::value& member = object.emplace(part.keys[i], nullptr).first->value();
          if (!Fill(part.parts[i], depth + 1, member)) return false;
        }
        return true;
      }
    }
    return true;
  }

 private:
  bool FillExpression(const TemplatePart& part, std::size_t depth, json::value& out) {
    json::value made;
    const json::value* value = Evaluate(*part.expression, scope_, allowance_, made, error_.error);
    const bool heavy = value != nullptr && (value->is_structured() || value->is_string());
    if (heavy && !allowance_.Take(*value, depth)) {
      error_.error = allowance_.error();
      value = nullptr;
    }
    if (value == nullptr) {
      error_.field = part.field;
      error_.expression = part.expression->text;
      return false;
    }
    if (value == &made) {
      out = std::move(made);
    } else {
      out = *value;
    }
    return true;
  }

  const Scope& scope_;
  TemplateError& error_;
  Allowance allowance_;
};

}  // namespace

Template::Template(std::shared_ptr<const TemplateNode> node) : node_(std::move(node)) {}

Template Template::Compile(const json::value& source, std::vector<TemplateProblem>& problems) {
  auto node = std::make_shared<TemplateNode>(TemplateNode{.source = Json(source)});
  TemplateCompiler(*node, problems).Run();
  return Template(std::move(node));
}

bool Template::Evaluate(const Scope& scope, Json& out, TemplateError& error) const {
  if (node_->root.kind == Kind::kConstant) {
    out = node_->source;
    return true;
  }
  json::value filled;
  if (!Filler(scope, error).Fill(node_->root, 0, filled)) return false;
  out = Json(std::move(filled));
  return true;
}

bool Template::uses_task_token() const { return node_->uses_task_token; }
const std::set<std::string>& Template::variables() const { return node_->variables; }
const Json& Template::source() const { return node_->source; }

}  // namespace towline::jsonpath
