#include "statemachines/jsonata/jsonata.h"

#include "statemachines/jsonata/compiler.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/mentions.h"
#include "statemachines/jsonata/parser.h"

namespace towline::jsonata {

OrProblem<Expression> Expression::Parse(std::string_view text, Dialect dialect) {
  const auto program = std::make_shared<Program>();
  program->text = text;
  program->dialect = dialect;
  const OrProblem<Node*> parsed = Parser(*program, program->text).Parse();
  if (!parsed) return parsed.problem();
  const OrProblem<Node*> compiled = Compiler(*program).Compile(*parsed);
  if (!compiled) return compiled.problem();
  program->root = *compiled;
  program->mentions = MentionsOf(*program);
  return Expression(program);
}

Outcome Expression::Evaluate(const Json* input, const Circumstances& circumstances) const {
  return Evaluator(*program_, input, circumstances).Run();
}

const Mentions& Expression::mentions() const { return program_->mentions; }
const std::string& Expression::text() const { return program_->text; }

}  // namespace towline::jsonata
