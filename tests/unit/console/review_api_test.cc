// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an auditor asks: the exchanges of a session, sessions by what is known of them, one event, and their proofs.
#include "audit/tiler.h"
#include "audit/tlog_proof.h"
#include "console/log_prover.h"
#include "tests/unit/audit/made_log.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/console/log_rig.h"

namespace postern::console {
namespace {

using enum http::Method;
using enum audit::EventType;

class ReviewApiTest : public LogRig {
 protected:
  std::string id_of(std::size_t line) const { return std::string(audit::read_event_head(lines[line])->id); }
  void write_request(const std::string& id, const std::string& ticket) {
    write(RequestCreated, {}, R"({"request":")" + id + R"(","engineer":"alice","ticket":")" + ticket + "\"}");
  }
  void write_grant(const std::string& request) {
    const std::string expires = base::format_time(time + 1000);
    write(GrantStarted, {},
          R"({"grant":"G","request":")" + request + R"(","engineer":"alice","expires":")" + expires + "\"}");
  }
  void write_session(const std::string& id, const std::string& reason) {
    write(SessionOpened, id, R"({"engineer":"alice","method":"pass"})");
    write(SessionEnded, id, R"({"reason":")" + reason + R"(","engineer":"alice"})");
  }
  std::vector<std::string> found(const std::string& query) {
    const base::Json answer = json_of(get("/api/v1/sessions?state=ended&" + query));
    std::vector<std::string> ids;
    for (const base::Json& item : answer["items"]) ids.push_back(item["id"]);
    return ids;
  }
  const std::string other = "01JD7Z3V5T4Q2N8M6K0H1F9C3C";
};
using Ids = std::vector<std::string>;

TEST_F(ReviewApiTest, ShowsAnExchangeWithItsEnd) {
  connect_ledger();
  write(SessionOpened, visit, R"({"engineer":"alice"})");
  write(ExchangeForwarded, visit, R"({"method":"GET","target":"/a","class":"read"})");
  write(ExchangeForwarded, visit, R"({"method":"GET","target":"/b","class":"read"})");
  write(ExchangeRefused, visit, R"({"method":"GET","target":"/c","code":"never","status":403})");
  write(ExchangeCompleted, visit,
        R"({"forwarded":")" + id_of(1) + R"(","status":200,"duration_us":7,"outcome":"completed"})");
  flush();
  const std::string path = "/api/v1/sessions/" + visit + "/exchanges";
  const base::Json all = json_of(get(path))["items"];
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["outcome"], "completed");
  EXPECT_EQ(all[0]["status"], 200);
  EXPECT_EQ(all[0]["event"], id_of(1));
  EXPECT_EQ(all[1]["outcome"], "open");
  EXPECT_EQ(all[2]["outcome"], "refused");
  EXPECT_EQ(json_of(get(path + "?outcome=refused"))["items"].size(), 1U);
  EXPECT_EQ(json_of(get(path + "?text=%2FB"))["items"][0]["target"], "/b");
  const base::Json first = json_of(get(path + "?limit=2"));
  ASSERT_EQ(first["items"].size(), 2U);
  const base::Json second = json_of(get(path + "?limit=2&after=" + first["next"].dump()));
  ASSERT_EQ(second["items"].size(), 1U);
  EXPECT_EQ(second["items"][0]["target"], "/c");
  EXPECT_EQ(get(path + "?after=x").status, 400);
  const base::Json newest = json_of(get(path + "?order=newest&limit=2"));
  EXPECT_EQ(newest["items"][0]["target"], "/c");
  const base::Json oldest = json_of(get(path + "?order=newest&limit=2&before=" + newest["next"].dump()));
  ASSERT_EQ(oldest["items"].size(), 1U);
  EXPECT_EQ(oldest["items"][0]["outcome"], "completed");
  EXPECT_EQ(get(path + "?order=random").status, 400);
}

TEST_F(ReviewApiTest, FindsSessionsByTicketTextAndOutcome) {
  connect_ledger();
  write_session(other, "idle");
  write_request("R", "CASE-4711");
  write_grant("R");
  write(SessionOpened, visit, R"({"engineer":"alice","method":"pass"})");
  write(ExchangeRefused, visit, R"({"method":"GET","target":"/needle","code":"never"})");
  write(ExchangeChanged, visit, R"({"target":"/state"})");
  write(SessionEnded, visit, R"({"reason":"revoked","engineer":"alice"})");
  flush();
  EXPECT_EQ(found("ticket=case-4711"), Ids{visit});
  EXPECT_TRUE(found("ticket=case-4712").empty());
  EXPECT_TRUE(found("ticket=case-4711&engineer=bob").empty());
  EXPECT_TRUE(found("ticket=case-4711&text=hay").empty());
  EXPECT_EQ(found("ticket=case-4711&text=NEEDLE"), Ids{visit});
  EXPECT_EQ(found("text=needle"), Ids{visit});
  EXPECT_EQ(found("outcome=changed"), Ids{visit});
  EXPECT_EQ(found("outcome=refused"), Ids{visit});
  EXPECT_EQ(found("outcome=idle"), Ids{other});
  EXPECT_EQ(found("engineer=alice"), (Ids{visit, other}));
  EXPECT_TRUE(found("engineer=bob").empty());
  EXPECT_EQ(get("/api/v1/sessions?state=ended&colour=red").status, 400);
  EXPECT_EQ(get("/api/v1/sessions?state=gone").status, 400);
}

TEST_F(ReviewApiTest, SaysUnderWhichGrantsASessionWas) {
  connect_ledger();
  const auto grant = [this](const std::string& id, const std::string& engineer, base::Micros lasts) {
    const std::string expires = base::format_time(time + lasts);
    write(GrantStarted, {},
          R"({"grant":")" + id + R"(","request":"R)" + id + R"(","engineer":")" + engineer +
              R"(","capabilities":["state.read"],"ticket":"CASE-)" + id + R"(","expires":")" + expires +
              "\"}");
  };
  grant("over", "alice", 1);
  grant("short", "alice", 1000 * base::kWallSecond);
  write(GrantEnded, {}, R"({"grant":"short","engineer":"alice","reason":"revoked"})");
  grant("hers", "alice", 1000 * base::kWallSecond);
  grant("other", "alice2", 1000 * base::kWallSecond);
  write(SessionOpened, visit, R"({"engineer":"alice","method":"pass"})");
  grant("meanwhile", "alice", 1000 * base::kWallSecond);
  write(GrantEnded, {}, R"({"grant":"hers","engineer":"alice","reason":"expired"})");
  write(SessionEnded, visit, R"({"reason":"revoked","engineer":"alice"})");
  grant("later", "alice", 1000 * base::kWallSecond);
  flush();
  const base::Json items = json_of(get("/api/v1/sessions/" + visit + "/grants"))["items"];
  ASSERT_EQ(items.size(), 2U) << items.dump();
  EXPECT_EQ(items[0]["id"], "meanwhile");
  EXPECT_EQ(items[1]["id"], "hers");
  EXPECT_EQ(items[1]["ticket"], "CASE-hers");
  EXPECT_EQ(items[1]["request"], "Rhers");
  EXPECT_EQ(items[1]["state"], "ended");
  EXPECT_EQ(items[1]["ended_reason"], "expired");
  EXPECT_EQ(get("/api/v1/sessions/" + other + "/grants").status, 404);
}

TEST_F(ReviewApiTest, PagesThroughSessionsWithoutGapsOrRepeats) {
  connect_ledger();
  for (const char last : std::string("0123456")) write_session(visit.substr(0, 25) + last, "idle");
  flush();
  Ids all;
  std::string before;
  for (int page = 0; page < 4; ++page) {
    const base::Json answer = json_of(get("/api/v1/sessions?state=ended&limit=2" + before));
    for (const base::Json& item : answer["items"]) all.push_back(item["id"]);
    if (!answer.contains("next")) break;
    before = "&before=" + answer["next"].dump();
  }
  ASSERT_EQ(all.size(), 7U);
  EXPECT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
}

TEST_F(ReviewApiTest, FindsOneEventByItsId) {
  connect_ledger();
  write_visit();
  EXPECT_EQ(json_of(get("/api/v1/events/" + id_of(3)))["id"], id_of(3));
  EXPECT_EQ(get("/api/v1/events/" + visit).status, 404);
  EXPECT_EQ(get("/api/v1/events/nothing").status, 404);
}

TEST_F(ReviewApiTest, CountsOverTime) {
  connect_ledger();
  write_visit();
  const base::Json counts = json_of(get("/api/v1/events/histogram?since=2026-03-01T00:00:00Z&parts=10"));
  std::uint64_t refused = 0;
  for (const base::Json& part : counts["refused"]) refused += part.get<std::uint64_t>();
  EXPECT_EQ(refused, 450U);
  EXPECT_EQ(counts["events"].size(), 10U);
  for (const char* query :
       {"parts=0", "parts=1001", "parts=x", "since=tomorrow", "since=9999-01-01T00:00:00Z"})
    EXPECT_EQ(get(std::string("/api/v1/events/histogram?") + query).status, 400) << query;
}

TEST_F(ReviewApiTest, SaysWhoUsedACapabilityLast) {
  connect_ledger();
  write(ExchangeForwarded, visit, R"({"method":"GET","target":"/a"})");
  flush();
  const base::Json first = json_of(get("/api/v1/capability-use"));
  ASSERT_EQ(first["items"].size(), 1U);
  EXPECT_EQ(first["items"][0]["engineer"], "alice");
  EXPECT_EQ(first["items"][0]["event"], id_of(0));
  write(ExchangeForwarded, other, R"({"method":"GET","target":"/a"})");
  flush();
  EXPECT_EQ(json_of(get("/api/v1/capability-use"))["items"][0]["session"], other);
}

TEST_F(ReviewApiTest, RecordsEachReading) {
  connect_ledger();
  write_visit();
  (void)get("/api/v1/sessions/" + visit + "/exchanges");
  (void)get("/api/v1/events/" + id_of(0));
  (void)get("/api/v1/capability-use");
  EXPECT_EQ(readings_noted(), 3U);
}

// A log as the ledger leaves it, and each event of it held against what was signed.
class LogProverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = audit::MadeLog::open(audit::system_files(), folder.path());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(*opened);
    ASSERT_TRUE(log->append(300).ok());
    ASSERT_TRUE(log->publish().ok());
    key = certs::format_verifier_key(certs::verifier_of(audit::MadeLog::key()));
  }
  static std::vector<std::pair<std::uint64_t, std::string>> given() {
    return {{0, audit::MadeLog::line(0)}, {255, audit::MadeLog::line(255)}, {299, audit::MadeLog::line(299)}};
  }
  audit::TemporaryFolder folder;
  std::unique_ptr<audit::MadeLog> log;
  std::string key;
};

TEST_F(LogProverTest, ProvesWhatStandsThere) {
  auto proof = prove_lines(log->log(), key, given());
  ASSERT_TRUE(proof.ok()) << proof.error().message;
  EXPECT_EQ(proof->checked, 3U);
  EXPECT_EQ(proof->size, 300U);
  EXPECT_TRUE(proof->faults.empty());
}

TEST_F(LogProverTest, NamesALineThatIsNotTheOneThatWasSigned) {
  auto lines = given();
  lines[1].second.back() = ' ';
  const auto proof = prove_lines(log->log(), key, lines);
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(proof->checked, 2U);
  ASSERT_EQ(proof->faults.size(), 1U);
  EXPECT_EQ(proof->faults[0].index, 255U);
}

TEST_F(LogProverTest, SaysWhatIsNotSignedYet) {
  auto lines = given();
  lines.emplace_back(300, audit::MadeLog::line(300));
  const auto proof = prove_lines(log->log(), key, lines);
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(proof->beyond, 1U);
  EXPECT_TRUE(proof->faults.empty());
}

TEST_F(LogProverTest, TrustsNoOtherKey) {
  const auto stranger = certs::make_verifier_key("log", certs::NoteAlgorithm::Ed25519, std::string(32, 'x'));
  EXPECT_FALSE(prove_lines(log->log(), certs::format_verifier_key(stranger), given()).ok());
  EXPECT_FALSE(prove_lines(log->log(), "", given()).ok());
}

TEST_F(LogProverTest, MakesAProofThatVerifiesAlone) {
  const auto text = make_event_proof(log->log(), 42);
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto proof = audit::parse_tlog_proof(*text);
  ASSERT_TRUE(proof.ok());
  EXPECT_TRUE(audit::verify_tlog_proof(*proof, certs::verifier_of(audit::MadeLog::key())).ok());
  EXPECT_EQ(make_event_proof(log->log(), 300).error().code, base::Code::NotFound);
}

}  // namespace
}  // namespace postern::console
