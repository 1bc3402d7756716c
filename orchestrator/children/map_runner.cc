#include "orchestrator/children/map_runner.h"

#include <algorithm>

#include "orchestrator/children/parent_state.h"
#include "orchestrator/children/run_results.h"
#include "orchestrator/children/run_source.h"
#include "statemachines/base/log.h"

namespace towline::children {
namespace {

namespace in = interpreter;

constexpr Millis kBusyPause{50};
constexpr Millis kRetryFirst{1'000};
constexpr Millis kRetryMax{60'000};
constexpr int kRetriesMax = 10;  // about six minutes of an object store that does not answer
constexpr std::size_t kPerSweep = 200;

Millis RetryAfter(int failures) {
  return std::min(kRetryMax, kRetryFirst * (1 << std::min(failures - 1, 6)));
}

}  // namespace

// What is the worker's own; touched by the one thread that works on the run.
struct MapRunner::Work {
  engine::MapRunView view;  // as it was when the piece of work began
  std::shared_ptr<const store::MapRunOrder> order;
  std::string revision;
  std::uint64_t sweep_from = 0;
  // Outcome: when to look again without being told.
  std::optional<Millis> again{};
};

struct MapRunner::Run {
  engine::MapRunRef ref;
  // Guarded by the runner's mutex:
  std::string revision;
  std::shared_ptr<const store::MapRunOrder> order;
  engine::MapRunView view;
  bool gone = false;
  bool working = false;      // a thread is at it
  bool asked = false;        // a request is under way
  bool woken = false;        // something came while a thread was at it
  std::uint64_t sweep_from = 0;  // of StopChildren and RedriveChildren
  // Of the working thread:
  std::shared_ptr<const asl::Definition> definition;
  std::unique_ptr<RunSource> source;
  std::uint64_t source_at = 0;  // the number of the child that `source` gives next
  int failures = 0;
};

MapRunner::MapRunner(MapRunnerSettings settings, engine::RequestPort& partitions,
                     store::Backend& backend, engine::Definitions& definitions,
                     objects::ObjectStore* objects)
    : settings_(settings),
      partitions_(partitions),
      backend_(backend),
      definitions_(definitions),
      objects_(objects) {}

MapRunner::~MapRunner() = default;

void MapRunner::Post(int partition, bool reset, std::vector<engine::MapRunNotice> notices) {
  {
    const std::lock_guard lock(mutex_);
    if (reset) {
      for (auto run = runs_.begin(); run != runs_.end();) {
        if (run->first.partition != partition) {
          ++run;
          continue;
        }
        run->second->gone = true;
        run = runs_.erase(run);
      }
    }
    for (engine::MapRunNotice& notice : notices) {
      const auto found = runs_.find(notice.run);
      if (!notice.view.open) {
        if (found == runs_.end()) continue;
        found->second->gone = true;
        runs_.erase(found);
        continue;
      }
      std::shared_ptr<Run>& run = runs_[notice.run];
      if (run == nullptr) {
        if (notice.order == nullptr) {
          runs_.erase(notice.run);  // forgotten by a reset; its order follows
          continue;
        }
        run = std::make_shared<Run>();
        run->ref = notice.run;
      }
      if (notice.order != nullptr) {
        run->order = std::move(notice.order);
        run->revision = std::move(notice.revision);
        run->sweep_from = 0;
      }
      run->view = std::move(notice.view);
      run->woken = true;
      due_.emplace(now_, run);
    }
  }
  changed_.notify_one();
}

void MapRunner::Wait(const std::stop_token& stop, Millis timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, timeout,
                    [this] { return !due_.empty() && due_.begin()->first <= now_; });
}

Timestamp MapRunner::RunOnce(Timestamp now) {
  std::shared_ptr<Run> run;
  Work work;
  {
    const std::lock_guard lock(mutex_);
    now_ = std::max(now_, now);
    while (run == nullptr && !due_.empty() && due_.begin()->first <= now_) {
      run = due_.begin()->second.lock();
      due_.erase(due_.begin());
      if (run == nullptr) continue;
      if (run->working) run->woken = true;  // its thread looks again
      if (run->gone || run->working || run->asked) run = nullptr;
    }
    if (run == nullptr) return due_.empty() ? Timestamp::max() : due_.begin()->first;
    run->working = true;
    run->woken = false;
    work.view = run->view;
    work.order = run->order;
    work.revision = run->revision;
    work.sweep_from = run->sweep_from;
  }
  Act(run, work);
  const std::lock_guard lock(mutex_);
  run->working = false;
  if (work.again) {
    due_.emplace(now_ + *work.again, run);
  } else if (run->woken && !run->asked) {
    due_.emplace(now_, run);
  }
  return due_.empty() ? Timestamp::max() : due_.begin()->first;
}

void MapRunner::Act(const std::shared_ptr<Run>& run, Work& work) {
  try {
    const in::MapRunState& state = work.view.state;
    if (state.status != in::MapRunStatus::kRunning) {
      return state.stopping ? Sweep(run, work, /*stop=*/true) : Gather(run, work);
    }
    if (state.executions.pending_redrive > 0) {
      if (in::Room(state) > 0) Sweep(run, work, /*stop=*/false);
    } else if (!state.exhausted) {
      if (in::Room(state) > 0) Feed(run, work);
    } else if (in::IsDrained(state)) {
      Gather(run, work);
    }
  } catch (const store::StoreError& error) {
    Log(LogLevel::kWarning, "map_run_not_read", {{"why", error.what()}});
    work.again = RetryAfter(++run->failures);
  }
}

// Marks the request as under way before it is posted: its answer may come at once.
template <class Request>
void MapRunner::Ask(const std::shared_ptr<Run>& run, Work& work, Request request) {
  {
    const std::lock_guard lock(mutex_);
    run->asked = true;
  }
  if (partitions_.Post(run->ref.partition, std::move(request))) return;
  const std::lock_guard lock(mutex_);
  run->asked = false;
  work.again = kBusyPause;
}

void MapRunner::Sweep(const std::shared_ptr<Run>& run, Work& work, bool stop) {
  const auto reply = [this, run, answer = ReplyTo(run)](Result<engine::MapRunView> view,
                                                        std::uint64_t next) {
    {
      const std::lock_guard lock(mutex_);
      // At the end: from the beginning, for those that could not be taken on the way.
      run->sweep_from = next == run->sweep_from ? 0 : next;
    }
    answer(std::move(view));
  };
  if (stop) {
    Ask(run, work,
        engine::Request(engine::StopChildren{run->ref, work.sweep_from, kPerSweep, reply}));
  } else {
    Ask(run, work,
        engine::Request(engine::RedriveChildren{run->ref, work.sweep_from, kPerSweep, reply}));
  }
}

bool MapRunner::Prepare(Run& run, Work& work) {
  if (run.definition == nullptr) run.definition = definitions_.Find(work.revision);
  if (run.definition == nullptr) {
    throw store::StoreError("a Map Run refers to a definition that the catalogue does not hold");
  }
  const in::MapRunState& state = work.view.state;
  if (run.source != nullptr && run.source_at == state.next_child && !run.source->stopped()) {
    return true;
  }
  const store::MapRunOrder& order = *work.order;
  const auto& map = std::get<asl::Map>(run.definition->state(order.state).kind);
  std::unique_ptr<in::ItemMaker> maker;
  if (map.item_selector) {
    const auto reader = backend_.OpenReader(run.ref.partition);
    auto parent = ReadStateAt(*reader, *run.definition, run.ref.key);
    if (!parent) return false;  // deleted meanwhile
    std::unique_ptr<const References> references;
    if (settings_.blobs != nullptr) {
      references = std::make_unique<blobs::TenantReferences>(
          *settings_.blobs, parent->info.tenant, settings_.limits.value_bytes_max);
    }
    maker = std::make_unique<in::ItemMaker>(run.definition, std::move(*parent), order.frame,
                                            settings_.limits, std::move(references));
  }
  run.source = std::make_unique<RunSource>(map, order.spec, objects_, std::move(maker),
                                           state.cursor);
  run.source_at = state.next_child;
  return true;
}

void MapRunner::Feed(const std::shared_ptr<Run>& run, Work& work) {
  if (!Prepare(*run, work)) return;
  RunSource& source = *run->source;
  engine::StartChildren request{.run = run->ref, .from = work.view.state.next_child};
  const std::size_t most =
      std::min<std::uint64_t>(in::Room(work.view.state), settings_.children_per_request);
  std::size_t bytes = 0;
  while (request.children.size() < most && bytes < settings_.bytes_per_request) {
    std::optional<RunSource::Child> child =
        source.Next(settings_.seed + run->source_at * 0x9E3779B97F4A7C15ULL);
    if (!child) break;
    bytes += JsonSize(*child->input, settings_.bytes_per_request);
    request.children.push_back({std::move(child->input), child->items});
    run->source_at++;
  }
  if (source.stopped() && request.children.empty()) return Halt(run, work, *source.stopped());
  run->failures = 0;
  request.cursor = source.cursor();
  request.exhausted = source.exhausted();
  request.reply = ReplyTo(run);
  Ask(run, work, engine::Request(std::move(request)));
}

void MapRunner::Halt(const std::shared_ptr<Run>& run, Work& work, const RunSource::Stop& stop) {
  if (stop.try_again && ++run->failures <= kRetriesMax) {
    Log(LogLevel::kWarning, "map_run_waits", {{"why", stop.failure.cause.value_or("")}});
    work.again = RetryAfter(run->failures);
    run->source.reset();
    return;
  }
  engine::FinishMapRun finish{.run = run->ref,
                              .redrive_count = work.view.state.redrive_count,
                              .failure = stop.failure,
                              .reply = ReplyTo(run)};
  run->source.reset();
  Ask(run, work, engine::Request(std::move(finish)));
}

// The result of a drained run; for one that has failed, its files.
void MapRunner::Gather(const std::shared_ptr<Run>& run, Work& work) {
  run->source.reset();
  if (run->definition == nullptr) run->definition = definitions_.Find(work.revision);
  engine::FinishMapRun finish{.run = run->ref,
                              .redrive_count = work.view.state.redrive_count,
                              .reply = ReplyTo(run)};
  RunResults results(backend_, objects_, settings_.limits.value_bytes_max);
  const auto output = results.Gather(run->ref, run->definition.get(), *work.order,
                                     work.view.state);
  if (output) {
    finish.output = *output;
  } else if (output.error().code == Error::Code::kUnavailable && ++run->failures <= kRetriesMax) {
    Log(LogLevel::kWarning, "map_run_waits", {{"why", output.error().message}});
    work.again = RetryAfter(run->failures);
    return;
  } else {
    finish.failure = in::Failure{.error = output.error().name, .cause = output.error().message};
  }
  Ask(run, work, engine::Request(std::move(finish)));
}

engine::MapRunReply MapRunner::ReplyTo(const std::shared_ptr<Run>& run) {
  return [this, run](Result<engine::MapRunView> view) { Answered(run, std::move(view)); };
}

void MapRunner::Answered(const std::shared_ptr<Run>& run, Result<engine::MapRunView> view) {
  {
    const std::lock_guard lock(mutex_);
    run->asked = false;
    run->woken = true;
    if (view) {
      run->view = std::move(*view);
    } else if (view.error().code != Error::Code::kUnavailable) {
      run->gone = true;
    }
    if (!run->gone) due_.emplace(view ? now_ : now_ + kRetryFirst, run);
  }
  changed_.notify_one();
}

}  // namespace towline::children
