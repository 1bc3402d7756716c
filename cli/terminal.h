#pragma once

// Where the command line reads and writes, and how things look there.

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/time.h"

namespace towline::cli {

enum class Colour { kPlain, kGreen, kRed, kYellow, kCyan, kDim, kBold };

// The outside world of one invocation; tests give their own. Used by one thread.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool colour = false;  // standard output is a terminal, and nobody said NO_COLOR
  int width = 0;        // columns of the terminal; 0: no terminal, nothing is cut
  std::function<std::optional<std::string>(const char*)> environment;
  std::function<Timestamp()> now;

  std::string Paint(Colour colour_wanted, std::string_view text) const;
};

// Rows in columns, as wide as their widest cell; the last column takes what is left.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void Add(std::vector<std::string> cells, Colour colour = Colour::kPlain);
  // The cell of the row added last that is to be painted, instead of the whole row.
  void PaintCell(std::size_t column, Colour colour);
  void Print(const Terminal& terminal) const;
  bool empty() const { return rows_.empty(); }

 private:
  struct Row {
    std::vector<std::string> cells;
    Colour colour = Colour::kPlain;
    std::optional<std::size_t> painted{};
  };
  void PrintRow(const Terminal& terminal, const Row& row,
                const std::vector<std::size_t>& widths) const;

  std::vector<std::string> heads_;
  std::vector<Row> rows_;
};

// Columns that a text takes: its code points.
std::size_t Width(std::string_view text);
// At most `width` columns, "…" in place of the rest; 0: all.
std::string Cut(std::string_view text, std::size_t width);

std::string ShowTime(Timestamp time);                  // "2026-11-23 14:27:50Z"
std::string ShowDuration(Millis duration);             // "350 ms", "12 s", "3 min 20 s", "2 d 4 h"
std::string ShowAgo(Timestamp time, Timestamp now);    // "3 min 20 s ago", "in 5 s"

// A text that the shell takes as one word, whatever is in it.
std::string Quote(std::string_view text);

}  // namespace towline::cli
