#include "statemachines/asl/sensitive.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/jsonpath/reference_pointer.h"

namespace towline::asl {

void CheckSensitive(const Fields& machine) {
  const json::array* const paths = machine.Array("Sensitive");
  if (paths == nullptr) return;
  for (std::size_t i = 0; i < paths->size(); i++) {
    const Place place = machine.At("Sensitive").Item(i);
    const json::string* const text = (*paths)[i].if_string();
    if (text == nullptr) {
      machine.findings().Schema(place, ExpectedType(ValueType::kString));
    } else if (const auto pointer = jsonpath::ReferencePointer(*text); !pointer) {
      machine.findings().Schema(place,
                                "Value must be a Reference Path. " + pointer.error().message);
    }
  }
}

std::vector<std::string> SensitivePointers(const Definition& definition) {
  std::vector<std::string> pointers;
  // A name can only be written as it is or with \\u escapes.
  const std::string& text = definition.text;
  if (text.find("Sensitive") == std::string::npos && text.find("\\u") == std::string::npos) {
    return pointers;
  }
  const auto machine = ParseJson(text);
  CHECK(machine && (*machine)->is_object());  // it was compiled
  const json::value* const paths = (*machine)->get_object().if_contains("Sensitive");
  if (paths == nullptr) return pointers;
  for (const json::value& path : paths->as_array()) {
    auto pointer = jsonpath::ReferencePointer(path.as_string());
    CHECK(pointer);
    pointers.push_back(*std::move(pointer));
  }
  return pointers;
}

}  // namespace towline::asl
