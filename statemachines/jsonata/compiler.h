#pragma once

// Turns the parsed tree into the one that is evaluated: dots into paths of steps, brackets into
// the steps' filters, each % into the step that it refers to. Private to this room.

#include <optional>
#include <string>

#include "statemachines/jsonata/node.h"

namespace towline::jsonata {

class Compiler {
 public:
  explicit Compiler(Program& program) : program_(program) {}

  // Consumes the parsed tree.
  OrProblem<Node*> Compile(Node* parsed);

 private:
  // Null from here on means that problem_ is set.
  Node* CompileNode(Node* node);
  Node* CompileKind(Node* node);
  Node* CompileName(Node* name);
  Node* CompileParent(Node* parent);
  Node* CompileOperands(Node* node);
  Node* CompileNegation(Node* negation);
  Node* CompileList(Node* node);
  Node* CompileCall(Node* call);
  Node* CompileLambda(Node* lambda);
  Node* CompileBlock(Node* block);
  Node* CompileTransform(Node* transform);
  Node* CompileDot(Node* dot);
  Node* CompileFilter(Node* filter);
  Node* CompileGroup(Node* group);
  Node* CompileOrder(Node* order);
  Node* CompileFocus(Node* focus);
  Node* CompileIndex(Node* index);
  bool CompilePairs(std::vector<Pair>& pairs, Node* owner);
  bool CheckSteps(Node* path);
  Node* PathOf(Node* step);

  // What concerns %: the slots that a part seeks become those that `node` seeks.
  static void Adopt(Node* node, Node* part);
  bool Resolve(Node* path);
  bool Seek(Node* node, Slot* slot);

  Node* Refuse(const char* code, std::string message, const Node* node, std::string token = {});

  Program& program_;
  std::optional<Problem> problem_;
  int depth_ = 0;
};

}  // namespace towline::jsonata
