// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What we answer as a witness (C2SP tlog-witness), and what grows the log and what does not.
#include <gmock/gmock.h>

#include "audit/witness.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/memory_files.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using audit::MadeLog;
using ::testing::HasSubstr;

class AddCheckpoint : public ::testing::Test {
 protected:
  void grow(std::uint64_t events) { ASSERT_TRUE(log->append(events).ok() && log->publish().ok()); }
  std::string request(std::uint64_t old_size) {
    return audit::format_add_checkpoint(*audit::make_add_checkpoint(files, "d/log", old_size));
  }
  Decision ask(const std::string& text) {
    Context context = scene.context();
    context.logs = logs;
    Decision decision =
        decide_command(context, Sender::Console,
                       {{"command", "witness.add_checkpoint"}, {"from", "192.0.2.9:7"}, {"request", text}});
    scene.take(decision.events);
    return decision;
  }
  int status(const std::string& text) {
    const Decision decision = ask(text);
    EXPECT_FALSE(decision.refused);
    return decision.reply.at("status");
  }
  std::size_t events(EventType type) const {
    return static_cast<std::size_t>(std::count_if(scene.all.begin(), scene.all.end(),
                                                  [&](const Draft& draft) { return draft.type == type; }));
  }
  void later(base::Micros by = 10 * base::kWallSecond) { scene.now += by; }

  Scene scene;
  audit::MemoryFiles files;
  std::unique_ptr<MadeLog> log = *MadeLog::open(files, "d");
  std::vector<certs::VerifierKey> logs{certs::verifier_of(MadeLog::key())};
};

TEST_F(AddCheckpoint, IsRememberedBeforeItIsCosigned) {
  grow(10);
  const Decision decision = ask(request(0));
  EXPECT_EQ(decision.reply.at("status"), 200);
  ASSERT_EQ(decision.events.size(), 1U);
  EXPECT_EQ(decision.events[0].type, EventType::WitnessCosigned);
  const auto& seen = scene.state.witnessed().at("postern/test");
  EXPECT_EQ(seen.size, 10U);
  EXPECT_EQ(seen.at, scene.now);
  const auto note = certs::parse_note(decision.to_cosign);
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(certs::check_signature(*note, logs[0]), certs::Signed::Yes);
}

TEST_F(AddCheckpoint, AnswersInTheStatusOfTheSpecification) {
  grow(10);
  EXPECT_EQ(status(request(0)), 200);
  later();
  grow(10);
  const Decision conflict = ask(request(0));
  EXPECT_EQ(conflict.reply.at("status"), 409);
  EXPECT_EQ(conflict.reply.at("size"), 10);
  EXPECT_EQ(status("nonsense"), 400);
  EXPECT_EQ(status("old 10\n\nnonsense"), 400);
  std::string larger = request(10);
  EXPECT_EQ(status(larger.replace(0, 6, "old 99")), 400);
  std::string unsigned_one = request(10);
  unsigned_one.replace(unsigned_one.find("\n20\n"), 4, "\n21\n");
  EXPECT_EQ(status(unsigned_one), 403);
  logs.clear();
  EXPECT_EQ(status(request(10)), 404);
  logs = {certs::verifier_of(MadeLog::key())};
  EXPECT_EQ(status(request(10)), 200);
  EXPECT_EQ(events(EventType::WitnessConflict), 0U);
}

TEST_F(AddCheckpoint, OfTheSameSizeGrowsNothing) {
  grow(10);
  ask(request(0));
  for (int i = 0; i < 100; ++i) {
    const Decision again = ask(request(10));
    EXPECT_EQ(again.reply.at("status"), 200);
    EXPECT_FALSE(again.to_cosign.empty());
    EXPECT_TRUE(again.events.empty());
  }
}

TEST_F(AddCheckpoint, ThatComesTooOftenWaits) {
  grow(10);
  EXPECT_EQ(status(request(0)), 200);
  grow(1);
  const Decision early = ask(request(10));
  EXPECT_EQ(early.reply.at("status"), 429);
  EXPECT_TRUE(early.to_cosign.empty() && early.events.empty());
  later();
  EXPECT_EQ(status(request(10)), 200);
  scene.now -= 3600 * base::kWallSecond;  // a clock that was set back stops nobody
  grow(1);
  EXPECT_EQ(status(request(11)), 200);
}

TEST_F(AddCheckpoint, ThatIsNoReasonToBelieveGrowsNothing) {
  grow(10);
  ask(request(0));
  const std::size_t before = scene.all.size();
  later();
  grow(10);
  std::string unsigned_one = request(10);
  unsigned_one[unsigned_one.find("postern/test")] = 'q';
  for (const std::string& text : {std::string(), request(0), request(5), request(20), unsigned_one})
    ask(text);
  EXPECT_EQ(scene.all.size(), before);
}

TEST_F(AddCheckpoint, OfAnotherHistoryIsASevereEventWithItsEvidence) {
  grow(10);
  ask(request(0));
  later();
  audit::MemoryFiles elsewhere;
  const auto fork = *MadeLog::open(elsewhere, "d");
  ASSERT_TRUE(fork->journal->append(MadeLog::line(77)).ok() && fork->append(12).ok() && fork->publish().ok());
  const std::string forked =
      audit::format_add_checkpoint(*audit::make_add_checkpoint(elsewhere, "d/log", 10));
  const Decision decision = ask(forked);
  EXPECT_EQ(decision.reply.at("status"), 422);
  EXPECT_TRUE(decision.to_cosign.empty());
  ASSERT_EQ(decision.events.size(), 1U);
  EXPECT_EQ(decision.events[0].type, EventType::WitnessConflict);
  EXPECT_THAT(decision.events[0].detail, HasSubstr("\"proved\":true"));
  EXPECT_THAT(decision.events[0].detail, HasSubstr("\"known_size\":10"));
  EXPECT_EQ(scene.state.witnessed().at("postern/test").size, 10U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status(forked), 422);
  EXPECT_EQ(events(EventType::WitnessConflict), 1U) << "not again within the hour";
  later(2 * kHour);
  EXPECT_EQ(status(forked), 422);
  EXPECT_EQ(events(EventType::WitnessConflict), 2U);
  grow(10);
  EXPECT_EQ(status(request(10)), 200) << "the honest one is still followed";
}

TEST_F(AddCheckpoint, OfTwoRootsForOneSizeConvictsFromWhereverItIsAsked) {
  grow(10);
  ask(request(0));
  certs::Checkpoint other{"postern/test", 10, {}};
  other.root.fill('x');
  const Decision decision = ask("old 3\n\n" + MadeLog::signed_note(other));
  EXPECT_EQ(decision.reply.at("status"), 409);
  ASSERT_EQ(decision.events.size(), 1U);
  EXPECT_THAT(decision.events[0].detail, HasSubstr("two roots for one size"));
}

TEST_F(AddCheckpoint, WithAProofThatDoesNotFitIsToldApartFromALogThatLies) {
  grow(10);
  ask(request(0));
  later();
  grow(10);
  std::string spoiled = request(10);
  spoiled[8] = spoiled[8] == 'A' ? 'B' : 'A';
  const Decision decision = ask(spoiled);
  EXPECT_EQ(decision.reply.at("status"), 422);
  ASSERT_EQ(decision.events.size(), 1U);
  EXPECT_THAT(decision.events[0].detail, HasSubstr("\"proved\":false"));
}

TEST_F(AddCheckpoint, WaitsForALogThatCanBeWritten) {
  grow(10);
  scene.writable = false;
  const Decision decision = ask(request(0));
  ASSERT_TRUE(decision.refused);
  EXPECT_EQ(decision.refused->status, 503);
  EXPECT_TRUE(decision.to_cosign.empty());
}

// In a running ledger: nothing is cosigned that is not durable.
class WitnessingLedger : public House {
 protected:
  WitnessingLedger() {
    stop();
    witnessing.logs = {certs::verifier_of(MadeLog::key())};
    start();
    EXPECT_TRUE(log->append(10).ok() && log->publish().ok());
  }
  base::Json order() {
    return {{"command", "witness.add_checkpoint"},
            {"actor", "gateway"},
            {"request", audit::format_add_checkpoint(*audit::make_add_checkpoint(memory, "d/log", 0))}};
  }
  audit::MemoryFiles memory;
  std::unique_ptr<MadeLog> log = *MadeLog::open(memory, "d");
};

TEST_F(WitnessingLedger, CosignsWhatIsDurable) {
  files.hold_syncs(true);
  const std::uint64_t id = console->command(order());
  for (int i = 0; i < 20; ++i) turn(base::kMillisecond);
  EXPECT_EQ(console->answers.count(id), 0U) << "the event is not durable yet";
  files.hold_syncs(false);
  until([&] { return console->answers.count(id) > 0; });
  const base::Json reply = console->answers[id].json;
  EXPECT_EQ(reply.at("status"), 200);
  EXPECT_THAT(reply.at("cosignature").get<std::string>(), HasSubstr("witness/own"));
  EXPECT_EQ(logged("witness.cosigned").size(), 1U);
  turn(base::kSecond);
  EXPECT_EQ(console->witnessing.at("witness").at("logs")[0].at("size"), 10);
  EXPECT_THAT(console->witnessing.at("witness").at("verifier_key").get<std::string>(),
              HasSubstr("witness/own+"));
}

TEST_F(WitnessingLedger, RemembersOverARestart) {
  done(*console, order());
  stop();
  start();
  const base::Json again = done(*console, order());
  EXPECT_EQ(again.at("status"), 409);
  EXPECT_EQ(again.at("size"), 10);
}

TEST_F(WitnessingLedger, DoesNotCosignWhileTheKeeperIsAway) {
  keeper_answers = false;
  const std::uint64_t id = console->command(order());
  until([&] {
    turn(base::kSecond);
    return console->answers.count(id) > 0;
  });
  EXPECT_FALSE(console->answers[id].ok);
}

}  // namespace
}  // namespace postern::ledger
