#include "proto/jobs/messages.h"

#include <gtest/gtest.h>

#include "statemachines/base/json.h"

namespace towline::jobs {
namespace {

Offer FullOffer() {
  return Offer{.token = "t\"1",
               .attempt = 3,
               .partition = 2,
               .type = "add-numbers",
               .queue = "night",
               .input = R"({"a":15,"b":[1,2.50]})",
               .execution = "arn:towline:states:local:acme:execution:m:x",
               .state = "Tal ü\n",
               .start = StartMode::kAtMostOnce,
               .timeout_seconds = 60,
               .heartbeat_seconds = 9,
               .grace_seconds = 4,
               .checkpoint = R"({"at":7})",
               .traceparent = "00-ab-cd-01"};
}

JobResult FullResult() {
  return JobResult{.token = "t1",
                   .attempt = 2,
                   .outcome = JobResult::Outcome::kSucceeded,
                   .output = R"({"sum":57})",
                   .started = Timestamp(Millis(1'700'000'000'123)),
                   .finished = Timestamp(Millis(1'700'000'001'456)),
                   .cpu_seconds = 0.25,
                   .memory_bytes_max = 123456};
}

// Encodes, decodes and encodes again; the texts must be equal, so no field is lost.
template <class T, class D>
T RoundTrip(const T& message, D decode) {
  const std::string text = Encode(message);
  EXPECT_TRUE(ParseJson(text).has_value()) << text;
  const Result<T> back = decode(text);
  EXPECT_TRUE(back.has_value()) << (back ? "" : back.error().message) << "\n" << text;
  if (!back) return T{};
  EXPECT_EQ(Encode(*back), text);
  return *back;
}

TEST(MessagesTest, JobBatchRoundTrips) {
  const JobBatch back =
      RoundTrip(JobBatch{.connection = 1'700'000'000'001,
                         .seq = 7,
                         .jobs = {FullOffer(), Offer{.token = "x", .type = "y", .input = "null"}}},
                DecodeJobBatch);
  ASSERT_EQ(back.jobs.size(), 2U);
  EXPECT_EQ(back.connection, 1'700'000'000'001U);
  EXPECT_EQ(back.jobs[0].input, R"({"a":15,"b":[1,2.50]})") << "a payload passes as it is";
  EXPECT_EQ(back.jobs[0].token, "t\"1");
  EXPECT_EQ(back.jobs[0].start, StartMode::kAtMostOnce);
  EXPECT_EQ(back.jobs[1].queue, "default");
  EXPECT_FALSE(back.jobs[1].timeout_seconds);
  EXPECT_FALSE(back.jobs[1].checkpoint);
}

TEST(MessagesTest, ControlRoundTrips) {
  const Control back = RoundTrip(Control{.connection = 4,
                                         .acks = {{"a", 1, true}, {"b", 2, false}},
                                         .grants = {{"c", 1, true}, {"d", 1, false}},
                                         .cancel = {{"e", 5, "timed out", 3, 1}},
                                         .keep = {{"f", 1}},
                                         .logs = {{"g", 2, 77}, {"h", 1, 0, true}},
                                         .drain = false,
                                         .roll_call = true},
                                 DecodeControl);
  EXPECT_TRUE(back.acks[0].recorded);
  EXPECT_FALSE(back.acks[1].recorded);
  EXPECT_TRUE(back.grants[0].start);
  EXPECT_EQ(back.cancel[0].grace_seconds, 3);
  EXPECT_EQ(back.cancel[0].partition, 1);
  EXPECT_EQ(back.logs[0].offset, 77);
  EXPECT_FALSE(back.logs[0].refused);
  EXPECT_TRUE(back.logs[1].refused);
  EXPECT_EQ(back.drain, false);
  EXPECT_TRUE(back.roll_call);
  EXPECT_TRUE(RoundTrip(Control{}, DecodeControl).empty());
}

TEST(MessagesTest, PresenceRoundTrips) {
  const Presence back = RoundTrip(
      Presence{.state = WorkerState::kDraining,
               .incarnation = 9,
               .connection = 10,
               .seen = 11,
               .slots = 4,
               .types = {{"a", 2, StartMode::kAtMostOnce, "fail"}, {"b", 0, std::nullopt, ""}},
               .queues = {"default", "night"},
               .labels = {{"site", "ams"}, {"ke\"y", "v\\"}},
               .version = "0.1.0",
               .host = {{"os", "linux"}},
               .held = {{"t", 1, "running"}},
               .part = 2,
               .parts = 3},
      DecodePresence);
  EXPECT_EQ(back.labels.at("ke\"y"), "v\\");
  EXPECT_EQ(back.types[0].start, StartMode::kAtMostOnce);
  EXPECT_EQ(back.held[0].state, "running");
  EXPECT_EQ(back.parts, 3);
}

TEST(MessagesTest, EventBatchRoundTrips) {
  using Kind = WorkerEvent::Kind;
  const EventBatch back = RoundTrip(
      EventBatch{.incarnation = 5,
                 .events = {{.kind = Kind::kAccepted, .token = "a", .attempt = 1},
                            {.kind = Kind::kDeclined, .token = "b", .attempt = 2, .reason = "busy"},
                            {.kind = Kind::kHeartbeat, .beats = {{"c", 1}, {"d", 4}}},
                            {.kind = Kind::kProgress,
                             .token = "e",
                             .attempt = 1,
                             .percent = 40.5,
                             .message = "half",
                             .data = "[1]",
                             .checkpoint = "{\"p\":1}"},
                            {.kind = Kind::kLog,
                             .token = "f",
                             .attempt = 1,
                             .stream = "stderr",
                             .offset = 10,
                             .text = "oops\n",
                             .age_ms = 1500,
                             .end = true}}},
      DecodeEventBatch);
  EXPECT_EQ(back.events[2].beats[1].second, 4U);
  EXPECT_EQ(back.events[3].checkpoint, "{\"p\":1}");
  EXPECT_EQ(back.events[4].offset, 10);
  EXPECT_EQ(back.events[4].age_ms, 1500);
  EXPECT_TRUE(back.events[4].end);
}

TEST(MessagesTest, ResultBatchRoundTrips) {
  JobResult failed = FullResult();
  failed.outcome = JobResult::Outcome::kFailed;
  failed.output.clear();
  failed.error = "E";
  failed.cause = "line\n\"quoted\"";
  failed.checkpoint = R"({"page":6})";
  failed.cpu_seconds.reset();
  const ResultBatch back = RoundTrip(
      ResultBatch{.incarnation = 5, .results = {FullResult(), failed}}, DecodeResultBatch);
  EXPECT_EQ(back.results[0].output, R"({"sum":57})");
  EXPECT_EQ(back.results[0].finished, FullResult().finished);
  EXPECT_EQ(back.results[1].cause, failed.cause);
  EXPECT_EQ(back.results[1].checkpoint, failed.checkpoint);
  EXPECT_FALSE(back.results[0].checkpoint);
  EXPECT_EQ(back.results[1].memory_bytes_max, 123456);
  const auto entry = DecodeEntry(EncodeEntry(failed));
  ASSERT_TRUE(entry);
  EXPECT_EQ(EncodeEntry(*entry), EncodeEntry(failed));
}

TEST(MessagesTest, CallbackAndItsReplyRoundTrip) {
  EXPECT_EQ(
      RoundTrip(Callback{.task_token = "t", .output = "[1]", .reply_to = "a/b"}, DecodeCallback)
          .output,
      "[1]");
  EXPECT_EQ(
      RoundTrip(Callback{.task_token = "t", .error = "E", .cause = "c"}, DecodeCallback).cause,
      "c");
  EXPECT_TRUE(RoundTrip(Callback{.task_token = "t", .heartbeat = true}, DecodeCallback).heartbeat);
  EXPECT_EQ(RoundTrip(Callback{.task_token = "t", .progress = "{}"}, DecodeCallback).progress,
            "{}");
  EXPECT_EQ(
      RoundTrip(CallbackReply{CallbackReply::Verdict::kInvalid, "no"}, DecodeCallbackReply).message,
      "no");
}

TEST(MessagesTest, ACallbackSaysExactlyOneThing) {
  for (const char* bad :
       {R"({"v":1,"taskToken":"t"})", R"({"v":1,"taskToken":"t","heartbeat":false})",
        R"({"v":1,"taskToken":"t","output":1,"error":"E"})",
        R"({"v":1,"taskToken":"t","output":null,"heartbeat":true})", R"({"v":1,"output":1})",
        R"({"v":1,"taskToken":7,"output":1})"}) {
    EXPECT_FALSE(DecodeCallback(bad)) << bad;
  }
  EXPECT_TRUE(DecodeCallback(R"({"v":1,"taskToken":"t","output":null})"));
  EXPECT_TRUE(DecodeCallback(R"({"v":1,"taskToken":"t","cause":"c"})"));
}

TEST(MessagesTest, UnknownFieldsAreIgnored) {
  const auto batch = DecodeJobBatch(
      R"({"later":{"x":[1,"]"]},"v":1,"connection":2,"jobs":[{"token":"t","attempt":1,"type":"y",)"
      R"("input":{},"colour":"red"}]})");
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->jobs[0].token, "t");
}

TEST(MessagesTest, VersionMustBeOne) {
  EXPECT_EQ(DecodeControl("{}").error().message, "control: v is missing");
  EXPECT_EQ(DecodeControl(R"({"v":2})").error().message, "control: unknown version 2");
  EXPECT_FALSE(DecodeControl(R"({"v":"1"})"));
  EXPECT_FALSE(DecodeControl(R"({"v":1.0})"));
}

TEST(MessagesTest, WrongTypesAndMissingFieldsAreRefused) {
  const std::string job = R"("token":"t","attempt":1,"type":"y","input":1)";
  const auto batch = [](const std::string& fields) {
    return DecodeJobBatch(R"({"v":1,"jobs":[{)" + fields + "}]}");
  };
  ASSERT_TRUE(batch(job));
  for (const char* bad : {R"("queue":1)", R"("partition":"0")", R"("start":"Sometimes")",
                          R"("heartbeatSeconds":null)", R"("timeoutSeconds":1.5)",
                          R"("checkpoint":)", R"("attempt":-1)", R"("attempt":0)"}) {
    EXPECT_FALSE(batch(job + "," + bad)) << bad;
  }
  for (const char* bad :
       {R"("attempt":1,"type":"y","input":1)", R"("token":"t","type":"y","input":1)",
        R"("token":"t","attempt":1,"input":1)", R"("token":"t","attempt":1,"type":"y")"}) {
    EXPECT_FALSE(batch(bad)) << bad;
  }
  EXPECT_FALSE(
      batch(R"("token":")" + std::string(257, 'a') + R"(","attempt":1,"type":"y","input":1)"));
  EXPECT_FALSE(DecodeJobBatch(R"({"v":1,"jobs":{}})"));
  EXPECT_FALSE(DecodeControl(R"({"v":1,"acks":[{"token":"t","attempt":1}]})"));
  EXPECT_FALSE(DecodeControl(R"({"v":1,"grants":[{"token":"t","attempt":1,"verdict":"go"}]})"));
  EXPECT_FALSE(DecodePresence(R"({"v":1,"state":"online"})"));
  EXPECT_FALSE(DecodePresence(R"({"v":1,"state":"online","incarnation":1,"part":2})"));
  EXPECT_FALSE(DecodeEventBatch(R"({"v":1,"events":[{"kind":"heartbeat"}]})"));
  EXPECT_FALSE(DecodeEventBatch(
      R"({"v":1,"events":[{"kind":"progress","token":"t","attempt":1,"percent":101}]})"));
  EXPECT_FALSE(
      DecodeResultBatch(R"({"v":1,"results":[{"token":"t","attempt":1,"status":"succeeded"}]})"));
  EXPECT_FALSE(DecodeResultBatch(
      R"({"v":1,"results":[{"token":"t","attempt":1,"status":"failed","startedAt":"now"}]})"));
}

TEST(MessagesTest, ACheckpointAboveItsBoundIsRefused) {
  const auto event = [](std::size_t size) {
    return DecodeEventBatch(R"({"v":1,"events":[{"kind":"progress","token":"t","attempt":1,)"
                            R"("checkpoint":")" +
                            std::string(size - 2, 'x') + R"("}]})");
  };
  EXPECT_FALSE(DecodeResultBatch(
      R"({"v":1,"results":[{"token":"t","attempt":1,"status":"failed","error":"E","checkpoint":")" +
      std::string(kCheckpointBytesMax, 'x') + R"("}]})"));
  EXPECT_TRUE(event(kCheckpointBytesMax));
  EXPECT_FALSE(event(kCheckpointBytesMax + 1));
}

// Cuts a full message after every byte, and changes every byte: never a crash, never a reading
// of half a message.
TEST(MessagesTest, TruncatedAndDamagedMessagesAreRefusedOrWhole) {
  const std::string text = Encode(JobBatch{.connection = 1, .seq = 2, .jobs = {FullOffer()}});
  for (std::size_t size = 0; size < text.size(); size++) {
    EXPECT_FALSE(DecodeJobBatch(std::string_view(text).substr(0, size))) << size;
  }
  for (std::size_t i = 0; i < text.size(); i++) {
    for (const char c : {'\0', '"', '{', '}', '9', '\xff'}) {
      std::string damaged = text;
      damaged[i] = c;
      const auto batch = DecodeJobBatch(damaged);
      if (!batch) continue;
      for (const Offer& offer : batch->jobs) EXPECT_TRUE(ParseJson(offer.input)) << damaged;
    }
  }
}

TEST(MessagesTest, APayloadMayBeAsDeepAsAnyValue) {
  const auto depth = [](std::size_t levels) {
    Offer offer = FullOffer();
    offer.input = std::string(levels, '[') + std::string(levels, ']');
    return DecodeJobBatch(Encode(JobBatch{.jobs = {offer}})).has_value();
  };
  EXPECT_TRUE(depth(kJsonDepthMax));
  EXPECT_FALSE(depth(kJsonDepthMax + 20));
}

TEST(MessagesTest, RubbishIsRefusedWithAReason) {
  EXPECT_EQ(DecodeControl("").error().message, "control: expected an object at byte 0");
  EXPECT_EQ(DecodeControl("[]").error().message, "control: expected an object at byte 0");
  EXPECT_EQ(DecodeControl("{\"v\":1}}").error().message, "control: more after the end at byte 7");
  EXPECT_EQ(DecodeControl("{\"v\":1,\"drain\":\"yes\"}").error().message,
            "control: expected true or false at byte 15");
  const std::string large = "{\"v\":1,\"x\":\"" + std::string(kMessageBytesMax, 'x') + "\"}";
  EXPECT_EQ(DecodeControl(large).error().message, "control: message is above 96 KiB");
}

TEST(MessagesTest, EntrySizesBoundWhatABatchTakes) {
  Offer nasty = FullOffer();
  nasty.state = std::string(80, '\x01');
  nasty.traceparent = std::string(60, '"');
  nasty.attempt = 4294967295;
  nasty.partition = 65535;
  nasty.timeout_seconds = nasty.heartbeat_seconds = 9'007'199'254'740'991;
  nasty.grace_seconds = -9'007'199'254'740'991;
  JobResult failed = FullResult();
  failed.attempt = 4294967295;
  failed.outcome = JobResult::Outcome::kFailed;
  failed.cause = std::string(300, '\n');
  failed.checkpoint = "[" + std::string(500, '1') + "]";
  failed.cpu_seconds = 123456.78901234567;
  failed.memory_bytes_max = 9'007'199'254'740'991;
  EXPECT_LE(Encode(JobBatch{.connection = ~0ULL, .seq = ~0ULL, .jobs = {nasty, nasty}}).size(),
            kEnvelopeBytesMax + 2 * EntrySize(nasty));
  EXPECT_LE(Encode(ResultBatch{.incarnation = ~0ULL, .results = {failed, failed}}).size(),
            kEnvelopeBytesMax + 2 * EntrySize(failed));
  WorkerEvent beat{.kind = WorkerEvent::Kind::kHeartbeat,
                   .beats = {{"a\"b", 4294967295}, {"c", 1}}};
  WorkerEvent log{.kind = WorkerEvent::Kind::kLog,
                  .token = "t",
                  .attempt = 4294967295,
                  .stream = "stdout",
                  .offset = 9'007'199'254'740'991,
                  .text = "\n\n"};
  EXPECT_LE(Encode(EventBatch{.incarnation = ~0ULL, .events = {beat, log}}).size(),
            kEnvelopeBytesMax + EntrySize(beat) + EntrySize(log));
}

TEST(PresenceTest, PayloadsByReferenceAreAnnouncedOrNotMentioned) {
  EXPECT_EQ(Encode(Presence{}).find("payloads"), std::string::npos);
  const auto decoded =
      DecodePresence(Encode(Presence{.incarnation = 1, .connection = 1, .payloads = true}));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->payloads);
  const auto silent = DecodePresence(Encode(Presence{.incarnation = 1, .connection = 1}));
  ASSERT_TRUE(silent);
  EXPECT_FALSE(silent->payloads);
}

}  // namespace
}  // namespace towline::jobs
