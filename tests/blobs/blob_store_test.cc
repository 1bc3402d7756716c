#include "orchestrator/blobs/blob_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "statemachines/base/digest.h"
#include "tests/base/scratch.h"

namespace towline::blobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Reference Name(const std::string& content) {
  return {.sha256 = *HexDigest("SHA-256", content), .size = content.size()};
}

class BlobStoreTest : public testing::Test {
 protected:
  BlobStore Open(std::uint64_t bytes_max = 0) {
    return BlobStore({.directory = scratch_.path() + "/payloads", .tenant_bytes_max = bytes_max});
  }
  const Scratch scratch_;
};

TEST_F(BlobStoreTest, AnUploadGoesOnWhereItBrokeOffAlsoAfterARestart) {
  const std::string content(300'000, 'x');
  const Reference blob = Name(content);
  {
    BlobStore store = Open();
    auto upload = store.Begin("acme", blob, 0);
    ASSERT_TRUE(upload);
    ASSERT_TRUE((*upload)->Append(content.substr(0, 100'000)));
    const auto whole = (*upload)->Finish();
    ASSERT_TRUE(whole && !*whole);
  }
  BlobStore store = Open();
  EXPECT_EQ(store.Stored("acme", blob.sha256), 100'000U);
  EXPECT_FALSE(store.Has("acme", blob)) << "half of it is nothing";
  const auto wrong = store.Begin("acme", blob, 0);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().name, "OffsetMismatch");
  auto upload = store.Begin("acme", blob, 100'000);
  ASSERT_TRUE(upload);
  const auto busy = store.Begin("acme", blob, 100'000);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().name, "Busy");
  ASSERT_TRUE((*upload)->Append(content.substr(100'000)));
  const auto whole = (*upload)->Finish();
  ASSERT_TRUE(whole && *whole);
  EXPECT_TRUE(store.Has("acme", blob));
  EXPECT_EQ(store.Load("acme", blob.sha256, 1 << 20), content);
  EXPECT_EQ(store.Load("acme", blob.sha256, 1'000), std::nullopt);
  EXPECT_EQ(store.Used("acme"), content.size());
}

TEST_F(BlobStoreTest, AnotherContentThanItsNameSaysIsThrownAway) {
  BlobStore store = Open();
  const Reference blob{.sha256 = std::string(64, 'a'), .size = 3};
  auto upload = store.Begin("acme", blob, 0);
  ASSERT_TRUE(upload);
  EXPECT_FALSE((*upload)->Append("abcd")) << "more than was announced";
  ASSERT_TRUE((*upload)->Append("abc"));
  const auto whole = (*upload)->Finish();
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().name, "ContentMismatch");
  EXPECT_EQ(store.Stored("acme", blob.sha256), 0U);
  EXPECT_EQ(store.Used("acme"), 0U);
}

TEST_F(BlobStoreTest, EveryTenantHasItsOwnAndItsOwnQuota) {
  BlobStore store = Open(10);
  const auto put = store.Put("acme", "12345678");
  ASSERT_TRUE(put);
  EXPECT_FALSE(store.Has("other", *put));
  EXPECT_EQ(store.Open("other", put->sha256), -1);
  const auto refused = store.Put("acme", "abc");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name, "QuotaExceeded");
  EXPECT_FALSE(store.Begin("acme", Name("abc"), 0));
  EXPECT_TRUE(store.Put("acme", "12345678")) << "it is there already";
  EXPECT_TRUE(store.Share("acme", "other", put->sha256));
  EXPECT_TRUE(store.Has("other", *put));
  EXPECT_EQ(store.Used("other"), 8U);
  EXPECT_FALSE(store.Share("acme", "other", std::string(64, 'b')));
}

TEST_F(BlobStoreTest, NamesThatAreNoHashesLeadNowhere) {
  BlobStore store = Open();
  scratch_.Write("secret", "x");
  for (const char* name : {"../../secret", "", ".", "ABC"}) {
    EXPECT_EQ(store.Find("acme", name), std::nullopt);
    EXPECT_EQ(store.Open("acme", name), -1);
  }
}

TEST_F(BlobStoreTest, SweepTakesWhatNobodyRefersToAndUnfinishedUploads) {
  BlobStore store = Open();
  const auto used = store.Put("acme", "used");
  const auto unused = store.Put("acme", "unused");
  {
    auto upload = store.Begin("acme", Name("unfinished"), 0);
    ASSERT_TRUE(upload && (*upload)->Append("unfin"));
  }
  const auto is_used = [&](const std::string& sha256) { return sha256 == used->sha256; };
  EXPECT_EQ(store.Sweep(Millis{3'600'000}, is_used), 0) << "all are young";
  EXPECT_EQ(store.Sweep(Millis{-1'000}, is_used), 2);
  EXPECT_TRUE(store.Has("acme", *used));
  EXPECT_FALSE(store.Has("acme", *unused));
  EXPECT_EQ(store.Used("acme"), 4U);
}

TEST_F(BlobStoreTest, ReferencesLoadWhatTheyMayAndSayWhyNotOtherwise) {
  BlobStore store = Open();
  const std::string tenant = "acme";
  const auto value = store.Put(tenant, R"({"rows":[1,2]})");
  const auto text = store.Put(tenant, "no json");
  const auto large = store.Put(tenant, std::string(101, '1'));
  const TenantReferences references(store, tenant, 100);
  const auto loaded = references.Load(*value);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(PrintJson(**loaded), R"({"rows":[1,2]})");
  EXPECT_TRUE(references.Load(*value)->SameAs(*loaded)) << "loaded once";
  EXPECT_THAT(references.Load(*text).error().message, HasSubstr("is no JSON"));
  EXPECT_THAT(references.Load(*large).error().message, HasSubstr("has 101 bytes"));
  EXPECT_THAT(references.Load({value->sha256, 1}).error().message,
              HasSubstr("not 1 as the reference says"));
  EXPECT_THAT(references.Load(Name("x")).error().message, HasSubstr("is not on the server"));
}

TEST(ForEachMentionTest, FindsEveryHashWhateverStandsAroundIt) {
  const std::string a(64, 'a'), b(64, 'b');
  std::vector<std::string> found;
  const auto visit = [&](std::string_view hash) { found.emplace_back(hash); };
  ForEachMention(a, visit);
  EXPECT_THAT(found, ElementsAre()) << "no reference is mentioned";
  ForEachMention("$blob:" + a + "\x01" + b, visit);
  EXPECT_THAT(found, ElementsAre(a, b));
  found.clear();
  ForEachMention("$blob\x05" "4" + a + "z", visit);  // a length before it may look like a digit
  EXPECT_THAT(found, testing::Contains(a));
}

}  // namespace
}  // namespace towline::blobs
