// The callback topic: any MQTT client of the tenant ends or heartbeats a task by its token.

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {
namespace {

using Verdict = jobs::CallbackReply::Verdict;

constexpr std::size_t kTopicBytesMax = 1024;

// Answers go only where the asker itself may publish and nothing of the protocol listens, so that
// nobody makes the server speak on somebody else's topics.
bool MayAnswerOn(std::string_view topic, const jobs::Principal& principal) {
  const std::string own = "towline/1/" + principal.text() + "/";
  return topic.size() > own.size() && topic.size() <= kTopicBytesMax &&
         topic.substr(0, own.size()) == own &&
         topic.find_first_of(std::string_view("+#\0", 3)) == std::string_view::npos &&
         !jobs::ParseTopic(topic);
}

// How many of the four things that a callback can say it says.
int Meanings(const jobs::Callback& callback) {
  return (callback.output ? 1 : 0) + (callback.error || callback.cause ? 1 : 0) +
         (callback.heartbeat ? 1 : 0) + (callback.progress ? 1 : 0);
}

}  // namespace

void Dispatcher::Impl::Answer(const Reply& reply, Verdict verdict, std::string message) {
  if (reply.topic.empty()) return;
  broker.Respond(reply.topic, reply.correlation,
                 jobs::Encode(jobs::CallbackReply{verdict, std::move(message), reply.token}));
}

void Dispatcher::Impl::OnCallback(const jobs::Principal& principal, std::string_view payload,
                                  std::string_view response_topic, std::string_view correlation) {
  counters.callbacks++;
  const std::string sender = principal.text();
  Result<jobs::Callback> decoded = jobs::DecodeCallback(payload);
  Reply reply{.what = Reply::What::kCallback, .correlation = std::string(correlation)};
  if (!response_topic.empty()) reply.topic = response_topic;
  if (reply.topic.empty() && decoded) reply.topic = decoded->reply_to;
  if (!reply.topic.empty() && !MayAnswerOn(reply.topic, principal)) {
    complaints.Add("answer_refused", sender,
                   "the answer's topic does not lie under towline/1/" + sender + "/", now);
    reply.topic.clear();
  }
  if (!decoded) {
    Malformed(sender, decoded.error().message);
    return Answer(reply, Verdict::kInvalid, decoded.error().message);
  }
  jobs::Callback& callback = *decoded;
  if (callback.task_token.size() <= 256) reply.token = callback.task_token;
  const std::optional<engine::TaskRef> ref = Verify(callback.task_token, sender);
  if (!ref) return Answer(reply, Verdict::kInvalid, "taskToken: this is no token of this server");
  if (Meanings(callback) != 1) {
    const char* const why = "a callback says one of output, error and cause, heartbeat, progress";
    Malformed(sender, why);
    return Answer(reply, Verdict::kInvalid, why);
  }
  reply.task = *ref;
  reply.token = std::move(callback.task_token);
  if (callback.heartbeat || callback.progress) {
    if (callback.progress) ShowProgress(*ref, sender, *callback.progress);
    Post(ref->partition,
         engine::HeartbeatTask{*ref, 0, principal.tenant, ReplyTo(std::move(reply))});
    return;
  }
  interpreter::Command command;
  if (callback.output) {
    Result<Json> output = ParseJson(*callback.output);
    if (!output) {
      const std::string why = "output: " + output.error().message;
      Malformed(sender, why);
      return Answer(reply, Verdict::kInvalid, why);
    }
    command = interpreter::SucceedTask{.task = ref->task, .output = *std::move(output)};
  } else {
    command = interpreter::FailTask{.task = ref->task,
                                    .error = std::move(callback.error),
                                    .cause = std::move(callback.cause)};
  }
  // A full inbox: no answer, so a careful caller asks again.
  Post(*ref, std::move(command), principal.tenant, std::move(reply));
}

void Dispatcher::Impl::OnCallbackReply(const Reply& reply) {
  switch (reply.verdict) {
    case engine::TaskVerdict::kRecorded:
      return Answer(reply, Verdict::kRecorded);
    case engine::TaskVerdict::kStale:
      return Answer(reply, Verdict::kStale);
    case engine::TaskVerdict::kForbidden:
      return Answer(reply, Verdict::kInvalid, "taskToken: the task belongs to another tenant");
    case engine::TaskVerdict::kUnavailable:
      return;  // whoever gets no answer asks again
  }
}

// {"percent": 60, "message": "…"}; anything else is shown as it is.
void Dispatcher::Impl::ShowProgress(const engine::TaskRef& ref, const std::string& sender,
                                    const std::string& text) {
  std::optional<double> percent;
  std::string message;
  const Result<Json> parsed = ParseJson(text);
  if (parsed && (*parsed)->is_object()) {
    const json::object& object = (*parsed)->get_object();
    const json::value* value = object.if_contains("percent");
    if (value != nullptr && value->is_number()) percent = value->to_number<double>();
    value = object.if_contains("message");
    if (value != nullptr && value->is_string()) message = std::string(value->get_string());
  } else {
    message = text.substr(0, 200);
  }
  if (jobs.Find(ref) != nullptr) {  // a submitted one is watched, but takes no memory here
    Progress& seen = progress[ref];
    seen.heard = now;
    if (percent) seen.percent = percent;
    if (!message.empty()) seen.message = message;
  }
  Watch(ref, "progress", sender, 0, percent, message);
}

}  // namespace towline::dispatch
