#include "cli/json_output.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <ostream>

#include "statemachines/base/check.h"

namespace towline::cli {
namespace {

// 64-bit numbers, which protobuf prints as texts.
constexpr std::array<std::string_view, 22> kNumbers = {
    "id", "previousEventId", "seq", "task", "ahead", "incarnation", "runningExecutions",
    "heartbeatSeconds", "mapRunIndex", "toleratedFailureCount", "openExecutions", "refused",
    // MapRunCounts
    "pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten",
    "failuresNotRedrivable", "pendingRedrive"};
constexpr std::array<std::string_view, 6> kEnumPrefixes = {
    "EXECUTION_STATUS_", "STATE_MACHINE_STATUS_", "MAP_RUN_STATUS_", "WORKER_STATE_", "SEVERITY_",
    "FOR_"};

bool HoldsEnum(std::string_view key) {
  return key == "status" || key == "state" || key == "severity" || key == "what";
}

json::value Improve(std::string_view key, const json::value& value) {
  const json::string& text = value.get_string();
  if (std::find(kNumbers.begin(), kNumbers.end(), key) != kNumbers.end()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  if (HoldsEnum(key)) {
    for (const std::string_view prefix : kEnumPrefixes) {
      if (std::string_view(text).substr(0, prefix.size()) != prefix) continue;
      return json::value(std::string_view(text).substr(prefix.size()));
    }
  }
  if (key == "details") {
    if (auto parsed = ParseJson(text)) return **parsed;
  }
  return value;
}

void Walk(json::value& value) {
  if (auto* object = value.if_object()) {
    for (auto& [key, member] : *object) {
      // What a site calls its labels is its own business.
      if (key == "labels" || key == "host") continue;
      if (member.is_string()) {
        member = Improve(key, member);
      } else {
        Walk(member);
      }
    }
  } else if (auto* array = value.if_array()) {
    for (json::value& element : *array) Walk(element);
  }
}

}  // namespace

json::value ToJson(const google::protobuf::Message& message) {
  // Every answer has the same members: programs need not ask whether there is a list or a flag.
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  CHECK(status.ok());
  const auto parsed = ParseJson(text);
  CHECK(parsed.has_value());
  json::value value = **parsed;
  Walk(value);
  return value;
}

void PrintJsonLine(const Terminal& terminal, const json::value& value) {
  terminal.out << (terminal.width > 0 ? PrintJsonPretty(value) : PrintJson(value)) << '\n';
}

}  // namespace towline::cli
