#pragma once

#include <memory>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::mapdata {

enum class Compression { kNone, kGzip, kZstd };

// By the ending of an object's key: .gz, .gzip, .zst, .zstd.
Compression CompressionOf(std::string_view key);

// Undoes the compression of a stream of bytes. Output comes in pieces of at most 64 KiB, however
// strongly the input is compressed. Several streams behind one another count as one.
class Decompressor {
 public:
  // For kNone: passes everything through.
  static std::unique_ptr<Decompressor> Make(Compression compression);
  virtual ~Decompressor() = default;

  // Takes bytes from the front of `input` and returns what they expand to, valid until the next
  // call. Empty: `input` is used up, give more. Errors: the data is damaged.
  virtual Result<std::string_view> Next(std::string_view& input) = 0;
  // The input has ended. An error when it was cut short.
  virtual Status Finish() = 0;
};

}  // namespace towline::mapdata
