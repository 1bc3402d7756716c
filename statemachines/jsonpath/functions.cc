#include "statemachines/jsonpath/functions.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cmath>
#include <variant>

#include "statemachines/jsonpath/bounds.h"

namespace towline::jsonpath {

enum class FunctionKind {
  kLength,
  kMin,
  kMax,
  kAverage,
  kSum,
  kDeviation,
  kFirst,
  kLast,
  kIndex,
  kAppend,
  kConcat,
  kKeys,
  kUnknown,
};

struct FunctionCall {
  FunctionKind kind = FunctionKind::kLength;
  std::string name{};
  std::vector<std::variant<json::value, std::shared_ptr<const PathNode>>> arguments{};
};

namespace {

FunctionKind FunctionNamed(std::string_view name) {
  if (name == "length" || name == "size") return FunctionKind::kLength;
  if (name == "min") return FunctionKind::kMin;
  if (name == "max") return FunctionKind::kMax;
  if (name == "avg") return FunctionKind::kAverage;
  if (name == "sum") return FunctionKind::kSum;
  if (name == "stddev") return FunctionKind::kDeviation;
  if (name == "first") return FunctionKind::kFirst;
  if (name == "last") return FunctionKind::kLast;
  if (name == "index") return FunctionKind::kIndex;
  if (name == "append") return FunctionKind::kAppend;
  if (name == "concat") return FunctionKind::kConcat;
  if (name == "keys") return FunctionKind::kKeys;
  return FunctionKind::kUnknown;
}

// The pieces between the commas that stand outside of quotes and brackets.
std::vector<std::string_view> SplitArguments(std::string_view text) {
  std::vector<std::string_view> pieces;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); at++) {
    const char c = at < text.size() ? text[at] : ',';
    if (c == '"' && (at == 0 || text[at - 1] != '\\')) quoted = !quoted;
    if (quoted && at < text.size()) continue;
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if ((c == ',' && depth == 0) || at == text.size()) {
      pieces.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  return pieces;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// One application of a function, with its arguments made plain.
class Application {
 public:
  Application(const FunctionCall& call, const json::value& model) : call_(call), model_(model) {}

  bool Resolve(const json::value& document, Follower* follower, std::size_t& visits,
               EvalError& error) {
    for (const auto& argument : call_.arguments) {
      if (const json::value* literal = std::get_if<json::value>(&argument)) {
        arguments_.push_back(*literal);
        continue;
      }
      const PathNode& path = *std::get<std::shared_ptr<const PathNode>>(argument);
      Selection selection{.visits = visits};
      const bool found = Select(path, document, document, {.follower = follower}, selection, error);
      visits = selection.visits;
      if (!found) return false;
      json::array all;
      for (const json::value* value : selection.values) {
        const json::value* const content = Followed(follower, *value);
        if (content == nullptr || !allowance_.Take(*content)) {
          error = content == nullptr ? *follower->broken() : allowance_.error();
          return false;
        }
        all.push_back(*content);
      }
      arguments_.push_back(path.definite ? all.back() : json::value(std::move(all)));
    }
    return true;
  }

  bool Run(json::value& result, EvalError& error) {
    const json::array* list = model_.if_array();
    switch (call_.kind) {
      case FunctionKind::kLength:
        result = Length();
        return true;
      case FunctionKind::kKeys:
        result = Keys();
        return true;
      case FunctionKind::kConcat:
        result = Concatenated();
        return true;
      case FunctionKind::kAppend:
        if (list == nullptr) break;
        return Append(*list, result, error);
      case FunctionKind::kUnknown:
        error = {EvalError::Kind::kInvalid, "There is no function " + call_.name + "()"};
        return false;
      case FunctionKind::kFirst:
      case FunctionKind::kLast:
      case FunctionKind::kIndex:
        return Element(result, error);
      default:
        return Aggregate(result, error);
    }
    result = model_;
    return true;
  }

 private:
  bool Fail(EvalError& error, const std::string& why) const {
    error = {EvalError::Kind::kBroken, "The function " + call_.name + "() failed: " + why};
    return false;
  }

  json::value Length() const {
    const json::value& of = arguments_.empty() ? model_ : arguments_.front();
    if (of.is_array()) return of.get_array().size();
    if (of.is_object()) return of.get_object().size();
    return nullptr;
  }

  json::value Keys() const {
    const json::object* object = model_.if_object();
    if (object == nullptr) return nullptr;
    json::array keys;
    for (const auto& member : *object) keys.emplace_back(member.key());
    return keys;
  }

  json::value Concatenated() const {
    std::string text;
    const auto add = [&](const json::value& value) {
      if (value.is_string()) text += std::string_view(value.get_string());
    };
    if (const json::array* list = model_.if_array()) std::for_each(list->begin(), list->end(), add);
    for (const json::value& argument : arguments_) {
      const json::array* list = argument.if_array();
      if (list == nullptr) {
        add(argument);
        continue;
      }
      // Unlike the value in front, an array given as an argument counts with all it holds.
      for (const json::value& element : *list) {
        if (!element.is_string() && !element.is_null()) text += PrintJson(element);
        add(element);
      }
    }
    return json::value(text);
  }

  bool Append(const json::array& list, json::value& result, EvalError& error) {
    if (!allowance_.Take(model_)) {
      error = allowance_.error();
      return false;
    }
    json::array longer = list;
    longer.insert(longer.end(), arguments_.begin(), arguments_.end());
    result = std::move(longer);
    return true;
  }

  bool Element(json::value& result, EvalError& error) const {
    const json::array* list = model_.if_array();
    if (list == nullptr) return Fail(error, "it needs an array");
    std::int64_t index = call_.kind == FunctionKind::kLast ? -1 : 0;
    if (call_.kind == FunctionKind::kIndex) {
      if (arguments_.empty() || !arguments_.front().is_int64()) {
        return Fail(error, "it needs one integer");
      }
      index = arguments_.front().get_int64();
    }
    const auto size = static_cast<std::int64_t>(list->size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return Fail(error, "the array has no such element");
    result = (*list)[static_cast<std::size_t>(index)];
    return true;
  }

  bool Aggregate(json::value& result, EvalError& error) const {
    std::vector<double> numbers;
    const auto add = [&](const json::value& value) {
      if (value.is_number()) numbers.push_back(value.to_number<double>());
    };
    if (const json::array* list = model_.if_array()) std::for_each(list->begin(), list->end(), add);
    for (const json::value& argument : arguments_) {
      if (const json::array* list = argument.if_array()) {
        std::for_each(list->begin(), list->end(), add);
      } else {
        add(argument);
      }
    }
    if (numbers.empty()) return Fail(error, "it needs an array with at least one number");
    double sum = 0;
    double squares = 0;
    for (const double number : numbers) {
      sum += number;
      squares += number * number;
    }
    const auto count = static_cast<double>(numbers.size());
    switch (call_.kind) {
      case FunctionKind::kMin:
        result = *std::min_element(numbers.begin(), numbers.end());
        break;
      case FunctionKind::kMax:
        result = *std::max_element(numbers.begin(), numbers.end());
        break;
      case FunctionKind::kSum:
        result = sum;
        break;
      case FunctionKind::kAverage:
        result = sum / count;
        break;
      default:
        result = std::sqrt(squares / count - sum * sum / count / count);
    }
    return true;
  }

  const FunctionCall& call_;
  const json::value& model_;
  std::vector<json::value> arguments_;
  Allowance allowance_;
};

}  // namespace

Result<std::shared_ptr<const FunctionCall>> ParseFunctionCall(const std::string& name,
                                                              std::string_view arguments,
                                                              int depth) {
  auto call = std::make_shared<FunctionCall>();
  call->kind = FunctionNamed(name);  // Jayway, too, misses one only when it is called
  call->name = name;
  for (std::string_view piece : SplitArguments(arguments)) {
    piece = Trimmed(piece);
    if (piece.empty()) continue;
    if (piece.front() == '$' || piece.front() == '@') {
      auto path = ParsePath(piece, PathPlace::kFilter, depth);
      if (!path) return path.error();
      call->arguments.emplace_back(*path);
    } else if (piece.front() != '\'') {  // Jayway passes over what stands in single quotes
      const auto value = ParseJson(piece);
      if (!value) return Error{.message = "an argument of " + name + "() is no JSON value"};
      call->arguments.emplace_back(**value);
    }
  }
  return std::shared_ptr<const FunctionCall>(std::move(call));
}

std::shared_ptr<const FunctionCall> OverPath(const FunctionCall& call,
                                             std::shared_ptr<PathNode> path) {
  auto over = std::make_shared<FunctionCall>(call);
  if (call.kind == FunctionKind::kLength) {
    path->steps.push_back({.kind = Step::Kind::kWildcard, .text = "[*]"});
  }
  over->arguments.clear();
  over->arguments.emplace_back(std::shared_ptr<const PathNode>(std::move(path)));
  return over;
}

bool Call(const FunctionCall& call, const json::value& model, const json::value& document,
          Follower* follower, std::size_t& visits, json::value& result, EvalError& error) {
  Application application(call, model);
  return application.Resolve(document, follower, visits, error) && application.Run(result, error);
}

}  // namespace towline::jsonpath
