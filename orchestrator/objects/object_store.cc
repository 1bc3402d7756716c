#include "orchestrator/objects/object_store.h"

namespace towline::objects {

std::string Uri(const ObjectName& name) { return "s3://" + name.bucket + "/" + name.key; }

Error NoSuchKey(const ObjectName& name) {
  return Error{.code = Error::Code::kNotFound,
               .message = "The specified key does not exist: " + Uri(name),
               .name = "NoSuchKey"};
}

Error NoSuchBucket(const std::string& bucket, const std::string& hint) {
  return Error{.code = Error::Code::kNotFound,
               .message = "The specified bucket does not exist: " + bucket +
                          (hint.empty() ? "" : "; " + hint),
               .name = "NoSuchBucket"};
}

Error AccessDenied(const ObjectName& name, const std::string& reason) {
  return Error{.code = Error::Code::kPermissionDenied,
               .message = "Access Denied: " + Uri(name) + (reason.empty() ? "" : ": " + reason),
               .name = "AccessDenied"};
}

Error Changed(const ObjectName& name) {
  return Error{.code = Error::Code::kFailedPrecondition,
               .message = Uri(name) + " has been replaced since it was first read",
               .name = "PreconditionFailed"};
}

}  // namespace towline::objects
