#include "statemachines/teststate/mock_result.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <optional>

#include "statemachines/base/json.h"
#include "statemachines/teststate/refusal.h"

namespace towline::teststate {
namespace {

Error Wrong(std::string what) {
  return Refused("Mock result schema validation error: " + std::move(what));
}
Error MustBe(std::string_view field, std::string_view what) {
  return Wrong("Field '" + std::string(field) + "' must be " + std::string(what));
}

// State machines see the API's names with a capital at the beginning.
std::string Capital(std::string_view name) {
  std::string capital(name);
  if (!capital.empty() && capital[0] >= 'a' && capital[0] <= 'z') capital[0] -= 'a' - 'A';
  return capital;
}

// "integer 128..10240": the name of a simple type, and its bounds where it has any.
struct SimpleType {
  std::string_view name;
  std::optional<double> min{};
  std::optional<double> max{};
};
SimpleType ReadType(std::string_view text) {
  const std::size_t space = text.find(' ');
  SimpleType type{.name = text.substr(0, space)};
  if (space == std::string_view::npos) return type;
  const std::string_view bounds = text.substr(space + 1);
  const std::size_t dots = bounds.find("..");
  const auto number = [](std::string_view digits) {
    return digits.empty() ? std::nullopt
                          : std::optional(std::strtod(std::string(digits).c_str(), nullptr));
  };
  type.min = number(bounds.substr(0, dots));
  type.max = number(bounds.substr(dots + 2));
  return type;
}

class Checker {
 public:
  Checker(const json::object& shapes, bool strict) : shapes_(shapes), strict_(strict) {}

  Status Check(std::string_view field, const json::value& value, std::string_view type) const {
    if (type.substr(0, 1) != "$") return CheckSimple(field, value, ReadType(type));
    const json::object& shape = shapes_.at(type).as_object();
    if (const json::value* list = shape.if_contains("list")) {
      if (!value.is_array()) return MustBe(field, "an array");
      for (const json::value& item : value.get_array()) {
        if (Status good = Check(field, item, list->as_string()); !good) return good;
      }
    } else if (const json::value* map = shape.if_contains("map")) {
      if (!value.is_object()) return MustBe(field, "an object");
      for (const json::key_value_pair& member : value.get_object()) {
        if (Status good = Check(field, member.value(), map->as_string()); !good) return good;
      }
    } else if (const json::value* values = shape.if_contains("enum")) {
      return CheckEnum(field, value, values->as_array());
    } else {
      return CheckMembers(field, value, shape);
    }
    return Ok();
  }

 private:
  Status CheckMembers(std::string_view field, const json::value& value,
                      const json::object& shape) const {
    const json::object* object = value.if_object();
    if (object == nullptr && field.empty()) return Refused("Mocked result must be a JSON object.");
    if (object == nullptr) return MustBe(field, "an object");
    const json::value* required = shape.if_contains("required");
    if (strict_ && required != nullptr) {
      for (const json::value& name : required->as_array()) {
        const std::string wanted = Capital(name.as_string());
        if (!object->contains(wanted)) {
          return Wrong("Required field '" + wanted + "' is missing");
        }
      }
    }
    for (const json::key_value_pair& member : shape.at("members").as_object()) {
      const std::string name = Capital(member.key());
      const json::value* given = object->if_contains(name);
      if (given == nullptr) continue;
      if (Status good = Check(name, *given, member.value().as_string()); !good) return good;
    }
    return Ok();
  }

  static Status CheckEnum(std::string_view field, const json::value& value,
                          const json::array& values) {
    if (!value.is_string()) return MustBe(field, "a string");
    for (const json::value& known : values) {
      if (known == value) return Ok();
    }
    return Wrong("Field '" + std::string(field) + "' is not an expected value");
  }

  static Status CheckSimple(std::string_view field, const json::value& value,
                            const SimpleType& type) {
    const std::string name(field);
    if (type.name == "any") return Ok();
    if (type.name == "boolean") return value.is_bool() ? Ok() : MustBe(field, "a boolean");
    if (type.name == "integer" || type.name == "number") {
      if (!value.is_number()) return MustBe(field, "a number");
      const double number = value.to_number<double>();
      if (number < type.min) return Wrong("Field '" + name + "' is less than the minimum value");
      if (type.max && number > type.max) {
        return Wrong("Field '" + name + "' exceeds the maximum value");
      }
      return Ok();
    }
    if (!value.is_string()) return MustBe(field, "a string");
    const auto length = static_cast<double>(value.get_string().size());
    if (length < type.min) {
      return Wrong("Field '" + name + "' is smaller than the minimum length");
    }
    if (type.max && length > type.max) {
      return Wrong("Field '" + name + "' exceeds the maximum length");
    }
    return Ok();
  }

  const json::object& shapes_;
  const bool strict_;
};

// What .sync asks until the work has ended, instead of the call that starts it.
struct Poll {
  std::string_view service;
  std::string_view start;
  std::string_view poll;
};
constexpr Poll kPolls[] = {
    {"athena", "StartQueryExecution", "GetQueryExecution"},
    {"batch", "SubmitJob", "DescribeJobs"},
    {"codebuild", "StartBuild", "BatchGetBuilds"},
    {"ecs", "RunTask", "DescribeTasks"},
    {"glue", "StartJobRun", "GetJobRun"},
    {"stepfunctions", "StartExecution", "DescribeExecution"},
};

const Json& Services() {
  static const Json services = [] {
    Result<Json> parsed = ParseJson(kServiceShapes);
    CHECK(parsed.has_value());
    return *parsed;
  }();
  return services;
}

}  // namespace

Status CheckMockResult(const asl::TaskResource& resource, const json::value& result, bool strict) {
  constexpr std::string_view kSdk = "aws-sdk:";
  if (resource.arn.find(":states:::") == std::string::npos) return Ok();
  if (resource.wait_for_task_token) return Ok();
  std::string_view service = resource.history_type;
  const bool sdk = service.substr(0, kSdk.size()) == kSdk;
  if (sdk) service.remove_prefix(kSdk.size());
  if (service == "states" || service == "sfn") service = "stepfunctions";
  if (service == "cloudwatchevents" || service == "eventbridge") service = "events";
  const std::string& api = resource.history_resource;
  std::string operation = Capital(std::string_view(api).substr(0, api.find('.')));
  if (resource.sync != asl::TaskResource::Sync::kNone) {
    for (const Poll& poll : kPolls) {
      if (poll.service == service && poll.start == operation) operation = poll.poll;
    }
  }
  const json::value* described = Services()->as_object().if_contains(service);
  if (described == nullptr) return Ok();
  const json::value* type = described->at("operations").as_object().if_contains(operation);
  if (type == nullptr) return Ok();
  const Checker checker(described->at("shapes").as_object(), strict);
  if (sdk || service != "lambda" || !result.is_object()) {
    return checker.Check({}, result, type->as_string());
  }
  // What a function returns stands in Payload as JSON, not as its bytes.
  json::object without_payload = result.get_object();
  without_payload.erase("Payload");
  return checker.Check({}, without_payload, type->as_string());
}

}  // namespace towline::teststate
