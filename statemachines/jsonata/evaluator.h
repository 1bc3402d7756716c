#pragma once

// One evaluation of one expression. Private to this room.
//
// A failure is a Value of its own kind that every caller passes on; what is wrong stands in the
// evaluator. A path's result is a sequence in a short form: undefined is the empty sequence, a
// value that is no array the sequence of that value, an array its elements.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/function.h"
#include "statemachines/jsonata/jsonata.h"
#include "statemachines/jsonata/node.h"
#include "statemachines/jsonata/regex.h"
#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

class SequenceBuilder;

class Evaluator {
 public:
  Evaluator(const Program& program, const Json* input, const Circumstances& circumstances);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  Outcome Run();

  Value Evaluate(const Node& node, Value input, Frame* frame);
  // The member `key`; of each element of an array.
  Value LookUp(Value value, std::string_view key);
  // Calls a function. A sequence that it returns is left as it is.
  Value Apply(Value callee, Arguments arguments, Value context, Frame* frame);
  static int ArityOf(const Function& function);  // how many arguments it takes

  // What a value stands for, if it is a reference (base/reference.h), else itself.
  Value Follow(Value value);
  // Whether a value counts as true: a Bool, or failed (a number that is infinite).
  Value Truth(Value value);
  // $string: JSON with numbers of 15 digits; a text as it is.
  Value TextOf(Value value, bool pretty);
  // A copy of which no part is shared with another value; numbers keep 15 digits, functions become
  // "", as if the value had been written and read again.
  Value Clone(Value value);
  // Where a loop begins whose rounds leave nothing but a value each.
  struct LoopStart {
    Arena::Mark values;
    Arena::Mark pinned;
    std::size_t kept = 0;  // bytes that were still needed when they were looked at last
  };
  LoopStart StartLoop() const { return {arena_.Position(), pinned_}; }
  // Gives back what the rounds since `start` have made, except what the `count` values at `roots`
  // lead to, if that seems worth its time.
  void EndRound(LoopStart& start, Value* roots, std::size_t count) {
    constexpr std::size_t kWorthwhile = 128U << 10U;
    const std::size_t made = arena_.Position().size() - start.values.size();
    if (made > kWorthwhile + 3 * start.kept) GiveBack(start, roots, count);
  }

  // $eval.
  Value EvaluateText(std::string_view text, Value input, Frame* frame);
  // $parse.
  Value ParseText(std::string_view text);
  std::unique_ptr<Matcher> MakeMatcher(const RegexFunction& function, std::string_view text);
  // The members of a match; `place` is the name of the one that says where it starts.
  bool FillMatch(const RegexMatch& match, std::string_view place, Object& object);

  // All return Value::Failed(). The position and the token of the innermost operator or call are
  // added on the way out.
  Value Fail(const char* code, Value value = {}, Value other = {});
  Value Fail(Problem problem);
  Value FailExhausted();

  // Counts `steps` more; false: the evaluation is over, return Value::Failed().
  bool Step(std::uint64_t steps = 1) {
    if (steps >= ticks_) return Tick(steps);
    ticks_ -= steps;
    return true;
  }

  Arena& arena() { return arena_; }
  Value String(std::string_view text);  // copied into the arena
  std::int64_t now_ms() const { return circumstances_.now_ms; }
  std::uint64_t& seed() { return seed_; }

 private:
  class OrderBy;
  struct PendingCall {
    const Node* node = nullptr;
    Value input{};
    Frame* frame = nullptr;
  };

  // evaluator.cc
  Value Dispatch(const Node& node, Value input, Frame* frame);
  Value Behind(const Node& node, Value result, Frame* frame);
  Value EvaluateArray(const Node& node, Value input, Frame* frame);
  Value EvaluateBlock(const Node& node, Value input, Frame* frame);
  Value EvaluateBind(const Node& node, Value input, Frame* frame);
  Value EvaluateCondition(const Node& node, Value input, Frame* frame);
  Value EvaluateWildcard(Value input);
  Value EvaluateDescendants(Value input);
  bool AddDescendants(Value value, Array& result);

  // run.cc
  Value LookUp(Symbol symbol, Frame* frame);
  Value GlobalOf(Symbol symbol);
  Value StateMember(std::string_view name);
  Value AllStates();
  Value ViewOf(const Json& document);
  bool Tick(std::uint64_t steps);
  bool IsOver();
  Outcome OutcomeOf(Value result);
  void GiveBack(LoopStart& start, Value* roots, std::size_t count);

  // failure.cc
  Value FailDepth();
  Value FailOver();
  Value Locate(const Node& node, std::string_view token);
  Value LocateAt(std::size_t position);
  Problem TakeProblem();

  // operators.cc
  Value EvaluateBinary(const Node& node, Value input, Frame* frame);
  Value EvaluateNegation(const Node& node, Value input, Frame* frame);
  Value Operate(Operation operation, Value left, Value right);
  bool IsOperand(Value value, const char* code);
  Value Calculate(Operation operation, Value left, Value right);
  Value Compare(Operation operation, Value left, Value right);
  Value Includes(Value element, Value list);
  Value Concatenate(Value left, Value right);
  Value MakeRange(Value left, Value right);

  // path.cc
  Value EvaluatePath(const Node& path, Value input, Frame* frame);
  Value FinishPath(const Node& path, Value result, Frame* frame);
  Value EvaluatePlainPath(const Node& path, Value input, Frame* frame);
  Value OnlyResult(Value result, bool last);
  Value EvaluateNameStep(const Node& step, Value items, bool last);
  Value EvaluateStep(const Node& step, Value items, bool last, Frame* frame);
  Value Filter(const Node& predicate, Value input, Frame* frame);
  bool ApplyFilter(Value chosen, Value item, std::uint32_t index, std::uint32_t size,
                   SequenceBuilder& kept);

  // tuple.cc
  Frame* FrameOf(const Tuple& tuple, Frame* parent);
  Value EvaluateTuplePath(const Node& path, std::size_t from, Value items, Frame* frame);
  Array* EvaluateTupleStep(const Node& step, const Array& rows, Frame* frame);
  bool AddTuples(const Node& step, const Tuple& row, Value result, Array& tuples);
  void AddNames(Tuple& tuple, const Binding* names);
  Array* SortItems(const Node& sort, Value items, Frame* frame);
  Array* ApplyStages(const Node& step, Array* tuples, Frame* frame);
  Array* FilterTuples(const Node& predicate, const Array& tuples, Frame* frame);

  // group.cc, sort.cc, transform.cc
  Value GroupBehind(const Group& group, Value items, Frame* frame);
  Value EvaluateGroup(const std::vector<Pair>& pairs, std::uint32_t position, Value input,
                      Frame* frame);
  Value MakeObject(const std::vector<Pair>& pairs, std::uint32_t position, Value item,
                   Frame* frame);
  bool IsKey(Value key, std::uint32_t position);
  Value Sort(const Node& sort, Value items, Frame* frame);
  bool IsReference(Value value) const;
  bool IsOfPayload(Value value) const;
  Value ApplyTransform(const Transform& transform, Value original);
  bool Update(const Node& node, Value match, Object* target, Frame* frame);
  bool Delete(const Node& node, Value match, Object* target, Frame* frame);

  // apply.cc
  Value EvaluateCall(const Node& node, Value input, Frame* frame, const Value* first);
  Value EvaluateApply(const Node& node, Value input, Frame* frame);
  bool EvaluateArguments(const Node& node, Value input, Frame* frame, const Value* first,
                         Arguments& arguments);
  bool FollowAll(Arguments& arguments);
  bool Validate(const Signature& signature, Arguments given, Value context, Arguments& validated);
  Value ApplyInRounds(Value callee, Arguments arguments, Value context, Frame* frame);
  Value ApplyOnce(Value callee, Arguments arguments, Value context, Frame* frame);
  Value ApplyNative(const Native& native, Arguments arguments, Value context, Frame* frame);
  Value ApplyLambda(const Lambda& lambda, Arguments arguments, Value context);
  Value ApplyPartial(const Partial& partial, Arguments arguments, Frame* frame);
  Value ApplyComposed(const Composed& composed, Arguments arguments, Frame* frame);
  Value NextMatchOf(Matcher& matcher);

  // lambda.cc
  Value MakeLambda(const Node& node, Value input, Frame* frame);
  Value MakeFunction(const Node& node, Frame* frame);
  Value EvaluatePartial(const Node& node, Value input, Frame* frame);
  Value BindSome(const Lambda& lambda, Arguments given, const bool* is_open);
  void Bind(Frame& frame, Symbol symbol, Value value);
  // Gives back what the stack got since; but what a function holds on to stays.
  void Release(const Arena::Mark& mark) { stack_.Rewind(pinned_.IsBehind(mark) ? pinned_ : mark); }

  const Program& program_;
  const Circumstances& circumstances_;
  const Json* const input_;
  Arena arena_;         // values
  Arena stack_;         // frames and arguments, until their call ends
  Arena::Mark pinned_;  // of the stack: behind the last frame that a function holds on to
  std::array<const Json*, 32> roots_;  // documents that views point into, from 1
  std::uint8_t root_count_ = 0;
  const std::vector<std::string_view>* symbols_;  // names by symbol
  Value* globals_ = nullptr;                      // values by symbol; kTailCall: not asked for yet
  Value states_[4];                               // likewise, the members of $states
  Object all_states_;                             // $states as a whole, of these members
  Member all_states_members_[4];
  Array empty_;
  PendingCall pending_;             // of the kTailCall that is under way
  const char* text_end_ = nullptr;  // of the text that was concatenated last
  std::uint64_t ticks_ = 0;         // steps until the bounds are looked at again
  std::uint64_t steps_left_;        // after those
  int depth_ = 0;         // of expressions
  int nested_calls_ = 0;  // of Apply
  std::uint64_t seed_;
  std::uint32_t clones_ = 0;                         // transformations so far
  std::vector<std::unique_ptr<Matcher>> matchers_;   // of matches that somebody may continue
  std::vector<std::unique_ptr<Program>> evaluated_;  // of $eval
  std::vector<std::unique_ptr<Value[]>> evaluated_globals_;
  std::vector<std::unique_ptr<Json>> parsed_;  // of $parse
  OpenReferences opened_;

  Problem problem_;
  bool located_ = false;  // the problem's position is known
};

}  // namespace towline::jsonata
