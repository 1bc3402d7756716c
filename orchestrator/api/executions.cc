#include "orchestrator/api/executions.h"

#include <atomic>
#include <limits>

#include "orchestrator/api/convert.h"
#include "orchestrator/engine/hide_tokens.h"
#include "orchestrator/store/event_codec.h"

namespace towline::api {
namespace {

Error InvalidInput(std::string why) {
  return Error{Error::Code::kInvalidArgument,
               "Invalid State Machine Execution Input: '" + std::move(why) + "'",
               "InvalidExecutionInput"};
}

constexpr std::size_t kClientTokenMax = 64;

Error ClientTokenTooLong() {
  return Error{Error::Code::kInvalidArgument,
               "1 validation error detected: Value at 'clientToken' failed to satisfy constraint: "
               "Member must have length less than or equal to " + std::to_string(kClientTokenMax),
               "ValidationException"};
}

void FillStarted(const engine::Tokens& tokens, const engine::ExecutionView& view,
                 SensitiveMask mask, v1::StartExecutionResponse& response) {
  response.set_execution_arn(view.arn);
  SetTime(response.mutable_start_time(), view.started);
  response.set_status(ToProto(view.status));
  if (view.stopped) SetTime(response.mutable_stop_time(), *view.stopped);
  if (view.output) {
    mask.LearnValue(**view.output);
    response.set_output(engine::HideTokens(tokens, mask.Value(PrintJson(**view.output))));
  }
  if (view.error) response.set_error(engine::HideTokens(tokens, mask.Text(*view.error)));
  // What it may hold is known to who reads the history, which cannot be done here.
  if (!view.cause) return;
  response.set_cause(mask.empty() ? engine::HideTokens(tokens, *view.cause) : "***");
}

std::uint64_t NextWaiter() {
  static std::atomic<std::uint64_t> next = 1;
  return next.fetch_add(1, std::memory_order_relaxed);
}

// The store's last word on an execution.
void FillEnd(const interpreter::Event& event, v1::Execution* to) {
  const auto fill = [to](const auto& end) {
    if (end.error) to->set_error(*end.error);
    if (end.cause) to->set_cause(*end.cause);
  };
  if (const auto* succeeded = std::get_if<interpreter::ExecutionSucceeded>(&event)) {
    to->set_output(PrintJson(*succeeded->output));
  } else if (const auto* failed = std::get_if<interpreter::ExecutionFailed>(&event)) {
    fill(*failed);
  } else if (const auto* aborted = std::get_if<interpreter::ExecutionAborted>(&event)) {
    fill(*aborted);
  }
}

void FillLast(store::Queries& reader, store::ExecutionKey key, v1::Execution* to) {
  constexpr auto kLast = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  reader.StepsBackwards(key, kLast, [&](const store::StepRow& step) {
    const auto records = store::DecodeStep(step.events);
    if (!records.empty()) FillEnd(records.back().event, to);
    return false;
  });
}

void FillParent(const interpreter::ExecutionInfo& info, v1::Execution* to) {
  if (!info.parent_arn.empty()) to->set_parent_execution_arn(info.parent_arn);
  if (info.map_child) to->set_item_count(info.map_child->items);
}

}  // namespace

Result<Json> Executions::ParseInput(const std::string& text) const {
  if (text.empty()) return Json::EmptyObject();
  if (text.size() > base_.settings.value_bytes_max) {
    return InvalidInput("The input has " + std::to_string(text.size()) + " bytes, at most " +
                        std::to_string(base_.settings.value_bytes_max) + " are allowed");
  }
  auto input = ParseJson(text);
  if (!input) return InvalidInput(input.error().message);
  return input;
}

void Executions::Start(const v1::StartExecutionRequest& request,
                       const Reply<v1::StartExecutionResponse>& reply) {
  const auto machine =
      base_.Machine(reply.asker(), Action::kStartExecutions, request.state_machine());
  if (!machine) return reply.Fail(machine.error());
  const bool named = !request.name().empty();
  if (named) {
    if (auto ok = CheckName(request.name(), "execution's name"); !ok) return reply.Fail(ok.error());
  }
  const auto entry = base_.machines.Find(machine->tenant, machine->name);
  if (entry == nullptr) {
    return reply.Fail(Error{Error::Code::kNotFound,
                            "State Machine Does Not Exist: '" + machine->arn() + "'",
                            "StateMachineDoesNotExist"});
  }
  if (entry->row.deleting) {
    return reply.Fail(Error{Error::Code::kFailedPrecondition,
                            "State Machine Is Being Deleted: '" + machine->arn() +
                                "' takes no new executions",
                            "StateMachineDeleting"});
  }
  if (auto ok = base_.quotas.AdmitBytes(machine->tenant, request.ByteSizeLong()); !ok) {
    return reply.Fail(ok.error());
  }
  auto input = ParseInput(request.input());
  if (!input) return reply.Fail(input.error());
  if (auto ok = base_.quotas.AdmitStart(machine->tenant, base_.parts.clock()); !ok) {
    return reply.Fail(ok.error());
  }

  const ExecutionId id{machine->tenant, machine->name, named ? request.name() : RandomName()};
  engine::StartExecution start;
  start.info.tenant = id.tenant;
  start.info.machine = id.machine;
  start.info.name = id.name;
  start.info.arn = id.arn();
  start.info.machine_arn = id.machine_arn();
  start.info.revision = entry->row.revision;
  start.definition = entry->definition;
  SensitiveMask mask(*entry->definition);
  mask.LearnValue(**input);
  start.input = std::move(*input);
  start.name_is_new = !named;
  start.wait = request.wait();
  start.reply = [reply, &tokens = base_.parts.tokens,
                 mask = std::move(mask)](Result<engine::ExecutionView> view) {
    if (!view) return reply.Fail(view.error());
    reply.Fill([&](auto& response) { FillStarted(tokens, *view, mask, response); });
  };
  const int partition = base_.PartitionOf(id);
  if (start.wait) {
    start.waiter = NextWaiter();
    engine::RequestPort& requests = base_.parts.requests;
    reply.call().OnGone([&requests, partition, waiter = start.waiter] {
      requests.Post(partition, engine::Unwait{waiter});
    });
  }
  if (!base_.parts.requests.Post(partition, std::move(start))) reply.Fail(BusyError());
}

void FillPayloads(Foundation& base, store::Queries& reader, int partition,
                  const store::ExecutionRow& row, v1::Execution* to) {
  reader.Steps(row.key, 1, [&](const store::StepRow& step) {
    for (const interpreter::EventRecord& record : store::DecodeStep(step.events)) {
      if (const auto* started = std::get_if<interpreter::ExecutionStarted>(&record.event)) {
        to->set_input(PrintJson(*started->input));
        FillParent(*started->info, to);
      }
    }
    return false;
  });
  if (row.status != store::Status::kRunning) FillLast(reader, row.key, to);
  const SensitiveMask mask = base.MaskOf(reader, partition, row);
  const auto hide = [&](std::string* text, bool data) {
    *text = data ? mask.Value(std::move(*text)) : mask.Text(std::move(*text));
    base.MaskTokens(partition, row.key, *text);
  };
  if (to->has_input()) hide(to->mutable_input(), true);
  if (to->has_output()) hide(to->mutable_output(), true);
  if (to->has_error()) hide(to->mutable_error(), false);
  if (to->has_cause()) hide(to->mutable_cause(), false);
}

void Executions::Describe(const v1::DescribeExecutionRequest& request,
                          const Reply<v1::Execution>& reply) {
  const auto located = base_.Locate(reply.asker(), Action::kViewExecutions, request.execution());
  if (!located) return reply.Fail(located.error());
  v1::Execution execution;
  FillExecution(located->row, &execution);
  if (!request.metadata_only()) {
    const Readers::Lease reader(base_.readers, located->partition);
    FillPayloads(base_, *reader, located->partition, located->row, &execution);
  }
  reply.Send(std::move(execution));
}

Status CheckErrorAndCause(const std::string& error, const std::string& cause) {
  const auto check = [](const std::string& text, std::string_view what,
                        std::size_t max) -> Status {
    if (text.size() <= max) return Ok();
    return Error{Error::Code::kInvalidArgument,
                 "1 validation error detected: Value at '" + std::string(what) +
                     "' failed to satisfy constraint: Member must have length less than or equal "
                     "to " + std::to_string(max),
                 "ValidationException"};
  };
  if (auto ok = check(error, "error", 256); !ok) return ok;
  return check(cause, "cause", 32'768);
}

void Executions::Stop(const v1::StopExecutionRequest& request,
                      const Reply<v1::StopExecutionResponse>& reply) {
  if (auto ok = CheckErrorAndCause(request.error(), request.cause()); !ok) {
    return reply.Fail(ok.error());
  }
  const auto id = base_.Execution(reply.asker(), Action::kChangeExecutions, request.execution());
  if (!id) return reply.Fail(id.error());
  engine::StopExecution stop;
  stop.execution = engine::ExecutionName{id->tenant, id->machine, id->name};
  if (request.has_error()) stop.error = request.error();
  if (request.has_cause()) stop.cause = request.cause();
  stop.reply = [reply](Result<engine::ExecutionView> view) {
    if (!view) return reply.Fail(view.error());
    reply.Fill([&view](v1::StopExecutionResponse& response) {
      if (view->stopped) SetTime(response.mutable_stop_time(), *view->stopped);
      response.set_status(ToProto(view->status));
    });
  };
  if (!base_.parts.requests.Post(base_.PartitionOf(*id), std::move(stop))) {
    reply.Fail(BusyError());
  }
}

void Executions::Redrive(const v1::RedriveExecutionRequest& request,
                         const Reply<v1::RedriveExecutionResponse>& reply) {
  const auto id = base_.Execution(reply.asker(), Action::kChangeExecutions, request.execution());
  if (!id) return reply.Fail(id.error());
  if (auto ok = base_.quotas.AdmitBytes(id->tenant, request.ByteSizeLong()); !ok) {
    return reply.Fail(ok.error());
  }
  engine::RedriveExecution redrive;
  redrive.execution = engine::ExecutionName{id->tenant, id->machine, id->name};
  if (request.has_input()) {
    auto input = ParseInput(request.input());
    if (!input) return reply.Fail(input.error());
    redrive.input = std::move(*input);
  }
  redrive.state = request.state();
  if (request.client_token().size() > kClientTokenMax) return reply.Fail(ClientTokenTooLong());
  redrive.client_token = request.client_token();
  if (auto ok = base_.quotas.AdmitStart(id->tenant, base_.parts.clock()); !ok) {
    return reply.Fail(ok.error());
  }
  redrive.reply = [reply](Result<engine::ExecutionView> view) {
    if (!view) return reply.Fail(view.error());
    reply.Fill([&view](v1::RedriveExecutionResponse& response) {
      if (view->redriven) SetTime(response.mutable_redrive_time(), *view->redriven);
      response.set_redrive_count(view->redrive_count);
      response.set_status(ToProto(view->status));
    });
  };
  if (!base_.parts.requests.Post(base_.PartitionOf(*id), std::move(redrive))) {
    reply.Fail(BusyError());
  }
}

}  // namespace towline::api
