// file on a real file system, with inputs that try to get out.

#include "worker/handlers/file.h"

#include <sys/stat.h>

#include <filesystem>

#include "tests/handlers/run.h"
#include "tests/base/scratch.h"

namespace towline::handlers {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    fs::create_directories(scratch_.path() + "/root/sub");
    fs::create_directories(scratch_.path() + "/outside");
    scratch_.Write("root/a.txt", "hello");
    scratch_.Write("root/sub/b.json", "{\"b\": 1}");
    scratch_.Write("root/binary", std::string("\xff\x00\xfe", 3));
    scratch_.Write("outside/secret", "s");
  }
  FileConfig Config(bool write = false) const {
    return {.roots = {{"r", scratch_.path() + "/root"}}, .write = write, .bytes_max = 1'000};
  }
  static json::value Input(const char* op, const std::string& path) {
    return json::object{{"op", op}, {"root", "r"}, {"path", path}};
  }
  static json::value Write(const std::string& path, const json::value& content) {
    json::value input = Input("write", path);
    input.as_object()["content"] = content;
    return input;
  }
  const Scratch scratch_;
};

TEST_F(FileTest, ReadsListsAndDescribes) {
  const auto file = MakeFile(Config());
  EXPECT_EQ(Do(file, Input("read", "a.txt")), R"({"bytes":5,"size":5,"content":"hello"})");
  EXPECT_EQ(Do(file, R"({"op":"read","root":"r","path":"a.txt","offset":1,"length":3})"),
            R"({"bytes":3,"size":5,"content":"ell"})");
  EXPECT_EQ(Do(file, R"({"op":"read","root":"r","path":"sub/b.json","encoding":"json"})"),
            R"({"bytes":8,"size":8,"content":{"b":1}})");
  EXPECT_EQ(Do(file, R"({"op":"read","root":"r","path":"binary","encoding":"base64"})"),
            R"({"bytes":3,"size":3,"content":"/wD+"})");
  EXPECT_EQ(ErrorOf(file, Input("read", "binary")), "File.Failed");
  EXPECT_EQ(ErrorOf(file, Input("read", "none")), "File.NotFound");
  EXPECT_EQ(ErrorOf(file, Input("read", "sub")), "File.Failed");
  const json::value list = Parsed(Do(file, R"({"op":"list","root":"r"})"));
  ASSERT_EQ(list.at("entries").as_array().size(), 3U);
  EXPECT_EQ(list.at("entries").at(0).at("name"), "a.txt");
  EXPECT_EQ(list.at("entries").at(2).at("type"), "directory");
  EXPECT_EQ(Parsed(Do(file, Input("stat", "a.txt"))).at("size"), 5);
}

TEST_F(FileTest, WritesWholeFilesAndDeletes) {
  const auto file = MakeFile(Config(/*write=*/true));
  EXPECT_EQ(Do(file, Write("a.txt", "new")), R"({"bytes":3})");
  EXPECT_EQ(scratch_.Read("root/a.txt"), "new");
  EXPECT_EQ(Do(file, R"({"op":"write","root":"r","path":"sub/c","encoding":"json",
                          "content":{"c":[1]}})"),
            R"({"bytes":10})");
  EXPECT_EQ(scratch_.Read("root/sub/c"), "{\"c\":[1]}\n");
  EXPECT_EQ(Do(file, R"({"op":"write","root":"r","path":"d","encoding":"base64",
                          "content":"/wD+"})"),
            R"({"bytes":3})");
  EXPECT_EQ(scratch_.Read("root/d"), std::string("\xff\x00\xfe", 3));
  EXPECT_EQ(Do(file, Input("delete", "d")), "{}");
  EXPECT_EQ(ErrorOf(file, Input("delete", "d")), "File.NotFound");
  EXPECT_EQ(ErrorOf(file, Write("none/e", "x")), "File.NotFound");
  EXPECT_EQ(ErrorOf(file, Write("sub", "x")), "Towline.Refused");
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path() + "/root"), {}), 3)
      << "a temporary file is left";
}

TEST_F(FileTest, ReadsOnlyUnlessTheSiteSaysSo) {
  const auto file = MakeFile(Config());
  EXPECT_EQ(ErrorOf(file, Write("new", "x")), "Towline.Refused");
  EXPECT_EQ(ErrorOf(file, Input("delete", "a.txt")), "Towline.Refused");
  EXPECT_EQ(scratch_.Read("root/a.txt"), "hello");
}

TEST_F(FileTest, NoPathLeadsOut) {
  fs::create_symlink("../outside", scratch_.path() + "/root/link");
  fs::create_symlink(scratch_.path() + "/outside/secret", scratch_.path() + "/root/absolute");
  fs::create_symlink("/proc/self/root", scratch_.path() + "/root/magic");
  const auto file = MakeFile(Config(/*write=*/true));
  const std::string secret = scratch_.path() + "/outside/secret";
  for (const std::string& path :
       {std::string("../outside/secret"), std::string("sub/../../outside/secret"), secret,
        std::string("link/secret"), std::string("absolute"), std::string("magic/etc/passwd"),
        std::string("/etc/passwd"), std::string("//etc/passwd")}) {
    EXPECT_EQ(ErrorOf(file, Input("read", path)), "Towline.Refused") << path;
    EXPECT_EQ(ErrorOf(file, Input("stat", path)), "Towline.Refused") << path;
  }
  for (const std::string& path :
       {std::string("../outside/new"), std::string("link/new"), std::string("link/secret"), secret,
        std::string("sub/../../outside/secret")}) {
    EXPECT_NE(ErrorOf(file, Write(path, "x")), "none") << path;
    EXPECT_NE(ErrorOf(file, Input("delete", path)), "none") << path;
  }
  EXPECT_EQ(ErrorOf(file, Input("list", "..")), "Towline.Refused");
  EXPECT_EQ(ErrorOf(file, Input("list", "link")), "Towline.Refused");
  // A link may be removed and is never written through.
  EXPECT_EQ(ErrorOf(file, Write("absolute", "x")), "Towline.Refused");
  EXPECT_EQ(scratch_.Read("outside/secret"), "s");
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path() + "/outside"), {}), 1);
}

TEST_F(FileTest, AFolderWithinIsWithin) {
  fs::create_symlink("sub", scratch_.path() + "/root/inner");
  const auto file = MakeFile(Config());
  EXPECT_EQ(ErrorOf(file, Input("read", "inner/b.json")), "none");
  EXPECT_EQ(ErrorOf(file, Input("read", "sub/../a.txt")), "none");
}

TEST_F(FileTest, LimitsAndWrongInputs) {
  scratch_.Write("root/large", std::string(1'001, 'x'));
  const auto file = MakeFile(Config(/*write=*/true));
  EXPECT_EQ(ErrorOf(file, Input("read", "large")), "File.TooLarge");
  EXPECT_EQ(ErrorOf(file, Write("l", json::value(std::string(1'001, 'x')))), "File.TooLarge");
  FileConfig few = Config();
  few.entries_max = 2;
  EXPECT_EQ(ErrorOf(MakeFile(few), R"({"op":"list","root":"r"})"), "File.TooLarge");
  ASSERT_EQ(mkfifo((scratch_.path() + "/root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(file, Input("read", "pipe")), "File.Failed") << "it must not wait either";
  for (const char* input :
       {"7", "{}", R"({"op":"read","root":"r"})", R"({"op":"read","root":7,"path":"a"})",
        R"({"op":"run","root":"r","path":"a"})", R"({"op":"read","root":"r","path":"a\u0000b"})",
        R"({"op":"read","root":"r","path":"a.txt","length":5000})",
        R"({"op":"read","root":"r","path":"a.txt","encoding":"utf-7"})",
        R"({"op":"write","root":"r","path":"a"})", R"({"op":"write","root":"r","path":"a/"})",
        R"({"op":"write","root":"r","path":"..","content":"x"})",
        R"({"op":"write","root":"r","path":"a","content":"@@@@","encoding":"base64"})"}) {
    EXPECT_EQ(ErrorOf(file, input), "Towline.BadInput") << input;
  }
  EXPECT_EQ(ErrorOf(file, R"({"op":"read","root":"s","path":"a"})"), "Towline.Refused");
}

}  // namespace
}  // namespace towline::handlers
