#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace towline::cli {

// A text of several lines under a heading.
struct Column {
  std::string head;
  std::string text;
};

// The columns side by side, as many next to each other as the terminal is wide (without one: 100
// columns); the others follow below. Lines that are longer than half of it are broken.
void PrintSideBySide(const Terminal& terminal, const std::vector<Column>& columns);

}  // namespace towline::cli
