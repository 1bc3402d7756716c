#include "orchestrator/api/convert.h"

#include <algorithm>

#include "orchestrator/api/names.h"
#include "statemachines/base/check.h"

namespace towline::api {

Timestamp TimeOf(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
  const std::int64_t seconds = std::clamp(time.seconds(), -kSecondsMax, kSecondsMax);
  return Timestamp(Millis(seconds * 1000 + time.nanos() / 1'000'000));
}

void SetTime(google::protobuf::Timestamp* to, Timestamp time) {
  const auto seconds = std::chrono::floor<Seconds>(time);
  to->set_seconds(seconds.time_since_epoch().count());
  to->set_nanos(static_cast<std::int32_t>((time - seconds).count() * 1'000'000));
}

v1::ExecutionStatus ToProto(store::Status status) {
  switch (status) {
    case store::Status::kRunning:
      return v1::EXECUTION_STATUS_RUNNING;
    case store::Status::kSucceeded:
      return v1::EXECUTION_STATUS_SUCCEEDED;
    case store::Status::kFailed:
      return v1::EXECUTION_STATUS_FAILED;
    case store::Status::kTimedOut:
      return v1::EXECUTION_STATUS_TIMED_OUT;
    case store::Status::kAborted:
      return v1::EXECUTION_STATUS_ABORTED;
  }
  return v1::EXECUTION_STATUS_UNSPECIFIED;
}

v1::ExecutionStatus ToProto(interpreter::ExecutionStatus status) {
  return ToProto(static_cast<store::Status>(status));
}

void FillExecution(const store::ExecutionRow& row, v1::Execution* to) {
  const ExecutionId id{row.tenant, row.machine, row.name};
  to->set_execution_arn(id.arn());
  to->set_state_machine_arn(id.machine_arn());
  to->set_state_machine(row.machine);
  to->set_name(row.name);
  to->set_status(ToProto(row.status));
  SetTime(to->mutable_start_time(), row.started);
  if (row.stopped) SetTime(to->mutable_stop_time(), *row.stopped);
  to->set_revision_id(row.revision);
  to->set_redrive_count(row.redrives);
  if (row.redriven) SetTime(to->mutable_redrive_time(), *row.redriven);
  if (row.child_of) {
    to->set_map_run_arn(id.map_run_arn());
    to->set_map_run_index(row.child_of->index);
  }
}

v1::Diagnostic ToProto(const asl::Diagnostic& diagnostic) {
  v1::Diagnostic to;
  to.set_severity(diagnostic.severity == asl::Diagnostic::Severity::kError
                      ? v1::Diagnostic::SEVERITY_ERROR
                      : v1::Diagnostic::SEVERITY_WARNING);
  to.set_code(diagnostic.code);
  to.set_message(diagnostic.message);
  to.set_location(diagnostic.location);
  to.set_line(diagnostic.line);
  to.set_column(diagnostic.column);
  return to;
}

}  // namespace towline::api
