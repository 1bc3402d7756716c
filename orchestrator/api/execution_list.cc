// ListExecutions: newest first, over all partitions.

#include <algorithm>
#include <optional>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/executions.h"
#include "orchestrator/api/map_runs.h"
#include "orchestrator/api/page_token.h"

namespace towline::api {
namespace {

struct Question {
  store::Queries::ListFilter filter;
  std::string text;  // what the page token is bound to
  int size = 0;
  std::optional<int> partition{};  // the only one that has any
};

Result<std::optional<store::Status>> StatusFilter(v1::ExecutionStatus status) {
  switch (status) {
    case v1::EXECUTION_STATUS_UNSPECIFIED: return std::optional<store::Status>();
    case v1::EXECUTION_STATUS_RUNNING: return std::optional(store::Status::kRunning);
    case v1::EXECUTION_STATUS_SUCCEEDED: return std::optional(store::Status::kSucceeded);
    case v1::EXECUTION_STATUS_FAILED: return std::optional(store::Status::kFailed);
    case v1::EXECUTION_STATUS_TIMED_OUT: return std::optional(store::Status::kTimedOut);
    case v1::EXECUTION_STATUS_ABORTED: return std::optional(store::Status::kAborted);
    default: break;
  }
  return Error{Error::Code::kInvalidArgument,
               "1 validation error detected: Value '" + std::to_string(status) +
                   "' at 'status' failed to satisfy constraint: Member must satisfy enum value "
                   "set: [SUCCEEDED, TIMED_OUT, ABORTED, FAILED, RUNNING]",
               "ValidationException"};
}

Status AskWhose(Foundation& base, const Asker& asker, const v1::ListExecutionsRequest& request,
                Question& question) {
  if (!request.map_run().empty()) {
    if (!request.state_machine().empty()) {
      return Error{Error::Code::kInvalidArgument,
                   "'stateMachine' and 'mapRun' cannot be given together: a Map Run belongs to one "
                   "execution",
                   "ValidationException"};
    }
    const auto run = LocateMapRun(base, asker, Action::kViewExecutions, request.map_run());
    if (!run) return run.error();
    question.filter.map_run = run->row.key;
    question.filter.tenant = run->parent.tenant;
    question.partition = run->partition;
    question.text = "children " + run->row.id;
  } else if (request.state_machine().empty()) {
    auto tenant = ResolveTenant(asker.tenant);
    if (!tenant) return tenant.error();
    question.filter.tenant = std::move(*tenant);
  } else {
    auto machine = ParseMachine(asker.tenant, request.state_machine());
    if (!machine) return machine.error();
    question.filter.tenant = std::move(machine->tenant);
    question.filter.machine = std::move(machine->name);
  }
  return Ok();
}

Result<Question> Ask(Foundation& base, const Asker& asker,
                     const v1::ListExecutionsRequest& request) {
  Question question;
  if (auto whose = AskWhose(base, asker, request, question); !whose) return whose.error();
  auto status = StatusFilter(request.status());
  if (!status) return status.error();
  question.filter.status = *status;
  auto size = PageSize(request.max_results());
  if (!size) return size.error();
  question.size = *size;
  question.text += " executions " + question.filter.tenant + " " + question.filter.machine + " " +
                   std::to_string(request.status());
  return question;
}

// One partition's part of a listing: rows are taken from it newest first.
struct Run {
  std::vector<store::ExecutionRow> rows;
  std::size_t taken = 0;
  std::uint64_t before = 0;  // where its next page begins
  const store::ExecutionRow* head() const { return taken < rows.size() ? &rows[taken] : nullptr; }
};

Run* Newest(std::vector<Run>& runs) {
  Run* newest = nullptr;
  for (Run& run : runs) {
    if (run.head() == nullptr) continue;
    if (newest == nullptr || run.head()->started > newest->head()->started) newest = &run;
  }
  return newest;
}

}  // namespace

void Executions::List(const v1::ListExecutionsRequest& request,
                      const Reply<v1::ListExecutionsResponse>& reply) {
  const Asker asker = reply.asker();
  if (const auto caller = base_.Know(asker); !caller) return reply.Fail(caller.error());
  auto question = Ask(base_, asker, request);
  if (!question) return reply.Fail(question.error());
  const auto seen =
      base_.Seen({question->filter.tenant, asker.caller}, Action::kViewExecutions);
  if (!seen) return reply.Fail(seen.error());
  const auto partitions = static_cast<std::size_t>(base_.readers.partitions());
  PageToken token{.numbers = std::vector<std::uint64_t>(partitions, 0), .text = {}};
  if (!request.next_token().empty()) {
    const auto question_text = question->text + " " + std::to_string(partitions);
    auto decoded = base_.pages.Decode(request.next_token(), question_text, base_.parts.clock());
    if (!decoded) return reply.Fail(decoded.error());
    token = std::move(*decoded);
  }

  std::vector<Run> runs(partitions);
  for (std::size_t i = 0; i < partitions; ++i) {
    if (question->partition && static_cast<std::size_t>(*question->partition) != i) continue;
    store::Queries::ListFilter filter = question->filter;
    filter.before = static_cast<store::ExecutionKey>(token.numbers[i]);
    filter.limit = question->size + 1;
    runs[i].before = token.numbers[i];
    runs[i].rows = Readers::Lease(base_.readers, static_cast<int>(i))->List(filter);
  }
  v1::ListExecutionsResponse response;
  Run* newest = Newest(runs);
  for (; newest != nullptr && response.executions_size() < question->size; newest = Newest(runs)) {
    if (seen->Sees(newest->head()->machine)) {
      FillExecution(*newest->head(), response.add_executions());
    }
    newest->before = static_cast<std::uint64_t>(newest->head()->key);
    ++newest->taken;
  }
  if (newest != nullptr) {
    for (std::size_t i = 0; i < partitions; ++i) token.numbers[i] = runs[i].before;
    response.set_next_token(base_.pages.Encode(
        token, question->text + " " + std::to_string(partitions), base_.parts.clock()));
  } else if (response.executions_size() == 0 && !question->filter.machine.empty()) {
    // Executions outlive their machine; only when there is neither, the name is wrong.
    const MachineName name{question->filter.tenant, question->filter.machine};
    if (!base_.parts.backend.catalogue().Machine(name.tenant, name.name)) {
      return reply.Fail(Error{Error::Code::kNotFound,
                              "State Machine Does Not Exist: '" + name.arn() + "'",
                              "StateMachineDoesNotExist"});
    }
  }
  reply.Send(std::move(response));
}

}  // namespace towline::api
