// Inputs that no message takes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/scratch.h"
#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class PayloadTest : public testing::Test {
 protected:
  explicit PayloadTest(std::uint64_t quota = 0)
      : blobs_({.directory = scratch_.path() + "/payloads", .tenant_bytes_max = quota}),
        world_(SettingsWith(blobs_)) {
    world_.dispatcher.OnLink(true, world_.now);
  }
  static Settings SettingsWith(blobs::BlobStore& blobs) {
    Settings settings;
    settings.blobs = &blobs;
    return settings;
  }
  const Scratch scratch_;
  blobs::BlobStore blobs_;
  World world_;
  const std::string worker_ = "default_ams-1";
  const std::string large_ = "\"" + std::string(jobs::kPayloadBytesMax, 'x') + "\"";
};

TEST_F(PayloadTest, ALargeInputTravelsByReference) {
  world_.Say(worker_, {.payloads = true});
  world_.Open({.payload = large_});
  world_.Run();
  const auto offers = world_.Offers(worker_);
  ASSERT_THAT(offers, SizeIs(1));
  const auto reference = ReferenceOf(**ParseJson(offers[0].input));
  ASSERT_TRUE(reference) << offers[0].input;
  EXPECT_EQ(reference->size, large_.size());
  EXPECT_EQ(blobs_.Load("default", reference->sha256, 1 << 20), large_);
}

TEST_F(PayloadTest, AWorkerThatCannotFetchItFailsTheJobWithWhatToDo) {
  world_.Say(worker_);
  const auto task = world_.Open({.payload = large_});
  world_.Run();
  EXPECT_THAT(world_.Offers(worker_), SizeIs(0));
  EXPECT_THAT(world_.outcomes[task], HasSubstr("failed States.DataLimitExceeded"));
  EXPECT_THAT(world_.outcomes[task], HasSubstr("towline worker invite"));
}

class PayloadQuotaTest : public PayloadTest {
 protected:
  PayloadQuotaTest() : PayloadTest(100) {}
};

TEST_F(PayloadQuotaTest, AboveTheQuotaTheJobFails) {
  world_.Say(worker_, {.payloads = true});
  const auto task = world_.Open({.payload = large_});
  world_.Run();
  EXPECT_THAT(world_.outcomes[task], HasSubstr("failed Towline.QuotaExceeded"));
}

}  // namespace
}  // namespace towline::dispatch
