#include "cli/event_text.h"

#include <boost/json/object.hpp>
#include <cmath>
#include <ostream>

#include "cli/show.h"
#include "statemachines/base/json.h"

namespace towline::cli {
namespace {

json::object Parse(const std::string& details) {
  const auto parsed = ParseJson(details);
  if (!parsed || !(*parsed)->is_object()) return {};
  return (*parsed)->get_object();
}

std::string Text(const json::object& details, std::string_view key) {
  const json::value* const value = details.if_contains(key);
  if (value == nullptr) return "";
  return value->is_string() ? std::string(value->get_string()) : PrintJson(*value);
}

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::string SubjectOf(const v1::HistoryEvent& event) {
  const json::object details = Parse(event.details());
  if (const std::string name = Text(details, "name"); !name.empty()) {
    const std::string index = Text(details, "index");
    return index.empty() ? name : name + "[" + index + "]";
  }
  if (const std::string type = Text(details, "resourceType"); !type.empty()) {
    return type + " " + Text(details, "resource");
  }
  if (const std::string worker = Text(details, "worker"); !worker.empty()) {
    return worker + ", attempt " + Text(details, "attempt");
  }
  for (const char* key : {"workerName", "resource"}) {
    if (std::string text = Text(details, key); !text.empty()) return text;
  }
  if (details.contains("attempt")) return "attempt " + Text(details, "attempt");
  return "";
}

std::string DetailOf(const v1::HistoryEvent& event) {
  const json::object details = Parse(event.details());
  if (details.contains("error") || details.contains("cause")) {
    const std::string error = Text(details, "error");
    const std::string cause = Text(details, "cause");
    return error + (error.empty() || cause.empty() ? "" : ": ") + cause;
  }
  for (const char* key : {"output", "input", "parameters", "reason", "checkpoint"}) {
    if (details.contains(key)) return Text(details, key);
  }
  if (details.contains("due")) return "until " + Text(details, "due");
  if (details.contains("length")) return Text(details, "length") + " items";
  return "";
}

Colour ColourOf(const v1::HistoryEvent& event) {
  const std::string& type = event.type();
  if (event.id() == 0) return Colour::kDim;
  if (EndsWith(type, "Failed") || EndsWith(type, "TimedOut")) return Colour::kRed;
  if (EndsWith(type, "Aborted")) return Colour::kYellow;
  if (EndsWith(type, "Succeeded")) return Colour::kGreen;
  return Colour::kPlain;
}

std::string ShowNews(const v1::JobNews& news) {
  std::string text = "job " + news.what();
  if (!news.worker().empty()) text += ", worker " + news.worker();
  if (news.attempt() > 1) text += ", attempt " + std::to_string(news.attempt());
  if (news.has_percent()) text += ", " + std::to_string(std::lround(news.percent())) + " %";
  if (!news.message().empty()) text += ": " + news.message();
  return text;
}

void PrintHistory(const Terminal& terminal, const v1::GetExecutionHistoryResponse& all) {
  constexpr std::size_t kDate = 10;  // "2026-11-25", then "T08:30:00.000Z"
  Table table({"ID", "TIME", "EVENT", "WHAT", "DETAIL"});
  std::string first;
  std::string day;
  for (const v1::HistoryEvent& event : all.events()) {
    const std::string time = FormatTimestamp(FromProto(event.timestamp()));
    const bool same = day.empty() || time.compare(0, kDate, day) == 0;
    day = time.substr(0, kDate);
    if (first.empty()) first = day;
    std::string clock = time.substr(kDate + 1, 12);
    if (!same) clock.insert(0, day + " ");
    table.Add({event.id() == 0 ? "" : std::to_string(event.id()), clock, event.type(),
               SubjectOf(event), DetailOf(event)},
              ColourOf(event));
  }
  table.Print(terminal);
  if (!first.empty()) terminal.out << "(times are UTC, from " << first << ")\n";
  if (all.evidence_size() == 0) return;
  terminal.out << "\nAnswers of workers that came too late or were refused:\n";
  Table evidence({"TIME", "TASK", "WORKER", "ATTEMPT", "WHAT", "DATA"});
  for (const v1::Evidence& one : all.evidence()) {
    evidence.Add({ShowTime(FromProto(one.timestamp())), std::to_string(one.task()), one.worker(),
                  std::to_string(one.attempt()), one.what(), one.data()});
  }
  evidence.Print(terminal);
}

}  // namespace towline::cli
