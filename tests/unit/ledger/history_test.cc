// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/history.h"

#include <functional>

#include "audit/journal.h"
#include "gateway/ledger/request_terms.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

History history_of(const std::vector<std::string>& lines) {
  audit::TemporaryFolder folder;
  auto journal = audit::Journal::open(audit::system_files(), folder.path() + "/journal").value();
  for (const std::string& line : lines) EXPECT_TRUE(journal->append(line).ok());
  EXPECT_TRUE(journal->write_and_sync().ok());
  auto reader = audit::JournalReader::open(audit::system_files(), folder.path() + "/journal").value();
  return read_history(*reader).value();
}

std::string exchange(const std::string& session, base::Micros at, audit::EventType type,
                     std::string_view detail) {
  static base::UlidMaker ids;
  const std::string id = ids.make(at);
  audit::EventHead head;
  head.id = id;
  head.time = at;
  head.type = type;
  head.session = session;
  std::string line;
  audit::write_event(line, head, detail);
  return line;
}

TEST(History, IsTheFoldOfTheLog) {
  Scene scene;
  scene.visit("alice");
  scene.request(scene.visit("bob"));
  const History history = history_of(scene.lines);
  EXPECT_EQ(history.state, scene.state);
  EXPECT_EQ(history.events, scene.lines.size());
}

TEST(History, CountsWhatOpenSessionsDidAndWhenTheyWereLastSeen) {
  Scene scene;
  const std::string open = scene.visit("alice");
  const std::string ended = scene.visit("bob");
  auto lines = scene.lines;
  for (const std::string& session : {open, ended}) {
    lines.push_back(exchange(session, kNoon + 1, audit::EventType::ExchangeForwarded, "{}"));
    lines.push_back(exchange(session, kNoon + 2, audit::EventType::ExchangeCompleted,
                             R"({"response_bytes":70,"redacted":3})"));
    lines.push_back(exchange(session, kNoon + 9, audit::EventType::ExchangeRefused, "{}"));
  }
  const std::size_t before = scene.lines.size();
  scene.admin({{"command", "session.end"}, {"id", ended}});
  lines.insert(lines.end(), scene.lines.begin() + static_cast<std::ptrdiff_t>(before), scene.lines.end());
  lines.emplace_back("not an event of ours");
  const History history = history_of(lines);
  EXPECT_EQ(history.tallies.of(open).exchanges, 1);
  EXPECT_EQ(history.tallies.of(open).refused, 1);
  EXPECT_EQ(history.tallies.of(open).response_bytes, 70);
  EXPECT_EQ(history.tallies.of(open).redacted, 3);
  EXPECT_EQ(history.tallies.of(ended).exchanges, 0);
  EXPECT_EQ(history.state.sessions().at(open).last_active, kNoon + 9);
  EXPECT_TRUE(history.ids.contains(audit::read_event_head(lines.front()).value().id));
}

// As it was counted when it came: what was handed over counts, and numbers that cannot be do not.
TEST(History, CountsWhatWasHandedOverAndNoLies) {
  Scene scene;
  const std::string open = scene.visit("alice");
  auto lines = scene.lines;
  for (const char* detail : {R"({"response_bytes":70})", R"({"response_bytes":0,"handed_bytes":200})",
                             R"({"request_bytes":-7,"response_bytes":-9000,"redacted":-1})",
                             R"({"response_bytes":9223372036854775807})"})
    lines.push_back(exchange(open, kNoon + 1, audit::EventType::ExchangeCompleted, detail));
  const Tally tally = history_of(lines).tallies.of(open);
  EXPECT_EQ(tally.response_bytes, 270 + kMostExchangeBytes);
  EXPECT_EQ(tally.request_bytes, 0);
  EXPECT_EQ(tally.redacted, 0);
}

TEST(History, CountsWhatWasDoneOfAGrantInSessionsThatAreOverToo) {
  Scene scene;
  const std::string ended = scene.visit("alice");
  state::Grant grant;
  grant.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  grant.engineer = "alice";
  grant.capabilities = {"metrics.read"};
  grant.most_exchanges = 100;
  grant.from = kNoon - 1;
  grant.until = kNoon + kHour;
  auto lines = scene.lines;
  lines.push_back(exchange(ended, kNoon, audit::EventType::ExchangeForwarded, "{}"));
  const auto go_on = [&](const std::function<void()>& change) {
    const std::size_t before = scene.lines.size();
    change();
    lines.insert(lines.end(), scene.lines.begin() + static_cast<std::ptrdiff_t>(before), scene.lines.end());
  };
  go_on([&] { scene.take({draft_grant_start(grant, {{}, Sender::Console, "admin:root", ""})}); });
  lines.push_back(exchange(ended, kNoon + 1, audit::EventType::ExchangeForwarded, "{}"));
  go_on([&] { scene.admin({{"command", "session.end"}, {"id", ended}}); });
  lines.push_back(
      exchange(ended, kNoon + 2, audit::EventType::ExchangeCompleted, R"({"response_bytes":70})"));
  std::string open;
  go_on([&] { open = scene.visit("alice"); });
  lines.push_back(exchange(open, kNoon + 3, audit::EventType::ExchangeForwarded, "{}"));
  lines.push_back(exchange(open, kNoon + 4, audit::EventType::ExchangeCompleted,
                           R"({"response_bytes":3,"handed_bytes":30})"));
  lines.push_back(exchange("nobody", kNoon + 5, audit::EventType::ExchangeForwarded, "{}"));
  const History history = history_of(lines);
  const GrantUse use = history.tallies.grant_uses().of_grant(grant);
  EXPECT_EQ(use.exchanges, 2);
  EXPECT_EQ(use.response_bytes, 100);
}

}  // namespace
}  // namespace postern::ledger
