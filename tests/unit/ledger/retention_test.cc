// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Old events go, their hashes stay, and the state is what it was; also when the gateway is killed on the way.
#include "gateway/ledger/retention.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class AgingLog : public House {
 protected:
  std::string log_folder() const { return folder.path() + "/log"; }
  std::string snapshot() const { return folder.path() + "/snapshot.json"; }
  audit::VerifyReport verify() const {
    return audit::verify_log(
        {log_folder(), certs::verifier_of({"postern/test", base::Secret(seed.view())}), {}});
  }
  std::string faults() const {
    const audit::VerifyReport report = verify();
    return report.ok() ? "" : report.faults[0].file + " " + report.faults[0].what;
  }
  std::uint64_t removed() const {
    std::uint64_t count = 0;
    for (const audit::RemovedEntries& one : verify().removed) count += one.count;
    return count;
  }
  template <typename Condition>
  void ticking(Condition condition) {
    until([&] {
      ledger->tick();
      return condition();
    });
  }
  void all_published() {
    ticking([&] {
      const auto head = audit::read_checkpoint(files, log_folder());
      return head.ok() && head->head.size == ledger_size();
    });
  }
  std::uint64_t ledger_size() {
    return audit::JournalReader::open(files, folder.path() + "/journal").value()->size();
  }
  void write_events(int count) {
    for (int i = 0; i < count; ++i) enforcer->append(line(audit::EventType::ExchangeRefused));
    const std::uint64_t wanted = enforcer_sent_ += static_cast<std::uint64_t>(count);
    until([&] { return enforcer->acked == wanted; });
  }
  void pass_time(base::Nanos by) { clock.advance(by); }
  static constexpr base::Nanos kOneDay = 24LL * 3600 * base::kSecond;

  // A log of which most is more than a day old, under a checkpoint.
  void make_old_log() {
    admin({{"command", "engineer.add"}, {"name", "erin"}});
    remote_access("read-only");
    write_events(700);
    all_published();
    pass_time(2 * kOneDay);
    write_events(40);
    all_published();
  }
  void keep_a_day() {
    limits.keep_events = kDay;
    ledger->set_limits(limits);
  }
  bool ran() { return fs::exists(snapshot()) && !fs::exists(log_folder() + "/tile/entries/001"); }
  void age() {
    keep_a_day();
    pass_time(Retention::kFirst);
    ticking([&] { return ran(); });
  }
  std::string refusal() {
    LedgerOptions options;
    options.directory = folder.path();
    auto opened = Ledger::open(loop, clock, files, std::move(options));
    return opened.ok() ? std::string("it opened") : opened.error().message;
  }
  void restart() {
    stop();
    enforcer_sent_ = 0;
    start();
  }
  std::uint64_t enforcer_sent_ = 0;
};

TEST_F(AgingLog, LosesWhatIsOldAndKeepsItsHashesAndItsState) {
  make_old_log();
  const state::State before = ledger->state();
  age();
  EXPECT_EQ(faults(), "");
  EXPECT_EQ(removed(), 512U);
  const audit::VerifyReport report = verify();
  ASSERT_TRUE(report.retention);
  EXPECT_EQ(report.retention->first_kept, 512U);
  EXPECT_EQ(report.entries + 512, report.head.size);
  const auto event = logged("log.retention");
  ASSERT_EQ(event.size(), 1U);
  EXPECT_THAT(event[0], HasSubstr("\"removed\":512"));
  EXPECT_THAT(event[0], HasSubstr(base::sha256_hex(*base::read_file(snapshot(), kSnapshotLimit))));
  EXPECT_EQ(ledger->state(), before);
  restart();
  EXPECT_EQ(ledger->state().engineers(), before.engineers());
  EXPECT_EQ(ledger->state().remote_access_mode(), before.remote_access_mode());
  write_events(300);
  all_published();
  EXPECT_EQ(faults(), "");
}

TEST_F(AgingLog, SaysOfARemovedEventThatItWasRemoved) {
  make_old_log();
  age();
  const auto proof = audit::prove_event(files, log_folder(), 7);
  ASSERT_FALSE(proof.ok());
  EXPECT_THAT(proof.error().message, HasSubstr("event 7 was removed by retention on 2026-03-03T"));
  EXPECT_TRUE(audit::prove_event(files, log_folder(), 600).ok());
}

TEST_F(AgingLog, LosesSegmentsOfTheJournalToo) {
  make_old_log();
  keep_a_day();
  pass_time(Retention::kFirst);
  ticking([&] { return ran(); });
  write_events(30);  // they begin a segment
  all_published();
  pass_time(3 * kOneDay);
  write_events(300);
  all_published();
  pass_time(Retention::kEvery);
  ticking([&] { return audit::JournalReader::open(files, folder.path() + "/journal").value()->first() > 0; });
  const auto engineers = ledger->state().engineers();
  restart();
  EXPECT_EQ(ledger->state().engineers(), engineers);
  EXPECT_EQ(faults(), "");
  fs::remove(snapshot());
  stop();
  EXPECT_THAT(refusal(), HasSubstr("is missing"));
  EXPECT_THAT(refusal(),
              HasSubstr("snapshot.json, which stands for it, is missing and must be restored too"));
}

TEST_F(AgingLog, KeepsWhatIsYoungAndEverythingUnlessToldOtherwise) {
  make_old_log();
  pass_time(Retention::kEvery);
  for (int i = 0; i < 50; ++i) turn(base::kSecond);
  EXPECT_FALSE(fs::exists(snapshot())) << "for ever";
  limits.keep_events = 10 * kDay;
  ledger->set_limits(limits);
  pass_time(Retention::kEvery);
  for (int i = 0; i < 50; ++i) turn(base::kSecond);
  EXPECT_TRUE(logged("log.retention").empty());
  EXPECT_EQ(removed(), 0U);
}

TEST_F(AgingLog, KeepsWhatAnOpenGrantBeganWith) {
  write_events(100);
  remote_access("approved");
  const std::string session = visit("alice");
  const base::Json request = done(*enforcer, {{"command", "request.create"},
                                              {"session", session},
                                              {"capabilities", base::Json::array({"metrics.read"})},
                                              {"reason", "look"}});
  const std::string id = base::json_text_or(request, "id", "");
  admin({{"command", "request.approve"}, {"id", id}, {"duration", "20d"}});
  const std::uint64_t begun = log().size();
  write_events(700);
  all_published();
  pass_time(2 * kOneDay);
  write_events(10);
  all_published();
  keep_a_day();
  pass_time(Retention::kFirst);
  for (int i = 0; i < 50; ++i) turn(base::kSecond);
  EXPECT_FALSE(ledger->state().grants().empty());
  EXPECT_LT(begun, 256U);
  EXPECT_EQ(removed(), 0U) << "the request stands in the first bundle";
}

TEST_F(AgingLog, WaitsAWeekWhenTheClockJumps) {
  make_old_log();
  keep_a_day();
  clock.jump(400 * kDay);
  pass_time(Retention::kFirst);
  for (int i = 0; i < 50; ++i) turn(base::kSecond);
  EXPECT_EQ(removed(), 0U);
  for (int day = 0; day < 7; ++day) {
    pass_time(Retention::kEvery);
    for (int i = 0; i < 10; ++i) turn(base::kSecond);
    EXPECT_TRUE(day >= 5 || !fs::exists(snapshot())) << day;
  }
  ticking([&] { return ran(); });
  EXPECT_EQ(faults(), "");
}

TEST_F(AgingLog, IsNotOpenedWithAnotherSnapshot) {
  make_old_log();
  age();
  stop();
  const std::string good = *base::read_file(snapshot(), kSnapshotLimit);
  Snapshot other = *parse_snapshot(good);
  other.key_ordered = "changed";
  ASSERT_TRUE(base::write_file(snapshot(), format_snapshot(other), 0640).ok());
  EXPECT_THAT(refusal(), HasSubstr("snapshot.json is not the one that the log's event log.retention names"));
  ASSERT_TRUE(base::write_file(snapshot(), good.substr(0, good.size() / 2), 0640).ok());
  EXPECT_THAT(refusal(), HasSubstr("snapshot.json is damaged"));
  ASSERT_TRUE(base::write_file(snapshot(), good, 0640).ok());
  EXPECT_EQ(refusal(), "it opened");
}

// Killed at each of the first operations on the disk, and at later ones ever further apart: the log verifies, the state is the same, and
// it is done in the end.
TEST_F(AgingLog, ComesToItsEndAfterKillNineAtAnyMoment) {
  int killed = 0;
  for (int round = 0;; round += 1 + round / 4) {
    limits.keep_events = 0;
    ledger->set_limits(limits);
    make_old_log();
    const auto engineers = ledger->state().engineers();
    const std::uint64_t before = removed();
    files.die_after(round);
    keep_a_day();
    pass_time(Retention::kEvery);
    ticking([&] { return files.dead() || removed() > before; });
    const bool dead = files.dead();
    stop();
    files.revive();
    ASSERT_EQ(faults(), "") << round;
    enforcer_sent_ = 0;
    start();
    ASSERT_EQ(ledger->state().engineers(), engineers) << round;
    keep_a_day();
    pass_time(Retention::kFirst);
    ticking([&] { return removed() > before; });
    ASSERT_EQ(faults(), "") << round;
    if (!dead) break;
    ++killed;
    ASSERT_LT(round, 200);
  }
  EXPECT_GT(killed, 5);
}

}  // namespace
}  // namespace postern::ledger
