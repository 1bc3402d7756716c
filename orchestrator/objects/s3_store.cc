#include "orchestrator/objects/s3_store.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "orchestrator/objects/s3_writer.h"
#include "orchestrator/objects/s3_xml.h"

namespace towline::objects {
namespace {

constexpr std::size_t kFaultBytesMax = 64 << 10;

std::string Header(const net::HttpResponse& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> Count(std::string_view text) {
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, count);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return count;
}

Result<ObjectInfo> HeadOf(S3Client& client, const ObjectName& name) {
  const auto response = client.Send({.method = "HEAD", .name = name});
  if (!response) return response.error();
  ObjectInfo info{.key = name.key, .etag = Header(*response, "etag")};
  info.size = Count(Header(*response, "content-length")).value_or(0);
  const std::string date = Header(*response, "last-modified");
  const std::time_t modified = net::TheCurl().getdate(date.c_str(), nullptr);
  if (modified > 0) info.last_modified = Timestamp(Seconds(modified));
  const std::string storage = Header(*response, "x-amz-storage-class");
  if (!storage.empty()) info.storage_class = storage;
  return info;
}

class S3Reader : public ObjectReader {
 public:
  S3Reader(S3Client& client, ObjectName name, GetOptions options)
      : client_(client),
        name_(std::move(name)),
        version_id_(std::move(options.version_id)),
        version_(std::move(options.version)),
        offset_(options.offset) {}

  // The first chunk, so that Get() says what is wrong.
  Status Begin() {
    waiting_ = true;
    return Fetch();
  }

  Result<std::string_view> Next() override {
    if (!waiting_) {
      if (Status fetched = Fetch(); !fetched) return fetched.error();
    }
    waiting_ = false;
    return std::string_view(chunk_);
  }
  const std::string& version() const override { return version_; }

 private:
  Status Fetch() {
    chunk_.clear();
    if (size_ && offset_ >= *size_) return Ok();
    const std::size_t wanted = client_.options().chunk_bytes;
    S3Client::Call call{.name = name_, .response_bytes_max = std::max(wanted, kFaultBytesMax)};
    call.headers["range"] =
        "bytes=" + std::to_string(offset_) + "-" + std::to_string(offset_ + wanted - 1);
    if (!version_.empty()) call.headers["if-match"] = version_;
    if (!version_id_.empty()) call.query.emplace_back("versionId", version_id_);
    auto response = client_.Send(call);
    if (!response) {
      return response.error().name == "InvalidRange" ? AtEnd() : response.error();
    }
    if (response->body.size() > wanted || (response->status != 206 && offset_ > 0)) {
      return Error{.code = Error::Code::kFailedPrecondition,
                   .message = Uri(name_) + ": the endpoint ignores the Range header",
                   .name = "InternalError"};
    }
    version_ = Header(*response, "etag");
    chunk_ = std::move(response->body);
    offset_ += chunk_.size();
    const std::string range = Header(*response, "content-range");  // bytes 0-9/120
    const std::size_t slash = range.rfind('/');
    size_ = slash == std::string::npos ? offset_ : Count(range.substr(slash + 1));
    return Ok();
  }

  // Nothing can be had from here on: the object is empty, or we are behind its end.
  Status AtEnd() {
    const auto info = HeadOf(client_, name_);
    if (!info) return info.error();
    if (!version_.empty() && version_ != info->etag) return Changed(name_);
    version_ = info->etag;
    size_ = info->size;
    return Ok();
  }

  S3Client& client_;
  const ObjectName name_;
  const std::string version_id_;
  std::string version_;  // the ETag
  std::uint64_t offset_;
  std::optional<std::uint64_t> size_;
  std::string chunk_;
  bool waiting_ = false;  // chunk_ has not been given out
};

class S3Listing : public Listing {
 public:
  S3Listing(S3Client& client, ListOptions options)
      : client_(client), options_(std::move(options)) {}

  Result<std::vector<ObjectInfo>> NextPage() override {
    while (!ended_) {
      S3Client::Call call{.name = {.bucket = options_.bucket}};
      call.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1000"}};
      if (!options_.prefix.empty()) call.query.emplace_back("prefix", options_.prefix);
      if (!token_.empty()) {
        call.query.emplace_back("continuation-token", token_);
      } else if (!options_.start_after.empty()) {
        call.query.emplace_back("start-after", options_.start_after);
      }
      const auto response = client_.Send(call);
      if (!response) return response.error();
      auto page = ReadListPage(response->body);
      if (!page) return page.error();
      token_ = std::move(page->next_token);
      ended_ = token_.empty();
      if (!page->objects.empty()) return std::move(page->objects);
    }
    return std::vector<ObjectInfo>();
  }

 private:
  S3Client& client_;
  const ListOptions options_;
  std::string token_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<ObjectReader>> S3Store::Get(const ObjectName& name,
                                                   const GetOptions& options) {
  auto reader = std::make_unique<S3Reader>(client_, name, options);
  if (Status begun = reader->Begin(); !begun) return begun.error();
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

Result<std::unique_ptr<ObjectWriter>> S3Store::Put(const ObjectName& name,
                                                   const PutOptions& options) {
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<S3Writer>(client_, name, options.content_type));
}

Result<std::unique_ptr<Listing>> S3Store::List(const ListOptions& options) {
  return std::unique_ptr<Listing>(std::make_unique<S3Listing>(client_, options));
}

Result<ObjectInfo> S3Store::Head(const ObjectName& name) { return HeadOf(client_, name); }

}  // namespace towline::objects
