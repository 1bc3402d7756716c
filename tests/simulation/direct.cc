#include "tests/simulation/direct.h"

#include <boost/json/object.hpp>
#include <deque>
#include <map>

#include "orchestrator/children/machine_name.h"
#include "orchestrator/children/run_source.h"
#include "statemachines/base/check.h"
#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/map_run.h"
#include "statemachines/mapdata/state_output.h"
#include "tests/simulation/jobs.h"

namespace towline::sim {
namespace {

namespace in = interpreter;

class PerfectWorld {
 public:
  PerfectWorld(std::shared_ptr<const asl::Definition> definition, const in::ExecutionInfo& info,
               const Json& input, const Definitions& targets)
      : definition_(std::move(definition)), targets_(targets) {
    commands_.push_back(in::Start{info, input});
  }

  in::ExecutionState Run() {
    while (!state_.closed()) {
      if (commands_.empty()) {
        CHECK(!timers_.empty());  // else it waits for nothing
        const auto [due, timer] = *timers_.begin();
        timers_.erase(timers_.begin());
        now_ = std::max(now_, due);
        commands_.push_back(timer);
      }
      const in::Command command = std::move(commands_.front());
      commands_.pop_front();
      const in::Turn turn{.now = now_, .seed = ++seed_};
      const in::Step step = in::Advance(*definition_, state_, command, turn, {});
      for (const in::Effect& effect : step.effects) Grant(effect);
    }
    return state_;
  }

 private:
  void Grant(const in::Effect& effect) {
    if (const auto* open = std::get_if<in::OpenTask>(&effect)) {
      Do(*open);
    } else if (const auto* timer = std::get_if<in::SetTimer>(&effect)) {
      timers_.emplace(timer->due, in::FireTimer{timer->seq, timer->kind});
    } else if (const auto* run = std::get_if<in::OpenMapRun>(&effect)) {
      Do(*run);
    } else if (std::holds_alternative<in::PostContinue>(effect)) {
      commands_.push_back(in::Continue{});
    }
  }

  void Do(const in::OpenTask& open) {
    const in::TaskSpec& spec = open.spec;
    if (spec.kind == in::TaskSpec::Kind::kExecution) return Nest(open);
    if (spec.kind == in::TaskSpec::Kind::kPublish) {
      commands_.push_back(in::SubmitTask{open.task, Json::EmptyObject()});
    } else {
      const JobOutcome done = Perform(spec.job_type, *spec.payload, false);
      if (done.error) {
        commands_.push_back(
            in::FailTask{open.task, open.attempt, done.error, "the job said so", "acme_w"});
      } else {
        commands_.push_back(in::SucceedTask{open.task, open.attempt,
                                            ParseJson(done.output).value(), "acme_w"});
      }
    }
    if (!spec.wait_for_task_token) return;
    commands_.push_back(in::SucceedTask{open.task, 0, ParseJson(kAnswer).value()});
  }

  // Of a child's report the definitions look at nothing that depends on when it was.
  void Nest(const in::OpenTask& open) {
    using ChildResult = in::TaskSpec::ChildResult;
    const in::TaskSpec& spec = open.spec;
    if (spec.child_result == ChildResult::kStarted) {
      commands_.push_back(in::SucceedTask{open.task, 0, Json::EmptyObject()});
      return;
    }
    const auto machine = children::ParseMachineName("acme", spec.machine);
    in::ExecutionInfo info;
    info.tenant = "acme";
    info.machine = machine->name;
    info.name = spec.execution_name;
    const in::ExecutionState child =
        PerfectWorld(targets_.at(machine->name), info, spec.payload, targets_).Run();
    if (child.status != in::ExecutionStatus::kSucceeded) {
      commands_.push_back(in::FailTask{open.task, 0, "States.TaskFailed", "a child's report", ""});
      return;
    }
    const bool text = spec.child_result == ChildResult::kText;
    json::object report{{"Status", "SUCCEEDED"}};
    report["Output"] = text ? json::value(PrintJson(**child.output)) : **child.output;
    commands_.push_back(in::SucceedTask{open.task, 0, Json(json::value(std::move(report)))});
  }

  void Do(const in::OpenMapRun& open) {
    const auto& map = std::get<asl::Map>(definition_->state(open.state).kind);
    std::unique_ptr<in::ItemMaker> maker;
    if (map.item_selector) {
      maker = std::make_unique<in::ItemMaker>(definition_, state_, open.frame, in::Limits{});
    }
    children::RunSource source(map, open.spec, nullptr, std::move(maker), Json());
    in::MapRunState run = in::BeginMapRun(open.spec, now_);
    mapdata::StateOutput output(std::nullopt, in::Limits{}.value_bytes_max);
    while (auto child = source.Next(1)) {
      in::ExecutionInfo info = state_.info;
      info.map_child = in::MapChild{.run = open.run, .index = run.next_child,
                                    .items = child->items};
      info.scope = open.scope;
      in::ChildStarted(run, child->items);
      const in::ExecutionState ended =
          PerfectWorld(definition_, info, child->input, targets_).Run();
      in::ChildEnded(run, {ended.status, child->items});
      mapdata::ChildResult result;
      if (ended.status == in::ExecutionStatus::kSucceeded) {
        result.output = ended.output;
      } else {
        result.status = mapdata::ChildResult::Status::kFailed;
      }
      CHECK(output.Add(result).has_value());
    }
    CHECK(!source.stopped());
    run.exhausted = true;
    if (in::ToleranceExceeded(run)) {
      commands_.push_back(
          in::FailMapRun{open.run, "States.ExceedToleratedFailureThreshold",
                         "The specified tolerated failure threshold was exceeded"});
    } else {
      commands_.push_back(in::SucceedMapRun{open.run, output.Take()});
    }
  }

  const std::shared_ptr<const asl::Definition> definition_;
  const Definitions& targets_;
  in::ExecutionState state_;
  Timestamp now_{Millis(1'764'000'000'000)};
  std::uint64_t seed_ = 0;
  std::deque<in::Command> commands_;
  std::multimap<Timestamp, in::FireTimer> timers_;
};

}  // namespace

in::ExecutionState RunDirectly(std::shared_ptr<const asl::Definition> definition,
                               const in::ExecutionInfo& info, const Json& input,
                               const Definitions& targets) {
  return PerfectWorld(std::move(definition), info, input, targets).Run();
}

}  // namespace towline::sim
