// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the authority hands out is what a gateway's verifier believes, and stops believing.
#include "mission/authority.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "certs/certificate.h"
#include "certs/sealed_key.h"
#include "certs/verify.h"

namespace postern::mission {
namespace {

constexpr base::Micros kTime = 1'790'000'000 * base::kWallSecond;
constexpr const char* kPassphrase = "correct horse battery staple";

// `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=someone else"`
constexpr const char* kRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIHRMHkCAQAwFzEVMBMGA1UEAwwMc29tZW9uZSBlbHNlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE4o4K0bTDP927CeFpmbUZreNKKxqrc/LMxpXnMFNVejvOEL1j
LSbng2MrhGcnKp+YOkNOrzpGHnsf0Wj6sbmmnqAAMAoGCCqGSM49BAMCA0gAMEUC
IHMhwoFsBcV9HrHNuvpM8GT+CpHWw7XmALhcEob+tCD3AiEA2B0dAGbm2hybUgzH
DAMTnpUNSnbwuDP2MxAKl49n5bQ=
-----END CERTIFICATE REQUEST-----
)";

class AuthorityFolder : public testing::Test {
 protected:
  AuthorityFolder() {
    EXPECT_TRUE(base::init_crypto().ok());
    char name[] = "/tmp/postern-authority-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~AuthorityFolder() override { std::filesystem::remove_all(folder_); }

  void make(const std::string& passphrase = {}) {
    const base::Status made = make_authority_folder(
        {folder_, "Vendor support", 365 * kAuthorityDay, certs::KeyType::P256, passphrase}, kTime);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  static Wish alice() {
    Wish wish;
    wish.name = "alice";
    wish.emails = {"alice@vendor.example"};
    return wish;
  }
  certs::ClientAnswer judge(const std::string& pem, const std::string& crls = {}) {
    certs::ClientTrust trust{*base::read_file(folder_ + "/authority.pem", 1 << 20), crls};
    trust.revocation = crls.empty() ? certs::Revocation::Soft : certs::Revocation::Hard;
    return certs::ClientVerifier::make(trust)->judge(*certs::pem_to_der(pem), kTime + 60 * base::kWallSecond);
  }
  std::string crl() { return *base::read_file(folder_ + "/authority.crl", 1 << 20); }

  std::string folder_;
};

TEST_F(AuthorityFolder, VouchesAndTakesItBack) {
  make();
  std::string pem, serial;
  {
    auto authority = Authority::open(folder_);
    ASSERT_TRUE(authority.ok()) << authority.error().message;
    const auto given = authority->issue(alice(), kTime);
    ASSERT_TRUE(given.ok()) << given.error().message;
    pem = given->certificate_pem;
    serial = given->issued.serial;
    ASSERT_TRUE(authority->list(kAuthorityDay, kTime).ok());
  }
  const certs::ClientAnswer answer = judge(pem, crl());
  ASSERT_TRUE(answer.identity) << answer.failure->sentence;
  EXPECT_EQ(answer.identity->emails, std::vector<std::string>{"alice@vendor.example"});
  {
    auto authority = Authority::open(folder_);
    ASSERT_TRUE(authority->revoke(serial.substr(0, 8), "keyCompromise", kTime).ok());
  }
  auto authority = Authority::open(folder_);
  EXPECT_EQ(authority->revoke(serial, "superseded", kTime).error().code, base::Code::Exists);
  const auto listed = authority->list(kAuthorityDay, kTime);
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(listed->number, 2U);
  EXPECT_EQ(listed->revoked, 1U);
  ASSERT_TRUE(judge(pem, crl()).failure);
  EXPECT_EQ(judge(pem, crl()).failure->rule, certs::Rule::Revoked);
}

TEST_F(AuthorityFolder, IsNeverMadeOverAnother) {
  make();
  const std::string before = *base::read_file(folder_ + "/authority.key", 1 << 16);
  EXPECT_EQ(make_authority_folder({folder_, "Another", kAuthorityDay, certs::KeyType::P256, {}}, kTime)
                .error()
                .code,
            base::Code::Exists);
  EXPECT_EQ(*base::read_file(folder_ + "/authority.key", 1 << 16), before);
}

TEST_F(AuthorityFolder, SignsNothingWithoutThePassphrase) {
  make(kPassphrase);
  EXPECT_NE(base::read_file(folder_ + "/authority.key", 1 << 16)->find("ENCRYPTED"), std::string::npos);
  auto authority = Authority::open(folder_);
  ASSERT_TRUE(authority.ok() && authority->sealed());
  EXPECT_FALSE(authority->issue(alice(), kTime).ok());
  EXPECT_EQ(authority->unlock("correct horse battery stable").error().code, base::Code::Denied);
  ASSERT_TRUE(authority->unlock(kPassphrase).ok());
  EXPECT_TRUE(authority->issue(alice(), kTime).ok());
}

TEST_F(AuthorityFolder, OneAtATime) {
  make();
  const auto first = Authority::open(folder_);
  EXPECT_EQ(Authority::open(folder_).error().code, base::Code::Unavailable);
}

TEST_F(AuthorityFolder, AKeyThatOthersMayReadIsNotUsed) {
  make();
  ASSERT_EQ(::chmod((folder_ + "/authority.key").c_str(), 0640), 0);
  const auto authority = Authority::open(folder_);
  ASSERT_FALSE(authority.ok());
  EXPECT_NE(authority.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(AuthorityFolder, OfARequestOnlyTheKeyIsTaken) {
  make();
  auto authority = Authority::open(folder_);
  Wish wish = alice();
  wish.request_pem = kRequest;
  wish.purposes = {"1.3.6.1.4.1.55555.1"};
  const auto given = authority->issue(wish, kTime);
  ASSERT_TRUE(given.ok()) << given.error().message;
  EXPECT_TRUE(given->key_pem.empty());
  EXPECT_TRUE(given->issued.their_key);
  EXPECT_EQ(certs::read_chain(given->certificate_pem)->front().subject, "CN=alice");
  EXPECT_TRUE(judge(given->certificate_pem).identity);
  std::string forged = kRequest;
  forged[forged.find('\n') + 30] ^= 1;
  wish.request_pem = forged;
  EXPECT_FALSE(authority->issue(wish, kTime).ok());
}

TEST_F(AuthorityFolder, NobodyIsVouchedForWithoutAnIdentityOrForLong) {
  make();
  auto authority = Authority::open(folder_);
  Wish wish = alice();
  wish.duration = 91 * kAuthorityDay;
  EXPECT_EQ(authority->issue(wish, kTime).error().message,
            "an engineer's certificate may be good for 90d at most");
  wish = alice();
  wish.emails.clear();
  EXPECT_FALSE(authority->issue(wish, kTime).ok());
  wish.uris = {"spiffe://vendor.example/alice"};
  EXPECT_TRUE(authority->issue(wish, kTime).ok());
  wish.purposes = {"clientAuth"};
  EXPECT_FALSE(authority->issue(wish, kTime).ok());
}

TEST_F(AuthorityFolder, ARecordThatCannotBeReadStopsAll) {
  make();
  std::ofstream(folder_ + "/register.jsonl", std::ios::app) << "{\"did\":\"iss";
  const auto authority = Authority::open(folder_);
  ASSERT_FALSE(authority.ok());
  EXPECT_NE(authority.error().message.find("line 1 of the register is not whole"), std::string::npos);
}

TEST(SealedKey, OpensWithItsPassphraseAlone) {
  ASSERT_TRUE(base::init_crypto().ok());
  certs::Template wanted;
  wanted.common_name = "x";
  wanted.validity = certs::valid_for(kTime, kAuthorityDay);
  const auto made = certs::issue(wanted, nullptr);
  const auto sealed = certs::seal_key(made->key_pem, kPassphrase);
  ASSERT_TRUE(sealed.ok()) << sealed.error().message;
  EXPECT_TRUE(certs::is_sealed_key(*sealed));
  EXPECT_FALSE(certs::is_sealed_key(made->key_pem));
  EXPECT_EQ(*certs::open_sealed_key(*sealed, kPassphrase), made->key_pem);
  EXPECT_FALSE(certs::open_sealed_key(*sealed, "").ok());
  EXPECT_FALSE(certs::open_sealed_key("nonsense", kPassphrase).ok());
  EXPECT_EQ(certs::seal_key(made->key_pem, "too short").error().code, base::Code::Invalid);
}

}  // namespace
}  // namespace postern::mission
