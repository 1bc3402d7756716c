#pragma once

#include <array>
#include <vector>

#include "statemachines/mapdata/item_parser.h"

namespace towline::mapdata {

// One row a record, an object of strings. The dialect is the service's:
//  - a field in quotes may hold delimiters and line breaks, and "" for a quote (RFC 4180); in a
//    field without quotes "" is a quote as well, and a single one stands for itself;
//  - a backslash takes \, " or the delimiter as it is; before anything else it disappears;
//  - cells beyond the headers are dropped, missing ones are "";
//  - a line with nothing on it is no row; one with blanks is.
// The text must be UTF-8.
class CsvItems : public ItemParser {
 public:
  explicit CsvItems(Options options);
  Result<std::optional<ParsedItem>> Next() override;

 private:
  enum class State {
    kFieldStart,
    kPlain,       // in a field without quotes, or behind the closing quote
    kPlainQuote,  // behind a quote in such a field
    kQuoted,
    kQuotedQuote,  // behind a quote in a quoted field: its end, or half of ""
    kEscape,       // behind a backslash
  };

  // Reads on until a record is complete (true) or the chunk is used up.
  bool ReadRecord();
  std::size_t PlainRun(std::string_view text) const;
  bool Take(char c);
  void EndCell();
  bool EndRecord();
  void Put(char c, State next) { text_ += c, state_ = next; }
  void ClearRecord();
  void StartAt(const ParserPosition& position);
  std::string_view Cell(std::size_t index) const;
  Status TakeHeaders();
  Result<ParsedItem> Row() const;
  Error AtRecord(std::string what) const;
  Error NotUtf8() const;

  std::array<bool, 256> special_{};  // characters that mean something
  std::vector<std::string> headers_;
  bool headers_known_ = false;
  State state_ = State::kFieldStart;
  State escaped_from_ = State::kPlain;
  bool after_return_ = false;      // a \n belongs to the \r before it
  std::string text_;               // cells of the record, one behind the other
  std::vector<std::size_t> ends_;  // of each cell, in text_
  bool empty_record_ = true;       // not one character yet, not even a quote
  std::size_t record_bytes_ = 0;
  std::uint64_t record_line_ = 1;
  std::uint64_t line_now_ = 1;
};

}  // namespace towline::mapdata
