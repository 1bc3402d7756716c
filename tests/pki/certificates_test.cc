#include "proto/pki/certificates.h"

#include <gtest/gtest.h>

namespace towline::pki {
namespace {

using std::chrono::hours;

const Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25};

class CertificatesTest : public testing::Test {
 protected:
  static Grant ForWorker(const std::string& name) {
    return {.common_name = name, .from = kNow, .until = kNow + hours{24}};
  }

  const Identity authority_ = MakeAuthority("Towline of acme", kNow, kNow + hours{24 * 3650});
};

TEST_F(CertificatesTest, AnAuthoritySaysWhoItIs) {
  const auto info = Inspect(authority_.certificate);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->common_name, "Towline of acme");
  EXPECT_TRUE(info->authority);
  EXPECT_EQ(info->from, kNow);
  EXPECT_EQ(info->until, kNow + hours{24 * 3650});
  EXPECT_EQ(info->fingerprint.size(), 64U);
  EXPECT_TRUE(CheckPair(authority_));
  EXPECT_TRUE(Verify(authority_.certificate, authority_.certificate, kNow));
}

TEST_F(CertificatesTest, ARequestBecomesACertificateOfItsKey) {
  const std::string key = MakeKey();
  const auto request = MakeRequest(key, "whatever it asks for");
  ASSERT_TRUE(request);
  const auto certificate = Sign(authority_, *request, ForWorker("acme_ams"));
  ASSERT_TRUE(certificate) << certificate.error().message;
  EXPECT_TRUE(CheckPair({key, *certificate}));
  const auto info = Inspect(*certificate);
  EXPECT_EQ(info->common_name, "acme_ams") << "the authority decides, not the request";
  EXPECT_EQ(info->unit, "worker");
  EXPECT_FALSE(info->authority);
  EXPECT_EQ(info->serial.size(), 32U);
}

TEST_F(CertificatesTest, ARequestIsKnownByItsKey) {
  const std::string key = MakeKey();
  const auto one = FingerprintOfRequest(*MakeRequest(key, "one"));
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, *FingerprintOfRequest(*MakeRequest(key, "two")));
  EXPECT_NE(*one, *FingerprintOfRequest(*MakeRequest(MakeKey(), "one")));
  EXPECT_FALSE(FingerprintOfRequest("nothing"));
}

TEST_F(CertificatesTest, ItSaysForWhichHostsItIsAndWhenToRenewIt) {
  Grant grant = ForWorker("towline-server");
  grant.purpose = Purpose::kServer;
  grant.hosts = {"towline.example.net", "10.0.0.7", "::1"};
  const auto info = Inspect(Issue(authority_, grant)->certificate);
  EXPECT_EQ(info->hosts, grant.hosts);
  EXPECT_EQ(RenewalTime(*info), kNow + hours{16});
  EXPECT_TRUE(Inspect(authority_.certificate)->hosts.empty());
}

TEST_F(CertificatesTest, EachHasASerialOfItsOwn) {
  const auto one = Issue(authority_, ForWorker("a"));
  const auto two = Issue(authority_, ForWorker("a"));
  EXPECT_NE(Inspect(one->certificate)->serial, Inspect(two->certificate)->serial);
  EXPECT_NE(one->key, two->key);
  EXPECT_FALSE(CheckPair({one->key, two->certificate}));
}

TEST_F(CertificatesTest, ACertificateIsGoodForItsTimeAndItsAuthorityOnly) {
  const auto one = Issue(authority_, ForWorker("a"));
  EXPECT_TRUE(Verify(one->certificate, authority_.certificate, kNow + hours{23}));
  EXPECT_EQ(Verify(one->certificate, authority_.certificate, kNow + hours{25}).error().message,
            "certificate has expired");
  EXPECT_EQ(Verify(one->certificate, authority_.certificate, kNow - hours{1}).error().message,
            "certificate is not yet valid");
  const Identity other = MakeAuthority("Towline of acme", kNow, kNow + hours{24});
  EXPECT_FALSE(Verify(one->certificate, other.certificate, kNow));
}

TEST_F(CertificatesTest, AWorkerCannotSignForOthers) {
  const auto worker = Issue(authority_, ForWorker("a"));
  const auto forged = Issue(*worker, ForWorker("b"));
  if (forged) {
    EXPECT_FALSE(Verify(forged->certificate, authority_.certificate, kNow));
    EXPECT_FALSE(Verify(forged->certificate, worker->certificate, kNow));
  }
}

TEST_F(CertificatesTest, AServerNamesItsHosts) {
  Grant grant{.purpose = Purpose::kServer,
              .common_name = "towline-server",
              .hosts = {"towline.example.net", "127.0.0.1", "::1"},
              .from = kNow,
              .until = kNow + hours{24}};
  ASSERT_TRUE(Issue(authority_, grant));
  EXPECT_EQ(Inspect(Issue(authority_, grant)->certificate)->unit, "server");
  for (const char* host : {"", "two words", "a,DNS:b"}) {
    grant.hosts = {host};
    EXPECT_FALSE(Issue(authority_, grant)) << "'" << host << "'";
  }
}

TEST_F(CertificatesTest, RubbishIsRefusedInALine) {
  EXPECT_FALSE(Inspect(""));
  EXPECT_FALSE(Inspect(authority_.key));
  EXPECT_FALSE(MakeRequest(authority_.certificate, "a"));
  EXPECT_FALSE(Sign(authority_, "rubbish", ForWorker("a")));
  const auto request = MakeRequest(MakeKey(), "a");
  EXPECT_FALSE(Sign({MakeKey(), authority_.certificate}, *request, ForWorker("a")));
  EXPECT_FALSE(Sign(authority_, *request, ForWorker("")));
  EXPECT_FALSE(Sign(authority_, *request, ForWorker(std::string(65, 'a'))));
  std::string spoilt = *request;
  spoilt[spoilt.size() / 2] = spoilt[spoilt.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(Sign(authority_, spoilt, ForWorker("a")));
}

TEST_F(CertificatesTest, ARevocationListHoldsSerials) {
  const auto worker = Issue(authority_, ForWorker("a"));
  const auto list =
      MakeRevocationList(authority_, {Inspect(worker->certificate)->serial}, kNow);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->find("-----BEGIN X509 CRL-----"), 0U);
  EXPECT_TRUE(MakeRevocationList(authority_, {}, kNow)) << "an empty one is a list too";
  EXPECT_FALSE(MakeRevocationList(authority_, {"no hex"}, kNow));
  EXPECT_FALSE(MakeRevocationList({authority_.key, worker->certificate}, {}, kNow));
}

}  // namespace
}  // namespace towline::pki
