// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/certificate_watch.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "tests/unit/enforcer/fakes.h"

namespace postern::enforcer {
namespace {

struct Deaf final : LedgerListener {
  void on_state(const ipc::StateSnapshot&, const base::Json&) override {}
  void on_change(const ipc::Change&, const base::Json&) override {}
  void on_policy(std::string_view, const std::string*) override {}
  void on_cookie(const ipc::Cookie&) override {}
  void on_jars_wanted() override {}
  void on_node_task(const ipc::NodeTask&) override {}
  void on_activity_due() override {}
};

class CertificateWatches : public ::testing::Test {
 protected:
  CertificateWatches() {
    EXPECT_TRUE(base::init_crypto().ok());
    access.set_state({});
    auto sockets = *ipc::make_socket_pair();
    client.set_channel(std::move(sockets.first));
    ledger = std::make_unique<FakeLedger>(loop, std::move(sockets.second));
    trust();
  }
  void trust(certs::Demands demands = {}) {
    certs::ClientTrust wanted{authority.certificate_pem};
    wanted.demands = std::move(demands);
    verifier.emplace(*certs::ClientVerifier::make(wanted));
  }
  // An engineer's session, and their certificate kept.
  void visit(const std::string& name, base::Micros lasts = 3600 * base::kWallSecond) {
    const auto made = *certs::make_client_certificate(
        authority, name, name + "@vendor.example", certs::valid_for(loop.wall(), 86'400 * base::kWallSecond));
    chain = *certs::pem_to_der(made.certificate_pem);
    certs::ClientAnswer answer = verifier->judge(chain, loop.wall());
    ASSERT_TRUE(answer.identity) << answer.failure->sentence;
    answer.identity->until = loop.wall() + lasts;
    fold("session.opened", name,
         {{"engineer", name}, {"method", "certificate"}, {"certificate", answer.identity->fingerprint}});
    watch.keep(*answer.identity, chain);
  }
  void fold(const char* type, const std::string& session, base::Json detail) {
    access.apply({{"id", "e"},
                  {"type", type},
                  {"time", base::format_time(loop.wall())},
                  {"session", session},
                  {"detail", std::move(detail)}});
  }
  // The why of each command so far; all have one form.
  std::vector<std::string> whys(std::size_t at_least) {
    EXPECT_TRUE(turn_until(
        loop, [&] { return ledger->commands.size() >= at_least; }, 2000));
    std::vector<std::string> out;
    for (const auto& [id, text] : ledger->commands) {
      const base::Json order = *base::parse_json(text);
      EXPECT_EQ(order["command"], "certificate.end");
      out.push_back(order["why"]);
    }
    return out;
  }
  std::size_t commands_after_some_turns() {
    for (int i = 0; i < 20; ++i) loop.turn();
    return ledger->commands.size();
  }

  loop::Loop loop;
  Deaf deaf;
  LedgerClient client{loop, deaf};
  std::unique_ptr<FakeLedger> ledger;
  Access access;
  const certs::Credentials authority = *certs::make_authority(
      "Support", certs::valid_for(base::SystemClock().wall(), 30LL * 86'400 * base::kWallSecond));
  std::optional<certs::ClientVerifier> verifier;
  std::vector<std::string> chain;
  CertificateWatch watch{loop, client, access, verifier};
};

TEST_F(CertificateWatches, WhatIsStillBelievedIsLeftAlone) {
  visit("alice");
  watch.judge_all();
  watch.look();
  EXPECT_EQ(commands_after_some_turns(), 0U);
  EXPECT_EQ(watch.kept(), 1U);
}

TEST_F(CertificateWatches, OfManyOnlyThoseAreEndedThatAreNotBelieved) {
  for (std::size_t i = 0; i < 2 * CertificateWatch::kPortion + 3; ++i) visit("e" + std::to_string(i));
  trust({{"e7@vendor.example", "e140@vendor.example"}, {}, 0});
  watch.judge_all();
  EXPECT_EQ(whys(2 * CertificateWatch::kPortion + 2).size(), 2 * CertificateWatch::kPortion + 2);
  EXPECT_EQ(commands_after_some_turns(), 2 * CertificateWatch::kPortion + 2);
}

TEST_F(CertificateWatches, ItIsSaidAgainUntilTheSessionHasEnded) {
  visit("alice");
  verifier.reset();
  watch.judge_all();
  watch.look();
  EXPECT_EQ(whys(2)[1], "client certificates are no longer asked for");
  fold("session.ended", "alice", {{"reason", "certificate_refused"}});
  watch.look();
  EXPECT_EQ(commands_after_some_turns(), 2U);
  EXPECT_EQ(watch.kept(), 0U);
}

TEST_F(CertificateWatches, AnAnswerThatIsOverIsAskedForAgain) {
  visit("alice", 0);
  watch.look();
  EXPECT_EQ(commands_after_some_turns(), 0U);
  visit("bob", 0);
  trust({{"nobody@vendor.example"}, {}, 0});
  watch.look();
  EXPECT_EQ(
      whys(1)[0],
      "the certificate of CN=bob is for bob@vendor.example, and only names like nobody@vendor.example count");
  EXPECT_EQ(commands_after_some_turns(), 1U) << "alice's answer holds again for as long as her certificate";
}

TEST_F(CertificateWatches, OnlyARevocationEndsASessionFromWhereItIsShown) {
  visit("alice");
  watch.refused(chain.front(), {certs::Rule::UnknownIssuer, 1, "the issuer is missing"});
  EXPECT_EQ(commands_after_some_turns(), 0U);
  watch.refused(chain.front(), {certs::Rule::Revoked, 1, "it was revoked"});
  EXPECT_EQ(whys(1)[0], "it was revoked");
}

TEST_F(CertificateWatches, WhatIsKeptIsBounded) {
  visit("alice");
  certs::ClientIdentity other;
  other.fingerprint = "another";
  watch.keep(other, {std::string(CertificateWatch::kMostBytes, 'x')});
  EXPECT_EQ(watch.kept(), 1U);
}

}  // namespace
}  // namespace postern::enforcer
