#include "orchestrator/api/activities.h"

#include <algorithm>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/page_token.h"

namespace towline::api {
namespace {

v1::Activity ToProto(const store::ActivityRow& row) {
  v1::Activity activity;
  activity.set_activity_arn(ActivityName{row.tenant, row.name}.arn());
  activity.set_name(row.name);
  SetTime(activity.mutable_creation_time(), row.created);
  return activity;
}

}  // namespace

Error ActivityDoesNotExist(const ActivityName& name) {
  return Error{Error::Code::kNotFound, "Activity Does Not Exist: '" + name.arn() + "'",
               "ActivityDoesNotExist"};
}

void Activities::Create(const v1::CreateActivityRequest& request,
                        const Reply<v1::Activity>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kChangeActivities);
  if (!tenant) return reply.Fail(tenant.error());
  if (auto ok = CheckName(request.name(), "activity's name"); !ok) return reply.Fail(ok.error());
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  const std::lock_guard lock(creating_);
  auto row = catalogue.Activity(*tenant, request.name());
  if (!row) {
    row = store::ActivityRow{*tenant, request.name(), base_.parts.clock()};
    catalogue.PutActivity(*row);
  }
  reply.Send(ToProto(*row));
}

void Activities::Describe(const v1::DescribeActivityRequest& request,
                          const Reply<v1::Activity>& reply) {
  const auto name = base_.Activity(reply.asker(), Action::kViewActivities, request.activity());
  if (!name) return reply.Fail(name.error());
  const auto row = base_.parts.backend.catalogue().Activity(name->tenant, name->name);
  if (!row) return reply.Fail(ActivityDoesNotExist(*name));
  reply.Send(ToProto(*row));
}

void Activities::List(const v1::ListActivitiesRequest& request,
                      const Reply<v1::ListActivitiesResponse>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kViewActivities);
  if (!tenant) return reply.Fail(tenant.error());
  const auto size = PageSize(request.max_results());
  if (!size) return reply.Fail(size.error());
  const std::string question = "activities " + *tenant;
  PageToken token;
  if (!request.next_token().empty()) {
    auto decoded = base_.pages.Decode(request.next_token(), question, base_.parts.clock());
    if (!decoded) return reply.Fail(decoded.error());
    token = std::move(*decoded);
  }
  const auto rows = base_.parts.backend.catalogue().Activities(*tenant, token.text, *size + 1);
  v1::ListActivitiesResponse response;
  const std::size_t shown = std::min(rows.size(), static_cast<std::size_t>(*size));
  for (std::size_t i = 0; i < shown; ++i) *response.add_activities() = ToProto(rows[i]);
  if (rows.size() > shown) {
    const PageToken next{.numbers = {}, .text = rows[shown - 1].name};
    response.set_next_token(base_.pages.Encode(next, question, base_.parts.clock()));
  }
  reply.Send(std::move(response));
}

void Activities::Delete(const v1::DeleteActivityRequest& request,
                        const Reply<v1::DeleteActivityResponse>& reply) {
  const auto name = base_.Activity(reply.asker(), Action::kChangeActivities, request.activity());
  if (!name) return reply.Fail(name.error());
  base_.parts.backend.catalogue().DeleteActivity(name->tenant, name->name);
  reply.Send(v1::DeleteActivityResponse());
}

}  // namespace towline::api
