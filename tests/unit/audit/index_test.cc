// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>

#include "audit/database.h"
#include "audit/event_block.h"
#include "audit/journal.h"
#include "audit/query.h"
#include "tests/unit/audit/memory_files.h"
#include "tests/unit/audit/sample.h"
#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

using base::Code;

constexpr std::string_view kOpened =
    R"({"engineer":"alice","method":"pass","client":"192.0.2.7","expires":"2026-03-01T20:00:00.000000Z"})";
constexpr std::string_view kEnded =
    R"({"reason":"signed_out","request_bytes":70,"response_bytes":900,"redacted":5})";

// A journal in memory and an index on disk.
struct Fixture {
  TemporaryFolder folder;
  MemoryFiles files;
  std::unique_ptr<Journal> journal = *Journal::open(files, "log");
  std::unique_ptr<JournalReader> reader = *JournalReader::open(files, "log");
  std::unique_ptr<Index> index = open();

  std::string path() const { return folder.path() + "/index.db"; }
  std::unique_ptr<Index> open() const {
    auto opened = Index::open(path());
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  void append(EventType type, std::string_view session = {}, std::string_view detail = {},
              std::string_view actor = "engineer:alice") {
    ASSERT_TRUE(journal->append(sample(type, journal->size(), session, detail, actor)).ok());
  }
  void catch_up() {
    ASSERT_TRUE(journal->write_and_sync().ok());
    const auto added = index->catch_up(*reader);
    ASSERT_TRUE(added.ok()) << added.error().message;
    EXPECT_EQ(index->next_index(), journal->size());
  }
  std::vector<std::uint64_t> find(const EventFilter& filter) const {
    auto found = index->events(filter);
    EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
    return found.ok() ? *std::move(found) : std::vector<std::uint64_t>();
  }
};

using Indices = std::vector<std::uint64_t>;

// What a question should find, read off the lines themselves.
Indices naive_answer(const std::vector<std::string>& lines, const EventFilter& filter) {
  Indices found;
  for (std::uint64_t n = 0; n < lines.size() && found.size() < filter.limit; ++n) {
    const std::uint64_t i = filter.oldest_first ? n : lines.size() - 1 - n;
    const auto event = read_event_head(lines[i]);
    if (!event.ok() || event->severity < filter.severity) continue;
    const std::string name(text_of(event->type).name);
    const bool type = filter.types.empty() ||
                      std::any_of(filter.types.begin(), filter.types.end(), [&](const std::string& wanted) {
                        return name == wanted || name.starts_with(wanted + ".");
                      });
    const bool who = (filter.session.empty() || event->session == filter.session) &&
                     (filter.actor.empty() || event->actor == filter.actor);
    const bool when = (!filter.since || event->time >= *filter.since) &&
                      (!filter.until || event->time < *filter.until) &&
                      (!filter.before || i < *filter.before) && (!filter.after || i > *filter.after);
    if (type && who && when) found.push_back(i);
  }
  return found;
}

// 0 gateway.started, 1 session.opened A, 2 forwarded A, 3 completed A, 4 refused A, 5 session.opened B (bob),
// 6 forwarded B, 7 session.ended A, 8 log.unavailable
struct Day : Fixture {
  Day() {
    append(EventType::GatewayStarted, {}, {}, "gateway");
    append(EventType::SessionOpened, "A", kOpened);
    append(EventType::ExchangeForwarded, "A");
    append(EventType::ExchangeCompleted, "A");
    append(EventType::ExchangeRefused, "A");
    append(EventType::SessionOpened, "B", R"({"engineer":"bob","method":"certificate"})", "engineer:bob");
    append(EventType::ExchangeForwarded, "B", {}, "engineer:bob");
    append(EventType::SessionEnded, "A", kEnded);
    append(EventType::LogUnavailable, {}, {}, "gateway");
    catch_up();
  }
};

TEST(Index, AnswersWithTheNewestFirst) {
  const Day day;
  EXPECT_EQ(day.find({}), (Indices{8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EventFilter oldest;
  oldest.oldest_first = true;
  oldest.limit = 3;
  EXPECT_EQ(day.find(oldest), (Indices{0, 1, 2}));
}

// As many exchanges of the most that one may have as are more than a number holds, in one batch and over several.
TEST(Index, SumsOfFalseNumbersGoNoFurtherThanTheLargest) {
  Fixture fixture;
  fixture.append(EventType::SessionOpened, "A", kOpened);
  for (int batch = 0; batch < 2; ++batch) {
    for (int i = 0; i < 8'193; ++i)
      fixture.append(EventType::ExchangeCompleted, "A",
                     R"({"request_bytes":1125899906842624,"response_bytes":1125899906842624})");
    fixture.catch_up();
    const auto sessions = fixture.index->sessions({});
    ASSERT_TRUE(sessions.ok());
    EXPECT_EQ(sessions->front().request_bytes, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(sessions->front().response_bytes, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  }
}

TEST(Index, FiltersByTypeAndFamily) {
  const Day day;
  EventFilter filter;
  filter.types = {"exchange.refused"};
  EXPECT_EQ(day.find(filter), (Indices{4}));
  filter.types = {"exchange"};
  EXPECT_EQ(day.find(filter), (Indices{6, 4, 3, 2}));
  filter.types = {"session.ended", "session", "log"};
  EXPECT_EQ(day.find(filter), (Indices{8, 7, 5, 1}));
  filter.types = {"exch"};
  EXPECT_EQ(day.index->events(filter).error().code, Code::Invalid);
}

TEST(Index, FiltersBySeveritySessionAndActor) {
  const Day day;
  EventFilter filter;
  filter.severity = Severity::Warning;
  EXPECT_EQ(day.find(filter), (Indices{8, 4}));
  filter.severity = Severity::Severe;
  EXPECT_EQ(day.find(filter), (Indices{8}));
  filter = {};
  filter.session = "A";
  EXPECT_EQ(day.find(filter), (Indices{7, 4, 3, 2, 1}));
  filter.types = {"exchange"};
  EXPECT_EQ(day.find(filter), (Indices{4, 3, 2}));
  filter.severity = Severity::Warning;
  EXPECT_EQ(day.find(filter), (Indices{4}));
  filter = {};
  filter.actor = "engineer:bob";
  EXPECT_EQ(day.find(filter), (Indices{6, 5}));
  filter.session = "A";
  EXPECT_EQ(day.find(filter), Indices{});
  filter = {};
  filter.session = "nobody's";
  EXPECT_EQ(day.find(filter), Indices{});
}

TEST(Index, FiltersByTime) {
  Fixture f;
  for (int i = 0; i < 5000; ++i) f.append(EventType::LogRead);
  f.catch_up();
  EventFilter filter;
  filter.since = kNoon + 4997 * 1000;
  EXPECT_EQ(f.find(filter), (Indices{4999, 4998, 4997}));
  filter.since = kNoon + 1022 * 1000;
  filter.until = kNoon + 1026 * 1000;  // across the edge of a block
  EXPECT_EQ(f.find(filter), (Indices{1025, 1024, 1023, 1022}));
  filter.since = kNoon + 9999 * 1000;
  filter.until.reset();
  EXPECT_EQ(f.find(filter), Indices{});
  filter = {};
  filter.until = kNoon;
  EXPECT_EQ(f.find(filter), Indices{});
}

TEST(Index, FindsByTimeThoughTheClockStepsBack) {
  Fixture f;
  for (const std::uint64_t number : {5000, 5001, 10, 11, 5002}) {
    ASSERT_TRUE(f.journal->append(sample(EventType::LogRead, number)).ok());
  }
  f.catch_up();
  EventFilter filter;
  filter.until = kNoon + 100 * 1000;
  EXPECT_EQ(f.find(filter), (Indices{3, 2}));
}

TEST(Index, PagesWithoutGapsOrRepeats) {
  Fixture f;
  for (int i = 0; i < 500; ++i)
    f.append(i % 3 == 0 ? EventType::ExchangeRefused : EventType::ExchangeForwarded, "A");
  f.catch_up();
  EventFilter filter;
  filter.types = {"exchange"};
  filter.limit = 7;
  Indices all;
  for (;;) {
    const Indices page = f.find(filter);
    if (page.empty()) break;
    all.insert(all.end(), page.begin(), page.end());
    filter.before = page.back();
  }
  ASSERT_EQ(all.size(), 500U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], 499 - i);
  filter.before.reset();
  filter.after = 497;
  EXPECT_EQ(f.find(filter), (Indices{499, 498}));
}

TEST(Index, KeepsTextsApartFromStatements) {
  Fixture f;
  const std::string hostile = "x' OR '1'='1\"\\";
  f.append(EventType::SessionOpened, hostile, R"({"engineer":"' OR 1 --"})", hostile);
  f.append(EventType::LogRead);
  f.catch_up();
  EventFilter filter;
  filter.session = hostile;
  EXPECT_EQ(f.find(filter), (Indices{0}));
  filter.session.clear();
  filter.actor = hostile;
  EXPECT_EQ(f.find(filter), (Indices{0}));
  SessionFilter sessions;
  sessions.engineer = "' OR 1 --";
  const auto rows = f.index->sessions(sessions);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().id, hostile);
}

TEST(Index, CountsPerTypeAndSeverity) {
  const Day day;
  const auto counts = day.index->counts(0);
  ASSERT_TRUE(counts.ok());
  std::uint64_t total = 0;
  for (const EventCount& count : *counts) {
    total += count.count;
    if (count.type == EventType::ExchangeForwarded) {
      EXPECT_EQ(count.count, 2U);
    }
    if (count.type == EventType::LogUnavailable) {
      EXPECT_EQ(count.severity, Severity::Severe);
    }
  }
  EXPECT_EQ(total, 9U);
  EXPECT_TRUE(day.index->counts(kNoon + 8 * 1000)->size() == 1);
}

TEST(Index, CountsOverTimeInPartsOfEqualLength) {
  const Day day;
  HistogramQuestion question;
  question.since = kNoon;
  question.width = 3000;
  question.parts = 3;
  const auto histogram = day.index->histogram(question);
  ASSERT_TRUE(histogram.ok()) << histogram.error().message;
  EXPECT_FALSE(histogram->counted_from.has_value());
  const auto& parts = histogram->parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ((std::array{parts[0].events, parts[1].events, parts[2].events}),
            (std::array<std::uint64_t, 3>{3, 3, 3}));
  EXPECT_EQ((std::array{parts[0].forwarded, parts[1].forwarded, parts[2].forwarded}),
            (std::array<std::uint64_t, 3>{1, 0, 1}));
  EXPECT_EQ(parts[1].refused, 1U);
  EXPECT_EQ(parts[1].warning, 1U);
  EXPECT_EQ(parts[2].severe, 1U);
}

TEST(Index, CountsOnlyTheNewestWhereThereAreTooMany) {
  const Day day;
  HistogramQuestion question;
  question.since = kNoon;
  question.width = 1000;
  question.parts = 9;
  question.most = 4;
  const auto histogram = day.index->histogram(question);
  ASSERT_TRUE(histogram.ok());
  EXPECT_EQ(histogram->counted_from, kNoon + 4000);
  std::uint64_t counted = 0;
  for (const HistogramPart& part : histogram->parts) counted += part.events;
  EXPECT_EQ(counted, 4U);
}

TEST(Index, RefusesAHistogramWithoutParts) {
  const Day day;
  for (const HistogramQuestion& question : {HistogramQuestion{0, 1, 0}, HistogramQuestion{0, 0, 1},
                                            HistogramQuestion{0, 1, kMostHistogramParts + 1}}) {
    const auto histogram = day.index->histogram(question);
    ASSERT_FALSE(histogram.ok());
    EXPECT_EQ(histogram.error().code, Code::Invalid);
  }
}

TEST(Index, SumsUpSessions) {
  const Day day;
  const auto rows = day.index->sessions({});
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2U);
  const SessionRow& b = (*rows)[0];
  EXPECT_EQ(b.id, "B");
  EXPECT_EQ(b.engineer, "bob");
  EXPECT_EQ(b.forwarded, 1U);
  EXPECT_FALSE(b.ended.has_value());
  const SessionRow& a = (*rows)[1];
  EXPECT_EQ(a.engineer, "alice");
  EXPECT_EQ(a.method, "pass");
  EXPECT_EQ(a.client, "192.0.2.7");
  EXPECT_EQ(a.opened, kNoon + 1000);
  EXPECT_EQ(a.opened_index, 1U);
  EXPECT_TRUE(a.expires.has_value());
  EXPECT_EQ(a.ended, kNoon + 7000);
  EXPECT_EQ(a.ended_index, 7U);
  EXPECT_EQ(a.reason, "signed_out");
  EXPECT_EQ(a.forwarded, 1U);
  EXPECT_EQ(a.completed, 1U);
  EXPECT_EQ(a.refused, 1U);
  EXPECT_EQ(a.first_exchange, kNoon + 2000);
  EXPECT_EQ(a.last_exchange, kNoon + 4000);
  EXPECT_EQ(a.request_bytes, 70U);
  EXPECT_EQ(a.response_bytes, 900U);
}

constexpr std::string_view kCompleted =
    R"({"outcome":"\"request_bytes\":5","request_bytes":10,"response_bytes":300,"redacted":2,"redactions":["jwt text 2"]})";

TEST(Index, SumsUpTheBytesOfASessionThatIsStillOpen) {
  Fixture f;
  f.append(EventType::SessionOpened, "A", kOpened);
  for (int batch = 0; batch < 3; ++batch) {
    f.append(EventType::ExchangeForwarded, "A");
    f.append(EventType::ExchangeCompleted, "A", kCompleted);
    f.append(EventType::ExchangeRefused, "A", R"({"request_bytes":7})");
    f.catch_up();
  }
  const SessionRow open = f.index->sessions({})->at(0);
  EXPECT_FALSE(open.ended.has_value());
  EXPECT_EQ(open.forwarded, 3U);
  EXPECT_EQ(open.refused, 3U);
  EXPECT_EQ(open.request_bytes, 30U);
  EXPECT_EQ(open.response_bytes, 900U);
  EXPECT_EQ(open.redacted, 6U);
}

TEST(Index, KeepsToTheSumsOfTheEndingOnceASessionHasEnded) {
  Fixture f;
  f.append(EventType::SessionOpened, "A", kOpened);
  f.append(EventType::ExchangeCompleted, "A", kCompleted);
  f.catch_up();
  f.append(EventType::ExchangeCompleted, "A",
           kCompleted);  // in the batch of the ending: before it and after it
  f.append(EventType::SessionEnded, "A", kEnded);
  f.append(EventType::ExchangeCompleted, "A", kCompleted);
  f.catch_up();
  f.append(EventType::ExchangeCompleted, "A", kCompleted);  // an exchange that was cut ends last
  f.catch_up();
  const SessionRow ended = f.index->sessions({})->at(0);
  EXPECT_EQ(ended.completed, 4U);
  EXPECT_EQ(ended.request_bytes, 70U);
  EXPECT_EQ(ended.response_bytes, 900U);
  EXPECT_EQ(ended.redacted, 5U);
}

TEST(Index, TakesNoNumberOfBytesThatCannotBe) {
  Fixture f;
  f.append(EventType::SessionOpened, "A", kOpened);
  f.append(EventType::ExchangeCompleted, "A", R"({"request_bytes":-4,"response_bytes":9223372036854775807})");
  f.append(EventType::ExchangeCompleted, "A", R"({"request_bytes":"much","response_bytes":1})");
  f.append(EventType::ExchangeCompleted, "A");
  f.catch_up();
  const SessionRow open = f.index->sessions({})->at(0);
  EXPECT_EQ(open.request_bytes, 0U);
  EXPECT_EQ(open.response_bytes, (1ULL << 50U) + 1);
}

TEST(Index, CountsSessionsAcrossBatchesAndRestarts) {
  Fixture f;
  f.append(EventType::SessionOpened, "A", kOpened);
  for (int round = 0; round < 3; ++round) {
    f.append(EventType::ExchangeForwarded, "A");
    f.append(EventType::ExchangeForwarded, "A");
    f.catch_up();
    f.index.reset();
    f.index = f.open();
    EXPECT_EQ(f.index->next_index(), f.journal->size()) << "nothing is indexed twice";
  }
  EXPECT_EQ(f.index->sessions({})->at(0).forwarded, 6U);
}

TEST(Index, FiltersSessions) {
  const Day day;
  const auto ids = [&](const SessionFilter& filter) {
    std::string out;
    const auto rows = day.index->sessions(filter);
    for (const SessionRow& row : *rows) out += row.id;
    return out;
  };
  SessionFilter filter;
  filter.ended = false;
  EXPECT_EQ(ids(filter), "B");
  filter.ended = true;
  EXPECT_EQ(ids(filter), "A");
  filter = {};
  filter.engineer = "bob";
  EXPECT_EQ(ids(filter), "B");
  filter = {};
  filter.session = "A";
  EXPECT_EQ(ids(filter), "A");
  filter = {};
  filter.since = kNoon + 7500;
  EXPECT_EQ(ids(filter), "B");
  filter = {};
  filter.until = kNoon + 5000;
  EXPECT_EQ(ids(filter), "A");
  filter = {};
  filter.before = 5;
  EXPECT_EQ(ids(filter), "A");
  filter = {};
  filter.limit = 1;
  EXPECT_EQ(ids(filter), "B");
}

TEST(Index, PassesOverLinesThatAreNoEvents) {
  Fixture f;
  f.append(EventType::LogRead);
  ASSERT_TRUE(f.journal->append("not an event").ok());
  f.append(EventType::LogRead);
  f.catch_up();
  EXPECT_EQ(f.find({}), (Indices{2, 0}));
}

TEST(Index, IsMadeAnewWhenItKnowsMoreThanTheJournal) {
  Fixture f;
  for (int i = 0; i < 10; ++i) f.append(EventType::LogRead);
  f.catch_up();
  MemoryFiles other;
  const auto shorter = *Journal::open(other, "log");
  ASSERT_TRUE(shorter->append(sample(EventType::GatewayStarted, 1)).ok());
  ASSERT_TRUE(shorter->write().ok());
  const auto reader = *JournalReader::open(other, "log");
  EXPECT_EQ(*f.index->catch_up(*reader), 1U);
  EXPECT_EQ(f.find({}), (Indices{0}));
}

TEST(Index, RebuildsToTheSameAnswers) {
  Day day;
  const auto before = *day.index->sessions({});
  EXPECT_EQ(*day.index->rebuild(*day.reader), 9U);
  EXPECT_EQ(day.find({}).size(), 9U);
  const auto after = *day.index->sessions({});
  ASSERT_EQ(after.size(), before.size());
  EXPECT_EQ(after[1].forwarded, before[1].forwarded);
}

TEST(Index, IsMadeAnewFromADamagedFile) {
  Fixture f;
  f.append(EventType::LogRead);
  f.catch_up();
  f.index.reset();
  std::ofstream(f.path(), std::ios::binary) << std::string(5000, 'x');
  f.index = f.open();
  EXPECT_EQ(f.index->next_index(), 0U);
  f.catch_up();
  EXPECT_EQ(f.find({}), (Indices{0}));
}

void set_by_hand(const std::string& path, const std::string& sql) {
  auto db = Database::open(path, Database::Mode::ReadWrite);
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE(db->run(sql).ok());
}

TEST(Index, IsMadeAnewWhenTheMachineWentDownWhileItWasOpen) {
  Fixture f;
  f.append(EventType::LogRead);
  f.catch_up();
  f.index.reset();
  EXPECT_EQ(f.open()->next_index(), 1U) << "closed in order: kept";
  set_by_hand(f.path(), "UPDATE progress SET boot = 'another start of the machine'");
  EXPECT_EQ(f.open()->next_index(), 0U);
}

TEST(Index, IsMadeAnewWhenTheSchemaIsAnother) {
  Fixture f;
  f.append(EventType::LogRead);
  f.catch_up();
  f.index.reset();
  set_by_hand(f.path(), "PRAGMA user_version = 1");
  EXPECT_EQ(Index::open_read_only(f.path()).error().code, Code::Unavailable);
  EXPECT_EQ(f.open()->next_index(), 0U);
}

TEST(Index, IsKeptWhenItCannotBeReadJustNow) {
  Fixture f;
  f.append(EventType::LogRead);
  f.catch_up();
  f.index.reset();
  {
    auto other = Database::open(f.path(), Database::Mode::ReadWrite);
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE(
        other->run("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; UPDATE progress SET next = next").ok());
    EXPECT_EQ(Index::open(f.path()).error().code, Code::Unavailable);
    ASSERT_TRUE(other->run("ROLLBACK").ok());
  }
  EXPECT_EQ(f.open()->next_index(), 1U);
}

TEST(Index, CanBeReadWhileItIsWritten) {
  Fixture f;
  EXPECT_EQ(Index::open_read_only(f.folder.path() + "/none.db").error().code, Code::Unavailable);
  const auto reading = Index::open_read_only(f.path());
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  f.append(EventType::LogRead);
  f.catch_up();
  EXPECT_EQ((*reading)->events({})->size(), 1U);
  const std::string line = sample(EventType::LogRead, 1);
  ASSERT_TRUE(f.index->begin().ok());
  ASSERT_TRUE(f.index->add(1, *read_event_head(line)).ok());
  EXPECT_EQ((*reading)->events({})->size(), 1U) << "not before commit()";
  ASSERT_TRUE(f.index->commit().ok());
  EXPECT_EQ((*reading)->events({})->size(), 2U);
}

// 40 blocks; in every tenth one something rare.
struct Month : Fixture {
  static constexpr std::uint64_t kEvents = 40 * kBlockEvents;
  Month() {
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      const bool rare = i % (10 * kBlockEvents) == 7;
      append(rare ? EventType::LogUnavailable : EventType::ExchangeForwarded, rare ? "R" : "A", {},
             rare ? "gateway" : "engineer:alice");
    }
    catch_up();
  }
  std::uint64_t blocks_for(const EventFilter& filter, std::size_t expected) const {
    const std::uint64_t before = index->blocks_read();
    EXPECT_EQ(find(filter).size(), expected);
    return index->blocks_read() - before;
  }
};

TEST(Index, ReadsOnlyTheBlocksThatAnAnswerStandsIn) {
  const Month month;
  EventFilter by_type, by_family, by_session, by_actor, by_severity, by_time;
  by_type.types = {"log.unavailable"};
  by_family.types = {"log", "session"};
  by_session.session = "R";
  by_session.types = {"log"};
  by_actor.actor = "gateway";
  by_severity.severity = Severity::Warning;
  for (const EventFilter& filter : {by_type, by_family, by_session, by_actor, by_severity})
    EXPECT_EQ(month.blocks_for(filter, 4), 4U);
  by_time.since = kNoon + 1000 * 1000;
  by_time.until = kNoon + 1010 * 1000;
  EXPECT_EQ(month.blocks_for(by_time, 10), 1U);
}

TEST(Index, ReadsNoMoreBlocksThanAPageNeeds) {
  const Month month;
  EventFilter page;
  EXPECT_EQ(month.blocks_for(page, 100), 1U);
  page.before = 1000;
  page.session = "A";
  EXPECT_EQ(month.blocks_for(page, 100), 1U);
  page.after = 998;
  EXPECT_EQ(month.blocks_for(page, 1), 1U);
  page.after = 1000;
  EXPECT_EQ(month.blocks_for(page, 0), 0U);
}

TEST(Index, AnswersInTheOrderOfTheJournalAcrossBlocks) {
  const Month month;
  EventFilter filter;
  filter.types = {"exchange.forwarded", "log.unavailable"};
  filter.limit = kQueryLimit;
  const Indices newest = month.find(filter);
  ASSERT_EQ(newest.size(), std::min<std::size_t>(kQueryLimit, Month::kEvents));
  EXPECT_EQ(newest.front(), Month::kEvents - 1);
  EXPECT_TRUE(std::is_sorted(newest.rbegin(), newest.rend()));
  EXPECT_EQ(std::adjacent_find(newest.begin(), newest.end()), newest.end()) << "each event once";
  filter.oldest_first = true;
  filter.after = 4 * kBlockEvents - 1;
  EXPECT_EQ(month.find(filter).front(), 4 * kBlockEvents);
}

// A naive reading of the journal against the index, over batches that end anywhere in a block.
TEST(Index, AgreesWithALookAtEveryLine) {
  Fixture f;
  constexpr EventType kTypes[] = {EventType::ExchangeForwarded, EventType::ExchangeRefused,
                                  EventType::LogRead, EventType::LogUnavailable};
  std::uint64_t random = 1;
  const auto next = [&random] {
    return (random = random * 6364136223846793005U + 1442695040888963407U) >> 33U;
  };
  for (int batch = 0; batch < 12; ++batch) {
    for (std::uint64_t i = 0, count = next() % 200; i < count; ++i) {
      if (next() % 50 == 0) {
        ASSERT_TRUE(f.journal->append("not an event").ok());
      } else {
        f.append(kTypes[next() % 4], next() % 3 == 0 ? "" : "S" + std::to_string(next() % 5), {},
                 next() % 2 == 0 ? "gateway" : "engineer:alice");
      }
    }
    f.catch_up();
    if (batch % 4 == 3) {
      f.index.reset();
      f.index = f.open();
    }
  }
  const auto lines = *f.reader->read(0, 10'000);
  for (int question = 0; question < 200; ++question) {
    EventFilter filter;
    if (next() % 2 == 0) filter.session = "S" + std::to_string(next() % 6);
    if (next() % 3 == 0) filter.actor = "gateway";
    if (next() % 2 == 0) filter.types = {next() % 2 == 0 ? "exchange" : "log.read", "log.unavailable"};
    if (next() % 3 == 0) filter.severity = Severity::Warning;
    if (next() % 3 == 0) filter.before = next() % lines.size();
    if (next() % 4 == 0) filter.after = next() % lines.size();
    if (next() % 4 == 0) filter.since = kNoon + static_cast<base::Micros>(next() % lines.size()) * 1000;
    if (next() % 4 == 0) filter.until = kNoon + static_cast<base::Micros>(next() % lines.size()) * 1000;
    filter.oldest_first = next() % 2 == 0;
    filter.limit = 1 + next() % 300;
    EXPECT_EQ(f.find(filter), naive_answer(lines, filter)) << "question " << question;
  }
}

TEST(FindEvents, GivesTheLinesAndWhereToGoOn) {
  const Day day;
  EventFilter filter;
  filter.limit = 4;
  auto found = find_events(*day.index, *day.reader, filter);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->events.size(), 4U);
  EXPECT_EQ(found->events[0].index, 8U);
  EXPECT_EQ(read_event_head(found->events[0].line)->type, EventType::LogUnavailable);
  ASSERT_EQ(found->next, 5U);
  filter.before = found->next;
  filter.limit = 100;
  found = find_events(*day.index, *day.reader, filter);
  ASSERT_EQ(found->events.size(), 5U);
  EXPECT_FALSE(found->next.has_value());
}

TEST(FindEvents, SearchesTextInTheLines) {
  Fixture f;
  for (int i = 0; i < 3000; ++i)
    f.append(EventType::ExchangeForwarded, "A", i == 17 ? R"({"target":"/Needle"})" : "{}");
  f.catch_up();
  EventFilter filter;
  filter.text = "needle";
  const auto found = find_events(*f.index, *f.reader, filter);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->events.size(), 1U);
  EXPECT_EQ(found->events[0].index, 17U);
  EXPECT_FALSE(found->next.has_value());
}

TEST(FindEvents, PagesThroughATextEitherWayWithoutLossOrRepetition) {
  Fixture f;
  std::vector<std::uint64_t> wanted;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const bool needle = i % 7 == 3 || (i > 2990 && i < 3010);
    f.append(EventType::ExchangeForwarded, "A", needle ? R"({"target":"/nEEdle"})" : "{}");
    if (needle) wanted.push_back(i);
  }
  f.catch_up();
  for (const bool oldest_first : {true, false}) {
    for (const std::size_t limit : {1U, 10U, 143U, 1000U}) {
      EventFilter filter;
      filter.text = "Needle";
      filter.oldest_first = oldest_first;
      filter.limit = limit;
      std::vector<std::uint64_t> seen;
      for (;;) {
        const auto found = find_events(*f.index, *f.reader, filter);
        ASSERT_TRUE(found.ok());
        for (const FoundEvent& event : found->events) seen.push_back(event.index);
        if (!found->next) break;
        ASSERT_LE(found->events.size(), limit);
        (oldest_first ? filter.after : filter.before) = found->next;
      }
      if (!oldest_first) std::reverse(seen.begin(), seen.end());
      EXPECT_EQ(seen, wanted) << oldest_first << " " << limit;
    }
  }
}

}  // namespace
}  // namespace postern::audit
