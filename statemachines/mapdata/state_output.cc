#include "statemachines/mapdata/state_output.h"

#include <boost/json/string.hpp>

namespace towline::mapdata {

Status StateOutput::Add(const ChildResult& result) {
  if (result.status == ChildResult::Status::kPending) return Ok();
  if (!config_ && !result.output) return Ok();
  const bool as_lines = config_ && config_->output_type == OutputType::kJsonl;
  const Transformation transformation =
      config_ ? config_->transformation : Transformation::kCompact;
  for (const std::string& text : ResultTexts(result, transformation)) {
    const std::string line = text + "\n";
    bytes_ += as_lines ? JsonSize(json::value(line)) - 2 : text.size() + 1;
    if (bytes_ > bytes_max_) {
      return Error{.code = Error::Code::kResourceExhausted,
                   .message = "The results exceed the maximum number of bytes of an output; "
                              "export them with a ResultWriter.",
                   .name = "States.DataLimitExceeded"};
    }
    if (as_lines) {
      lines_ += line;
    } else {
      elements_.push_back(*ParseJson(text).value());
    }
  }
  return Ok();
}

Json StateOutput::Take() {
  const bool as_lines = config_ && config_->output_type == OutputType::kJsonl;
  return as_lines ? Json(json::value(lines_)) : Json(std::move(elements_));
}

}  // namespace towline::mapdata
