#include "cli/log_text.h"

#include <algorithm>
#include <ostream>

#include "cli/show.h"

namespace towline::cli {
namespace {

constexpr char kEscape = '\x1b';
constexpr const char* kUnknown = "\xEF\xBF\xBD";

// Where the escape sequence that begins at `at` ends.
std::size_t EndOfEscape(std::string_view line, std::size_t at) {
  std::size_t end = at + 1;
  if (end == line.size()) return end;
  const char kind = line[end++];
  if (kind == '[') {  // CSI: up to its final byte
    while (end < line.size() && !(line[end] >= '@' && line[end] <= '~')) end++;
    return std::min(end + 1, line.size());
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') {
    // A string: up to BEL, or to ESC and a backslash.
    while (end < line.size() && line[end] != '\a' && line[end] != kEscape) end++;
    if (end < line.size() && line[end] == kEscape) end++;
    return std::min(end + 1, line.size());
  }
  return end;
}

Colour ColourOfStream(const std::string& stream) {
  if (stream == "stderr") return Colour::kYellow;
  if (stream == "note") return Colour::kDim;
  return Colour::kPlain;
}

}  // namespace

std::string Harmless(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const auto byte = static_cast<unsigned char>(line[at]);
    if (line[at] == kEscape) {
      at = EndOfEscape(line, at);
      continue;
    }
    // C1 controls are two bytes in UTF-8: C2 80 to C2 9F.
    const bool c1 =
        byte == 0xC2 && at + 1 < line.size() && static_cast<unsigned char>(line[at + 1]) < 0xA0;
    if (c1 || (byte < 0x20 && byte != '\t') || byte == 0x7F) {
      out += kUnknown;
    } else {
      out += line[at];
    }
    at += c1 ? 2 : 1;
  }
  return out;
}

void PrintLog(const Terminal& terminal, const v1::LogText& log) {
  const std::string time = FormatTimestamp(FromProto(log.timestamp())).substr(11, 12);
  std::string who = log.state().empty() ? "task " + std::to_string(log.task()) : log.state();
  if (log.attempt() > 1) who += "#" + std::to_string(log.attempt());
  const std::string head = time + " " + who + " ";
  if (log.gap_bytes() > 0) {
    terminal.out << terminal.Paint(Colour::kDim, head + "… " + std::to_string(log.gap_bytes()) +
                                                     " bytes are missing here")
                 << '\n';
  }
  std::string_view text = log.text();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    terminal.out << terminal.Paint(Colour::kDim, head + log.stream() + " |") << ' '
                 << terminal.Paint(ColourOfStream(log.stream()), Harmless(text.substr(0, end)))
                 << '\n';
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace towline::cli
