#include "proto/jobs/json_text.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/names.h"

namespace towline::jobs {
namespace {

using Key = std::string_view;

constexpr std::size_t kTokenBytesMax = 256;
constexpr std::int64_t kOffsetMax = std::int64_t{1} << 53;  // of a log; as far as doubles count
// A payload may be as deep as any value; the message around it comes on top.
constexpr int kMessageDepthMax = static_cast<int>(kJsonDepthMax) + 8;

template <class T>
bool Integer(JsonReader& in, std::optional<T>& value) {
  return in.Integer(value.emplace());
}
bool Raw(JsonReader& in, std::optional<std::string>& value) { return in.Raw(value.emplace()); }
bool String(JsonReader& in, std::optional<std::string>& value) {
  return in.String(value.emplace());
}

template <class T, std::size_t N>
bool Word(JsonReader& in, const Names<T, N>& names, T& value) {
  std::string word;
  if (!in.String(word)) return false;
  const std::optional<T> known = ValueOf(names, word);
  if (!known) return in.Fail("unknown word '" + word.substr(0, 40) + "'");
  value = *known;
  return true;
}

// One of two words.
bool Choice(JsonReader& in, Key yes, Key no, bool& value) {
  std::string word;
  if (!in.String(word)) return false;
  if (word != yes && word != no) return in.Fail("unknown word '" + word.substr(0, 40) + "'");
  value = word == yes;
  return true;
}

template <class T, class F>
bool List(JsonReader& in, std::vector<T>& items, F read) {
  items.clear();
  return in.Array([&] { return read(in, items.emplace_back()); });
}

bool StringMap(JsonReader& in, std::map<std::string, std::string>& map) {
  map.clear();
  return in.Object([&](Key key) { return in.String(map[std::string(key)]); });
}

bool CheckToken(JsonReader& in, const std::string& token) {
  if (token.empty()) return in.Fail("token is missing");
  return token.size() <= kTokenBytesMax || in.Fail("token is too long");
}

bool CheckNamed(JsonReader& in, const std::string& token, std::uint32_t attempt) {
  return CheckToken(in, token) && (attempt > 0 || in.Fail("attempt is missing"));
}

bool ReadOffer(JsonReader& in, Offer& offer) {
  offer.attempt = 0;
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(offer.token);
    if (key == "attempt") return in.Integer(offer.attempt);
    if (key == "partition") return in.Integer(offer.partition);
    if (key == "type") return in.String(offer.type);
    if (key == "queue") return in.String(offer.queue);
    if (key == "input") return in.Raw(offer.input);
    if (key == "execution") return in.String(offer.execution);
    if (key == "state") return in.String(offer.state);
    if (key == "start") return Word(in, kStartModes, offer.start);
    if (key == "timeoutSeconds") return Integer(in, offer.timeout_seconds);
    if (key == "heartbeatSeconds") return Integer(in, offer.heartbeat_seconds);
    if (key == "graceSeconds") return in.Integer(offer.grace_seconds);
    if (key == "checkpoint") return Raw(in, offer.checkpoint);
    if (key == "traceparent") return in.String(offer.traceparent);
    return in.Skip();
  });
  if (!read || !CheckNamed(in, offer.token, offer.attempt)) return false;
  if (offer.type.empty()) return in.Fail("type is missing");
  return !offer.input.empty() || in.Fail("input is missing");
}

bool ReadAck(JsonReader& in, Control::Ack& ack) {
  bool said = false;
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(ack.token);
    if (key == "attempt") return in.Integer(ack.attempt);
    if (key == "status") return said = Choice(in, "recorded", "stale", ack.recorded);
    return in.Skip();
  });
  return read && CheckNamed(in, ack.token, ack.attempt) && (said || in.Fail("status is missing"));
}

bool ReadGrant(JsonReader& in, Control::Grant& grant) {
  bool said = false;
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(grant.token);
    if (key == "attempt") return in.Integer(grant.attempt);
    if (key == "verdict") return said = Choice(in, "start", "forget", grant.start);
    return in.Skip();
  });
  return read && CheckNamed(in, grant.token, grant.attempt) &&
         (said || in.Fail("verdict is missing"));
}

bool ReadCancel(JsonReader& in, Control::Cancel& cancel) {
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(cancel.token);
    if (key == "attempt") return in.Integer(cancel.attempt);
    if (key == "reason") return in.String(cancel.reason);
    if (key == "graceSeconds") return in.Integer(cancel.grace_seconds);
    if (key == "partition") return in.Integer(cancel.partition);
    return in.Skip();
  });
  return read && CheckNamed(in, cancel.token, cancel.attempt);
}

bool ReadKeep(JsonReader& in, Control::Keep& keep) {
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(keep.token);
    if (key == "attempt") return in.Integer(keep.attempt);
    return in.Skip();
  });
  return read && CheckNamed(in, keep.token, keep.attempt);
}

bool ReadLogAck(JsonReader& in, Control::LogAck& ack) {
  bool said = false;
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(ack.token);
    if (key == "attempt") return in.Integer(ack.attempt);
    if (key == "offset") return said = in.Integer(ack.offset);
    if (key == "refused") return said = in.Bool(ack.refused);
    return in.Skip();
  });
  return read && CheckNamed(in, ack.token, ack.attempt) && (said || in.Fail("offset is missing"));
}

bool ReadType(JsonReader& in, TypeInfo& type) {
  const bool read = in.Object([&](Key key) {
    if (key == "name") return in.String(type.name);
    if (key == "slots") return in.Integer(type.slots);
    if (key == "start") return Word(in, kStartModes, type.start.emplace());
    if (key == "onWorkerLost") return in.String(type.on_worker_lost);
    return in.Skip();
  });
  return read && (!type.name.empty() || in.Fail("name is missing"));
}

bool ReadHeld(JsonReader& in, Held& held) {
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(held.token);
    if (key == "attempt") return in.Integer(held.attempt);
    if (key == "state") return in.String(held.state);
    return in.Skip();
  });
  return read && CheckNamed(in, held.token, held.attempt);
}

bool ReadBeat(JsonReader& in, std::pair<std::string, std::uint32_t>& beat) {
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(beat.first);
    if (key == "attempt") return in.Integer(beat.second);
    return in.Skip();
  });
  return read && CheckNamed(in, beat.first, beat.second);
}

bool CheckLog(JsonReader& in, const WorkerEvent& event) {
  if (event.stream.empty()) return in.Fail("stream is missing");
  if (event.stream.size() > kStreamNameBytesMax) return in.Fail("stream is too long");
  const bool fits = event.offset >= 0 && event.offset <= kOffsetMax && event.age_ms >= 0;
  return fits || in.Fail("offset or ageMs is out of range");
}

bool CheckEvent(JsonReader& in, const WorkerEvent& event, bool kind) {
  if (!kind) return in.Fail("kind is missing");
  if (event.kind == WorkerEvent::Kind::kHeartbeat) {
    return !event.beats.empty() || in.Fail("jobs are missing");
  }
  if (event.percent && !(*event.percent >= 0 && *event.percent <= 100)) {
    return in.Fail("percent is not between 0 and 100");
  }
  for (const auto* payload : {&event.data, &event.checkpoint}) {
    if (*payload && (*payload)->size() > kCheckpointBytesMax) {
      return in.Fail("data or checkpoint is above 8 KiB");
    }
  }
  if (event.kind == WorkerEvent::Kind::kLog && !CheckLog(in, event)) return false;
  return CheckNamed(in, event.token, event.attempt);
}

bool ReadEvent(JsonReader& in, WorkerEvent& event) {
  bool kind = false;
  const bool read = in.Object([&](Key key) {
    if (key == "kind") return kind = Word(in, kEventKinds, event.kind);
    if (key == "token") return in.String(event.token);
    if (key == "attempt") return in.Integer(event.attempt);
    if (key == "jobs") return List(in, event.beats, ReadBeat);
    if (key == "reason") return in.String(event.reason);
    if (key == "percent") return in.Number(event.percent.emplace());
    if (key == "message") return in.String(event.message);
    if (key == "data") return Raw(in, event.data);
    if (key == "checkpoint") return Raw(in, event.checkpoint);
    if (key == "stream") return in.String(event.stream);
    if (key == "offset") return in.Integer(event.offset);
    if (key == "text") return in.String(event.text);
    if (key == "ageMs") return in.Integer(event.age_ms);
    if (key == "end") return in.Bool(event.end);
    return in.Skip();
  });
  return read && CheckEvent(in, event, kind);
}

bool ReadTime(JsonReader& in, Timestamp& time) {
  std::string text;
  if (!in.String(text)) return false;
  const std::optional<Timestamp> parsed = ParseTimestamp(text);
  if (!parsed) return in.Fail("expected an RFC 3339 time");
  time = *parsed;
  return true;
}

bool ReadUsage(JsonReader& in, JobResult& result) {
  return in.Object([&](Key key) {
    if (key == "cpuSeconds") return in.Number(result.cpu_seconds.emplace());
    if (key == "memoryBytesMax") return Integer(in, result.memory_bytes_max);
    return in.Skip();
  });
}

bool ReadResult(JsonReader& in, JobResult& result) {
  bool status = false;
  const bool read = in.Object([&](Key key) {
    if (key == "token") return in.String(result.token);
    if (key == "attempt") return in.Integer(result.attempt);
    if (key == "status") return status = Word(in, kOutcomes, result.outcome);
    if (key == "output") return in.Raw(result.output);
    if (key == "error") return in.String(result.error);
    if (key == "cause") return in.String(result.cause);
    if (key == "checkpoint") return Raw(in, result.checkpoint);
    if (key == "startedAt") return ReadTime(in, result.started);
    if (key == "finishedAt") return ReadTime(in, result.finished);
    if (key == "usage") return ReadUsage(in, result);
    return in.Skip();
  });
  if (!read || !CheckNamed(in, result.token, result.attempt)) return false;
  if (!status) return in.Fail("status is missing");
  if (result.checkpoint && result.checkpoint->size() > kCheckpointBytesMax) {
    return in.Fail("checkpoint is above 8 KiB");
  }
  const bool succeeded = result.outcome == JobResult::Outcome::kSucceeded;
  return !succeeded || !result.output.empty() || in.Fail("output is missing");
}

// Reads the object around the members; `what` names the message in errors.
template <class T, class F>
Result<T> Decode(std::string_view what, std::string_view text, F member) {
  const auto refuse = [&](const std::string& why) {
    return Error{Error::Code::kInvalidArgument, std::string(what) + ": " + why};
  };
  if (text.size() > kMessageBytesMax) return refuse("message is above 96 KiB");
  JsonReader in(text, kMessageDepthMax);
  T message;
  int version = 0;
  const bool read = in.Object([&](Key key) {
    if (key == "v") return in.Integer(version);
    return member(in, key, message);
  });
  if (!read || !in.End()) return refuse(in.error().message);
  if (version == 0) return refuse("v is missing");
  if (version != 1) return refuse("unknown version " + std::to_string(version));
  return message;
}

}  // namespace

Result<JobBatch> DecodeJobBatch(std::string_view text) {
  return Decode<JobBatch>("job batch", text, [](JsonReader& in, Key key, JobBatch& batch) {
    if (key == "connection") return in.Integer(batch.connection);
    if (key == "seq") return in.Integer(batch.seq);
    if (key == "jobs") return List(in, batch.jobs, ReadOffer);
    return in.Skip();
  });
}

Result<Control> DecodeControl(std::string_view text) {
  return Decode<Control>("control", text, [](JsonReader& in, Key key, Control& control) {
    if (key == "connection") return in.Integer(control.connection);
    if (key == "acks") return List(in, control.acks, ReadAck);
    if (key == "grants") return List(in, control.grants, ReadGrant);
    if (key == "cancel") return List(in, control.cancel, ReadCancel);
    if (key == "keep") return List(in, control.keep, ReadKeep);
    if (key == "logs") return List(in, control.logs, ReadLogAck);
    if (key == "drain") return in.Bool(control.drain.emplace());
    if (key == "rollCall") return in.Bool(control.roll_call);
    return in.Skip();
  });
}

Result<Presence> DecodePresence(std::string_view text) {
  const auto string = [](JsonReader& in, std::string& value) { return in.String(value); };
  bool state = false;
  auto presence =
      Decode<Presence>("presence", text, [&](JsonReader& in, Key key, Presence& message) {
        if (key == "state") return state = Word(in, kWorkerStates, message.state);
        if (key == "incarnation") return in.Integer(message.incarnation);
        if (key == "connection") return in.Integer(message.connection);
        if (key == "seen") return in.Integer(message.seen);
        if (key == "slots") return in.Integer(message.slots);
        if (key == "types") return List(in, message.types, ReadType);
        if (key == "queues") return List(in, message.queues, string);
        if (key == "labels") return StringMap(in, message.labels);
        if (key == "version") return in.String(message.version);
        if (key == "host") return StringMap(in, message.host);
        if (key == "payloads") return in.Bool(message.payloads);
        if (key == "held") return List(in, message.held, ReadHeld);
        if (key == "part") return in.Integer(message.part);
        if (key == "parts") return in.Integer(message.parts);
        return in.Skip();
      });
  if (!presence) return presence;
  const auto refuse = [](const char* why) {
    return Error{Error::Code::kInvalidArgument, std::string("presence: ") + why};
  };
  if (!state) return refuse("state is missing");
  if (presence->incarnation == 0) return refuse("incarnation is missing");
  if (presence->slots < 0) return refuse("slots is negative");
  if (presence->part < 1 || presence->part > presence->parts) return refuse("part is not of parts");
  return presence;
}

Result<EventBatch> DecodeEventBatch(std::string_view text) {
  return Decode<EventBatch>("event batch", text, [](JsonReader& in, Key key, EventBatch& batch) {
    if (key == "incarnation") return in.Integer(batch.incarnation);
    if (key == "events") return List(in, batch.events, ReadEvent);
    return in.Skip();
  });
}

Result<ResultBatch> DecodeResultBatch(std::string_view text) {
  return Decode<ResultBatch>("result batch", text, [](JsonReader& in, Key key, ResultBatch& batch) {
    if (key == "incarnation") return in.Integer(batch.incarnation);
    if (key == "results") return List(in, batch.results, ReadResult);
    return in.Skip();
  });
}

Result<Callback> DecodeCallback(std::string_view text) {
  auto callback =
      Decode<Callback>("callback", text, [](JsonReader& in, Key key, Callback& message) {
        if (key == "taskToken") return in.String(message.task_token);
        if (key == "output") return Raw(in, message.output);
        if (key == "error") return String(in, message.error);
        if (key == "cause") return String(in, message.cause);
        if (key == "heartbeat") return in.Bool(message.heartbeat);
        if (key == "progress") return Raw(in, message.progress);
        if (key == "replyTo") return in.String(message.reply_to);
        return in.Skip();
      });
  if (!callback) return callback;
  const auto refuse = [](const char* why) {
    return Error{Error::Code::kInvalidArgument, std::string("callback: ") + why};
  };
  if (callback->task_token.empty()) return refuse("taskToken is missing");
  if (callback->task_token.size() > kTokenBytesMax) return refuse("taskToken is too long");
  const bool failed = callback->error.has_value() || callback->cause.has_value();
  const int said = int{callback->output.has_value()} + int{failed} + int{callback->heartbeat} +
                   int{callback->progress.has_value()};
  if (said == 1) return callback;
  return refuse("give exactly one of output, error and cause, heartbeat, progress");
}

Result<CallbackReply> DecodeCallbackReply(std::string_view text) {
  bool said = false;
  auto reply = Decode<CallbackReply>("callback reply", text,
                                     [&](JsonReader& in, Key key, CallbackReply& message) {
                                       if (key == "status")
                                         return said = Word(in, kVerdicts, message.verdict);
                                       if (key == "message") return in.String(message.message);
                                       if (key == "taskToken") return in.String(message.task_token);
                                       return in.Skip();
                                     });
  if (!reply || said) return reply;
  return Error{Error::Code::kInvalidArgument, "callback reply: status is missing"};
}

Result<JobResult> DecodeEntry(std::string_view text) {
  JsonReader in(text, kMessageDepthMax);
  JobResult result;
  if (ReadResult(in, result) && in.End()) return result;
  return Error{Error::Code::kInvalidArgument, "result: " + in.error().message};
}

}  // namespace towline::jobs
