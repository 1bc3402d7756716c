#include "statemachines/jsonpath/bounds.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

namespace towline::jsonpath {

bool Allowance::TakeBytes(std::size_t bytes) {
  if (bytes > left_) return false;
  left_ -= bytes;
  return true;
}

bool Allowance::Take(const json::value& value, std::size_t depth) {
  if (!TakeBytes(sizeof value)) return false;
  if (const json::string* text = value.if_string()) return TakeBytes(text->size());
  if (value.is_structured() && depth >= kJsonDepthMax) {
    too_deep_ = true;
    return false;
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (!Take(element, depth + 1)) return false;
    }
  } else if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      if (!TakeBytes(member.key().size()) || !Take(member.value(), depth + 1)) return false;
    }
  }
  return true;
}

EvalError Allowance::error() const {
  return {EvalError::Kind::kTooLarge,
          too_deep_
              ? "The result is nested deeper than " + std::to_string(kJsonDepthMax) + " levels"
              : "The result is larger than " + std::to_string(kMadeBytesMax) + " bytes"};
}

}  // namespace towline::jsonpath
