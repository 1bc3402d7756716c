#include "orchestrator/objects/store_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/scratch.h"
#include "tests/objects/contents.h"
#include "tests/objects/fake_s3.h"

namespace towline::objects {
namespace {

StoreConfig Endpoint(const std::string& url, const std::string& secret_file) {
  StoreConfig config;
  config.s3.endpoint = url;
  config.s3.region = "eu-test-1";
  config.s3.access_key_id = "AKIDTEST";
  config.s3.secret_access_key_file = secret_file;
  return config;
}

std::string Complaint(const StoreConfig& config) {
  const Status status = CheckStoreConfig(config);
  return status ? "none" : status.error().message;
}

TEST(StoreConfigTest, SaysWhatIsWrong) {
  EXPECT_EQ(Complaint({.root = "/r"}), "none");
  EXPECT_EQ(Complaint(Endpoint("https://minio.example:9000", "f")), "none");
  EXPECT_EQ(Complaint(Endpoint("https://minio.example/", "f")), "none");
  for (const char* url : {"minio.example", "ftp://x", "https://", "https://x/bucket", "https://a b",
                          "https://x?y=1"}) {
    EXPECT_EQ(Complaint(Endpoint(url, "f")),
              std::string("objects.s3.endpoint: '") + url + "' is not https://HOST[:PORT]");
  }
  StoreConfig both = Endpoint("https://x", "f");
  both.root = "/r";
  EXPECT_EQ(Complaint(both), "objects: set either root or [objects.s3], not both");
  StoreConfig no_endpoint;
  no_endpoint.s3.access_key_id = "x";
  EXPECT_EQ(Complaint(no_endpoint),
            "objects.s3.endpoint: missing; write https://HOST[:PORT]");
  StoreConfig style = Endpoint("https://x", "f");
  style.s3.addressing = "dns";
  EXPECT_EQ(Complaint(style),
            "objects.s3.addressing: 'dns' is unknown; write path or virtual-host");
  EXPECT_EQ(Complaint(Endpoint("https://x", "")),
            "objects.s3: access_key_id and secret_access_key_file are needed");
}

TEST(StoreConfigTest, OpensADirectory) {
  const Scratch scratch;
  const auto store = OpenStore({.root = scratch.path() + "/objects"}, {});
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->Head({"b", "k"}).error().name, "NoSuchBucket");
}

TEST(StoreConfigTest, TheSecretIsReadFromItsFileAndMayBeReplaced) {
  const FakeS3 s3;
  const Scratch scratch;
  scratch.Write("secret", "secret/with+chars\n");
  const std::string url = "http://127.0.0.1:" + std::to_string(s3.port());
  const auto store = OpenStore(Endpoint(url, scratch.path() + "/secret"), {});
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(PutContent(**store, {"data", "k"}, "x"));
  scratch.Write("secret", "another");
  EXPECT_EQ((*store)->Get({"data", "k"}, {}).error().name, "SignatureDoesNotMatch");
  const auto missing = OpenStore(Endpoint(url, scratch.path() + "/none"), {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "objects.s3.secret_access_key_file: " + scratch.path() +
                "/none cannot be read; is the path right and the file readable for the server?");
  scratch.Write("empty", "\n");
  EXPECT_THAT(OpenStore(Endpoint(url, scratch.path() + "/empty"), {}).error().message,
              ::testing::HasSubstr("is empty"));
}

}  // namespace
}  // namespace towline::objects
