// Distributed Map: its items are executions of their own, children of a Map Run. Here it begins and
// ends; the shell works on it (map_run.h).

#include <charconv>
#include <limits>

#include "statemachines/base/random.h"
#include "statemachines/interpreter/map_run.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

constexpr std::size_t kPartitionDigits = 4;

// A whole number, or the text of one, which the service takes as well.
std::optional<std::uint64_t> AsCount(const json::value& value) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
  }
  const auto number = AsInteger(value);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::string RunArn(const ExecutionInfo& info, const MapRunSpec& spec) {
  // arn:…:execution:{machine}:{name} becomes arn:…:mapRun:{machine}/{label}:{id}.
  const std::size_t kind = info.arn.rfind(":execution:");
  return info.arn.substr(0, kind) + ":mapRun:" + info.machine + "/" + spec.label + ":" + spec.id;
}

}  // namespace

void Stepper::BeginMapRun(const Frame& frame, const asl::State& state, const asl::Map& map) {
  Failure failure;
  Json input;
  MapRunSpec spec;
  if (!EffectiveInput(frame, state, input, failure) ||
      !RunSpec(frame, map, input, spec, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  if (!Emit(frame.last_id, DistributedMapStarted{frame.id, ItemCount(spec)})) return;
  // After the event above, as in an inline Map.
  Tolerance tolerance;
  if (!MapTolerance(frame, map, input, tolerance, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  spec.tolerated_count = tolerance.count;
  spec.tolerated_percentage = tolerance.percentage;
  spec.id = NewMapRunId();
  spec.label = map.distributed->label.empty() ? spec.id : map.distributed->label;
  spec.arn = RunArn(state_.info, spec);
  const OpenMapRun open{NextSeq(), frame.id, frame.state, map.processor, spec};
  if (!Emit(frame.last_id, MapRunStarted{frame.id, std::move(spec)})) return;
  Want(open);
}

bool Stepper::RunSpec(const Frame& frame, const asl::Map& map, const Json& input,
                      MapRunSpec& spec, Failure& failure) {
  const asl::Distributed& distributed = *map.distributed;
  std::int64_t concurrency = 0;
  if (distributed.item_reader) {
    if (!ReaderSpec(frame, *distributed.item_reader, input, spec, failure)) return false;
  } else if (!MapItems(frame, map, input, spec.items, failure)) {
    return false;
  }
  if (!MapConcurrency(frame, map, input, concurrency, failure)) return false;
  spec.max_concurrency = static_cast<std::uint32_t>(concurrency);
  if (distributed.item_batcher &&
      !BatcherSpec(frame, *distributed.item_batcher, input, spec, failure)) {
    return false;
  }
  if (!distributed.result_writer || !distributed.result_writer->parameters) return true;
  const FrameContext context = ContextOf(frame);
  const View view{.context = context, .field = "ResultWriter", .subject = input};
  return Evaluate(frame, *distributed.result_writer->parameters, view, spec.writer, failure);
}

bool Stepper::ReaderSpec(const Frame& frame, const asl::ItemReader& reader, const Json& input,
                         MapRunSpec& spec, Failure& failure) {
  const FrameContext context = ContextOf(frame);
  View view{.context = context, .field = "ItemReader", .subject = input};
  spec.reader = Json::EmptyObject();
  if (reader.parameters && !Evaluate(frame, *reader.parameters, view, spec.reader, failure)) {
    return false;
  }
  view.field = "MaxItems";
  return NumberValue(frame, reader.max_items, view, spec.max_items, failure);
}

bool Stepper::BatcherSpec(const Frame& frame, const asl::ItemBatcher& batcher, const Json& input,
                          MapRunSpec& spec, Failure& failure) {
  const FrameContext context = ContextOf(frame);
  View view{.context = context, .field = "MaxItemsPerBatch", .subject = input};
  spec.batched = true;
  if (!BatchLimit(frame, batcher.max_items, view, spec.batch_items, failure)) return false;
  view.field = "MaxInputBytesPerBatch";
  if (!BatchLimit(frame, batcher.max_input_bytes, view, spec.batch_bytes, failure)) return false;
  view.field = "BatchInput";
  return !batcher.batch_input ||
         Evaluate(frame, *batcher.batch_input, view, spec.batch_input, failure);
}

// As it was found, whatever it is: who uses it judges it. Null when the field is absent.
bool Stepper::NumberValue(const Frame& frame, const asl::Number& number, const View& view,
                          Json& out, Failure& failure) {
  if (number.query) return Query(frame, *number.query, view, {}, out, failure);
  if (number.literal) out = Json(json::value(*number.literal));
  if (!number.path) return true;
  const auto found = number.path->Evaluate(ScopeOf(view.subject, view.context));
  if (!found) {
    failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                        InvalidPath(number.path->text(), found.error()));
    return false;
  }
  out = *found;
  return true;
}

bool Stepper::BatchLimit(const Frame& frame, const asl::Number& number, const View& view,
                         std::optional<std::uint64_t>& out, Failure& failure) {
  if (!number.present()) return true;
  Json value;
  if (!NumberValue(frame, number, view, value, failure)) return false;
  out = AsCount(*value);
  if (out && *out > 0) return true;
  failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                      "The " + std::string(view.field) + " field must be a positive integer, but "
                      "is: " + PrintJson(*value) + ".");
  return false;
}

// Whoever has an ARN of the run, or of a child, finds its partition in the id.
std::string Stepper::NewMapRunId() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id = NextUuid(seed_);
  for (std::size_t i = 0; i < kPartitionDigits; i++) {
    id[i] = kDigits[(partition_ >> (4 * (kPartitionDigits - 1 - i))) & 15];
  }
  return id;
}

const Frame* Stepper::MapRunFrame(TaskId run) const {
  for (const auto& [id, frame] : state_.frames) {
    const auto* awaiting = std::get_if<AwaitingMapRun>(&frame.activity);
    if (awaiting != nullptr && awaiting->run == run) return &frame;
  }
  return nullptr;
}

Verdict Stepper::operator()(const SucceedMapRun& command) {
  const Frame* frame = MapRunFrame(command.run);
  if (frame == nullptr) return Verdict::kStale;
  if (!Emit(frame->last_id, MapRunSucceeded{command.run, command.output}) ||
      !Emit(state_.last_id, MapSucceeded{frame->id})) {
    return Verdict::kApplied;
  }
  stack_.push_back(frame->id);
  if (Fits(command.output, limits_.value_bytes_max)) {
    FinishWith(*frame, command.output);
  } else {
    Fail(frame->id, ResultTooLarge(StateOf(*frame).name));
  }
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const FailMapRun& command) {
  const Frame* frame = MapRunFrame(command.run);
  if (frame == nullptr) return Verdict::kStale;
  if (!Emit(frame->last_id, MapRunFailed{command.run, command.error, command.cause})) {
    return Verdict::kApplied;
  }
  stack_.push_back(frame->id);
  Fail(frame->id, Failure{.error = command.error, .cause = command.cause});
  return Verdict::kApplied;
}

void Stepper::RedoMapRun(const Frame& frame, const Redoing& redoing) {
  if (!Emit(frame.last_id, MapRunRedriven{frame.id, redoing.run, redoing.redrives + 1})) return;
  Want(ReopenMapRun{redoing.run});
}

void Stepper::WantMapRunClosed(const Frame& frame) {
  const auto* run = std::get_if<AwaitingMapRun>(&frame.activity);
  if (run == nullptr || run->stage != AwaitingMapRun::Stage::kRunning) return;
  Want(CloseMapRun{run->run});
}

}  // namespace towline::interpreter
