#include "orchestrator/children/run_results.h"

#include <limits>

#include "orchestrator/objects/result_export.h"
#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/advance.h"
#include "statemachines/mapdata/state_output.h"

namespace towline::children {
namespace {

namespace in = interpreter;

constexpr std::size_t kPage = 500;

mapdata::ChildResult::Status StatusOf(store::Status status) {
  using To = mapdata::ChildResult::Status;
  switch (status) {
    case store::Status::kSucceeded: return To::kSucceeded;
    case store::Status::kFailed: return To::kFailed;
    case store::Status::kTimedOut: return To::kTimedOut;
    case store::Status::kAborted: return To::kAborted;
    case store::Status::kRunning: break;
  }
  return To::kPending;
}

template <class Ended>
void FillFailure(const Ended& event, mapdata::ChildResult& result) {
  result.error = event.error;
  result.cause = event.cause;
}

// From the child's last step and, for a `whole` result, its first.
void FillFromHistory(store::Queries& reader, store::ExecutionKey key, bool whole,
                     mapdata::ChildResult& result) {
  constexpr auto kLast = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  reader.StepsBackwards(key, kLast, [&](const store::StepRow& step) {
    const in::Event last = store::DecodeStep(step.events).back().event;
    if (const auto* succeeded = std::get_if<in::ExecutionSucceeded>(&last)) {
      result.output = succeeded->output;
    } else if (const auto* failed = std::get_if<in::ExecutionFailed>(&last)) {
      FillFailure(*failed, result);
    } else if (const auto* aborted = std::get_if<in::ExecutionAborted>(&last)) {
      FillFailure(*aborted, result);
    }
    return false;
  });
  if (!whole) return;
  reader.Steps(key, 1, [&](const store::StepRow& step) {
    const in::Event first = store::DecodeStep(step.events).front().event;
    if (const auto* started = std::get_if<in::ExecutionStarted>(&first)) {
      result.input = started->input;
    }
    return false;
  });
}

mapdata::ChildResult ResultOf(const store::ExecutionRow& row) {
  const std::string prefix = "arn:towline:states:local:" + row.tenant;
  mapdata::ChildResult result;
  result.status = StatusOf(row.status);
  result.execution_arn = prefix + ":execution:" + row.machine + ":" + row.name;
  result.state_machine_arn = prefix + ":stateMachine:" + row.machine;
  result.name = row.name;
  result.redrive_count = row.redrives;
  const bool succeeded = row.status == store::Status::kSucceeded;
  result.redrive_status = succeeded ? "NOT_REDRIVABLE" : "REDRIVABLE_BY_MAP_RUN";
  if (succeeded) {
    result.redrive_status_reason = "Execution is SUCCEEDED and cannot be redriven";
  }
  result.start = row.started;
  result.stop = row.stopped.value_or(row.started);
  return result;
}

mapdata::WriterConfig ConfigOf(const asl::ResultWriter& writer) {
  return {.transformation = static_cast<mapdata::Transformation>(writer.transformation),
          .output_type =
              writer.json_lines ? mapdata::OutputType::kJsonl : mapdata::OutputType::kJson};
}

std::string TextOf(const Json& parameters, std::string_view name) {
  const json::object* object = parameters->if_object();
  const json::value* value = object == nullptr ? nullptr : object->if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

Status RunResults::ForEach(const engine::MapRunRef& run, bool whole,
                           const std::function<Status(mapdata::ChildResult)>& visit) {
  const auto reader = backend_.OpenReader(run.partition);
  std::vector<store::ExecutionRow> page;
  for (std::uint64_t from = 0;; from = page.back().child_of->index + 1) {
    page.clear();
    reader->Children(run.key, from, [&page](const store::ExecutionRow& row) {
      page.push_back(row);
      return page.size() < kPage;
    });
    if (page.empty()) return Ok();
    for (const store::ExecutionRow& row : page) {
      mapdata::ChildResult result = ResultOf(row);
      FillFromHistory(*reader, row.key, whole, result);
      if (auto status = visit(std::move(result)); !status) return status;
    }
  }
}

Result<Json> RunResults::ToOutput(const engine::MapRunRef& run,
                                  const asl::Distributed& distributed) {
  std::optional<mapdata::WriterConfig> config;
  if (distributed.result_writer) config = ConfigOf(*distributed.result_writer);
  mapdata::StateOutput output(config, output_bytes_max_);
  const auto status = ForEach(run, config.has_value(), [&output](mapdata::ChildResult result) {
    return output.Add(result);
  });
  if (!status) return status.error();
  return output.Take();
}

Result<Json> RunResults::ToFiles(const engine::MapRunRef& run,
                                 const mapdata::ResultWriter& writer, const std::string& arn,
                                 std::uint32_t redrive_count) {
  if (objects_ == nullptr) {
    return mapdata::WriterFailed("The server has no object store: [objects] in its configuration "
                                 "says where files go");
  }
  objects::ResultExport exporter(
      *objects_, {.writer = writer, .map_run_arn = arn, .redrive_count = redrive_count});
  const auto status = ForEach(run, /*whole=*/true, [&exporter](mapdata::ChildResult result) {
    return exporter.Add(result);
  });
  if (!status) return status.error();
  auto exported = exporter.Finish();
  if (!exported) return exported.error();
  return std::move(exported->output);
}

Result<Json> RunResults::Gather(const engine::MapRunRef& run, const asl::Definition* definition,
                                const store::MapRunOrder& order,
                                const interpreter::MapRunState& state) {
  if (definition == nullptr) return Json();
  const auto& map = std::get<asl::Map>(definition->state(order.state).kind);
  const asl::Distributed& distributed = *map.distributed;
  const std::string bucket = TextOf(order.spec.writer, "Bucket");
  const bool exports = distributed.result_writer && !bucket.empty();
  if (!exports) {
    // Of a run that has failed nobody reads the output.
    if (state.status != interpreter::MapRunStatus::kRunning) return Json();
    return ToOutput(run, distributed);
  }
  mapdata::ResultWriter writer{.bucket = bucket,
                               .prefix = TextOf(order.spec.writer, "Prefix"),
                               .config = ConfigOf(*distributed.result_writer)};
  return ToFiles(run, writer, order.spec.arn, state.redrive_count);
}

}  // namespace towline::children
