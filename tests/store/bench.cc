// Figures of the store: what a step costs to encode, a start and an end to commit, a waiting
// execution on disk, and a start-up to read. Not a test: it asserts nothing.
//
//   store_bench [directory]

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/check.h"
#include "tests/base/scratch.h"

namespace towline::store {
namespace {

namespace in = interpreter;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double CpuNow() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
double ResidentMb() {
  std::ifstream in("/proc/self/statm");
  long pages = 0, resident = 0;
  in >> pages >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

constexpr Timestamp kTime{Millis(1'764'000'000'500)};
const std::string kHash(64, 'a');

std::string NewName(std::mt19937_64& random) {
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx",
                static_cast<unsigned>(random()), static_cast<unsigned>(random() & 0xFFFF),
                static_cast<unsigned>(random() & 0xFFF), static_cast<unsigned>(random() & 0xFFF),
                static_cast<unsigned long long>(random() & 0xFFFFFFFFFFFF));
  return text;
}

// As a UUID of version 7 begins with the time: neighbours in time are neighbours in an index.
std::string NewOrderedName(std::mt19937_64& random) {
  static std::uint64_t number = 0x018f'0000'0000;
  char text[64];
  number += random() % 2;
  std::snprintf(text, sizeof text, "%08llx-%04llx-7%03x-8%03x-%012llx",
                static_cast<unsigned long long>(number >> 16),
                static_cast<unsigned long long>(number & 0xFFFF),
                static_cast<unsigned>(random() & 0xFFF), static_cast<unsigned>(random() & 0xFFF),
                static_cast<unsigned long long>(random() & 0xFFFFFFFFFFFF));
  return text;
}

// One job per execution, as the load of the main job makes them.
struct Work {
  std::string name;
  std::vector<in::EventRecord> start, end;
  in::OpenTask task;

  explicit Work(std::string execution) : name(std::move(execution)) {
    const Json input = ParseJson(R"({"a":15,"b":42,"note":"about sixty bytes of payload, as is"})")
                           .value();
    const Json output = ParseJson(R"({"sum":57})").value();
    const std::string arn = "arn:towline:states:local:default:";
    in::TaskSpec spec{.job_type = "add-numbers", .tenant = "default", .payload = input};
    const in::ExecutionInfo info{.tenant = "default",
                                 .machine = "bench",
                                 .name = name,
                                 .arn = arn + "execution:bench:" + name,
                                 .machine_arn = arn + "stateMachine:bench",
                                 .role_arn = "",
                                 .revision = kHash};
    start = Records(1, {in::ExecutionStarted{info, input},
                        in::StateEntered{0, 0, input}, in::TaskScheduled{0, 1, spec, input, {}},
                        in::TaskStarted{3, ""}});
    end = Records(5, {in::TaskSucceeded{3, output, "default_w1"}, in::StateExited{0, output, {}},
                      in::ExecutionSucceeded{output}});
    task = {.task = 3, .attempt = 1, .spec = spec, .state = "Add"};
  }

  static std::vector<in::EventRecord> Records(std::uint64_t seq, std::vector<in::Event> events) {
    std::vector<in::EventRecord> records;
    for (in::Event& event : events) {
      records.push_back({seq, seq, seq - 1, kTime, std::move(event)});
      seq++;
    }
    return records;
  }
};

void StageStart(const Work& work, ExecutionKey key, Batch& batch) {
  batch.started.push_back({.key = key,
                           .tenant = "default",
                           .machine = "bench",
                           .name = work.name,
                           .revision = kHash,
                           .started = kTime});
  batch.steps.push_back(
      {.execution = key, .first_seq = 1, .first_id = 1, .events = EncodeStep(work.start)});
  batch.tasks_opened.push_back({.execution = key, .task = 3, .spec = EncodeTask(work.task)});
  batch.timers_set.push_back({.execution = key, .seq = 3, .kind = 3, .due = kTime});
}

void StageEnd(const Work& work, ExecutionKey key, Batch& batch) {
  batch.steps.push_back(
      {.execution = key, .first_seq = 5, .first_id = 5, .events = EncodeStep(work.end)});
  batch.tasks_closed.push_back({key, 3});
  batch.timers_cleared.push_back({.execution = key, .seq = 3, .kind = 3, .due = {}});
  batch.closed.push_back({.key = key, .status = Status::kSucceeded, .stopped = kTime});
}

void BenchCodec() {
  std::mt19937_64 random(1);
  const Work work(NewName(random));
  const auto time = [](const char* what, auto&& run) {
    std::size_t bytes = 0;
    for (int i = 0; i < 1000; i++) bytes += run();
    const double start = Now();
    constexpr int kRounds = 100'000;
    for (int i = 0; i < kRounds; i++) bytes += run();
    std::printf("%-34s %8.2f us\n", what, (Now() - start) / kRounds * 1e6);
    return bytes;
  };
  const std::string start = EncodeStep(work.start);
  const std::string task = EncodeTask(work.task);
  std::printf("start step %zu bytes, end step %zu, task %zu\n", start.size(),
              EncodeStep(work.end).size(), task.size());
  time("encode a start step (4 events)", [&] { return EncodeStep(work.start).size(); });
  time("encode an end step (3 events)", [&] { return EncodeStep(work.end).size(); });
  time("encode a task", [&] { return EncodeTask(work.task).size(); });
  time("decode a start step", [&] { return DecodeStep(start).size(); });
  time("decode a task", [&] { return DecodeTask(task).state.size(); });
  time("decode a task without payload", [&] { return DecodeTask(task, false).state.size(); });
}

// Pairs of commits as the engine makes them: this batch's starts together with the ends of those
// started one batch before.
void BenchCommits(const std::string& directory, int size, bool ordered, double seconds) {
  const auto backend = OpenSqliteBackend(
      directory + "/commits-" + std::to_string(size) + (ordered ? "-ordered" : ""), 1);
  const auto store = backend->OpenPartition(0);
  std::mt19937_64 random(2);
  std::vector<Work> before, now;
  ExecutionKey key = 0;
  double slowest = 0, commit_cpu = 0;
  const double start = Now();
  while (Now() - start < seconds) {
    now.clear();
    Batch batch;
    const ExecutionKey first = key;
    for (int i = 0; i < size; i++) {
      now.emplace_back(ordered ? NewOrderedName(random) : NewName(random));
      store->Find("default", "bench", now.back().name);
      StageStart(now.back(), ++key, batch);
    }
    for (std::size_t i = 0; i < before.size(); i++) {
      StageEnd(before[i], first - size + 1 + static_cast<ExecutionKey>(i), batch);
    }
    const double commit = Now();
    const double cpu = CpuNow();
    store->Commit(batch);
    commit_cpu += CpuNow() - cpu;
    slowest = std::max(slowest, Now() - commit);
    before.swap(now);
  }
  const double per_s = static_cast<double>(key) / (Now() - start);
  std::printf("commits of %3d starts and ends, %s names: %7.0f executions/s %8.0f rows/s, "
              "commit CPU %6.1f us each, slowest commit %5.1f ms\n",
              size, ordered ? "ordered" : "random ", per_s, per_s * 9,
              commit_cpu / static_cast<double>(key) * 1e6, slowest * 1e3);
}

void BenchWaiting(const std::string& directory, ExecutionKey count) {
  const std::string path = directory + "/waiting";
  std::mt19937_64 random(3);
  const double resident = ResidentMb();
  {
    const auto backend = OpenSqliteBackend(path, 1);
    const auto store = backend->OpenPartition(0);
    for (ExecutionKey key = 1; key <= count;) {
      Batch batch;
      for (int i = 0; i < 100 && key <= count; i++, key++) {
        const Work work(NewName(random));
        StageStart(work, key, batch);
      }
      store->Commit(batch);
    }
    std::printf("store's share of memory after %lld starts: %.1f MB\n",
                static_cast<long long>(count), ResidentMb() - resident);
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      bytes += entry.file_size();
      std::printf("  %-28s %10ju\n", entry.path().filename().c_str(), entry.file_size());
    }
    std::printf("bytes on disk per waiting execution: %.0f\n",
                static_cast<double>(bytes) / static_cast<double>(count));
  }
  double start = Now();
  const auto backend = OpenSqliteBackend(path, 1);
  const auto store = backend->OpenPartition(0);
  std::printf("open: %.1f ms\n", (Now() - start) * 1e3);
  start = Now();
  std::size_t tasks = 0;
  store->OpenTasks([&](const TaskRow& row) { tasks += row.spec.empty() ? 0 : 1; });
  std::printf("pass over %zu open tasks: %.1f ms\n", tasks, (Now() - start) * 1e3);
  start = Now();
  store->OpenTasks([&](const TaskRow& row) { tasks += DecodeTask(row.spec, false).state.size(); });
  std::printf("  and decoding each: %.1f ms\n", (Now() - start) * 1e3);
  start = Now();
  for (ExecutionKey key = 1; key <= count; key++) CHECK(store->Get(key));
  std::printf("  getting each execution's row: %.1f ms\n", (Now() - start) * 1e3);
}

}  // namespace
}  // namespace towline::store

int main(int argc, char** argv) {
  const towline::Scratch scratch;
  const std::string directory = argc > 1 ? argv[1] : scratch.path();
  towline::store::BenchCodec();
  for (const int size : {1, 64, 512}) {
    for (const bool ordered : {false, true}) {
      towline::store::BenchCommits(directory, size, ordered, 3);
    }
  }
  towline::store::BenchWaiting(directory, 100'000);
  return 0;
}
