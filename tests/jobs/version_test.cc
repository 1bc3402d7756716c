// What installations of version 1 say, recorded: it must be understood for ever, and what a newer
// one adds must not disturb an older one.

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"
#include "statemachines/base/json.h"

namespace towline::jobs {
namespace {

struct Recorded {
  std::optional<TopicKind> kind{};  // nothing: a reply to a callback
  json::value message{};
};

std::vector<Recorded> Read() {
  std::ifstream file(std::string(TOWLINE_SOURCE_DIR) + "/tests/jobs/golden/version-1.jsonl");
  std::vector<Recorded> all;
  for (std::string line; std::getline(file, line);) {
    const auto parsed = ParseJson(line);
    EXPECT_TRUE(parsed) << line;
    const json::object& entry = (**parsed).as_object();
    const std::string topic(entry.at("topic").as_string());
    const auto parsed_topic = ParseTopic(topic);
    EXPECT_EQ(parsed_topic.has_value(), topic.find("/replies/") == std::string::npos) << topic;
    Recorded recorded{.message = entry.at("message")};
    if (parsed_topic) recorded.kind = parsed_topic->kind;
    all.push_back(std::move(recorded));
  }
  return all;
}

template <class T>
json::value Back(const Result<T>& message) {
  EXPECT_TRUE(message) << message.error().message;
  if (!message) return nullptr;
  return *ParseJson(Encode(*message)).value();
}

// What we make of it, said again.
json::value Understood(std::optional<TopicKind> kind, const std::string& text) {
  if (!kind) return Back(DecodeCallbackReply(text));
  switch (*kind) {
    case TopicKind::kPresence:
      return Back(DecodePresence(text));
    case TopicKind::kEvents:
      return Back(DecodeEventBatch(text));
    case TopicKind::kResults:
      return Back(DecodeResultBatch(text));
    case TopicKind::kCallbacks:
      return Back(DecodeCallback(text));
    case TopicKind::kJobs:
      return Back(DecodeJobBatch(text));
    case TopicKind::kControl:
      return Back(DecodeControl(text));
  }
  return nullptr;
}

bool IsPayload(std::string_view key) {
  for (const char* const payload : {"input", "output", "checkpoint", "data", "labels", "host"}) {
    if (key == payload) return true;
  }
  return false;
}

// Puts members that nobody knows into every object of the protocol's own.
void AddNewerFields(json::value& value) {
  if (json::array* const items = value.if_array()) {
    for (json::value& item : *items) AddNewerFields(item);
  }
  json::object* const members = value.if_object();
  if (members == nullptr) return;
  for (auto& [key, member] : *members) {
    if (!IsPayload(key)) AddNewerFields(member);
  }
  json::object newer;
  newer["deep"] = json::array{1, "two", nullptr};
  (*members)["newer"] = newer;
  (*members)["aNumber"] = 1.5;
}

TEST(VersionTest, EveryMessageOfVersionOneIsUnderstoodWhole) {
  const std::vector<Recorded> all = Read();
  ASSERT_GE(all.size(), 10U);
  for (const Recorded& each : all) {
    EXPECT_EQ(Understood(each.kind, PrintJson(each.message)), each.message)
        << PrintJson(each.message);
  }
}

TEST(VersionTest, WhatANewerOneAddsIsIgnored) {
  for (const Recorded& each : Read()) {
    json::value newer = each.message;
    AddNewerFields(newer);
    EXPECT_EQ(Understood(each.kind, PrintJson(newer)), each.message) << PrintJson(newer);
  }
}

TEST(VersionTest, AnotherVersionIsRefused) {
  for (const Recorded& each : Read()) {
    if (each.kind != TopicKind::kJobs) continue;
    json::value other = each.message;
    other.as_object()["v"] = 2;
    EXPECT_FALSE(DecodeJobBatch(PrintJson(other)));
  }
}

}  // namespace
}  // namespace towline::jobs
