#pragma once

#include <memory>

#include "statemachines/asl/definition.h"
#include "statemachines/teststate/test_state.h"

namespace towline::teststate {

// The state that is tested, in a machine.
struct Subject {
  std::shared_ptr<const asl::Definition> definition;
  asl::StateIndex index = 0;
  const asl::State& state() const { return definition->state(index); }
  // Whether a state of this name stands inside the tested one.
  bool Holds(std::string_view name) const;
};

// A state without a machine is put into one of its own, as "StateName"; whatever it goes on to
// exists there. Errors: InvalidDefinition, ValidationException.
Result<Subject> FindSubject(const Request& request);

}  // namespace towline::teststate
