// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Another key for a running log, and what kill -9 leaves of that at any moment.
#include <gmock/gmock.h>

#include <filesystem>

#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using ::testing::HasSubstr;

class RotatingLog : public House {
 protected:
  std::string log_folder() const { return folder.path() + "/log"; }
  certs::VerifierKey key_of(const base::Secret& of) const {
    return certs::verifier_of({"postern/test", base::Secret(of.view())});
  }
  audit::VerifyReport verify(const certs::VerifierKey& key) const {
    return audit::verify_log({log_folder(), key, {}});
  }
  std::string faults(const certs::VerifierKey& key) const {
    const audit::VerifyReport report = verify(key);
    return report.ok() ? "" : report.faults[0].file + " " + report.faults[0].what;
  }
  certs::VerifierKey checkpoint_key() const {
    const auto checkpoint = audit::read_checkpoint(audit::system_files(), log_folder());
    for (const base::Secret* of : {&seed, &next_seed}) {
      if (checkpoint.ok() && certs::check_signature(checkpoint->note, key_of(*of)) == certs::Signed::Yes)
        return key_of(*of);
    }
    return {};
  }
  void give_next_key(char of = 'n') {
    next_seed = base::Secret(std::string(32, of));
    give_keeper();
  }
  static base::Json rotate() { return by_admin({{"command", "log.rotate_key"}}); }
  template <typename Condition>
  void ticking(Condition condition) {
    until([&] {
      ledger->tick();
      return condition();
    });
  }
  Client::Answer order() {
    const std::uint64_t id = console->command(rotate());
    ticking([&] { return console->answers.count(id) > 0; });
    return console->answers[id];
  }
  void drain() {
    bool drained = false;
    ledger->drain([&] { drained = true; });
    until([&] { return drained; });
  }
};

TEST_F(RotatingLog, GoesOnUnderItsNextKeyAndTheFirstStillVerifiesIt) {
  visit("alice");
  give_next_key();
  const auto answer = order();
  ASSERT_TRUE(answer.ok) << base::dump_json(answer.json);
  EXPECT_EQ(base::json_text_or(answer.json, "old", ""), certs::format_verifier_key(key_of(seed)));
  EXPECT_EQ(base::json_text_or(answer.json, "new", ""), certs::format_verifier_key(key_of(next_seed)));
  EXPECT_EQ(checkpoint_key(), key_of(next_seed));
  const std::vector<std::string> events = logged("log.key_changed");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0], HasSubstr("\"actor\":\"admin:root\""));
  EXPECT_THAT(events[0], HasSubstr(answer.event));
  ticking([&] { return console->verifier_key == certs::format_verifier_key(key_of(next_seed)); });
  visit("bob");
  drain();
  for (const base::Secret* of : {&seed, &next_seed}) {
    EXPECT_EQ(faults(key_of(*of)), "");
    EXPECT_EQ(verify(key_of(*of)).entries, log().size());
    ASSERT_EQ(verify(key_of(*of)).handovers.size(), 1U);
    EXPECT_EQ(verify(key_of(*of)).handovers[0].head.size,
              static_cast<std::uint64_t>(base::json_number_or(answer.json, "size", 0)));
  }
}

TEST_F(RotatingLog, TheEventStandsUnderTheOldKeysLastSignature) {
  give_next_key();
  ASSERT_TRUE(order().ok);
  const auto size = verify(key_of(seed)).handovers.at(0).head.size;
  std::vector<std::string> before = log();
  before.resize(size);
  EXPECT_TRUE(std::any_of(before.begin(), before.end(),
                          [](const std::string& line) { return line.find("log.key_changed") != line.npos; }));
}

TEST_F(RotatingLog, OrderedTwiceIsDoneOnce) {
  give_next_key();
  ASSERT_TRUE(order().ok);
  ASSERT_TRUE(order().ok);
  stop();
  start();
  ASSERT_TRUE(order().ok);
  EXPECT_EQ(logged("log.key_changed").size(), 1U);
  EXPECT_EQ(faults(key_of(seed)), "");
}

TEST_F(RotatingLog, GoesOnToAThirdKeyOnceTheSecondIsTheOnlyOne) {
  const certs::VerifierKey first = key_of(seed);
  give_next_key();
  ASSERT_TRUE(order().ok);
  seed = base::Secret(next_seed.view());
  next_seed = {};
  give_keeper();
  remote_access("all");
  ticking([&] { return verify(first).head.size == log().size(); });
  give_next_key('m');
  ASSERT_TRUE(order().ok);
  drain();
  EXPECT_EQ(faults(first), "");
  EXPECT_EQ(verify(first).handovers.size(), 2U);
}

TEST_F(RotatingLog, SaysWhenThereIsNoNextKeyAndStaysWithItsOwn) {
  const std::uint64_t id = console->command(rotate());
  for (int i = 0; i < 100; ++i) loop.turn();
  turn(Ledger::kKeyChangeTimeout);
  until([&] { return console->answers.count(id) > 0; });
  const auto answer = console->answers[id];
  ASSERT_FALSE(answer.ok);
  EXPECT_EQ(base::json_text_or(answer.json, "code", ""), "not_ready");
  EXPECT_THAT(base::json_text_or(answer.json, "message", ""), HasSubstr("the keeper has no next key"));
  EXPECT_TRUE(logged("log.key_changed").empty());
  EXPECT_FALSE(this->answer(*console, {{"command", "log.rotate_key"}, {"actor", "engineer:eve"}}).ok);
  const std::uint64_t breach = enforcer->command(rotate());
  until([&] { return enforcer->closed; });
  EXPECT_EQ(enforcer->answers.count(breach), 0U);
}

TEST_F(RotatingLog, ANextKeyAloneChangesNothing) {
  give_next_key();
  remote_access("all");
  drain();
  EXPECT_EQ(checkpoint_key(), key_of(seed));
  EXPECT_TRUE(verify(key_of(seed)).handovers.empty());
}

TEST_F(RotatingLog, SignsNothingWhenTheKeyItWasHandedOverToIsGone) {
  give_next_key();
  ASSERT_TRUE(order().ok);
  drain();
  stop();
  const std::string before = *base::read_file(log_folder() + "/checkpoint", 1 << 16);
  next_seed = base::Secret(std::string(32, 'z'));
  start();
  remote_access("off");
  ticking([&] { return !console->problem.empty(); });
  EXPECT_THAT(console->problem, HasSubstr("put that back as log.key"));
  EXPECT_EQ(*base::read_file(log_folder() + "/checkpoint", 1 << 16), before);
}

TEST_F(RotatingLog, IsNotOpenedWithADamagedHandover) {
  give_next_key();
  ASSERT_TRUE(order().ok);
  const std::string path = log_folder() + "/" + audit::handover_path(key_of(seed));
  stop();
  ASSERT_TRUE(base::write_file(path, "x", 0640).ok());
  LedgerOptions options;
  options.directory = folder.path();
  const auto opened = Ledger::open(loop, clock, files, std::move(options));
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr(path + ": "));
  EXPECT_THAT(opened.error().message, HasSubstr("restore it from a copy"));
}

// Killed at every single operation on the disk, the keeper with it every other time: what lies there is a whole log
// under one of the keys, and ordering it again comes to its end.
TEST_F(RotatingLog, IsUnderOneKeyOrTheOtherAfterKillNineAtAnyMoment) {
  int not_yet = 0, handed_over = 0;
  bool came_through = false;
  for (char round = 0; !came_through; ++round) {
    const certs::VerifierKey first = key_of(seed);
    give_next_key(static_cast<char>(round + 1));
    files.die_after(round);
    const std::uint64_t id = console->command(rotate());
    ticking([&] { return files.dead() || console->answers.count(id) > 0; });
    came_through = !files.dead();
    stop();
    files.revive();
    if (std::filesystem::exists(log_folder() + "/checkpoint")) {
      ASSERT_EQ(faults(first), "") << int{round};
    }
    const bool done = std::filesystem::exists(log_folder() + "/" + audit::handover_path(first));
    ++(done ? handed_over : not_yet);
    start();
    if (round % 2 == 0) give_keeper();
    ASSERT_TRUE(order().ok) << int{round};
    ASSERT_EQ(faults(first), "") << int{round};
    ASSERT_EQ(checkpoint_key(), key_of(next_seed)) << int{round};
    seed = base::Secret(next_seed.view());
    next_seed = {};
    give_keeper();
  }
  EXPECT_GT(not_yet, 5);
  EXPECT_GT(handed_over, 3);
}

}  // namespace
}  // namespace postern::ledger
