#include "statemachines/asl/findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace towline::asl {

Place Place::Member(std::string_view name) const {
  Place place = *this;
  place.location_ += '/';
  place.location_ += name;
  place.pointer_ += '/';
  for (const char c : name) {
    if (c == '~') {
      place.pointer_ += "~0";
    } else if (c == '/') {
      place.pointer_ += "~1";
    } else {
      place.pointer_ += c;
    }
  }
  return place;
}

Place Place::Item(std::size_t index) const {
  Place place = *this;
  const std::string number = std::to_string(index);
  place.location_ += '[';
  place.location_ += number;
  place.location_ += ']';
  place.pointer_ += '/';
  place.pointer_ += number;
  return place;
}

Place Place::Within(std::string_view pointer) const {
  Place place = *this;
  place.pointer_ += pointer;
  return place;
}

Diagnostic* Findings::Add(Diagnostic::Severity severity, std::string_view code,
                          const Place& place, std::string message) {
  std::size_t& count = severity == Diagnostic::Severity::kError ? errors_ : warnings_;
  if (++count > kFindingsMax) return nullptr;
  Diagnostic diagnostic{.severity = severity,
                        .code = std::string(code),
                        .message = std::move(message),
                        .location = place.location()};
  found_.push_back({.diagnostic = std::move(diagnostic), .pointer = place.pointer()});
  return &found_.back().diagnostic;
}

void Findings::Error(std::string_view code, const Place& place, std::string message) {
  Add(Diagnostic::Severity::kError, code, place, std::move(message));
}

void Findings::ErrorAt(TextPosition position, std::string_view code, const Place& place,
                       std::string message) {
  Diagnostic* added = Add(Diagnostic::Severity::kError, code, place, std::move(message));
  if (added == nullptr) return;
  added->line = position.line;
  added->column = position.column;
}

void Findings::Schema(const Place& place, std::string message) {
  Error("SCHEMA_VALIDATION_FAILED", place, std::move(message));
}

void Findings::Warning(std::string_view code, const Place& place, std::string message) {
  Add(Diagnostic::Severity::kWarning, code, place, std::move(message));
}

void Findings::WholeError(std::string_view code, std::string message) {
  Diagnostic* added = Add(Diagnostic::Severity::kError, code, Place(), std::move(message));
  if (added != nullptr) added->location.clear();
}

void Findings::WantPositions(SourcePositions& positions) const {
  for (const Finding& finding : found_) positions.Want(finding.pointer);
}

std::vector<Diagnostic> Findings::InDocumentOrder(const SourcePositions& positions) && {
  for (Finding& finding : found_) {
    if (finding.diagnostic.location.empty() || finding.diagnostic.line != 0) continue;
    const TextPosition position = positions.Of(finding.pointer);
    finding.diagnostic.line = position.line;
    finding.diagnostic.column = position.column;
  }
  std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) {
    const auto key = [](const Diagnostic& d) {
      return std::tuple(d.location.empty(), d.line, d.column);
    };
    return key(a.diagnostic) < key(b.diagnostic);
  });
  std::vector<Diagnostic> diagnostics;
  diagnostics.reserve(found_.size());
  for (Finding& finding : found_) diagnostics.push_back(std::move(finding.diagnostic));
  if (errors_ > kFindingsMax) {
    diagnostics.push_back({.code = "SCHEMA_VALIDATION_FAILED",
                           .message = "There are " + std::to_string(errors_ - kFindingsMax) +
                                      " more problems; correct these first"});
  }
  return diagnostics;
}

std::string Bracketed(const std::vector<std::string_view>& names) {
  std::string text = "[";
  for (const std::string_view name : names) {
    if (text.size() > 1) text += ", ";
    text += name;
  }
  return text + "]";
}

}  // namespace towline::asl
