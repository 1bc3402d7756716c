#pragma once

// The compiler walks over a parsed definition once and makes of it what the interpreter runs.
// It goes on after every mistake: what cannot be understood is reported and left out. The
// definition it makes is used only if nothing was reported.
//
// One file a concern: states.cc (what all states share, and the simple ones), task.cc,
// resources.cc (what a Resource means), task_parameters.cc (what it needs), containers.cc
// (Parallel and Map), distributed.cc (the Distributed Map), choice.cc, errors.cc (Retry and Catch),
// assign.cc (variables), values.cc (paths, templates, numbers), queries.cc (JSONata), flow.cc
// (transitions).

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/fields.h"
#include "statemachines/asl/findings.h"

namespace towline::asl {

// How deep `States` objects may be nested in each other.
inline constexpr int kNestingMax = 16;

class Compiler {
 public:
  explicit Compiler(Findings& findings) : findings_(findings) {}

  Definition CompileMachine(const json::object& machine, bool express);

  // The `States` objects by the hash of their pointer, for whoever looks for repeated names in
  // the source.
  const std::unordered_map<std::uint64_t, Place>& states_objects() const {
    return states_objects_;
  }

 private:
  // A transition as written; resolved when all states of its scope are known.
  enum class Slot { kNext, kDefault, kRule, kCatch };
  struct Transition {
    StateIndex from = 0;
    Slot slot = Slot::kNext;
    std::size_t position = 0;  // kRule, kCatch
    std::string target;
    Place place;
  };
  struct Member {
    std::string name;
    StateIndex index = 0;
    Place place;
    bool terminal = false;
  };
  // One `States` object while it is compiled.
  struct Draft {
    ScopeIndex scope = kRootScope;
    Place place;
    int depth = 0;
    bool express = false;  // its executions are
    std::string start_at;
    Place start_at_place;
    std::vector<Member> members{};
    std::vector<Transition> transitions{};
    // Every state says where it goes: judging what is reachable makes sense.
    bool sound = true;
  };
  // What an expression can find in $states besides its input and its context.
  enum class Sees { kInput, kResult, kError };
  // One state while it is compiled.
  struct Work {
    const Fields& fields;
    Draft& draft;
    StateIndex index;
    State& state;
    bool jsonata() const { return state.query_language == QueryLanguage::kJsonata; }
  };

  // A variable as it is assigned somewhere.
  struct Assigned {
    StateIndex by = 0;
    std::string name;
    Place place;
  };

  // states.cc
  ScopeIndex CompileScope(const Fields& fields, const Work* owner, bool express);
  void CompileState(const std::string& name, const json::value& value, Draft& draft);
  bool AcceptName(const std::string& name, const Place& place);
  QueryLanguage LanguageOf(const json::object& object, const Place& place, bool machine);
  void CompileTransition(Work& work, StateType type);
  void CompileDataFlow(Work& work, StateType type);
  StateKind CompileKind(Work& work, StateType type);
  StateKind CompilePass(Work& work);
  StateKind CompileWait(Work& work);
  StateKind CompileFail(Work& work);
  Text CompileText(const Fields& fields, std::string_view literal, std::string_view path);

  // task.cc
  StateKind CompileTask(Work& work);
  void CompileResource(Work& work, std::string_view arn, Task& task);
  void CompileCredentials(const Fields& fields, Task& task);
  void CompileTimes(const Fields& fields, Task& task);

  // containers.cc
  StateKind CompileParallel(Work& work);
  StateKind CompileMap(Work& work);
  void CompileMapNumbers(const Fields& fields, Map& map);
  void CompileProcessor(Work& work, std::string_view name, Map& map);

  // distributed.cc
  std::optional<Distributed> CompileDistributed(const Fields& map, const Fields* config);
  void CompileLabel(const Fields& fields, Distributed& distributed);
  std::optional<ItemReader> CompileItemReader(const Fields& map);
  void CompileReaderConfig(const Fields& fields, ItemReader& reader);
  std::optional<ItemBatcher> CompileItemBatcher(const Fields& map);
  std::optional<ResultWriter> CompileResultWriter(const Fields& map);

  // choice.cc
  StateKind CompileChoice(Work& work);
  void CompileRule(Work& work, const json::value& value, const Place& place, Choice& choice);
  Condition CompileQueryCondition(const Fields& rule);
  Condition CompileCondition(const Fields& rule);
  Condition CompileComparison(const Fields& rule);
  std::vector<Condition> CompileOperands(const json::array& operands, const Place& place);
  Condition CompileNested(const json::value& value, const Place& place);
  std::optional<jsonpath::Path> CompileChoicePath(std::string_view text, const Place& place);

  // errors.cc
  void CompileRetriers(Work& work);
  void CompileCatchers(Work& work);
  std::vector<std::string> CompileErrorEquals(const Fields& fields, bool last);

  // assign.cc
  std::optional<Template> CompileAssign(const Fields& fields, const Work& work, Sees sees);
  bool AcceptVariable(std::string_view name, const Place& place);
  void RefuseShadowing();
  // The state around `state`, if there is one whose variables it sees.
  std::optional<StateIndex> OwnerOf(StateIndex state) const;

  // values.cc
  PathField CompilePathField(const Fields& fields, std::string_view name);
  std::optional<jsonpath::Path> CompilePath(std::string_view text, const Place& place);
  std::optional<jsonpath::ReferencePath> CompileReferencePath(std::string_view text,
                                                              const Place& place,
                                                              bool context_allowed);
  ResultPathField CompileResultPath(const Fields& fields);
  std::optional<Template> CompileTemplate(const Fields& fields, std::string_view name,
                                          Sees sees = Sees::kInput);
  // Parameters or Arguments.
  std::optional<Template> CompileParameters(const Fields& fields);
  std::optional<Template> CompilePathTemplate(const Fields& fields, std::string_view name);
  Number CompileNumber(const Fields& fields, std::string_view name, std::int64_t min,
                       std::int64_t max, bool context_allowed);
  void WarnAboutLiterals(const json::value& value, const Place& place);
  // NO_PATH: `text` in the field `name` looks like a path, which only `name`Path would evaluate.
  void WarnAboutLiteral(std::string_view text, std::string_view name, const Fields& fields);

  // queries.cc
  static bool Offers(Sees sees, std::string_view member);
  std::optional<jsonata::Expression> CompileQuery(std::string_view text, const Place& place,
                                                  Sees sees);
  std::optional<jsonata::Expression> CompileQueryField(const Fields& fields,
                                                       std::string_view name);
  QueryPart CompileQueryPart(const json::value& source, const Place& place, std::string location,
                             Sees sees);
  std::optional<Template> CompileQueryTemplate(const Fields& fields, std::string_view name,
                                               Sees sees);

  // flow.cc
  void Connect(Draft& draft);
  void Resolve(const Transition& transition, StateIndex target);

  Findings& findings_;
  Definition definition_;
  QueryLanguage language_ = QueryLanguage::kJsonPath;  // the machine's
  std::unordered_set<std::string> names_;              // of all states so far
  std::unordered_set<std::string> labels_;             // of all Distributed Maps so far
  std::vector<Assigned> assigned_;
  std::set<std::string> references_;  // variables that the present state has mentioned so far
  std::unordered_map<std::uint64_t, Place> states_objects_;
};

// Of a UTF-8 text.
std::size_t Characters(std::string_view text);
// Looks like "$.a", "$$.Task" or "States.Format(…)" where it will not be evaluated.
bool LooksLikePath(std::string_view text);
bool LooksLikeIntrinsic(std::string_view text);
// Holds such a text, or a key that ends in ".$", at any depth.
bool ContainsPath(const json::value& value);

}  // namespace towline::asl
