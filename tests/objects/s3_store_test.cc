#include "orchestrator/objects/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "orchestrator/objects/s3_xml.h"
#include "tests/base/scratch.h"
#include "tests/objects/contents.h"
#include "tests/objects/fake_s3.h"

namespace towline::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class S3StoreTest : public ::testing::Test {
 protected:
  std::string Get(ObjectStore& store, const std::string& key, const GetOptions& options = {}) {
    return ContentOf(store, {"data", key}, options);
  }
  void Put(ObjectStore& store, const std::string& key, const std::string& content) {
    const auto put = PutContent(store, {"data", key}, content);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_EQ(put->size, content.size());
  }

  FakeS3 s3_;
};

// Every request below passes the endpoint's own check of its signature.
TEST_F(S3StoreTest, WhatIsPutCanBeReadListedAndDescribed) {
  S3Store store(s3_.Options());
  for (const std::string key : {"a", "folder/ü b+c&d=e'f.txt", "x//y", "tilde~(1)%20*!", "a\nb",
                                "..", "a/./b"}) {
    Put(store, key, "content of " + key);
    EXPECT_EQ(Get(store, key), "content of " + key);
  }
  const auto head = store.Head({"data", "a"});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->size, 12U);
  EXPECT_EQ(FormatTimestamp(head->last_modified), "2026-09-23T22:59:12.000Z");
  EXPECT_EQ(head->etag.size(), 34U);
  EXPECT_THAT(KeysOf(store, {.bucket = "data"}),
              ElementsAre("..", "a", "a\nb", "a/./b", "folder/ü b+c&d=e'f.txt", "tilde~(1)%20*!",
                          "x//y"));
}

TEST_F(S3StoreTest, ReadsInChunksOfOneContent) {
  S3Options options = s3_.Options();
  options.chunk_bytes = 10;
  S3Store store(options);
  Put(store, "k", "0123456789abcdefghijABC");
  EXPECT_EQ(Get(store, "k"), "0123456789abcdefghijABC");
  EXPECT_THAT(s3_.Requests("GET data k"),
              ElementsAre("GET data k  bytes=0-9", "GET data k  bytes=10-19",
                          "GET data k  bytes=20-29"));
  EXPECT_EQ(Get(store, "k", {.offset = 21}), "BC");
  EXPECT_EQ(Get(store, "k", {.offset = 23}), "");
  EXPECT_EQ(Get(store, "k", {.offset = 100}), "");
  Put(store, "empty", "");
  EXPECT_EQ(Get(store, "empty"), "");
  Put(store, "ten", "0123456789");
  EXPECT_EQ(Get(store, "ten"), "0123456789");
}

TEST_F(S3StoreTest, NoticesThatTheContentWasReplaced) {
  S3Options options = s3_.Options();
  options.chunk_bytes = 4;
  S3Store store(options);
  Put(store, "k", "old content");
  const auto reader = store.Get({"data", "k"}, {}).value();
  const std::string version = reader->version();
  EXPECT_EQ(*reader->Next(), "old ");
  EXPECT_EQ(Get(store, "k", {.offset = 4, .version = version}), "content");
  Put(store, "k", "new content");
  EXPECT_EQ(reader->Next().error().name, "PreconditionFailed");
  for (const std::uint64_t offset : std::vector<std::uint64_t>{0, 4, 11, 50}) {
    EXPECT_EQ(Get(store, "k", {.offset = offset, .version = version}),
              "PreconditionFailed: s3://data/k has been replaced since it was first read")
        << offset;
  }
}

TEST_F(S3StoreTest, LargeObjectsGoInParts) {
  S3Options options = s3_.Options();
  options.part_bytes = 1000;
  S3Store store(options);
  for (const std::size_t size : std::vector<std::size_t>{999, 1000, 1001, 2000, 3500}) {
    const std::string key = "s" + std::to_string(size);
    std::string content;
    while (content.size() < size) content += std::to_string(content.size()) + ",";
    content.resize(size);
    const auto writer = store.Put({"data", key}, {.content_type = "text/plain"}).value();
    for (std::size_t at = 0; at < size; at += 300) {
      ASSERT_TRUE(writer->Write(std::string_view(content).substr(at, 300)));
      EXPECT_EQ(store.Head({"data", key}).error().name, "NoSuchKey");
    }
    const auto info = writer->Commit();
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->size, size);
    EXPECT_EQ(store.Head({"data", key})->etag, info->etag);
    EXPECT_EQ(Get(store, key), content);
    EXPECT_THAT(s3_.Requests("PUT data " + key), SizeIs((size + 999) / 1000)) << size;
  }
}

TEST_F(S3StoreTest, AnUploadThatIsNotCommittedIsAborted) {
  S3Options options = s3_.Options();
  options.part_bytes = 10;
  S3Store store(options);
  {
    const auto writer = store.Put({"data", "k"}, {}).value();
    ASSERT_TRUE(writer->Write("more than one part"));
  }
  EXPECT_THAT(s3_.Requests("DELETE data k uploadId="), SizeIs(1));
  EXPECT_EQ(store.Head({"data", "k"}).error().name, "NoSuchKey");
}

TEST_F(S3StoreTest, ListsPageByPage) {
  S3Store store(s3_.Options());
  std::vector<std::string> keys;
  for (int i = 0; i < 30; i++) {
    keys.push_back("p/" + std::to_string(100 + i) + " +ü&");
    Put(store, keys.back(), "x");
  }
  Put(store, "q", "x");
  EXPECT_EQ(KeysOf(store, {.bucket = "data", .prefix = "p/"}), keys);
  EXPECT_THAT(s3_.Requests("GET data  continuation-token="), SizeIs(4));
  const auto behind = keys.begin() + 12;
  EXPECT_EQ(KeysOf(store, {.bucket = "data", .prefix = "p/", .start_after = keys[11]}),
            std::vector(behind, keys.end()));
  EXPECT_THAT(KeysOf(store, {.bucket = "data", .prefix = "nothing"}), SizeIs(0));
  const auto page = store.List({.bucket = "data", .prefix = "q"}).value()->NextPage().value();
  EXPECT_EQ(page.at(0).etag, "\"9dd4e461268c8034f5c8564e155c67a6\"");
  EXPECT_EQ(page.at(0).size, 1U);
  EXPECT_EQ(FormatTimestamp(page.at(0).last_modified), "2026-09-23T22:59:12.000Z");
}

TEST_F(S3StoreTest, TheBucketCanBePartOfTheHost) {
  S3Options options = s3_.Options();
  options.endpoint = "http://localhost:" + std::to_string(s3_.port());
  options.addressing = S3Options::Addressing::kVirtualHost;
  S3Store store(options);
  Put(store, "a/b", "x");
  EXPECT_EQ(Get(store, "a/b"), "x");
  EXPECT_THAT(KeysOf(store, {.bucket = "data"}), ElementsAre("a/b"));
}

TEST_F(S3StoreTest, TemporaryCredentialsAreReadForEachRequest) {
  S3Options options = s3_.Options();
  Credentials current{"AKIDTEMP", "temporary", "token/+="};
  options.credentials = [&current] { return current; };
  S3Store store(options);
  Put(store, "k", "x");
  current.session_token = "expired";
  EXPECT_EQ(Get(store, "k"),
            "InvalidToken: s3://data/k: InvalidToken: The provided token is malformed or otherwise "
            "invalid.; renew the session token's file");
  current.session_token = "token/+=";
  EXPECT_EQ(Get(store, "k"), "x");
}

TEST_F(S3StoreTest, ErrorsAreTheServices) {
  S3Store store(s3_.Options());
  EXPECT_EQ(Get(store, "nothing"),
            "NoSuchKey: The specified key does not exist: s3://data/nothing");
  EXPECT_EQ(store.Head({"data", "nothing"}).error().name, "NoSuchKey");
  EXPECT_EQ(ContentOf(store, {"no", "k"}),
            "NoSuchBucket: The specified bucket does not exist: no");
  EXPECT_EQ(KeysOf(store, {.bucket = "no"}), std::vector<std::string>{"NoSuchBucket"});
  EXPECT_EQ(PutContent(store, {"no", "k"}, "x").error().code, Error::Code::kNotFound);
  EXPECT_EQ(ContentOf(store, {"locked", "k"}), "AccessDenied: Access Denied: s3://locked/k");
  EXPECT_EQ(store.Head({"locked", "k"}).error().code, Error::Code::kPermissionDenied);
  S3Options options = s3_.Options();
  options.credentials = [] { return Credentials{"AKIDTEST", "wrong"}; };
  S3Store wrong_key(options);
  EXPECT_THAT(Get(wrong_key, "k"), HasSubstr("is the secret access key right?"));
  options = s3_.Options();
  options.region = "us-east-1";
  S3Store wrong_region(options);
  EXPECT_THAT(Get(wrong_region, "k"), HasSubstr("is region right"));
  options.credentials = [] { return Error{Error::Code::kFailedPrecondition, "no file"}; };
  S3Store no_file(options);
  EXPECT_EQ(Get(no_file, "k"), ": no file");
}

TEST_F(S3StoreTest, TriesAgainWhatPassesByItself) {
  S3Store store(s3_.Options());
  for (const std::string fault : {"503x2", "500x3", "slowdownx1", "closex2"}) {
    Put(store, fault + "/k", "content");
    EXPECT_EQ(Get(store, fault + "/k"), "content") << fault;
    EXPECT_TRUE(store.Head({"data", fault + "/k"})) << fault;
    EXPECT_THAT(KeysOf(store, {.bucket = "data", .prefix = fault + "/"}),
                ElementsAre(fault + "/k"))
        << fault;
  }
  // An answer that ends too early is not taken for the content.
  Put(store, "cutx2/k", "content");
  EXPECT_EQ(Get(store, "cutx2/k"), "content");
}

TEST_F(S3StoreTest, GivesUpAfterSoManyTries) {
  S3Store store(s3_.Options());
  EXPECT_EQ(Get(store, "503x9/k"),
            "InternalError: s3://data/503x9/k: InternalError: please try again (tried 4 times)");
  EXPECT_EQ(store.Get({"data", "503x9/k"}, {}).error().code, Error::Code::kUnavailable);
  // What is wrong stays wrong.
  (void)Get(store, "404");
  EXPECT_THAT(s3_.Requests("GET data 404"), SizeIs(1));
}

TEST_F(S3StoreTest, AnUploadSurvivesALostOrLateAnswer) {
  S3Options options = s3_.Options();
  options.part_bytes = 10;
  S3Store store(options);
  for (const std::string key : {"bodyfaultx2/k", "lostx1/k"}) {
    Put(store, key, "content of three parts or so");
    EXPECT_EQ(Get(store, key), "content of three parts or so");
  }
}

TEST_F(S3StoreTest, DoesNotWaitForAnEndpointThatSaysNothing) {
  S3Options options = s3_.Options();
  options.http.stall_timeout_seconds = 1;
  options.attempts_max = 1;
  S3Store store(options);
  EXPECT_THAT(Get(store, "stallx1/k"), StartsWith("ServiceUnavailable: s3://data/stallx1/k: "));
  options.endpoint = "http://127.0.0.1:1";
  S3Store nobody(options);
  EXPECT_THAT(Get(nobody, "k"),
              StartsWith("ServiceUnavailable: s3://data/k: http://127.0.0.1:1: "));
}

TEST_F(S3StoreTest, StoppingEndsARequestAndItsRetries) {
  std::stop_source stop;
  S3Options options = s3_.Options();
  options.http.stop = stop.get_token();
  options.backoff_first = Millis(60'000);
  options.backoff_max = Millis(60'000);
  S3Store store(options);
  const std::jthread stopper([&] {
    // The request is under way when it stands in the endpoint's list.
    while (s3_.Requests("GET data stallx1/k").empty()) {
    }
    stop.request_stop();
  });
  EXPECT_EQ(store.Get({"data", "stallx1/k"}, {}).error().code, Error::Code::kDeadlineExceeded);
  EXPECT_FALSE(store.Get({"data", "503x9/k"}, {}));
}

TEST_F(S3StoreTest, SeveralThreadsMayUseOneStore) {
  S3Store store(s3_.Options());
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 20; i++) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        EXPECT_TRUE(PutContent(store, {"data", key}, key));
        EXPECT_EQ(ContentOf(store, {"data", key}), key);
      }
    });
  }
}

TEST(S3TlsTest, OnlyATrustedCertificateWillDo) {
  const Scratch scratch;
  const std::string certificate = scratch.path() + "/certificate.pem";
  const std::string key = scratch.path() + "/key.pem";
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
      "subjectAltName=IP:127.0.0.1 -keyout " + key + " -out " + certificate + " 2>/dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no openssl program";
  const FakeS3 s3({"--tls", certificate, key});
  S3Options options = s3.Options();
  options.endpoint = "https://127.0.0.1:" + std::to_string(s3.port());
  S3Store wary(options);
  const auto refused = wary.Get({"data", "k"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Error::Code::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("certificate"));
  options.http.ca_file = certificate;
  S3Store trusting(options);
  EXPECT_TRUE(PutContent(trusting, {"data", "k"}, "x"));
  options.endpoint = "https://localhost:" + std::to_string(s3.port());
  S3Store other_name(options);
  EXPECT_FALSE(other_name.Get({"data", "k"}, {}));
}

TEST(S3XmlTest, WhatIsNoAnswerOfS3IsSaidSo) {
  for (const char* text :
       {"", "<html>proxy error</html>", "{}", "<ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    const auto page = ReadListPage(text);
    ASSERT_FALSE(page) << text;
    EXPECT_THAT(page.error().message, HasSubstr("does it speak the S3 protocol?")) << text;
  }
  EXPECT_FALSE(ReadUploadId("<x/>"));
  EXPECT_FALSE(ReadCompletedEtag("<x/>"));
  EXPECT_EQ(ReadFault("no xml").code, "");
}

TEST(S3XmlTest, EntitiesOfADocumentsOwnAreNotExpanded) {
  const S3Fault fault = ReadFault(
      "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
      "<Error><Code>A&amp;B</Code><Message>&e;</Message></Error>");
  EXPECT_EQ(fault.code, "A&B");
  EXPECT_EQ(fault.message, "&e;");
}

}  // namespace
}  // namespace towline::objects
