// The gRPC door of a whole server, without a broker, over a real connection.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "orchestrator/api/grpc/status.h"
#include "orchestrator/server.h"
#include "proto/towline/v1/activities.grpc.pb.h"
#include "proto/towline/v1/errors.pb.h"
#include "proto/towline/v1/executions.grpc.pb.h"
#include "proto/towline/v1/explain.grpc.pb.h"
#include "proto/towline/v1/state_machines.grpc.pb.h"
#include "proto/towline/v1/tasks.grpc.pb.h"
#include "proto/towline/v1/workers.grpc.pb.h"
#include "statemachines/base/log.h"

namespace towline::api {
namespace {

using grpc::StatusCode;

const char* const kPass = R"({"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}})";
const char* const kWait =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}})";
const char* const kPaint = R"({"StartAt":"P","States":{"P":{"Type":"Task","End":true,
  "Resource":"arn:towline:states:local:default:activity:paint"}}})";

// What every gRPC library's own helpers would read from the trailing metadata.
v1::ErrorDetail DetailOf(const grpc::Status& status) {
  v1::StatusDetails details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  EXPECT_EQ(details.details_size(), 1);
  v1::ErrorDetail detail;
  if (details.details_size() == 1) {
    EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/towline.v1.ErrorDetail");
    EXPECT_TRUE(details.details(0).UnpackTo(&detail));
  }
  return detail;
}

class GrpcDoorTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel("off");
    char path[] = "/tmp/towline-door-XXXXXX";
    directory_ = mkdtemp(path);
    Config config;
    config.data = directory_;
    config.listen = "127.0.0.1:0";
    config.plain = true;
    config.broker.port = 1;  // nobody there
    server_ = std::make_unique<Server>(config);
    const Status started = server_->Start();
    ASSERT_TRUE(started) << started.error().message;
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                   grpc::InsecureChannelCredentials());
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  template <class Noun, class Method, class Request, class Response>
  grpc::Status Call(Method method, const Request& request, Response* response,
                    const std::string& tenant = "", Millis patience = Millis{20'000}) {
    const auto stub = Noun::NewStub(channel_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    if (!tenant.empty()) context.AddMetadata("towline-tenant", tenant);
    return (stub.get()->*method)(&context, request, response);
  }
  grpc::Status Create(const std::string& machine, const std::string& definition,
                      const std::string& tenant = "") {
    v1::CreateStateMachineRequest request;
    request.set_name(machine);
    request.set_definition(definition);
    v1::CreateStateMachineResponse response;
    return Call<v1::StateMachines>(&v1::StateMachines::Stub::Create, request, &response, tenant);
  }
  grpc::Status Start(const std::string& machine, const std::string& name,
                     v1::StartExecutionResponse* response, bool wait = false,
                     Millis patience = Millis{20'000}) {
    v1::StartExecutionRequest request;
    request.set_state_machine(machine);
    request.set_name(name);
    request.set_wait(wait);
    return Call<v1::Executions>(&v1::Executions::Stub::Start, request, response, "", patience);
  }
  v1::Execution Describe(const std::string& execution) {
    v1::DescribeExecutionRequest request;
    request.set_execution(execution);
    v1::Execution response;
    EXPECT_TRUE(
        Call<v1::Executions>(&v1::Executions::Stub::Describe, request, &response).ok());
    return response;
  }
  grpc::Status Poll(v1::GetActivityTaskResponse* response, Millis patience) {
    v1::GetActivityTaskRequest request;
    request.set_activity("paint");
    return Call<v1::Tasks>(&v1::Tasks::Stub::GetActivityTask, request, response, "", patience);
  }
  // One message in, one out, of a service whose protos are not at hand.
  std::string Raw(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + Seconds{20});
    grpc::CompletionQueue queue;
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    EXPECT_TRUE(next());
    const grpc::Slice slice(request);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    EXPECT_TRUE(next());
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    EXPECT_TRUE(next()) << method;
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    EXPECT_TRUE(status.ok()) << status.error_message();
    grpc::Slice whole;
    EXPECT_TRUE(answer.DumpToSingleSlice(&whole).ok());
    return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }

  std::string directory_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST(StatusTest, EveryKindOfErrorHasItsCode) {
  const std::pair<Error::Code, StatusCode> table[] = {
      {Error::Code::kInvalidArgument, StatusCode::INVALID_ARGUMENT},
      {Error::Code::kNotFound, StatusCode::NOT_FOUND},
      {Error::Code::kAlreadyExists, StatusCode::ALREADY_EXISTS},
      {Error::Code::kFailedPrecondition, StatusCode::FAILED_PRECONDITION},
      {Error::Code::kPermissionDenied, StatusCode::PERMISSION_DENIED},
      {Error::Code::kResourceExhausted, StatusCode::RESOURCE_EXHAUSTED},
      {Error::Code::kUnavailable, StatusCode::UNAVAILABLE},
      {Error::Code::kDeadlineExceeded, StatusCode::DEADLINE_EXCEEDED},
      {Error::Code::kInternal, StatusCode::INTERNAL}};
  for (const auto& [code, expected] : table) {
    const grpc::Status status = door::ToStatus(Error{code, "what was wrong", "Name"}, {});
    EXPECT_EQ(status.error_code(), expected);
    EXPECT_EQ(status.error_message(), "what was wrong");
    EXPECT_EQ(DetailOf(status).name(), "Name");
  }
  EXPECT_EQ(DetailOf(door::ToStatus(Error{Error::Code::kInternal, "?"}, {})).name(),
            "InternalError");
}

// Metadata is bounded: a long message is cut between two characters, findings that do not fit are
// counted.
TEST(StatusTest, WhatDoesNotFitIsCut) {
  std::string message;
  while (message.size() < 3000) message += "ü";
  Diagnostics findings(200);
  for (auto& finding : findings) finding.set_message("a finding of some length, as they are");
  const grpc::Status status =
      door::ToStatus(Error{Error::Code::kInvalidArgument, message, "Name"}, findings);
  EXPECT_LT(status.error_message().size(), 1100U);
  EXPECT_EQ(status.error_message().substr(status.error_message().size() - 5), "ü…");
  const v1::ErrorDetail detail = DetailOf(status);
  EXPECT_GT(detail.diagnostics_size(), 10);
  EXPECT_EQ(static_cast<std::uint32_t>(detail.diagnostics_size()) +
                detail.diagnostics_left_out(), 200U);
  EXPECT_LT(status.error_details().size(), std::size_t{5} << 10);
}

// Each noun's door leads to its use cases.
TEST_F(GrpcDoorTest, EveryServiceAnswers) {
  ASSERT_TRUE(Create("m", kPass).ok());
  v1::StartExecutionResponse started;
  ASSERT_TRUE(Start("m", "one", &started, /*wait=*/true).ok());
  EXPECT_EQ(started.status(), v1::EXECUTION_STATUS_SUCCEEDED);
  v1::ExplainExecutionRequest why;
  why.set_execution("m/one");
  v1::ExplainExecutionResponse because;
  EXPECT_TRUE(Call<v1::Explain>(&v1::Explain::Stub::Execution, why, &because).ok());
  EXPECT_EQ(because.summary(), "It has ended: SUCCEEDED.");
  v1::ListWorkersResponse workers;
  EXPECT_TRUE(
      Call<v1::Workers>(&v1::Workers::Stub::List, v1::ListWorkersRequest(), &workers).ok());
  v1::CreateActivityRequest paint;
  paint.set_name("paint");
  v1::Activity activity;
  EXPECT_TRUE(Call<v1::Activities>(&v1::Activities::Stub::Create, paint, &activity).ok());
  EXPECT_EQ(activity.activity_arn(), "arn:towline:states:local:default:activity:paint");
  v1::SendTaskHeartbeatRequest beat;
  beat.set_task_token("x");
  v1::SendTaskHeartbeatResponse beaten;
  const grpc::Status refused =
      Call<v1::Tasks>(&v1::Tasks::Stub::SendHeartbeat, beat, &beaten);
  EXPECT_EQ(DetailOf(refused).name(), "InvalidToken");
}

TEST_F(GrpcDoorTest, ARefusalIsAStatusWithItsNameInTheDetails) {
  v1::StartExecutionResponse response;
  const grpc::Status unknown = Start("none", "", &response);
  EXPECT_EQ(unknown.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(DetailOf(unknown).name(), "StateMachineDoesNotExist");
  ASSERT_TRUE(Create("m", kPass).ok());
  const grpc::Status taken = Create("m", kWait);
  EXPECT_EQ(taken.error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(DetailOf(taken).name(), "StateMachineAlreadyExists");
  EXPECT_EQ(Start("m", "a b", &response).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcDoorTest, AWrongDefinitionComesBackWithItsFindings) {
  const grpc::Status status = Create("m", "{\"StartAt\":\"A\",\n \"States\":{\"A\":{\"Type\":"
                                          "\"Pass\",\"Next\":\"B\"}}}");
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  const v1::ErrorDetail detail = DetailOf(status);
  EXPECT_EQ(detail.name(), "InvalidDefinition");
  ASSERT_EQ(detail.diagnostics_size(), 2) << "and no state ends the machine";
  EXPECT_EQ(detail.diagnostics(0).code(), "MISSING_TRANSITION_TARGET");
  EXPECT_EQ(detail.diagnostics(0).location(), "/States/A/Next");
  EXPECT_EQ(detail.diagnostics(0).line(), 2);
}

TEST_F(GrpcDoorTest, TheMetadataNamesTheTenant) {
  ASSERT_TRUE(Create("m", kPass, "acme").ok());
  v1::DescribeStateMachineRequest request;
  request.set_state_machine("m");
  v1::StateMachine response;
  const auto describe = [&](const std::string& tenant) {
    return Call<v1::StateMachines>(&v1::StateMachines::Stub::Describe, request, &response, tenant);
  };
  EXPECT_TRUE(describe("acme").ok());
  EXPECT_EQ(describe("").error_code(), StatusCode::NOT_FOUND);
  request.set_state_machine("arn:towline:states:local:acme:stateMachine:m");
  EXPECT_TRUE(describe("").ok()) << "an ARN names its own";
  const grpc::Status foreign = describe("other");
  EXPECT_EQ(foreign.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(DetailOf(foreign).name(), "AccessDeniedException");
}

TEST_F(GrpcDoorTest, ADeadlineEndsTheCallAndNotTheExecution) {
  ASSERT_TRUE(Create("m", kWait).ok());
  v1::StartExecutionResponse response;
  const grpc::Status status = Start("m", "one", &response, /*wait=*/true, Millis{300});
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Describe("m/one").status(), v1::EXECUTION_STATUS_RUNNING);
}

TEST_F(GrpcDoorTest, AGivenUpPollLosesNoTask) {
  v1::CreateActivityRequest paint;
  paint.set_name("paint");
  v1::Activity activity;
  ASSERT_TRUE(Call<v1::Activities>(&v1::Activities::Stub::Create, paint, &activity).ok());
  v1::GetActivityTaskResponse nothing;
  const grpc::Status timely = Poll(&nothing, Millis{1'000});
  // Empty a little before the deadline, unless this machine was too slow for that.
  EXPECT_TRUE(timely.ok() || timely.error_code() == StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(nothing.task_token(), "");

  const auto stub = v1::Tasks::NewStub(channel_);
  grpc::ClientContext context;
  v1::GetActivityTaskRequest request;
  request.set_activity("paint");
  v1::GetActivityTaskResponse gone;
  std::promise<grpc::Status> ended;
  stub->async()->GetActivityTask(&context, &request, &gone,
                                 [&ended](grpc::Status status) { ended.set_value(status); });
  context.TryCancel();
  EXPECT_EQ(ended.get_future().get().error_code(), StatusCode::CANCELLED);

  ASSERT_TRUE(Create("p", kPaint).ok());
  v1::StartExecutionResponse started;
  ASSERT_TRUE(Start("p", "one", &started).ok());
  v1::GetActivityTaskResponse task;
  ASSERT_TRUE(Poll(&task, Millis{20'000}).ok());
  EXPECT_NE(task.task_token(), "") << "the poller that had gone was not served";
  v1::SendTaskSuccessRequest success;
  success.set_task_token(task.task_token());
  success.set_output("57");
  v1::SendTaskSuccessResponse done;
  EXPECT_TRUE(Call<v1::Tasks>(&v1::Tasks::Stub::SendSuccess, success, &done).ok());
  EXPECT_EQ(Describe("p/one").output(), "57");
}

TEST_F(GrpcDoorTest, AWatchEndsWithTheExecution) {
  ASSERT_TRUE(Create("m", kWait).ok());
  v1::StartExecutionResponse started;
  ASSERT_TRUE(Start("m", "one", &started).ok());
  const auto stub = v1::Executions::NewStub(channel_);
  grpc::ClientContext context;
  v1::WatchExecutionRequest request;
  request.set_execution("m/one");
  const auto reader = stub->Watch(&context, request);
  v1::WatchExecutionResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.event().type(), "ExecutionStarted");
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.event().type(), "WaitStateEntered");
  v1::StopExecutionRequest stop;
  stop.set_execution("m/one");
  v1::StopExecutionResponse stopped;
  ASSERT_TRUE(Call<v1::Executions>(&v1::Executions::Stub::Stop, stop, &stopped).ok());
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.event().type(), "ExecutionAborted");
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.ended().status(), v1::EXECUTION_STATUS_ABORTED);
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(GrpcDoorTest, AWatchIsRefusedAndCancelledLikeAnyCall) {
  const auto stub = v1::Executions::NewStub(channel_);
  v1::WatchExecutionRequest request;
  request.set_execution("m/none");
  v1::WatchExecutionResponse message;
  {
    grpc::ClientContext context;
    const auto reader = stub->Watch(&context, request);
    EXPECT_FALSE(reader->Read(&message));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    EXPECT_EQ(DetailOf(status).name(), "ExecutionDoesNotExist");
  }
  ASSERT_TRUE(Create("m", kWait).ok());
  v1::StartExecutionResponse started;
  ASSERT_TRUE(Start("m", "one", &started).ok());
  request.set_execution("m/one");
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, request);
  ASSERT_TRUE(reader->Read(&message));
  context.TryCancel();
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(Describe("m/one").status(), v1::EXECUTION_STATUS_RUNNING);
}

TEST_F(GrpcDoorTest, AMessageAboveSixteenMebibytesIsRefused) {
  const grpc::Status status = Create("m", std::string((16 << 20) + 1, ' '));
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Create("m", std::string(15 << 20, ' ')).error_code(), StatusCode::INVALID_ARGUMENT)
      << "a definition of 15 MiB comes through and is too large by our own limit";
}

TEST_F(GrpcDoorTest, HealthSaysServing) {
  EXPECT_EQ(Raw("/grpc.health.v1.Health/Check", ""), std::string("\x08\x01", 2));
}

TEST_F(GrpcDoorTest, ReflectionNamesEveryService) {
  const std::string listed =  // list_services: ""
      Raw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
          std::string("\x3a\x00", 2));
  for (const char* name : {"StateMachines", "Executions", "Tasks", "Activities", "Workers",
                           "Explain"}) {
    EXPECT_NE(listed.find(std::string("towline.v1.") + name), std::string::npos) << name;
  }
  EXPECT_NE(listed.find("grpc.health.v1.Health"), std::string::npos);
}

// Whoever is waiting when the server stops gets an answer, and the execution is there afterwards.
TEST_F(GrpcDoorTest, AStoppingServerEndsOpenCallsAsUnavailableOrCancelled) {
  ASSERT_TRUE(Create("m", kWait).ok());
  v1::StartExecutionResponse response;
  ASSERT_TRUE(Start("m", "one", &response).ok());
  grpc::Status status;
  std::jthread waiting([&] { status = Start("m", "one", &response, /*wait=*/true); });
  const auto stub = v1::Executions::NewStub(channel_);
  grpc::ClientContext context;
  v1::WatchExecutionRequest request;
  request.set_execution("m/one");
  const auto reader = stub->Watch(&context, request);
  v1::WatchExecutionResponse message;
  ASSERT_TRUE(reader->Read(&message));
  server_->Stop();
  while (reader->Read(&message)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
  waiting.join();
  EXPECT_TRUE(status.error_code() == StatusCode::UNAVAILABLE ||
              status.error_code() == StatusCode::CANCELLED)
      << status.error_code();
}

}  // namespace
}  // namespace towline::api
