// Evaluates expressions as they come, one JSON object per line: "expr" (or "exprHex", the
// hexadecimal digits of its UTF-8), "data", "bindings", "depth", all but the first optional. Each
// answer is one line too: "result", "undefined", "function", "nonFinite" or "code" with "message",
// "position" and "token".

#include <cmath>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "statemachines/jsonata/jsonata.h"

namespace towline::jsonata {
namespace {

constexpr std::int64_t kNowMs = 1'700'000'000'000;

class Bindings : public Environment {
 public:
  explicit Bindings(const json::object* members) {
    if (members == nullptr) return;
    for (const auto& member : *members) {
      values_.emplace(std::string(member.key()), Json(member.value()));
    }
  }
  const Json* Variable(std::string_view name) const override {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Json, std::less<>> values_;
};

std::string FromHex(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    text += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return text;
}

json::object Answer(const Problem& problem) {
  return {{"code", problem.code},
          {"message", problem.message},
          {"position", problem.position},
          {"token", problem.token}};
}

json::object Answer(const Outcome& outcome) {
  if (outcome.problem() != nullptr) return Answer(*outcome.problem());
  if (outcome.is_undefined()) return {{"undefined", true}};
  if (outcome.is_function()) return {{"function", true}};
  if (outcome.not_finite() != nullptr) {
    const double number = *outcome.not_finite();
    return {{"nonFinite", std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"}};
  }
  return {{"result", **outcome.json()}};
}

json::object Run(const json::object& question) {
  const json::value* const hex = question.if_contains("exprHex");
  const std::string text =
      hex != nullptr ? FromHex(hex->as_string()) : std::string(question.at("expr").as_string());
  const OrProblem<Expression> expression = Expression::Parse(text);
  if (!expression) return Answer(expression.problem());
  const json::value* const given = question.if_contains("bindings");
  const Bindings bindings(given == nullptr ? nullptr : given->if_object());
  Circumstances circumstances{.now_ms = kNowMs, .seed = 1, .names = &bindings};
  if (const json::value* const depth = question.if_contains("depth")) {
    circumstances.bounds.depth = static_cast<int>(depth->as_int64());
  }
  const json::value* const data = question.if_contains("data");
  const Json input = data == nullptr ? Json() : Json(*data);
  return Answer(expression->Evaluate(data == nullptr ? nullptr : &input, circumstances));
}

}  // namespace
}  // namespace towline::jsonata

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    const towline::Result<towline::Json> question = towline::ParseJson(line);
    if (!question) {
      std::cerr << "towline-jsonata-driver: " << question.error().message << '\n';
      return 2;
    }
    std::cout << towline::PrintJson(towline::jsonata::Run((*question)->as_object())) << std::endl;
  }
  return 0;
}
