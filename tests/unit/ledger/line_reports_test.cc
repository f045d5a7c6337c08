// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control is told and when, with a link that the test plays.
#include "gateway/ledger/line_reports.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <thread>

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

struct LineClock : base::Clock {
  base::Nanos mono = base::kSecond;
  base::Micros now = kNoon;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return now; }
};

constexpr int kPool = 4;  // threads: libuv's default

class ReportsOfALedger : public ::testing::Test {
 protected:
  struct Given {
    std::uint64_t id;
    std::string place, body;
  };
  ReportsOfALedger() { begin(ReportBacklog(audit::system_files(), folder.path())); }
  void begin(ReportBacklog backlog, bool shares = false) {
    LineReports::Calls calls{
        [this](const ipc::Errand& errand) {
          if (!link) return false;
          given.push_back({errand.id, std::string(errand.place), std::string(errand.body)});
          return true;
        },
        [this](const Draft& draft) { recorded.push_back(draft); }, [this] { return log_key; }};
    calls.standings = [this](std::uint64_t) { return standing; };
    calls.standings_taken = [this](const line::Taken& answer) {
      std::erase_if(standing, [&answer](const line::Report& one) {
        return std::find(answer.ids.begin(), answer.ids.end(), one.id) != answer.ids.end();
      });
    };
    reports =
        std::make_unique<LineReports>(loop, clock, audit::system_files(), folder.path(), std::move(calls));
    reports->begin(std::move(backlog), shares, events.size());
    reports->configure({true, {{"version", "0.1.0"}}});
  }
  void restart() {
    settle();
    ReportBacklog backlog(audit::system_files(), folder.path());
    for (std::uint64_t i = 0; i < events.size(); ++i) backlog.take(i, events[i]);
    begin(std::move(backlog), shared);
  }
  std::string happens(EventType type, const std::string& subject, std::string detail = "{}",
                      const std::string& outcome = {}) {
    const std::string id = ids.make(clock.now);
    events.push_back(audit::event_line(id, clock.now,
                                       head_of({type, "gateway", {}, subject, outcome, {}, false}), detail));
    reports->saw(events.size() - 1, *audit::read_event_head(events.back()));
    return id;
  }
  void share(const char* setting) {
    shared = setting == std::string_view("on");
    happens(EventType::PermissionChanged, "events",
            std::string(R"({"what":"sharing","name":"events","new":")") + setting + "\"}");
  }
  // What the pool was given is done: all its threads come together.
  void settle() {
    const auto together = std::make_shared<std::latch>(kPool);
    int idle = 0;
    for (int i = 0; i < kPool; ++i)
      loop.run_elsewhere([together] { together->arrive_and_wait(); }, [&idle] { ++idle; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (idle < kPool) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      loop.turn();
      std::this_thread::yield();
    }
    for (int turn = 0; turn < 20; ++turn) loop.turn();
  }
  void look(base::Nanos later = LineReports::kPace) {
    clock.mono += later;
    clock.now += later / 1000;
    reports->look(events.size());
    settle();
  }
  std::vector<line::Report> reported() const { return line::parse_reports(given.back().body).value().known; }
  std::vector<std::string> kinds() const {
    std::vector<std::string> out;
    for (const line::Report& report : reported()) out.emplace_back(line::to_text(report.kind));
    return out;
  }
  std::vector<std::string> told() const {
    std::vector<std::string> out;
    for (const line::Report& report : reported()) {
      if (report.kind == line::Kind::Event) out.push_back(report.id);
    }
    return out;
  }
  void answer(std::uint16_t status, std::string_view body) {
    EXPECT_TRUE(reports->take({given.back().id, status, body}));
  }
  void take_all() {
    line::Taken taken;
    for (const line::Report& report : reported()) taken.ids.push_back(report.id);
    answer(200, line::format(taken));
  }
  std::string copies() const {
    const auto text = base::read_file(folder.path() + "/sent/current.jsonl", 1U << 20U);
    return text.ok() ? *text : std::string();
  }

  const bool ready = base::init_crypto().ok();
  audit::TemporaryFolder folder;
  loop::Loop loop;
  LineClock clock;
  base::UlidMaker ids;
  bool link = true, shared = false;
  std::string log_key;
  std::vector<Given> given;
  std::vector<std::string> events;
  std::vector<Draft> recorded;
  std::vector<line::Report> standing;
  std::unique_ptr<LineReports> reports;
};

TEST_F(ReportsOfALedger, BeginWithWhoItIsAndGoOnWithASignOfLife) {
  look();
  ASSERT_EQ(given.size(), 1u);
  EXPECT_EQ(given[0].place, "mission-control");
  EXPECT_THAT(kinds(), ElementsAre("registration", "heartbeat"));
  take_all();
  look(base::kSecond);
  EXPECT_EQ(given.size(), 1u);
  look(LineReports::kHeartbeat);
  ASSERT_EQ(given.size(), 2u);
  EXPECT_THAT(kinds(), ElementsAre("heartbeat"));
  EXPECT_EQ(reports->status()["sent"], base::format_time(kNoon + LineReports::kPace / 1000));
}

TEST_F(ReportsOfALedger, SayWhichKeyTheLogHasAndWhichItHasNext) {
  for (const char* key : {"postern/a+01020304+AQ==", "postern/a+05060708+Ag=="}) {
    log_key = key;
    look(base::kSecond);
    EXPECT_EQ(reported().front().kind, line::Kind::Registration);
    EXPECT_EQ(reported().front().body["log"], key);
    EXPECT_EQ(reported().front().body["version"], "0.1.0");
    take_all();
  }
  const std::size_t before = given.size();
  look(base::kSecond);
  EXPECT_EQ(given.size(), before);
}

TEST_F(ReportsOfALedger, AreCopiedBeforeTheyAreSentAsTheyAre) {
  look();
  EXPECT_THAT(copies(), HasSubstr(R"("sent":)" + given[0].body + "}\n"));
  EXPECT_EQ(copies().front(), '{');
}

TEST_F(ReportsOfALedger, AreSentAgainAsTheyWereAndCopiedOnce) {
  look();
  const std::string first = given[0].body;
  for (int i = 0; i < 3; ++i) {
    answer(0, "the line is not up");
    look(LineReports::kLongestPause);
    EXPECT_EQ(given.back().body, first);
  }
  const std::string kept = copies();
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 1);
  share("on");
  answer(0, "the line is not up");
  look(LineReports::kLongestPause);
  EXPECT_NE(given.back().body, first) << "a switch counts at once";
}

TEST_F(ReportsOfALedger, HoldEventsOnlyWhileAnAdminSharesThem) {
  happens(EventType::NodeDown, "a");
  look();
  EXPECT_THAT(told(), ElementsAre()) << "off unless somebody switches it on";
  take_all();
  share("on");
  const std::string first = happens(EventType::NodeDown, "a");
  happens(EventType::ExchangeRefused, "x");
  const std::string second =
      happens(EventType::PermissionChanged, "remote_access", R"({"what":"remote_access"})", "off");
  look();
  EXPECT_THAT(told(), ElementsAre(first, second));
  const auto body = reported()[1].body;
  EXPECT_EQ(body, (base::Json{{"type", "permission.changed"},
                              {"severity", "info"},
                              {"subject", "remote_access"},
                              {"outcome", "off"}}));
  share("off");
  take_all();
  happens(EventType::NodeUp, "a");
  look(LineReports::kHeartbeat);
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(ReportsOfALedger, ComeAgainUntilTheyAreTakenInTheirOrder) {
  look();
  take_all();
  share("on");
  const std::string one = happens(EventType::NodeDown, "a"), two = happens(EventType::NodeUp, "a");
  look();
  answer(0, "the line is not up");
  EXPECT_EQ(reports->status()["problem"], "the line is not up");
  look();
  EXPECT_EQ(given.size(), 2u) << "not at once";
  look(LineReports::kFirstPause);
  EXPECT_THAT(told(), ElementsAre(one, two));
  answer(200, line::format(line::Taken{{two}}));
  look(LineReports::kLongestPause);
  EXPECT_THAT(told(), ElementsAre(one, two)) << "behind one that was not taken none counts";
  answer(200, line::format(line::Taken{{one}}));
  look(LineReports::kLongestPause);
  EXPECT_THAT(told(), ElementsAre(two));
  answer(503, R"({"code":"limit_reached","detail":"too much"})");
  EXPECT_THAT(reports->status()["problem"].get<std::string>(), HasSubstr("503: too much"));
  look(LineReports::kLongestPause);
  answer(200, "<html>");
  EXPECT_THAT(reports->status()["problem"].get<std::string>(), HasSubstr("cannot be read"));
  look(LineReports::kLongestPause);
  take_all();
  look(LineReports::kHeartbeat);
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(ReportsOfALedger, GoOnWhereTheyWereAfterARestart) {
  look();
  take_all();
  share("on");
  happens(EventType::NodeDown, "a");
  look();
  take_all();
  look();
  const std::string after = happens(EventType::NodeUp, "a");
  restart();
  look();
  EXPECT_THAT(told(), ElementsAre(after));
  share("off");
  restart();
  look();
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(ReportsOfALedger, AreToldAsTheStateSaysWhateverTheFileDoes) {
  look();
  take_all();
  share("on");
  happens(EventType::NodeDown, "a");
  look();
  shared = false;  // the log lost what the file knows
  events.clear();
  restart();
  happens(EventType::NodeUp, "a");
  look();
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(ReportsOfALedger, WhoseFormIsRefusedAreTakenApartUntilTheOneAtFaultIsGivenUp) {
  look();
  take_all();
  share("on");
  for (int i = 0; i < 4; ++i) happens(EventType::NodeDown, "a");
  const std::size_t sizes[] = {4, 2, 1};
  for (const std::size_t size : sizes) {
    look(LineReports::kLongestPause);
    EXPECT_EQ(told().size(), size);
    answer(400, R"({"code":"malformed","detail":"a report has no schema"})");
  }
  look(LineReports::kLongestPause);
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_THAT(recorded[0].detail, HasSubstr(R"("count":1)"));
  EXPECT_EQ(told().size(), 1u) << "carefully";
  take_all();
  look(LineReports::kLongestPause);
  EXPECT_EQ(told().size(), 2u) << "as many as there are";
}

TEST_F(ReportsOfALedger, NameNobody) {
  look();
  take_all();
  share("on");
  happens(EventType::SessionOpened, "alice");
  look();
  for (const line::Report& report : reported()) EXPECT_FALSE(report.body.contains("subject"));
}

TEST_F(ReportsOfALedger, WithoutALinkWait) {
  link = false;
  look();
  EXPECT_THAT(reports->status()["problem"].get<std::string>(), HasSubstr("not running"));
  link = true;
  look(LineReports::kLongestPause);
  ASSERT_EQ(given.size(), 1u);
  reports->link_gone();
  EXPECT_THAT(reports->status()["problem"].get<std::string>(), HasSubstr("ended"));
  EXPECT_FALSE(reports->take({LineReports::kFirstErrand, 200, ""}));
}

TEST_F(ReportsOfALedger, GoTogetherWhereMuchHappens) {
  look();
  take_all();
  share("on");
  std::vector<std::string> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(happens(EventType::NodeUp, "a"));
    look(LineReports::kPace / 5);
  }
  EXPECT_EQ(given.size(), 1u);
  look(LineReports::kPace / 2);
  EXPECT_EQ(told(), all);
}

TEST_F(ReportsOfALedger, ThatAreLostWithTheLineGoInSmallerParts) {
  look();
  take_all();
  share("on");
  std::vector<std::string> all;
  for (int i = 0; i < 40; ++i) all.push_back(happens(EventType::NodeUp, "a"));
  for (const std::size_t parts : {40, 20, 10}) {
    reports->asks_wait();
    look();
    EXPECT_EQ(told().size(), parts);
    if (parts == 10) break;
    answer(0, "the connection broke");
    clock.mono += LineReports::kLongestPause;
  }
  EXPECT_EQ(told(), std::vector<std::string>(all.begin(), all.begin() + 10)) << "the first of them";
  take_all();
  look();
  EXPECT_EQ(told().size(), 20U) << "more again, once it went well";
  take_all();
  look();
  EXPECT_EQ(told().size(), 10U);
  take_all();
  for (int i = 0; i < 10; ++i) all.push_back(happens(EventType::NodeUp, "a"));
  look();
  for (int i = 0; i < 5; ++i) {  // the line broke once, and without a line nothing is lost with it
    answer(0, "there is no line");
    look(LineReports::kLongestPause);
    EXPECT_EQ(told().size(), 5U);
  }
}

TEST_F(ReportsOfALedger, GoAtOnceWhenTheLineIsBack) {
  look();
  for (int i = 0; i < 10; ++i) {  // it is tried less and less often
    answer(0, "there is no line");
    look(LineReports::kLongestPause);
  }
  answer(0, "there is no line");
  const std::size_t before = given.size();
  look(base::kSecond);
  EXPECT_EQ(given.size(), before);
  reports->asks_wait();
  look();
  EXPECT_EQ(given.size(), before + 1);
  answer(0, "there is no line");
  reports->asks_wait();
  look();
  EXPECT_EQ(given.size(), before + 1) << "it is heeded once a second";
}

TEST_F(ReportsOfALedger, TellWhatTheComponentSaysOfItself) {
  for (const EventType type : {EventType::ComponentNodeJoined, EventType::RemoteGatewayLost})
    EXPECT_TRUE(wanted_by_vendor(type, "n1"));
  EXPECT_FALSE(wanted_by_vendor(EventType::IntakeRefused, "192.0.2.7"));
}

// Of what was announced, and of nothing else.
TEST(ReportOfAnEvent, SaysWhenAnUpdateStartsAndWhyItEnded) {
  const auto reported = [](EventType type, std::string_view detail) {
    audit::EventFields event;
    event.type = type;
    event.subject = "p-2.tar.gz";
    event.outcome = type == EventType::UpdateEnded ? "rolled_back" : "";
    event.detail = detail;
    return report_of(notice_of(1, event)).body;
  };
  const base::Json announced =
      reported(EventType::UpdateAnnounced, R"({"start":"2026-03-02T01:00:00.000000Z","notes":"Faster."})");
  EXPECT_EQ(announced["start"], "2026-03-02T01:00:00.000000Z");
  EXPECT_FALSE(announced.contains("notes"));
  EXPECT_FALSE(announced.contains("why"));
  const base::Json missed = reported(
      EventType::UpdateMissed,
      R"({"start":"2026-03-02T01:00:00.000000Z","next":"2026-03-09T01:00:00.000000Z","why":"node b is down"})");
  EXPECT_EQ(missed["start"], "2026-03-09T01:00:00.000000Z") << "the next window's";
  EXPECT_EQ(missed["why"], "node b is down");
  const base::Json ended = reported(EventType::UpdateEnded, R"({"why":"node b: exit status 1","run":"01"})");
  EXPECT_EQ(ended["why"], "node b: exit status 1");
  EXPECT_FALSE(ended.contains("run"));
  EXPECT_FALSE(reported(EventType::UpdateNodeFailed, R"({"why":"exit status 1"})").contains("why"));
}

TEST_F(ReportsOfALedger, ThatCannotBeCopiedAreNotSent) {
  ASSERT_TRUE(base::write_file(folder.path() + "/sent", "in the way", 0600).ok());
  look();
  EXPECT_TRUE(given.empty());
  EXPECT_THAT(reports->status()["problem"].get<std::string>(), HasSubstr("cannot be copied"));
}

TEST_F(ReportsOfALedger, ThatAreTooManyLoseTheOldestAndSayHowMany) {
  look();
  take_all();
  share("on");
  for (std::size_t i = 0; i < LineReports::kMostWaiting + 5; ++i) happens(EventType::NodeDown, "a");
  look();
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(recorded[0].type, EventType::LinkReportsGivenUp);
  EXPECT_THAT(recorded[0].detail, HasSubstr(R"("count":5)"));
  EXPECT_EQ(told().size(), line::kMostReports);
}

// The link takes no more: it would end its channel, and be given the same again.
TEST_F(ReportsOfALedger, AreNeverMoreThanTheLinkTakes) {
  look();
  take_all();
  share("on");
  for (int i = 0; i < 50; ++i) happens(EventType::NodeDown, std::string(200, '\n') + std::to_string(i));
  for (int i = 0; i < 60; ++i)
    standing.push_back({ids.make(clock.now),
                        line::Kind::Standing,
                        1,
                        clock.now,
                        {{"note", std::string(6000, i % 2 == 0 ? 'x' : '"')}}});
  std::size_t documents = 0, events_told = 0;
  while (!standing.empty() || events_told < 50) {
    const std::size_t before = given.size();
    look();
    ASSERT_EQ(given.size(), before + 1);
    EXPECT_LE(given.back().body.size(), ipc::kErrandBody);
    events_told += told().size();
    take_all();
    ASSERT_LT(++documents, 20U);
  }
  EXPECT_GE(documents, 3U) << "they are more than fit";
  EXPECT_EQ(events_told, 50U);
}

TEST_F(ReportsOfALedger, ThatNobodyIsEnrolledForAreNotMade) {
  reports->configure({});
  look();
  EXPECT_TRUE(given.empty());
  EXPECT_TRUE(reports->status().is_null());
}

}  // namespace
}  // namespace postern::ledger
