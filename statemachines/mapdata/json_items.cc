#include "statemachines/mapdata/json_items.h"

#include <boost/json/string.hpp>

namespace towline::mapdata {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool StartsScalar(char c) {
  return c == '"' || c == '-' || c == 't' || c == 'f' || c == 'n' || (c >= '0' && c <= '9');
}

constexpr const char* kNotIterable = "Attempting to map over non-iterable node.";

}  // namespace

JsonItems::JsonItems(Options options) : ItemParser(std::move(options)) {
  const ParserPosition& from = options_.from;
  if (from.in == ParserPosition::In::kStart) return;
  GoTo(from);
  matched_ = options_.config.items_pointer.size();
  in_object_ = from.in == ParserPosition::In::kObject;
  state_ = State::kNext;
}

Result<std::optional<ParsedItem>> JsonItems::Next() {
  while (!done()) {
    Step step = Advance();
    if (step.error) return *step.error;
    if (step.item) return std::optional(std::move(*step.item));
    if (step.starved) break;
  }
  return std::optional<ParsedItem>();
}

JsonItems::Step JsonItems::Advance() {
  switch (state_) {
    case State::kInKey: return InKey();
    case State::kInItem: return InItem();
    case State::kInOther: return InOther();
    default: break;
  }
  std::size_t blanks = 0;
  while (blanks < rest().size() && IsBlank(rest()[blanks])) blanks++;
  Consume(blanks);
  if (rest().empty()) {
    if (!finished()) return {.starved = true};
    if (state_ != State::kTail) return {.error = Wrong("invalid JSON: the text ends too early")};
    End();
    return {};
  }
  const char c = rest().front();
  switch (state_) {
    case State::kValue: return Open(c);
    case State::kFirst: return First(c);
    case State::kElement: return Element();
    case State::kTail: return Unexpected(c, "the end of the document");
    case State::kKey:
      if (c != '"') return Unexpected(c, "a key in quotes");
      parser_.Begin(JsonStreamParser::Mode::kBuild);
      value_bytes_ = 0;
      state_ = State::kInKey;
      return {};
    case State::kColon:
      if (c != ':') return Unexpected(c, "a colon");
      Consume(1);
      state_ = State::kElement;
      return {};
    default: return Continue(c);
  }
}

JsonItems::Step JsonItems::Open(char c) {
  const bool container = c == '[' || c == '{';
  if (!container && !StartsScalar(c)) return Unexpected(c, "a value");
  if (AtTarget()) {
    // An object counts only where a pointer leads to it; as the whole document it does not.
    const bool iterable = c == '[' || (c == '{' && !options_.config.items_pointer.empty());
    if (!iterable) return {.error = ReaderFailed(kNotIterable)};
  } else if (!container) {
    return Missing();
  }
  Consume(1);
  in_object_ = c == '{';
  index_ = 0;
  state_ = State::kFirst;
  return {};
}

JsonItems::Step JsonItems::First(char c) {
  if (c == Close()) return CloseContainer();
  state_ = in_object_ ? State::kKey : State::kElement;
  return {};
}

// At the first byte of an element or of a member's value.
JsonItems::Step JsonItems::Element() {
  value_bytes_ = 0;
  if (AtTarget()) {
    parser_.Begin(JsonStreamParser::Mode::kBuild);
    state_ = State::kInItem;
    return {};
  }
  const std::string& token = options_.config.items_pointer[matched_];
  if (token == (in_object_ ? key_ : std::to_string(index_))) {
    matched_++;
    state_ = State::kValue;
    return {};
  }
  parser_.Begin(JsonStreamParser::Mode::kCheck);
  state_ = State::kInOther;
  return {};
}

JsonItems::Step JsonItems::Continue(char c) {
  if (c == Close()) return CloseContainer();
  if (c != ',') return Unexpected(c, std::string("a comma or ") + Close());
  Consume(1);
  index_++;
  state_ = in_object_ ? State::kKey : State::kElement;
  return {};
}

JsonItems::Step JsonItems::CloseContainer() {
  if (!AtTarget()) return Missing();
  Consume(1);
  if (!options_.config.items_pointer.empty()) {
    End();
    return {};
  }
  state_ = State::kTail;
  return {};
}

// Gives the parser what there is. `complete` says that its value is; the step is empty then.
JsonItems::Step JsonItems::Read(bool* complete) {
  *complete = false;
  if (rest().empty() && !finished()) return {.starved = true};
  const JsonStreamParser::Progress progress =
      rest().empty() ? parser_.Finish() : parser_.Feed(rest());
  Consume(progress.used);
  value_bytes_ += progress.used;
  switch (progress.outcome) {
    case JsonStreamParser::Outcome::kInvalid:
      return {.error = Wrong("invalid JSON: " + parser_.reason())};
    case JsonStreamParser::Outcome::kMore:
      return {.starved = !finished()};
    case JsonStreamParser::Outcome::kComplete: *complete = true;
  }
  return {};
}

JsonItems::Step JsonItems::InKey() {
  bool complete = false;
  Step step = Read(&complete);
  if (value_bytes_ > options_.item_bytes_max) return {.error = TooLarge()};
  if (!complete) return step;
  const json::value key = parser_.Take();
  key_.assign(key.get_string().data(), key.get_string().size());
  state_ = State::kColon;
  return {};
}

JsonItems::Step JsonItems::InItem() {
  bool complete = false;
  Step step = Read(&complete);
  if (value_bytes_ > options_.item_bytes_max) return {.error = TooLarge()};
  if (!complete) return step;
  step.item.emplace();
  if (in_object_) step.item->key = key_;
  step.item->value = Json(parser_.Take());
  state_ = State::kNext;
  Mark(in_object_ ? ParserPosition::In::kObject : ParserPosition::In::kArray);
  return step;
}

JsonItems::Step JsonItems::InOther() {
  bool complete = false;
  Step step = Read(&complete);
  if (complete) state_ = State::kNext;
  return step;
}

JsonItems::Step JsonItems::Unexpected(char c, std::string_view wanted) const {
  const bool plain = c > ' ' && c < 127;
  return {.error = Wrong("invalid JSON: expected " + std::string(wanted) + ", found " +
                         (plain ? std::string("'") + c + "'" : "another character"))};
}

JsonItems::Step JsonItems::Missing() const {
  std::string pointer;
  for (const std::string& token : options_.config.items_pointer) pointer += "/" + token;
  return {.error = ReaderFailed(std::string(kNotIterable) + " ItemsPointer " + pointer +
                                " names nothing in " + options_.source)};
}

}  // namespace towline::mapdata
