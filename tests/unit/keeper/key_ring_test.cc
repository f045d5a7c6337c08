// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/key_ring.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/checkpoint.h"
#include "certs/handover.h"
#include "certs/keeper_protocol.h"
#include "certs/note.h"
#include "certs/private_key.h"

namespace postern::keeper {
namespace {

constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;
constexpr base::Micros kDay = 86'400 * base::kWallSecond;
using certs::Scheme;

std::string tls13_text(std::size_t hash = 32) {
  return std::string(64, ' ') + std::string("TLS 1.3, server CertificateVerify\0", 34) +
         std::string(hash, 'h');
}

std::string tls12_text(std::string_view group = std::string_view("\x00\x1d", 2), std::size_t point = 32) {
  return std::string(64, 'r') + "\x03" + std::string(group) + static_cast<char>(point) +
         std::string(point, 'p');
}

class Ring : public testing::Test {
 protected:
  const bool ready_ = base::init_crypto().ok();  // before the first Secret
  certs::Credentials root_ = *certs::make_authority("Root", certs::valid_for(kNow, kDay));
  certs::Credentials leaf_ =
      *certs::make_server_certificate(root_, {"a.example"}, certs::valid_for(kNow, kDay));
  std::string key_id_ = certs::read_chain(leaf_.certificate_pem)->front().key_id;
  KeyRing ring_;
  const Purpose support_{Peer::Terminator, "support"};
  const Purpose ledger_{Peer::Ledger, ""};

  base::Status add(const certs::Credentials& leaf, mode_t mode = 0100600) {
    return ring_.add_tls_key("support", {"/keys/support.pem", leaf.key_pem, mode}, leaf.certificate_pem);
  }
  void SetUp() override {
    ASSERT_TRUE(add(leaf_).ok());
    ASSERT_TRUE(ring_.set_pass_key({"/keys/pass", KeyRing::format_pass_key(seed_), 0100400}).ok());
  }
  certs::KeeperAnswer ask(const std::string& request, const Purpose& purpose) {
    return *certs::decode_answer(ring_.handle(request, purpose));
  }
  bool signs(std::string_view text, Scheme scheme = Scheme::EcdsaSha256) {
    return ask(certs::encode_sign_tls(1, key_id_, scheme, text), support_).done;
  }
  base::Secret seed_{std::string(32, 's')};
};

TEST_F(Ring, SignsWhatAHandshakeSigns) {
  EXPECT_TRUE(signs(tls13_text()));
  EXPECT_TRUE(signs(tls13_text(48)));
  EXPECT_TRUE(signs(tls12_text()));
  EXPECT_TRUE(signs(tls12_text(std::string_view("\x00\x17", 2), 65)));
  EXPECT_TRUE(signs(tls12_text(std::string_view("\x00\x18", 2), 97)));
}

TEST_F(Ring, SignsNothingElse) {
  EXPECT_FALSE(signs(""));
  EXPECT_FALSE(signs("a certificate"));
  EXPECT_FALSE(signs(tls13_text(33)));
  EXPECT_FALSE(signs(tls13_text(0)));
  std::string client = tls13_text();
  client.replace(client.find("server"), 6, "client");
  EXPECT_FALSE(signs(client));
  EXPECT_FALSE(signs(tls12_text().substr(1)));
  EXPECT_FALSE(signs(tls12_text() + "x"));
  EXPECT_FALSE(signs(tls12_text(std::string_view("\x00\x19", 2), 133)));
  EXPECT_FALSE(signs(tls12_text(std::string_view("\x00\x1d", 2), 31)));
}

TEST_F(Ring, ASchemeMustFitTheKey) {
  EXPECT_FALSE(signs(tls13_text(), Scheme::Ed25519));
  EXPECT_FALSE(signs(tls13_text(), Scheme::RsaPssSha256));
  EXPECT_FALSE(signs(tls13_text(), Scheme::EcdsaSha384));  // TLS 1.3 binds it to P-384
  EXPECT_TRUE(signs(tls12_text(), Scheme::EcdsaSha384));
  EXPECT_FALSE(signs(tls13_text(), static_cast<Scheme>(0x0201)));
}

TEST_F(Ring, Tls13HasNoPkcs1Padding) {
  const auto rsa =
      *certs::make_server_certificate(root_, {"a"}, certs::valid_for(kNow, kDay), certs::KeyType::Rsa2048);
  ASSERT_TRUE(add(rsa).ok());
  key_id_ = certs::read_chain(rsa.certificate_pem)->front().key_id;
  EXPECT_FALSE(signs(tls13_text(), Scheme::RsaPkcs1Sha256));
  EXPECT_TRUE(signs(tls13_text(), Scheme::RsaPssSha256));
  EXPECT_TRUE(signs(tls12_text(), Scheme::RsaPkcs1Sha256));
}

TEST_F(Ring, AChannelGetsWhatItsPurposeAllows) {
  const Purpose admin{Peer::Terminator, "admin"};
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, key_id_, Scheme::EcdsaSha256, tls13_text()), admin).done);
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, key_id_, Scheme::EcdsaSha256, tls13_text()), ledger_).done);
  EXPECT_FALSE(ask(certs::encode_ticket_keys(1), ledger_).done);
  EXPECT_FALSE(ask(certs::encode_ticket_keys(1), admin).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, std::string(certs::kPassPrefix) + "x"), support_).done);
  EXPECT_FALSE(ask(certs::encode_pass_public_key(1), support_).done);
}

TEST_F(Ring, AKeyBelongsToOneListener) {
  const auto admin = *certs::make_server_certificate(root_, {"b"}, certs::valid_for(kNow, kDay));
  ASSERT_TRUE(ring_.add_tls_key("admin", {"b", admin.key_pem, 0100600}, admin.certificate_pem).ok());
  const std::string admin_id = certs::read_chain(admin.certificate_pem)->front().key_id;
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, admin_id, Scheme::EcdsaSha256, tls13_text()), support_).done);
}

TEST_F(Ring, SignsPassesThatAnyoneCanVerify) {
  const std::string pass = std::string(certs::kPassPrefix) + "{\"engineer\":\"erin\"}";
  const auto answer = ask(certs::encode_sign_pass(1, pass), ledger_);
  ASSERT_TRUE(answer.done) << answer.payload;
  const auto key = ask(certs::encode_pass_public_key(2), ledger_);
  EXPECT_TRUE(base::ed25519_verify(*certs::decode_text_payload(key.payload), pass,
                                   *certs::decode_text_payload(answer.payload)));
}

TEST_F(Ring, SignsNoPassWithoutItsPrefix) {
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, "postern-pass-v2\nx"), ledger_).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, ""), ledger_).done);
}

TEST_F(Ring, TicketKeysRotateAndTheLastOneStillOpens) {
  const auto keys = [&] {
    return *certs::decode_ticket_payload(ask(certs::encode_ticket_keys(1), support_).payload);
  };
  EXPECT_TRUE(keys().empty());
  EXPECT_TRUE(ring_.rotate_ticket_keys(1));
  EXPECT_FALSE(ring_.rotate_ticket_keys(2));
  const auto first = keys();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(ring_.rotate_ticket_keys(1 + kTicketKeyLife));
  const auto second = keys();
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[1].name, first[0].name);
  EXPECT_NE(second[0].cipher, first[0].cipher);
  EXPECT_TRUE(ring_.rotate_ticket_keys(1 + 2 * kTicketKeyLife));
  EXPECT_EQ(keys().size(), 2U);
  EXPECT_EQ(keys()[1].name, second[0].name);
}

TEST_F(Ring, RequestsThatAreNoneAreRefusedWithTheirTag) {
  EXPECT_FALSE(ask("", support_).done);
  EXPECT_EQ(ask("\x01\x02", support_).tag, 0U);
  const std::string request = certs::encode_sign_tls(77, key_id_, Scheme::EcdsaSha256, tls13_text());
  for (std::size_t size = 5; size < request.size(); ++size) {
    const auto answer = ask(request.substr(0, size), support_);
    EXPECT_FALSE(answer.done);
    EXPECT_EQ(answer.tag, 77U);
  }
  EXPECT_FALSE(ask(request + "x", support_).done);
  EXPECT_FALSE(ask(certs::encode_ticket_keys(1) + "x", support_).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, std::string(certs::kKeeperMessageLimit, 'x')), ledger_).done);
}

TEST_F(Ring, AKeyThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0100640U, 0100604U, 0100620U, 0100644U}) {
    const auto refused = add(leaf_, mode);
    ASSERT_FALSE(refused.ok()) << mode;
    EXPECT_EQ(refused.error().message,
              "/keys/support.pem can be read or written by others than its owner; run: chmod 600 "
              "/keys/support.pem");
  }
  KeyRing other;
  EXPECT_FALSE(other.set_pass_key({"pass", KeyRing::format_pass_key(seed_), 0100644}).ok());
}

TEST_F(Ring, NewKeysTakeOverAndOldOnesSignUntilTheyAreDropped) {
  const auto next = *certs::make_server_certificate(root_, {"a.example"}, certs::valid_for(kNow, kDay));
  const std::string next_id = certs::read_chain(next.certificate_pem)->front().key_id;
  const auto signs_with = [&](const std::string& id) {
    return ask(certs::encode_sign_tls(1, id, Scheme::EcdsaSha256, tls13_text()), support_).done;
  };
  const base::Secret other_seed{std::string(32, 'o')};
  KeyRing fresh;
  ASSERT_TRUE(fresh.add_tls_key("support", {"next", next.key_pem, 0100600}, next.certificate_pem).ok());
  ASSERT_TRUE(fresh.set_pass_key({"pass", KeyRing::format_pass_key(other_seed), 0100600}).ok());
  EXPECT_FALSE(signs_with(next_id));
  ring_.adopt(fresh);
  EXPECT_TRUE(signs_with(next_id) && signs_with(key_id_));
  const auto pass = ask(certs::encode_pass_public_key(2), ledger_);
  EXPECT_EQ(*certs::decode_text_payload(pass.payload), base::ed25519_public(other_seed));
  ring_.drop_retired();
  EXPECT_TRUE(signs_with(next_id));
  EXPECT_FALSE(signs_with(key_id_));
}

TEST_F(Ring, TheSameKeyAgainIsNotRetired) {
  KeyRing fresh;
  ASSERT_TRUE(fresh.add_tls_key("support", {"same", leaf_.key_pem, 0100600}, leaf_.certificate_pem).ok());
  ring_.adopt(fresh);
  ring_.drop_retired();
  EXPECT_TRUE(signs(tls13_text()));
}

// Keys of certificates that the component is shown.
class ClientKeys : public Ring {
 protected:
  certs::Credentials own_ =
      *certs::make_client_certificate(root_, "viewer", "v@example.org", certs::valid_for(kNow, kDay));
  std::string own_id_ = certs::read_chain(own_.certificate_pem)->front().key_id;
  const Purpose enforcer_{Peer::Enforcer, ""};

  static base::Status add(KeyRing& ring, const certs::Credentials& one, mode_t mode = 0100600) {
    return ring.add_client_key({"/keys/viewer.key", one.key_pem, mode}, one.certificate_pem);
  }
  void SetUp() override {
    Ring::SetUp();
    ASSERT_TRUE(add(ring_, own_).ok());
  }
  static std::string client_text(std::size_t hash = 32) {
    std::string text = tls13_text(hash);
    return text.replace(text.find("server"), 6, "client");
  }
  bool signs(const std::string& id, std::string_view text, Scheme scheme = Scheme::EcdsaSha256) {
    return ask(certs::encode_sign_tls_client(1, id, scheme, text), enforcer_).done;
  }
  static std::string id_of(const certs::Credentials& one) {
    return certs::read_chain(one.certificate_pem)->front().key_id;
  }
};

TEST_F(ClientKeys, SignWhatAClientSigns) {
  EXPECT_TRUE(signs(own_id_, client_text()));
  EXPECT_TRUE(signs(own_id_, client_text(48)));
}

TEST_F(ClientKeys, SignNothingElse) {
  const std::string good = client_text();
  for (const std::string& text : {std::string(), std::string("GET / HTTP/1.1"), tls13_text(), tls12_text(),
                                  client_text(33), client_text(0), client_text(64), good.substr(1),
                                  " " + good, std::string(certs::kPassPrefix) + "{}"}) {
    EXPECT_FALSE(signs(own_id_, text)) << text;
  }
  // Each byte but those of the hash.
  for (std::size_t i = 0; i < good.size() - 32; ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(signs(own_id_, changed)) << i;
  }
}

TEST_F(ClientKeys, ASchemeMustFitTheKey) {
  for (const Scheme scheme : {Scheme::Ed25519, Scheme::RsaPssSha256, Scheme::EcdsaSha384,
                              Scheme::RsaPkcs1Sha256, static_cast<Scheme>(0x0203)})
    EXPECT_FALSE(signs(own_id_, client_text(), scheme));
}

TEST_F(ClientKeys, AreTheEnforcersAndListenersKeysTheTerminators) {
  EXPECT_FALSE(signs(key_id_, client_text())) << "a listener's key";
  EXPECT_FALSE(signs(key_id_, tls13_text()));
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, key_id_, Scheme::EcdsaSha256, tls13_text()), enforcer_).done);
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, own_id_, Scheme::EcdsaSha256, client_text()), enforcer_).done);
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, own_id_, Scheme::EcdsaSha256, tls13_text()), support_).done);
  for (const Purpose& other :
       {support_, ledger_, Purpose{Peer::Terminator, "admin"}, Purpose{Peer::Terminator, ""}})
    EXPECT_FALSE(
        ask(certs::encode_sign_tls_client(1, own_id_, Scheme::EcdsaSha256, client_text()), other).done);
  EXPECT_FALSE(ask(certs::encode_ticket_keys(1), enforcer_).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, std::string(certs::kPassPrefix) + "x"), enforcer_).done);
  EXPECT_FALSE(ask(certs::encode_pass_public_key(1), enforcer_).done);
  EXPECT_FALSE(ask(certs::encode_log_verifier_key(1), enforcer_).done);
}

TEST_F(ClientKeys, ThatAreOfNoUseAreRefused) {
  KeyRing ring;
  EXPECT_EQ(add(ring, leaf_).error().message,
            "the certificate of CN=a.example was not issued for clients (extended key usage clientAuth is "
            "missing)");
  EXPECT_FALSE(add(ring, own_, 0100640).ok());
  EXPECT_FALSE(add(ring, {own_.certificate_pem, leaf_.key_pem}).ok());
  EXPECT_FALSE(add(ring, {own_.certificate_pem, ""}).ok());
  certs::Template plain;  // no extended key usage: good for anything
  plain.common_name = "plain";
  plain.validity = certs::valid_for(kNow, kDay);
  EXPECT_TRUE(add(ring, *certs::issue(plain, &root_)).ok());
}

TEST_F(ClientKeys, AreNeverListenersKeysToo) {
  certs::Template wanted;
  wanted.common_name = "both";
  wanted.validity = certs::valid_for(kNow, kDay);
  wanted.server_auth = wanted.client_auth = true;
  wanted.dns_names = {"a.example"};
  const certs::Credentials both = *certs::issue(wanted, &root_);
  const KeyFile file{"/keys/both.key", both.key_pem, 0100600};
  KeyRing one, other;
  ASSERT_TRUE(one.add_tls_key("support", file, both.certificate_pem).ok());
  EXPECT_EQ(
      one.add_client_key(file, both.certificate_pem).error().message,
      "the key in /keys/both.key is a listener's and one that is shown to the component: each needs a key of "
      "its own");
  ASSERT_TRUE(other.add_client_key(file, both.certificate_pem).ok());
  EXPECT_FALSE(other.add_tls_key("support", file, both.certificate_pem).ok());
  ASSERT_TRUE(other.add_tls_key("support", {"leaf", leaf_.key_pem, 0100600}, leaf_.certificate_pem).ok());
  // A reload that changes what it is for: it is not retired into the old use.
  one.adopt(other);
  const auto asks = [&](const Purpose& purpose, const std::string& request) {
    return certs::decode_answer(one.handle(request, purpose))->done;
  };
  EXPECT_FALSE(asks(support_, certs::encode_sign_tls(1, id_of(both), Scheme::EcdsaSha256, tls13_text())));
  EXPECT_TRUE(
      asks(enforcer_, certs::encode_sign_tls_client(1, id_of(both), Scheme::EcdsaSha256, client_text())));
}

TEST_F(ClientKeys, NewOnesTakeOverAndOldOnesSignUntilTheyAreDropped) {
  const auto next =
      *certs::make_client_certificate(root_, "next", "n@example.org", certs::valid_for(kNow, kDay));
  KeyRing fresh;
  ASSERT_TRUE(add(fresh, next).ok());
  ring_.adopt(fresh);
  EXPECT_TRUE(signs(own_id_, client_text()) && signs(id_of(next), client_text()));
  ring_.drop_retired();
  EXPECT_FALSE(signs(own_id_, client_text()));
  EXPECT_TRUE(signs(id_of(next), client_text()));
}

TEST_F(ClientKeys, ARequestHasAnEnd) {
  const std::string request = certs::encode_sign_tls_client(77, own_id_, Scheme::EcdsaSha256, client_text());
  for (std::size_t size = 5; size < request.size(); ++size)
    EXPECT_FALSE(ask(request.substr(0, size), enforcer_).done);
  EXPECT_FALSE(ask(request + "x", enforcer_).done);
  const std::string huge(certs::kKeeperTranscriptLimit, 'x');
  EXPECT_EQ(ask(certs::encode_sign_tls_client(1, own_id_, Scheme::EcdsaSha256, huge), enforcer_).payload,
            "the request is too long");
}

// The key of the installation's certificate.
class LineKey : public ClientKeys {
 protected:
  void SetUp() override {
    ClientKeys::SetUp();
    ASSERT_TRUE(set(ring_, installation_).ok());
  }
  static base::Status set(KeyRing& ring, const certs::Credentials& one, mode_t mode = 0100600) {
    return ring.set_line_key({"/keys/line.key", one.key_pem, mode}, one.certificate_pem);
  }
  certs::Credentials named(const std::string& name) {
    return *certs::make_client_certificate(root_, name, "i@example.org", certs::valid_for(kNow, kDay));
  }
  bool signs_for(const Purpose& who, const std::string& id, std::string_view text) {
    return ask(certs::encode_sign_tls_client(1, id, Scheme::EcdsaSha256, text), who).done;
  }
  certs::Credentials installation_ = named("installation");
  std::string line_id_ = id_of(installation_);
  const Purpose link_{Peer::Link, ""};
};

TEST_F(LineKey, SignsWhatAClientSignsForTheLinkAndNothingElse) {
  const std::string good = client_text();
  EXPECT_TRUE(signs_for(link_, line_id_, good));
  EXPECT_TRUE(signs_for(link_, line_id_, client_text(48)));
  for (const std::string& text :
       {std::string(), tls13_text(), tls12_text(), client_text(33), good.substr(1), " " + good})
    EXPECT_FALSE(signs_for(link_, line_id_, text)) << text;
}

TEST_F(LineKey, IsTheLinksAndNobodyElsesAndItHasNoOther) {
  for (const Purpose& other : {enforcer_, support_, ledger_, Purpose{Peer::Terminator, "admin"}})
    EXPECT_FALSE(signs_for(other, line_id_, client_text()));
  EXPECT_FALSE(signs_for(link_, own_id_, client_text())) << "the component is shown this one";
  EXPECT_FALSE(signs_for(link_, key_id_, client_text())) << "a listener's";
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, line_id_, Scheme::EcdsaSha256, tls13_text()), link_).done);
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, line_id_, Scheme::EcdsaSha256, tls13_text()), support_).done);
  EXPECT_FALSE(ask(certs::encode_sign_pass(1, std::string(certs::kPassPrefix) + "x"), link_).done);
}

TEST_F(LineKey, HasNoOtherUse) {
  KeyRing one, other;
  ASSERT_TRUE(set(one, own_).ok());
  EXPECT_EQ(add(one, own_).error().message,
            "the key in /keys/viewer.key is shown to Mission Control and used for something else: each use "
            "needs a key of its own");
  ASSERT_TRUE(add(other, own_).ok());
  EXPECT_FALSE(set(other, own_).ok());
  EXPECT_FALSE(set(one, installation_).ok()) << "there is one";
  // A reload that changes what it is for: it is not retired into the old use.
  one.adopt(other);
  const auto asks = [&](const Purpose& purpose) {
    return certs::decode_answer(
               one.handle(certs::encode_sign_tls_client(1, own_id_, Scheme::EcdsaSha256, client_text()),
                          purpose))
        ->done;
  };
  EXPECT_FALSE(asks(link_));
  EXPECT_TRUE(asks(enforcer_));
}

TEST_F(LineKey, ThatIsOfNoUseIsRefusedAndOneWithoutACertificateSignsNothing) {
  KeyRing ring;
  EXPECT_FALSE(set(ring, leaf_).ok()) << "a server's certificate";
  EXPECT_FALSE(set(ring, installation_, 0100640).ok());
  EXPECT_FALSE(set(ring, {own_.certificate_pem, installation_.key_pem}).ok());
  ASSERT_TRUE(set(ring, {"", installation_.key_pem}).ok());
  EXPECT_FALSE(
      certs::decode_answer(
          ring.handle(certs::encode_sign_tls_client(1, line_id_, Scheme::EcdsaSha256, client_text()), link_))
          ->done);
}

TEST_F(LineKey, ANewOneTakesOverAndTheOldOneSignsUntilItIsDropped) {
  const auto next = named("renewed");
  KeyRing fresh;
  ASSERT_TRUE(set(fresh, next).ok());
  ring_.adopt(fresh);
  EXPECT_TRUE(signs_for(link_, line_id_, client_text()) && signs_for(link_, id_of(next), client_text()));
  ring_.drop_retired();
  EXPECT_FALSE(signs_for(link_, line_id_, client_text()));
  EXPECT_TRUE(signs_for(link_, id_of(next), client_text()));
}

class LogKey : public Ring {
 protected:
  void SetUp() override {
    Ring::SetUp();
    ASSERT_TRUE(ring_.set_log_key({"/keys/log", certs::format_signer_key(key_) + "\n", 0100600}).ok());
  }
  static certs::Checkpoint checkpoint(std::uint64_t size, char root = 'r') {
    certs::Checkpoint out{"postern/test", size, {}};
    out.root.fill(root);
    return out;
  }
  certs::KeeperAnswer sign(std::string_view text) {
    return ask(certs::encode_sign_checkpoint(1, text), ledger_);
  }
  bool signs(const certs::Checkpoint& wanted) { return sign(certs::format_checkpoint(wanted)).done; }
  certs::SignerKey key_{"postern/test", base::Secret(std::string(32, 'l'))};
};

TEST_F(LogKey, SignsTheCheckpointsOfItsLog) {
  const std::string text = certs::format_checkpoint(checkpoint(5));
  const auto line = certs::decode_text_payload(sign(text).payload);
  ASSERT_TRUE(line.ok());
  const auto note = certs::parse_note(text + "\n" + *line);
  ASSERT_TRUE(note.ok());
  const auto told = certs::decode_text_payload(ask(certs::encode_log_verifier_key(2), ledger_).payload);
  EXPECT_EQ(certs::check_signature(*note, *certs::parse_verifier_key(*told)), certs::Signed::Yes);
}

TEST_F(LogKey, SignsNothingElse) {
  const std::string good = certs::format_checkpoint(checkpoint(5));
  certs::Checkpoint other = checkpoint(5);
  other.origin = "postern/other";
  for (const std::string& text : {std::string(), std::string("postern-pass-v1\n"), good.substr(1),
                                  good + "more\n", good + "\n", certs::format_checkpoint(other)}) {
    EXPECT_FALSE(sign(text).done) << text;
  }
  EXPECT_FALSE(ask(certs::encode_sign_checkpoint(1, good), support_).done);
  EXPECT_FALSE(ask(certs::encode_log_verifier_key(1), support_).done);
}

// Whose log is of what people did at Mission Control.
TEST_F(LogKey, TheDeskMayAskForTheSameAndForNoHandover) {
  const Purpose desk{Peer::Desk, {}};
  EXPECT_TRUE(ask(certs::encode_sign_checkpoint(1, certs::format_checkpoint(checkpoint(5))), desk).done);
  EXPECT_FALSE(ask(certs::encode_sign_checkpoint(1, certs::format_checkpoint(checkpoint(4))), desk).done);
  EXPECT_TRUE(ask(certs::encode_log_verifier_key(2), desk).done);
  EXPECT_FALSE(ask(certs::encode_log_verifier_key(2) + "x", desk).done);
  EXPECT_FALSE(ask(certs::encode_successor_key(3), desk).done);
}

TEST_F(LogKey, SignsNoStepBack) {
  EXPECT_TRUE(signs(checkpoint(5)));
  EXPECT_TRUE(signs(checkpoint(5)));
  EXPECT_FALSE(signs(checkpoint(5, 'x')));
  EXPECT_FALSE(signs(checkpoint(4)));
  EXPECT_TRUE(signs(checkpoint(6, 'x')));
  KeyRing fresh;  // a reload of the same key forgets nothing
  ASSERT_TRUE(fresh.set_log_key({"/keys/log", certs::format_signer_key(key_), 0100600}).ok());
  ring_.adopt(fresh);
  EXPECT_FALSE(signs(checkpoint(5)));
  EXPECT_TRUE(signs(checkpoint(7)));
}

TEST_F(LogKey, IsRefusedWhenItIsNoneOrOthersCanReadIt) {
  const std::string text = certs::format_signer_key(key_);
  KeyRing ring;
  EXPECT_FALSE(ring.set_log_key({"/keys/log", text, 0100640}).ok());
  const auto none = ring.set_log_key({"/keys/log", text.substr(0, 40), 0100600});
  EXPECT_NE(none.error().message.find("/keys/log is no key for the log"), std::string::npos);
  EXPECT_EQ(ring_.set_log_key({"/keys/log", text, 0100600}).error().code, base::Code::Exists);
  EXPECT_FALSE(certs::decode_answer(ring.handle(certs::encode_log_verifier_key(1), ledger_))->done);
}

class NextLogKey : public LogKey {
 protected:
  void SetUp() override {
    LogKey::SetUp();
    ASSERT_TRUE(ring_.set_next_log_key({"/keys/log.next", certs::format_signer_key(next_), 0100600}).ok());
  }
  certs::Handover handover(std::uint64_t size, char root = 'r') const {
    return {checkpoint(size, root), certs::verifier_of(key_), certs::verifier_of(next_)};
  }
  certs::KeeperAnswer hand_over(const certs::Handover& wanted) {
    return ask(certs::encode_sign_handover(1, certs::format_handover(wanted)), ledger_);
  }
  // Whose signature the ring puts below this checkpoint; nobody's if it refuses.
  const certs::SignerKey* signer_of(const certs::Checkpoint& wanted) {
    const std::string text = certs::format_checkpoint(wanted);
    const auto answer = sign(text);
    if (!answer.done) return nullptr;
    const auto note = certs::parse_note(text + "\n" + *certs::decode_text_payload(answer.payload));
    for (const certs::SignerKey* key : {&key_, &next_}) {
      if (certs::check_signature(*note, certs::verifier_of(*key)) == certs::Signed::Yes) return key;
    }
    return nullptr;
  }
  void reload(const certs::SignerKey& current, const certs::SignerKey* next) {
    KeyRing fresh;
    ASSERT_TRUE(fresh.set_log_key({"/keys/log", certs::format_signer_key(current), 0100600}).ok());
    if (next != nullptr) {
      ASSERT_TRUE(fresh.set_next_log_key({"/keys/next", certs::format_signer_key(*next), 0100600}).ok());
    }
    ring_.adopt(fresh);
  }
  certs::SignerKey next_{"postern/test", base::Secret(std::string(32, 'n'))};
  certs::SignerKey other_{"postern/test", base::Secret(std::string(32, 'o'))};
};

TEST_F(NextLogKey, IsHandedOverToByBothKeysAndSignsFromThenOn) {
  EXPECT_EQ(signer_of(checkpoint(5)), &key_);
  const auto answer = hand_over(handover(5));
  ASSERT_TRUE(answer.done) << answer.payload;
  const std::string note =
      certs::format_handover(handover(5)) + "\n" + *certs::decode_text_payload(answer.payload);
  EXPECT_EQ(*certs::open_handover(note), handover(5));
  EXPECT_EQ(signer_of(checkpoint(5)), &next_);
  EXPECT_EQ(signer_of(checkpoint(9)), &next_);
  EXPECT_EQ(*certs::decode_text_payload(ask(certs::encode_successor_key(1), ledger_).payload),
            certs::format_verifier_key(certs::verifier_of(next_)));
}

TEST_F(NextLogKey, IsHandedOverToOnceAndInOneWay) {
  ASSERT_TRUE(hand_over(handover(5)).done);
  EXPECT_FALSE(hand_over(handover(6)).done);
  EXPECT_FALSE(hand_over(handover(5, 'x')).done);
  EXPECT_EQ(signer_of(checkpoint(9)), &next_);
  EXPECT_TRUE(hand_over(handover(5)).done) << "a ledger that was started anew shows it again";
  EXPECT_EQ(signer_of(checkpoint(8)), nullptr);
}

TEST_F(NextLogKey, IsHandedOverToWithoutAStepBack) {
  ASSERT_TRUE(signs(checkpoint(5)));
  EXPECT_FALSE(hand_over(handover(4)).done);
  EXPECT_FALSE(hand_over(handover(5, 'x')).done);
  ASSERT_TRUE(hand_over(handover(6)).done);
  EXPECT_FALSE(signs(checkpoint(5)));
}

TEST_F(NextLogKey, IsTheOnlyOneThatIsHandedOverTo) {
  certs::Handover wrong = handover(5);
  wrong.to = certs::verifier_of(other_);
  EXPECT_FALSE(hand_over(wrong).done);
  wrong = handover(5);
  std::swap(wrong.from, wrong.to);
  EXPECT_FALSE(hand_over(wrong).done);
  for (const std::string& text :
       {certs::format_checkpoint(checkpoint(5)), certs::format_handover(handover(5)) + "x\n"})
    EXPECT_FALSE(ask(certs::encode_sign_handover(1, text), ledger_).done) << text;
  EXPECT_FALSE(ask(certs::encode_sign_handover(1, certs::format_handover(handover(5))), support_).done);
  EXPECT_FALSE(sign(certs::format_handover(handover(5))).done) << "it is no ordinary checkpoint";
  reload(key_, nullptr);
  EXPECT_FALSE(hand_over(handover(5)).done);
}

TEST_F(NextLogKey, LeavesTheOldOneSilentWhateverIsReloaded) {
  ASSERT_TRUE(hand_over(handover(5)).done);
  reload(key_, &other_);
  EXPECT_EQ(signer_of(checkpoint(9)), nullptr);
  reload(key_, nullptr);
  EXPECT_EQ(signer_of(checkpoint(9)), nullptr);
  reload(next_, nullptr);
  EXPECT_EQ(signer_of(checkpoint(9)), &next_);
  reload(key_, &next_);
  EXPECT_EQ(signer_of(checkpoint(9)), &next_);
}

TEST_F(NextLogKey, IsOfTheSameLogAndAnotherKey) {
  KeyRing ring;
  ASSERT_TRUE(ring.set_log_key({"/keys/log", certs::format_signer_key(key_), 0100600}).ok());
  const certs::SignerKey stranger{"postern/other", base::Secret(std::string(32, 'n'))};
  EXPECT_NE(ring.set_next_log_key({"/n", certs::format_signer_key(stranger), 0100600})
                .error()
                .message.find("/n is the key of another log"),
            std::string::npos);
  EXPECT_FALSE(ring.set_next_log_key({"/n", certs::format_signer_key(key_), 0100600}).ok());
  EXPECT_FALSE(ring.set_next_log_key({"/n", certs::format_signer_key(next_), 0100644}).ok());
}

TEST_F(Ring, OrdersCertificatesForTheLinkAndForNobodyElse) {
  const Purpose link{Peer::Link, ""};
  const std::string order =
      certs::encode_sign_acme(1, "order", "https://acme.example/o", "n", "https://acme.example/1");
  EXPECT_EQ(ask(order, link).payload, "there is no account key");
  const std::string account = *certs::make_private_key(), next = *certs::make_private_key();
  const KeyFile none{"", "", 0};
  EXPECT_FALSE(
      ring_.set_acme({{"a.example"}, {}, ""}, {"/a", account, 0100640}, {"/n", next, 0100600}, none, "/acme")
          .ok());
  ASSERT_TRUE(
      ring_.set_acme({{"a.example"}, {}, ""}, {"/a", account, 0100600}, {"/n", next, 0100600}, none, "/acme")
          .ok());
  EXPECT_TRUE(ask(order, link).done);
  EXPECT_TRUE(ask(certs::encode_acme_thumbprint(1), link).done);
  for (const Purpose& other : {support_, ledger_, Purpose{Peer::Enforcer, ""}}) {
    EXPECT_FALSE(ask(order, other).done);
    EXPECT_FALSE(ask(certs::encode_acme_thumbprint(1), other).done);
  }
  EXPECT_EQ(ask(certs::encode_pass_public_key(1), link).payload, "the link may not ask this");
  EXPECT_FALSE(ask(certs::encode_sign_tls(1, key_id_, Scheme::EcdsaSha256, tls13_text()), link).done);
}

TEST_F(Ring, AnswersAChallengeOfAConfiguredNameAtTheSupportListenerWhileItRuns) {
  const Purpose link{Peer::Link, ""}, admin{Peer::Terminator, "admin"};
  const std::string begin = certs::encode_begin_challenge(1, "a.example", "token-1");
  const std::string shown = certs::encode_challenge_certificate(1, "a.example");
  const auto certificate = [&] { return *certs::decode_text_payload(ask(shown, support_).payload); };
  EXPECT_EQ(ask(begin, link).payload, "there is no account key");
  const std::string account = *certs::make_private_key(), next = *certs::make_private_key();
  ASSERT_TRUE(ring_
                  .set_acme({{"a.example"}, {}, ""}, {"/a", account, 0100600}, {"/n", next, 0100600},
                            KeyFile{"", "", 0}, "/acme")
                  .ok());
  EXPECT_EQ(certificate(), "");
  for (const Purpose& other : {support_, ledger_, Purpose{Peer::Enforcer, ""}})
    EXPECT_FALSE(ask(begin, other).done);
  EXPECT_EQ(ask(certs::encode_begin_challenge(1, "b.example", "t"), link).payload,
            "a challenge is for a name that no certificate is ordered for");
  for (const char* token : {"", "../x", "a b", "a=="})
    EXPECT_EQ(ask(certs::encode_begin_challenge(1, "a.example", token), link).payload,
              "the token of a challenge is none");

  ASSERT_TRUE(ask(begin, link).done);
  const auto chain = certs::read_chain(certificate());
  ASSERT_TRUE(chain.ok());
  const std::string sign =
      certs::encode_sign_tls(1, chain->front().key_id, Scheme::EcdsaSha256, tls13_text());
  EXPECT_TRUE(ask(sign, support_).done);
  KeyRing fresh;
  ASSERT_TRUE(fresh
                  .set_acme({{"a.example"}, {}, ""}, {"/a", account, 0100600}, {"/n", next, 0100600},
                            KeyFile{"", "", 0}, "/acme")
                  .ok());
  for (const Purpose& other : {link, ledger_, admin, Purpose{Peer::Enforcer, ""}}) {
    EXPECT_FALSE(ask(shown, other).done);
    EXPECT_FALSE(ask(sign, other).done);
  }
  ring_.adopt(fresh);
  EXPECT_NE(certificate(), "") << "it stays over a reload";
  ASSERT_TRUE(ask(certs::encode_end_challenge(1), link).done);
  EXPECT_EQ(certificate(), "");
  EXPECT_FALSE(ask(sign, support_).done);
}

TEST_F(Ring, KeysThatAreNoneOrNotTheCertificatesAreRefused) {
  const auto other = *certs::make_server_certificate(root_, {"b"}, certs::valid_for(kNow, kDay));
  EXPECT_FALSE(add({leaf_.certificate_pem, other.key_pem}).ok());
  EXPECT_FALSE(add({leaf_.certificate_pem, ""}).ok());
  EXPECT_FALSE(add({leaf_.certificate_pem, leaf_.certificate_pem}).ok());
  const auto encrypted = add({leaf_.certificate_pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"});
  EXPECT_NE(encrypted.error().message.find("is encrypted"), std::string::npos);
  KeyRing ring;
  EXPECT_FALSE(ring.set_pass_key({"pass", "short", 0100600}).ok());
  EXPECT_EQ(ring_.set_pass_key({"pass", KeyRing::format_pass_key(seed_), 0100600}).error().code,
            base::Code::Exists);
}

}  // namespace
}  // namespace postern::keeper
