// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log's files behind a running ledger.
#include <gmock/gmock.h>

#include <filesystem>

#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using ::testing::HasSubstr;

class Published : public House {
 protected:
  void drain() {
    bool drained = false;
    ledger->drain([&] { drained = true; });
    until([&] { return drained; });
  }
  std::string log_folder() const { return folder.path() + "/log"; }
  std::string journal_folder() const { return folder.path() + "/journal"; }
  audit::VerifyReport verify() const {
    const certs::SignerKey key{"postern/test", base::Secret(seed.view())};
    return audit::verify_log({log_folder(), certs::verifier_of(key), {}});
  }
  std::string refusal() {
    LedgerOptions options;
    options.directory = folder.path();
    auto opened = Ledger::open(loop, clock, files, std::move(options));
    return opened.ok() ? std::string("it opened") : opened.error().message;
  }
};

TEST_F(Published, LogHoldsEveryEventWhenTheGatewayHasStopped) {
  visit("alice");
  drain();
  const audit::VerifyReport report = verify();
  ASSERT_TRUE(report.ok()) << report.faults[0].file << " " << report.faults[0].what;
  const std::vector<std::string> lines = log();
  EXPECT_EQ(report.head.size, lines.size());
  EXPECT_EQ(*audit::read_entry(audit::system_files(), log_folder(), lines.size() - 1, lines.size()),
            lines.back());
  EXPECT_THAT(lines.back(), HasSubstr("gateway.stopped"));
}

TEST_F(Published, LogFollowsWhileEventsCome) {
  remote_access("all");
  until([this] { return std::filesystem::exists(log_folder() + "/checkpoint"); });
  turn(base::kSecond);
  until([this] { return console->published.size > 0; });
  EXPECT_EQ(console->published.size, verify().head.size);
  EXPECT_THAT(console->verifier_key, HasSubstr("postern/test+"));
  EXPECT_EQ(console->problem, "");
}

TEST_F(Published, LogGoesOnAfterKillNine) {
  for (int run = 0; run < 3; ++run) {
    remote_access(run % 2 == 0 ? "all" : "off");
    stop();
    start();
  }
  drain();
  EXPECT_TRUE(verify().ok());
  EXPECT_EQ(verify().head.size, log().size());
}

TEST_F(Published, LogIsNotOpenedWithAnOldJournal) {
  stop();
  std::filesystem::copy(journal_folder(), folder.path() + "/old", std::filesystem::copy_options::recursive);
  start();
  remote_access("all");
  drain();
  stop();
  std::filesystem::remove_all(journal_folder());
  std::filesystem::rename(folder.path() + "/old", journal_folder());
  EXPECT_THAT(refusal(), HasSubstr("it is an old copy, or events are missing; restore the newest copy of"));
  EXPECT_TRUE(verify().ok()) << "nothing was changed";
}

TEST_F(Published, LogOfAnotherKeyIsLeftAlone) {
  drain();
  const std::string before = *base::read_file(log_folder() + "/checkpoint", 1 << 16);
  stop();
  seed = base::Secret(std::string(32, 'o'));
  start();
  remote_access("all");
  until([this] {
    turn(base::kSecond);
    return !console->problem.empty();
  });
  EXPECT_THAT(console->problem, HasSubstr("log.key is not the one that this log was signed with"));
  EXPECT_EQ(*base::read_file(log_folder() + "/checkpoint", 1 << 16), before);
}

TEST_F(Published, LogWaitsForAKeeperThatDoesNotAnswerAndTheGatewayStopsAllTheSame) {
  keeper_answers = false;
  remote_access("all");
  bool drained = false;
  ledger->drain([&] { drained = true; });
  until([&] {
    turn(base::kSecond);
    return drained;
  });
  keeper_answers = true;
  stop();
  start();
  drain();
  EXPECT_TRUE(verify().ok());
}

}  // namespace
}  // namespace postern::ledger
