// Functions: calling them, and making them.

#include <algorithm>
#include <utility>
#include <vector>

#include "statemachines/base/check.h"
#include "statemachines/jsonata/errors.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/regex.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
namespace {

// Functions that call functions nest without an expression around each: built-in functions and
// their callbacks in tail position, compositions of compositions. Their depth is bounded here.
constexpr int kNestedCallsMax = 1'000;

}  // namespace

int Evaluator::ArityOf(const Function& function) {
  switch (function.kind) {
    case FunctionKind::kNative:
      return static_cast<const Native&>(function).arity;
    case FunctionKind::kLambda:
      return static_cast<int>(static_cast<const Lambda&>(function).parameter_count);
    case FunctionKind::kPartial:
      return static_cast<int>(static_cast<const Partial&>(function).open_count);
    case FunctionKind::kRegex:
      return 2;
    case FunctionKind::kNextMatch:
      return 0;
    default:
      return 1;
  }
}

Value Evaluator::EvaluateCall(const Node& node, Value input, Frame* frame, const Value* first) {
  const Value callee = Evaluate(*node.left, input, frame);
  if (callee.is_failed()) return callee;
  const std::string_view name = CalledName(node);
  if (callee.is_undefined() && node.symbol != kNoSymbol &&
      !LookUp(node.symbol, frame).is_undefined()) {
    Fail("T1005");
    return Locate(node, name);
  }
  const Arena::Mark mark = stack_.Position();
  Arguments arguments;
  if (!EvaluateArguments(node, input, frame, first, arguments)) return Value::Failed();
  const Value result = Apply(callee, arguments, input, frame);
  if (result.is_failed()) return Locate(node, name);
  Release(mark);
  return result;
}

// `first`, where there is one, goes before the arguments in brackets.
bool Evaluator::EvaluateArguments(const Node& node, Value input, Frame* frame, const Value* first,
                                  Arguments& arguments) {
  const std::size_t before = first == nullptr ? 0 : 1;
  Value* const values = stack_.NewArray<Value>(node.list.size() + before);
  if (first != nullptr) values[0] = *first;
  for (std::size_t i = 0; i < node.list.size(); i++) {
    const Value value = Evaluate(*node.list[i], input, frame);
    if (value.is_failed()) return false;
    values[before + i] = node.tail ? value : value.AsArgument();
  }
  arguments = {values, node.list.size() + before};
  return true;
}

Value Evaluator::Apply(Value callee, Arguments arguments, Value context, Frame* frame) {
  if (++nested_calls_ > std::max(kNestedCallsMax, circumstances_.bounds.depth)) return FailDepth();
  const Value result = ApplyInRounds(callee, arguments, context, frame);
  nested_calls_--;
  return result;
}

// Calls, and then makes the calls that the called lambdas left to their caller. None of these
// rounds keeps anything of the one before it, except through its arguments.
Value Evaluator::ApplyInRounds(Value callee, Arguments arguments, Value context, Frame* frame) {
  const Arena::Mark mark = stack_.Position();
  LoopStart start = StartLoop();
  const bool lambda = callee.is_function() && callee.function()->kind == FunctionKind::kLambda;
  Value result = ApplyOnce(callee, arguments, context, frame);
  std::vector<Value> kept;  // the function and its arguments
  while (result.kind() == Kind::kTailCall) {
    const PendingCall call = pending_;
    kept.assign(1, Evaluate(*call.node->left, call.input, call.frame));
    if (kept[0].is_failed()) return kept[0];
    Arguments next;
    if (!EvaluateArguments(*call.node, call.input, call.frame, nullptr, next)) {
      return Value::Failed();
    }
    kept.insert(kept.end(), next.data, next.data + next.size);
    EndRound(start, kept.data(), kept.size());
    Release(mark);
    result = ApplyOnce(kept[0], {kept.data() + 1, next.size}, context, frame);
    if (result.is_failed()) return Locate(*call.node, CalledName(*call.node));
  }
  if (result.is_failed()) return result;
  if (lambda) EndRound(start, &result, 1);
  Release(mark);
  return result;
}

Value Evaluator::ApplyOnce(Value callee, Arguments arguments, Value context, Frame* frame) {
  if (!callee.is_function()) return Fail("T1006");
  const Function& function = *callee.function();
  switch (function.kind) {
    case FunctionKind::kNative:
      return ApplyNative(static_cast<const Native&>(function), arguments, context, frame);
    case FunctionKind::kLambda:
      return ApplyLambda(static_cast<const Lambda&>(function), arguments, context);
    case FunctionKind::kPartial:
      return ApplyPartial(static_cast<const Partial&>(function), arguments, frame);
    case FunctionKind::kComposed:
      return ApplyComposed(static_cast<const Composed&>(function), arguments, frame);
    case FunctionKind::kTransform: {
      static const Signature signature = *Signature::Parse("<(oa):o>");
      Arguments validated;
      if (!Validate(signature, arguments, context, validated)) return Value::Failed();
      return ApplyTransform(static_cast<const Transform&>(function), validated[0]);
    }
    case FunctionKind::kRegex: {
      const Value text = arguments[0];
      if (!text.is_string()) return {};
      const RegexFunction& regex = static_cast<const RegexFunction&>(function);
      matchers_.push_back(MakeMatcher(regex, text.text()));
      return NextMatchOf(*matchers_.back());
    }
    case FunctionKind::kNextMatch:
      return NextMatchOf(*static_cast<const NextMatch&>(function).matcher);
  }
  CHECK(false);
  return {};
}

Value Evaluator::ApplyNative(const Native& native, Arguments arguments, Value context,
                             Frame* frame) {
  Arguments validated;
  if (!Validate(native.signature, arguments, context, validated)) return Value::Failed();
  return native.body({*this, validated, context, frame});
}

// References among the arguments become what they stand for. False: one cannot be followed.
bool Evaluator::FollowAll(Arguments& arguments) {
  Value* followed = nullptr;
  for (std::size_t i = 0; i < arguments.size; i++) {
    if (!arguments[i].is_object_view()) continue;
    const Value content = Follow(arguments[i]);
    if (content.is_failed()) return false;
    if (content.IsSameViewAs(arguments[i])) continue;
    if (followed == nullptr) {
      followed = stack_.NewArray<Value>(arguments.size);
      std::copy(arguments.data, arguments.data + arguments.size, followed);
    }
    followed[i] = content;
  }
  if (followed != nullptr) arguments.data = followed;
  return true;
}

bool Evaluator::Validate(const Signature& signature, Arguments given, Value context,
                         Arguments& validated) {
  if (!FollowAll(given)) return false;
  const ArgumentFault fault = signature.Validate(stack_, arena_, given, context, validated);
  if (fault.code == nullptr) return true;
  Fail(fault.code, Value::Integer(fault.index));
  problem_.message = Replaced(std::move(problem_.message), "{elements}", fault.elements);
  return false;
}

Value Evaluator::ApplyLambda(const Lambda& lambda, Arguments arguments, Value context) {
  Arguments validated = arguments;
  if (lambda.signature != nullptr && !Validate(*lambda.signature, arguments, context, validated)) {
    return Value::Failed();
  }
  Frame* const frame = stack_.New<Frame>();
  frame->parent = lambda.frame;
  Binding* const bindings = stack_.NewArray<Binding>(lambda.parameter_count);
  for (std::uint32_t i = 0; i < lambda.parameter_count; i++) {
    bindings[i] = {lambda.parameters[i], validated[i], frame->bindings};
    frame->bindings = &bindings[i];
  }
  return Evaluate(*lambda.body, lambda.input, frame);
}

Value Evaluator::ApplyPartial(const Partial& partial, Arguments arguments, Frame* frame) {
  Value* const all = stack_.NewArray<Value>(partial.count);
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < partial.count; i++) {
    all[i] = partial.is_open[i] ? arguments[next++] : partial.given[i];
  }
  return Apply(partial.whole, {all, partial.count}, Value(), frame);
}

// function($x) { $second($first($x)) }
Value Evaluator::ApplyComposed(const Composed& composed, Arguments arguments, Frame* frame) {
  const Value argument = arguments[0];
  const Value middle = Collapse(Apply(composed.first, {&argument, 1}, Value::Null(), frame));
  if (middle.is_failed()) return middle;
  return Apply(composed.second, {&middle, 1}, Value::Null(), frame);
}

// left ~> right: calls the function on the right with the value on the left; two functions become
// one.
Value Evaluator::EvaluateApply(const Node& node, Value input, Frame* frame) {
  const Value left = Evaluate(*node.left, input, frame);
  if (left.is_failed()) return left;
  if (node.right->kind == NodeKind::kCall) return EvaluateCall(*node.right, input, frame, &left);
  const Value right = Evaluate(*node.right, input, frame);
  if (right.is_failed()) return right;
  if (!right.is_function()) {
    Fail("T2006", right);
    return Locate(node, "~>");
  }
  if (left.is_function()) {
    Composed* const composed = arena_.New<Composed>();
    composed->first = left;
    composed->second = right;
    return Value::Of(composed);
  }
  const Value result = Apply(right, {&left, 1}, Value::Null(), frame);
  return result.is_failed() ? Locate(node, node.right->text) : result;
}

std::unique_ptr<Matcher> Evaluator::MakeMatcher(const RegexFunction& function,
                                                std::string_view text) {
  return std::make_unique<Matcher>(*function.node->regex, text, [this] { return IsOver(); });
}

bool Evaluator::FillMatch(const RegexMatch& match, std::string_view place, Object& object) {
  Set(arena_, object, "match", String(match.text));
  Set(arena_, object, place, Value::Integer(match.start));
  if (place == "start") Set(arena_, object, "end", Value::Integer(match.end));
  Array* const groups = NewArray(arena_);
  for (const std::optional<std::string>& group : match.groups) {
    Push(arena_, *groups, group ? String(*group) : Value());
  }
  Set(arena_, object, "groups", Value::Of(groups));
  return Step(match.groups.size() + 1);
}

// A match as an object, with a function that finds the next one.
Value Evaluator::NextMatchOf(Matcher& matcher) {
  OrProblem<std::optional<RegexMatch>> found = matcher.Next();
  if (!found) return Fail(found.problem());
  if (!found->has_value()) return {};
  Object* const object = arena_.New<Object>();
  if (!FillMatch(**found, "start", *object)) return Value::Failed();
  NextMatch* const next = arena_.New<NextMatch>();
  next->matcher = &matcher;
  Set(arena_, *object, "next", Value::Of(next).AsArgument());
  return Value::Of(object);
}

}  // namespace towline::jsonata
