#include "orchestrator/objects/local_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "orchestrator/objects/local_listing.h"
#include "tests/base/scratch.h"
#include "tests/objects/contents.h"

namespace towline::objects {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LocalStoreTest : public ::testing::Test {
 protected:
  LocalStoreTest() {
    fs::create_directory(scratch_.path() + "/b");
    store_ = LocalStore::Open(scratch_.path()).value();
  }
  std::string Get(const std::string& key) { return ContentOf(*store_, {"b", key}); }
  // Names in a folder of the scratch directory, whatever they are.
  std::size_t Entries(const std::string& folder) const {
    const fs::directory_iterator begin(scratch_.path() + "/" + folder);
    return static_cast<std::size_t>(std::distance(begin, fs::directory_iterator()));
  }

  Scratch scratch_;
  std::unique_ptr<LocalStore> store_;
};

TEST_F(LocalStoreTest, WhatIsPutCanBeReadListedAndDescribed) {
  const auto put = PutContent(*store_, {"b", "a/ü b.txt"}, "hello");
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put->size, 5U);
  EXPECT_EQ(put->etag, "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(scratch_.Read("b/a/ü b.txt"), "hello");
  EXPECT_EQ(Get("a/ü b.txt"), "hello");
  const auto head = store_->Head({"b", "a/ü b.txt"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->etag, put->etag);
  EXPECT_EQ(head->size, 5U);
  EXPECT_EQ(head->last_modified, put->last_modified);
  EXPECT_GT(head->last_modified, ParseTimestamp("2020-01-01T00:00:00Z").value());
  EXPECT_THAT(KeysOf(*store_, {.bucket = "b"}), ElementsAre("a/ü b.txt"));
}

TEST_F(LocalStoreTest, ReadsFromAnyByteAndInChunks) {
  const std::string content(700'000, 'x');
  scratch_.Write("b/large", content + "END");
  EXPECT_EQ(Get("large"), content + "END");
  EXPECT_EQ(ContentOf(*store_, {"b", "large"}, {.offset = 700'001}), "ND");
  EXPECT_EQ(ContentOf(*store_, {"b", "large"}, {.offset = 800'000}), "");
  const auto reader = store_->Get({"b", "large"}, {}).value();
  EXPECT_LE(reader->Next()->size(), std::size_t{256 << 10});
}

TEST_F(LocalStoreTest, AVersionMarkTellsWhetherTheContentIsTheSame) {
  scratch_.Write("b/k", "one");
  const std::string version = store_->Get({"b", "k"}, {}).value()->version();
  EXPECT_EQ(ContentOf(*store_, {"b", "k"}, {.version = version}), "one");
  ASSERT_TRUE(PutContent(*store_, {"b", "k"}, "two"));
  EXPECT_EQ(ContentOf(*store_, {"b", "k"}, {.version = version}),
            "PreconditionFailed: s3://b/k has been replaced since it was first read");
}

TEST_F(LocalStoreTest, AReaderKeepsTheContentThatItBeganWith) {
  scratch_.Write("b/k", "one");
  const auto reader = store_->Get({"b", "k"}, {}).value();
  ASSERT_TRUE(PutContent(*store_, {"b", "k"}, "two"));
  EXPECT_EQ(*reader->Next(), "one");
  EXPECT_EQ(Get("k"), "two");
}

TEST_F(LocalStoreTest, NothingIsSeenBeforeTheCommitAndNothingRemainsWithoutOne) {
  scratch_.Write("b/k", "old");
  {
    const auto writer = store_->Put({"b", "k"}, {}).value();
    ASSERT_TRUE(writer->Write(std::string(600'000, 'n')));
    EXPECT_EQ(Get("k"), "old");
    EXPECT_THAT(KeysOf(*store_, {.bucket = "b"}), ElementsAre("k"));
    EXPECT_EQ(Entries("b"), 2U);
  }
  EXPECT_EQ(Get("k"), "old");
  EXPECT_EQ(Entries("b"), 1U);
}

TEST_F(LocalStoreTest, AnEtagBeyondEightMegabytesIsAMarkWithParts) {
  const std::string large(9 << 20, 'x');
  const auto put = PutContent(*store_, {"b", "large"}, large);
  ASSERT_TRUE(put);
  EXPECT_THAT(put->etag, ::testing::MatchesRegex("\"[0-9a-f]+-2\""));
  EXPECT_EQ(store_->Head({"b", "large"})->etag, put->etag);
  EXPECT_NE(PutContent(*store_, {"b", "large"}, large)->etag, put->etag);
}

TEST_F(LocalStoreTest, KeysThatAreNoPathsAreRefused) {
  scratch_.Write("secret", "s");
  scratch_.Write("b/a/x", "x");
  for (const std::string& key :
       std::vector<std::string>{"../secret", "a/../../secret", "..", ".", "/etc/passwd", "a//x",
                                "a/", "", "a/./x", std::string("a\0b", 3), ".towline-put-abc",
                                "a/.towline-put-abc", std::string(2000, 'k')}) {
    EXPECT_THAT(Get(key), StartsWith("NoSuchKey: ")) << key;
    const auto put = PutContent(*store_, {"b", key}, "evil");
    ASSERT_FALSE(put) << key;
    EXPECT_EQ(put.error().name, "InvalidArgument") << key;
  }
  EXPECT_EQ(scratch_.Read("secret"), "s");
  for (const std::string bucket : {"..", ".", "", "b/a", "/", "b/../b"}) {
    EXPECT_THAT(ContentOf(*store_, {bucket, "x"}), StartsWith("NoSuchBucket: ")) << bucket;
    EXPECT_EQ(PutContent(*store_, {bucket, "x"}, "").error().name, "NoSuchBucket") << bucket;
    EXPECT_THAT(KeysOf(*store_, {.bucket = bucket}), ElementsAre("NoSuchBucket")) << bucket;
  }
}

TEST_F(LocalStoreTest, NoLinkIsFollowed) {
  Scratch outside;
  outside.Write("x", "outside");
  fs::create_directory_symlink(outside.path(), scratch_.path() + "/b/folder");
  fs::create_symlink(outside.path() + "/x", scratch_.path() + "/b/file");
  fs::create_directory_symlink(outside.path(), scratch_.path() + "/linked");
  scratch_.Write("b/real", "r");
  fs::create_symlink("real", scratch_.path() + "/b/inside");
  EXPECT_THAT(Get("folder/x"), StartsWith("NoSuchKey: "));
  EXPECT_EQ(Get("file"),
            "AccessDenied: Access Denied: s3://b/file: symbolic links are not followed");
  EXPECT_THAT(Get("inside"), StartsWith("AccessDenied: "));
  EXPECT_THAT(ContentOf(*store_, {"linked", "x"}), StartsWith("NoSuchBucket: "));
  EXPECT_FALSE(PutContent(*store_, {"b", "folder/new"}, "evil"));
  EXPECT_FALSE(fs::exists(outside.path() + "/new"));
  EXPECT_THAT(KeysOf(*store_, {.bucket = "b"}), ElementsAre("real"));
  // A link at the place of the key is replaced, not written through.
  ASSERT_TRUE(PutContent(*store_, {"b", "file"}, "new"));
  EXPECT_EQ(outside.Read("x"), "outside");
  EXPECT_EQ(Get("file"), "new");
}

TEST_F(LocalStoreTest, OnlyFilesAreObjects) {
  ASSERT_EQ(mkfifo((scratch_.path() + "/b/pipe").c_str(), 0600), 0);
  scratch_.Write("b/folder/x", "x");
  EXPECT_THAT(Get("pipe"), StartsWith("NoSuchKey: "));
  EXPECT_THAT(Get("folder"), StartsWith("NoSuchKey: "));
  EXPECT_THAT(Get("folder/x/y"), StartsWith("NoSuchKey: "));
  EXPECT_THAT(KeysOf(*store_, {.bucket = "b"}), ElementsAre("folder/x"));
  EXPECT_EQ(PutContent(*store_, {"b", "folder"}, "").error().message,
            "cannot write s3://b/folder: a folder has the name of the key, or a file that of a "
            "folder on the way");
  EXPECT_EQ(PutContent(*store_, {"b", "folder/x/y"}, "").error().name, "InvalidArgument");
}

TEST_F(LocalStoreTest, ErrorsAreTheServices) {
  EXPECT_EQ(Get("nothing"), "NoSuchKey: The specified key does not exist: s3://b/nothing");
  EXPECT_EQ(ContentOf(*store_, {"no", "k"}),
            "NoSuchBucket: The specified bucket does not exist: no; it would be the folder " +
                scratch_.path() + "/no");
  EXPECT_THAT(ContentOf(*store_, {"b", "k"}, {.version_id = "v1"}),
              HasSubstr("a directory keeps no versions"));
  if (geteuid() != 0) {
    scratch_.Write("b/closed", "x");
    fs::permissions(scratch_.path() + "/b/closed", fs::perms::none);
    EXPECT_THAT(Get("closed"), StartsWith("AccessDenied: "));
  }
}

TEST(LocalStoreOpenTest, MakesItsRootOrSaysWhyNot) {
  const Scratch scratch;
  EXPECT_TRUE(LocalStore::Open(scratch.path() + "/new/root"));
  EXPECT_TRUE(fs::is_directory(scratch.path() + "/new/root"));
  scratch.Write("file", "");
  const auto refused = LocalStore::Open(scratch.path() + "/file");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "objects.root: cannot open the directory " + scratch.path() +
                                         "/file: Not a directory");
}

// The order is that of the keys' bytes, as S3 has it, whatever the folders; the window in which a
// folder's names are read makes no difference, nor does where the listing begins.
TEST(LocalListingTest, IsInTheOrderOfTheKeys) {
  const Scratch scratch;
  std::vector<std::string> keys = {"a", "a.txt", "a/x", "a-b/y", "A", "b/", "ä", "z/z/z", "a0"};
  keys.erase(std::find(keys.begin(), keys.end(), "b/"));
  keys.erase(keys.begin());  // "a" is a folder here
  std::mt19937 random(7);
  for (int i = 0; i < 60; i++) {
    std::string key = "r";
    for (int depth = 0; depth < 3; depth++) {
      key += "/" + std::string(1, "ab-.01"[random() % 6]) + std::to_string(random() % 4) + "d";
    }
    keys.push_back(key + "/f" + std::to_string(i));
  }
  for (const std::string& key : keys) scratch.Write(key, key);
  fs::create_directories(scratch.path() + "/r/empty/folder");
  std::sort(keys.begin(), keys.end());
  const auto list = [&](const ListOptions& options, std::size_t window) {
    LocalListing listing(
        Descriptor(open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), options,
        window);
    std::vector<std::string> found;
    for (auto page = listing.NextPage(); page && !page->empty(); page = listing.NextPage()) {
      for (const ObjectInfo& info : *page) found.push_back(info.key);
    }
    return found;
  };
  for (const std::size_t window : std::vector<std::size_t>{1, 2, 3, 1000}) {
    EXPECT_EQ(list({}, window), keys) << window;
    for (const std::string prefix : {"a", "a/", "r/b", "r", "nothing", "z/z/z", "z/z/z/z"}) {
      for (const std::string after : {"", "a/x", "r/b1d", "r/zzz", "~"}) {
        std::vector<std::string> wanted;
        for (const std::string& key : keys) {
          if (key.rfind(prefix, 0) == 0 && key > after) wanted.push_back(key);
        }
        EXPECT_EQ(list({.prefix = prefix, .start_after = after}, window), wanted)
            << prefix << " after " << after << ", window " << window;
      }
    }
    for (std::size_t i = 0; i < keys.size(); i++) {
      const auto behind = static_cast<std::ptrdiff_t>(i) + 1;
      EXPECT_EQ(list({.start_after = keys[i]}, window),
                std::vector(keys.begin() + behind, keys.end()));
    }
  }
}

TEST_F(LocalStoreTest, AListingComesInPagesWithWhatIsKnownOfEachObject) {
  for (int i = 0; i < 2'300; i++) {
    scratch_.Write("b/n/" + std::to_string(10'000 + i), std::to_string(i));
  }
  const auto listing = store_->List({.bucket = "b", .prefix = "n/"}).value();
  const auto first = listing->NextPage().value();
  EXPECT_EQ(first.size(), 1000U);
  EXPECT_EQ(first[7].key, "n/10007");
  EXPECT_EQ(first[7].size, 1U);
  EXPECT_EQ(first[7].etag, "\"8f14e45fceea167a5a36dedd4bea2543\"");
  EXPECT_EQ(first[7].storage_class, "STANDARD");
  EXPECT_EQ(listing->NextPage()->size(), 1000U);
  EXPECT_EQ(listing->NextPage()->size(), 300U);
  EXPECT_EQ(listing->NextPage()->size(), 0U);
  EXPECT_EQ(listing->NextPage()->size(), 0U);
  const auto bare = store_->List({.bucket = "b", .etags = false}).value();
  EXPECT_EQ(bare->NextPage()->front().etag, "");
}

}  // namespace
}  // namespace towline::objects
