// A load generator for the gRPC door.
//
//   towline-bench-load SERVER MACHINE closed CONCURRENCY SECONDS [INPUT [EXPECTED]]
//   towline-bench-load SERVER MACHINE open   RATE        SECONDS [INPUT [EXPECTED]]
//   towline-bench-load SERVER MACHINE start  COUNT       CONCURRENCY [INPUT]
//
// closed keeps so many Start(wait) calls outstanding; open sends them at a fixed rate and counts
// latency from the time at which a call was due; start starts executions without waiting for
// their end. With TOWLINE_CA, TOWLINE_CERTIFICATE and TOWLINE_KEY (PEM files) over TLS. The first
// two seconds of closed and open are dropped. Prints one JSON line.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

struct Plan {
  std::string server, machine, mode;
  double first = 0, second = 0;
  std::string input = "{\"a\":1,\"b\":2}";
  std::string expected{};
};

struct Call {
  grpc::ClientContext context;
  v1::StartExecutionResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::StartExecutionResponse>> reader;
  Clock::time_point due;
};

std::string TextOf(const char* variable) {
  const char* const path = std::getenv(variable);
  std::ifstream file(path == nullptr ? "" : path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<grpc::ChannelCredentials> Credentials() {
  if (std::getenv("TOWLINE_CA") == nullptr) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({TextOf("TOWLINE_CA"), TextOf("TOWLINE_KEY"),
                               TextOf("TOWLINE_CERTIFICATE")});
}

class Load {
 public:
  explicit Load(const Plan& plan)
      : plan_(plan),
        stub_(v1::Executions::NewStub(grpc::CreateChannel(plan.server, Credentials()))) {
    request_.set_state_machine(plan.machine);
    request_.set_input(plan.input);
    request_.set_wait(plan.mode != "start");
  }

  int Run() {
    const bool open = plan_.mode == "open", start = plan_.mode == "start";
    const auto began = Clock::now();
    from_ = start ? began : began + std::chrono::seconds{2};
    until_ = start ? began + std::chrono::hours{1}
                   : from_ + std::chrono::duration_cast<Clock::duration>(
                                 duration<double>(plan_.second));
    const auto total = static_cast<long>(plan_.first);
    const long concurrency = start ? static_cast<long>(plan_.second) : total;
    if (!open) {
      for (long i = 0; i < concurrency && (!start || i < total); i++) Fire(Clock::now());
    }
    Clock::time_point next = began;
    while (!failed_) {
      const auto now = Clock::now();
      for (; open && next <= now && next < until_;
           next += std::chrono::duration_cast<Clock::duration>(
               duration<double>(1 / plan_.first))) {
        Fire(next);
      }
      if (outstanding_ == 0 && (start || now >= until_)) break;
      const auto deadline = std::chrono::system_clock::now() +
                            (open && next < until_ ? next - now : std::chrono::milliseconds{100});
      if (!Take(deadline)) continue;
      if (!open && (start ? sent_ < total : Clock::now() < until_)) Fire(Clock::now());
    }
    const double seconds =
        start ? duration<double>(Clock::now() - began).count() : plan_.second;
    Print(seconds);
    return failed_ ? 1 : 0;
  }

 private:
  void Fire(Clock::time_point due) {
    auto call = std::make_unique<Call>();
    call->due = due;
    call->reader = stub_->AsyncStart(&call->context, request_, &queue_);
    Call* const raw = call.release();  // owned by the queue until Take
    raw->reader->Finish(&raw->response, &raw->status, raw);
    outstanding_++;
    sent_++;
  }

  bool Take(std::chrono::system_clock::time_point deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return false;
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    outstanding_--;
    const auto now = Clock::now();
    if (!call->status.ok()) {
      std::fprintf(stderr, "call failed: %s\n", call->status.error_message().c_str());
      failed_ = true;
    } else if (!plan_.expected.empty() && call->response.output() != plan_.expected) {
      std::fprintf(stderr, "wrong outcome: %s\n", call->response.ShortDebugString().c_str());
      failed_ = true;
    }
    if (now >= from_ && now < until_) {
      latencies_.push_back(duration<double, std::milli>(now - call->due).count());
    }
    return true;
  }

  void Print(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [this](double share) {
      if (latencies_.empty()) return 0.0;
      const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies_.size()));
      return latencies_[std::min(index, latencies_.size() - 1)];
    };
    std::printf("{\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"count\":%zu}\n",
                static_cast<double>(latencies_.size()) / seconds, at(0.5), at(0.99), at(1),
                latencies_.size());
  }

  const Plan& plan_;
  const std::unique_ptr<v1::Executions::Stub> stub_;
  v1::StartExecutionRequest request_;
  grpc::CompletionQueue queue_;
  Clock::time_point from_{}, until_{};
  long outstanding_ = 0, sent_ = 0;
  bool failed_ = false;
  std::vector<double> latencies_;
};

}  // namespace
}  // namespace towline::bench

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr,
                 "usage: towline-bench-load SERVER MACHINE closed|open|start N N "
                 "[INPUT [EXPECTED]]\n");
    return 2;
  }
  towline::bench::Plan plan{.server = argv[1], .machine = argv[2], .mode = argv[3]};
  plan.first = std::atof(argv[4]);
  plan.second = std::atof(argv[5]);
  if (argc > 6) plan.input = argv[6];
  if (argc > 7) plan.expected = argv[7];
  return towline::bench::Load(plan).Run();
}
