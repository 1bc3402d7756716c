#include "worker/handlers/postgres_values.h"

#include <charconv>
#include <cmath>
#include <string>

#include "proto/jobs/json_text.h"
#include "statemachines/base/base64.h"
#include "worker/handlers/input.h"

namespace towline::handlers {
namespace {

// Object ids that PostgreSQL never changes.
enum : unsigned {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kTimestamp = 1114,
  kTimestampTz = 1184,
  kNumeric = 1700,
  kJsonb = 3802,
};

json::value Text(std::string_view text) { return json::value(jobs::ToUtf8(text)); }

template <class T>
json::value Number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return Text(text);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(number)) return Text(text);
  }
  return number;
}

json::value Bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {  // after \x
    unsigned byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return json::value(ToBase64(bytes));
}

// "2026-01-02 03:04:05+00" → "2026-01-02T03:04:05Z"
json::value Time(std::string_view text) {
  std::string time(text);
  const std::size_t space = time.find(' ');
  if (space == std::string::npos) return Text(text);  // infinity
  time[space] = 'T';
  if (time.size() > 3 && time.compare(time.size() - 3, 3, "+00") == 0) {
    time.replace(time.size() - 3, 3, "Z");
  }
  return Text(time);
}

}  // namespace

json::value ValueOfPostgres(unsigned type, std::string_view text) {
  switch (type) {
    case kBool:
      return text == "t";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return Number<std::int64_t>(text);
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return Number<double>(text);
    case kJson:
    case kJsonb: {
      const auto parsed = ParseJson(text);
      return parsed ? **parsed : Text(text);
    }
    case kBytea:
      return Bytes(text);
    case kTimestamp:
    case kTimestampTz:
      return Time(text);
    default:
      return Text(text);
  }
}

}  // namespace towline::handlers
