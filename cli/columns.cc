#include "cli/columns.h"

#include <algorithm>
#include <ostream>

namespace towline::cli {
namespace {

constexpr std::size_t kGap = 3;

// The first `width` columns of a text, and what is left of it.
std::string TakeFront(std::string& text, std::size_t width) {
  std::size_t end = 0;
  for (std::size_t shown = 0; end < text.size(); ++end) {
    const bool starts = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (starts && shown++ == width) break;
  }
  std::string front = text.substr(0, end);
  text.erase(0, end);
  return front;
}

std::vector<std::string> Lines(const std::string& text, std::size_t width_max) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    do {
      lines.push_back(TakeFront(line, width_max));
    } while (!line.empty());
    begin = end + 1;
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

struct Block {
  std::string head;
  std::vector<std::string> lines;
  std::size_t width = 0;
};

void Print(const Terminal& terminal, const std::vector<Block>& row) {
  std::size_t height = 0;
  for (const Block& block : row) height = std::max(height, block.lines.size());
  for (std::size_t i = 0; i <= height; ++i) {  // the heads first
    std::string line;
    std::size_t open = 0;  // what is still to be filled with blanks
    for (const Block& block : row) {
      const bool there = i == 0 || i <= block.lines.size();
      const std::string text = i == 0 ? block.head : there ? block.lines[i - 1] : "";
      if (!text.empty()) {
        line.append(open, ' ');
        line += i == 0 ? terminal.Paint(Colour::kBold, text) : text;
        open = 0;
      }
      open += block.width - Width(text) + kGap;
    }
    terminal.out << line << '\n';
  }
}

}  // namespace

void PrintSideBySide(const Terminal& terminal, const std::vector<Column>& columns) {
  const std::size_t width = terminal.width > 0 ? static_cast<std::size_t>(terminal.width) : 100;
  const std::size_t width_max = std::max<std::size_t>(width / 2, 10) - kGap;
  std::vector<Block> row;
  std::size_t used = 0;
  for (const Column& column : columns) {
    Block block{column.head, Lines(column.text, width_max), Width(column.head)};
    for (const std::string& line : block.lines) block.width = std::max(block.width, Width(line));
    if (!row.empty() && used + block.width > width) {
      Print(terminal, row);
      terminal.out << '\n';
      row.clear();
      used = 0;
    }
    used += block.width + kGap;
    row.push_back(std::move(block));
  }
  if (!row.empty()) Print(terminal, row);
}

}  // namespace towline::cli
