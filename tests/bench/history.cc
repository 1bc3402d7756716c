// Reads the whole history of an execution page by page, forwards and backwards.
//
//   towline-bench-history SERVER EXECUTION
//
// Prints one JSON line: how many events there are, and how long a page of 1,000 took.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Adds how long each page took, in ms. Below 0: a call failed.
long Read(v1::Executions::Stub& stub, const char* execution, bool reverse,
          std::vector<double>& pages) {
  v1::GetExecutionHistoryRequest request;
  request.set_execution(execution);
  request.set_max_results(1000);
  request.set_reverse_order(reverse);
  long events = 0;
  do {
    grpc::ClientContext context;
    v1::GetExecutionHistoryResponse page;
    const auto began = Clock::now();
    const grpc::Status status = stub.GetHistory(&context, request, &page);
    pages.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - began).count());
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.error_message().c_str());
      return -1;
    }
    events += page.events_size();
    request.set_next_token(page.next_token());
  } while (!request.next_token().empty());
  return events;
}

int Run(const char* server, const char* execution) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(16 << 20);
  const auto stub = v1::Executions::NewStub(
      grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  std::vector<double> pages;
  const long forwards = Read(*stub, execution, false, pages);
  const long backwards = Read(*stub, execution, true, pages);
  if (forwards < 0 || forwards != backwards) return 1;
  std::sort(pages.begin(), pages.end());
  std::printf("{\"events\":%ld,\"pages\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
              forwards, pages.size(), pages[pages.size() / 2], pages[pages.size() * 99 / 100],
              pages.back());
  return 0;
}

}  // namespace
}  // namespace towline::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: towline-bench-history SERVER EXECUTION\n");
    return 2;
  }
  return towline::bench::Run(argv[1], argv[2]);
}
