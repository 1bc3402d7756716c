#include "tests/simulation/site.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "proto/jobs/topics.h"

namespace towline::sim {
namespace {

constexpr Millis kReconnectMax{3'000};
// A job may wait for an earlier attempt of its task to be dead: grace, kill and all.
constexpr Millis kTakenOnBefore{60'000};

}  // namespace

// Jobs that are over when Start() returns, as the built-in ones are.
class Site::Instant final : public worker::Handler {
 public:
  explicit Instant(Site& site) : site_(site) {}
  Started Start(worker::Job job) override {
    site_.checker_.OnJobStart(site_.principal_, job.token, job.attempt);
    const JobOutcome done = Perform(job.type, *ParseJson(job.input).value(), false);
    site_.checker_.OnJobSuccess(job.token, job.attempt, done.output);
    return {.outcome = worker::Outcome{.succeeded = true, .output = done.output}};
  }
  void Signal(worker::JobId, bool) override {}
  bool instant() const override { return true; }

 private:
  Site& site_;
};

Site::Site(World& world, Broker& broker, Checker& checker, TokenHolder& holder, std::string name)
    : world_(world),
      broker_(broker),
      checker_(checker),
      holder_(holder),
      name_(std::move(name)),
      principal_(jobs::Principal{"acme", name_}.text()),
      instant_(std::make_unique<Instant>(*this)) {
  settings_.tenant = "acme";
  settings_.name = name_;
  settings_.labels = {{"site", name_}};
  settings_.slots = world_.random().Between(2, 6);
  settings_.seed = world_.random().Next();
}

Site::~Site() = default;

std::vector<worker::JobType> Site::Types() {
  using Restart = worker::JobType::Restart;
  std::vector<worker::JobType> types = {
      {.name = "add", .handler = instant_.get()},
      {.name = "echo", .restart = Restart::kRerun, .on_worker_lost = "requeue", .handler = this},
      {.name = "flaky", .handler = this},
      {.name = "fail", .restart = Restart::kRerun, .on_worker_lost = "requeue", .handler = this},
      {.name = "once", .start = jobs::StartMode::kAtMostOnce, .handler = this},
      {.name = "hand", .restart = Restart::kRerun, .handler = this},
      {.name = "stuck", .slots = 1, .on_worker_lost = "fail", .handler = this}};
  return types;
}

void Site::Start() { Boot(); }

void Site::Boot() {
  if (world_.Strikes(world_.weather().clock_jump)) {
    skew_ = Seconds(world_.random().Between(-3'600, 3'600));
  }
  lives_++;
  if (std::exchange(link_, false)) dark_since_ = world_.now();
  wake_at_ = Timestamp::max();
  journal_.Fail({});
  worker::Ports& ports = *this;
  agent_ = std::make_unique<worker::Agent>(settings_, Types(), journal_, ports, Now());
  world_.Trace(name_ + ": starts as incarnation " + std::to_string(agent_->incarnation()));
  connection_ = std::max(connection_, agent_->incarnation());
  Wake(Now());
  Later(world_.random().Delay(Millis(0), Millis(500)), [this] { Connect(); });
  ScheduleDeath();
}

void Site::ScheduleDeath() {
  const Millis life = world_.weather().worker_life;
  if (life == Millis(0)) return;
  Later(world_.random().Delay(Millis(500), life * 3), [this] {
    if (!world_.stormy()) return;
    if (world_.random().Chance(0.7)) return Die();
    world_.Trace(name_ + ": is told to stop");
    agent_->Stop(Now());
    Wake(Now());
  });
}

// The agent has let its jobs end and said good-bye.
void Site::Leave() {
  world_.Trace(name_ + ": leaves");
  broker_.Disconnect(principal_);
  agent_.reset();
  processes_.clear();
  world_.After(world_.random().Delay(Millis(200), Millis(60'000)), [this] { Boot(); });
}

void Site::Die() {
  const bool power = world_.Strikes(world_.weather().power_loss);
  world_.Trace(name_ + (power ? ": loses its power" : ": dies"));
  broker_.Vanish(principal_);
  agent_.reset();
  if (power) {
    journal_.LoseUnsynced();
    processes_.clear();
  }
  world_.After(world_.random().Delay(Millis(200), Millis(120'000)), [this] { Boot(); });
}

void Site::Later(Millis delay, std::function<void()> run) {
  world_.After(delay, [this, life = lives_, run = std::move(run)] {
    if (agent_ != nullptr && lives_ == life) run();
  });
}

void Site::Connect() {
  const std::uint64_t connection = connection_ + 1;
  const Will will{jobs::PresenceTopic(principal_),
                  worker::Agent::Will(settings_, agent_->incarnation(), connection)};
  if (!broker_.Connect(principal_, *this, agent_->Subscriptions(), /*clean_start=*/false, will)) {
    // A day of attempts would be most of the run.
    const Millis most = broker_.IsCutOff(principal_) ? kReconnectMax * 40 : kReconnectMax;
    Later(world_.random().Delay(Millis(50), most), [this] { Connect(); });
    return;
  }
  connection_ = connection;
  link_ = true;
  agent_->OnLinkUp(connection_, Now());
  Wake(Now());
}

void Site::OnKicked() {
  if (agent_ == nullptr) return;
  link_ = false;
  dark_since_ = world_.now();
  agent_->OnLinkDown(Now());
  Wake(Now());
  Later(world_.random().Delay(Millis(0), kReconnectMax), [this] { Connect(); });
}

void Site::OnBrokerMessage(const Message& message) {
  if (agent_ == nullptr) return;
  agent_->OnMessage(message.topic, message.payload, Now());
  Wake(Now() + world_.random().Delay(Millis(0), Millis(5)));
}

void Site::Wake(Timestamp at) {
  if (at >= wake_at_ && wake_at_ >= Now()) return;
  wake_at_ = at;
  const std::uint64_t wake = ++wake_;
  Later(at - Now(), [this, wake] {
    if (wake_ == wake) Run();
  });
}

void Site::Run() {
  wake_at_ = Timestamp::max();
  wake_++;
  // The disk of a site fails as well, for a moment.
  if (world_.Strikes(world_.weather().store_fails / 4)) {
    journal_.Fail("simulated");
    Later(world_.random().Delay(Millis(10), Millis(5'000)), [this] { journal_.Fail({}); });
  } else if (!world_.stormy()) {
    journal_.Fail({});
  }
  const Timestamp next = agent_->RunOnce(Now());
  if (agent_->stopped()) return Leave();
  Wake(std::max(next, Now() + Millis(1)));
}

bool Site::Publish(std::string topic, std::string payload, bool retain) {
  if (world_.Strikes(world_.weather().refuse)) return false;
  if (!broker_.Publish(principal_, {.topic = topic, .payload = payload}, retain)) return false;
  if (topic.find("/results/") != std::string::npos) CheckOrder(payload);
  world_.Trace(name_ + " -> " + topic + " " + payload);
  return true;
}

// However long they have waited: results are told as they came to be.
void Site::CheckOrder(const std::string& payload) {
  const auto batch = jobs::DecodeResultBatch(payload);
  if (!batch) return world_.Violate(name_ + " says " + batch.error().message);
  const auto later = [](const jobs::JobResult& a, const jobs::JobResult& b) {
    return a.finished < b.finished;
  };
  if (!std::is_sorted(batch->results.begin(), batch->results.end(), later)) {
    world_.Violate(name_ + " reports results out of order: " + payload);
  }
}

void Site::KillLeftovers(const std::string& token, std::uint32_t attempt,
                         const std::optional<worker::ProcessGroup>&) {
  std::erase_if(processes_, [&](const auto& entry) {
    return entry.second.token == token && entry.second.attempt == attempt;
  });
}

void Site::Reply(std::uint64_t, Answer) {}

Result<std::string> Site::ReadSecret(const std::string& name) {
  return Error{Error::Code::kFailedPrecondition, "this site has no secret '" + name + "'"};
}

// Without a link nothing new is begun, but for what had been taken on before.
void Site::CheckLink(const worker::Job& job) {
  if (link_) dark_since_.reset();
  if (link_ || world_.now() - dark_since_.value_or(world_.now()) < kTakenOnBefore) return;
  world_.Violate(name_ + " begins a job without a link: " + job.token);
}

worker::Handler::Started Site::Start(worker::Job job) {
  checker_.OnJobStart(principal_, job.token, job.attempt);
  CheckLink(job);
  const Json input = ParseJson(job.input).value();
  const JobOutcome done = Perform(job.type, *input, world_.random().Chance(0.5));
  if (job.type == "hand") {
    holder_.Hold(std::string(input->as_object().at("token").as_string()));
  }
  const std::uint64_t number = ++next_process_;
  Process& process = processes_[number];
  process.token = job.token;
  process.attempt = job.attempt;
  process.life = lives_;
  process.id = job.id;
  process.number = number;
  process.stubborn = world_.random().Chance(0.2);
  process.outcome.succeeded = !done.error.has_value();
  process.outcome.output = done.output;
  process.outcome.error = done.error.value_or("");
  process.outcome.cause = done.error ? "the job said so" : "";
  world_.Trace(name_ + ": runs " + job.type + " of " + job.execution + " attempt " +
               std::to_string(job.attempt));
  if (job.checkpoint) checker_.OnJobGiven(job.token, *job.checkpoint);
  if (world_.random().Chance(0.3)) {
    Later(world_.random().Delay(Millis(1), Millis(5'000)), [this, number] { Save(number); });
  }
  if (job.type != "stuck") {
    const Millis time = world_.random().Delay(Millis(1), Millis(30'000));
    world_.After(time, [this, number] {
      const auto found = processes_.find(number);
      if (found != processes_.end()) End(number, found->second.outcome);
    });
  }
  return {.group = worker::ProcessGroup{static_cast<std::int64_t>(number), "boot"}};
}

void Site::Save(std::uint64_t number) {
  const auto found = processes_.find(number);
  if (found == processes_.end()) return;
  const std::string checkpoint = "{\"at\":" + std::to_string(number) + "}";
  checker_.OnCheckpoint(found->second.token, checkpoint);
  agent_->OnProgress(found->second.id, {.percent = 50, .checkpoint = checkpoint}, Now());
  Wake(Now());
}

void Site::Signal(worker::JobId id, bool kill) {
  for (const auto& [number, process] : processes_) {
    if (process.life != lives_ || process.id != id) continue;
    if (process.stubborn && !kill) return;
    Later(world_.random().Delay(Millis(1), Millis(2'000)), [this, n = number] {
      End(n, {.succeeded = false, .error = "Killed", .cause = "by a signal"});
    });
    return;
  }
}

void Site::End(std::uint64_t number, worker::Outcome outcome) {
  const auto found = processes_.find(number);
  if (found == processes_.end()) return;
  const Process process = std::move(found->second);
  processes_.erase(found);
  // An agent that has died since hears nothing of it.
  if (agent_ == nullptr || process.life != lives_) return;
  if (outcome.succeeded) checker_.OnJobSuccess(process.token, process.attempt, outcome.output);
  agent_->OnFinished(process.id, std::move(outcome), Now());
  Wake(Now());
}

bool Site::Settled() const {
  return agent_ != nullptr && agent_->held() == 0 && agent_->unacknowledged() == 0;
}

std::string Site::text() const {
  if (agent_ == nullptr) return name_ + " is dead";
  return name_ + " holds " + std::to_string(agent_->held()) + ", has " +
         std::to_string(agent_->unacknowledged()) + " unacknowledged";
}

}  // namespace towline::sim
