#include "orchestrator/api/grpc/callers.h"
#include "orchestrator/api/grpc/pull_stream.h"
#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "orchestrator/api/log_tail.h"
#include "orchestrator/api/watcher.h"
#include "proto/towline/v1/executions.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Executions::CallbackService {
 public:
  explicit Door(Executions& executions) : executions_(executions) {}

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context,
                                  const v1::StartExecutionRequest* request,
                                  v1::StartExecutionResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.Start(*request, reply); });
  }

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeExecutionRequest* request,
                                     v1::Execution* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.Describe(*request, reply); });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListExecutionsRequest* request,
                                 v1::ListExecutionsResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.List(*request, reply); });
  }

  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context,
                                 const v1::StopExecutionRequest* request,
                                 v1::StopExecutionResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.Stop(*request, reply); });
  }

  grpc::ServerUnaryReactor* Redrive(grpc::CallbackServerContext* context,
                                    const v1::RedriveExecutionRequest* request,
                                    v1::RedriveExecutionResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.Redrive(*request, reply); });
  }

  grpc::ServerUnaryReactor* GetHistory(grpc::CallbackServerContext* context,
                                       const v1::GetExecutionHistoryRequest* request,
                                       v1::GetExecutionHistoryResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { executions_.GetHistory(*request, reply); });
  }

  grpc::ServerWriteReactor<v1::WatchExecutionResponse>* Watch(
      grpc::CallbackServerContext* context, const v1::WatchExecutionRequest* request) override {
    const auto stream = std::make_shared<PullStream<Watcher, v1::WatchExecutionResponse>>();
    stream->Begin([&](std::function<void()> wake) {
      return executions_.Watch(AskerOf(*context), *request, std::move(wake));
    });
    return stream.get();
  }

  grpc::ServerWriteReactor<v1::ExecutionLogsResponse>* Logs(
      grpc::CallbackServerContext* context, const v1::ExecutionLogsRequest* request) override {
    const auto stream = std::make_shared<PullStream<LogTail, v1::ExecutionLogsResponse>>();
    stream->Begin([&](std::function<void()> wake) {
      return executions_.Logs(AskerOf(*context), *request, std::move(wake));
    });
    return stream.get();
  }

 private:
  Executions& executions_;
};

}  // namespace

std::unique_ptr<grpc::Service> ExecutionsDoor(Service& service) {
  return std::make_unique<Door>(service.executions());
}

}  // namespace towline::api::door
