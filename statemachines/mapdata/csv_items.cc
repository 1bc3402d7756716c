#include "statemachines/mapdata/csv_items.h"

#include <boost/json/object.hpp>
#include <set>

#include "statemachines/mapdata/utf8.h"

namespace towline::mapdata {
namespace {

bool IsBreak(char c) { return c == '\n' || c == '\r'; }

}  // namespace

CsvItems::CsvItems(Options options) : ItemParser(std::move(options)) {
  if (options_.config.csv_headers) {
    headers_ = *options_.config.csv_headers;
    headers_known_ = true;
    if (options_.from.in != ParserPosition::In::kStart) StartAt(options_.from);
  }
  for (const char c : {'\n', '\r', '"', '\\', options_.config.csv_delimiter}) {
    special_[static_cast<unsigned char>(c)] = true;
  }
}

void CsvItems::StartAt(const ParserPosition& position) {
  GoTo(position);
  line_now_ = position.line;
  after_return_ = false;
  ClearRecord();
}

Result<std::optional<ParsedItem>> CsvItems::Next() {
  while (!done() && ReadRecord()) {
    if (headers_known_) {
      auto row = Row();
      if (!row) return row.error();
      ClearRecord();
      Mark(ParserPosition::In::kRows);
      return std::optional(std::move(*row));
    }
    if (Status good = TakeHeaders(); !good) return good.error();
    ClearRecord();
    if (options_.from.in == ParserPosition::In::kRows) StartAt(options_.from);
  }
  if (record_bytes_ > options_.item_bytes_max) return TooLarge();
  if (!done() && finished() && rest().empty()) {
    if (state_ == State::kQuoted) return AtRecord("the quotes of a field are never closed");
    End();
  }
  return std::optional<ParsedItem>();
}

bool CsvItems::ReadRecord() {
  const std::string_view text = rest();
  std::size_t at = 0;
  bool complete = false;
  while (!complete && at < text.size()) {
    const std::size_t plain = PlainRun(text.substr(at));
    text_ += text.substr(at, plain);
    at += plain;
    if (at == text.size()) break;
    const char c = text[at++];
    if (c == '\n') line_now_++;
    const bool second_half = after_return_ && c == '\n';
    after_return_ = false;
    if (!second_half) complete = Take(c);
  }
  Consume(at);
  record_bytes_ += at;
  if (record_bytes_ > options_.item_bytes_max) return false;
  if (!complete && finished() && rest().empty() && state_ != State::kQuoted) {
    if (state_ == State::kPlainQuote) Put('"', State::kPlain);
    complete = EndRecord();
  }
  return complete;
}

// Number of leading characters that are just text where we are.
std::size_t CsvItems::PlainRun(std::string_view text) const {
  if (state_ != State::kPlain && state_ != State::kQuoted) return 0;
  std::size_t run = 0;
  while (run < text.size() && !special_[static_cast<unsigned char>(text[run])]) run++;
  return run;
}

// One character; whether a record ends with it.
bool CsvItems::Take(char c) {
  const char delimiter = options_.config.csv_delimiter;
  switch (state_) {
    case State::kEscape:
      state_ = escaped_from_;
      if (c == '\\' || c == '"' || c == delimiter) {
        text_ += c;
        return false;
      }
      return Take(c);
    case State::kQuoted:
      if (c == '"') {
        state_ = State::kQuotedQuote;
      } else if (c == '\\') {
        escaped_from_ = state_;
        state_ = State::kEscape;
      } else {
        text_ += c;
      }
      return false;
    case State::kQuotedQuote:
      if (c == '"') return Put('"', State::kQuoted), false;
      break;
    case State::kPlainQuote:
      text_ += '"';
      if (c == '"') return state_ = State::kPlain, false;
      break;
    case State::kFieldStart:
    case State::kPlain: break;
  }
  if (IsBreak(c)) {
    after_return_ = c == '\r';
    return EndRecord();
  }
  if (empty_record_) {
    empty_record_ = false;
    record_line_ = line_now_;
  }
  if (c == delimiter) {
    EndCell();
  } else if (c == '\\') {
    escaped_from_ = State::kPlain;
    state_ = State::kEscape;
  } else if (c == '"') {
    state_ = state_ == State::kFieldStart ? State::kQuoted : State::kPlainQuote;
  } else {
    Put(c, State::kPlain);
  }
  return false;
}

void CsvItems::EndCell() {
  ends_.push_back(text_.size());
  state_ = State::kFieldStart;
}

bool CsvItems::EndRecord() {
  if (empty_record_) {
    ClearRecord();
    return false;
  }
  EndCell();
  return true;
}

void CsvItems::ClearRecord() {
  text_.clear();
  ends_.clear();
  empty_record_ = true;
  state_ = State::kFieldStart;
  record_bytes_ = 0;
}

std::string_view CsvItems::Cell(std::size_t index) const {
  if (index >= ends_.size()) return {};
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(begin, ends_[index] - begin);
}

Status CsvItems::TakeHeaders() {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < ends_.size(); i++) {
    if (!IsUtf8(Cell(i))) return NotUtf8();
    if (!seen.insert(Cell(i)).second) {
      return ReaderFailed("CSV headers cannot contain duplicates.");
    }
    headers_.emplace_back(Cell(i));
  }
  headers_known_ = true;
  return Ok();
}

Result<ParsedItem> CsvItems::Row() const {
  json::object row;
  row.reserve(headers_.size());
  for (std::size_t i = 0; i < headers_.size(); i++) {
    if (!IsUtf8(Cell(i))) return NotUtf8();
    row.emplace(headers_[i], Cell(i));
  }
  return ParsedItem{.value = Json(std::move(row))};
}

Error CsvItems::NotUtf8() const {
  return AtRecord("the text is not UTF-8; convert the file, e.g. with iconv -f latin1 -t utf8");
}

Error CsvItems::AtRecord(std::string what) const {
  return ReaderFailed(options_.source + ", row at line " + std::to_string(record_line_) + ": " +
                      std::move(what));
}

}  // namespace towline::mapdata
