#include "statemachines/mapdata/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>

namespace towline::mapdata {
namespace {

constexpr std::size_t kOutputBytes = 64 << 10;

Error Damaged(const char* format, const std::string& what) {
  return Error{.code = Error::Code::kFailedPrecondition,
               .message = std::string("the ") + format + " data is damaged: " + what};
}

class Plain : public Decompressor {
 public:
  Result<std::string_view> Next(std::string_view& input) override {
    const std::string_view all = input;
    input = {};
    return all;
  }
  Status Finish() override { return Ok(); }
};

class Gzip : public Decompressor {
 public:
  Gzip() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK);
  }
  ~Gzip() override { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Result<std::string_view> Next(std::string_view& input) override {
    while (!input.empty() || full_) {
      if (between_) {
        CHECK(inflateReset(&stream_) == Z_OK);
        between_ = false;
      }
      // zlib never writes to its input; its C interface just does not say so.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
      stream_.avail_in = static_cast<uInt>(input.size());
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      input.remove_prefix(input.size() - stream_.avail_in);
      full_ = stream_.avail_out == 0;
      if (code == Z_STREAM_END) {
        between_ = true;
        full_ = false;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Damaged("gzip", stream_.msg == nullptr ? "unknown reason" : stream_.msg);
      }
      const std::size_t size = output_.size() - stream_.avail_out;
      if (size > 0) return std::string_view(output_.data(), size);
    }
    return std::string_view();
  }
  Status Finish() override {
    return between_ ? Ok() : Status(Damaged("gzip", "it ends too early"));
  }

 private:
  z_stream stream_{};
  std::array<char, kOutputBytes> output_{};
  bool full_ = false;     // there may be more output without more input
  bool between_ = false;  // behind the end of a stream
};

class Zstd : public Decompressor {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {
    CHECK(stream_ != nullptr);
    // A frame may ask for a window of gigabytes; this is what the zstd tool takes by default.
    constexpr int kWindowLogMax = 27;
    CHECK(ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLogMax)) == 0);
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Result<std::string_view> Next(std::string_view& input) override {
    while (!input.empty() || full_) {
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      ZSTD_outBuffer out{output_.data(), output_.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(hint) != 0) return Damaged("zstd", ZSTD_getErrorName(hint));
      input.remove_prefix(in.pos);
      full_ = out.pos == out.size && hint != 0;
      complete_ = hint == 0;
      if (out.pos > 0) return std::string_view(output_.data(), out.pos);
      if (in.pos == 0 && in.size > 0) return Damaged("zstd", "it makes no progress");
    }
    return std::string_view();
  }
  Status Finish() override {
    return complete_ ? Ok() : Status(Damaged("zstd", "it ends too early"));
  }

 private:
  ZSTD_DStream* const stream_;
  std::array<char, kOutputBytes> output_{};
  bool full_ = false;      // there may be more output without more input
  bool complete_ = false;  // behind the end of a frame
};

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

Compression CompressionOf(std::string_view key) {
  if (EndsWith(key, ".gz") || EndsWith(key, ".gzip")) return Compression::kGzip;
  if (EndsWith(key, ".zst") || EndsWith(key, ".zstd")) return Compression::kZstd;
  return Compression::kNone;
}

std::unique_ptr<Decompressor> Decompressor::Make(Compression compression) {
  switch (compression) {
    case Compression::kGzip: return std::make_unique<Gzip>();
    case Compression::kZstd: return std::make_unique<Zstd>();
    case Compression::kNone: break;
  }
  return std::make_unique<Plain>();
}

}  // namespace towline::mapdata
