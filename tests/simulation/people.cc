#include "tests/simulation/people.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "orchestrator/engine/router.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"
#include "statemachines/asl/parser.h"
#include "statemachines/base/check.h"
#include "tests/simulation/definitions.h"
#include "tests/simulation/direct.h"

namespace towline::sim {
namespace {

const char* const kPrincipal = "acme_people";
const char* const kAnswers = "towline/1/acme_people/answers";

}  // namespace

void Holder::Start(Server& server) {
  server_ = &server;
  Connect();
}

void Holder::Connect() {
  if (broker_.Connect(kPrincipal, *this, {"sim/#", kAnswers}, false, std::nullopt)) return;
  world_.After(world_.random().Delay(Millis(50), Millis(3'000)), [this] { Connect(); });
}

void Holder::OnKicked() {
  world_.After(world_.random().Delay(Millis(50), Millis(3'000)), [this] { Connect(); });
}

void Holder::Hold(const std::string& token) {
  if (!held_.insert(token).second) return;
  world_.After(world_.random().Delay(Millis(100), Millis(40'000)), [this, token] { Try(token); });
}

void Holder::OnBrokerMessage(const Message& message) {
  const auto payload = ParseJson(message.payload);
  if (!payload || !(*payload)->is_object()) return;
  const json::object& object = (*payload)->get_object();
  if (const auto* token = object.if_contains("token")) Hold(std::string(token->as_string()));
  const auto* status = object.if_contains("status");
  if (status == nullptr || (*status != "recorded" && *status != "stale")) return;
  held_.erase(std::string(object.at("taskToken").as_string()));
}

void Holder::Try(const std::string& token) {
  if (held_.count(token) == 0) return;
  world_.After(world_.random().Delay(Millis(2'000), Millis(30'000)), [this, token] { Try(token); });
  if (world_.random().Chance(0.5)) {
    const jobs::Callback callback{.task_token = token, .output = kAnswer, .reply_to = kAnswers};
    broker_.Publish(kPrincipal,
                    {.topic = jobs::CallbacksTopic(kPrincipal), .payload = jobs::Encode(callback)});
    return;
  }
  const engine::TaskRef ref = *tokens_.Verify(token);
  server_->Post(ref.partition,
                engine::TaskCommand{
                    .task = ref,
                    .command = interpreter::SucceedTask{.output = ParseJson(kAnswer).value()},
                    .tenant = "acme",
                    .reply = [this, token](engine::TaskVerdict verdict) {
                      if (verdict == engine::TaskVerdict::kForbidden) {
                        world_.Violate("a token of the tenant's own is forbidden");
                      }
                      if (verdict != engine::TaskVerdict::kUnavailable) held_.erase(token);
                    }});
}

Clients::Clients(World& world, Checker& checker, Server& server, store::Backend& backend)
    : world_(world), checker_(checker), server_(server), backend_(backend) {
  MakeErrands();
}

std::shared_ptr<const Clients::Machine> Clients::MakeMachine(const std::string& name,
                                                             const std::string& text) {
  const auto parsed = asl::Parse(text);
  if (!parsed.ok()) {
    world_.Violate(asl::DescribeErrors(parsed.diagnostics) + " in " + text);
    return nullptr;
  }
  const std::string revision = engine::RevisionHash(text);
  backend_.catalogue().PutRevision(revision, text);
  backend_.catalogue().PutMachine({"acme", name, revision, world_.now(), world_.now(), false});
  checker_.AddDefinition(revision, parsed.definition);
  world_.Trace("machine " + name + " " + text);
  return std::make_shared<const Machine>(Machine{name, revision, parsed.definition});
}

Errand Clients::MakeErrand(const Machine& machine, int number) {
  Random& random = world_.random();
  json::array items;
  for (int k = random.Between(0, 5); k > 0; k--) items.push_back(json::object{{"v", k}});
  json::object input{{"items", std::move(items)}};
  if (random.Chance(0.5)) input["n"] = random.Between(0, 9);
  Errand errand;
  errand.machine = machine.name;
  errand.name = "e-" + machine.name + "-" + std::to_string(number);
  errand.revision = machine.revision;
  errand.definition = machine.definition;
  errand.input = Json(std::move(input));
  errand.stopped = random.Chance(0.15);
  errand.to_redrive = random.Chance(0.25);
  return errand;
}

void Clients::MakeErrands() {
  Random& random = world_.random();
  std::vector<std::string> targets;
  for (int i = random.Between(0, 2); i > 0; i--) {
    const std::string name = "t" + std::to_string(i);
    const auto machine = MakeMachine(name, MakeDefinition(random, false, {}));
    if (machine == nullptr) return;
    targets_[name] = machine->definition;
    targets.push_back(name);
  }
  const int machines = random.Between(2, 5);
  for (int i = 0; i < machines; i++) {
    const bool wild = random.Chance(0.3);
    const std::string name = "m" + std::to_string(i);
    const auto machine = MakeMachine(name, MakeDefinition(random, wild, targets));
    if (machine == nullptr) return;
    for (int j = random.Between(1, 5); j > 0; j--) {
      errands_.push_back(MakeErrand(*machine, j));
      errands_.back().tame = !wild && !errands_.back().stopped;
    }
  }
  if (random.Chance(0.5)) return;
  const auto endless = MakeMachine("endless", MakeEndless(random, "endless"));
  if (endless == nullptr) return;
  for (int j = random.Between(1, 3); j > 0; j--) {
    errands_.push_back(MakeErrand(*endless, j));
    errands_.back().tame = errands_.back().to_redrive = false;
    errands_.back().stopped = true;
  }
}

interpreter::ExecutionInfo Clients::Info(const Errand& errand) const {
  const std::string prefix = "arn:towline:states:local:acme:";
  return {.tenant = "acme",
          .machine = errand.machine,
          .name = errand.name,
          .arn = prefix + "execution:" + errand.machine + ":" + errand.name,
          .machine_arn = prefix + "stateMachine:" + errand.machine,
          .role_arn = "",
          .revision = errand.revision};
}

int Clients::PartitionOf(const Errand& errand) const {
  return engine::PartitionOf("acme", errand.machine, errand.name, server_.partitions());
}

void Clients::Start() {
  Operate();
  const Millis storm = world_.calm_at() - world_.now();
  for (std::size_t i = 0; i < errands_.size(); i++) {
    const Millis when = world_.random().Delay(Millis(0), storm);
    world_.After(when, [this, i] { TryStart(i); });
    if (errands_[i].stopped) {
      world_.After(when + world_.random().Delay(Millis(0), Millis(60'000)),
                   [this, i] { TryStop(i); });
    }
    if (errands_[i].to_redrive) {
      world_.After(when + world_.random().Delay(Millis(0), Millis(60'000)),
                   [this, i] { TryRedrive(i); });
    }
  }
}

void Clients::TryStart(std::size_t index) {
  Errand& errand = errands_[index];
  if (errand.started) return;
  world_.After(world_.random().Delay(Millis(500), Millis(20'000)),
               [this, index] { TryStart(index); });
  const int partition = PartitionOf(errand);
  server_.Post(partition,
               engine::StartExecution{
                   .info = Info(errand),
                   .definition = errand.definition,
                   .input = errand.input,
                   .wait = world_.random().Chance(0.3),
                   .reply = [this, index, partition](Result<engine::ExecutionView> result) {
                     Errand& e = errands_[index];
                     const bool exists = !result && result.error().name == "ExecutionAlreadyExists";
                     if (result) checker_.OnStarted(partition, result->key);
                     if (result || exists) e.started = true;
                   }});
}

void Clients::TryStop(std::size_t index) {
  const Errand& errand = errands_[index];
  const auto again = [this, index] { TryStop(index); };
  // An answer ends the trying; without one it is sent again.
  const auto answered = std::make_shared<bool>(false);
  world_.After(world_.random().Delay(Millis(1'000), Millis(20'000)), [answered, again] {
    if (!*answered) again();
  });
  server_.Post(PartitionOf(errand),
               engine::StopExecution{
                   .execution = {"acme", errand.machine, errand.name},
                   .error = "Stopped",
                   .cause = "by somebody",
                   .reply = [answered](Result<engine::ExecutionView> result) {
                     *answered = result.has_value();
                   }});
}

// Until it is redriven, or has succeeded.
void Clients::TryRedrive(std::size_t index) {
  const Errand& errand = errands_[index];
  if (!errand.to_redrive) return;
  world_.After(world_.random().Delay(Millis(1'000), Millis(40'000)),
               [this, index] { TryRedrive(index); });
  server_.Post(PartitionOf(errand),
               engine::RedriveExecution{
                   .execution = {"acme", errand.machine, errand.name},
                   .client_token = "again",
                   .reply = [this, index](Result<engine::ExecutionView> result) {
                     const bool over = !result && result.error().message.find("has succeeded") !=
                                                      std::string::npos;
                     if (result || over) errands_[index].to_redrive = false;
                   }});
}

void Clients::Operate() {
  world_.After(world_.random().Delay(Millis(5'000), Millis(120'000)), [this] { Operate(); });
  if (!world_.stormy()) {
    for (const char* worker : {"w1", "w2", "w3", "w4"}) server_.SetDrain(worker, false);
  } else if (world_.random().Chance(0.3)) {
    server_.SetDrain("w" + std::to_string(world_.random().Between(1, 4)),
                     world_.random().Chance(0.5));
  }
}

bool Clients::AllStarted() const {
  for (const Errand& errand : errands_) {
    if (!errand.started || errand.to_redrive) return false;
  }
  return true;
}

void Clients::AtEnd() {
  for (const Errand& errand : errands_) {
    const auto* state = checker_.Find(errand.machine, errand.name);
    const std::string who = "execution " + errand.name + ": ";
    if (state == nullptr) {
      world_.Violate(who + "was acknowledged and is not there");
      continue;
    }
    if (!errand.tame) continue;
    const auto expected = RunDirectly(errand.definition, Info(errand), errand.input, targets_);
    if (state->status != expected.status || state->error != expected.error ||
        state->output.has_value() != expected.output.has_value() ||
        (state->output && !(*state->output == *expected.output))) {
      const auto text = [](const interpreter::ExecutionState& s) {
        return std::to_string(static_cast<int>(s.status)) + " " +
               (s.output ? PrintJson(**s.output) : s.error.value_or("") + ": " +
                                                       s.cause.value_or(""));
      };
      world_.Violate(who + "ended as " + text(*state) + ", but in a perfect world as " +
                     text(expected));
    }
  }
}

}  // namespace towline::sim
