// towline activity …: queues of tasks for programs that poll.

#include <chrono>
#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/activities.grpc.pb.h"
#include "proto/towline/v1/tasks.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::Activities;

int Show(const Invocation& call, const grpc::Status& status, const v1::Activity& activity) {
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(activity));
  } else {
    call.terminal.out << activity.activity_arn() << "  created "
                      << ShowTime(FromProto(activity.creation_time())) << '\n';
  }
  return kOk;
}

int Create(Invocation& call) {
  v1::CreateActivityRequest request;
  request.set_name(call.arguments[0]);
  v1::Activity activity;
  const auto status = call.client.Call<Activities>(&Activities::Stub::Create, request, &activity);
  return Show(call, status, activity);
}

int Describe(Invocation& call) {
  v1::DescribeActivityRequest request;
  request.set_activity(call.arguments[0]);
  v1::Activity activity;
  const auto status = call.client.Call<Activities>(&Activities::Stub::Describe, request, &activity);
  return Show(call, status, activity);
}

int List(Invocation& call) {
  v1::ListActivitiesRequest request;
  request.set_max_results(1000);
  v1::ListActivitiesResponse all;
  do {
    v1::ListActivitiesResponse page;
    const auto status = call.client.Call<Activities>(&Activities::Stub::List, request, &page);
    if (!status.ok()) return Fail(call, status);
    request.set_next_token(page.next_token());
    all.mutable_activities()->MergeFrom(page.activities());
  } while (!request.next_token().empty());
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(all));
    return kOk;
  }
  Table table({"NAME", "CREATED"});
  for (const v1::Activity& activity : all.activities()) {
    table.Add({activity.name(), ShowTime(FromProto(activity.creation_time()))});
  }
  table.Print(call.terminal);
  return kOk;
}

int Delete(Invocation& call) {
  v1::DeleteActivityRequest request;
  request.set_activity(call.arguments[0]);
  v1::DeleteActivityResponse response;
  const auto status = call.client.Call<Activities>(&Activities::Stub::Delete, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) call.terminal.out << "{}\n";
  return kOk;
}

int Poll(Invocation& call) {
  v1::GetActivityTaskRequest request;
  request.set_activity(call.arguments[0]);
  if (call.Has("worker-name")) request.set_worker_name(call.Option("worker-name"));
  v1::GetActivityTaskResponse response;
  const auto patience = call.Count("patience");
  if (!patience) return Fail(call, patience.error());
  const auto status = call.client.Call<v1::Tasks>(&v1::Tasks::Stub::GetActivityTask, request,
                                                  &response, std::chrono::seconds(*patience));
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else if (!response.task_token().empty()) {
    call.terminal.out << response.task_token() << '\n' << response.input() << '\n';
  }
  if (!response.task_token().empty()) return kOk;
  if (call.json) return kRefused;
  return Fail(call.terminal, kRefused, "no task came; poll again");
}

}  // namespace

std::vector<Command> ActivityCommands() {
  return {
      {"activity create", "NAME", "make an activity", nullptr, Create},
      {"activity describe", "NAME", "show one", nullptr, Describe},
      {"activity list", "", "show all", nullptr, List},
      {"activity delete", "NAME", "new tasks for it fail from now on", nullptr, Delete},
      {"activity poll", "NAME", "take its next task: prints the token and the input",
       [](cxxopts::OptionAdder& add) {
         add("worker-name", "shown in the history", cxxopts::value<std::string>(), "NAME");
         add("patience", "how long to wait for a task, at most 60",
             cxxopts::value<std::string>()->default_value("60"), "SECONDS");
       },
       Poll, "Exit code 3 when none came."},
  };
}

}  // namespace towline::cli
