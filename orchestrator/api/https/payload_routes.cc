#include "orchestrator/api/https/payload_routes.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "statemachines/base/log.h"

namespace towline::api::https {
namespace {

constexpr std::string_view kPath = "/v1/payloads/";
constexpr const char* kStored = "towline-stored";

Error Malformed(std::string what) {
  return {Error::Code::kInvalidArgument, std::move(what), "InvalidRequest"};
}

bool TakeNumber(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool TakeText(std::string_view& text, std::string_view expected) {
  if (text.substr(0, expected.size()) != expected) return false;
  text.remove_prefix(expected.size());
  return true;
}

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size = 0;
};

std::optional<ContentRange> ReadContentRange(std::string_view text) {
  ContentRange range;
  const bool good = TakeText(text, "bytes ") && TakeNumber(text, range.first) &&
                    TakeText(text, "-") && TakeNumber(text, range.last) && TakeText(text, "/") &&
                    TakeNumber(text, range.size) && text.empty() && range.first <= range.last &&
                    range.last < range.size;
  if (!good) return std::nullopt;
  return range;
}

// Answers without wanting a body.
class Answered final : public Exchange {
 public:
  explicit Answered(HttpAnswer answer) : answer_(std::move(answer)) {}
  bool Take(std::string_view /*piece*/) override { return false; }
  HttpAnswer Finish() override { return std::move(answer_); }

 private:
  HttpAnswer answer_;
};

std::unique_ptr<Exchange> Refuse(const Error& error) {
  return std::make_unique<Answered>(AnswerOf(error));
}

class FileSource final : public BodySource {
 public:
  FileSource(int fd, std::uint64_t from) : fd_(fd) {
    lseek(fd_, static_cast<off_t>(from), SEEK_SET);
  }
  ~FileSource() override { close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  Result<std::size_t> Read(char* into, std::size_t size) override {
    for (;;) {
      const ssize_t got = read(fd_, into, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return Error{Error::Code::kUnavailable, "the file cannot be read"};
    }
  }

 private:
  const int fd_;
};

class UploadExchange final : public Exchange {
 public:
  UploadExchange(std::unique_ptr<blobs::BlobStore::Upload> upload, std::string worker)
      : upload_(std::move(upload)), worker_(std::move(worker)) {}

  bool Take(std::string_view piece) override {
    if (Status kept = upload_->Append(piece); !kept) error_ = kept.error();
    return !error_;
  }
  HttpAnswer Finish() override {
    if (error_) return AnswerOf(*error_);
    const auto whole = upload_->Finish();
    if (!whole) return AnswerOf(whole.error());
    if (!*whole) {
      return {.status = 202, .headers = {{kStored, std::to_string(upload_->stored())}}};
    }
    Log(LogLevel::kInfo, "payload_stored",
        {{"worker", worker_},
         {"sha256", upload_->blob().sha256},
         {"bytes", std::to_string(upload_->blob().size)}});
    return {.status = 201};
  }

 private:
  const std::unique_ptr<blobs::BlobStore::Upload> upload_;
  const std::string worker_;
  std::optional<Error> error_;
};

std::unique_ptr<Exchange> Head(const Payloads& payloads, const std::string& tenant,
                               const std::string& sha256) {
  const auto found = payloads.Find(tenant, sha256);
  if (found) {
    return std::make_unique<Answered>(
        HttpAnswer{.headers = {{"content-length", std::to_string(found->size)}}});
  }
  HttpAnswer answer = AnswerOf(found.error());
  answer.headers[kStored] = std::to_string(payloads.Stored(tenant, sha256));
  return std::make_unique<Answered>(std::move(answer));
}

std::unique_ptr<Exchange> Get(const Payloads& payloads, const HttpCall& call,
                              const std::string& tenant, const std::string& sha256) {
  const auto found = payloads.Find(tenant, sha256);
  if (!found) return Refuse(found.error());
  std::uint64_t from = 0;
  const auto range = call.headers.find("range");
  if (range != call.headers.end()) {
    std::string_view text = range->second;
    if (!TakeText(text, "bytes=") || !TakeNumber(text, from) || text != "-" ||
        from >= found->size) {
      return Refuse(Malformed("'range' must be bytes=FROM-, with FROM below " +
                              std::to_string(found->size)));
    }
  }
  const auto fd = payloads.Open(tenant, sha256);
  if (!fd) return Refuse(fd.error());
  HttpAnswer answer{.status = range == call.headers.end() ? 200 : 206,
                    .headers = {{"content-type", "application/octet-stream"}},
                    .source = std::make_unique<FileSource>(*fd, from),
                    .source_bytes = found->size - from};
  if (answer.status == 206) {
    answer.headers["content-range"] = "bytes " + std::to_string(from) + "-" +
                                      std::to_string(found->size - 1) + "/" +
                                      std::to_string(found->size);
  }
  return std::make_unique<Answered>(std::move(answer));
}

std::unique_ptr<Exchange> Put(const Payloads& payloads, const HttpCall& call,
                              const jobs::Principal& worker, const std::string& sha256) {
  const auto header = call.headers.find("content-range");
  const auto range =
      header == call.headers.end() ? std::nullopt : ReadContentRange(header->second);
  if (!range) return Refuse(Malformed("'content-range' must be: bytes FIRST-LAST/SIZE"));
  const Reference blob{.sha256 = sha256, .size = range->size};
  if (const auto found = payloads.Find(worker.tenant, sha256); found && *found == blob) {
    return std::make_unique<Answered>(HttpAnswer{});
  }
  auto upload = payloads.Begin(worker.tenant, blob, range->first);
  if (upload) return std::make_unique<UploadExchange>(*std::move(upload), worker.text());
  HttpAnswer answer = AnswerOf(upload.error());
  answer.headers[kStored] = std::to_string(payloads.Stored(worker.tenant, sha256));
  return std::make_unique<Answered>(std::move(answer));
}

}  // namespace

bool IsPayloadPath(const HttpCall& call) {
  return call.target.compare(0, kPath.size(), kPath) == 0;
}

std::unique_ptr<Exchange> BeginPayload(Service& service, const HttpCall& call) {
  const auto worker = service.enrolment().Admit(call.agent);
  if (!worker) return Refuse(worker.error());
  const std::string sha256 = call.target.substr(kPath.size());
  const Payloads& payloads = service.payloads();
  if (call.method == "HEAD") return Head(payloads, worker->tenant, sha256);
  if (call.method == "GET") return Get(payloads, call, worker->tenant, sha256);
  if (call.method == "PUT") return Put(payloads, call, *worker, sha256);
  return Refuse({Error::Code::kNotFound, "There is no " + call.method + " of a payload",
                 "NotFound"});
}

}  // namespace towline::api::https
