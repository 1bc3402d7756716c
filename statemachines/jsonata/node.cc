#include "statemachines/jsonata/node.h"

#include <utility>

namespace towline::jsonata {

Node* Program::NewNode(NodeKind kind, std::uint32_t position) {
  Node& node = nodes.emplace_back();
  node.kind = kind;
  node.position = position;
  return &node;
}

std::string_view Program::KeepText(std::string kept) {
  return strings.emplace_back(std::move(kept));
}

Symbol Program::SymbolOf(std::string_view name) {
  const auto [known, is_new] = symbol_by_name.emplace(name, static_cast<Symbol>(symbols.size()));
  if (is_new) symbols.push_back(name);
  return known->second;
}

Symbol Program::NewSymbol() {
  symbols.emplace_back();
  return static_cast<Symbol>(symbols.size() - 1);
}

}  // namespace towline::jsonata
