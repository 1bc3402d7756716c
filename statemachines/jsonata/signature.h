#pragma once

// Signatures of functions, <s-n?:s>: which arguments they take, and what becomes of those that are
// missing or scalar. Private to this room.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/problem.h"
#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

struct Arguments {
  const Value* data = nullptr;
  std::size_t size = 0;

  Value operator[](std::size_t index) const { return index < size ? data[index] : Value(); }
};

// What is wrong with the arguments of a call.
struct ArgumentFault {
  const char* code = nullptr;   // T0410, T0411 or T0412; null: nothing
  std::size_t index = 0;        // of the argument, from 1
  std::string_view elements{};  // T0412: what the array must hold
};

class Signature {
 public:
  // `text` starts with "<"; what follows the colon is not looked at. S0401, S0402; the problem's
  // position is the byte in `text`.
  static OrProblem<Signature> Parse(std::string_view text);

  // Makes of `given` what the function shall receive: the context where a parameter marked "-" is
  // missing, an array where one is wanted and a scalar came. The list lives in `stack`, new arrays
  // in `arena`.
  ArgumentFault Validate(Arena& stack, Arena& arena, Arguments given, Value context,
                         Arguments& validated) const;

 private:
  using Types = std::uint16_t;  // a set of types
  struct Parameter {
    Types types = 0;
    char type = 0;  // as written; '(' for a choice
    bool has_subtype = false;
    char subtype = 0;             // what elements must be; no value is of a type without a name
    bool takes_elements = false;  // an element alone may come instead of the array
    bool optional = false;
    bool repeated = false;
    bool context = false;
  };
  static Types TypeOf(Value value);
  static Types TypeNamed(char letter);

  bool IsExact(Arguments given) const;
  std::optional<std::size_t> Consume(Arena& stack, Arguments given, std::size_t parameters,
                                     bool whole, std::uint32_t* counts) const;
  ArgumentFault Mismatch(Arena& stack, Arguments given) const;
  static bool Fits(const Parameter& parameter, Value argument);
  static bool HoldsOnly(const Parameter& parameter, Value array);

  std::vector<Parameter> parameters_;
};

}  // namespace towline::jsonata
