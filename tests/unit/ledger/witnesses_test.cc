// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A running ledger whose log is witnessed: what it gives the link to carry, and what it makes of the answers.
#include <gmock/gmock.h>

#include <filesystem>

#include "audit/witnessed.h"
#include "base/file.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using ::testing::HasSubstr;

class LogWitnesses : public House {
 protected:
  LogWitnesses() {
    stop();
    witnessing.witnesses = {{"north", "https://north.example/witness", key_of(north)}};
    start();
    link = join(Sender::Link, 0);
    turn(base::kSecond);
    publish();
  }
  static certs::VerifierKey key_of(const certs::SignerKey& key) {
    return certs::make_verifier_key(key.name, certs::NoteAlgorithm::Cosignature,
                                    base::ed25519_public(key.seed));
  }
  // The pool's threads have done what they were given.
  void settle() {
    for (int i = 0; i < 4; ++i) {
      bool idle = false;
      loop.run_elsewhere([] {}, [&idle] { idle = true; });
      until([&idle] { return idle; });
      turn(base::kMillisecond);
    }
  }
  // Turned until there is one more errand; false if there is none within a while of the clock.
  bool asked(std::size_t number, int seconds = 15) {
    for (int i = 0; i < seconds && link->errands.size() < number; ++i) {
      turn(base::kSecond);
      settle();
    }
    return link->errands.size() >= number;
  }
  audit::AddCheckpoint request(std::size_t number) {
    return *audit::parse_add_checkpoint(link->errands.at(number - 1).body);
  }
  std::uint64_t size_of(std::size_t number) {
    return audit::parse_signed_checkpoint(request(number).checkpoint, "")->head.size;
  }
  void deliver(std::size_t number, std::uint16_t status, std::string_view body) {
    link->send(ipc::ToLedger::Delivered, ipc::Delivered{link->errands.at(number - 1).id, status, body});
    settle();
  }
  std::string cosignature(std::size_t number, const certs::SignerKey& by) {
    const auto note = certs::parse_note(request(number).checkpoint);
    return certs::cosignature_line(by, note->text,
                                   static_cast<std::uint64_t>(clock.wall() / base::kWallSecond));
  }
  void cosign(std::size_t number) {
    deliver(number, 200, cosignature(number, north));
    until([&] { return state() == "cosigned"; });
  }
  base::Json told() {
    turn(0);
    return console->witnessing.value("witnesses", base::Json::array()).at(0);
  }
  std::string state() { return base::json_text_or(told(), "state", ""); }
  std::string problem() { return base::json_text_or(told(), "problem", ""); }
  std::string checkpoint() { return *base::read_file(folder.path() + "/log/checkpoint", 1 << 16); }
  // All that there is; the publisher goes by the loop's own clock.
  void publish() {
    settle();
    const std::size_t events = log().size();
    until([&] {
      turn(0);
      return console->published.size >= events;
    });
  }
  // Something that counts, published.
  void grow() {
    const auto before = console->published.size;
    remote_access(std::exchange(on_, !on_) ? "off" : "all");
    publish();
    ASSERT_GT(console->published.size, before);
  }

  const certs::SignerKey north{"north.example/w", base::Secret(std::string(32, 'n'))};
  std::unique_ptr<Client> link;
  bool on_ = false;
};

TEST_F(LogWitnesses, AreShownTheCheckpointAndTheirCosignatureIsKept) {
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(link->errands[0].place, "north");
  EXPECT_EQ(request(1).old_size, 0U);
  EXPECT_EQ(state(), "new");
  cosign(1);
  EXPECT_EQ(told()["size"], size_of(1));
  const auto found =
      audit::read_witnessing(audit::system_files(), folder.path() + "/log",
                             certs::verifier_of({"postern/test", base::Secret(seed.view())}), key_of(north));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->checkpoint.head.size, size_of(1));
  EXPECT_EQ(logged("log.witnessed").size(), 1U);
}

TEST_F(LogWitnesses, CosignatureStandsInTheCheckpointWhileThatIsTheNewest) {
  ASSERT_TRUE(asked(1));
  grow();
  cosign(1);
  EXPECT_EQ(checkpoint().find("north.example/w"), std::string::npos) << "a newer one is there by now";
  grow();
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(request(2).old_size, size_of(1));
  ASSERT_EQ(size_of(2), console->published.size);
  cosign(2);
  until([&] {
    turn(0);
    return checkpoint().find("north.example/w") != std::string::npos;
  });
  EXPECT_TRUE(certs::cosigned_at(*certs::parse_note(checkpoint()), key_of(north)));
  grow();
  EXPECT_EQ(checkpoint().find("north.example/w"), std::string::npos);
}

TEST_F(LogWitnesses, AreNotAskedForWhatWitnessesThemselvesCause) {
  ASSERT_TRUE(asked(1));
  cosign(1);
  publish();
  EXPECT_GT(console->published.size, size_of(1)) << "log.witnessed";
  EXPECT_FALSE(asked(2, 120));
  grow();
  EXPECT_TRUE(asked(2));
  cosign(2);
  EXPECT_EQ(logged("log.witnessed").size(), 1U) << "the same news is told once";
}

TEST_F(LogWitnesses, AreAskedAtTheirOwnPaceOverManyCheckpoints) {
  ASSERT_TRUE(asked(1));
  cosign(1);
  for (int i = 0; i < 5; ++i) grow();
  EXPECT_EQ(link->errands.size(), 1U);
  EXPECT_TRUE(asked(2));
}

TEST_F(LogWitnesses, SayOnceWhereTheyAre) {
  grow();
  ASSERT_TRUE(asked(1));
  const std::uint64_t size = size_of(1);
  deliver(1, 409, std::to_string(size - 1) + "\n");
  ASSERT_TRUE(asked(2, 2));
  EXPECT_EQ(request(2).old_size, size - 1);
  deliver(2, 409, std::to_string(size - 2) + "\n");
  EXPECT_EQ(state(), "failing");
  EXPECT_THAT(problem(), HasSubstr("contradicts itself"));
}

TEST_F(LogWitnesses, ThatHaveSeenMoreConvictTheLogOfBeingRolledBack) {
  ASSERT_TRUE(asked(1));
  deliver(1, 409, std::to_string(size_of(1) + 50) + "\n");
  EXPECT_EQ(state(), "refused");
  EXPECT_THAT(problem(), HasSubstr("it was rolled back"));
  ASSERT_EQ(logged("log.witness_refused").size(), 1U);
  EXPECT_THAT(logged("log.witness_refused")[0], HasSubstr("\"severity\":\"severe\""));
  for (std::size_t i = 2; i < 6; ++i) {
    ASSERT_TRUE(asked(i, 60)) << i;
    deliver(i, 422, "");
  }
  EXPECT_EQ(logged("log.witness_refused").size(), 1U) << "not again within the hour";
}

TEST_F(LogWitnesses, ThatHaveSeenAnotherHistoryAreASevereEvent) {
  ASSERT_TRUE(asked(1));
  cosign(1);
  grow();
  ASSERT_TRUE(asked(2));
  deliver(2, 422, "no");
  EXPECT_EQ(state(), "refused");
  EXPECT_EQ(logged("log.witness_refused").size(), 1U);
  ASSERT_TRUE(asked(3, 60));
  cosign(3);
  EXPECT_EQ(logged("log.witnessed").size(), 2U) << "that it is well again is told";
}

TEST_F(LogWitnesses, AreNotBelievedWithoutACosignatureByTheirKey) {
  const certs::SignerKey stranger{"north.example/w", base::Secret(std::string(32, 'x'))};
  ASSERT_TRUE(asked(1));
  deliver(1, 200, cosignature(1, stranger));
  EXPECT_EQ(state(), "failing");
  EXPECT_THAT(problem(), HasSubstr("no cosignature by the key of north.example/w"));
  ASSERT_TRUE(asked(2, 60));
  const auto note = certs::parse_note(request(2).checkpoint);
  deliver(2, 200, certs::cosignature_line(north, note->text, 5));
  EXPECT_THAT(problem(), HasSubstr("more than a day from ours"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/log/witnessed"));
}

TEST_F(LogWitnesses, ThatFailForLongAreAnEventAndTheLogGoesOn) {
  std::size_t number = 1;
  for (; number < 30 && logged("log.witness_failed").empty(); ++number) {
    ASSERT_TRUE(asked(number, 400)) << number;
    deliver(number, 0, "no connection to north.example:443: Connection refused");
  }
  EXPECT_EQ(state(), "failing");
  EXPECT_THAT(logged("log.witness_failed").at(0), HasSubstr("Connection refused"));
  EXPECT_LT(number, 10U) << "it is asked ever more rarely";
  grow();
  ASSERT_TRUE(asked(number, 400));
  cosign(number);
  EXPECT_EQ(problem(), "");
  EXPECT_EQ(logged("log.witness_failed").size(), 1U);
}

TEST_F(LogWitnesses, AreAskedAgainWhenTheLinkComesBack) {
  ASSERT_TRUE(asked(1));
  link = join(Sender::Link, 0);
  ASSERT_TRUE(asked(1)) << "the first of the new link";
  cosign(1);
}

TEST_F(LogWitnesses, AreRememberedOverARestart) {
  ASSERT_TRUE(asked(1));
  cosign(1);
  until([&] { return !logged("log.witnessed").empty(); });
  const std::uint64_t before = size_of(1);
  link.reset();
  stop();
  start();
  link = join(Sender::Link, 0);
  grow();
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(request(1).old_size, before);
  cosign(1);
  EXPECT_EQ(logged("log.witnessed").size(), 1U);
}

TEST_F(LogWitnesses, LinkMaySayNothingButWhatItBrought) {
  const auto cut_off = [&](const std::function<void(Client&)>& say) {
    auto peer = join(Sender::Link, 0);
    say(*peer);
    for (int i = 0; i < 50 && !peer->closed; ++i) turn(base::kMillisecond);
    return peer->closed;
  };
  EXPECT_TRUE(cut_off([&](Client& c) { c.append(line(audit::EventType::ExchangeForwarded)); }));
  EXPECT_TRUE(cut_off([&](Client& c) { c.append(line(audit::EventType::NodeDown)); }));
  EXPECT_TRUE(cut_off([&](Client& c) {
    c.command(by_admin({{"command", "remote_access.set"}, {"mode", "all"}}));
  }));
  EXPECT_TRUE(cut_off([&](Client& c) {
    c.command({{"command", "witness.add_checkpoint"}, {"request", ""}});
  }));
  EXPECT_TRUE(cut_off([&](Client& c) { c.send(ipc::ToLedger::Delivered, ipc::Delivered{77, 200, "x"}); }));
  EXPECT_TRUE(cut_off([&](Client& c) { c.send(ipc::ToLedger::Applied, ipc::Applied{}); }));
  EXPECT_TRUE(cut_off(
      [&](Client& c) { c.raw(static_cast<std::uint16_t>(ipc::ToLedger::Activity), std::string(4, '\0')); }));
  EXPECT_FALSE(cut_off([](Client&) {}));
}

TEST_F(LogWitnesses, LinkIsToldErrandsAndNothingElse) {
  ASSERT_TRUE(asked(1));
  visit("alice");
  turn(base::kSecond);
  EXPECT_EQ(link->states, 0);
  EXPECT_TRUE(link->changes.empty());
  EXPECT_EQ(link->policy, "");
  EXPECT_FALSE(link->writable);
  EXPECT_TRUE(link->witnessing.is_null());
}

}  // namespace
}  // namespace postern::ledger
