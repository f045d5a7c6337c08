// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/installation_signer.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/crypto.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/keeper_protocol.h"
#include "certs/openssl_ptr.h"
#include "gateway/keeper/key_ring.h"

namespace postern::keeper {
namespace {

constexpr base::Micros kMoment = 1'790'000'000 * base::kWallSecond;
constexpr base::Micros kYears = 3650LL * 86400 * base::kWallSecond;
constexpr const char* kInstallationId = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";

std::string public_key(const char* kind = "EC", const char* curve = "P-256") {
  const certs::KeyPtr key(kind == std::string_view("EC")
                              ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)
                              : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

class InstallationSignerTest : public testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();
  base::ManualClock clock_{kMoment};
  certs::Credentials authority_ =
      *certs::make_installation_authority("mission.example.com", certs::valid_for(kMoment, kYears));
  KeyRing ring_{clock_};
  base::Status set(const certs::Credentials& authority, const std::string& domain = "mission.example.com",
                   mode_t mode = 0100600) {
    return ring_.set_installations({"/keys/installations.key", authority.key_pem, mode},
                                   authority.certificate_pem, domain);
  }
  certs::KeeperAnswer ask(const std::string& request, Peer peer = Peer::Desk) {
    return *certs::decode_answer(ring_.handle(request, {peer, {}}));
  }
};

TEST_F(InstallationSignerTest, MakesTheCertificateOfOneInstallation) {
  ASSERT_TRUE(set(authority_).ok());
  const auto answer = ask(certs::encode_issue_installation(7, kInstallationId, public_key()));
  ASSERT_TRUE(answer.done) << answer.payload;
  const auto leaf = certs::read_chain(*certs::decode_text_payload(answer.payload))->front();
  EXPECT_EQ(leaf.uris, (std::vector<std::string>{"spiffe://mission.example.com/installation/" +
                                                 std::string(kInstallationId)}));
  EXPECT_TRUE(leaf.dns_names.empty() && leaf.emails.empty() && leaf.subject.empty());
  EXPECT_FALSE(leaf.authority);
  EXPECT_EQ(leaf.not_after - clock_.wall(), certs::kInstallationLife);
}

TEST_F(InstallationSignerTest, MakesNoOther) {
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key())).done)
      << "no authority";
  ASSERT_TRUE(set(authority_).ok());
  for (const char* id : {"", "x", "../admin", "01JD7Z3V5T4Q2N8M6K0H1F9C3B/x", "01jd7z3v5t4q2n8m6k0h1f9c3b"})
    EXPECT_FALSE(ask(certs::encode_issue_installation(7, id, public_key())).done) << id;
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, "")).done);
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key() + "x")).done);
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key("RSA"))).done);
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key("EC", "secp256k1"))).done);
  EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key()) + "x").done);
}

TEST_F(InstallationSignerTest, IsAskedByTheDeskAlone) {
  ASSERT_TRUE(set(authority_).ok());
  for (const Peer peer : {Peer::Terminator, Peer::Ledger, Peer::Enforcer, Peer::Link})
    EXPECT_FALSE(ask(certs::encode_issue_installation(7, kInstallationId, public_key()), peer).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(7, std::string(certs::kPassPrefix) + "x")).done);
  EXPECT_FALSE(ask(certs::encode_ticket_keys(7)).done);
}

TEST_F(InstallationSignerTest, TakesNoAuthorityButItsOwn) {
  EXPECT_FALSE(set(authority_, "other.example.com").ok());
  EXPECT_FALSE(set(authority_, "mission.example.com", 0100644).ok());
  EXPECT_FALSE(set(*certs::make_authority("Any", certs::valid_for(kMoment, kYears))).ok())
      << "one that is not constrained could vouch for anybody";
  certs::Credentials mixed = authority_;
  mixed.key_pem =
      certs::make_installation_authority("mission.example.com", certs::valid_for(kMoment, kYears))->key_pem;
  EXPECT_FALSE(set(mixed).ok());
  clock_.advance(kYears / base::kWallSecond * base::kSecond);
  EXPECT_FALSE(set(authority_).ok()) << "it is over";
}

TEST_F(InstallationSignerTest, NothingOutlivesTheAuthority) {
  ASSERT_TRUE(set(authority_).ok());
  clock_.advance((kYears / base::kWallSecond - 86400) * base::kSecond);
  const auto answer = ask(certs::encode_issue_installation(7, kInstallationId, public_key()));
  ASSERT_TRUE(answer.done) << answer.payload;
  const auto leaf = certs::read_chain(*certs::decode_text_payload(answer.payload))->front();
  EXPECT_EQ(leaf.not_after, certs::read_chain(authority_.certificate_pem)->front().not_after);
}

}  // namespace
}  // namespace postern::keeper
