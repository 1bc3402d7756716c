#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/dead_end.h"
#include "statemachines/jsonpath/filter.h"
#include "statemachines/jsonpath/functions.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {
namespace {

using Kind = Step::Kind;

EvalError TooManyVisits() {
  return {EvalError::Kind::kTooLarge,
          "The path visits more than " + std::to_string(kVisitsMax) + " values"};
}

// One evaluation of a path that is more than names and indexes. Each method handles the step `at`
// for one value and returns false once the evaluation has failed.
class Selector {
 public:
  Selector(const PathNode& path, const json::value& document, const SelectOptions& options,
           Selection& out, EvalError& error)
      : path_(path), document_(document), options_(options), out_(out), error_(error) {
    while (definite_steps_ < path.steps.size()) {
      const Kind kind = path.steps[definite_steps_].kind;
      if (kind != Kind::kName && kind != Kind::kIndex && kind != Kind::kFunction) break;
      definite_steps_++;
    }
  }

  bool Apply(std::size_t at, const json::value& model) {
    if (++out_.visits > kVisitsMax) return Fail(TooManyVisits());
    const json::value* const followed = Opened(model);
    return followed != nullptr && ApplyTo(*followed, at);
  }

 private:
  // What a step is applied to in place of `model`; null: the evaluation has failed.
  const json::value* Opened(const json::value& model) {
    const json::value* const content = Followed(options_.follower, model);
    if (content == nullptr) Fail(*options_.follower->broken());
    return content;
  }

  bool ApplyTo(const json::value& model, std::size_t at) {
    switch (path_.steps[at].kind) {
      case Kind::kName:
      case Kind::kNames:
        return ApplyNames(at, model);
      case Kind::kIndex:
      case Kind::kIndexes:
        return ApplyIndexes(at, model);
      case Kind::kSlice:
        return ApplySlice(at, model);
      case Kind::kWildcard:
        return ApplyWildcard(at, model);
      case Kind::kScan:
        return Scan(at + 1, model);
      case Kind::kFilter:
        return ApplyFilter(at, model);
      case Kind::kFunction:
        return ApplyFunction(at, model);
    }
    return true;
  }

  bool Fail(EvalError error) {
    error_ = std::move(error);
    return false;
  }
  bool IsLeaf(std::size_t at) const { return at + 1 == path_.steps.size(); }
  // All steps before `at` name exactly one place, so that a dead end is an error.
  bool UpstreamDefinite(std::size_t at) const { return at <= definite_steps_; }

  bool Reached(std::size_t at, const json::value& value) {
    if (!IsLeaf(at)) return Apply(at + 1, value);
    out_.values.push_back(&value);
    return true;
  }

  // For the member of an object. Jayway remembers the element that a scan last came to the step
  // with, and the last step then takes members only after the very index of that element.
  bool ReachedMember(std::size_t at, const json::value& value) {
    if (IsLeaf(at) && !scanned_.empty() && scanned_[at] >= 0) {
      const Step& before = path_.steps[at - 1];
      if (before.kind != Kind::kIndex || before.index != scanned_[at]) return true;
    }
    return Reached(at, value);
  }

  bool ApplyNames(std::size_t at, const json::value& model) {
    const json::object* object = model.if_object();
    if (object == nullptr) return UpstreamDefinite(at) ? Fail(NotAnObject(path_, at, model)) : true;
    const Step& step = path_.steps[at];
    if (step.kind == Kind::kName) return ApplyName(at, *object, step.name);
    if (IsLeaf(at)) return Merge(at, *object);
    return std::all_of(step.names.begin(), step.names.end(),
                       [&](const std::string& name) { return ApplyName(at, *object, name); });
  }

  bool ApplyName(std::size_t at, const json::object& object, const std::string& name) {
    if (const json::value* value = object.if_contains(name)) return ReachedMember(at, *value);
    if (options_.require_names) return Fail(Missing(path_, at));
    if (IsLeaf(at) || !UpstreamDefinite(at) || path_.steps[at].kind == Kind::kNames) return true;
    return Fail(Missing(path_, at));
  }

  // ['a','b'] at the end of a path: one object of those that are there.
  bool Merge(std::size_t at, const json::object& object) {
    json::object merged;
    for (const std::string& name : path_.steps[at].names) {
      const json::value* value = object.if_contains(name);
      if (value == nullptr && options_.require_names) return Fail(Missing(path_, at));
      if (value == nullptr) continue;
      if (!allowance_.Take(*value)) return Fail(allowance_.error());
      merged.insert_or_assign(name, *value);
    }
    out_.made.emplace_back(std::move(merged));
    out_.values.push_back(&out_.made.back());
    return true;
  }

  const json::array* ArrayOf(std::size_t at, const json::value& model, bool& go_on) {
    const json::array* array = model.if_array();
    go_on = array != nullptr || !UpstreamDefinite(at) || Fail(NotAnArray(path_, at, model));
    return array;
  }

  bool ApplyIndexes(std::size_t at, const json::value& model) {
    bool go_on = true;
    const json::array* array = ArrayOf(at, model, go_on);
    if (array == nullptr) return go_on;
    const Step& step = path_.steps[at];
    if (step.kind == Kind::kIndex) return ApplyIndex(at, *array, step.index);
    return std::all_of(step.indexes.begin(), step.indexes.end(),
                       [&](int index) { return ApplyIndex(at, *array, index); });
  }

  bool ApplyIndex(std::size_t at, const json::array& array, int index) {
    if (const json::value* element = ElementAt(array, index)) return Reached(at, *element);
    const bool null =
        options_.lenient && path_.steps[at].kind == Kind::kIndex && UpstreamDefinite(at);
    return null ? Reached(at, NullPastTheEnd()) : true;
  }

  bool ApplySlice(std::size_t at, const json::value& model) {
    bool go_on = true;
    const json::array* array = ArrayOf(at, model, go_on);
    if (array == nullptr) return go_on;
    const Step& step = path_.steps[at];
    const int size = static_cast<int>(array->size());
    int from = step.from.value_or(0);
    int to = std::min(step.to.value_or(size), size);
    // Only an open end makes a negative bound count from the end.
    if (!step.to && from < 0) from = std::max(0, size + from);
    if (!step.from && to < 0) to = size + to;
    from = std::max(from, -size);
    for (int i = from; i < to; i++) {
      if (!ApplyIndex(at, *array, i)) return false;
    }
    return true;
  }

  bool ApplyWildcard(std::size_t at, const json::value& model) {
    if (const json::object* object = model.if_object()) {
      for (const auto& member : *object) {
        if (!ReachedMember(at, member.value())) return false;
      }
      return true;
    }
    const json::array* array = model.if_array();
    if (array == nullptr) return true;
    for (const json::value& element : *array) {
      if (Reached(at, element)) continue;
      // An element that does not fit is passed over, unlike a member of an object.
      if (error_.kind != EvalError::Kind::kNoResults || options_.require_names) return false;
    }
    return true;
  }

  bool ApplyFilter(std::size_t at, const json::value& model) {
    const FilterNode& filter = *path_.steps[at].filter;
    if (model.is_object()) return ReachedIfAccepted(at, filter, model);
    const json::array* array = model.if_array();
    if (array == nullptr) {
      if (!UpstreamDefinite(at)) return true;
      return Fail({EvalError::Kind::kInvalid,
                   "Filter: [?] can not be applied to primitives. The path " + path_.Spell(at) +
                       " leads to a value of type '" + KindName(model) + "'"});
    }
    return std::all_of(array->begin(), array->end(), [&](const json::value& element) {
      return ReachedIfAccepted(at, filter, element);
    });
  }

  bool ReachedIfAccepted(std::size_t at, const FilterNode& filter, const json::value& value) {
    const auto accepted =
        Accepts(filter, value, document_, options_.follower, out_.visits, error_);
    return accepted && (!*accepted || Reached(at, value));
  }

  bool ApplyFunction(std::size_t at, const json::value& model) {
    json::value result;
    if (!Call(*path_.steps[at].function, model, document_, options_.follower, out_.visits, result,
              error_)) {
      return false;
    }
    out_.made.push_back(std::move(result));
    out_.values.push_back(&out_.made.back());
    return IsLeaf(at) || Apply(at + 1, out_.made.back());
  }

  // Whether the step after ".." concerns this value; nothing once the evaluation has failed.
  std::optional<bool> Concerns(std::size_t target, const json::value& model) {
    const Step& step = path_.steps[target];
    switch (step.kind) {
      case Kind::kName:
        return model.is_object() && model.get_object().contains(step.name);
      case Kind::kNames:
        return model.is_object() &&
               (!IsLeaf(target) ||
                std::all_of(step.names.begin(), step.names.end(), [&](const std::string& name) {
                  return model.get_object().contains(name);
                }));
      case Kind::kIndex:
      case Kind::kIndexes:
      case Kind::kSlice:
        return model.is_array();
      case Kind::kWildcard:
        return true;
      case Kind::kFilter:
        return Accepts(*step.filter, model, document_, options_.follower, out_.visits, error_);
      case Kind::kScan:
      case Kind::kFunction:
        return false;
    }
    return false;
  }

  bool Scan(std::size_t target, const json::value& from) {
    const json::value* const followed = Opened(from);
    if (followed == nullptr) return false;
    const json::value& model = *followed;
    if (const json::object* object = model.if_object()) {
      const auto concerns = Concerns(target, model);
      if (!concerns || (*concerns && !Apply(target, model))) return false;
      for (const auto& member : *object) {
        if (!Scan(target, member.value())) return false;
      }
    } else if (const json::array* array = model.if_array()) {
      if (!ScanArray(target, model, *array)) return false;
    }
    return true;
  }

  bool ScanArray(std::size_t target, const json::value& model, const json::array& array) {
    const auto concerns = Concerns(target, model);
    if (!concerns) return false;
    if (*concerns) {
      if (IsLeaf(target)) {
        if (!Apply(target, model)) return false;
      } else {
        // Jayway goes on with the step after the target for every element.
        scanned_.resize(path_.steps.size(), -1);
        for (std::size_t i = 0; i < array.size(); i++) {
          scanned_[target + 1] = static_cast<int>(i);
          if (!Apply(target + 1, array[i])) return false;
        }
      }
    }
    return std::all_of(array.begin(), array.end(),
                       [&](const json::value& element) { return Scan(target, element); });
  }

  const PathNode& path_;
  const json::value& document_;
  const SelectOptions& options_;
  Selection& out_;
  EvalError& error_;
  Allowance allowance_;
  std::size_t definite_steps_ = 0;
  std::vector<int> scanned_;  // by step, -1: none; empty until a scan goes on behind an array
};

}  // namespace

bool Select(const PathNode& path, const json::value& start, const json::value& document,
            const SelectOptions& options, Selection& out, EvalError& error) {
  if (path.steps.empty()) {
    out.values.push_back(&start);
    return true;
  }
  if (path.plain && !options.require_names) {
    out.visits += path.steps.size();
    const json::value* value = FindPlain(path, start, options, &error);
    if (value == nullptr) return false;
    out.values.push_back(value);
    return true;
  }
  if (!Selector(path, document, options, out, error).Apply(0, start)) return false;
  if (out.visits > kVisitsMax) {  // a filter gave up
    error = TooManyVisits();
    return false;
  }
  if (path.definite && out.values.empty()) {
    error = {EvalError::Kind::kNoResults, "No results for path: " + path.Spell()};
    return false;
  }
  return true;
}

}  // namespace towline::jsonpath
