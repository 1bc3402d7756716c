#pragma once

// Functions as values, and the frames in which names are bound. Private to this room.

#include <cstdint>
#include <string_view>
#include <utility>

#include "statemachines/jsonata/node.h"
#include "statemachines/jsonata/signature.h"
#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

class Evaluator;
class Matcher;

// A name's value; frames and tuples hold lists of them, the latest first.
struct Binding {
  Symbol symbol = kNoSymbol;
  Value value{};
  Binding* next = nullptr;
};

// The names of one block, one call or one tuple.
struct Frame {
  Frame* parent = nullptr;
  Binding* bindings = nullptr;
  bool shared = false;  // the bindings are a tuple's: they may be hidden, but not changed
};

// One row of a path that binds names with @, # or %: the value that the path has reached, and the
// names. Rows share the tails of their lists.
struct Tuple {
  Value at{};
  Binding* bindings = nullptr;
};

enum class FunctionKind : std::uint8_t {
  kNative,
  kLambda,
  kPartial,    // a native function some of whose arguments are given
  kComposed,   // first ~> second
  kTransform,  // | ... | ... |
  kRegex,      // applied to a text: the first match
  kNextMatch,  // "next" of a match
};

struct Function {
  explicit Function(FunctionKind which) : kind(which) {}
  FunctionKind kind;
};

// One call of a native function; the arguments have been validated.
struct Call {
  Evaluator& evaluator;
  Arguments arguments;
  Value context;
  Frame* frame;

  Value operator[](std::size_t index) const { return arguments[index]; }
};
using NativeBody = Value (*)(const Call& call);

struct Native : Function {
  Native(std::string_view name_in, Signature signature_in, int arity_in, NativeBody body_in)
      : Function(FunctionKind::kNative),
        name(name_in),
        signature(std::move(signature_in)),
        arity(arity_in),
        body(body_in) {}
  std::string_view name;
  Signature signature;
  int arity;  // how many arguments a higher-order function passes
  NativeBody body;
};

struct Lambda : Function {
  Lambda() : Function(FunctionKind::kLambda) {}
  const Symbol* parameters = nullptr;
  std::uint32_t parameter_count = 0;
  const Signature* signature = nullptr;  // may be null
  const Node* body = nullptr;
  Value input{};
  Frame* frame = nullptr;
};

struct Partial : Function {
  Partial() : Function(FunctionKind::kPartial) {}
  Value whole{};                  // the function
  const Value* given = nullptr;   // the arguments
  const bool* is_open = nullptr;  // which of them the call supplies
  std::uint32_t count = 0;
  std::uint32_t open_count = 0;
};

struct Composed : Function {
  Composed() : Function(FunctionKind::kComposed) {}
  Value first{};
  Value second{};
};

struct Transform : Function {
  Transform() : Function(FunctionKind::kTransform) {}
  const Node* node = nullptr;
  Frame* frame = nullptr;
};

struct RegexFunction : Function {
  RegexFunction() : Function(FunctionKind::kRegex) {}
  const Node* node = nullptr;
};

struct NextMatch : Function {
  NextMatch() : Function(FunctionKind::kNextMatch) {}
  Matcher* matcher = nullptr;  // the evaluator's
};

// The name by which a call names its function.
inline std::string_view CalledName(const Node& call) {
  const Node& callee = *call.left;
  return callee.kind == NodeKind::kPath ? callee.list[0]->text : callee.text;
}

// The functions of the language; null: no such function in this dialect.
const Native* FindNative(std::string_view name, Dialect dialect);

}  // namespace towline::jsonata
