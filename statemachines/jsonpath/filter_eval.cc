#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <charconv>
#include <cmath>

#include "statemachines/base/text.h"
#include "statemachines/jsonpath/filter.h"
#include "statemachines/jsonpath/filter_node.h"

namespace towline::jsonpath {
namespace {

constexpr std::size_t kPatternStepsPerVisit = 64;

// An operand once its path, if it is one, has been applied.
struct Datum {
  enum class Kind { kUndefined, kNull, kBool, kNumber, kString, kJson, kPattern };
  Kind kind = Kind::kUndefined;
  bool boolean = false;
  double number = 0;
  std::string text{};                  // the string, or the number as BigDecimal prints it
  const json::value* value = nullptr;  // kJson; and numbers of the document, exact
  bool literal = false;                // written in the filter
  const Pattern* pattern = nullptr;
};
using Kind = Datum::Kind;

std::string NumberText(const json::value& value) {
  std::string text = PrintJson(value);
  // Java prints a double with a fraction, even if it is zero.
  if (value.is_double() && text.find_first_of(".e") == std::string::npos) text += ".0";
  return DecimalText(text).value_or(text);
}

Datum FromValue(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return {.kind = Kind::kNull};
    case json::kind::bool_:
      return {.kind = Kind::kBool, .boolean = value.get_bool()};
    case json::kind::string:
      return {.kind = Kind::kString, .text = std::string(value.get_string())};
    case json::kind::array:
    case json::kind::object:
      return {.kind = Kind::kJson, .value = &value};
    default:
      return {.kind = Kind::kNumber,
              .number = value.to_number<double>(),
              .text = NumberText(value),
              .value = &value};
  }
}

Datum FromLiteral(const Operand& operand) {
  Datum datum{.boolean = operand.boolean,
              .number = operand.number,
              .text = operand.text,
              .literal = true,
              .pattern = operand.pattern.get()};
  switch (operand.kind) {
    case Operand::Kind::kPath:
      break;
    case Operand::Kind::kNull:
      datum.kind = Kind::kNull;
      break;
    case Operand::Kind::kBool:
      datum.kind = Kind::kBool;
      break;
    case Operand::Kind::kNumber:
      datum.kind = Kind::kNumber;
      break;
    case Operand::Kind::kString:
      datum.kind = Kind::kString;
      break;
    case Operand::Kind::kPattern:
      datum.kind = Kind::kPattern;
      break;
    case Operand::Kind::kJson:
      datum.kind = Kind::kJson;
      datum.value = &operand.json;
      break;
  }
  return datum;
}

int Order(const Datum& a, const Datum& b) {
  if (a.value != nullptr && b.value != nullptr && a.value->is_int64() && b.value->is_int64()) {
    return a.value->get_int64() < b.value->get_int64()   ? -1
           : a.value->get_int64() > b.value->get_int64() ? 1
                                                         : 0;
  }
  return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
}

// Not symmetric: the left side decides whether to compare as text or as numbers.
bool Equal(const Datum& left, const Datum& right) {
  switch (left.kind) {
    case Kind::kString:
      return (right.kind == Kind::kString || right.kind == Kind::kNumber) &&
             left.text == right.text;
    case Kind::kNumber: {
      if (right.kind == Kind::kNumber) return Order(left, right) == 0;
      if (right.kind != Kind::kString || !DecimalText(right.text)) return false;
      std::string_view text = right.text;
      if (text.front() == '+') text.remove_prefix(1);
      double number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return left.number == number;
    }
    case Kind::kBool:
      return right.kind == Kind::kBool && left.boolean == right.boolean;
    case Kind::kNull:
      return right.kind == Kind::kNull;
    case Kind::kJson:
      // Jayway compares the text of a literal on the left with a parsed value: never equal.
      return right.kind == Kind::kJson && !left.literal && *left.value == *right.value;
    case Kind::kUndefined:
    case Kind::kPattern:
      return false;
  }
  return false;
}

// Negative, zero or positive as left < right and so on; nothing where they cannot be ordered.
std::optional<int> Ordered(const Datum& left, const Datum& right) {
  if (left.kind != right.kind) return std::nullopt;
  if (left.kind == Kind::kNumber) return Order(left, right);
  if (left.kind != Kind::kString) return std::nullopt;
  return left.text.compare(right.text);
}

bool ListContains(const json::array& list, const Datum& datum) {
  return std::any_of(list.begin(), list.end(),
                     [&](const json::value& element) { return Equal(datum, FromValue(element)); });
}

const json::array* ListOf(const Datum& datum) {
  return datum.kind == Kind::kJson ? datum.value->if_array() : nullptr;
}

std::size_t Utf16Length(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) length += byte >= 0xF0 ? 2 : 1;
  }
  return length;
}

// One filter applied to one value. "Nothing" stands for Jayway's InvalidPathException, which makes
// the whole filter false, whatever the operators around it.
class Evaluation {
 public:
  Evaluation(const json::value& item, const json::value& document, Follower* follower,
             std::size_t& visits)
      : item_(item), document_(document), follower_(follower), visits_(visits) {}

  // Set once something failed that fails the path around the filter, too.
  const std::optional<EvalError>& broken() const { return broken_; }

  std::optional<bool> Test(const FilterNode& node) {
    if (++visits_ > kVisitsMax) return std::nullopt;
    switch (node.kind) {
      case FilterNode::Kind::kNot: {
        const auto inner = Test(node.parts.front());
        return inner ? std::optional<bool>(!*inner) : std::nullopt;
      }
      case FilterNode::Kind::kOr:
      case FilterNode::Kind::kAnd:
        return TestAll(node, node.kind == FilterNode::Kind::kOr);
      case FilterNode::Kind::kExistence: {
        const auto exists = Exists(node.left);
        return exists ? std::optional<bool>(*exists == node.left.must_exist) : std::nullopt;
      }
      case FilterNode::Kind::kComparison: {
        Selection left_values;
        Selection right_values;
        const auto left = ValueOf(node.left, left_values);
        const auto right = left ? ValueOf(node.right, right_values) : std::nullopt;
        return right ? Compare(*left, node.comparison, *right) : std::nullopt;
      }
    }
    return std::nullopt;
  }

 private:
  // The first part that gives `decisive` decides.
  std::optional<bool> TestAll(const FilterNode& node, bool decisive) {
    for (const FilterNode& part : node.parts) {
      const auto result = Test(part);
      if (!result || *result == decisive) return result;
    }
    return !decisive;
  }

  // Jayway applies even a "$" path to the item here.
  std::optional<bool> Exists(const Operand& operand) {
    Selection selection{.visits = visits_};
    EvalError error;
    const bool found =
        Select(*operand.path, item_, document_, {.require_names = true, .follower = follower_},
               selection, error);
    visits_ = selection.visits;
    if (!found && !LeadsNowhere(error)) return std::nullopt;
    return found;
  }

  bool LeadsNowhere(const EvalError& error) {
    if (error.IsBroken()) broken_ = error;
    return error.kind == EvalError::Kind::kNoResults;
  }

  std::nullopt_t Break(std::string why) {
    broken_ = EvalError{EvalError::Kind::kBroken, std::move(why)};
    return std::nullopt;
  }

  std::optional<Datum> Seen(const json::value& value) {  // what a reference stands for
    const json::value* const content = Followed(follower_, value);
    if (content == nullptr) broken_ = follower_->broken();
    return content == nullptr ? std::nullopt : std::optional<Datum>(FromValue(*content));
  }

  std::optional<Datum> ValueOf(const Operand& operand, Selection& selection) {
    if (operand.kind != Operand::Kind::kPath) return FromLiteral(operand);
    const json::value& start = operand.path->root == PathNode::Root::kItem ? item_ : document_;
    selection.visits = visits_;
    EvalError error;
    const bool found = Select(*operand.path, start, document_, {.follower = follower_},
                              selection, error);
    visits_ = selection.visits;
    if (!found) return LeadsNowhere(error) ? std::optional<Datum>(Datum{}) : std::nullopt;
    if (operand.path->definite) return Seen(*selection.values.back());
    json::array all;
    for (const json::value* value : selection.values) all.push_back(*value);
    selection.made.emplace_back(std::move(all));
    return FromValue(selection.made.back());
  }

  std::optional<bool> Matches(const Pattern& pattern, const Datum& datum) {
    if (ListOf(datum) != nullptr) {
      const auto list = OperatorList(datum);
      if (!list) return std::nullopt;
      return std::any_of((*list)->begin(), (*list)->end(), [&](const json::value& element) {
        return Matches(pattern, FromValue(element)).value_or(false);
      });
    }
    const std::string_view text = datum.kind != Kind::kBool ? std::string_view(datum.text)
                                  : datum.boolean           ? "true"
                                                            : "false";
    visits_ += pattern.Cost(text.size()) / kPatternStepsPerVisit;
    return visits_ <= kVisitsMax && pattern.Matches(text);
  }

  std::optional<bool> Compare(const Datum& left, Comparison comparison, const Datum& right) {
    const auto order = [&](auto test) {
      const auto result = Ordered(left, right);
      return result && test(*result);
    };
    switch (comparison) {
      case Comparison::kEqual:
        return Equal(left, right);
      case Comparison::kNotEqual:
        return !Equal(left, right);
      case Comparison::kSameTypeEqual:
        return left.kind == right.kind && Equal(left, right);
      case Comparison::kSameTypeNotEqual:
        return left.kind != right.kind || !Equal(left, right);
      case Comparison::kLess:
        return order([](int o) { return o < 0; });
      case Comparison::kLessEqual:
        return order([](int o) { return o <= 0; });
      case Comparison::kGreater:
        return order([](int o) { return o > 0; });
      case Comparison::kGreaterEqual:
        return order([](int o) { return o >= 0; });
      case Comparison::kMatches:
        if ((left.pattern == nullptr) == (right.pattern == nullptr)) return false;
        return left.pattern != nullptr ? Matches(*left.pattern, right)
                                       : Matches(*right.pattern, left);
      default:
        return CompareAsList(left, comparison, right);
    }
  }

  // The list that an operator needs; null for other JSON, nothing for what is not even that.
  std::optional<const json::array*> OperatorList(const Datum& datum) {
    if (datum.kind != Kind::kJson) return std::nullopt;
    const json::array* list = datum.value->if_array();
    const auto structured = [](const json::value& element) { return element.is_structured(); };
    if (list != nullptr && std::any_of(list->begin(), list->end(), structured)) {
      return Break("an operator needs lists of plain values, not of arrays or objects");
    }
    return list;
  }

  std::optional<bool> CompareAsList(const Datum& left, Comparison comparison, const Datum& right) {
    switch (comparison) {
      case Comparison::kExists:
        if (left.kind != Kind::kBool && right.kind != Kind::kBool) {
          return Break("'exists' compares with true or false only");
        }
        if (left.kind != Kind::kBool || right.kind != Kind::kBool) return std::nullopt;
        return left.boolean == right.boolean;
      case Comparison::kIn:
      case Comparison::kNotIn: {
        const auto list = OperatorList(right);
        if (!list) return std::nullopt;
        const bool in = *list != nullptr && ListContains(**list, left);
        return in == (comparison == Comparison::kIn);
      }
      case Comparison::kContains: {
        if (left.kind == Kind::kString && right.kind == Kind::kString) {
          return FindText(left.text, right.text) != std::string::npos;
        }
        if (left.kind != Kind::kJson) return false;
        const auto list = OperatorList(left);
        if (!list) return std::nullopt;
        return *list != nullptr && ListContains(**list, right);
      }
      case Comparison::kSize:
        return HasSize(left, right);
      case Comparison::kEmpty:
        return IsEmpty(left, right);
      case Comparison::kAll:
        return std::nullopt;  // Jayway takes the list on the right for one value, and gives up
      default:
        return CompareLists(left, comparison, right);
    }
  }

  std::optional<bool> CompareLists(const Datum& left, Comparison comparison, const Datum& right) {
    const auto right_list = OperatorList(right);
    if (!right_list) return std::nullopt;
    if (*right_list == nullptr) return false;
    const auto left_list = OperatorList(left);
    if (!left_list) return std::nullopt;
    if (*left_list == nullptr) return false;
    const json::array& list = **left_list;
    const auto in_right = [&](const json::value& value) {
      return ListContains(**right_list, FromValue(value));
    };
    switch (comparison) {
      case Comparison::kSubsetOf:
        return std::all_of(list.begin(), list.end(), in_right);
      case Comparison::kAnyOf:
        return std::any_of(list.begin(), list.end(), in_right);
      case Comparison::kNoneOf:
        return std::none_of(list.begin(), list.end(), in_right);
      default:
        return std::nullopt;
    }
  }

  static bool HasSize(const Datum& left, const Datum& right) {
    if (right.kind != Kind::kNumber) return false;
    double size = -1;  // of an object, too
    if (left.kind == Kind::kString) {
      size = static_cast<double>(Utf16Length(left.text));
    } else if (left.kind != Kind::kJson) {
      return false;
    } else if (const json::array* list = ListOf(left)) {
      size = static_cast<double>(list->size());
    }
    return size == std::trunc(right.number);
  }

  std::optional<bool> IsEmpty(const Datum& left, const Datum& right) {
    if (left.kind != Kind::kString && left.kind != Kind::kJson) return false;
    if (left.kind == Kind::kJson && left.value->is_object()) {
      return Break("'empty' knows arrays and strings, no objects");
    }
    if (right.kind != Kind::kBool) return std::nullopt;
    const bool empty =
        left.kind == Kind::kString ? left.text.empty() : left.value->get_array().empty();
    return empty == right.boolean;
  }

  const json::value& item_;
  const json::value& document_;
  Follower* const follower_;
  std::size_t& visits_;
  std::optional<EvalError> broken_;
};

}  // namespace

std::optional<bool> Accepts(const FilterNode& filter, const json::value& item,
                            const json::value& document, Follower* follower, std::size_t& visits,
                            EvalError& error) {
  Evaluation evaluation(item, document, follower, visits);
  const bool accepted = evaluation.Test(filter).value_or(false);
  if (!evaluation.broken()) return accepted;
  error = *evaluation.broken();
  return std::nullopt;
}

}  // namespace towline::jsonpath
