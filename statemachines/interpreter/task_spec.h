#pragma once

#include <string>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/event.h"

namespace towline::interpreter {

// Reads what a task asks for out of its evaluated parameters (asl.md section 8, architecture).
// Answers an empty text, or the sentence that says which parameter is wrong and how. Parameters
// that are literal in the definition have been refused at its creation already; these rules are
// for what only an execution can know.
//
//   job:run        JobType*, Payload, Tenant, Queue, Labels, Priority, OnWorkerLost, Start
//   lambda:invoke  FunctionName* (name, ARN or partial ARN; a qualifier is dropped), Payload
//   a function ARN, any other service's API   everything is the payload
//   mqtt:publish   Topic*, Payload, Qos, Retain; iotdataplane:publish in the service's spelling
//   an activity    everything is the payload
//   states:startExecution  StateMachineArn*, Name, Input
std::string ResolveSpec(const asl::TaskResource& resource, const Json& parameters,
                        const ExecutionInfo& info, TaskSpec& spec);

// Whether a message may be published there: no wildcard, not the broker's own ("$…"), not the
// job protocol's ("towline/…"). An empty text, or what is wrong.
std::string TopicProblem(std::string_view topic);

// Who sees to a task of such a resource.
TaskSpec::Kind TaskKindOf(const asl::TaskResource& resource);

}  // namespace towline::interpreter
