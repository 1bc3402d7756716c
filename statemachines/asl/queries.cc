// JSONata in a definition: every expression is parsed here, once, and looked over for what the
// service refuses at creation.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

constexpr std::string_view kOpen = "{%";
constexpr std::string_view kClose = "%}";
constexpr std::string_view kUnsupported = "UNSUPPORTED_JSONATA_EXPRESSION";

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool Opens(std::string_view text) { return text.substr(0, kOpen.size()) == kOpen; }
bool Closes(std::string_view text) {
  return text.size() >= kClose.size() && text.substr(text.size() - kClose.size()) == kClose;
}

}  // namespace

bool IsQuery(const json::value& value) {
  const json::string* string = value.if_string();
  if (string == nullptr) return false;
  const std::string_view text = *string;
  return text.size() >= kOpen.size() + kClose.size() && Opens(text) && Closes(text);
}

bool Compiler::Offers(Sees sees, std::string_view member) {
  if (member == "input" || member == "context") return true;
  if (member == "result") return sees == Sees::kResult;
  return member == "errorOutput" && sees == Sees::kError;
}

std::optional<jsonata::Expression> Compiler::CompileQuery(std::string_view text, const Place& place,
                                                          Sees sees) {
  CHECK(text.size() >= kOpen.size() + kClose.size());
  text.remove_prefix(kOpen.size());
  text.remove_suffix(kClose.size());
  const auto parsed = jsonata::Expression::Parse(Trimmed(text), jsonata::Dialect::kStepFunctions);
  if (!parsed) {
    findings_.Error("INVALID_JSONATA_EXPRESSION", place, parsed.problem().message);
    return std::nullopt;
  }
  const jsonata::Mentions& mentions = parsed->mentions();
  for (const std::string& name : mentions.input) {
    findings_.Error(kUnsupported, place,
                    "Reference to '" + name + "' at the top level is not supported.");
  }
  for (const std::string& member : mentions.states) {
    if (Offers(sees, member)) continue;
    findings_.Error(kUnsupported, place, "Field '$states." + member + "' does not exist.");
  }
  references_.insert(mentions.variables.begin(), mentions.variables.end());
  return *parsed;
}

std::optional<jsonata::Expression> Compiler::CompileQueryField(const Fields& fields,
                                                               std::string_view name) {
  const auto text = fields.Query(name);
  if (!text) return std::nullopt;
  return CompileQuery(*text, fields.At(name), Sees::kInput);
}

QueryPart Compiler::CompileQueryPart(const json::value& source, const Place& place,
                                     std::string location, Sees sees) {
  QueryPart part{.constant = &source};
  if (const json::object* object = source.if_object()) {
    part.kind = QueryPart::Kind::kObject;
    for (const json::key_value_pair& member : *object) {
      const std::string key(member.key());
      part.keys.push_back(key);
      part.parts.push_back(
          CompileQueryPart(member.value(), place.Member(key), location + "/" + key, sees));
    }
  } else if (const json::array* array = source.if_array()) {
    part.kind = QueryPart::Kind::kArray;
    for (std::size_t i = 0; i < array->size(); i++) {
      part.parts.push_back(CompileQueryPart((*array)[i], place.Item(i),
                                            location + "[" + std::to_string(i) + "]", sees));
    }
  } else if (IsQuery(source)) {
    part.expression = CompileQuery(source.get_string(), place, sees);
    part.location = std::move(location);
    if (part.expression) part.kind = QueryPart::Kind::kExpression;
    return part;
  } else if (const json::string* text = source.if_string(); text != nullptr) {
    if (Opens(*text) || Closes(*text)) {
      findings_.Schema(place,
                       "A JSONata expression begins with '{%' and ends with '%}', without "
                       "anything before or after");
    }
    return part;
  }
  for (const QueryPart& inner : part.parts) {
    if (inner.kind != QueryPart::Kind::kConstant) return part;
  }
  return QueryPart{.constant = &source};
}

std::optional<Template> Compiler::CompileQueryTemplate(const Fields& fields, std::string_view name,
                                                       Sees sees) {
  const json::value* source = fields.Find(name);
  if (source == nullptr) return std::nullopt;
  const Json shared{*source};
  QueryPart root = CompileQueryPart(*shared, fields.At(name), "", sees);
  return QueryTemplate(shared, std::move(root));
}

}  // namespace towline::asl
