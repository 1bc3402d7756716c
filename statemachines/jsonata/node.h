#pragma once

// The tree of an expression. The parser builds it as the grammar reads; the compiler turns that
// into what is evaluated: dots become paths of steps, brackets their filters. Private to this room.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "statemachines/jsonata/jsonata.h"
#include "statemachines/jsonata/regex.h"
#include "statemachines/jsonata/signature.h"
#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

// A name of a variable (or of an ancestor slot), numbered within its program.
using Symbol = std::uint32_t;
inline constexpr Symbol kNoSymbol = 0;
inline constexpr Symbol kRootSymbol = 1;  // $$

enum class NodeKind : std::uint8_t {
  // Both before and after compilation.
  kName,        // text: a field
  kVariable,    // text, symbol; $ itself has an empty text
  kLiteral,     // literal: a string, number, true, false or null
  kRegex,       // regex
  kWildcard,    // *
  kDescendant,  // **
  kParent,      // %; slot
  kBinary,      // operation, left, right
  kNegate,      // left
  kArray,       // list: elements
  kObject,      // pairs
  kCall,        // left: the function, list: arguments; symbol: if left is a field, its name's
  kPartial,     // likewise, with kPlaceholders among the arguments
  kPlaceholder,
  kLambda,     // parameters, right: body, signature
  kCondition,  // left ? right : other (may be null)
  kBlock,      // list
  kTransform,  // | left | right, other | (other may be null); symbol: $clone
  kBind,       // left: a kVariable, right
  kApply,      // left ~> right
  kOperator,   // an operator where an operand was expected; and, or, in are names there
  kEnd,        // the end of the text where an operand was expected
  // Before: left . right, left[right], left{pairs}, left^(terms), left@right, left#right.
  kDot,
  kFilter,
  kGroup,
  kOrder,
  kFocus,
  kIndex,
  // After.
  kPath,  // list: steps
  kSort,  // a step; terms
};

enum class Operation : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kConcatenate,
  kRange,
  kIn,
  kAnd,
  kOr,
};

struct Node;

using Pair = std::pair<Node*, Node*>;  // key, value

struct Term {
  Node* expression = nullptr;
  bool descending = false;
};

// What is done to the results of a step: filter them, or number the tuples.
struct Stage {
  Node* filter = nullptr;  // null: an index
  Symbol index = kNoSymbol;
};

// { ... } behind an expression.
struct Group {
  std::vector<Pair> pairs{};
  std::uint32_t position = 0;
};

// What a % refers to. The steps that may be meant are walked backwards until `level` is 0; several
// slots that meet at one step share that step's symbol.
struct Slot {
  Symbol symbol = kNoSymbol;
  int level = 1;
  Node* parent = nullptr;  // the % itself
};

struct Node {
  NodeKind kind = NodeKind::kEnd;
  Operation operation = Operation::kAdd;
  bool keep_array = false;            // followed by []
  bool keep_singleton_array = false;  // a path of which a step is
  bool constructed = false;           // an array constructor whose result no path flattens
  bool tuple = false;                 // a step that needs or makes tuples
  bool plain = false;                 // a path of names only: no filters, tuples, groups
  bool tail = false;                  // a call in tail position: the caller of the lambda makes it
  bool lazy = false;                  // $states as a step before one of its members
  std::uint32_t position = 0;         // byte at which the token starts
  Symbol symbol = kNoSymbol;
  Node* left = nullptr;
  Node* right = nullptr;
  Node* other = nullptr;
  std::vector<Node*> list{};
  std::string_view text{};  // a name's, a variable's; of an operator as written
  Value literal{};
  std::vector<Stage> predicates{};  // filters of an expression that is no step
  std::vector<Stage> stages{};      // of a step
  std::unique_ptr<Group> group{};
  std::vector<Pair> pairs{};
  std::vector<Term> terms{};
  std::vector<Symbol> parameters{};  // of a lambda
  Symbol focus = kNoSymbol;          // @$name
  Symbol index = kNoSymbol;          // #$name
  Slot* ancestor = nullptr;          // a % refers to what this step was applied to
  Slot* slot = nullptr;              // of a %
  std::vector<Slot*> seeking{};      // slots that look for their step further out
  std::optional<Signature> signature{};
  std::optional<Regex> regex{};
};

// Owns the nodes of an expression, their texts and their symbols. Immutable once compiled.
struct Program {
  std::string text;
  Dialect dialect = Dialect::kStandard;
  const Node* root = nullptr;
  Mentions mentions;

  std::deque<Node> nodes;
  std::deque<Slot> slots;
  std::deque<std::string> strings;  // those of which escapes have been resolved
  std::vector<std::string_view> symbols{"", "$"};
  std::unordered_map<std::string_view, Symbol> symbol_by_name{{"", kNoSymbol}, {"$", kRootSymbol}};

  Node* NewNode(NodeKind kind, std::uint32_t position);
  std::string_view KeepText(std::string kept);
  Symbol SymbolOf(std::string_view name);
  Symbol NewSymbol();  // one that no name has
};

}  // namespace towline::jsonata
