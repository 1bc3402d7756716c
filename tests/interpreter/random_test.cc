// Random machines under random commands. Whatever comes in whatever order: every promise to the
// shell holds after every step, the events alone rebuild the state, and it comes to an end.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 1) {}
  std::uint32_t Below(std::uint32_t n) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::uint32_t>(state_ >> 33) % n;
  }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

// Writes a machine: a chain of states per scope, with jumps forward only.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : dice_(seed) {}

  std::string Machine() {
    return std::string("{") + (dice_.OneIn(3) ? "\"TimeoutSeconds\":40," : "") +
           Scope(0).substr(1);
  }

 private:
  std::string Scope(int depth) {
    const std::uint32_t count = 1 + dice_.Below(3);
    const std::string prefix = "s" + std::to_string(scopes_++) + "_";
    std::string states;
    for (std::uint32_t i = 0; i < count; i++) {
      const std::string name = prefix + std::to_string(i);
      const std::string next = prefix + std::to_string(i + 1);
      states += (i == 0 ? "\"" : ",\"") + name + "\":" + State(next, i + 1 == count, depth);
    }
    return R"({"StartAt":")" + prefix + R"(0","States":{)" + states + "}}";
  }

  std::string State(const std::string& next, bool last, int depth) {
    std::string go = last ? R"("End":true)" : R"("Next":")" + next + "\"";
    // Of a name that no other scope uses: the state's own without its number.
    const std::string variable = next.substr(0, next.find('_')) + "v";
    if (dice_.OneIn(3)) go = R"("Assign":{")" + variable + R"(.$":"$"},)" + go;
    switch (dice_.Below(depth < 2 ? 8 : 6)) {
      case 0: return R"({"Type":"Pass","Result":[1,2,3],)" + go + "}";
      case 1:
        return R"({"Type":"Wait","Seconds":)" + std::to_string(dice_.Below(9)) + "," + go + "}";
      case 2:
        if (!last || !dice_.OneIn(3)) return R"({"Type":"Pass",)" + go + "}";
        go.clear();
        return dice_.OneIn(2) ? R"({"Type":"Fail","Error":"E1"})" : R"({"Type":"Succeed"})";
      case 3:
      case 4:
      case 5: return Task(next, go, last);
      case 6: return Parallel(next, go, last, depth);
      default: return Map(next, go, last, depth);
    }
  }

  std::string Handlers(const std::string& next, bool last) {
    std::string handlers;
    if (dice_.OneIn(2)) {
      handlers += R"("Retry":[{"ErrorEquals":["E1","States.Timeout"],"MaxAttempts":2,
        "IntervalSeconds":2,"JitterStrategy":"FULL"}],)";
    }
    if (!last && dice_.OneIn(2)) {
      handlers += R"("Catch":[{"ErrorEquals":["States.ALL"],"Next":")" + next + R"("}],)";
    }
    return handlers;
  }

  std::string Task(const std::string& next, const std::string& go, bool last) {
    const char* resources[] = {
        R"("arn:towline:states:::job:run","Parameters":{"JobType":"t","Payload.$":"$"})",
        R"("arn:towline:states:::job:run.waitForTaskToken","Parameters":{"JobType":"t"})",
        R"("arn:towline:states:::mqtt:publish.waitForTaskToken","Parameters":{"Topic":"t"})",
        R"("arn:aws:states:us-east-1:111111111111:activity:a")"};
    return R"({"Type":"Task","Resource":)" + std::string(resources[dice_.Below(4)]) + "," +
           (dice_.OneIn(2) ? R"("TimeoutSeconds":20,)" : "") + Handlers(next, last) + go + "}";
  }

  std::string Parallel(const std::string& next, const std::string& go, bool last, int depth) {
    std::string branches = Scope(depth + 1);
    for (std::uint32_t more = dice_.Below(3); more > 0; more--) branches += "," + Scope(depth + 1);
    return R"({"Type":"Parallel","Branches":[)" + branches + "]," + Handlers(next, last) + go + "}";
  }

  std::string Map(const std::string& next, const std::string& go, bool last, int depth) {
    return R"({"Type":"Map","MaxConcurrency":)" + std::to_string(dice_.Below(3)) +
           R"(,"ItemsPath":"$$.Execution.Input","ItemProcessor":)" + Scope(depth + 1) + "," +
           Handlers(next, last) + go + "}";
  }

  Dice dice_;
  int scopes_ = 0;
};

// A command about some task, open or not, of some attempt, current or not.
Command AboutTask(World& world, Dice& dice) {
  TaskId task = 1 + dice.Below(static_cast<std::uint32_t>(world.state().last_seq) + 2);
  std::uint32_t attempt = dice.Below(4);
  if (!world.tasks().empty() && !dice.OneIn(4)) {
    auto at = world.tasks().begin();
    std::advance(at, dice.Below(static_cast<std::uint32_t>(world.tasks().size())));
    task = at->first;
    if (!dice.OneIn(4)) attempt = at->second.attempt;
  }
  switch (dice.Below(9)) {
    case 0:
    case 1: return SucceedTask{task, attempt, J("[4,5]"), "w"};
    case 2: return FailTask{task, attempt, "E" + std::to_string(dice.Below(2)), "c", "w"};
    case 3: return StartTask{task, "p"};
    case 4: return SubmitTask{task, Json()};
    case 5: return AcceptJob{task, attempt, dice.OneIn(2) ? "w" : "v", 1};
    case 6: return RequeueJob{task, attempt, "lost"};
    case 7: return CheckpointJob{task, attempt, J(std::to_string(dice.Below(3)))};
    default: return FireTimer{task, TimerKind::kTaskHeartbeat};
  }
}

void Play(World& world, Dice& dice) {
  world.Begin(J("[1,2,3]"));
  for (int i = 0; i < 3'000 && !world.state().closed(); i++) {
    if (dice.OneIn(4)) {
      world.FireNext();
    } else if (dice.OneIn(500)) {
      world.Do(Stop{"stopped", {}});
    } else if (dice.OneIn(20)) {
      world.Do(FireTimer{dice.Below(30), static_cast<TimerKind>(1 + dice.Below(2))});
    } else {
      world.Do(AboutTask(world, dice));
    }
  }
}

TEST(RandomTest, EveryPromiseHoldsWhateverComes) {
  for (std::uint64_t seed = 1; seed <= 200; seed++) {
    const std::string text = Writer(seed).Machine();
    Dice dice(seed);
    Limits limits;
    if (dice.OneIn(2)) limits.step_transitions_max = 1 + dice.Below(4);
    if (dice.OneIn(4)) limits.history_events_max = 5 + dice.Below(100);
    World world(Machine(text), limits, seed);
    world.RestartAfterEachStep();
    Play(world, dice);
    EXPECT_TRUE(world.state().closed()) << "seed " << seed << " does not end: " << text;
    EXPECT_SOUND(world) << "seed " << seed << ": " << text;
    EXPECT_EQ(HistoryOf(world).size(), world.state().last_id);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace towline::interpreter
