// Every command against every activity: what is applied, already so, too late or refused.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using Setup = void (*)(World&);

std::shared_ptr<const asl::Definition> TaskMachine(const std::string& resource,
                                                   const std::string& parameters) {
  return Machine(R"({"TimeoutSeconds":9000,"StartAt":"T","States":{"T":{"Type":"Task",
    "TimeoutSeconds":60,"HeartbeatSeconds":10,"Resource":")" + resource + "\"" + parameters +
                 R"(,"End":true}}})");
}

const char kJobParameters[] = R"(,"Parameters":{"JobType":"t"})";
const char kTopicParameters[] = R"(,"Parameters":{"Topic":"a"})";

World Job() { return World(TaskMachine("arn:towline:states:::job:run", kJobParameters)); }
World TokenJob() {
  return World(TaskMachine("arn:towline:states:::job:run.waitForTaskToken", kJobParameters));
}
World Activity() { return World(TaskMachine("arn:aws:states:eu-west-1:1:activity:weigh", "")); }
World TokenPublish() {
  return World(TaskMachine("arn:towline:states:::mqtt:publish.waitForTaskToken", kTopicParameters));
}

TaskId Opened(World& world) {
  world.Begin(J("{}"));
  return OnlyTask(world);
}

World Fresh(World world) {
  Opened(world);
  return world;
}
World Accepted(World world) {
  const TaskId task = Opened(world);
  world.Do(AcceptJob{task, 1, "w", 1});
  return world;
}
World Submitted(World world) {
  const TaskId task = Opened(world);
  if (world.tasks().at(task).open.spec.kind == TaskSpec::Kind::kPublish) {
    world.Do(SubmitTask{task, Json()});
  } else {
    world.Do(SucceedTask{task, 1, J("1"), "w"});
  }
  return world;
}
World StartedActivity() {
  World world = Activity();
  world.Do(StartTask{Opened(world), "poller"});
  return world;
}
World Waiting() {
  World world(Machine(R"({"TimeoutSeconds":9000,"StartAt":"W","States":{
    "W":{"Type":"Wait","Seconds":5,"End":true}}})"));
  world.Begin(J("{}"));
  return world;
}
World BackingOff() {
  World world(Machine(R"({"TimeoutSeconds":9000,"StartAt":"T","States":{"T":{"Type":"Task",
    "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"t"},
    "Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}}})"));
  world.Do(FailTask{Opened(world), 1, "E", "c", "w"});
  return world;
}
World Bounded() {
  Limits limits;
  limits.step_transitions_max = 10;
  World world(Machine(R"({"TimeoutSeconds":9000,"StartAt":"P","States":{
    "P":{"Type":"Pass","Next":"P2"},"P2":{"Type":"Pass","Next":"C"},
    "C":{"Type":"Choice","Default":"P","Choices":[
      {"Variable":"$.x","IsPresent":true,"Next":"E"}]},"E":{"Type":"Succeed"}}})"),
              limits);
  world.BeginOnce(J("{}"));
  return world;
}
World Closed() {
  World world = Job();
  Opened(world);
  world.Do(Stop{});
  return world;
}

constexpr EventSeq kNever = 999;

// The timer or task that the world waits for; 3 where it waits for neither.
EventSeq Subject(const World& world) {
  if (!world.tasks().empty()) return world.tasks().begin()->first;
  for (const auto& [timer, due] : world.timers()) {
    if (timer.second != TimerKind::kExecutionTimeout) return timer.first;
  }
  return 3;
}

struct Column {
  const char* name;
  Command (*make)(EventSeq subject);
};

const Column kColumns[] = {
    {"start", [](EventSeq) -> Command { return Start{{}, Json()}; }},
    {"succeed", [](EventSeq s) -> Command { return SucceedTask{s, 1, J("1"), "w"}; }},
    {"succeed, old attempt", [](EventSeq s) -> Command { return SucceedTask{s, 9, J("1"), "w"}; }},
    {"succeed by token", [](EventSeq s) -> Command { return SucceedTask{s, 0, J("1"), {}}; }},
    {"succeed another", [](EventSeq) -> Command { return SucceedTask{kNever, 0, J("1"), {}}; }},
    {"fail", [](EventSeq s) -> Command { return FailTask{s, 1, "E", "c", "w"}; }},
    {"fail, old attempt", [](EventSeq s) -> Command { return FailTask{s, 9, "E", "c", "w"}; }},
    {"fail by token", [](EventSeq s) -> Command { return FailTask{s, 0, {}, {}, {}}; }},
    {"start task", [](EventSeq s) -> Command { return StartTask{s, "p"}; }},
    {"submit", [](EventSeq s) -> Command { return SubmitTask{s, Json()}; }},
    {"accept", [](EventSeq s) -> Command { return AcceptJob{s, 1, "w", 1}; }},
    {"accept, old attempt", [](EventSeq s) -> Command { return AcceptJob{s, 9, "w", 1}; }},
    {"accept by another", [](EventSeq s) -> Command { return AcceptJob{s, 1, "v", 7}; }},
    {"requeue", [](EventSeq s) -> Command { return RequeueJob{s, 1, "lost"}; }},
    {"requeue, old attempt", [](EventSeq s) -> Command { return RequeueJob{s, 9, "lost"}; }},
    {"checkpoint", [](EventSeq s) -> Command { return CheckpointJob{s, 1, J("2")}; }},
    {"checkpoint, old attempt", [](EventSeq s) -> Command { return CheckpointJob{s, 9, J("2")}; }},
    {"timeout", [](EventSeq s) -> Command { return FireTimer{s, TimerKind::kTaskTimeout}; }},
    {"heartbeat", [](EventSeq s) -> Command { return FireTimer{s, TimerKind::kTaskHeartbeat}; }},
    {"wait", [](EventSeq s) -> Command { return FireTimer{s, TimerKind::kWait}; }},
    {"retry", [](EventSeq s) -> Command { return FireTimer{s, TimerKind::kRetry}; }},
    {"budget", [](EventSeq) -> Command { return FireTimer{1, TimerKind::kExecutionTimeout}; }},
    {"old timer", [](EventSeq) -> Command { return FireTimer{kNever, TimerKind::kWait}; }},
    {"stop", [](EventSeq) -> Command { return Stop{"E", "c"}; }},
    {"continue", [](EventSeq) -> Command { return Continue{}; }},
};

struct Row {
  const char* name;
  World (*make)();
  // One letter per column: Applied, Noop, Stale, Closed.
  const char* verdicts;
};

const Row kRows[] = {
    {"not started", [] { return Job(); }, "ASSSSSSSSSSSSSSSSSSSSSSSS"},
    {"between two steps", [] { return Bounded(); }, "NSSSSSSSSSSSSSSSSNNNNANAA"},
    {"job, open", [] { return Fresh(Job()); }, "NASASASASSASAASASAANNANAN"},
    {"job, accepted", [] { return Accepted(Job()); }, "NASASASASSNSSASASAANNANAN"},
    {"job, ended, token open", [] { return Submitted(TokenJob()); }, "NNSASSSASSSSSSSSSAANNANAN"},
    {"activity, open", [] { return Fresh(Activity()); }, "NASASASAASASAASASAANNANAN"},
    {"activity, started", [] { return StartedActivity(); }, "NASASASANSSSSASASAANNANAN"},
    {"publish, open", [] { return Fresh(TokenPublish()); }, "NASASASASASSSASASAANNANAN"},
    {"publish, submitted", [] { return Submitted(TokenPublish()); }, "NNSASSSASNSSSSSSSAANNANAN"},
    {"wait", [] { return Waiting(); }, "NSSSSSSSSSSSSSSSSNNANANAN"},
    {"backoff", [] { return BackingOff(); }, "NSSSSSSSSSSSSSSSSNNNAANAN"},
    {"closed", [] { return Closed(); }, "CCCCCCCCCCCCCCCCCCCCCCCCC"},
};

char Letter(Verdict verdict) {
  switch (verdict) {
    case Verdict::kApplied: return 'A';
    case Verdict::kNoop: return 'N';
    case Verdict::kStale: return 'S';
    case Verdict::kClosed: return 'C';
  }
  return '?';
}

// Each pair in a world of its own. A refused command leaves the state as it was.
TEST(CommandsTest, EveryCommandHasAnAnswerInEveryActivity) {
  for (const Row& row : kRows) {
    ASSERT_EQ(std::string_view(row.verdicts).size(), std::size(kColumns)) << row.name;
    for (std::size_t i = 0; i < std::size(kColumns); i++) {
      World world = row.make();
      const ExecutionState before = world.state();
      const Step step = world.DoOnce(kColumns[i].make(Subject(world)));
      EXPECT_EQ(Letter(step.verdict), row.verdicts[i]) << row.name << " / " << kColumns[i].name;
      if (step.verdict != Verdict::kApplied) {
        EXPECT_TRUE(Equal(before, world.state()));
      }
      EXPECT_SOUND(world) << row.name << " / " << kColumns[i].name;
    }
  }
}

// The same command again changes nothing: results are repeated until they are acknowledged.
TEST(CommandsTest, ARepeatedCommandIsNeverAppliedTwice) {
  for (const Row& row : kRows) {
    for (const Column& column : kColumns) {
      World world = row.make();
      const Command command = column.make(Subject(world));
      if (std::holds_alternative<Continue>(command)) continue;
      if (world.DoOnce(command).verdict != Verdict::kApplied) continue;
      EXPECT_NE(world.DoOnce(command).verdict, Verdict::kApplied)
          << row.name << " / " << column.name;
    }
  }
}

TEST(CommandsTest, StopKeepsErrorAndCauseAsGiven) {
  World world = Fresh(Job());
  const Step step = world.Do(Stop{std::nullopt, "enough"});
  EXPECT_EQ(world.state().status, ExecutionStatus::kAborted);
  EXPECT_EQ(world.state().error, std::nullopt);
  EXPECT_EQ(world.state().cause, "enough");
  EXPECT_EQ(Lines(world).back(), "4<-0 ExecutionAborted");
  EXPECT_THAT(Effects(step),
              ::testing::ElementsAre("close 3 cancel: the execution has ended", "clear 3 timeout",
                                     "clear 1 execution", "close execution"));
}

// The clock of the shell may be behind the last event; the history's is not.
TEST(CommandsTest, TimeNeverGoesBackwards) {
  World world = Fresh(Job());
  const TaskId task = OnlyTask(world);
  const Timestamp before = world.now();
  world.Pass(Millis(-5'000));
  world.Do(SucceedTask{task, 1, J("1"), "w"});
  EXPECT_EQ(world.events().back().time, before);
}

}  // namespace
}  // namespace towline::interpreter
