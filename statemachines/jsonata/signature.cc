#include "statemachines/jsonata/signature.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace towline::jsonata {
namespace {

constexpr std::string_view kLetters = "abflmnos";  // m: missing, l: null
constexpr std::uint16_t kMissing = 1U << 4U;
constexpr std::uint16_t kArrayType = 1U << 0U;
constexpr std::uint16_t kAnything = 0xFF;
constexpr std::uint16_t kFunctions = 1U << 2U;

struct ElementType {
  char letter;
  std::string_view name;
};
constexpr std::array<ElementType, 6> kElementTypes = {{{'a', "arrays"},
                                                       {'b', "booleans"},
                                                       {'f', "functions"},
                                                       {'n', "numbers"},
                                                       {'o', "objects"},
                                                       {'s', "strings"}}};

std::string_view NameOf(char subtype) {
  for (const ElementType& type : kElementTypes) {
    if (type.letter == subtype) return type.name;
  }
  return "a type that no value has";
}

// The position of the bracket that closes the one at `open`, or the end of the text.
std::size_t ClosingBracket(std::string_view text, std::size_t open, char closing) {
  int depth = 1;
  for (std::size_t at = open + 1; at < text.size(); at++) {
    if (text[at] == closing && --depth == 0) return at;
    if (text[at] == text[open]) depth++;
  }
  return text.size();
}

Problem Refusal(const char* code, std::size_t position) {
  const bool choice = std::strcmp(code, "S0402") == 0;
  return {.code = code,
          .message = choice ? "A choice of types in a signature cannot hold types with parameters"
                            : "Only arrays and functions can have a type parameter in a signature",
          .position = position};
}

}  // namespace

Signature::Types Signature::TypeNamed(char letter) {
  const std::size_t at = kLetters.find(letter);
  return at == std::string_view::npos ? Types{0} : static_cast<Types>(1U << at);
}

Signature::Types Signature::TypeOf(Value value) {
  switch (value.kind()) {
    case Kind::kNull:
      return TypeNamed('l');
    case Kind::kBool:
      return TypeNamed('b');
    case Kind::kNumber:
      return TypeNamed('n');
    case Kind::kString:
      return TypeNamed('s');
    case Kind::kArrayView:
    case Kind::kArray:
      return kArrayType;
    case Kind::kObjectView:
    case Kind::kObject:
      return TypeNamed('o');
    case Kind::kFunction:
      return kFunctions;
    default:
      return kMissing;
  }
}

OrProblem<Signature> Signature::Parse(std::string_view text) {
  Signature signature;
  std::vector<Parameter>& parameters = signature.parameters_;
  for (std::size_t at = 1; at < text.size() && text[at] != ':'; at++) {
    const char letter = text[at];
    Parameter* const last = parameters.empty() ? nullptr : &parameters.back();
    if (std::strchr("snblo", letter) != nullptr) {
      parameters.push_back(
          {.types = static_cast<Types>(TypeNamed(letter) | kMissing), .type = letter});
    } else if (letter == 'a' || letter == 'x') {
      parameters.push_back({.types = kAnything, .type = letter});
    } else if (letter == 'j') {
      parameters.push_back({.types = kAnything & ~kFunctions, .type = letter});
    } else if (letter == 'f') {
      parameters.push_back({.types = kFunctions, .type = letter});
    } else if (letter == '(') {
      const std::size_t end = ClosingBracket(text, at, ')');
      Parameter choice{.types = kMissing, .type = '('};
      for (const char type : text.substr(at + 1, end - at - 1)) {
        if (type == '<') return Refusal("S0402", at);
        choice.types |= TypeNamed(type);
      }
      parameters.push_back(choice);
      at = end;
    } else if (letter == '<') {
      if (last == nullptr || (last->type != 'a' && last->type != 'f')) return Refusal("S0401", at);
      const std::size_t end = ClosingBracket(text, at, '>');
      last->has_subtype = true;
      last->subtype = end > at + 1 ? text[at + 1] : '\0';
      last->takes_elements = end == at + 2;
      at = end;
    } else if (last != nullptr) {
      last->optional |= letter == '-' || letter == '?';
      last->context |= letter == '-';
      last->repeated |= letter == '+';
    }
  }
  return signature;
}

// The common call: one argument of the right type for each parameter.
bool Signature::IsExact(Arguments given) const {
  if (given.size != parameters_.size()) return false;
  for (std::size_t i = 0; i < given.size; i++) {
    if (parameters_[i].repeated || (parameters_[i].types & TypeOf(given.data[i])) == 0)
      return false;
  }
  return true;
}

// Distributes the arguments over the first `parameters`, as a regular expression over their types
// would: each takes as much as it can while the others still get what they need. `whole`: no
// argument may be left over. Says how many arguments were taken and by whom.
std::optional<std::size_t> Signature::Consume(Arena& stack, Arguments given, std::size_t parameters,
                                              bool whole, std::uint32_t* counts) const {
  const std::size_t width = given.size + 1;
  bool* const fits = stack.NewArray<bool>((parameters + 1) * width);
  const auto can = [&](std::size_t parameter, std::size_t at) -> bool& {
    return fits[parameter * width + at];
  };
  for (std::size_t at = 0; at < width; at++) can(parameters, at) = !whole || at == given.size;
  for (std::size_t p = parameters; p-- > 0;) {
    for (std::size_t at = width; at-- > 0;) {
      const Parameter& parameter = parameters_[p];
      const bool takes = at < given.size && (parameter.types & TypeOf(given.data[at])) != 0;
      can(p, at) = (takes && (can(p + 1, at + 1) || (parameter.repeated && can(p, at + 1)))) ||
                   (parameter.optional && can(p + 1, at));
    }
  }
  if (!can(0, 0)) return std::nullopt;
  std::size_t at = 0;
  for (std::size_t p = 0; p < parameters; p++) {
    const std::size_t start = at;
    const Parameter& parameter = parameters_[p];
    const auto takes = [&] {
      return at < given.size && (parameter.types & TypeOf(given.data[at])) != 0;
    };
    if (takes() && (can(p + 1, at + 1) || (parameter.repeated && can(p, at + 1)))) at++;
    while (parameter.repeated && at > start && takes() && (can(p + 1, at + 1) || can(p, at + 1))) {
      at++;
    }
    counts[p] = static_cast<std::uint32_t>(at - start);
  }
  return at;
}

ArgumentFault Signature::Mismatch(Arena& stack, Arguments given) const {
  std::uint32_t* const counts = stack.NewArray<std::uint32_t>(parameters_.size() + 1);
  std::size_t good = 0;
  for (std::size_t count = 1; count <= parameters_.size(); count++) {
    const std::optional<std::size_t> taken = Consume(stack, given, count, false, counts);
    if (!taken) break;
    good = *taken;
  }
  return {.code = "T0410", .index = good + 1};
}

bool Signature::HoldsOnly(const Parameter& parameter, Value array) {
  const Elements elements(array);
  const Types wanted = TypeNamed(parameter.subtype);
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (TypeOf(elements[i]) != wanted) return false;
  }
  return true;
}

bool Signature::Fits(const Parameter& parameter, Value argument) {
  if (argument.is_array()) return HoldsOnly(parameter, argument);
  return parameter.takes_elements && TypeOf(argument) == TypeNamed(parameter.subtype);
}

ArgumentFault Signature::Validate(Arena& stack, Arena& arena, Arguments given, Value context,
                                  Arguments& validated) const {
  std::uint32_t* const counts = stack.NewArray<std::uint32_t>(parameters_.size() + 1);
  if (IsExact(given)) {
    std::fill(counts, counts + parameters_.size(), 1U);
  } else if (!Consume(stack, given, parameters_.size(), true, counts)) {
    return Mismatch(stack, given);
  }
  Value* const list = stack.NewArray<Value>(given.size + parameters_.size());
  std::size_t size = 0;
  std::size_t at = 0;
  for (std::size_t p = 0; p < parameters_.size(); p++) {
    const Parameter& parameter = parameters_[p];
    const Value first = given[at];
    if (counts[p] == 0 && parameter.context) {
      const Types usable = parameter.types;
      if ((usable & TypeOf(context)) == 0) return {.code = "T0411", .index = at + 1};
      list[size++] = context;
      continue;
    }
    if (counts[p] == 0) {
      list[size++] = first;
      at++;
    }
    for (std::uint32_t i = 0; i < counts[p]; i++, at++) {
      Value argument = parameter.type == 'a' ? given[at] : first;
      if (parameter.type == 'a' && !argument.is_undefined()) {
        if (parameter.has_subtype && !Fits(parameter, argument)) {
          return {.code = "T0412", .index = at + 1, .elements = NameOf(parameter.subtype)};
        }
        if (!argument.is_array()) {
          Array* const wrapped = NewArray(arena);
          Push(arena, *wrapped, argument);
          argument = Value::Of(wrapped);
        }
      }
      list[size++] = argument;
    }
  }
  validated = {list, size};
  return {};
}

}  // namespace towline::jsonata
