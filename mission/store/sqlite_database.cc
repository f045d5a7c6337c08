// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/sqlite_database.h"

#include <array>
#include <map>
#include <utility>

#include "audit/database.h"

namespace postern::mission {
namespace {

using audit::Statement;
using base::Ok;
using base::Result;
using base::Status;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(const Statement& statement) : statement_(statement) {}
  std::int64_t number(int column) const override { return statement_.number(column); }
  std::string text(int column) const override { return statement_.text(column); }

 private:
  const Statement& statement_;
};

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(audit::Database database) : db_(std::move(database)) {}

  Status prepare_file() {
    // Each commit is on the disk when it returns.
    return db_.run(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY");
  }

  Result<std::int64_t> run(std::string_view sql, Values values, const Take& take) override {
    const auto found = statement(std::string(sql));
    if (!found.ok()) return found.error();
    Statement& s = **found;
    for (const Value& value : values) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) s.bind(*number);
      if (const auto* text = std::get_if<std::string_view>(&value)) s.bind(*text);
    }
    for (;;) {
      const auto row = s.step();
      if (!row.ok()) return row.error();
      if (!*row) return db_.changes();
      if (take) take(SqliteRow(s));
    }
  }

  Status act(std::string_view sql, Values values) override {
    const auto done = run(sql, values, nullptr);
    if (!done.ok()) return done.error();
    return Ok{};
  }

  Status begin() override { return db_.run("BEGIN IMMEDIATE"); }
  Status commit() override {
    Status done = db_.run("COMMIT");
    if (!done.ok()) rollback();
    return done;
  }
  void rollback() override {
    if (db_.in_transaction()) static_cast<void>(db_.run("ROLLBACK"));
  }
  bool in_transaction() const override { return db_.in_transaction(); }

  // A file has one server.
  Status tell(std::string_view /*text*/) override { return Ok{}; }

  Status define(const std::string& sql) override { return db_.run(sql); }

  Result<std::int64_t> schema_version() override {
    std::int64_t out = 0;
    const auto read = run("PRAGMA user_version", {}, [&](const Row& row) { out = row.number(0); });
    if (!read.ok()) return read.error();
    return out;
  }
  Status set_schema_version(std::int64_t version) override {
    return db_.run("PRAGMA user_version=" + std::to_string(version));
  }

  std::string_view spell(std::string_view word) const override {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{{
        {"number", "INTEGER"},
        {"text", "TEXT"},
        {"rising", "INTEGER PRIMARY KEY AUTOINCREMENT"},
        {"strict", " STRICT"},
        {"bytes of body", "length(CAST(body AS BLOB))"},
    }};
    for (const auto& [name, here] : kWords) {
      if (name == word) return here;
    }
    return {};
  }

 private:
  Result<Statement*> statement(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return &known->second.start();
    auto made = db_.prepare(sql);
    if (!made.ok()) return made.error();
    return &statements_.emplace(sql, std::move(*made)).first->second.start();
  }

  audit::Database db_;
  std::map<std::string, Statement> statements_;  // by their text; dies before db_
};

}  // namespace

base::Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path) {
  auto opened = audit::Database::open(path, audit::Database::Mode::ReadWrite);
  if (!opened.ok()) return opened.error();
  auto made = std::make_unique<SqliteDatabase>(std::move(*opened));
  if (Status ready = made->prepare_file(); !ready.ok()) return std::move(ready).error();
  return std::unique_ptr<Database>(std::move(made));
}

}  // namespace postern::mission
