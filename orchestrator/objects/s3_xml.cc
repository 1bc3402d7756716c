#include "orchestrator/objects/s3_xml.h"

#include <pugixml.hpp>

#include <charconv>
#include <sstream>

namespace towline::objects {
namespace {

Error Unreadable(const char* what) {
  return Error{.code = Error::Code::kUnavailable,
               .message = std::string("the endpoint's answer is not ") + what +
                          "; does it speak the S3 protocol?",
               .name = "InternalError"};
}

bool Parse(pugi::xml_document& document, std::string_view xml) {
  return static_cast<bool>(document.load_buffer(xml.data(), xml.size()));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Keys may hold characters that XML cannot, so we ask for them in this form.
std::string UriDecode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at++) {
    const int high = text[at] == '%' && at + 2 < text.size() ? HexDigit(text[at + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      out += text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

}  // namespace

Result<S3ListPage> ReadListPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml) ? document.child("ListBucketResult")
                                                   : pugi::xml_node();
  if (!root) return Unreadable("a listing");
  const bool encoded = std::string_view(root.child_value("EncodingType")) == "url";
  S3ListPage page;
  for (const pugi::xml_node entry : root.children("Contents")) {
    ObjectInfo info;
    const std::string_view key = entry.child_value("Key");
    info.key = encoded ? UriDecode(key) : std::string(key);
    const std::string_view size = entry.child_value("Size");
    const auto read = std::from_chars(size.data(), size.data() + size.size(), info.size);
    const auto modified = ParseTimestamp(entry.child_value("LastModified"));
    if (info.key.empty() || read.ec != std::errc{} || !modified) return Unreadable("a listing");
    info.last_modified = *modified;
    info.etag = entry.child_value("ETag");
    if (const pugi::xml_node storage = entry.child("StorageClass")) {
      info.storage_class = storage.child_value();
    }
    page.objects.push_back(std::move(info));
  }
  if (std::string_view(root.child_value("IsTruncated")) == "true") {
    page.next_token = root.child_value("NextContinuationToken");
    if (page.next_token.empty()) return Unreadable("a listing that can be continued");
  }
  return page;
}

S3Fault ReadFault(std::string_view xml) {
  pugi::xml_document document;
  if (!Parse(document, xml)) return {};
  const pugi::xml_node root = document.child("Error");
  return {.code = root.child_value("Code"), .message = root.child_value("Message")};
}

Result<std::string> ReadUploadId(std::string_view xml) {
  pugi::xml_document document;
  if (!Parse(document, xml)) return Unreadable("an upload");
  std::string id = document.child("InitiateMultipartUploadResult").child_value("UploadId");
  if (id.empty()) return Unreadable("an upload");
  return id;
}

Result<std::string> ReadCompletedEtag(std::string_view xml) {
  pugi::xml_document document;
  if (!Parse(document, xml)) return Unreadable("a completed upload");
  std::string etag = document.child("CompleteMultipartUploadResult").child_value("ETag");
  if (etag.empty()) return Unreadable("a completed upload");
  return etag;
}

std::string CompleteUploadXml(const std::vector<std::string>& part_etags) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  for (std::size_t i = 0; i < part_etags.size(); i++) {
    pugi::xml_node part = root.append_child("Part");
    part.append_child("PartNumber").text().set(std::to_string(i + 1).c_str());
    part.append_child("ETag").text().set(part_etags[i].c_str());
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

}  // namespace towline::objects
