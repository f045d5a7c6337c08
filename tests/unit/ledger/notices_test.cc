// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is given to the link and when, with a keeper and a link that the test plays.
#include "gateway/ledger/notices.h"

#include <gmock/gmock.h>

#include "audit/event_line.h"
#include "base/crypto.h"
#include "base/file.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct TurnedClock : base::Clock {
  base::Nanos mono = base::kSecond;
  base::Micros now = kNoon;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return now; }
};

class NoticesOfALedger : public ::testing::Test {
 protected:
  struct Given {
    std::uint64_t id;
    std::string place, body, webhook_id, signature;
  };
  NoticesOfALedger() {
    pager.name = "pager";
    pager.events = {"request.*"};
    pager.severity = audit::Severity::Severe;
    begin({});
  }
  Notices::Calls calls() {
    return {[this](const ipc::Errand& errand) {
              if (!link) return false;
              given.push_back({errand.id, std::string(errand.place), std::string(errand.body),
                               std::string(errand.webhook_id), std::string(errand.webhook_signature)});
              return true;
            },
            [](const std::string& target, const std::string&,
               const std::function<void(base::Result<std::string>)>& done) { done("v1,by-" + target); },
            [this](const Draft& draft) { recorded.push_back(draft); }};
  }
  void begin(NoticeBacklog backlog) {
    notices = std::make_unique<Notices>(loop, clock, audit::system_files(), folder.path(), calls());
    if (backlog.targets.empty()) backlog.targets = {pager};
    notices->begin(std::move(backlog), events.size());
  }
  // As a ledger that ended, however, and was started again.
  void restart() {
    NoticeBacklog backlog(audit::system_files(), folder.path(), {pager});
    for (std::uint64_t i = 0; i < events.size(); ++i) backlog.take(i, events[i]);
    begin(std::move(backlog));
  }
  std::string happens(EventType type, const std::string& subject = "R1") {
    const std::string id = ids.make(clock.now);
    events.push_back(audit::event_line(id, clock.now,
                                       head_of({type, "engineer:alice", {}, subject, {}, {}, false}),
                                       Detail().text("engineer", "alice").done()));
    notices->saw(events.size() - 1, *audit::read_event_head(events.back()));
    return id;
  }
  void look(base::Nanos later = 0) {
    clock.mono += later;
    clock.now += later / 1000;
    notices->look(events.size());
  }
  void answer(std::uint16_t status, std::string_view body = {}) {
    EXPECT_TRUE(notices->take({given.back().id, status, body}));
  }
  // Until the file says so.
  void written(std::uint64_t next) {
    const std::string path = folder.path() + "/notifications.json";
    // A disk that others keep busy may take seconds for a sync.
    const base::Nanos end = base::SystemClock().monotonic() + 60 * base::kSecond;
    while (base::SystemClock().monotonic() < end) {
      notices->look(events.size());
      bool idle = false;
      loop.run_elsewhere([] {}, [&idle] { idle = true; });
      while (!idle) loop.turn();
      const auto text = base::read_file(path, 1U << 16U);
      if (text.ok() && parse_notice_progress(*text)["pager"].next == next) return;
    }
    FAIL() << "notifications.json does not say " << next;
  }
  base::Json status() { return notices->status().at(0); }
  std::vector<std::string> types() { return types_of(recorded); }

  const bool ready = base::init_crypto().ok();
  audit::TemporaryFolder folder;
  loop::Loop loop;
  TurnedClock clock;
  base::UlidMaker ids;
  NoticeTarget pager;
  std::unique_ptr<Notices> notices;
  std::vector<std::string> events;
  std::vector<Given> given;
  std::vector<Draft> recorded;
  bool link = true;
};

TEST_F(NoticesOfALedger, AreSentInOrderOneByOne) {
  const std::string first = happens(EventType::RequestCreated);
  happens(EventType::SessionOpened);
  const std::string second = happens(EventType::RequestRefused);
  look();
  ASSERT_THAT(given, SizeIs(1));
  EXPECT_EQ(given[0].place, "notification/pager");
  EXPECT_EQ(given[0].webhook_id, first);
  EXPECT_EQ(given[0].signature, "v1,by-pager");
  look();
  EXPECT_THAT(given, SizeIs(1)) << "the first is under way";
  answer(204);
  look();
  ASSERT_THAT(given, SizeIs(2));
  EXPECT_EQ(given[1].webhook_id, second);
  answer(200);
  EXPECT_THAT(types(), ElementsAre("notification.delivered")) << "the first, not each";
  EXPECT_EQ(status()["state"], "delivering");
}

TEST_F(NoticesOfALedger, WaitUntilTheyAreDurable) {
  happens(EventType::RequestCreated);
  notices->look(0);
  EXPECT_THAT(given, SizeIs(0));
  notices->look(1);
  EXPECT_THAT(given, SizeIs(1));
}

TEST_F(NoticesOfALedger, AreTriedAgainEverMoreRarely) {
  happens(EventType::RequestCreated);
  look();
  base::Nanos last = 0;
  for (int i = 0; i < 6; ++i) {
    answer(500);
    EXPECT_EQ(status()["state"], "failing");
    EXPECT_THAT(status()["problem"].get<std::string>(), HasSubstr("500"));
    base::Nanos waited = 0;
    for (const std::size_t before = given.size(); given.size() == before; waited += base::kSecond)
      look(base::kSecond);
    EXPECT_GT(waited, last) << "a quarter more or less is less than twice";
    last = waited;
  }
  EXPECT_GE(last, 100 * base::kSecond);
  EXPECT_THAT(types(), ElementsAre()) << "not yet ten minutes";
  while (recorded.empty()) {
    answer(0, "no connection");
    const std::size_t before = given.size();
    while (given.size() == before) look(10 * base::kSecond);
  }
  EXPECT_THAT(types(), ElementsAre("notification.failed"));
  answer(200);
  EXPECT_THAT(types(), ElementsAre("notification.failed", "notification.delivered"));
  EXPECT_FALSE(status().contains("problem"));
}

TEST_F(NoticesOfALedger, OutliveTheLedger) {
  const std::string first = happens(EventType::RequestCreated);
  look();
  answer(204);
  const std::string second = happens(EventType::RequestCreated);
  const std::string third = happens(EventType::RequestRefused);
  look();
  ASSERT_EQ(given.back().webhook_id, second);  // and no answer comes
  written(1);
  restart();
  EXPECT_EQ(status()["waiting"], 2);
  look();
  EXPECT_EQ(given.back().webhook_id, second) << "again, because nobody said that it was taken";
  answer(204);
  look();
  EXPECT_EQ(given.back().webhook_id, third);
}

TEST_F(NoticesOfALedger, OfANewTargetBeginNow) {
  happens(EventType::RequestCreated);
  NoticeTarget other = pager;
  other.name = "other";
  notices->configure({pager, other}, events.size());
  EXPECT_EQ(notices->status().at(0)["waiting"], 1);
  EXPECT_EQ(notices->status().at(1)["waiting"], 0);
}

TEST_F(NoticesOfALedger, AreGivenUpAfterADay) {
  happens(EventType::RequestCreated);
  look();
  answer(500);
  look(25LL * 3600 * base::kSecond);
  EXPECT_THAT(types(), ElementsAre("notification.given_up"));
  EXPECT_EQ(base::parse_json(recorded[0].detail).value()["count"], 1);
  EXPECT_EQ(status()["waiting"], 0);
}

TEST_F(NoticesOfALedger, AreGivenUpWhenTooManyWait) {
  link = false;
  for (std::size_t i = 0; i < Notices::kMostWaiting + 5; ++i) happens(EventType::RequestCreated);
  look();
  EXPECT_EQ(status()["waiting"], Notices::kMostWaiting);
  ASSERT_THAT(types(), ElementsAre("notification.given_up"));
  EXPECT_EQ(base::parse_json(recorded[0].detail).value()["count"], 5);
  happens(EventType::RequestCreated);
  look(base::kSecond);
  EXPECT_THAT(types(), SizeIs(1)) << "once a minute";
}

TEST_F(NoticesOfALedger, TellNobodyOfThemselvesButATest) {
  pager.severity = audit::Severity::Info;
  notices->configure({pager}, 0);
  happens(EventType::NotificationFailed, "pager");
  happens(EventType::NotificationTested, "other");
  EXPECT_EQ(status()["waiting"], 0);
  happens(EventType::NotificationTested, "pager");
  EXPECT_EQ(status()["waiting"], 1);
}

TEST_F(NoticesOfALedger, TakeNoAnswerThatNobodyAskedFor) {
  EXPECT_FALSE(notices->take({Notices::kFirstErrand + 1, 200, ""}));
  happens(EventType::RequestCreated);
  look();
  notices->link_gone();
  EXPECT_TRUE(notices->take({given.back().id, 200, ""})) << "late, and nothing follows from it";
  EXPECT_EQ(status()["waiting"], 1);
}

TEST(NoticeProgress, OfAFileThatIsNoneTellsNothingOld) {
  const NoticeProgresses all{{"pager", {7, kNoon}}, {"mail", {0, 0}}};
  EXPECT_EQ(parse_notice_progress(format_notice_progress(all)), all);
  for (const char* wrong : {"", "{}", "[]", R"({"v":2,"targets":{"a":{"next":1}}})", R"({"v":1,"targets":7})",
                            R"({"v":1,"targets":{"a":7,"b":{"next":-1},"c":{"next":"1"}}})"})
    EXPECT_TRUE(parse_notice_progress(wrong).empty()) << wrong;
}

}  // namespace
}  // namespace postern::ledger
