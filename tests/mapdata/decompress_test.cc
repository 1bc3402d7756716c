#include "statemachines/mapdata/decompress.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/mapdata/compress.h"

namespace towline::mapdata {
namespace {

std::string Packed(Compression compression, const std::string& text) {
  if (compression == Compression::kNone) return text;
  return compression == Compression::kGzip ? Gzipped(text) : Zstded(text);
}

// Or "!" and what is wrong.
std::string Unpacked(Compression compression, std::string_view data, std::size_t chunk) {
  const auto decompressor = Decompressor::Make(compression);
  std::string out;
  while (!data.empty()) {
    std::string_view input = data.substr(0, chunk);
    data.remove_prefix(input.size());
    for (;;) {
      const auto piece = decompressor->Next(input);
      if (!piece) return "!" + piece.error().message;
      if (piece->empty()) break;
      EXPECT_TRUE(compression == Compression::kNone || piece->size() <= (64 << 10));
      out += *piece;
    }
    EXPECT_TRUE(input.empty());
  }
  const Status ended = decompressor->Finish();
  return ended ? out : "!" + ended.error().message;
}

std::string Sample() {
  std::string text;
  for (int i = 0; i < 40'000; i++) text += std::to_string(i * 7919) + ",";
  return text;
}

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kZstd};

TEST(DecompressTest, GivesTheTextHoweverItIsCut) {
  const std::string text = Sample();
  for (const Compression compression : kAll) {
    const std::string data = Packed(compression, text);
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{13}, std::size_t{65'536},
                                    data.size()}) {
      EXPECT_TRUE(Unpacked(compression, data, chunk) == text) << chunk;
    }
    EXPECT_EQ(Unpacked(compression, Packed(compression, ""), 5), "");
  }
}

TEST(DecompressTest, StreamsBehindOneAnotherAreOneText) {
  for (const Compression compression : kAll) {
    const std::string data =
        Packed(compression, "one,") + Packed(compression, "") + Packed(compression, "two");
    for (std::size_t chunk = 1; chunk <= data.size(); chunk++) {
      EXPECT_EQ(Unpacked(compression, data, chunk), "one,two") << chunk;
    }
  }
}

TEST(DecompressTest, MillionsOfBytesOutOfFewStayInSmallPieces) {
  const std::string zeros(20 << 20, '\0');
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string data = Packed(compression, zeros);
    EXPECT_LT(data.size(), std::size_t{64 << 10});
    EXPECT_TRUE(Unpacked(compression, data, data.size()) == zeros);
  }
}

TEST(DecompressTest, SaysWhenTheDataIsDamagedOrCutShort) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string format = compression == Compression::kGzip ? "gzip" : "zstd";
    const std::string data = Packed(compression, Sample());
    EXPECT_EQ(Unpacked(compression, std::string_view(data).substr(0, data.size() - 1), 100),
              "!the " + format + " data is damaged: it ends too early");
    EXPECT_EQ(Unpacked(compression, "", 1),
              "!the " + format + " data is damaged: it ends too early");
    EXPECT_EQ(Unpacked(compression, "id,name\n1,2\n", 100).rfind("!the " + format, 0), 0U);
    std::string broken = data;
    broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
    EXPECT_NE(Unpacked(compression, broken, 100), Sample());
  }
}

TEST(DecompressTest, TheKeySaysWhichCompression) {
  EXPECT_EQ(CompressionOf("a/b.csv"), Compression::kNone);
  EXPECT_EQ(CompressionOf("a/b.csv.gz"), Compression::kGzip);
  EXPECT_EQ(CompressionOf("a/b.jsonl.gzip"), Compression::kGzip);
  EXPECT_EQ(CompressionOf("b.csv.zst"), Compression::kZstd);
  EXPECT_EQ(CompressionOf("myObject.csv.zstd"), Compression::kZstd);
  EXPECT_EQ(CompressionOf("gz"), Compression::kNone);
}

}  // namespace
}  // namespace towline::mapdata
