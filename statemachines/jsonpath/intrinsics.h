#pragma once

// The 18 intrinsic functions of Amazon States Language. Private to this room.

#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {

struct ExpressionNode;

// One call with its arguments evaluated; their number and types fit the function's signature.
struct Invocation {
  const ExpressionNode& call;
  const std::vector<const json::value*>& arguments;
  Allowance& allowance;
  std::uint64_t* seed = nullptr;
  EvalError::Kind failure = EvalError::Kind::kIntrinsic;  // set before a false return
  std::string problem{};                                  // likewise; one sentence

  const json::value& operator[](std::size_t i) const { return *arguments[i]; }
  bool Fail(std::string why);
  bool TooLarge(std::string why);
  // The next number of the seed's sequence.
  std::uint64_t Random();
};

struct Intrinsic {
  std::string_view name;  // without "States."
  // One letter an argument: s string, n number, a array, o object, b boolean, v anything; after
  // '?' come arguments that may be left out; a final '*' stands for any number of anything.
  std::string_view signature;
  bool (*run)(Invocation& call, json::value& result);
  // It only puts its arguments somewhere: those that are references stay it.
  bool keeps_references = false;
};

const Intrinsic* FindIntrinsic(std::string_view name);

// Whether a call may have `count` arguments.
bool TakesArguments(const Intrinsic& function, std::size_t count);
// Whether `value` may be argument number `index`; else `wanted` says what should stand there.
bool FitsArgument(const Intrinsic& function, std::size_t index, const json::value& value,
                  std::string_view& wanted);

// The functions themselves, by what they work on.
bool Format(Invocation& call, json::value& result);
bool StringToJson(Invocation& call, json::value& result);
bool JsonToString(Invocation& call, json::value& result);
bool StringSplit(Invocation& call, json::value& result);
bool Base64Encode(Invocation& call, json::value& result);
bool Base64Decode(Invocation& call, json::value& result);
bool Hash(Invocation& call, json::value& result);
bool Uuid(Invocation& call, json::value& result);
bool MathRandom(Invocation& call, json::value& result);
bool MathAdd(Invocation& call, json::value& result);
bool Array(Invocation& call, json::value& result);
bool ArrayPartition(Invocation& call, json::value& result);
bool ArrayContains(Invocation& call, json::value& result);
bool ArrayRange(Invocation& call, json::value& result);
bool ArrayGetItem(Invocation& call, json::value& result);
bool ArrayLength(Invocation& call, json::value& result);
bool ArrayUnique(Invocation& call, json::value& result);
bool JsonMerge(Invocation& call, json::value& result);

// Rounds half up, toward positive infinity, as Java's Math.round does. False beyond 2^31 - 1.
bool RoundToInt(const json::value& number, std::int64_t& rounded);

}  // namespace towline::jsonpath
