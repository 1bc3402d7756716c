#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

}  // namespace

std::size_t Characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) count++;
  }
  return count;
}

bool LooksLikePath(std::string_view text) {
  if (text == "$" || text == "$$") return true;
  return StartsWith(text, "$.") || StartsWith(text, "$[") || StartsWith(text, "$$.");
}

bool LooksLikeIntrinsic(std::string_view text) {
  return StartsWith(text, "States.") && text.find('(') != std::string_view::npos;
}

bool ContainsPath(const json::value& value) {
  if (const json::string* text = value.if_string()) {
    return LooksLikePath(*text) || LooksLikeIntrinsic(*text);
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (ContainsPath(element)) return true;
    }
  }
  if (const json::object* object = value.if_object()) {
    for (const json::key_value_pair& member : *object) {
      if (EndsWith(member.key(), ".$") || ContainsPath(member.value())) return true;
    }
  }
  return false;
}

std::optional<jsonpath::Path> Compiler::CompilePath(std::string_view text, const Place& place) {
  Result<jsonpath::Path> path = jsonpath::Path::Parse(text);
  if (path) {
    path->CollectVariables(references_);
    return *std::move(path);
  }
  findings_.Schema(place, "Value must be a valid JSONPath. " + path.error().message);
  return std::nullopt;
}

PathField Compiler::CompilePathField(const Fields& fields, std::string_view name) {
  PathField field;
  const json::value* value = fields.Find(name);
  if (value == nullptr) return field;
  field.discards = value->is_null();
  if (const auto text = fields.String(name)) {
    if (auto path = CompilePath(*text, fields.At(name))) field.path = *std::move(path);
  }
  return field;
}

std::optional<jsonpath::ReferencePath> Compiler::CompileReferencePath(std::string_view text,
                                                                      const Place& place,
                                                                      bool context_allowed) {
  const auto refuse = [&](const std::string& why) {
    findings_.Schema(place, "Value is not a Reference Path: " + why);
    return std::nullopt;
  };
  if (!StartsWith(text, "$")) return refuse("Reference path didn't start with '$'");
  if (StartsWith(text, "$$") && !context_allowed) {
    return refuse("the context object ($$) cannot be used here");
  }
  Result<jsonpath::ReferencePath> path = jsonpath::ReferencePath::Parse(text);
  if (!path) {
    // It begins by saying what we have just said.
    constexpr std::string_view kSame = "is not a reference path: ";
    const std::string& why = path.error().message;
    const std::size_t at = why.find(kSame);
    return refuse(at == std::string::npos ? why : why.substr(at + kSame.size()));
  }
  path->CollectVariables(references_);
  return *std::move(path);
}

ResultPathField Compiler::CompileResultPath(const Fields& fields) {
  ResultPathField field;
  const json::value* value = fields.Find("ResultPath");
  if (value == nullptr) return field;
  field.discards = value->is_null();
  const auto text = fields.String("ResultPath");
  if (!text) return field;
  const Place place = fields.At("ResultPath");
  if (text->size() > 1 && (*text)[0] == '$' && (*text)[1] != '.' && (*text)[1] != '[' &&
      (*text)[1] != '$') {
    findings_.Schema(place, "Value is not a Reference Path: a variable cannot be written here");
    return field;
  }
  field.path = CompileReferencePath(*text, place, false);
  return field;
}

std::optional<Template> Compiler::CompileTemplate(const Fields& fields, std::string_view name,
                                                  Sees sees) {
  if (fields.language() == QueryLanguage::kJsonPath) return CompilePathTemplate(fields, name);
  return CompileQueryTemplate(fields, name, sees);
}

std::optional<Template> Compiler::CompileParameters(const Fields& fields) {
  const bool path = fields.language() == QueryLanguage::kJsonPath;
  return CompileTemplate(fields, path ? "Parameters" : "Arguments");
}

std::optional<Template> Compiler::CompilePathTemplate(const Fields& fields,
                                                      std::string_view name) {
  const json::value* source = fields.Find(name);
  if (source == nullptr || source->is_null()) return std::nullopt;
  const Place place = fields.At(name);
  std::vector<jsonpath::TemplateProblem> problems;
  jsonpath::Template compiled = jsonpath::Template::Compile(*source, problems);
  for (const jsonpath::TemplateProblem& problem : problems) {
    findings_.Schema(place.Within(problem.pointer), problem.message);
  }
  WarnAboutLiterals(*source, place);
  if (!problems.empty()) return std::nullopt;
  references_.insert(compiled.variables().begin(), compiled.variables().end());
  return compiled;
}

Number Compiler::CompileNumber(const Fields& fields, std::string_view name, std::int64_t min,
                               std::int64_t max, bool context_allowed) {
  Number number;
  const std::string path = std::string(name) + "Path";
  number.literal = fields.Integer(name, min, max);
  if (const auto text = fields.String(path)) {
    number.path = CompileReferencePath(*text, fields.At(path), context_allowed);
  }
  number.query = CompileQueryField(fields, name);
  return number;
}

void Compiler::WarnAboutLiterals(const json::value& value, const Place& place) {
  if (const json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); i++) WarnAboutLiterals((*array)[i], place.Item(i));
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return;
  for (const json::key_value_pair& member : *object) {
    const std::string_view key = member.key();
    const json::string* text = member.value().if_string();
    if (text == nullptr) {
      if (!member.value().is_primitive()) WarnAboutLiterals(member.value(), place.Member(key));
    } else if (!EndsWith(key, ".$") && (LooksLikePath(*text) || LooksLikeIntrinsic(*text))) {
      findings_.Warning("NO_DOLLAR", place.Member(key),
                        "The value of '" + std::string(key) +
                            "' looks like a path or an intrinsic function, but is used as it is; "
                            "write '" + std::string(key) + ".$' to evaluate it");
    }
  }
}

void Compiler::WarnAboutLiteral(std::string_view text, std::string_view name,
                                const Fields& fields) {
  if (!LooksLikePath(text) && !LooksLikeIntrinsic(text)) return;
  findings_.Warning("NO_PATH", fields.At(name),
                    "The value of '" + std::string(name) +
                        "' looks like a path, but is used as it is; write '" + std::string(name) +
                        "Path' to evaluate it");
}

}  // namespace towline::asl
