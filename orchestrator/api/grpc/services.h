#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "orchestrator/api/service.h"

namespace towline::api::door {

// One adapter per noun, each nothing but a list of its methods.
std::unique_ptr<grpc::Service> StateMachinesDoor(Service& service);
std::unique_ptr<grpc::Service> ExecutionsDoor(Service& service);
std::unique_ptr<grpc::Service> MapRunsDoor(Service& service);
std::unique_ptr<grpc::Service> TasksDoor(Service& service);
std::unique_ptr<grpc::Service> ActivitiesDoor(Service& service);
std::unique_ptr<grpc::Service> WorkersDoor(Service& service);
std::unique_ptr<grpc::Service> ExplainDoor(Service& service);
std::unique_ptr<grpc::Service> AccessDoor(Service& service);

}  // namespace towline::api::door
