// Which step each % refers to is decided when an expression is compiled: the step keeps what it was
// applied to under a symbol, by which the % finds it.

#include "statemachines/jsonata/compiler.h"

namespace towline::jsonata {

void Compiler::Adopt(Node* node, Node* part) {
  node->seeking.insert(node->seeking.end(), part->seeking.begin(), part->seeking.end());
  if (part->kind == NodeKind::kParent) node->seeking.push_back(part->slot);
}

// Finds the steps that the slots of a path's last step refer to; those that lie further out are
// sought by whoever contains the path.
bool Compiler::Resolve(Node* path) {
  Node* const last = path->list.back();
  std::vector<Slot*> slots = last->seeking;
  if (last->kind == NodeKind::kParent) slots.push_back(last->slot);
  for (Slot* const slot : slots) {
    std::size_t at = path->list.size() - 1;
    while (slot->level > 0) {
      if (at == 0) {
        path->seeking.push_back(slot);
        break;
      }
      Node* step = path->list[--at];
      // Steps bound with @ one after the other all start from the same place.
      while (at > 0 && step->focus != kNoSymbol && path->list[at - 1]->focus != kNoSymbol) {
        step = path->list[--at];
      }
      if (!Seek(step, slot)) return false;
    }
  }
  return true;
}

// Walks one step backwards. The step at which the level becomes 0 is the one meant.
bool Compiler::Seek(Node* node, Slot* slot) {
  switch (node->kind) {
    case NodeKind::kName:
    case NodeKind::kWildcard:
      if (--slot->level == 0) {
        if (node->ancestor != nullptr) slot->symbol = node->ancestor->symbol;
        node->ancestor = slot;
        node->tuple = true;
      }
      return true;
    case NodeKind::kParent:
      slot->level++;
      return true;
    case NodeKind::kBlock:
      if (node->list.empty()) return true;
      node->tuple = true;
      return Seek(node->list.back(), slot);
    case NodeKind::kPath: {
      node->tuple = true;
      std::size_t at = node->list.size() - 1;
      if (!Seek(node->list[at], slot)) return false;
      while (slot->level > 0 && at > 0) {
        if (!Seek(node->list[--at], slot)) return false;
      }
      return true;
    }
    default:
      Refuse("S0217", "Nothing to the left is the parent that % refers to", node);
      return false;
  }
}

}  // namespace towline::jsonata
