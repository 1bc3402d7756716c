#include "orchestrator/api/tasks.h"

#include <algorithm>
#include <atomic>

#include "orchestrator/api/activities.h"
#include "orchestrator/api/executions.h"

namespace towline::api {
namespace {

constexpr Millis kPollMax{60'000};
// An empty answer should reach the caller before its own deadline does.
constexpr Millis kPollMargin{250};

Error VerdictError(engine::TaskVerdict verdict) {
  switch (verdict) {
    case engine::TaskVerdict::kForbidden:
      return Error{Error::Code::kPermissionDenied,
                   "The task belongs to another tenant than the caller's; say whose it is with "
                   "--tenant or towline-tenant",
                   "AccessDeniedException"};
    case engine::TaskVerdict::kUnavailable:
      return Error{Error::Code::kUnavailable,
                   "The store does not answer and the outcome is unknown: send the same again",
                   "ServiceUnavailable"};
    default:
      return Error{Error::Code::kFailedPrecondition,
                   "Task Timed Out: 'Provided task does not exist anymore': it has ended by "
                   "another answer, a timeout or a stop",
                   "TaskTimedOut"};
  }
}

template <class Response>
std::function<void(engine::TaskVerdict)> Answer(const Reply<Response>& reply) {
  return [reply](engine::TaskVerdict verdict) {
    if (verdict != engine::TaskVerdict::kRecorded) return reply.Fail(VerdictError(verdict));
    reply.Fill([](Response&) {});
  };
}

}  // namespace

Result<engine::TaskRef> Tasks::Verify(const std::string& token) const {
  const auto ref = base_.parts.tokens.Verify(token);
  if (!ref || ref->partition < 0 || ref->partition >= base_.readers.partitions()) {
    return Error{Error::Code::kInvalidArgument,
                 "Invalid Token: 'Invalid token': no task token of this server", "InvalidToken"};
  }
  return *ref;
}

template <class Response>
void Tasks::Post(const engine::TaskRef& task,
                 interpreter::Command command,  // NOLINT(performance-unnecessary-value-param)
                 const Reply<Response>& reply) {
  auto tenant = base_.Tenant(reply.asker(), Action::kAnswerTasks);
  if (!tenant) return reply.Fail(tenant.error());
  engine::TaskCommand request{
      .task = task, .command = std::move(command), .tenant = *tenant, .reply = Answer(reply)};
  if (!base_.parts.requests.Post(task.partition, std::move(request))) reply.Fail(BusyError());
}

void Tasks::SendSuccess(const v1::SendTaskSuccessRequest& request,
                        const Reply<v1::SendTaskSuccessResponse>& reply) {
  const auto task = Verify(request.task_token());
  if (!task) return reply.Fail(task.error());
  const auto refuse = [&reply](std::string why) {
    reply.Fail(Error{Error::Code::kInvalidArgument, "Invalid Output: '" + std::move(why) + "'",
                     "InvalidOutput"});
  };
  if (request.output().size() > base_.settings.value_bytes_max) {
    return refuse("The output has " + std::to_string(request.output().size()) +
                  " bytes, at most " + std::to_string(base_.settings.value_bytes_max) +
                  " are allowed");
  }
  auto output = ParseJson(request.output());
  if (!output) return refuse(output.error().message);
  Post(*task, interpreter::SucceedTask{.task = task->task, .attempt = 0, .output = *output},
       reply);
}

void Tasks::SendFailure(const v1::SendTaskFailureRequest& request,
                        const Reply<v1::SendTaskFailureResponse>& reply) {
  if (auto ok = CheckErrorAndCause(request.error(), request.cause()); !ok) {
    return reply.Fail(ok.error());
  }
  const auto task = Verify(request.task_token());
  if (!task) return reply.Fail(task.error());
  interpreter::FailTask fail{.task = task->task, .attempt = 0};
  if (request.has_error()) fail.error = request.error();
  if (request.has_cause()) fail.cause = request.cause();
  Post(*task, std::move(fail), reply);
}

void Tasks::SendHeartbeat(const v1::SendTaskHeartbeatRequest& request,
                          const Reply<v1::SendTaskHeartbeatResponse>& reply) {
  const auto task = Verify(request.task_token());
  if (!task) return reply.Fail(task.error());
  auto tenant = base_.Tenant(reply.asker(), Action::kAnswerTasks);
  if (!tenant) return reply.Fail(tenant.error());
  engine::HeartbeatTask beat{
      .task = *task, .attempt = 0, .tenant = *tenant, .reply = Answer(reply)};
  if (!base_.parts.requests.Post(task->partition, std::move(beat))) reply.Fail(BusyError());
}

void Tasks::GetActivityTask(const v1::GetActivityTaskRequest& request,
                            const Reply<v1::GetActivityTaskResponse>& reply) {
  const auto name = base_.Activity(reply.asker(), Action::kPollActivities, request.activity());
  if (!name) return reply.Fail(name.error());
  if (request.worker_name().size() > kNameLengthMax) {
    return reply.Fail(Error{Error::Code::kInvalidArgument,
                            "1 validation error detected: Value at 'workerName' failed to satisfy "
                            "constraint: Member must have length less than or equal to 80",
                            "ValidationException"});
  }
  if (!base_.parts.backend.catalogue().Activity(name->tenant, name->name)) {
    return reply.Fail(ActivityDoesNotExist(*name));
  }
  Millis patience = kPollMax;
  if (const auto left = reply.call().patience()) {
    patience = std::clamp(*left - kPollMargin, Millis{0}, kPollMax);
  }
  static std::atomic<std::uint64_t> polls = 0;
  const std::uint64_t poll = ++polls;
  FleetPort& fleet = base_.parts.fleet;
  // Asked before the poll is: a caller that goes away at once must still be taken off the list.
  reply.call().OnGone([&fleet, poll] {
    fleet.Ask([poll](dispatch::Dispatcher& dispatcher, Timestamp now) {
      dispatcher.CancelPoll(poll, now);
    });
  });
  fleet.Ask([=, arn = name->arn(), worker = request.worker_name()](
                dispatch::Dispatcher& dispatcher, Timestamp now) {
    const auto done = [reply](std::optional<dispatch::Dispatcher::ActivityTask> task) {
      reply.Fill([&task](v1::GetActivityTaskResponse& response) {
        if (!task) return;
        response.set_task_token(std::move(task->token));
        response.set_input(std::move(task->input));
      });
    };
    dispatcher.Poll(poll, arn, worker, now + patience, done, now);
  });
}

}  // namespace towline::api
