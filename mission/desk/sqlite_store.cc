// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "audit/database.h"
#include "base/json.h"
#include "base/ulid.h"
#include "mission/desk/store.h"

namespace postern::mission {
namespace {

using audit::Database;
using audit::Statement;
using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr int kSchemaVersion = 1;
// A report that says to be from so far ahead of our clock does not keep later ones out.
constexpr base::Micros kSkew = 3600 * base::kWallSecond;

constexpr std::string_view kSchema = R"sql(
CREATE TABLE enrolments (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, customer TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0, installation TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE installations (
  id TEXT PRIMARY KEY, customer TEXT NOT NULL, version TEXT NOT NULL, enrolled INTEGER NOT NULL,
  standing INTEGER NOT NULL, since INTEGER NOT NULL, heard INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0, event_bytes INTEGER NOT NULL DEFAULT 0, forgotten TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE certificates (
  serial TEXT PRIMARY KEY, installation TEXT NOT NULL REFERENCES installations(id), issued INTEGER NOT NULL,
  until INTEGER NOT NULL, first_seen INTEGER NOT NULL DEFAULT 0, replaced_by TEXT NOT NULL DEFAULT '',
  key TEXT NOT NULL) STRICT;
CREATE INDEX certificates_of ON certificates (installation);
CREATE TABLE latest (
  installation TEXT NOT NULL REFERENCES installations(id), kind INTEGER NOT NULL, id TEXT NOT NULL, schema INTEGER NOT NULL,
  time INTEGER NOT NULL, received INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (installation, kind)) STRICT;
CREATE TABLE events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, installation TEXT NOT NULL REFERENCES installations(id), id TEXT NOT NULL,
  own INTEGER NOT NULL, type TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL, body TEXT NOT NULL,
  UNIQUE (installation, id)) STRICT;
CREATE INDEX events_by_arrival ON events (received);
CREATE INDEX events_of ON events (installation, number);
)sql";

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(Database database) : db_(std::move(database)) {}

  Status prepare_file() {
    // Each commit is on the disk when it returns.
    Status set = db_.run(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY");
    if (!set.ok()) return set;
    auto version = db_.prepare("PRAGMA user_version");
    if (!version.ok()) return version.error();
    const auto row = version->step();
    if (!row.ok()) return row.error();
    const std::int64_t found = version->number(0);
    version->start();
    if (found == kSchemaVersion) return Ok{};
    if (found != 0)
      return fail(Code::Corrupt, "the store is of another version of Mission Control: schema " +
                                     std::to_string(found) + ", and this one has " +
                                     std::to_string(kSchemaVersion));
    return db_.run("BEGIN;" + std::string(kSchema) + "PRAGMA user_version=" + std::to_string(kSchemaVersion) +
                   ";COMMIT");
  }

  Status add_enrolment(const Enrolment& one) override {
    const auto count = number_of("SELECT COUNT(*) FROM enrolments WHERE used=0 AND withdrawn=0");
    if (!count.ok()) return count.error();
    if (*count >= static_cast<std::int64_t>(kMostEnrolments))
      return fail(Code::Limit, "there are too many enrolments");
    return act("INSERT INTO enrolments (id, hash, customer, created, expires) VALUES (?,?,?,?,?)",
               [&](Statement& s) {
                 s.bind(one.id).bind(one.hash).bind(one.customer).bind(one.created).bind(one.expires);
               });
  }

  Result<std::vector<Enrolment>> enrolments() override {
    std::vector<Enrolment> out;
    Status read = each(
        "SELECT id, hash, customer, created, expires, used, withdrawn, installation FROM enrolments "
        "ORDER BY id DESC",
        [](Statement&) {}, [&](Statement& s) { out.push_back(enrolment_in(s)); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<std::optional<Enrolment>> enrolment(std::string_view hash) override {
    std::optional<Enrolment> out;
    Status read = each(
        "SELECT id, hash, customer, created, expires, used, withdrawn, installation FROM enrolments "
        "WHERE hash=?",
        [&](Statement& s) { s.bind(hash); }, [&](Statement& s) { out = enrolment_in(s); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<bool> withdraw_enrolment(std::string_view id, base::Micros now) override {
    return touched("UPDATE enrolments SET withdrawn=? WHERE id=? AND used=0 AND withdrawn=0",
                   [&](Statement& s) { s.bind(now).bind(id); });
  }

  Result<bool> enrol(std::string_view hash, const Installation& made,
                     const IssuedCertificate& certificate) override {
    const auto count = number_of("SELECT COUNT(*) FROM installations");
    if (!count.ok()) return count.error();
    if (*count >= static_cast<std::int64_t>(kMostInstallations))
      return fail(Code::Limit, "there are too many installations");
    const auto used = touched(
        "UPDATE enrolments SET used=?, installation=? WHERE hash=? AND used=0 AND withdrawn=0 AND expires>?",
        [&](Statement& s) { s.bind(made.enrolled).bind(made.id).bind(hash).bind(made.enrolled); });
    if (!used.ok() || !*used) return used;
    Status kept = act(
        "INSERT INTO installations (id, customer, version, enrolled, standing, since) VALUES (?,?,?,?,?,?)",
        [&](Statement& s) {
          s.bind(made.id).bind(made.customer).bind(made.version).bind(made.enrolled);
          s.bind(static_cast<std::int64_t>(made.standing)).bind(made.since);
        });
    if (kept.ok()) kept = add_certificate(certificate);
    if (!kept.ok()) return std::move(kept).error();
    return true;
  }

  Result<std::optional<Installation>> installation(std::string_view id) override {
    std::optional<Installation> out;
    Status read = each(
        std::string(kInstallations) + " WHERE id=?", [&](Statement& s) { s.bind(id); },
        [&](Statement& s) { out = installation_in(s); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<std::vector<Installation>> installations() override {
    std::vector<Installation> out;
    Status read = each(
        std::string(kInstallations) + " ORDER BY id", [](Statement&) {},
        [&](Statement& s) { out.push_back(installation_in(s)); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Status note_heard(std::string_view id, base::Micros now) override {
    return act("UPDATE installations SET heard=? WHERE id=?", [&](Statement& s) { s.bind(now).bind(id); });
  }

  Status set_standing(std::string_view id, Standing standing, base::Micros since) override {
    return act("UPDATE installations SET standing=?, since=? WHERE id=? AND standing<>?", [&](Statement& s) {
      s.bind(static_cast<std::int64_t>(standing)).bind(since).bind(id);
      s.bind(static_cast<std::int64_t>(Standing::Retired));
    });
  }

  Result<std::optional<IssuedCertificate>> certificate(std::string_view serial) override {
    std::optional<IssuedCertificate> out;
    Status read = each(
        std::string(kCertificates) + " WHERE serial=?", [&](Statement& s) { s.bind(serial); },
        [&](Statement& s) { out = certificate_in(s); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<std::vector<IssuedCertificate>> certificates(std::string_view installation) override {
    std::vector<IssuedCertificate> out;
    Status read = each(
        std::string(kCertificates) + " WHERE installation=? ORDER BY issued DESC",
        [&](Statement& s) { s.bind(installation); }, [&](Statement& s) { out.push_back(certificate_in(s)); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Status note_certificate_seen(std::string_view serial, base::Micros now) override {
    return act("UPDATE certificates SET first_seen=? WHERE serial=? AND first_seen=0",
               [&](Statement& s) { s.bind(now).bind(serial); });
  }

  Status renew(std::string_view replaced, const IssuedCertificate& fresh) override {
    Status kept = add_certificate(fresh);
    if (!kept.ok()) return kept;
    // Those that nobody can use any more are forgotten with the next renewal.
    kept = act("DELETE FROM certificates WHERE installation=? AND until<?",
               [&](Statement& s) { s.bind(fresh.installation).bind(fresh.issued); });
    if (!kept.ok()) return kept;
    return act("UPDATE certificates SET replaced_by=? WHERE serial=?",
               [&](Statement& s) { s.bind(fresh.serial).bind(replaced); });
  }

  Status keep_latest(std::string_view installation, const line::Report& report, base::Micros now) override {
    const std::string body = base::dump_json(report.body);
    return act(
        "INSERT INTO latest (installation, kind, id, schema, time, received, body) VALUES (?,?,?,?,?,?,?) "
        "ON CONFLICT (installation, kind) DO UPDATE SET id=excluded.id, schema=excluded.schema, "
        "time=excluded.time, received=excluded.received, body=excluded.body "
        "WHERE excluded.id<>latest.id AND (excluded.time>=latest.time OR latest.time>?)",
        [&](Statement& s) {
          s.bind(installation).bind(static_cast<std::int64_t>(report.kind)).bind(report.id);
          s.bind(static_cast<std::int64_t>(report.schema)).bind(report.time).bind(now).bind(body);
          s.bind(now + kSkew);
        });
  }

  Result<std::vector<LatestReport>> latest(std::string_view installation) override {
    std::vector<LatestReport> out;
    Status read = each(
        "SELECT kind, id, schema, time, received, body FROM latest WHERE installation=? ORDER BY kind",
        [&](Statement& s) { s.bind(installation); },
        [&](Statement& s) {
          LatestReport one;
          one.report.kind = static_cast<line::Kind>(s.number(0));
          one.report.id = s.text(1);
          one.report.schema = static_cast<int>(s.number(2));
          one.report.time = s.number(3);
          one.received = s.number(4);
          one.report.body = body_in(s.text(5));
          out.push_back(std::move(one));
        });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<bool> keep_event(const StoredEvent& event) override {
    const std::string body = base::dump_json(event.body);
    const auto kept = touched(
        "INSERT INTO events (installation, id, own, type, time, received, body) "
        "SELECT ?1,?2,?3,?4,?5,?6,?7 FROM installations WHERE id=?1 AND (?3=1 OR ?2>forgotten) "
        "ON CONFLICT (installation, id) DO NOTHING",
        [&](Statement& s) {
          s.bind(event.installation).bind(event.id).bind(std::int64_t{event.own ? 1 : 0}).bind(event.type);
          s.bind(event.time).bind(event.received).bind(body);
        });
    if (!kept.ok() || !*kept) return kept;
    Status counted = count_event(event.installation, 1, static_cast<std::int64_t>(body.size()));
    if (counted.ok()) counted = keep_within(event.installation);
    if (!counted.ok()) return std::move(counted).error();
    return true;
  }

  Result<std::vector<StoredEvent>> events(std::string_view installation, std::int64_t below,
                                          std::size_t most) override {
    std::vector<StoredEvent> out;
    Status read = each(
        "SELECT number, installation, id, own, type, time, received, body FROM events "
        "WHERE (?1='' OR installation=?1) AND (?2=0 OR number<?2) ORDER BY number DESC LIMIT ?3",
        [&](Statement& s) { s.bind(installation).bind(below).bind(static_cast<std::int64_t>(most)); },
        [&](Statement& s) {
          StoredEvent one;
          one.number = s.number(0);
          one.installation = s.text(1);
          one.id = s.text(2);
          one.own = s.number(3) != 0;
          one.type = s.text(4);
          one.time = s.number(5);
          one.received = s.number(6);
          one.body = body_in(s.text(7));
          out.push_back(std::move(one));
        });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  Result<bool> forget(base::Micros events_before, base::Micros codes_before) override {
    std::vector<std::int64_t> old;
    constexpr std::size_t kAtOnce = 1000;  // the next call takes the next ones
    Status read = each(
        "SELECT number FROM events WHERE received<? ORDER BY received LIMIT ?",
        [&](Statement& s) { s.bind(events_before).bind(static_cast<std::int64_t>(kAtOnce)); },
        [&](Statement& s) { old.push_back(s.number(0)); });
    for (const std::int64_t number : old) {
      if (read.ok()) read = remove_event(number);
    }
    if (read.ok())
      read = act("DELETE FROM enrolments WHERE used=0 AND (expires<?1 OR (withdrawn>0 AND withdrawn<?1))",
                 [&](Statement& s) { s.bind(codes_before); });
    if (!read.ok()) return std::move(read).error();
    return old.size() == kAtOnce;
  }

  Status commit() override {
    const bool open = std::exchange(open_, false);
    if (std::exchange(failed_, false)) {
      if (db_.in_transaction()) static_cast<void>(db_.run("ROLLBACK"));
      return fail(Code::Unavailable, "an act on the store failed");
    }
    if (!open) return Ok{};
    Status done = db_.run("COMMIT");
    if (!done.ok()) static_cast<void>(db_.run("ROLLBACK"));
    return done;
  }

 private:
  static constexpr std::string_view kInstallations =
      "SELECT id, customer, version, enrolled, standing, since, heard, events, event_bytes FROM "
      "installations";
  static constexpr std::string_view kCertificates =
      "SELECT serial, installation, issued, until, first_seen, replaced_by, key FROM certificates";

  static Enrolment enrolment_in(Statement& s) {
    return {s.text(0), s.text(1), s.text(2), s.number(3), s.number(4), s.number(5), s.number(6), s.text(7)};
  }
  static Installation installation_in(Statement& s) {
    return {s.text(0),   s.text(1),   s.text(2),   s.number(3), static_cast<Standing>(s.number(4)),
            s.number(5), s.number(6), s.number(7), s.number(8)};
  }
  static IssuedCertificate certificate_in(Statement& s) {
    return {s.text(0), s.text(1), s.number(2), s.number(3), s.number(4), s.text(5), s.text(6)};
  }
  static base::Json body_in(const std::string& text) {
    auto json = base::parse_json(text);
    return json.ok() ? std::move(json).value() : base::Json::object();
  }

  Status add_certificate(const IssuedCertificate& one) {
    return act("INSERT INTO certificates (serial, installation, issued, until, key) VALUES (?,?,?,?,?)",
               [&](Statement& s) {
                 s.bind(one.serial).bind(one.installation).bind(one.issued).bind(one.until).bind(one.key);
               });
  }

  Status count_event(std::string_view installation, std::int64_t count, std::int64_t bytes) {
    return act("UPDATE installations SET events=events+?, event_bytes=event_bytes+? WHERE id=?",
               [&](Statement& s) { s.bind(count).bind(bytes).bind(installation); });
  }

  // What retention takes is remembered by the newest id that it took, so that it is not taken in again; but no id from further
  // ahead than a clock may be, or all that comes after a clock was put right would be lost.
  Status remove_event(std::int64_t number) {
    std::string installation, id;
    std::int64_t bytes = 0;
    base::Micros received = 0;
    bool own = false;
    Status done = each(
        "SELECT installation, id, own, length(CAST(body AS BLOB)), received FROM events WHERE number=?",
        [&](Statement& s) { s.bind(number); },
        [&](Statement& s) {
          installation = s.text(0);
          id = s.text(1);
          own = s.number(2) != 0;
          bytes = s.number(3);
          received = s.number(4);
        });
    if (done.ok()) done = act("DELETE FROM events WHERE number=?", [&](Statement& s) { s.bind(number); });
    if (done.ok()) done = count_event(installation, -1, -bytes);
    if (!done.ok() || own) return done;
    id = std::min(id, base::UlidMaker().make(received + kSkew));
    return act("UPDATE installations SET forgotten=?2 WHERE id=?1 AND forgotten<?2",
               [&](Statement& s) { s.bind(installation).bind(id); });
  }

  Status keep_within(std::string_view id) {
    for (;;) {
      const auto now = installation(id);
      if (!now.ok()) return now.error();
      if (!*now || ((*now)->events <= kMostEvents && (*now)->event_bytes <= kMostEventBytes)) return Ok{};
      // Its own words first: no flood of them pushes out what Mission Control noticed.
      std::int64_t oldest = 0;
      const auto take = [&](Statement& s) { oldest = s.number(0); };
      const auto bind = [&](Statement& s) { s.bind(id); };
      Status done = each("SELECT number FROM events WHERE installation=? AND own=0 ORDER BY number LIMIT 1",
                         bind, take);
      if (done.ok() && oldest == 0)
        done = each("SELECT number FROM events WHERE installation=? ORDER BY number LIMIT 1", bind, take);
      if (done.ok()) done = remove_event(oldest);
      if (!done.ok()) return done;
    }
  }

  Result<Statement*> statement(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return &known->second.start();
    auto made = db_.prepare(sql);
    if (!made.ok()) return made.error();
    return &statements_.emplace(sql, std::move(*made)).first->second.start();
  }

  // Within a transaction any failure is one of all of it.
  template <typename Bind, typename Take>
  Status each(const std::string& sql, Bind bind, Take take) {
    if (open_ && !db_.in_transaction()) failed_ = true;
    if (failed_) return fail(Code::Unavailable, "an act before failed: nothing of this turn is kept");
    Status done = run_each(sql, bind, take);
    if (!done.ok() && open_) failed_ = true;
    return done;
  }

  template <typename Bind, typename Take>
  Status run_each(const std::string& sql, Bind bind, Take take) {
    const auto found = statement(sql);
    if (!found.ok()) return found.error();
    Statement& s = **found;
    bind(s);
    for (;;) {
      const auto row = s.step();
      if (!row.ok()) return row.error();
      if (!*row) return Ok{};
      take(s);
    }
  }

  Result<std::int64_t> number_of(const std::string& sql) {
    std::int64_t out = 0;
    Status read = each(
        sql, [](Statement&) {}, [&](Statement& s) { out = s.number(0); });
    if (!read.ok()) return std::move(read).error();
    return out;
  }

  // Begins the transaction if none runs. After a failure nothing is done until commit(), which says so: SQLite may have
  // rolled back by itself, and what came then would be kept alone.
  template <typename Bind>
  Status act(const std::string& sql, Bind bind) {
    if (!open_ && !failed_) {
      if (Status begun = db_.run("BEGIN IMMEDIATE"); !begun.ok()) {
        failed_ = true;
        return begun;
      }
      open_ = true;
    }
    return each(sql, bind, [](Statement&) {});
  }

  template <typename Bind>
  Result<bool> touched(const std::string& sql, Bind bind) {
    Status done = act(sql, bind);
    if (!done.ok()) return std::move(done).error();
    return db_.changes() > 0;
  }

  Database db_;
  std::map<std::string, Statement> statements_;  // by their text; dies before db_
  bool open_ = false, failed_ = false;           // of the transaction
};

}  // namespace

std::string_view to_text(Standing standing) {
  constexpr std::array<std::string_view, 4> kNames{"new", "up", "late", "retired"};
  return kNames.at(static_cast<std::size_t>(standing));
}

base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (!database.ok()) return database.error();
  auto store = std::make_unique<SqliteStore>(std::move(*database));
  if (Status ready = store->prepare_file(); !ready.ok()) return std::move(ready).error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace postern::mission
