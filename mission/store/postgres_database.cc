// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/postgres_database.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "mission/store/handed_socket.h"
#include "mission/store/schema.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr int kOldest = 150000;  // version 15
// For what writes to its disk, and for the schema; all else waits settings_.patience. Then the connection is given up.
constexpr base::Nanos kLongPatience = 10 * base::kSecond;
constexpr std::size_t kMostQueued = 1'000;  // statements that go out without one that waits
constexpr std::string_view kChannel = "postern_mission_control";
constexpr const char* kOptions =
    " -c idle_in_transaction_session_timeout=30000 -c default_transaction_isolation=read\\ committed";
constexpr Oid kInt8 = 20, kText = 25;  // of pg_type.dat, which never change

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

// The server gives up before we do, and whoever holds a lock and went silent is not waited for.
std::string options_for(base::Nanos patience) {
  const auto milliseconds = [](base::Nanos time) { return std::to_string(time / base::kMillisecond); };
  return "-c statement_timeout=" + milliseconds(patience * 4 / 5) +
         " -c lock_timeout=" + milliseconds(patience * 2 / 3) + kOptions;
}

// One line, without libpq's preface: it names an address that is none (handed_socket.h).
std::string sentence(const char* said) {
  std::string text = said != nullptr ? said : "";
  if (const std::size_t at = text.find(" failed: ");
      text.starts_with("connection to server") && at != std::string::npos)
    text.erase(0, at + 9);
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  std::replace_if(text.begin(), text.end(), is_space, ' ');
  text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
             text.end());
  if (text.empty()) text = "it ended the connection";
  return base::printable(text, 512);
}

// Of an error's class, as PostgreSQL's appendix A has them.
Code code_of(std::string_view state) {
  if (state == "42501") return Code::Denied;
  for (const std::string_view passing :
       {"08", "40", "53", "55", "57", "58"}) {  // also deadlocks, locks, timeouts, a full disk
    if (state.starts_with(passing)) return Code::Unavailable;
  }
  return state.starts_with("XX") ? Code::Corrupt : Code::Internal;
}

base::Error failure(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return fail(code_of(state != nullptr ? state : ""),
              "PostgreSQL: " + sentence(message != nullptr ? message : PQresultErrorMessage(result)));
}

class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}
  std::int64_t number(int column) const override {
    std::int64_t out = 0;
    const char* text = PQgetvalue(result_, row_, column);
    std::from_chars(text, text + PQgetlength(result_, row_, column), out);
    return out;
  }
  std::string text(int column) const override {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* result_;
  int row_;
};

std::int64_t touched_by(PGresult* result) {
  std::int64_t out = 0;
  const std::string_view text = PQcmdTuples(result);
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

// What was sent and not answered yet, in its order. Failures of one kind alone: the database refused a statement. When
// the connection itself goes wrong, broken says so.
struct PostgresDatabase::Connection {
  std::unique_ptr<PGconn, Finish> pg;
  std::map<std::string, std::string, std::less<>> prepared;  // text -> name
  std::uint64_t last_name = 0;
  bool in_transaction = false;
  std::string broken;  // why; empty: it is not

  struct Sent {
    std::string prepares;  // the text of a statement; empty: it runs one
  };
  std::vector<Sent> sent;
  std::int64_t touched = 0;  // by the last that ran
  std::string tag;           // of the last that ran: "COMMIT"

  bool is_broken() {
    if (broken.empty() && PQstatus(pg.get()) != CONNECTION_OK) broken = sentence(PQerrorMessage(pg.get()));
    return !broken.empty();
  }

  Status send(std::string_view sql, Values values) {
    auto known = prepared.find(sql);
    if (known == prepared.end()) {
      std::string ours(sql);
      std::replace(ours.begin(), ours.end(), '?', '$');
      std::vector<Oid> types;
      for (const Value& value : values)
        types.push_back(std::holds_alternative<std::int64_t>(value) ? kInt8 : kText);
      const std::string name = "s" + std::to_string(++last_name);
      if (PQsendPrepare(pg.get(), name.c_str(), ours.c_str(), static_cast<int>(types.size()), types.data()) ==
          0)
        return broke();
      sent.push_back({std::string(sql)});
      known = prepared.emplace(sql, name).first;
    }
    std::vector<std::string> texts;
    std::vector<const char*> pointers;
    texts.reserve(values.size());
    for (const Value& value : values) {
      const auto* number = std::get_if<std::int64_t>(&value);
      texts.push_back(number != nullptr ? std::to_string(*number)
                                        : std::string(std::get<std::string_view>(value)));
      pointers.push_back(texts.back().c_str());
    }
    if (PQsendQueryPrepared(pg.get(), known->second.c_str(), static_cast<int>(pointers.size()),
                            pointers.data(), nullptr, nullptr, 0) == 0)
      return broke();
    sent.push_back({});
    return Ok{};
  }

  Status broke() {
    if (broken.empty()) broken = sentence(PQerrorMessage(pg.get()));
    return fail(Code::Closed, "PostgreSQL: " + broken);
  }

  // Answers to all that was sent. take: for the rows of the last.
  Status settle(const Take& take, base::Nanos patience) {
    if (PQpipelineSync(pg.get()) == 0) return broke();
    Status out = Ok{};
    const base::Nanos until = base::SystemClock().monotonic() + patience;
    for (std::size_t at = 0;;) {
      if (!wait(until)) {
        if (broken.empty() && base::SystemClock().monotonic() >= until)
          broken = "it gave no answer within " + std::to_string(patience / base::kSecond) + " seconds";
        return broke();
      }
      const Answer answer(PQgetResult(pg.get()));
      if (answer == nullptr) {
        if (is_broken() || ++at > sent.size()) return broke();
        continue;
      }
      const ExecStatusType status = PQresultStatus(answer.get());
      if (status == PGRES_PIPELINE_SYNC) break;
      if (at >= sent.size()) return broke();
      const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
      if (!good && !sent[at].prepares.empty()) prepared.erase(sent[at].prepares);
      if (status == PGRES_FATAL_ERROR && out.ok()) out = failure(answer.get());
      if (!good && out.ok()) out = fail(Code::Internal, "PostgreSQL gave an answer that was not expected");
      if (!good || !sent[at].prepares.empty()) continue;
      touched = touched_by(answer.get());
      tag = PQcmdStatus(answer.get());
      if (at + 1 != sent.size() || !take) continue;
      for (int row = 0; row < PQntuples(answer.get()); ++row) take(PostgresRow(answer.get(), row));
    }
    sent.clear();
    if (is_broken()) return broke();
    return out;
  }

  bool wait(base::Nanos until) {
    for (;;) {
      const int unsent = PQflush(pg.get());
      if (unsent < 0) return false;
      if (unsent == 0 && PQisBusy(pg.get()) == 0) return true;
      const base::Nanos left = until - base::SystemClock().monotonic();
      if (left <= 0) return false;
      pollfd waiting{PQsocket(pg.get()), static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)), 0};
      ::poll(&waiting, 1, static_cast<int>(left / base::kMillisecond) + 1);
      if ((waiting.revents & ~POLLOUT) != 0 && PQconsumeInput(pg.get()) == 0) return PQisBusy(pg.get()) == 0;
    }
  }
};

PostgresDatabase::PostgresDatabase(PostgresSettings settings) : settings_(std::move(settings)) {}
PostgresDatabase::~PostgresDatabase() = default;

int PostgresDatabase::socket() const { return connection_ == nullptr ? -1 : PQsocket(connection_->pg.get()); }

PostgresDatabase::State PostgresDatabase::start(base::UniqueFd connected) {
  gone_.reset();
  connection_ = std::make_unique<Connection>();
  const std::string port = std::to_string(settings_.port), options = options_for(settings_.patience);
  const bool local = settings_.host.starts_with('/');
  std::vector<std::pair<const char*, const char*>> said{
      {"host", settings_.host.c_str()},
      // Nobody connects to it: where to was decided by who handed the socket over. Without it libpq would ask for the name.
      {"hostaddr", local ? "" : "127.0.0.1"},
      {"port", port.c_str()},
      {"dbname", settings_.database.c_str()},
      {"user", settings_.user.c_str()},
      {"password", settings_.password.c_str()},
      {"passfile", "/dev/null/none"},
      {"sslmode", local ? "disable" : "verify-full"},
      {"sslrootcert", settings_.roots_file.c_str()},
      {"sslcert", settings_.certificate_file.c_str()},
      {"sslkey", settings_.key_file.c_str()},
      {"ssl_min_protocol_version", "TLSv1.2"},
      {"gssencmode", "disable"},
      {"keepalives", "0"},  // of the supervisor's making
      {"target_session_attrs", "read-write"},
      {"application_name", "mission-control"},
      {"client_encoding", "UTF8"},
      {"options", options.c_str()}};
  std::vector<const char*> names, values;
  for (const auto& [name, value] : said) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const HandedSocket handed(std::move(connected));
  connection_->pg.reset(PQconnectStartParams(names.data(), values.data(), 0));
  PGconn* const pg = connection_->pg.get();
  if (pg == nullptr || PQstatus(pg) == CONNECTION_BAD)
    return lose(pg == nullptr ? "there is no memory" : sentence(PQerrorMessage(pg)));
  PQsetNoticeProcessor(
      pg, [](void*, const char* text) { base::log(base::Level::Debug, "PostgreSQL: " + sentence(text)); },
      nullptr);
  state_ = State::WantsToWrite;
  return advance();
}

PostgresDatabase::State PostgresDatabase::advance() {
  if (state_ == State::Ready || connection_ == nullptr) return state_;
  PGconn* const pg = connection_->pg.get();
  switch (PQconnectPoll(pg)) {
    case PGRES_POLLING_READING:
      return state_ = State::WantsToRead;
    case PGRES_POLLING_WRITING:
      return state_ = State::WantsToWrite;
    case PGRES_POLLING_OK:
      return greet();
    default:
      return lose(sentence(PQerrorMessage(pg)));
  }
}

PostgresDatabase::State PostgresDatabase::greet() {
  PGconn* const pg = connection_->pg.get();
  if (const int version = PQserverVersion(pg); version < kOldest)
    return lose("it is version " + std::to_string(version / 10000) + ", and 15 or later is needed");
  const char* encoding = PQparameterStatus(pg, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8")
    return lose("the database " + settings_.database +
                " is not in UTF8: make one with createdb --encoding UTF8");
  if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) == 0) return lose(sentence(PQerrorMessage(pg)));
  state_ = State::Ready;
  const auto without_loss = std::exchange(lost_, nullptr);  // nobody knows of it yet
  Status done = bring_up(*this);
  // What is acknowledged is on its disk, whatever was configured for other uses of that server.
  if (done.ok())
    done =
        act("SELECT set_config('synchronous_commit', 'on', false) WHERE "
            "current_setting('synchronous_commit')='off'",
            {});
  if (done.ok()) {
    const auto listening = run("LISTEN " + std::string(kChannel), {}, nullptr);
    if (!listening.ok()) done = listening.error();
  }
  lost_ = without_loss;
  if (!done.ok() && state_ == State::Ready) lose(done.error().message);
  return state_;
}

PostgresDatabase::State PostgresDatabase::lose(std::string why) {
  why_ = std::move(why);
  const bool was_ready = std::exchange(state_, State::Lost) == State::Ready;
  if (was_ready && lost_) lost_();
  gone_ = std::move(connection_);
  return state_;
}

void PostgresDatabase::give_up(std::string why) {
  if (state_ == State::Ready) return;
  if (connection_ != nullptr)
    lose(std::move(why));
  else
    why_ = std::move(why);
}

Status PostgresDatabase::away() const { return fail(Code::Closed, "PostgreSQL is away: " + why_); }

void PostgresDatabase::listen(const std::function<void(std::string_view)>& heard) {
  if (state_ != State::Ready) return;
  PGconn* const pg = connection_->pg.get();
  if (PQconsumeInput(pg) == 0 || connection_->is_broken()) {
    lose(sentence(PQerrorMessage(pg)));
    return;
  }
  // An error that comes without a question is the last word of a server that stops.
  deliver(heard);
}

bool PostgresDatabase::deliver(const std::function<void(std::string_view)>& heard) {
  if (state_ != State::Ready) return false;
  struct Free {
    void operator()(PGnotify* notice) const { PQfreemem(notice); }
  };
  std::vector<std::string> texts;
  while (const std::unique_ptr<PGnotify, Free> one{PQnotifies(connection_->pg.get())})
    texts.emplace_back(one->extra);
  for (const std::string& text : texts) heard(text);
  return !texts.empty();
}

Result<std::int64_t> PostgresDatabase::run(std::string_view sql, Values values, const Take& take) {
  return ask(sql, values, take, settings_.patience);
}

Result<std::int64_t> PostgresDatabase::ask(std::string_view sql, Values values, const Take& take,
                                           base::Nanos patience) {
  if (state_ != State::Ready) return away().error();
  Status done = connection_->send(sql, values);
  if (done.ok()) done = connection_->settle(take, patience);
  if (connection_->is_broken()) lose(connection_->broken);
  if (!done.ok()) return std::move(done).error();
  return connection_->touched;
}

Status PostgresDatabase::act(std::string_view sql, Values values) {
  if (state_ != State::Ready) return away();
  Status done = connection_->send(sql, values);
  if (done.ok() && connection_->sent.size() >= kMostQueued)
    done = connection_->settle(nullptr, kLongPatience);
  if (connection_->is_broken()) lose(connection_->broken);
  return done;
}

Status PostgresDatabase::begin() {
  Status done = act("BEGIN", {});
  if (done.ok()) connection_->in_transaction = true;
  return done;
}

Status PostgresDatabase::commit() {
  const auto done = ask("COMMIT", {}, nullptr, kLongPatience);
  if (state_ == State::Ready) connection_->in_transaction = false;
  if (!done.ok()) {
    rollback();
    return done.error();
  }
  // A transaction that failed before ends with this word instead.
  if (connection_->tag != "COMMIT") return fail(Code::Unavailable, "PostgreSQL rolled back");
  return Ok{};
}

void PostgresDatabase::rollback() {
  if (state_ != State::Ready) return;
  connection_->in_transaction = false;
  // Also where none is open: whatever was sent before is answered first, and may have failed.
  if (!connection_->sent.empty()) static_cast<void>(connection_->settle(nullptr, settings_.patience));
  if (connection_->is_broken()) {
    lose(connection_->broken);
    return;
  }
  if (PQtransactionStatus(connection_->pg.get()) == PQTRANS_IDLE) return;
  const auto done = run("ROLLBACK", {}, nullptr);
  if (!done.ok() && state_ == State::Ready) lose(done.error().message);
}

bool PostgresDatabase::in_transaction() const {
  return state_ == State::Ready && connection_->in_transaction;
}

Status PostgresDatabase::tell(std::string_view text) {
  return act("SELECT pg_notify(?1, ?2)", {kChannel, text});
}

// No statement of a step has a semicolon within.
Status PostgresDatabase::define(const std::string& sql) {
  std::string_view rest = sql;
  Status done = act("SET LOCAL statement_timeout=0", {});
  while (done.ok() && !rest.empty()) {
    const std::size_t end = rest.find(';');
    const std::string_view one = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (one.find_first_not_of(" \n") == std::string_view::npos) continue;
    const auto defined = ask(one, {}, nullptr, kLongPatience);
    if (!defined.ok()) done = defined.error();
  }
  return done;
}

// One server after the other.
Result<std::int64_t> PostgresDatabase::schema_version() {
  Status done = act("SELECT pg_advisory_xact_lock(7306086967)", {});
  if (done.ok())
    done = act("CREATE TABLE IF NOT EXISTS mission_control_schema (version BIGINT NOT NULL)", {});
  if (!done.ok()) return std::move(done).error();
  std::int64_t out = 0;
  const auto read =
      run("SELECT version FROM mission_control_schema", {}, [&](const Row& row) { out = row.number(0); });
  if (!read.ok()) return read.error();
  return out;
}

Status PostgresDatabase::set_schema_version(std::int64_t version) {
  Status done = act("DELETE FROM mission_control_schema", {});
  return done.ok() ? act("INSERT INTO mission_control_schema (version) VALUES (?1)", {version}) : done;
}

std::string_view PostgresDatabase::spell(std::string_view word) const {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{{
      {"number", "BIGINT"},
      {"text", "TEXT COLLATE \"C\""},
      {"rising", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
      {"strict", ""},
      {"bytes of body", "octet_length(body)"},
  }};
  for (const auto& [name, here] : kWords) {
    if (name == word) return here;
  }
  return {};
}

}  // namespace postern::mission
