#include "statemachines/jsonpath/pattern.h"

#include <algorithm>

#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

using Op = Pattern::Instruction::Op;

bool IsWord(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool Pattern::Set::Has(char32_t c) const {
  const bool in = std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
    return range.first <= c && c <= range.second;
  });
  return in != negated;
}

// Between two characters of the text; 0 stands for its ends.
struct Pattern::Position {
  char32_t before = 0;
  char32_t after = 0;
  bool begin = false;
  bool end = false;
};

// The set of instructions that are being tried, in order of arrival, without repetition.
class Pattern::Threads {
 public:
  explicit Threads(std::size_t size) : member_(size, false) {}
  bool Add(std::size_t at) {
    if (member_[at]) return false;
    member_[at] = true;
    list_.push_back(at);
    return true;
  }
  void Clear() {
    for (const std::size_t at : list_) member_[at] = false;
    list_.clear();
  }
  const std::vector<std::size_t>& list() const { return list_; }

 private:
  std::vector<bool> member_;
  std::vector<std::size_t> list_;
};

void Pattern::Follow(std::size_t start, const Position& position, Threads& threads) const {
  std::vector<std::size_t> open{start};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (!threads.Add(at)) continue;
    const Instruction& instruction = program_[at];
    const bool boundary = IsWord(position.before) != IsWord(position.after);
    switch (instruction.op) {
      case Op::kSet:
      case Op::kMatch:
        break;
      case Op::kJump:
        open.push_back(instruction.a);
        break;
      case Op::kSplit:
        open.push_back(instruction.b);
        open.push_back(instruction.a);
        break;
      case Op::kBegin:
        if (position.begin || (multi_line_ && position.before == '\n' && !position.end)) {
          open.push_back(at + 1);
        }
        break;
      case Op::kEnd:
        if (position.end || (multi_line_ && position.after == '\n')) open.push_back(at + 1);
        break;
      case Op::kBoundary:
        if (boundary) open.push_back(at + 1);
        break;
      case Op::kNotBoundary:
        if (!boundary) open.push_back(at + 1);
        break;
    }
  }
}

bool Pattern::Matches(std::string_view text) const {
  const auto accepts = [this](const Set& set, char32_t c) {
    if (set.Has(c)) return true;
    // Java folds ASCII letters only, unless told otherwise.
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return ignore_case_ && letter && set.Has(c ^ 0x20U);
  };
  Threads now(program_.size());
  Threads next(program_.size());
  Position position{.begin = true, .end = text.empty()};
  std::size_t ahead = 0;
  position.after = text.empty() ? 0 : TakeCodePoint(text, ahead);
  Follow(0, position, now);
  while (!position.end && !now.list().empty()) {
    const char32_t c = position.after;
    position = {.before = c, .end = ahead >= text.size()};
    position.after = position.end ? 0 : TakeCodePoint(text, ahead);
    next.Clear();
    for (const std::size_t at : now.list()) {
      if (program_[at].op == Op::kSet && accepts(sets_[program_[at].a], c)) {
        Follow(at + 1, position, next);
      }
    }
    std::swap(now, next);
  }
  return position.end && std::any_of(now.list().begin(), now.list().end(), [this](std::size_t at) {
           return program_[at].op == Op::kMatch;
         });
}

}  // namespace towline::jsonpath
