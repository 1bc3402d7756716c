#include "statemachines/base/json_stream.h"

#include "statemachines/base/json_builder.h"

namespace towline {
namespace {

json::parse_options Options() {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  return options;
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

struct JsonStreamParser::Parsers {
  json::basic_parser<JsonBuilder> builder{Options()};
  json::basic_parser<JsonChecker> checker{Options()};
};

JsonStreamParser::JsonStreamParser() : parsers_(std::make_unique<Parsers>()) {}
JsonStreamParser::~JsonStreamParser() = default;

void JsonStreamParser::Begin(Mode mode) {
  mode_ = mode;
  if (mode == Mode::kCheck) return parsers_->checker.reset();
  parsers_->builder.reset();
  parsers_->builder.handler().stack.reset();
  parsers_->builder.handler().number.clear();
}

template <class Parser>
JsonStreamParser::Progress JsonStreamParser::Write(Parser& parser, bool more,
                                                   std::string_view piece) {
  json::error_code ec;
  std::size_t used = parser.write_some(more, piece.data(), piece.size(), ec);
  if (ec) {
    reason_ = DescribeJsonError(ec, piece, used);
    return {Outcome::kInvalid, used};
  }
  if (!parser.done()) return {Outcome::kMore, used};
  // Boost takes the blanks behind the value too, as far as they lie in this piece.
  while (used > 0 && IsBlank(piece[used - 1])) used--;
  return {Outcome::kComplete, used};
}

JsonStreamParser::Progress JsonStreamParser::Feed(std::string_view piece) {
  return mode_ == Mode::kBuild ? Write(parsers_->builder, true, piece)
                               : Write(parsers_->checker, true, piece);
}

JsonStreamParser::Progress JsonStreamParser::Finish() {
  return mode_ == Mode::kBuild ? Write(parsers_->builder, false, "")
                               : Write(parsers_->checker, false, "");
}

json::value JsonStreamParser::Take() {
  CHECK(mode_ == Mode::kBuild && parsers_->builder.done());
  return parsers_->builder.handler().stack.release();
}

}  // namespace towline
