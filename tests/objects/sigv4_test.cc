#include "orchestrator/objects/sigv4.h"

#include <gtest/gtest.h>

namespace towline::objects {
namespace {

// The examples that the S3 documentation publishes; sigv4_check.py computes them independently.
const Credentials kCredentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                               .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

std::string SignatureOf(SigningRequest request) {
  request.headers["host"] = "examplebucket.s3.amazonaws.com";
  request.headers["x-amz-date"] =
      SigningTime(ParseTimestamp("2013-05-24T00:00:00Z").value());
  request.headers["x-amz-content-sha256"] = request.payload_hash;
  const std::string value = Authorization(request, kCredentials, {.region = "us-east-1"});
  return value.substr(value.rfind('=') + 1);
}

TEST(SigV4Test, GivesThePublishedSignatures) {
  const std::string empty = Sha256Hex("");
  EXPECT_EQ(SignatureOf({.method = "GET",
                         .path = "/test.txt",
                         .headers = {{"range", "bytes=0-9"}},
                         .payload_hash = empty}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(SignatureOf({.method = "PUT",
                         .path = "/" + UriEncode("test$file.text", false),
                         .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                         .payload_hash = Sha256Hex("Welcome to Amazon S3.")}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(SignatureOf({.method = "GET",
                         .path = "/",
                         .query = {{"lifecycle", ""}},
                         .payload_hash = empty}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(SignatureOf({.method = "GET",
                         .path = "/",
                         .query = {{"prefix", "J"}, {"max-keys", "2"}},
                         .payload_hash = empty}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4Test, NamesTheScopeAndEveryHeader) {
  const std::string value = Authorization(
      {.method = "GET",
       .path = "/",
       .headers = {{"host", "h"}, {"x-amz-date", "20260101T000000Z"}, {"x-amz-meta", " a   b "}},
       .payload_hash = Sha256Hex("")},
      kCredentials, {.region = "eu-central-1"});
  EXPECT_EQ(value.substr(0, value.rfind('=')),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-central-1/s3/"
            "aws4_request,SignedHeaders=host;x-amz-date;x-amz-meta,Signature");
}

TEST(SigV4Test, EncodesAsTheSpecificationWants) {
  EXPECT_EQ(UriEncode("a/b c+d~e=f&\xC3\xBC%.-_", true), "a%2Fb%20c%2Bd~e%3Df%26%C3%BC%25.-_");
  EXPECT_EQ(UriEncode("a/b", false), "a/b");
  EXPECT_EQ(CanonicalQuery({{"b", "2"}, {"a", "x y"}, {"a", "1"}, {"A", ""}}),
            "A=&a=1&a=x%20y&b=2");
  EXPECT_EQ(SigningTime(ParseTimestamp("2026-09-23T22:59:01.592Z").value()), "20260923T225901Z");
}

}  // namespace
}  // namespace towline::objects
