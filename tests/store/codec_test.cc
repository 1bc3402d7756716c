#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/map_run_codec.h"
#include "orchestrator/store/packed_json.h"
#include "orchestrator/store/store.h"
#include "tests/store/describe.h"
#include "tests/store/samples.h"

namespace towline::store {
namespace {

using interpreter::EventRecord;

constexpr Timestamp kTime{Millis(1'764'000'000'500)};

std::vector<EventRecord> StepOf(const interpreter::Event& event) {
  return {{.seq = 5, .id = 4, .previous = 2, .time = kTime, .event = event}};
}

std::string Hex(std::string_view bytes) {
  std::string text;
  char two[3];
  for (std::size_t i = 0; i < bytes.size(); i++) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(bytes[i]));
    text += two;
    text += (i + 1) % 32 == 0 ? '\n' : ' ';
  }
  if (!text.empty()) text.back() = '\n';
  return text;
}

std::string Unhex(std::string_view text) {
  std::string bytes;
  std::istringstream in{std::string(text)};
  for (unsigned byte = 0; in >> std::hex >> byte;) bytes.push_back(static_cast<char>(byte));
  return bytes;
}

// The bytes that a released version has written; UPDATE_GOLDEN=1 writes those of this one.
std::string Golden(const std::string& name, const std::string& bytes) {
  const std::string path = std::string(TOWLINE_SOURCE_DIR) + "/tests/store/golden/" + name + ".hex";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << Hex(bytes);
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return Unhex(text.str());
}

// What old servers have written must be read for ever, field by field; and what we write today is
// what the golden bytes say.
TEST(EventCodecTest, EveryEventKeepsItsBytes) {
  std::vector<bool> seen(std::variant_size_v<interpreter::Event>);
  for (const EventSample& sample : EventSamples()) {
    SCOPED_TRACE(sample.name);
    seen[sample.event.index()] = true;
    const auto step = StepOf(sample.event);
    const std::string bytes = EncodeStep(step);
    const std::string golden = Golden(sample.name, bytes);
    EXPECT_EQ(Hex(bytes), Hex(golden));
    EXPECT_EQ(Describe(DecodeStep(golden)), Describe(step));
  }
  for (std::size_t i = 0; i < seen.size(); i++) {
    EXPECT_TRUE(seen[i]) << "no sample of event alternative " << i << ": add one to samples.cc";
  }
}

TEST(EventCodecTest, StatesAndTasksKeepTheirBytes) {
  const auto state = SampleState();
  const std::string state_bytes = EncodeState(state);
  EXPECT_EQ(Hex(state_bytes), Hex(Golden("state", state_bytes)));
  EXPECT_EQ(Describe(DecodeState(Golden("state", state_bytes))), Describe(state));
  const auto task = SampleTask();
  const std::string task_bytes = EncodeTask(task);
  EXPECT_EQ(Hex(task_bytes), Hex(Golden("task", task_bytes)));
  EXPECT_EQ(Describe(DecodeTask(Golden("task", task_bytes))), Describe(task));
}

TEST(EventCodecTest, NumbersOfAStepNeedNotBeConsecutive) {
  const interpreter::Event event = interpreter::StateAborted{1};
  std::vector<EventRecord> step = {
      {.seq = 10, .id = 0, .previous = 0, .time = kTime, .event = event},
      {.seq = 11, .id = 7, .previous = 3, .time = kTime, .event = event},
      {.seq = 12, .id = 8, .previous = 7, .time = kTime, .event = event},
      {.seq = 13, .id = 0, .previous = 8, .time = kTime, .event = event},
      {.seq = 20, .id = 9, .previous = 0, .time = kTime, .event = event},
      {.seq = 3, .id = 4, .previous = 9, .time = kTime, .event = event},
      {.seq = UINT64_MAX, .id = UINT64_MAX, .previous = 1, .time = kTime, .event = event}};
  EXPECT_EQ(Describe(DecodeStep(EncodeStep(step))), Describe(step));
}

TEST(EventCodecTest, ASharedDocumentIsWrittenOnceAndComesBackShared) {
  const Json input = Parse(R"({"text":"only once, please","parts":[{"deep":"not twice either"}]})");
  const Json part = Json::Part(input, input->as_object().at("parts").as_array()[0]);
  std::vector<EventRecord> step;
  using interpreter::Event;
  for (const Event& event : {Event(interpreter::StateEntered{0, 1, input}),
                             Event(interpreter::StateExited{0, input, 2}),
                             Event(interpreter::StateEntered{0, 2, part}),
                             Event(interpreter::StateExited{0, part, 3})}) {
    const std::uint64_t seq = step.size() + 1;
    step.push_back({.seq = seq, .id = seq, .previous = seq - 1, .time = kTime, .event = event});
  }
  const std::string bytes = EncodeStep(step);
  for (const char* once : {"only once, please", "not twice either"}) {
    EXPECT_NE(bytes.find(once), std::string::npos);
    EXPECT_EQ(bytes.find(once), bytes.rfind(once));
  }
  const auto back = DecodeStep(bytes);
  EXPECT_EQ(Describe(back), Describe(step));
  const Json& first = std::get<interpreter::StateEntered>(back[0].event).input;
  const Json& second = std::get<interpreter::StateEntered>(back[2].event).input;
  EXPECT_TRUE(first.SameAs(std::get<interpreter::StateExited>(back[1].event).output));
  EXPECT_TRUE(second.SameAs(std::get<interpreter::StateExited>(back[3].event).output));
  EXPECT_EQ(&*second, &first->as_object().at("parts").as_array()[0]);
}

TEST(EventCodecTest, ManyDocumentsAreToldApart) {
  interpreter::ExecutionState state = SampleState();
  std::vector<std::optional<Json>> outputs;
  for (int i = 0; i < 500; i++) outputs.emplace_back(Json(json::value(i % 100 + 1000)));
  for (int i = 0; i < 500; i++) outputs.push_back(outputs[static_cast<std::size_t>(i)]);
  state.frames[3].activity = interpreter::AwaitingChildren{outputs, 1, {}, 2, 40};
  const auto back = DecodeState(EncodeState(state));
  EXPECT_EQ(Describe(back), Describe(state));
  const auto& kept = std::get<interpreter::AwaitingChildren>(back.frames.at(3).activity).outputs;
  EXPECT_TRUE(kept[7]->SameAs(*kept[507]));
}

TEST(EventCodecTest, TheFrontOfATaskIsAllThatPlacementNeeds) {
  const auto task = SampleTask();
  const std::string bytes = EncodeTask(task);
  const std::size_t head = TaskHeadSize(bytes);
  ASSERT_LT(head, bytes.size());
  auto expected = task;
  expected.spec.payload = Json();
  expected.checkpoint.reset();
  EXPECT_EQ(Describe(DecodeTask(bytes, false)), Describe(expected));
  EXPECT_EQ(Describe(DecodeTask(bytes.substr(0, head), false)), Describe(expected));
  EXPECT_THROW(static_cast<void>(DecodeTask(bytes.substr(0, head))), StoreError);
  EXPECT_EQ(TaskHeadSize(""), 0u);
  EXPECT_EQ(TaskHeadSize("\xff\xff\xff"), 3u);
}

TEST(EventCodecTest, WhatANewerVersionWroteIsRefused) {
  // Field 100 of a record, which no version knows yet.
  const std::string unknown = std::string("\x2a\x05") + "\xa2\x06\x02\x08\x01";
  try {
    static_cast<void>(DecodeStep(unknown));
    FAIL();
  } catch (const StoreError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("newer server"));
  }
  std::string state = EncodeState(SampleState());
  state[1] = 9;  // the version is the first field
  EXPECT_THROW(static_cast<void>(DecodeState(state)), StoreError);
}

// Cuts and flips every kind of stored bytes: reading them ends in StoreError or in something, and
// with the sanitizers' word that nothing was touched that should not be.
TEST(EventCodecTest, DamagedBytesNeverCrash) {
  std::vector<std::string> all;
  for (const EventSample& sample : EventSamples()) all.push_back(EncodeStep(StepOf(sample.event)));
  all.push_back(EncodeState(SampleState()));
  all.push_back(EncodeTask(SampleTask()));
  std::mt19937 random(1);
  int refused = 0;
  const auto read = [&](const std::string& bytes) {
    const auto attempt = [&](const auto& decode) {
      try {
        static_cast<void>(decode(bytes));
      } catch (const StoreError&) {
        refused++;
      }
    };
    attempt([](const std::string& b) { return DecodeStep(b); });
    attempt([](const std::string& b) { return DecodeState(b); });
    attempt([](const std::string& b) { return DecodeTask(b); });
    TaskHeadSize(bytes);
  };
  for (const std::string& bytes : all) {
    for (std::size_t size = 0; size < bytes.size(); size++) read(bytes.substr(0, size));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit++) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      read(flipped);
    }
    for (int round = 0; round < 200; round++) {
      std::string scrambled = bytes;
      for (int i = 0; i < 4; i++) scrambled[random() % bytes.size()] = static_cast<char>(random());
      read(scrambled);
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(PackedJsonTest, EveryValueComesBackExactly) {
  for (const char* text :
       {"null", "true", "false", "0", "127", "128", "-1", "9223372036854775807",
        "-9223372036854775808", "18446744073709551615", "1.0", "-0.0", "1e300", "5e-324", "\"\"",
        "\"a string that is longer than thirty-one bytes\"", "[]", "{}",
        "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,[[]]]",
        R"({"z":1,"a":{"":[null,{"k":"\u0000ü"}]},"list":[{},{}]})"}) {
    const json::value value = *Parse(text);
    std::string bytes;
    AppendPacked(bytes, value);
    const json::value back = ReadPacked(bytes);
    EXPECT_EQ(back, value) << text;
    EXPECT_EQ(back.kind(), value.kind()) << text;
    EXPECT_EQ(PrintJson(back), PrintJson(value)) << "and in the same order";
  }
  json::value infinite = std::numeric_limits<double>::infinity();
  std::string bytes;
  AppendPacked(bytes, infinite);
  EXPECT_TRUE(std::isinf(ReadPacked(bytes).as_double()));
}

TEST(PackedJsonTest, DeepDocumentsNeedNoStack) {
  std::string bytes(20'000, '\x41');  // arrays of one
  bytes.push_back('\x40');
  const json::value deep = ReadPacked(bytes);
  std::string again;
  AppendPacked(again, deep);
  EXPECT_EQ(again, bytes);
}

TEST(PackedJsonTest, WhatIsNotOneValueIsRefused) {
  for (const std::string& bytes :
       {std::string(), std::string("\x80\x80"), std::string("\x09"), std::string("\x21"),
        std::string("\x07\xff\xff\xff\xff\x0f"), std::string("\x08\xff\xff\xff\xff\x0f"),
        std::string("\x52\x01k\x80\x01k\x80"), std::string("\x04\x01"),
        std::string("\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}) {
    EXPECT_THROW(static_cast<void>(ReadPacked(bytes)), StoreError) << Hex(bytes);
  }
}

// Every field differs from every other, and from its default.
TEST(MapRunCodecTest, AStateComesBackAsItWas) {
  interpreter::MapRunState state;
  EXPECT_TRUE(Equal(DecodeMapRunState(EncodeMapRunState(state)), state));
  state.status = interpreter::MapRunStatus::kFailed;
  state.stopping = true;
  state.max_concurrency = 1;
  state.tolerated_count = 0;
  state.tolerated_percentage = 0;
  state.next_child = 2;
  state.cursor = *ParseJson(R"({"items":3,"of":[{"key":"a"}]})");
  state.exhausted = true;
  state.executions = {.running = 4, .succeeded = 5, .failed = 6, .timed_out = 7, .aborted = 8,
                      .pending_redrive = 9, .not_redrivable = 10};
  state.items = {.running = 11, .succeeded = 12, .failed = 13, .timed_out = 14, .aborted = 15,
                 .pending_redrive = 16, .not_redrivable = 17};
  state.results_written = true;
  state.redrive_count = 18;
  state.started = kTime;
  state.stopped = kTime + Millis{1};
  state.redriven = kTime + Millis{2};
  EXPECT_TRUE(Equal(DecodeMapRunState(EncodeMapRunState(state)), state));
}

}  // namespace
}  // namespace towline::store
