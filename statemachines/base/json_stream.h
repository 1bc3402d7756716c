#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "statemachines/base/json.h"

namespace towline {

// Reads one JSON value that comes in pieces, by the rules of ParseJson, and stops right behind it:
// how a value is taken out of a document that is larger than memory. The pieces may be cut
// anywhere, inside a character or a number too.
//
//   parser.Begin(JsonStreamParser::Mode::kBuild);
//   while (progress.outcome == kMore) progress = parser.Feed(next piece);   // or Finish()
class JsonStreamParser {
 public:
  enum class Mode {
    kBuild,  // Take() returns the value
    kCheck,  // only the grammar is checked: passes over values of any size without memory
  };
  enum class Outcome { kMore, kComplete, kInvalid };
  struct Progress {
    Outcome outcome = Outcome::kMore;
    std::size_t used = 0;  // bytes of the piece: blanks and the value; what precedes the fault
  };

  JsonStreamParser();
  ~JsonStreamParser();
  JsonStreamParser(const JsonStreamParser&) = delete;
  JsonStreamParser& operator=(const JsonStreamParser&) = delete;

  // Forgets what was read and expects a value.
  void Begin(Mode mode);
  Progress Feed(std::string_view piece);
  // No more pieces: a number is complete now, anything else is cut short.
  Progress Finish();

  json::value Take();                                   // once, after kComplete
  const std::string& reason() const { return reason_; }  // after kInvalid; says no position

 private:
  struct Parsers;
  template <class Parser>
  Progress Write(Parser& parser, bool more, std::string_view piece);

  const std::unique_ptr<Parsers> parsers_;
  Mode mode_ = Mode::kBuild;
  std::string reason_;
};

}  // namespace towline
