// Functions of texts, and from texts to texts.

#include <cmath>

#include "statemachines/base/text.h"
#include "statemachines/jsonata/encoding.h"
#include "statemachines/jsonata/functions.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

Value String(const Call& call) {
  const bool pretty = call[1].is_bool() && call[1].boolean();
  return call.evaluator.TextOf(call[0], pretty);
}

Value Substring(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (!call[1].is_number()) return call[2].is_undefined() ? call[0] : Value::String({});
  // A part of the text, which stays where it is.
  return Value::String(
      jsonata::Substring(call[0].text(), call[1].number(), OptionalNumber(call[2])));
}

Value SubstringBefore(const Call& call) {
  if (call[0].is_undefined() || !call[1].is_string()) return call[0];
  const std::string_view text = call[0].text();
  return Value::String(text.substr(0, FindText(text, call[1].text())));
}

Value SubstringAfter(const Call& call) {
  if (call[0].is_undefined() || !call[1].is_string()) return call[0];
  const std::string_view text = call[0].text();
  const std::size_t at = FindText(text, call[1].text());
  return at == std::string_view::npos ? call[0]
                                      : Value::String(text.substr(at + call[1].text().size()));
}

Value Lowercase(const Call& call) {
  return call[0].is_undefined() ? Value() : Text(call, ToLower(call[0].text()));
}

Value Uppercase(const Call& call) {
  return call[0].is_undefined() ? Value() : Text(call, ToUpper(call[0].text()));
}

Value Length(const Call& call) {
  return call[0].is_undefined() ? Value() : Value::Integer(CodePointCount(call[0].text()));
}

Value Trim(const Call& call) {
  return call[0].is_undefined() ? Value() : Text(call, jsonata::Trim(call[0].text()));
}

Value Pad(const Call& call) {
  if (call[0].is_undefined() || !call[1].is_number()) return call[0];
  const double width = std::fabs(call[1].number());
  const std::string_view fill = call[2].is_string() ? call[2].text() : std::string_view();
  constexpr double kBytesMax = 4;  // of a code point
  const double bytes = width * (IsAscii(fill) ? 1 : kBytesMax);
  if (!(bytes < static_cast<double>(call.evaluator.arena().left()))) {
    return call.evaluator.FailExhausted();
  }
  return Text(call, jsonata::Pad(call[0].text(), call[1].number(), fill));
}

Value Join(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements texts(call[0]);
  const std::string_view separator = call[1].is_string() ? call[1].text() : std::string_view();
  if (!call.evaluator.Step(texts.size())) return Value::Failed();
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < texts.size(); i++) {
    size += texts[i].text().size() + separator.size();
  }
  if (size > call.evaluator.arena().left()) return call.evaluator.FailExhausted();
  std::string joined;
  joined.reserve(size);
  for (std::uint32_t i = 0; i < texts.size(); i++) {
    if (i > 0) Append(joined, separator);
    Append(joined, texts[i].text());
  }
  return Text(call, joined);
}

template <auto Encode>
Value Encoded(const Call& call) {
  return call[0].is_undefined() ? Value() : Text(call, Encode(call[0].text()));
}

}  // namespace

std::vector<NativeEntry> TextFunctions() {
  return {
      {"string", "<x-b?:s>", 1, String},
      {"substring", "<s-nn?:s>", 3, Substring},
      {"substringBefore", "<s-s:s>", 2, SubstringBefore},
      {"substringAfter", "<s-s:s>", 2, SubstringAfter},
      {"lowercase", "<s-:s>", 1, Lowercase},
      {"uppercase", "<s-:s>", 1, Uppercase},
      {"length", "<s-:n>", 1, Length},
      {"trim", "<s-:s>", 1, Trim},
      {"pad", "<s-ns?:s>", 3, Pad},
      {"join", "<a<s>s?:s>", 2, Join},
      {"base64encode", "<s-:s>", 1, Encoded<Base64Encode>},
      {"base64decode", "<s-:s>", 1, Encoded<Base64Decode>},
      {"encodeUrlComponent", "<s-:s>", 1, Encoded<EncodeUrlComponent>},
      {"encodeUrl", "<s-:s>", 1, Encoded<EncodeUrl>},
      {"decodeUrlComponent", "<s-:s>", 1, Encoded<DecodeUrlComponent>},
      {"decodeUrl", "<s-:s>", 1, Encoded<DecodeUrl>},
  };
}

}  // namespace towline::jsonata
