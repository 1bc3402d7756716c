#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/compiler.h"
#include "statemachines/asl/sensitive.h"

namespace towline::asl {
namespace {

constexpr std::size_t kNameCharactersMax = 80;
constexpr std::int64_t kSecondsMax = 99'999'999;

// What Error and Cause may come from: the intrinsic functions that return a string.
bool ReturnsText(std::string_view function) {
  for (const std::string_view name :
       {"States.Format", "States.JsonToString", "States.ArrayGetItem", "States.Base64Encode",
        "States.Base64Decode", "States.Hash", "States.UUID"}) {
    if (function == name) return true;
  }
  return false;
}

}  // namespace

Definition Compiler::CompileMachine(const json::object& machine, bool express) {
  language_ = LanguageOf(machine, Place(), true);
  const Fields fields(machine, Place(), MachineFields(), language_, findings_);
  fields.Require({"States", "StartAt"});
  if (const auto version = fields.String("Version")) {
    IsOneOf(*version, {"1.0"}, fields.At("Version"), findings_);
  }
  definition_.timeout_seconds = fields.Integer("TimeoutSeconds", 1, kSecondsMax);
  definition_.comment = fields.String("Comment").value_or("");
  CheckSensitive(fields);
  CompileScope(fields, nullptr, express);
  RefuseShadowing();
  return std::move(definition_);
}

// A value other than exactly "JSONPath" makes a JSONata state, as the service reads it.
QueryLanguage Compiler::LanguageOf(const json::object& object, const Place& place, bool machine) {
  const json::value* value = object.if_contains("QueryLanguage");
  if (value == nullptr) return language_;
  const json::string* name = value->if_string();
  if (name != nullptr) {
    IsOneOf(*name, {"JSONPath", "JSONata"}, place.Member("QueryLanguage"), findings_);
  }
  const bool path = name != nullptr && *name == "JSONPath";
  if (path && !machine && language_ == QueryLanguage::kJsonata) {
    findings_.Schema(place,
                     "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state "
                     "machine");
  }
  return path ? QueryLanguage::kJsonPath : QueryLanguage::kJsonata;
}

ScopeIndex Compiler::CompileScope(const Fields& fields, const Work* owner, bool express) {
  Draft draft{.scope = static_cast<ScopeIndex>(definition_.scopes.size()),
              .place = fields.place(),
              .depth = owner == nullptr ? 0 : owner->draft.depth + 1,
              .express = express,
              .start_at = std::string(fields.String("StartAt").value_or("")),
              .start_at_place = fields.At("StartAt")};
  definition_.scopes.emplace_back();
  if (owner != nullptr) definition_.scopes.back().owner = owner->index;
  draft.sound = fields.String("StartAt").has_value();
  const json::object* states = fields.Object("States");
  if (draft.depth > kNestingMax) {
    findings_.Error("TOO_DEEPLY_NESTED", fields.place(),
                    "States are nested deeper than " + std::to_string(kNestingMax) + " levels");
    return draft.scope;
  }
  if (states == nullptr) return draft.scope;
  const Place place = fields.At("States");
  states_objects_.emplace(SourcePositions::Hash(place.pointer()), place);
  if (states->empty()) findings_.Schema(place, "Value cannot be empty");
  for (const json::key_value_pair& member : *states) {
    CompileState(std::string(member.key()), member.value(), draft);
  }
  if (!states->empty()) Connect(draft);
  return draft.scope;
}

bool Compiler::AcceptName(const std::string& name, const Place& place) {
  const std::size_t characters = Characters(name);
  if (characters == 0 || characters > kNameCharactersMax) {
    findings_.Error("INVALID_STATE_NAME", place,
                    "A state's name has 1 to 80 characters, not " + std::to_string(characters));
    return false;
  }
  if (!names_.insert(name).second) {
    findings_.Error("DUPLICATE_STATE_NAME", place, "Duplicate State name: " + name);
  }
  return true;
}

void Compiler::CompileState(const std::string& name, const json::value& value, Draft& draft) {
  const Place place = draft.place.Member("States").Member(name);
  // Known to its scope whatever is wrong with it, so that transitions to it are not reported too.
  const auto index = static_cast<StateIndex>(definition_.states.size());
  draft.members.push_back({.name = name, .index = index, .place = place});
  definition_.states.push_back({.name = name, .scope = draft.scope});
  if (!AcceptName(name, place) || !value.is_object()) {
    if (!value.is_object()) findings_.Schema(place, ExpectedType(ValueType::kObject));
    draft.sound = false;
    return;
  }
  const json::object& object = value.get_object();
  const json::value* type_name = object.if_contains("Type");
  const auto type = type_name != nullptr && type_name->is_string()
                        ? StateTypeOf(type_name->get_string())
                        : std::nullopt;
  if (!type) {
    draft.sound = false;
    if (type_name == nullptr) {
      findings_.Schema(place, "These fields are required: [Type]");
    } else {
      findings_.Schema(place.Member("Type"),
                       "The field 'Type' should have one of these values: [Task, Wait, Pass, "
                       "Succeed, Fail, Choice, Parallel, Map]");
    }
    return;
  }
  State state{.name = name, .scope = draft.scope};
  state.query_language = LanguageOf(object, place, false);
  const Fields fields(object, place, StateFields(*type), state.query_language, findings_);
  Work work{.fields = fields, .draft = draft, .index = index, .state = state};
  std::set<std::string> references_around;
  references_around.swap(references_);
  CompileTransition(work, *type);
  CompileDataFlow(work, *type);
  state.kind = CompileKind(work, *type);
  state.variable_references = std::move(references_);
  references_ = std::move(references_around);
  definition_.states[index] = std::move(state);
}

void Compiler::CompileTransition(Work& work, StateType type) {
  if (type == StateType::kSucceed || type == StateType::kFail) {
    work.draft.members.back().terminal = true;
    return;
  }
  if (type == StateType::kChoice) return;
  const Fields& fields = work.fields;
  const bool end = fields.True("End");
  const bool next = fields.Has("Next");
  if (next == end) {
    findings_.Schema(fields.place(),
                     (next ? "There should only be one of the following fields: "
                           : "This object should have only one of the following fields: ") +
                         Bracketed({"Next", "End"}));
    work.draft.sound = work.draft.sound && next;
  }
  work.draft.members.back().terminal = end;
  if (const auto target = fields.String("Next")) {
    work.draft.transitions.push_back({.from = work.index,
                                      .slot = Slot::kNext,
                                      .target = std::string(*target),
                                      .place = fields.At("Next")});
  } else if (next) {
    work.draft.sound = false;  // of a wrong type, and reported
  }
}

void Compiler::CompileDataFlow(Work& work, StateType type) {
  const Fields& fields = work.fields;
  State& state = work.state;
  const bool works = type == StateType::kTask || type == StateType::kParallel ||
                     type == StateType::kMap;
  const Sees sees = works ? Sees::kResult : Sees::kInput;
  state.assign = CompileAssign(fields, work, sees);
  // A Map's Parameters are the old name of its ItemSelector.
  if (type != StateType::kMap) state.parameters = CompileParameters(fields);
  if (work.jsonata()) {
    state.output = CompileTemplate(fields, "Output", sees);
    return;
  }
  state.input_path = CompilePathField(fields, "InputPath");
  state.output_path = CompilePathField(fields, "OutputPath");
  state.result_path = CompileResultPath(fields);
  state.result_selector = CompileTemplate(fields, "ResultSelector");
}

StateKind Compiler::CompileKind(Work& work, StateType type) {
  switch (type) {
    case StateType::kPass: return CompilePass(work);
    case StateType::kTask: return CompileTask(work);
    case StateType::kChoice: return CompileChoice(work);
    case StateType::kWait: return CompileWait(work);
    case StateType::kSucceed: return Succeed{};
    case StateType::kFail: return CompileFail(work);
    case StateType::kParallel: return CompileParallel(work);
    case StateType::kMap: return CompileMap(work);
  }
  return Succeed{};
}

StateKind Compiler::CompilePass(Work& work) {
  Pass pass;
  if (work.jsonata()) return pass;
  if (const json::value* result = work.fields.Find("Result")) {
    pass.result = Json(*result);
    if (ContainsPath(*result)) {
      findings_.Warning("PASS_RESULT_IS_STATIC", work.fields.At("Result"),
                        "'Result' is used as it is: paths and intrinsic functions in it are not "
                        "evaluated; use 'Parameters' for that");
    }
  }
  return pass;
}

StateKind Compiler::CompileWait(Work& work) {
  Wait wait;
  const Fields& fields = work.fields;
  if (work.jsonata()) {
    fields.OnlyOne({"Seconds", "Timestamp"}, true);
    wait.timestamp_query = CompileQueryField(fields, "Timestamp");
  } else {
    fields.OnlyOne({"SecondsPath", "Seconds", "TimestampPath", "Timestamp"}, true);
  }
  wait.seconds = CompileNumber(fields, "Seconds", 0, kSecondsMax, true);
  if (const auto text = fields.String("Timestamp")) {
    wait.timestamp = ParseTimestamp(*text);
    if (!wait.timestamp) {
      findings_.Schema(fields.At("Timestamp"), "String does not match RFC3339 timestamp");
      WarnAboutLiteral(*text, "Timestamp", fields);
    }
  }
  if (const auto path = fields.String("TimestampPath")) {
    wait.timestamp_path = CompileReferencePath(*path, fields.At("TimestampPath"), true);
  }
  return wait;
}

StateKind Compiler::CompileFail(Work& work) {
  Fail fail;
  fail.error = CompileText(work.fields, "Error", "ErrorPath");
  fail.cause = CompileText(work.fields, "Cause", "CausePath");
  return fail;
}

Text Compiler::CompileText(const Fields& fields, std::string_view literal,
                           std::string_view path) {
  Text text;
  text.query = CompileQueryField(fields, literal);
  if (fields.language() == QueryLanguage::kJsonPath) fields.OnlyOne({literal, path}, false);
  if (const auto value = fields.String(literal)) {
    text.literal = *value;
    WarnAboutLiteral(*value, literal, fields);
  }
  const auto source = fields.String(path);
  if (!source) return text;
  Result<jsonpath::Expression> expression = jsonpath::Expression::Parse(*source);
  if (!expression) {
    findings_.Schema(fields.At(path), "The value for the field '" + std::string(path) +
                                          "' must be a valid JSONPath or a valid intrinsic "
                                          "function call: " +
                                          expression.error().message);
    return text;
  }
  if (const auto function = expression->function(); function && !ReturnsText(*function)) {
    findings_.Schema(fields.At(path), "The intrinsic function '" + *function +
                                          "' does not return a string, which '" +
                                          std::string(path) + "' needs");
    return text;
  }
  expression->CollectVariables(references_);
  text.expression = *std::move(expression);
  return text;
}

}  // namespace towline::asl
