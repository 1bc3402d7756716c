#include "tests/simulation/simulation.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "statemachines/base/check.h"
#include "statemachines/base/log.h"
#include "tests/simulation/people.h"
#include "tests/simulation/site.h"

namespace towline::sim {
namespace {

// Once nothing goes wrong any more, everything must be over within this time.
constexpr std::chrono::hours kPatience{12};
constexpr std::chrono::hours kOutage{24};

class Installation {
 public:
  explicit Installation(const Options& options)
      : outage_(options.outage),
        world_(options.seed, options.verbose),
        backend_(store::OpenMemoryBackend(world_.random().Between(1, 2))),
        tokens_({store::MacKey{.id = 0, .bytes = std::string(32, 'k')}}),
        broker_(world_),
        checker_(world_, tokens_),
        holder_(world_, broker_, tokens_),
        server_(world_, broker_, checker_, *backend_, tokens_, options.bug),
        clients_(world_, checker_, server_, *backend_) {
    const int sites = world_.random().Between(1, 4);
    for (int i = 1; i <= sites; i++) {
      sites_.push_back(
          std::make_unique<Site>(world_, broker_, checker_, holder_, "w" + std::to_string(i)));
    }
  }

  Report Run() {
    world_.Trace(world_.weather().text());
    broker_.Start();
    server_.Start();
    holder_.Start(server_);
    for (const auto& site : sites_) site->Start();
    clients_.Start();
    Timestamp limit = world_.calm_at() + kPatience;
    if (outage_ != Options::Outage::kNone) limit += kOutage;
    PlanOutage();
    std::uint64_t steps = 0;
    while (world_.Step(limit)) {
      steps++;
      if (!world_.stormy() && steps % 64 == 0 && Finished()) break;
    }
    if (world_.violation().empty()) Judge();
    return {.seed = 0,
            .violation = world_.violation(),
            .steps = steps,
            .events = checker_.events(),
            .jobs = checker_.runs(),
            .trace_hash = world_.trace_hash()};
  }

 private:
  void PlanOutage() {
    if (outage_ == Options::Outage::kNone) return;
    world_.After(Seconds(world_.random().Between(10, 60)), [this] {
      const Timestamp back = world_.now() + kOutage;
      broker_.CutOff(outage_ == Options::Outage::kSites ? "acme_w" : Server::kClientId, back);
      outage_begun_ = true;
    });
  }

  bool Finished() const {
    if (outage_ != Options::Outage::kNone && !outage_begun_) return false;
    if (!clients_.AllStarted() || !checker_.Unfinished().empty()) return false;
    for (const auto& site : sites_) {
      if (!site->Settled()) return false;
    }
    return true;
  }

  void Judge() {
    if (!Finished()) {
      std::string why = "not over " + std::to_string(kPatience.count()) + " hours after the storm:";
      for (const auto& site : sites_) why += "\n  " + site->text();
      why += checker_.Unfinished();
      for (const engine::TaskRef& task : OpenTasks()) {
        why += "\n  task " + std::to_string(task.execution) + "/" + std::to_string(task.task) +
               ": " + server_.Why(task);
      }
      return world_.Violate(why);
    }
    for (int i = 0; i < server_.partitions(); i++) {
      checker_.AtEnd(i, *backend_->OpenPartition(i));
    }
    clients_.AtEnd();
  }

  std::vector<engine::TaskRef> OpenTasks() {
    std::vector<engine::TaskRef> tasks;
    for (int i = 0; i < server_.partitions(); i++) {
      backend_->OpenPartition(i)->OpenTasks([&](const store::TaskRow& row) {
        tasks.push_back({i, row.execution, row.task});
      });
    }
    return tasks;
  }

  const Options::Outage outage_;
  bool outage_begun_ = false;
  World world_;
  const std::unique_ptr<store::Backend> backend_;
  const engine::Tokens tokens_;
  Broker broker_;
  Checker checker_;
  Holder holder_;
  Server server_;
  Clients clients_;
  std::vector<std::unique_ptr<Site>> sites_;
};

// Reports as lines: numbers first, the violation is the rest.
std::string Pack(const Report& report) {
  return std::to_string(report.steps) + " " + std::to_string(report.events) + " " +
         std::to_string(report.jobs) + " " + std::to_string(report.trace_hash) + " " +
         report.violation;
}

bool Unpack(const std::string& text, Report& report) {
  unsigned long long steps = 0, events = 0, jobs = 0, hash = 0;
  int at = 0;
  if (std::sscanf(text.c_str(), "%llu %llu %llu %llu%n", &steps, &events, &jobs, &hash, &at) != 4) {
    return false;
  }
  report.steps = steps;
  report.events = events;
  report.jobs = jobs;
  report.trace_hash = hash;
  report.violation = text.substr(static_cast<std::size_t>(at) + 1);
  return true;
}

}  // namespace

Report Simulate(const Options& options) {
  SetLogLevel("off");
  Report report = Installation(options).Run();
  report.seed = options.seed;
  return report;
}

Report SimulateApart(const Options& options, int seconds) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(static_cast<unsigned>(seconds));
    const std::string text = Pack(Simulate(options));
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t wrote = write(ends[1], text.data() + at, text.size() - at);
      if (wrote <= 0) break;
      at += static_cast<std::size_t>(wrote);
    }
    std::fflush(nullptr);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char block[4096];
  for (ssize_t size = 0; (size = read(ends[0], block, sizeof block)) > 0;) {
    text.append(block, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Report report;
  if (!Unpack(text, report)) {
    report.violation = WIFSIGNALED(status)
                           ? std::string("the process ended by signal ") +
                                 strsignal(WTERMSIG(status)) + "; run this seed alone to see why"
                           : "the process ended without a word";
  }
  report.seed = options.seed;
  return report;
}

}  // namespace towline::sim
