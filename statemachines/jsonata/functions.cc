#include "statemachines/jsonata/functions.h"

#include <string>
#include <unordered_map>

namespace towline::jsonata {
namespace {

using Table = std::unordered_map<std::string_view, Native>;

Table MakeTable(Dialect dialect) {
  const Availability other =
      dialect == Dialect::kStandard ? Availability::kStepFunctions : Availability::kStandard;
  Table table;
  for (const auto& entries :
       {TextFunctions(), MatchFunctions(), NumberFunctions(), ValueFunctions(), ArrayFunctions(),
        HigherOrderFunctions(), DateTimeFunctions(), StepFunctionsFunctions()}) {
    for (const NativeEntry& entry : entries) {
      if (entry.availability == other) continue;
      table.emplace(entry.name, Native(entry.name, *Signature::Parse(entry.signature), entry.arity,
                                       entry.body));
    }
  }
  return table;
}

}  // namespace

const Native* FindNative(std::string_view name, Dialect dialect) {
  static const Table standard = MakeTable(Dialect::kStandard);
  static const Table step_functions = MakeTable(Dialect::kStepFunctions);
  const Table& table = dialect == Dialect::kStandard ? standard : step_functions;
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace towline::jsonata
