#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/objects/object_store.h"

// The documents of the S3 protocol.
namespace towline::objects {

struct S3ListPage {
  std::vector<ObjectInfo> objects{};
  std::string next_token{};  // empty: this was the last page
};
Result<S3ListPage> ReadListPage(std::string_view xml);

struct S3Fault {
  std::string code{};     // e.g. "NoSuchKey"; empty: the text is no such document
  std::string message{};
};
S3Fault ReadFault(std::string_view xml);

Result<std::string> ReadUploadId(std::string_view xml);
// The ETag out of the answer that completes an upload; that answer can be a fault.
Result<std::string> ReadCompletedEtag(std::string_view xml);
std::string CompleteUploadXml(const std::vector<std::string>& part_etags);

}  // namespace towline::objects
