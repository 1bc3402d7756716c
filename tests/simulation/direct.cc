#include "tests/simulation/direct.h"

#include <deque>
#include <map>

#include "statemachines/base/check.h"
#include "statemachines/interpreter/advance.h"
#include "tests/simulation/jobs.h"

namespace towline::sim {
namespace {

namespace in = interpreter;

class PerfectWorld {
 public:
  PerfectWorld(const asl::Definition& definition, const in::ExecutionInfo& info, const Json& input)
      : definition_(definition) {
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
      const in::Step step = in::Advance(definition_, state_, command, turn, {});
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
    } else if (std::holds_alternative<in::PostContinue>(effect)) {
      commands_.push_back(in::Continue{});
    }
  }

  void Do(const in::OpenTask& open) {
    const in::TaskSpec& spec = open.spec;
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

  const asl::Definition& definition_;
  in::ExecutionState state_;
  Timestamp now_{Millis(1'764'000'000'000)};
  std::uint64_t seed_ = 0;
  std::deque<in::Command> commands_;
  std::multimap<Timestamp, in::FireTimer> timers_;
};

}  // namespace

in::ExecutionState RunDirectly(const asl::Definition& definition, const in::ExecutionInfo& info,
                               const Json& input) {
  return PerfectWorld(definition, info, input).Run();
}

}  // namespace towline::sim
