#include "statemachines/jsonata/jsonata.h"

#include "statemachines/base/check.h"

namespace towline::jsonata {

struct Program {
  std::string text;
  Mentions mentions;
};

OrProblem<Expression> Expression::Parse(std::string_view text, Dialect dialect) {
  static_cast<void>(dialect);
  return Problem{.code = "S0500", .message = "JSONata is not built in yet: " + std::string(text)};
}

Outcome Expression::Evaluate(const Json* /*input*/, const Circumstances& /*circumstances*/) const {
  return Outcome(Outcome::Undefined{});
}

const Mentions& Expression::mentions() const { return program_->mentions; }
const std::string& Expression::text() const { return program_->text; }

}  // namespace towline::jsonata
