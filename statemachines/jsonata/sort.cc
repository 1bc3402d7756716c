#include "statemachines/jsonata/sort.h"

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/sequence.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

bool CanBeOrdered(Value value) { return value.is_string() || value.is_number(); }

// -1, 0 or 1; both are of one type that can be ordered.
int OrderOf(Value a, Value b) {
  if (a.is_string()) {
    const int order = CompareUtf16(a.text(), b.text());
    return (order > 0) - (order < 0);
  }
  if (a.number() == b.number()) return 0;
  return a.number() < b.number() ? -1 : 1;
}

}  // namespace

// One order-by at work. Each term is evaluated once per element, when it is first compared.
class Evaluator::OrderBy {
 public:
  OrderBy(Evaluator& evaluator, const Node& sort, const Elements& elements, bool rows, Frame* frame)
      : evaluator_(evaluator),
        sort_(sort),
        elements_(elements),
        rows_(rows),
        frame_(frame),
        keys_(std::size_t{elements.size()} * sort.terms.size(), Value::TailCall()) {}

  bool operator()(std::uint32_t a, std::uint32_t b) const {
    for (std::size_t term = 0; term < sort_.terms.size() && !failed_; term++) {
      const int order = Compare(term, a, b);
      if (order != 0) return order == 1;
    }
    return false;
  }
  bool failed() const { return failed_; }

 private:
  // Elements without the term come last, whatever the direction.
  int Compare(std::size_t term, std::uint32_t a, std::uint32_t b) const {
    const Value left = Key(term, a);
    const Value right = failed_ ? left : Key(term, b);
    if (failed_) return 0;
    if (left.is_undefined()) return right.is_undefined() ? 0 : 1;
    if (right.is_undefined()) return -1;
    if (!CanBeOrdered(left) || !CanBeOrdered(right)) {
      evaluator_.Fail("T2008", CanBeOrdered(left) ? right : left);
    } else if (left.kind() != right.kind()) {
      evaluator_.Fail("T2007", left, right);
    } else {
      const int order = OrderOf(left, right);
      return sort_.terms[term].descending ? -order : order;
    }
    evaluator_.LocateAt(sort_.position);
    failed_ = true;
    return 0;
  }

  Value Key(std::size_t term, std::uint32_t index) const {
    Value& key = keys_[index * sort_.terms.size() + term];
    if (key.kind() != Kind::kTailCall) return key;
    const Value element = elements_[index];
    const Node& node = *sort_.terms[term].expression;
    if (rows_) {
      const Tuple& row = *element.tuple();
      key = evaluator_.Evaluate(node, row.at, evaluator_.FrameOf(row, frame_));
    } else {
      key = evaluator_.Evaluate(node, element, frame_);
    }
    failed_ = key.is_failed();
    return key;
  }

  Evaluator& evaluator_;
  const Node& sort_;
  const Elements& elements_;
  const bool rows_;
  Frame* const frame_;
  mutable std::vector<Value> keys_;
  mutable bool failed_ = false;
};

Value Evaluator::Sort(const Node& sort, Value items, Frame* frame) {
  if (!items.is_array()) return items;
  const Elements elements(items);
  if (elements.size() < 2) return items;
  if (!Step(elements.size())) return Value::Failed();
  const bool rows = items.kind() == Kind::kArray && items.array()->tuple_stream;
  const OrderBy is_after(*this, sort, elements, rows, frame);
  const std::vector<std::uint32_t> order = SortedOrder(elements.size(), is_after);
  if (is_after.failed()) return Value::Failed();
  Array* const sorted = NewArray(arena_);
  if (!Reserve(arena_, *sorted, elements.size())) return FailExhausted();
  for (const std::uint32_t index : order) Push(arena_, *sorted, elements[index]);
  return Value::Of(sorted);
}

}  // namespace towline::jsonata
