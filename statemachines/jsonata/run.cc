// One evaluation from its start to its outcome: names, bounds, documents.

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "statemachines/jsonata/compact.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/output.h"

namespace towline::jsonata {
namespace {

constexpr std::uint64_t kTicks = 4096;    // steps between two looks at the bounds
constexpr std::size_t kParsedCharge = 4;  // bytes that a byte of JSON text may become
constexpr std::array<std::string_view, 4> kStateMembers = {"input", "result", "errorOutput",
                                                           "context"};

}  // namespace

Evaluator::Evaluator(const Program& program, const Json* input, const Circumstances& circumstances)
    : program_(program),
      circumstances_(circumstances),
      input_(input),
      arena_(circumstances.bounds.memory),
      stack_(circumstances.bounds.memory),
      symbols_(&program.symbols),
      steps_left_(circumstances.bounds.steps),
      seed_(circumstances.seed),
      opened_(circumstances.references) {
  empty_.sequence = true;
  globals_ = arena_.NewArray<Value>(symbols_->size());
  std::fill(globals_, globals_ + symbols_->size(), Value::TailCall());
  std::fill(std::begin(states_), std::end(states_), Value::TailCall());
  ticks_ = std::min(steps_left_, kTicks);
  steps_left_ -= ticks_;
}

Evaluator::~Evaluator() = default;

Outcome Evaluator::Run() {
  Value input;
  if (input_ != nullptr) {
    input = ViewOf(*input_);
    globals_[kRootSymbol] = input;
  }
  if (input.is_array()) {
    Array* const wrapper = NewSequence(arena_);
    wrapper->outer_wrapper = true;
    Push(arena_, *wrapper, input);
    input = Value::Of(wrapper);
  }
  Frame frame;
  const Value result = Evaluate(*program_.root, input, &frame);
  if (result.is_failed()) return Outcome(TakeProblem());
  if (arena_.exhausted() || stack_.exhausted()) {
    FailExhausted();
    return Outcome(TakeProblem());
  }
  return OutcomeOf(result);
}

Outcome Evaluator::OutcomeOf(Value result) {
  if (result.is_undefined()) return Outcome(Outcome::Undefined{});
  if (result.is_function()) return Outcome(Outcome::Function{});
  const bool step_functions = program_.dialect == Dialect::kStepFunctions;
  if (result.is_number() && !std::isfinite(result.number()) && !step_functions) {
    return Outcome(result.number());
  }
  const bool is_view = result.kind() == Kind::kObjectView || result.kind() == Kind::kArrayView;
  if (is_view && result.root() != 0) {
    return Outcome(Json::Part(*roots_[result.root() - 1U], result.view()));
  }
  json::value json;
  if (!ToJson(arena_, result, step_functions, json)) return Outcome(Outcome::Function{});
  return Outcome(Json(std::move(json)));
}

// What the documents' numbers do not reach is copied in the end instead of shared.
Value Evaluator::ViewOf(const Json& document) {
  for (std::uint8_t i = 0; i < root_count_; i++) {
    if (roots_[i] == &document) return Value::View(*document, i + 1);
  }
  if (root_count_ == roots_.size()) return Value::View(*document, 0);
  roots_[root_count_++] = &document;
  return Value::View(*document, root_count_);
}

bool Evaluator::Tick(std::uint64_t steps) {
  const std::uint64_t left = steps_left_ + ticks_;
  ticks_ = 0;
  steps_left_ = left;
  if (steps > left || IsOver()) return !FailOver().is_failed();
  if (arena_.exhausted() || stack_.exhausted()) return !FailExhausted().is_failed();
  steps_left_ -= steps;
  ticks_ = std::min(steps_left_, kTicks);
  steps_left_ -= ticks_;
  return true;
}

bool Evaluator::IsOver() {
  return circumstances_.names != nullptr && circumstances_.names->Expired();
}

Value Evaluator::String(std::string_view text) {
  if (text.empty()) return Value::String({});
  const std::string_view kept = towline::jsonata::Keep(arena_, text);
  return kept.empty() ? FailExhausted() : Value::String(kept);
}

Value Evaluator::LookUp(Symbol symbol, Frame* frame) {
  for (; frame != nullptr; frame = frame->parent) {
    for (const Binding* binding = frame->bindings; binding != nullptr; binding = binding->next) {
      if (binding->symbol == symbol) return binding->value;
    }
  }
  const Value known = globals_[symbol];
  if (known.kind() != Kind::kTailCall) return known;
  return globals_[symbol] = GlobalOf(symbol);
}

Value Evaluator::GlobalOf(Symbol symbol) {
  const std::string_view name = (*symbols_)[symbol];
  if (symbol == kRootSymbol) return {};
  const Environment* const names = circumstances_.names;
  if (program_.dialect == Dialect::kStepFunctions && name == "states") return AllStates();
  if (names != nullptr) {
    const Json* const value = names->Variable(name);
    if (value != nullptr) return ViewOf(*value);
  }
  const Native* const native = FindNative(name, program_.dialect);
  return native == nullptr ? Value() : Value::Of(native);
}

Value Evaluator::StateMember(std::string_view name) {
  for (std::size_t i = 0; i < kStateMembers.size(); i++) {
    if (kStateMembers[i] != name) continue;
    if (states_[i].kind() == Kind::kTailCall) {
      const Json* const value =
          circumstances_.names == nullptr ? nullptr : circumstances_.names->State(name);
      states_[i] = value == nullptr ? Value() : ViewOf(*value);
    }
    return states_[i];
  }
  return {};
}

Value Evaluator::AllStates() {
  all_states_.members = all_states_members_;
  all_states_.capacity = static_cast<std::uint32_t>(kStateMembers.size());
  for (const std::string_view name : kStateMembers) {
    const Value member = StateMember(name);
    if (!member.is_undefined()) Set(arena_, all_states_, name, member);
  }
  return Value::Of(&all_states_);
}

void Evaluator::GiveBack(LoopStart& start, Value* roots, std::size_t count) {
  if (Compact(arena_, start.values, roots, count)) {
    pinned_ = start.pinned;  // no function has been left
    text_end_ = nullptr;
  }
  start.kept = arena_.Position().size() - start.values.size();
}

Value Evaluator::ParseText(std::string_view text) {
  if (!Step(text.size())) return Value::Failed();
  if (!arena_.Charge(text.size() * kParsedCharge)) return FailExhausted();
  Result<Json> parsed = ParseJson(text);
  if (!parsed) return Fail({.code = "D3141", .message = "$parse: " + parsed.error().message});
  return ViewOf(*parsed_.emplace_back(std::make_unique<Json>(*std::move(parsed))));
}

Value Evaluator::Follow(Value value) {
  if (!value.is_object_view()) return value;
  const auto content = opened_.Open(value.view());
  if (!content) return Fail({.code = "D3141", .message = content.error().message});
  return *content == nullptr ? value : ViewOf(**content);
}

}  // namespace towline::jsonata
