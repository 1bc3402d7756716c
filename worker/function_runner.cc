#include "worker/function_runner.h"

#include <algorithm>
#include <exception>

#include "statemachines/base/check.h"
#include "statemachines/base/log.h"

namespace towline::worker {
namespace {

Outcome OutcomeOf(sdk::Outcome outcome) {
  if (auto* const failure = std::get_if<sdk::Failure>(&outcome)) {
    return {.error = std::move(failure->error), .cause = std::move(failure->cause)};
  }
  return {.succeeded = true, .output = PrintJson(std::get<json::value>(outcome))};
}

std::optional<std::string> Text(const std::optional<json::value>& value) {
  if (!value) return std::nullopt;
  return PrintJson(*value);
}

}  // namespace

// One job on its way through the pool.
class FunctionRunner::Run : public sdk::Context {
 public:
  Run(FunctionRunner& runner, JobId id, const sdk::Function& function, Json input, About about,
      std::stop_source source)
      : Context(std::move(about), source.get_token()),
        runner_(runner),
        id_(id),
        function_(function),
        input_(std::move(input)),
        source_(std::move(source)) {}

  void Tell(sdk::News news) override {
    runner_.events_.Push({id_, Progress{.percent = news.percent,
                                .message = std::move(news.message),
                                .data = Text(news.data),
                                .checkpoint = Text(news.checkpoint)}});
  }
  void Beat() override { runner_.events_.Push({id_, FunctionRunner::Beat{}}); }

  JobId id() const { return id_; }
  void RequestStop() { source_.request_stop(); }
  Outcome Call() {
    try {
      return OutcomeOf(function_(*input_, *this));
    } catch (const std::exception& error) {
      return {.error = "Towline.HandlerFailed", .cause = error.what()};
    }
  }

 private:
  FunctionRunner& runner_;
  const JobId id_;
  const sdk::Function& function_;
  const Json input_;
  std::stop_source source_;
};

FunctionRunner::FunctionRunner(int threads, JobSink& sink)
    : threads_max_(static_cast<std::size_t>(threads)), sink_(sink) {
  CHECK(threads > 0);
}

FunctionRunner::~FunctionRunner() {
  for (const auto& [id, run] : runs_) run->RequestStop();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    queue_.clear();
  }
  ready_.notify_all();
  threads_.clear();  // joins
}

std::size_t FunctionRunner::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

Handler::Started FunctionRunner::Start(const sdk::Function& function, Job job) {
  Result<Json> input = ParseJson(job.input);
  CHECK(input);  // the reader of offers has seen to it
  sdk::Context::About about{.token = std::move(job.token),
                            .attempt = job.attempt,
                            .type = std::move(job.type),
                            .execution = std::move(job.execution),
                            .state = std::move(job.state),
                            .blot = std::move(job.blot)};
  if (job.checkpoint) {
    const Result<Json> checkpoint = ParseJson(*job.checkpoint);
    CHECK(checkpoint);
    about.checkpoint = **checkpoint;
  }
  if (job.timeout_seconds) {
    const auto left = std::clamp<std::int64_t>(*job.timeout_seconds, 0, 1'000'000'000);
    about.deadline = std::chrono::steady_clock::now() + Seconds(left);
  }
  auto run = std::make_shared<Run>(*this, job.id, function, *std::move(input), std::move(about),
                                   std::stop_source());
  runs_[job.id] = run;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(run));
    if (busy_ + queue_.size() > threads_.size() && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  ready_.notify_one();
  return {};
}

void FunctionRunner::Signal(JobId id, bool kill) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  Run& run = *found->second;
  run.RequestStop();
  bool waited = false;
  {
    const std::lock_guard lock(mutex_);
    const auto queued = std::find(queue_.begin(), queue_.end(), found->second);
    waited = queued != queue_.end();
    if (waited) queue_.erase(queued);
  }
  if (waited) {
    events_.Push(
        {id, Outcome{.error = "Towline.Cancelled", .cause = "it still waited for a thread"}});
  } else if (kill) {
    constexpr const char* kWhy =
        "it does not stop, and code inside the agent cannot be killed: restart the agent";
    Log(LogLevel::kWarning, "job_goes_on",
        {{"type", run.about().type}, {"execution", run.about().execution}, {"why", kWhy}});
    events_.Push({id, Progress{.message = kWhy}});
  }
}

void FunctionRunner::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) return;
    std::shared_ptr<Run> run = std::move(queue_.front());
    queue_.pop_front();
    busy_++;
    lock.unlock();
    events_.Push({run->id(), run->Call()});
    run.reset();
    lock.lock();
    busy_--;
  }
}

void FunctionRunner::HandleReady() {
  for (Event& event : events_.TakeAll()) Handle(std::move(event));
}

void FunctionRunner::Handle(Event event) {
  if (runs_.count(event.id) == 0) return;  // what it said after its end
  if (auto* const outcome = std::get_if<Outcome>(&event.what)) {
    runs_.erase(event.id);
    sink_.OnFinished(event.id, std::move(*outcome));
  } else if (auto* const progress = std::get_if<Progress>(&event.what)) {
    sink_.OnProgress(event.id, std::move(*progress));
  } else {
    sink_.OnHeartbeat(event.id);
  }
}

}  // namespace towline::worker
