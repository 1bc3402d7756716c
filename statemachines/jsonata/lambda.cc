// Functions as values: making them, giving them some of their arguments, and names.

#include "statemachines/jsonata/compiler.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/parser.h"

namespace towline::jsonata {
namespace {

std::string MessageOf(const Problem& problem) { return problem.code + ": " + problem.message; }

}  // namespace

Value Evaluator::MakeLambda(const Node& node, Value input, Frame* frame) {
  Lambda* const lambda = arena_.New<Lambda>();
  lambda->parameters = node.parameters.data();
  lambda->parameter_count = static_cast<std::uint32_t>(node.parameters.size());
  lambda->signature = node.signature ? &*node.signature : nullptr;
  lambda->body = node.right;
  lambda->input = input;
  lambda->frame = frame;
  pinned_ = stack_.Position();
  return Value::Of(lambda);
}

// A regular expression or a transformation.
Value Evaluator::MakeFunction(const Node& node, Frame* frame) {
  if (node.kind == NodeKind::kRegex) {
    RegexFunction* const regex = arena_.New<RegexFunction>();
    regex->node = &node;
    return Value::Of(regex).AsArgument();
  }
  Transform* const transform = arena_.New<Transform>();
  transform->node = &node;
  transform->frame = frame;
  pinned_ = stack_.Position();
  return Value::Of(transform);
}

Value Evaluator::EvaluatePartial(const Node& node, Value input, Frame* frame) {
  Value* const given = arena_.NewArray<Value>(node.list.size());
  bool* const is_open = arena_.NewArray<bool>(node.list.size());
  std::uint32_t open_count = 0;
  for (std::size_t i = 0; i < node.list.size(); i++) {
    is_open[i] = node.list[i]->kind == NodeKind::kPlaceholder;
    open_count += is_open[i] ? 1 : 0;
    given[i] = is_open[i] ? Value() : Evaluate(*node.list[i], input, frame);
    if (given[i].is_failed()) return given[i];
  }
  const Value whole = Evaluate(*node.left, input, frame);
  if (whole.is_failed()) return whole;
  if (!whole.is_function()) {
    const bool near_miss = whole.is_undefined() && node.symbol != kNoSymbol &&
                           !LookUp(node.symbol, frame).is_undefined();
    Fail(near_miss ? "T1007" : "T1008");
    return Locate(node, CalledName(node));
  }
  const auto count = static_cast<std::uint32_t>(node.list.size());
  if (whole.function()->kind == FunctionKind::kLambda) {
    return BindSome(static_cast<const Lambda&>(*whole.function()), {given, count}, is_open);
  }
  Partial* const partial = arena_.New<Partial>();
  partial->whole = whole;
  partial->given = given;
  partial->is_open = is_open;
  partial->count = count;
  partial->open_count = open_count;
  return Value::Of(partial);
}

// A lambda of the parameters left open; those without an argument are undefined.
Value Evaluator::BindSome(const Lambda& lambda, Arguments given, const bool* is_open) {
  Lambda* const rest = arena_.New<Lambda>();
  *rest = lambda;
  rest->signature = nullptr;
  rest->frame = arena_.New<Frame>();
  rest->frame->parent = lambda.frame;
  Symbol* const parameters = arena_.NewArray<Symbol>(lambda.parameter_count);
  rest->parameter_count = 0;
  for (std::uint32_t i = 0; i < lambda.parameter_count; i++) {
    if (i < given.size && is_open[i]) {
      parameters[rest->parameter_count++] = lambda.parameters[i];
    } else {
      Bind(*rest->frame, lambda.parameters[i], given[i]);
    }
  }
  rest->parameters = parameters;
  return Value::Of(rest);
}

void Evaluator::Bind(Frame& frame, Symbol symbol, Value value) {
  for (Binding* known = frame.shared ? nullptr : frame.bindings; known != nullptr;
       known = known->next) {
    if (known->symbol != symbol) continue;
    known->value = value;
    return;
  }
  Binding* const binding = arena_.New<Binding>();
  *binding = {symbol, value, frame.bindings};
  frame.bindings = binding;
}

Value Evaluator::EvaluateText(std::string_view text, Value input, Frame* frame) {
  evaluated_.push_back(std::make_unique<Program>());
  Program& program = *evaluated_.back();
  program.text = text;
  program.dialect = program_.dialect;
  program.symbols = *symbols_;
  program.symbol_by_name = evaluated_.size() == 1
                               ? program_.symbol_by_name
                               : evaluated_[evaluated_.size() - 2]->symbol_by_name;
  OrProblem<Node*> parsed = Parser(program, program.text).Parse();
  OrProblem<Node*> compiled = parsed ? Compiler(program).Compile(*parsed) : parsed;
  if (!compiled) return Fail("D3120", String(MessageOf(compiled.problem())));
  Value* const globals = evaluated_globals_.emplace_back(new Value[program.symbols.size()]).get();
  for (std::size_t i = 0; i < program.symbols.size(); i++) {
    globals[i] = i < symbols_->size() ? globals_[i] : Value::TailCall();
  }
  globals_ = globals;
  symbols_ = &program.symbols;
  const Value result = Evaluate(**compiled, input, frame);
  if (!result.is_failed()) return result;
  return Fail("D3121", String(MessageOf(TakeProblem())));
}

}  // namespace towline::jsonata
