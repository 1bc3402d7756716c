#include "statemachines/mapdata/result_writer.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

namespace towline::mapdata {
namespace {

constexpr std::array<const char*, 5> kStatusNames = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED",
                                                     "PENDING"};

Result<std::string> Text(const json::value& object, std::string_view key) {
  const json::object* const members = object.if_object();
  const json::value* const value =
      members == nullptr ? nullptr : members->if_contains(json::string_view(key));
  if (value == nullptr || value->is_null()) return std::string();
  const json::string* const text = value->if_string();
  if (text == nullptr) {
    return WriterFailed("field " + std::string(key) + " must be a string, but is " +
                        PrintJson(*value));
  }
  return std::string(text->data(), text->size());
}

// The execution as the service describes it: names in alphabetical order, data as JSON texts.
std::string Describe(const ChildResult& result) {
  json::object out;
  const bool started = result.status != ChildResult::Status::kPending;
  if (result.cause) out["Cause"] = *result.cause;
  if (result.error) out["Error"] = *result.error;
  if (started) out["ExecutionArn"] = result.execution_arn;
  out["Input"] = PrintJson(*result.input);
  out["InputDetails"] = {{"Included", true}};
  if (started) {
    out["Name"] = result.name;
    if (result.output) out["Output"] = PrintJson(**result.output);
    out["OutputDetails"] = {{"Included", true}};
    out["RedriveCount"] = result.redrive_count;
    out["RedriveStatus"] = result.redrive_status;
    if (!result.redrive_status_reason.empty()) {
      out["RedriveStatusReason"] = result.redrive_status_reason;
    }
    out["StartDate"] = FormatTimestamp(result.start);
    out["StateMachineArn"] = result.state_machine_arn;
  }
  out["Status"] = kStatusNames[static_cast<std::size_t>(result.status)];
  if (started) out["StopDate"] = FormatTimestamp(result.stop);
  return PrintJson(out);
}

Status ReadWriterConfig(const json::value& config, WriterConfig& into) {
  const auto transformation = Text(config, "Transformation");
  if (!transformation) return transformation.error();
  if (*transformation == "COMPACT") {
    into.transformation = Transformation::kCompact;
  } else if (*transformation == "FLATTEN") {
    into.transformation = Transformation::kFlatten;
  } else if (!transformation->empty() && *transformation != "NONE") {
    return WriterFailed("field Transformation must be one of NONE, COMPACT, FLATTEN, but is " +
                        *transformation);
  }
  const auto type = Text(config, "OutputType");
  if (!type) return type.error();
  if (*type == "JSONL") {
    into.output_type = OutputType::kJsonl;
  } else if (!type->empty() && *type != "JSON") {
    return WriterFailed("field OutputType must be one of JSON, JSONL, but is " + *type);
  }
  return Ok();
}

}  // namespace

Error WriterFailed(std::string cause) {
  return Error{.code = Error::Code::kFailedPrecondition,
               .message = std::move(cause),
               .name = "States.ResultWriterFailed"};
}

Result<ResultWriter> ReadResultWriter(std::string_view resource, const json::value& parameters,
                                      const json::value& config) {
  ResultWriter writer;
  if (Status good = ReadWriterConfig(config, writer.config); !good) return good.error();
  if (resource.empty() && parameters.is_null()) return writer;
  constexpr std::string_view kPutObject = ":s3:putObject";
  if (resource.size() < kPutObject.size() ||
      resource.substr(resource.size() - kPutObject.size()) != kPutObject) {
    return WriterFailed("the resource of a ResultWriter is arn:aws:states:::s3:putObject, but is " +
                        std::string(resource));
  }
  auto bucket = Text(parameters, "Bucket");
  if (!bucket) return bucket.error();
  if (bucket->empty()) return WriterFailed("the ResultWriter names no Bucket");
  writer.bucket = std::move(*bucket);
  auto prefix = Text(parameters, "Prefix");
  if (!prefix) return prefix.error();
  writer.prefix = std::move(*prefix);
  return writer;
}

std::vector<std::string> ResultTexts(const ChildResult& result, Transformation transformation) {
  const bool succeeded = result.status == ChildResult::Status::kSucceeded && result.output;
  if (!succeeded || transformation == Transformation::kNone) return {Describe(result)};
  const json::array* const list = (*result.output)->if_array();
  if (transformation == Transformation::kCompact || list == nullptr) {
    return {PrintJson(**result.output)};
  }
  std::vector<std::string> texts;
  texts.reserve(list->size());
  for (const json::value& element : *list) texts.push_back(PrintJson(element));
  return texts;
}

}  // namespace towline::mapdata
