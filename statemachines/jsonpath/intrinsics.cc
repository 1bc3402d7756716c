#include "statemachines/jsonpath/intrinsics.h"

#include <array>
#include <cmath>

#include "statemachines/base/random.h"

namespace towline::jsonpath {
namespace {

constexpr std::array<Intrinsic, 18> kIntrinsics{{
    {"Format", "s*", Format},
    {"StringToJson", "s", StringToJson},
    {"JsonToString", "v", JsonToString},
    {"Array", "*", Array, true},
    {"ArrayPartition", "an", ArrayPartition},
    {"ArrayContains", "av", ArrayContains},
    {"ArrayRange", "nnn", ArrayRange},
    {"ArrayGetItem", "an", ArrayGetItem},
    {"ArrayLength", "a", ArrayLength},
    {"ArrayUnique", "a", ArrayUnique},
    {"Base64Encode", "s", Base64Encode},
    {"Base64Decode", "s", Base64Decode},
    {"Hash", "ss", Hash},
    {"JsonMerge", "oob", JsonMerge},
    {"MathRandom", "nn?n", MathRandom},
    {"MathAdd", "nn", MathAdd},
    {"StringSplit", "ss", StringSplit},
    {"UUID", "", Uuid},
}};

// The letter of argument `index`; 'v' where the signature ends in '*'.
char LetterOf(const Intrinsic& function, std::size_t index) {
  for (const char c : function.signature) {
    if (c == '?') continue;
    if (c == '*') return 'v';
    if (index-- == 0) return c;
  }
  return 'v';
}

}  // namespace

bool Invocation::Fail(std::string why) {
  problem = std::move(why);
  return false;
}

bool Invocation::TooLarge(std::string why) {
  failure = EvalError::Kind::kTooLarge;
  return Fail(std::move(why));
}

std::uint64_t Invocation::Random() {
  std::uint64_t local = 0;
  return NextRandom(seed == nullptr ? local : *seed);
}

const Intrinsic* FindIntrinsic(std::string_view name) {
  for (const Intrinsic& function : kIntrinsics) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

bool TakesArguments(const Intrinsic& function, std::size_t count) {
  std::size_t least = 0;
  std::size_t most = 0;
  bool optional = false;
  for (const char c : function.signature) {
    if (c == '*') return count >= least;
    if (c == '?') {
      optional = true;
      continue;
    }
    most++;
    if (!optional) least++;
  }
  return count >= least && count <= most;
}

bool FitsArgument(const Intrinsic& function, std::size_t index, const json::value& value,
                  std::string_view& wanted) {
  switch (LetterOf(function, index)) {
    case 's':
      wanted = "a string";
      return value.is_string();
    case 'n':
      wanted = "a number";
      return value.is_number();
    case 'a':
      wanted = "an array";
      return value.is_array();
    case 'o':
      wanted = "an object";
      return value.is_object();
    case 'b':
      wanted = "a boolean";
      return value.is_bool();
    default:
      return true;
  }
}

bool RoundToInt(const json::value& number, std::int64_t& rounded) {
  constexpr std::int64_t kMax = 2147483647;
  if (number.is_int64()) {
    rounded = number.get_int64();
  } else {
    const double up = std::floor(number.to_number<double>() + 0.5);
    if (!(std::fabs(up) <= static_cast<double>(kMax))) return false;
    rounded = static_cast<std::int64_t>(up);
  }
  return rounded >= -kMax && rounded <= kMax;
}

}  // namespace towline::jsonpath
