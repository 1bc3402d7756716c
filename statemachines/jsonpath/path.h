#pragma once

// Paths over JSON as Amazon States Language uses them.
//
// Three things look alike and differ: a Path selects (JSONPath as Jayway 2.9.0 reads it), a
// ReferencePath names one place and can also write there, an Expression is whatever may stand to
// the right of a ".$" key: a path, a context path ($$), a variable ($name) or an intrinsic call.
// All are parsed once, when a definition is compiled, and evaluated without side effects.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/reference.h"
#include "statemachines/base/result.h"

namespace towline::jsonpath {

// Makes the context object ($$) only when something asks for it.
class ContextSource {
 public:
  virtual ~ContextSource() = default;
  virtual const Json& Context() const = 0;  // an object
};

// Resolves $name.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  virtual const Json* Find(std::string_view name) const = 0;  // null: undefined
};

// What an evaluation may see. `seed` feeds States.MathRandom (without its own seed) and
// States.UUID: the same seed gives the same values, so that the core stays free of randomness.
struct Scope {
  const Json& input;                          // $
  const ContextSource& context;               // $$
  const VariableSource* variables = nullptr;  // $name
  std::uint64_t* seed = nullptr;              // advanced by each use; null means 0
  // Where AWS forgives more than Jayway: an index past the end of its array reads as null, and an
  // indefinite path that leads nowhere as []. IsPresent must set this to false: there AWS says what
  // Jayway says, and such a path fails with kNoResults.
  bool lenient = true;
  // Where a step comes to a reference (base/reference.h), it goes on in what that stands for, and
  // so do arguments of functions other than States.Array; a path that ends there gives the
  // reference itself. Null: references are objects like any other.
  const References* references = nullptr;
};

// Why an evaluation gave nothing. `detail` is the piece that AWS puts into its causes, e.g.
// "No results for path: $['x']['y']"; the caller wraps it with the field's name.
struct EvalError {
  enum class Kind {
    kNoResults,  // a definite path that leads nowhere
    kInvalid,    // not applicable to this value, or a malformed intrinsic argument at run time
    kBroken,     // a path's function or an operator of a filter gave up: no filter hides it
    kUnreadable,  // a reference cannot be followed: neither does IsPresent
    kIntrinsic,  // an intrinsic function failed
    kTooLarge,   // a bound (elements, characters) was exceeded
  };
  Kind kind = Kind::kNoResults;
  std::string detail;
  bool IsBroken() const { return kind == Kind::kBroken || kind == Kind::kUnreadable; }
};

template <class T>
class [[nodiscard]] Eval {
 public:
  Eval(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Eval(EvalError error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }
  const EvalError& error() const { return error_; }

 private:
  std::optional<T> value_;
  EvalError error_;
};

struct PathNode;  // the compiled form; private to this room

// A compiled JSONPath that starts with $, $$ or $name.
class Path {
 public:
  // The error's message says what is wrong with `text`.
  static Result<Path> Parse(std::string_view text);
  static const Path& Root();  // "$"

  // A definite path gives one value; an indefinite one (*, .., slices, filters, unions of
  // indexes) an array, possibly empty. "$" returns scope.input itself; a definite path returns a
  // Part of it.
  Eval<Json> Evaluate(const Scope& scope) const;

  bool is_root() const;  // exactly "$"
  bool is_definite() const;
  bool is_context() const;   // starts with $$
  bool is_variable() const;  // starts with $name
  const std::string& text() const;
  // Adds the name of the variable that it starts from, if it does.
  void CollectVariables(std::set<std::string>& names) const;

 private:
  explicit Path(std::shared_ptr<const PathNode> node);
  std::shared_ptr<const PathNode> node_;
};

// A path that names one place: dot or bracket field access and non-negative indexes only.
class ReferencePath {
 public:
  static Result<ReferencePath> Parse(std::string_view text);  // may start with $$ or $name too
  Eval<Json> Evaluate(const Scope& scope) const;
  // ResultPath: a copy of `document` with `value` at this place; missing intermediate objects
  // are made. "$" gives `value` itself. Fails (kInvalid) where a scalar or a missing array
  // element stands in the way.
  Eval<Json> Insert(const Json& document, const Json& value) const;
  bool is_root() const;
  bool is_context() const;   // starts with $$: nothing can be written there
  bool is_variable() const;  // starts with $name: likewise
  const std::string& text() const;
  void CollectVariables(std::set<std::string>& names) const { path_.CollectVariables(names); }

 private:
  ReferencePath(Path path, std::shared_ptr<const PathNode> node)
      : path_(std::move(path)), node_(std::move(node)) {}
  Path path_;
  std::shared_ptr<const PathNode> node_;
};

struct ExpressionNode;

// What may stand to the right of a ".$" key, and in ErrorPath and CausePath.
class Expression {
 public:
  static Result<Expression> Parse(std::string_view text);
  Eval<Json> Evaluate(const Scope& scope) const;
  const std::string& text() const;
  // Set when the outermost expression is a call: "States.Format" and so on.
  std::optional<std::string> function() const;
  bool uses_task_token() const;  // mentions $$.Task.Token, or $$ or $$.Task as a whole
  void CollectVariables(std::set<std::string>& names) const;

 private:
  explicit Expression(std::shared_ptr<const ExpressionNode> node);
  std::shared_ptr<const ExpressionNode> node_;
};

}  // namespace towline::jsonpath
