// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the API says of the log: a real journal and a real index, as a ledger would have left them.
#include <filesystem>

#include "tests/unit/console/log_rig.h"

namespace postern::console {
namespace {

using enum http::Method;

class LogApiTest : public LogRig {};

TEST_F(LogApiTest, FindsEventsAndPagesThroughThem) {
  connect_ledger();
  write_visit();
  const base::Json first = json_of(get("/api/v1/events?type=exchange.refused&limit=300"));
  ASSERT_EQ(first["items"].size(), 300U);
  EXPECT_FALSE(first["items"][0]["sentence"].get<std::string>().empty());
  const base::Json second =
      json_of(get("/api/v1/events?type=exchange.refused&limit=300&before=" + first["next"].dump()));
  EXPECT_EQ(second["items"].size(), 150U);
  EXPECT_FALSE(second.contains("next"));
  EXPECT_EQ(json_of(get("/api/v1/events?type=session&order=oldest"))["items"][0]["type"], "session.opened");
}

TEST_F(LogApiTest, FindsWhatCameAfterTheIndexWasMadeAnew) {
  connect_ledger();
  write_visit();
  EXPECT_TRUE(json_of(get("/api/v1/events?type=admin"))["items"].empty());
  index.reset();  // the ledger found it damaged
  for (const char* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(directory + "/index/index.db" + suffix);
  auto made = audit::Index::open(directory + "/index/index.db");
  ASSERT_TRUE(made.ok());
  index = std::move(*made);
  write(audit::EventType::AdminRefused, {}, R"({"code":"sign_in_refused"})");
  flush();
  EXPECT_EQ(json_of(get("/api/v1/events?type=admin"))["items"].size(), 1U);
  EXPECT_EQ(json_of(get("/api/v1/sessions?state=ended"))["items"].size(), 1U);
}

TEST_F(LogApiTest, NamesAFilterThatItDoesNotKnow) {
  connect_ledger();
  write_visit();
  for (const char* query :
       {"colour=red", "limit=many", "since=yesterday", "severity=loud", "type=no.such", "order=random"}) {
    EXPECT_EQ(get(std::string("/api/v1/events?") + query).status, 400) << query;
  }
}

TEST_F(LogApiTest, NotesWhoReadsTheLogOncePerReaderAndFilter) {
  connect_ledger();
  write_visit();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/api/v1/events?type=session").status, 200);
  EXPECT_EQ(readings_noted(), 1U);
  EXPECT_EQ(get("/api/v1/events?type=exchange").status, 200);
  EXPECT_EQ(readings_noted(), 2U);
  EXPECT_EQ(fake.events[0]["actor"], "admin:uid-0");
  EXPECT_EQ(fake.events[0]["detail"]["filter"], "type=session");
}

TEST_F(LogApiTest, DoesNotShowTheLogWhenTheReadingCannotBeNoted) {
  write_visit();
  for (std::size_t i = 0; i < LedgerClient::kMostUnacked; ++i) {
    ASSERT_TRUE(ledger.note({audit::EventType::LogRead, "admin:other", {}, {}, {}}));
  }
  const Response response = get("/api/v1/events");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body.find("items"), std::string::npos);
}

TEST_F(LogApiTest, ListsEndedSessionsFromTheLog) {
  connect_ledger();
  write_visit();
  EXPECT_TRUE(json_of(get("/api/v1/sessions"))["items"].empty());
  const base::Json ended = json_of(get("/api/v1/sessions?state=ended"));
  ASSERT_EQ(ended["items"].size(), 1U);
  EXPECT_EQ(ended["items"][0]["reason"], "signed_out");
  EXPECT_EQ(ended["items"][0]["refused"], 450);
  EXPECT_EQ(json_of(get("/api/v1/sessions/" + visit))["state"], "ended");
  EXPECT_EQ(get("/api/v1/sessions/01JD7Z3V5T4Q2N8M6K0H1F9C3C").status, 404);
}

TEST_F(LogApiTest, ExportsAVisitWholeInEveryFormat) {
  connect_ledger();
  write_visit();
  Response json = get("/api/v1/sessions/" + visit + "/export?format=json");
  const auto document = base::parse_json(whole(json));
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ((*document)["events"].size(), lines.size());
  EXPECT_EQ((*document)["session"]["engineer"], "alice");

  Response jsonl = get("/api/v1/sessions/" + visit + "/export?format=jsonl");
  std::string expected;
  for (const std::string& line : lines) expected += line + "\n";
  EXPECT_EQ(whole(jsonl), expected);

  Response csv = get("/api/v1/sessions/" + visit + "/export?format=csv");
  const std::string table = whole(csv);
  EXPECT_EQ(static_cast<std::size_t>(std::count(table.begin(), table.end(), '\n')), lines.size() + 1);

  Response har = get("/api/v1/sessions/" + visit + "/export?format=har");
  EXPECT_EQ(base::parse_json(whole(har)).value()["log"]["entries"].size(), 450U);
  EXPECT_NE(field_of(har, "content-disposition").find(".har"), std::string::npos);
  Response ocsf = get("/api/v1/sessions/" + visit + "/export?format=ocsf");
  const std::string schema_lines = whole(ocsf);
  EXPECT_EQ(static_cast<std::size_t>(std::count(schema_lines.begin(), schema_lines.end(), '\n')),
            lines.size());
  EXPECT_EQ(base::parse_json(schema_lines.substr(0, schema_lines.find('\n'))).value()["class_uid"], 3002);
  EXPECT_EQ(get("/api/v1/sessions/" + visit + "/export?format=pdf").status, 400);
  EXPECT_EQ(readings_noted(), 5U);
}

TEST_F(LogApiTest, TellsNewEventsLiveAndThinsABurst) {
  connect_ledger();
  ledger.on_growth([&] { live.log_grew(ledger.indexed()); });
  write(audit::EventType::NodeDown, {},
        R"({"service":"p","node":"http://127.0.0.1:9090","reason":"refused"})");
  flush();
  live.start();
  EXPECT_EQ(nodes.of("p", "http://127.0.0.1:9090")["state"], "down");
  const auto stream = live.open([] { return true; });
  write(audit::EventType::NodeUp, {}, R"({"service":"p","node":"http://127.0.0.1:9090"})");
  flush();
  fake.send_size(journal->size());
  std::string told;
  ASSERT_TRUE(turn_until([&] {
    stream->read(told, 1U << 20U);
    return told.find("node.up") != std::string::npos;
  }));
  EXPECT_EQ(nodes.of("p", "http://127.0.0.1:9090")["state"], "up");
  EXPECT_EQ(told.find("node.down"), std::string::npos);
  write_visit();
  fake.send_size(journal->size());
  ASSERT_TRUE(turn_until([&] {
    stream->read(told, 1U << 20U);
    return told.find("session.ended") != std::string::npos;
  }));
  EXPECT_NE(told.find("event: more\ndata: {\"skipped\":402}"), std::string::npos);
}

TEST_F(LogApiTest, SaysThatTheLogIsUnavailableWhileThereIsNone) {
  connect_ledger();
  index.reset();
  journal.reset();
  std::filesystem::remove_all(directory + "/journal");
  std::filesystem::remove_all(directory + "/index");
  EXPECT_EQ(get("/api/v1/events").status, 503);
}

}  // namespace
}  // namespace postern::console
