#include "statemachines/mapdata/reader_position.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

namespace towline::mapdata {
namespace {

constexpr std::array<std::string_view, 5> kIn = {"start", "array", "object", "rows", "end"};

}  // namespace

json::value PositionToJson(const ReaderPosition& position) {
  json::object out;
  const auto count = [&](const char* key, std::uint64_t value, std::uint64_t usual) {
    if (value != usual) out[key] = value;
  };
  const auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  count("items", position.items, 0);
  count("objects", position.objects, 0);
  text("listed", position.listed);
  text("version", position.version);
  count("offset", position.in_object.offset, 0);
  count("line", position.in_object.line, 1);
  if (position.in_object.in != ParserPosition::In::kStart) {
    out["in"] = kIn[static_cast<std::size_t>(position.in_object.in)];
  }
  if (position.ended) out["ended"] = true;
  return out;
}

Result<ReaderPosition> PositionFromJson(const json::value& value) {
  const Error bad{Error::Code::kInvalidArgument, "not a reader's position: " + PrintJson(value)};
  const json::object* const object = value.if_object();
  if (object == nullptr) return bad;
  ReaderPosition position;
  const std::pair<std::string_view, std::uint64_t*> counts[] = {
      {"items", &position.items},
      {"objects", &position.objects},
      {"offset", &position.in_object.offset},
      {"line", &position.in_object.line}};
  for (const auto& [key, into] : counts) {
    const json::value* const member = object->if_contains(json::string_view(key));
    if (member == nullptr) continue;
    json::error_code not_a_count;
    *into = member->to_number<std::uint64_t>(not_a_count);
    if (not_a_count) return bad;
  }
  const std::pair<std::string_view, std::string*> texts[] = {{"listed", &position.listed},
                                                             {"version", &position.version}};
  for (const auto& [key, into] : texts) {
    const json::value* const member = object->if_contains(json::string_view(key));
    if (member == nullptr) continue;
    if (!member->is_string()) return bad;
    into->assign(member->get_string().data(), member->get_string().size());
  }
  if (const json::value* const in = object->if_contains("in")) {
    const json::string* const name = in->if_string();
    const auto known = std::find(kIn.begin(), kIn.end(), name == nullptr ? "" : name->c_str());
    if (known == kIn.end()) return bad;
    position.in_object.in = static_cast<ParserPosition::In>(known - kIn.begin());
  }
  const json::value* const ended = object->if_contains("ended");
  position.ended = ended != nullptr && ended->is_bool() && ended->get_bool();
  return position;
}

}  // namespace towline::mapdata
