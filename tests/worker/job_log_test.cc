#include "worker/job_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/base/scratch.h"
#include "worker/local_logs.h"

namespace towline::worker {
namespace {

std::shared_ptr<const Redactor> MustCompile(const std::vector<std::string>& patterns) {
  auto compiled = Redactor::Compile(patterns);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return *compiled;
}

TEST(RedactorTest, BlotsOutWhateverAPatternMatches) {
  const auto redactor = MustCompile({"password=\\S+", "\\b\\d{16}\\b", "(?i)bearer [a-z0-9]+"});
  EXPECT_EQ(redactor->Apply("user=x password=hunter2 ok"), "user=x [redacted] ok");
  EXPECT_EQ(redactor->Apply("4111111111111111, BEARER abc9; 12"), "[redacted], [redacted]; 12");
  EXPECT_EQ(redactor->Apply("nothing to hide"), "nothing to hide");
  EXPECT_EQ(redactor->Apply(""), "");
}

// One pattern's blot must not hide a secret from another, nor leave a part of it.
TEST(RedactorTest, OverlappingMatchesAreOneBlot) {
  const auto redactor = MustCompile({"abcd", "cdef"});
  EXPECT_EQ(redactor->Apply("-abcdef-"), "-[redacted]-");
}

TEST(RedactorTest, APatternMayMatchNothingAndStandBeforeManyBytes) {
  EXPECT_EQ(MustCompile({"x*"})->Apply("aé xx b"), "aé [redacted] b");
  EXPECT_EQ(MustCompile({"é"})->Apply("né"), "n[redacted]");
}

TEST(RedactorTest, APatternThatNeverEndsBlotsOutTheLine) {
  const auto redactor = MustCompile({"(a+)+$"});
  EXPECT_EQ(redactor->Apply(std::string(200, 'a') + "!").substr(0, 11), "[redacted: ");
}

TEST(RedactorTest, AWrongPatternIsNamedWithThePlace) {
  const auto compiled = Redactor::Compile({"fine", "a(b"});
  ASSERT_FALSE(compiled);
  EXPECT_NE(compiled.error().message.find("'a(b' is wrong at character 4"), std::string::npos)
      << compiled.error().message;
}

TEST(LineCutterTest, OnlyWholeLinesPass) {
  LineCutter cutter;
  EXPECT_EQ(cutter.Take("one\ntw", nullptr), "one\n");
  EXPECT_EQ(cutter.Take("o", nullptr), "");
  EXPECT_EQ(cutter.Take("\n\nthree", nullptr), "two\n\n");
  EXPECT_EQ(cutter.Finish(nullptr), "three\n");
  EXPECT_EQ(cutter.Finish(nullptr), "");
}

TEST(LineCutterTest, AReturnEndsALineToo) {
  LineCutter cutter;
  EXPECT_EQ(cutter.Take("10 %\r20 %\r", nullptr), "10 %\n20 %\n");
  EXPECT_EQ(cutter.Take("\na\r\nb\r", nullptr), "a\nb\n");
  EXPECT_EQ(cutter.Take("\n\n", nullptr), "\n") << "the first belongs to the return before it";
}

TEST(LineCutterTest, WhatIsNoUtf8BecomesValid) {
  LineCutter cutter;
  EXPECT_EQ(cutter.Take("a\xff\xfe z\n", nullptr), "a\xEF\xBF\xBD\xEF\xBF\xBD z\n");
}

// The reason for lines: whatever way the bytes come in, the secret does not pass.
TEST(LineCutterTest, ASecretThatIsSplitOverReadsIsFound) {
  const auto redactor = MustCompile({"s3cr3t-\\w+"});
  const std::string text = "key s3cr3t-alpha end\nnext s3cr3t-beta\n";
  for (std::size_t at = 0; at <= text.size(); at++) {
    LineCutter cutter;
    std::string out = cutter.Take(text.substr(0, at), redactor.get());
    out += cutter.Take(text.substr(at), redactor.get());
    EXPECT_EQ(out, "key [redacted] end\nnext [redacted]\n") << "split at " << at;
  }
}

TEST(LineCutterTest, ALongLineIsCutAndNoSecretShowsAtTheCut) {
  const auto redactor = MustCompile({"S{40}"});
  const std::string secret(40, 'S');
  for (const std::size_t before : {LineCutter::kLineMax - LineCutter::kOverlap - 45,
                                   LineCutter::kLineMax - LineCutter::kOverlap - 20,
                                   LineCutter::kLineMax - 20, LineCutter::kLineMax + 20}) {
    LineCutter cutter;
    const std::string line = std::string(before, '.') + secret + std::string(30'000, '.') + "\n";
    const std::string out = cutter.Take(line, redactor.get());
    EXPECT_EQ(out.find('S'), std::string::npos) << "secret after " << before;
    EXPECT_NE(out.find("[line cut: "), std::string::npos);
    EXPECT_LE(out.size(), LineCutter::kLineMax + 100);
    EXPECT_EQ(cutter.Take("next\n", redactor.get()), "next\n");
  }
}

TEST(RedactTailTest, TheBeginningOfACutTailIsLeftOut) {
  const auto redactor = MustCompile({"pass=\\w+"});
  EXPECT_EQ(RedactTail("s=hunter2\nfailed: pass=x\n", true, *redactor), "failed: [redacted]\n");
  EXPECT_EQ(RedactTail("pass=x failed", false, *redactor), "[redacted] failed");
  EXPECT_EQ(RedactTail("one endless line", true, *redactor), "");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LocalLogsTest, EachLineSaysWhenAndWhose) {
  const Scratch scratch;
  LocalLogs logs(scratch.path() + "/logs");
  logs.Write("resize", "m/e Resize #1", "stderr", "one\ntwo\n");
  const std::string text = ReadFile(logs.PathOf("resize"));
  EXPECT_EQ(text.find(" m/e Resize #1 stderr | one\n"), 24U) << text;
  EXPECT_NE(text.find(" m/e Resize #1 stderr | two\n"), std::string::npos);
}

TEST(LocalLogsTest, FilesAreBoundedInSizeAndNumber) {
  const Scratch scratch;
  LocalLogs logs(scratch.path());
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 40; i++) logs.Write("t", "job", "stdout", block + "\n");
  std::uintmax_t bytes = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
    EXPECT_LE(entry.file_size(), LocalLogs::kFileBytesMax);
    bytes += entry.file_size();
    files++;
  }
  EXPECT_EQ(files, LocalLogs::kFiles);
  EXPECT_GT(bytes, LocalLogs::kFileBytesMax * (LocalLogs::kFiles - 1));
}

}  // namespace
}  // namespace towline::worker
