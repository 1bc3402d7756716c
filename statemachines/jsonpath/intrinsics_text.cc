#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "statemachines/jsonpath/expression_node.h"
#include "statemachines/jsonpath/intrinsics.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

std::string_view TextOf(const json::value& value) {
  const json::string& text = value.get_string();
  return {text.data(), text.size()};
}

// As Java prints a value: strings bare, objects {a=1, b=[x, y]}. That is what AWS does with them.
void AppendAsJava(std::string& out, const json::value& value) {
  if (const json::string* text = value.if_string()) {
    out.append(text->data(), text->size());
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& element : *array) {
      if (&element != &array->front()) out += ", ";
      AppendAsJava(out, element);
    }
    out += ']';
  } else if (const json::object* object = value.if_object()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ", ";
      first = false;
      out += std::string_view(member.key());
      out += '=';
      AppendAsJava(out, member.value());
    }
    out += '}';
  } else {
    AppendJson(out, value);
  }
}

bool TakeText(Invocation& call, const std::string& text) {
  if (call.allowance.TakeBytes(text.size())) return true;
  return call.TooLarge(call.allowance.error().detail);
}

// Every "{}" of a template that comes from the input; there nothing can be escaped.
std::vector<std::size_t> FindPlaceholders(std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t at = text.find("{}"); at != std::string_view::npos;
       at = text.find("{}", at + 2)) {
    places.push_back(at);
  }
  return places;
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

bool Format(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  const ExpressionNode& source = call.call.arguments[0];
  std::vector<std::size_t> found;
  if (source.kind != ExpressionNode::Kind::kLiteral) found = FindPlaceholders(text);
  const auto& places = source.kind == ExpressionNode::Kind::kLiteral ? source.placeholders : found;
  const std::size_t values = call.arguments.size() - 1;
  if (places.size() != values) {
    return call.Fail("The template has " + std::to_string(places.size()) + " places {} for " +
                     std::to_string(values) + " values");
  }
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < values; i++) {
    out += text.substr(from, places[i] - from);
    AppendAsJava(out, call[i + 1]);
    from = places[i] + 2;
  }
  out += text.substr(from);
  if (!TakeText(call, out)) return false;
  result = std::string_view(out);
  return true;
}

bool StringToJson(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  if (IsBlank(text)) {
    result = nullptr;
    return true;
  }
  const auto parsed = ParseJson(text);
  if (!parsed) return call.Fail("The string is not valid JSON: " + parsed.error().message);
  if (!call.allowance.Take(**parsed)) return call.TooLarge(call.allowance.error().detail);
  result = **parsed;
  return true;
}

bool JsonToString(Invocation& call, json::value& result) {
  const std::string text = PrintJson(call[0]);
  if (!TakeText(call, text)) return false;
  result = std::string_view(text);
  return true;
}

// Splits at any of the listed characters; empty pieces are dropped.
bool StringSplit(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  const std::string_view splitters = TextOf(call[1]);
  std::u32string separators;
  for (std::size_t at = 0; at < splitters.size();) separators += TakeCodePoint(splitters, at);
  std::sort(separators.begin(), separators.end());  // there may be as many as characters in `text`
  json::array pieces;
  std::size_t begin = 0;
  const auto finish = [&](std::size_t end) {
    if (end > begin) pieces.emplace_back(text.substr(begin, end - begin));
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    const char32_t c = TakeCodePoint(text, at);
    if (!std::binary_search(separators.begin(), separators.end(), c)) continue;
    finish(here);
    begin = at;
  }
  finish(text.size());
  result = std::move(pieces);
  if (call.allowance.Take(result)) return true;
  return call.TooLarge(call.allowance.error().detail);
}

}  // namespace towline::jsonpath
