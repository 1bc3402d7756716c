#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/parser.h"
#include "statemachines/asl/source_positions.h"

namespace towline::asl {

// Where in a definition something stands, in both notations that are needed: as the service
// writes it ("/States/C/Choices[0]/Next") and as an RFC 6901 pointer ("/States/C/Choices/0/Next"),
// which finds the line in the source.
class Place {
 public:
  Place() = default;  // the whole definition
  Place Member(std::string_view name) const;
  Place Item(std::size_t index) const;
  // The same place in the service's words, but `pointer` deeper in the source: the service names
  // the template, the line is that of the key within it.
  Place Within(std::string_view pointer) const;

  // "/" for the definition as a whole.
  std::string location() const { return location_.empty() ? "/" : location_; }
  const std::string& pointer() const { return pointer_; }

 private:
  std::string location_;
  std::string pointer_;
};

// Enough to work on; more is the mark of something that is no definition at all.
inline constexpr std::size_t kFindingsMax = 1000;

// Collects what is found wrong with one definition. Used by one Parse() call only.
class Findings {
 public:
  void Error(std::string_view code, const Place& place, std::string message);
  // SCHEMA_VALIDATION_FAILED, which most are.
  void Schema(const Place& place, std::string message);
  void Warning(std::string_view code, const Place& place, std::string message);
  // An error whose line is known already.
  void ErrorAt(TextPosition position, std::string_view code, const Place& place,
               std::string message);
  // An error about the whole definition, without a location.
  void WholeError(std::string_view code, std::string message);

  // For the lines of what was found: ask here, scan, hand back.
  void WantPositions(SourcePositions& positions) const;

  // With lines and columns, in the order in which they stand in the text; those without a
  // location come last. At most kFindingsMax: a last one tells how many more there were.
  std::vector<Diagnostic> InDocumentOrder(const SourcePositions& positions) &&;

 private:
  struct Finding {
    Diagnostic diagnostic;
    std::string pointer;
  };
  // Null when there are too many.
  Diagnostic* Add(Diagnostic::Severity severity, std::string_view code, const Place& place,
                  std::string message);

  std::vector<Finding> found_;
  std::size_t errors_ = 0;    // dropped ones included
  std::size_t warnings_ = 0;
};

// "[States, StartAt]"
std::string Bracketed(const std::vector<std::string_view>& names);

}  // namespace towline::asl
