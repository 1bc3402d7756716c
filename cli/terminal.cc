#include "cli/terminal.h"

#include <algorithm>
#include <ostream>

namespace towline::cli {
namespace {

const char* CodeOf(Colour colour) {
  switch (colour) {
    case Colour::kPlain: return "";
    case Colour::kGreen: return "\x1b[32m";
    case Colour::kRed: return "\x1b[31m";
    case Colour::kYellow: return "\x1b[33m";
    case Colour::kCyan: return "\x1b[36m";
    case Colour::kDim: return "\x1b[2m";
    case Colour::kBold: return "\x1b[1m";
  }
  return "";
}

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

std::string Terminal::Paint(Colour colour_wanted, std::string_view text) const {
  if (!colour || colour_wanted == Colour::kPlain) return std::string(text);
  return CodeOf(colour_wanted) + std::string(text) + "\x1b[0m";
}

void Table::Add(std::vector<std::string> cells, Colour colour) {
  cells.resize(heads_.size());
  rows_.push_back(Row{std::move(cells), colour, std::nullopt});
}

void Table::PaintCell(std::size_t column, Colour colour) {
  rows_.back().painted = column;
  rows_.back().colour = colour;
}

void Table::PrintRow(const Terminal& terminal, const Row& row,
                     const std::vector<std::size_t>& widths) const {
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const bool last = i + 1 == row.cells.size();
    std::string cell = row.cells[i];
    std::replace(cell.begin(), cell.end(), '\n', ' ');
    const auto width = static_cast<std::size_t>(terminal.width);
    if (last && width > used + 10) cell = Cut(cell, width - used);
    const std::size_t shown = Width(cell);
    const bool paint = !row.painted || *row.painted == i;
    line += paint ? terminal.Paint(row.colour, cell) : cell;
    if (last) break;
    line.append(widths[i] - shown + 2, ' ');
    used += widths[i] + 2;
  }
  // Nothing invisible at the end of a line.
  while (!line.empty() && line.back() == ' ') line.pop_back();
  terminal.out << line << '\n';
}

void Table::Print(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    std::size_t width = Width(heads_[i]);
    for (const Row& row : rows_) width = std::max(width, Width(row.cells[i]));
    widths.push_back(width);
  }
  PrintRow(terminal, Row{heads_, Colour::kBold, std::nullopt}, widths);
  for (const Row& row : rows_) PrintRow(terminal, row, widths);
}

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

std::string Cut(std::string_view text, std::size_t width) {
  if (width == 0 || Width(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t shown = 0; end < text.size(); ++end) {
    if (StartsCharacter(text[end]) && ++shown == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string ShowTime(Timestamp time) {
  std::string text = FormatTimestamp(time);  // 2026-11-23T14:27:50.123Z
  text[10] = ' ';
  return text.substr(0, 19) + "Z";
}

std::string ShowDuration(Millis duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 1000) return std::to_string(ms) + " ms";
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}};
  std::int64_t left = ms / 1000;
  std::string text;
  int parts = 0;
  for (const Unit& unit : kUnits) {
    const std::int64_t count = left / unit.seconds;
    left %= unit.seconds;
    if (count == 0 && parts == 0) continue;
    if (count > 0) text += (text.empty() ? "" : " ") + std::to_string(count) + " " + unit.name;
    if (++parts == 2) break;
  }
  return text;
}

std::string ShowAgo(Timestamp time, Timestamp now) {
  if (time > now) return "in " + ShowDuration(time - now);
  return ShowDuration(now - time) + " ago";
}

std::string Quote(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace towline::cli
