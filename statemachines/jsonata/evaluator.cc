#include "statemachines/jsonata/evaluator.h"

#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
Value Evaluator::Evaluate(const Node& node, Value input, Frame* frame) {
  if (!Step()) return Value::Failed();
  if (++depth_ > circumstances_.bounds.depth) return FailDepth();
  Value result = Dispatch(node, input, frame);
  const bool has_more = !node.predicates.empty() || node.group != nullptr;
  if (has_more && node.kind != NodeKind::kPath) result = Behind(node, result, frame);
  depth_--;
  if (result.kind() != Kind::kArray) return result;
  Array& array = *result.array();
  if (!array.sequence || array.tuple_stream) return result;
  if (node.keep_array) array.keep_singleton = true;
  if (array.size == 0) return {};
  return array.size == 1 && !array.keep_singleton ? array.at(0) : result;
}

Value Evaluator::Dispatch(const Node& node, Value input, Frame* frame) {
  switch (node.kind) {
    case NodeKind::kLiteral:
      return node.literal;
    case NodeKind::kVariable:
      if (node.lazy) return Value::States();
      if (!node.text.empty()) return LookUp(node.symbol, frame);
      return input.kind() == Kind::kArray && input.array()->outer_wrapper ? input.array()->at(0)
                                                                          : input;
    case NodeKind::kPath:
      return EvaluatePath(node, input, frame);
    case NodeKind::kName: {
      const Value found = LookUp(input, node.text);
      return node.keep_array && input.is_array() ? KeptSequence(arena_, found) : found;
    }
    case NodeKind::kBinary:
      return EvaluateBinary(node, input, frame);
    case NodeKind::kNegate:
      return EvaluateNegation(node, input, frame);
    case NodeKind::kCall:
      if (!node.tail) return EvaluateCall(node, input, frame, nullptr);
      pending_ = {&node, input, frame};
      return Value::TailCall();
    case NodeKind::kCondition:
      return EvaluateCondition(node, input, frame);
    case NodeKind::kBlock:
      return EvaluateBlock(node, input, frame);
    case NodeKind::kBind:
      return EvaluateBind(node, input, frame);
    case NodeKind::kArray:
      return EvaluateArray(node, input, frame);
    case NodeKind::kObject:
      return EvaluateGroup(node.pairs, node.position, input, frame);
    case NodeKind::kLambda:
      return MakeLambda(node, input, frame);
    case NodeKind::kPartial:
      return EvaluatePartial(node, input, frame);
    case NodeKind::kApply:
      return EvaluateApply(node, input, frame);
    case NodeKind::kWildcard:
      return EvaluateWildcard(input);
    case NodeKind::kDescendant:
      return EvaluateDescendants(input);
    case NodeKind::kParent:
      return LookUp(node.slot->symbol, frame);
    case NodeKind::kRegex:
    case NodeKind::kTransform:
      return MakeFunction(node, frame);
    default:
      return {};
  }
}

// Filters and the group of an expression that is no path.
Value Evaluator::Behind(const Node& node, Value result, Frame* frame) {
  if (result.is_failed() || result.kind() == Kind::kTailCall) return result;
  for (const Stage& stage : node.predicates) {
    result = Filter(*stage.filter, result, frame);
    if (result.is_failed()) return result;
  }
  if (node.group != nullptr) return GroupBehind(*node.group, result, frame);
  return node.keep_array ? KeptSequence(arena_, result) : result;
}

Value Evaluator::EvaluateArray(const Node& node, Value input, Frame* frame) {
  Array* array = nullptr;
  for (const Node* const element : node.list) {
    const Value value = Evaluate(*element, input, frame);
    if (value.is_failed()) return value;
    const bool spread = value.is_array() && element->kind != NodeKind::kArray;
    if (spread && node.list.size() == 1) {
      if (value.kind() == Kind::kArrayView && !node.constructed) return value;
      array = PlainCopy(arena_, value);
      break;
    }
    if (array == nullptr) array = NewArray(arena_);
    if (spread) {
      if (!PushAll(arena_, *array, value)) return FailExhausted();
    } else if (!value.is_undefined()) {
      Push(arena_, *array, value);
    }
  }
  if (array == nullptr) array = NewArray(arena_);
  array->constructed = node.constructed;
  return Value::Of(array);
}

Value Evaluator::EvaluateBlock(const Node& node, Value input, Frame* frame) {
  const Arena::Mark mark = stack_.Position();
  Frame* const inner = stack_.New<Frame>();
  inner->parent = frame;
  Value result;
  for (const Node* const expression : node.list) {
    result = Evaluate(*expression, input, inner);
    if (result.is_failed()) return result;
  }
  if (result.kind() != Kind::kTailCall) Release(mark);
  return result;
}

Value Evaluator::EvaluateBind(const Node& node, Value input, Frame* frame) {
  const Value value = Evaluate(*node.right, input, frame);
  if (!value.is_failed()) Bind(*frame, node.left->symbol, value);
  return value;
}

Value Evaluator::EvaluateCondition(const Node& node, Value input, Frame* frame) {
  const Value condition = Evaluate(*node.left, input, frame);
  if (condition.is_failed()) return condition;
  const Value truth = Truth(condition);
  if (truth.is_failed()) return truth;
  if (truth.boolean()) return Evaluate(*node.right, input, frame);
  return node.other == nullptr ? Value() : Evaluate(*node.other, input, frame);
}

Value Evaluator::LookUp(Value value, std::string_view key) {
  switch (value.kind()) {
    case Kind::kObjectView: {
      const json::object& object = value.object_view();
      const auto member = object.find({key.data(), key.size()});
      if (member != object.end()) return Value::View(member->value(), value.root());
      const Value content = Follow(value);
      return content.IsSameViewAs(value) ? Value() : LookUp(content, key);
    }
    case Kind::kObject: {
      const Value* const member = value.object()->Find(key);
      return member == nullptr ? Value() : *member;
    }
    case Kind::kArrayView:
    case Kind::kArray:
      break;
    case Kind::kStates:
      return StateMember(key);
    case Kind::kFailed:
      return value;
    default:
      return {};
  }
  const Elements elements(value);
  if (!Step(elements.size())) return Value::Failed();
  SequenceBuilder found(arena_);
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const Value element = LookUp(elements[i], key);
    if (element.is_failed()) return element;
    found.Flatten(element);
  }
  return found.Result();
}

Value Evaluator::EvaluateWildcard(Value input) {
  if (input.kind() == Kind::kArray && input.array()->outer_wrapper) input = input.array()->at(0);
  input = Follow(input);
  if (input.is_failed()) return input;
  Array* const result = NewSequence(arena_);
  const auto add = [&](Value value) {
    if (!value.is_array()) return Push(arena_, *result, value);
    result->sequence = false;  // what an array has added to is an array from then on
    PushFlat(arena_, *result, value);
  };
  if (input.is_array()) {
    const Elements elements(input);
    if (!Step(elements.size())) return Value::Failed();
    for (std::uint32_t i = 0; i < elements.size(); i++) add(elements[i]);
  } else if (input.is_object()) {
    const Members members(arena_, input);
    if (!Step(members.size())) return Value::Failed();
    for (std::uint32_t i = 0; i < members.size(); i++) add(members.value(i));
  }
  return Value::Of(result);
}

Value Evaluator::EvaluateDescendants(Value input) {
  if (input.is_undefined()) return {};
  Array* const result = NewSequence(arena_);
  if (!AddDescendants(input, *result)) return Value::Failed();
  return result->size == 1 ? result->at(0) : Value::Of(result);
}

bool Evaluator::AddDescendants(Value value, Array& result) {
  value = Follow(value);
  if (value.is_failed()) return false;
  if (value.is_array()) {
    const Elements elements(value);
    if (!Step(elements.size() + 1)) return false;
    for (std::uint32_t i = 0; i < elements.size(); i++) {
      if (!AddDescendants(elements[i], result)) return false;
    }
    return true;
  }
  Push(arena_, result, value);
  if (!value.is_object()) return true;
  const Members members(arena_, value);
  if (!Step(members.size() + 1)) return false;
  for (std::uint32_t i = 0; i < members.size(); i++) {
    if (!AddDescendants(members.value(i), result)) return false;
  }
  return true;
}

}  // namespace towline::jsonata
