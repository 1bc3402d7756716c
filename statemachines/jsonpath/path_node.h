#pragma once

// The compiled form of a path. Private to this room.

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/result.h"
#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {

struct FilterNode;
struct FunctionCall;

// One step of a path; `kind` says which of the fields count.
struct Step {
  enum class Kind {
    kName,      // .a ['a']
    kNames,     // ['a','b']
    kIndex,     // [1] [-1]
    kIndexes,   // [0,1]
    kSlice,     // [a:b]
    kWildcard,  // * [*]
    kScan,      // ..
    kFilter,    // [?(...)]
    kFunction,  // .length()
  };
  Kind kind = Kind::kWildcard;
  std::string name{};
  std::vector<std::string> names{};
  int index = 0;
  std::vector<int> indexes{};
  std::optional<int> from{};
  std::optional<int> to{};
  std::shared_ptr<const FilterNode> filter{};
  std::shared_ptr<const FunctionCall> function{};
  std::string text{};    // as Jayway's messages spell it: ['a'], [0], [*], ..
  bool special = false;  // a bare name with an operator character that reference paths refuse
};

// A path without a filter on the way may still be applied from within one, to "@".
struct PathNode {
  enum class Root { kInput, kContext, kVariable, kItem };
  Root root = Root::kInput;
  std::string variable{};
  std::vector<Step> steps{};
  std::string text{};
  bool plain = true;     // names and single indexes only: found by walking, nothing is collected
  bool definite = true;  // selects one value or fails

  // "$['a'][0]", up to and without step `end`.
  std::string Spell(std::size_t end) const;
  std::string Spell() const { return Spell(steps.size()); }
};

// Bounds that keep a hostile path or document from exhausting stack, memory or time.
inline constexpr std::size_t kStepsMax = 500;
inline constexpr int kFilterDepthMax = 50;
inline constexpr std::size_t kVisitsMax = 2'000'000;  // values looked at in one evaluation

// Which roots a text may start with. Inside a filter "@" is the tested value and "$" the document.
enum class PathPlace { kExpression, kFilter };
Result<std::shared_ptr<const PathNode>> ParsePath(std::string_view text, PathPlace place,
                                                  int depth = 0);

// Follows references for one evaluation.
class Follower {
 public:
  explicit Follower(const References* references) : opened_(references) {}
  // What `value` stands for if it is a reference, else null. A reference that cannot be followed is
  // null as well, and broken() then says why.
  const json::value* Follow(const json::value& value);
  // Values outside of the document have been found.
  bool used() const { return !opened_.empty(); }
  const std::optional<EvalError>& broken() const { return broken_; }

 private:
  OpenReferences opened_;  // what values that were found lie in
  std::optional<EvalError> broken_;
};

// What a step is applied to in place of `value`, which is most often itself; null: `follower`
// (which may be none) is broken.
inline const json::value* Followed(Follower* follower, const json::value& value) {
  if (follower == nullptr) return &value;
  const json::value* const content = follower->Follow(value);
  return content != nullptr || follower->broken() ? content : &value;
}

struct SelectOptions {
  bool lenient = false;        // as in Scope
  bool require_names = false;  // Jayway's REQUIRE_PROPERTIES, used by the existence test of filters
  Follower* follower = nullptr;  // null: nothing is followed
};

// What a path selected: values inside the document, or values made on the way (`made` owns them).
struct Selection {
  std::vector<const json::value*> values{};
  std::deque<json::value> made{};
  std::size_t visits = 0;
};

// Walks a plain path; null if it leads nowhere, and `error` (if given) says where it broke off.
const json::value* FindPlain(const PathNode& path, const json::value& start,
                             const SelectOptions& options, EvalError* error);

// Applies any path to `start`; "$" within filters is `document`. False: `error` says why.
bool Select(const PathNode& path, const json::value& start, const json::value& document,
            const SelectOptions& options, Selection& out, EvalError& error);

// The root value that `path` starts from, or null for an undefined variable.
const Json* RootOf(const PathNode& path, const Scope& scope);

// Applies `path` to its root. A definite path gives a pointer into the root or into `made`; an
// indefinite one an array in `made`. Null: `error` says why.
const json::value* Find(const PathNode& path, const Scope& scope, json::value& made,
                        EvalError& error);

}  // namespace towline::jsonpath
