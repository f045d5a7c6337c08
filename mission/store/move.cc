// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/move.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "audit/database.h"
#include "base/crypto.h"
#include "mission/store/schema.h"
#include "mission/store/sqlite_database.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kMostColumns = 20;
constexpr std::int64_t kTellEvery = 10'000;    // rows
constexpr const char* kLogOfActs = "act_log";  // has its one row from the beginning

struct Column {
  std::string name;
  bool number = false;
  int key = 0;  // its place in the primary key, from 1 on; 0: none
};
struct Table {
  std::string name;
  std::vector<Column> columns;
  std::set<std::string> needs;  // tables that its rows refer to
  bool rising = false;          // the store numbers its rows
};

bool is_postgres(const Database& database) { return database.spell("number") == "BIGINT"; }

std::string list_of(const Table& table, bool key_alone) {
  std::vector<const Column*> chosen;
  for (const Column& one : table.columns)
    if (!key_alone || one.key > 0) chosen.push_back(&one);
  if (key_alone) std::sort(chosen.begin(), chosen.end(), [](auto* a, auto* b) { return a->key < b->key; });
  std::string out;
  for (const Column* one : chosen) out += (out.empty() ? "" : ", ") + one->name;
  return out;
}

// Rows refer to rows that are there already.
Result<std::vector<Table>> in_order(std::vector<Table> tables) {
  std::vector<Table> out;
  std::set<std::string> there;
  while (!tables.empty()) {
    const auto next = std::find_if(tables.begin(), tables.end(), [&](const Table& one) {
      return std::includes(there.begin(), there.end(), one.needs.begin(), one.needs.end());
    });
    if (next == tables.end())
      return fail(Code::Internal, "tables of the store refer to one another in a circle");
    there.insert(next->name);
    out.push_back(std::move(*next));
    tables.erase(next);
  }
  return out;
}

Result<std::vector<Table>> tables_of_schema() {
  auto made = open_sqlite_database(":memory:");
  if (!made.ok()) return made.error();
  Database& database = **made;
  if (Status ready = bring_up(database); !ready.ok()) return std::move(ready).error();
  std::vector<Table> out;
  Result<std::int64_t> done = database.run(
      "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type='table' AND name NOT LIKE "
      "'sqlite_%' "
      "ORDER BY name",
      {}, [&](const Row& row) {
        out.push_back({row.text(0), {}, {}, row.number(1) != 0});
      });
  for (Table& table : out) {
    if (done.ok())
      done = database.run(
          "SELECT name, type='INTEGER', pk FROM pragma_table_info(?1) ORDER BY cid", {table.name},
          [&](const Row& row) {
            table.columns.push_back({row.text(0), row.number(1) != 0, static_cast<int>(row.number(2))});
          });
    if (done.ok())
      done = database.run("SELECT \"table\" FROM pragma_foreign_key_list(?1)", {table.name},
                          [&](const Row& row) { table.needs.insert(row.text(0)); });
    if (!done.ok()) return done.error();
    table.needs.erase(table.name);
    if (table.columns.size() > kMostColumns)
      return fail(Code::Internal, table.name + " has too many columns");
  }
  return in_order(std::move(out));
}

// A row of values that are kept until it was written.
struct Held {
  std::array<std::string, kMostColumns> texts;
  std::vector<Value> values;

  void take(const Table& table, const Row& row) {
    values.clear();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const int column = static_cast<int>(i);
      if (table.columns[i].number) {
        values.emplace_back(row.number(column));
      } else {
        texts.at(i) = row.text(column);
        values.emplace_back(std::string_view(texts.at(i)));
      }
    }
  }
  // Numbers and lengths in one form, so that no two rows are the same bytes.
  std::string bytes() const {
    std::string out;
    for (const Value& value : values) {
      const auto* text = std::get_if<std::string_view>(&value);
      out += text == nullptr ? "n" + std::to_string(std::get<std::int64_t>(value)) + ";"
                             : "t" + std::to_string(text->size()) + ":" + std::string(*text);
    }
    return out;
  }
};

// Values are a list whose length is known when this is compiled.
template <std::size_t... I>
Status act_with(Database& to, std::string_view sql, const std::vector<Value>& values,
                std::index_sequence<I...>) {
  return to.act(sql, {values[I]...});
}
template <std::size_t N = 1>
Status act_with(Database& to, std::string_view sql, const std::vector<Value>& values) {
  if (values.size() == N) return act_with(to, sql, values, std::make_index_sequence<N>());
  if constexpr (N < kMostColumns) return act_with<N + 1>(to, sql, values);
  return fail(Code::Internal, "a row has too many columns");
}

// Every row in the order of its key, a part at a time.
Status each_row(Database& database, const Table& table, const Take& take) {
  const std::string sql =
      "SELECT " + list_of(table, false) + " FROM " + table.name + " ORDER BY " + list_of(table, true);
  if (!is_postgres(database)) {
    const auto done = database.run(sql, {}, take);
    return done.ok() ? Status(Ok{}) : Status(done.error());
  }
  Status done = database.act("DECLARE moving NO SCROLL CURSOR FOR " + sql, {});
  for (bool more = true; more && done.ok();) {
    more = false;
    const auto read = database.run("FETCH 1000 FROM moving", {}, [&](const Row& row) {
      more = true;
      take(row);
    });
    if (!read.ok()) done = read.error();
  }
  return done.ok() ? database.act("CLOSE moving", {}) : done;
}

// One hash for all rows, from the one before and the next row: tables are larger than memory.
class RowsHash {
 public:
  void take(const Held& row) { hash_ = base::sha256_hex(hash_ + row.bytes()); }
  const std::string& hex() const { return hash_; }

 private:
  std::string hash_ = base::sha256_hex("");
};

Status refuse_unless_empty(Database& to, const std::vector<Table>& tables) {
  for (const Table& table : tables) {
    std::int64_t rows = 0;
    const std::string where = table.name == kLogOfActs ? " WHERE size>0" : "";
    const auto read =
        to.run("SELECT count(*) FROM (SELECT 1 FROM " + table.name + where + " LIMIT 1) AS any_row", {},
               [&](const Row& row) { rows = row.number(0); });
    if (!read.ok()) return read.error();
    if (rows > 0)
      return fail(Code::Exists, "the store that this would be moved to is not empty (" + table.name +
                                    " has rows): choose an empty database");
  }
  return to.act(std::string("DELETE FROM ") + kLogOfActs, {});
}

class Mover {
 public:
  explicit Mover(const StoreMove& move) : move_(move) {}

  Result<std::vector<MovedTable>> run(const std::vector<Table>& tables) {
    Status done = refuse_unless_empty(move_.to, tables);
    std::vector<MovedTable> out;
    for (const Table& table : tables) {
      if (!done.ok()) return std::move(done).error();
      MovedTable moved{table.name, 0, {}};
      done = write(table, moved);
      if (done.ok()) done = read_back(table, moved);
      if (done.ok()) out.push_back(std::move(moved));
    }
    if (!done.ok()) return std::move(done).error();
    return out;
  }

 private:
  void tell(const std::string& table, std::int64_t rows, bool read) const {
    if (move_.on_progress && rows % kTellEvery == 0) move_.on_progress(table, rows, read);
  }

  Status write(const Table& table, MovedTable& moved) {
    std::string marks;
    for (std::size_t i = 1; i <= table.columns.size(); ++i)
      marks += (i == 1 ? "?" : ",?") + std::to_string(i);
    const bool numbered = table.rising && is_postgres(move_.to);
    const std::string sql = "INSERT INTO " + table.name + " (" + list_of(table, false) + ")" +
                            (numbered ? " OVERRIDING SYSTEM VALUE" : "") + " VALUES (" + marks + ")";
    Status done = Ok{};
    Held held;
    RowsHash hash;
    tell(table.name, 0, false);
    const Status read = each_row(move_.from, table, [&](const Row& row) {
      if (!done.ok()) return;
      held.take(table, row);
      hash.take(held);
      done = act_with(move_.to, sql, held.values);
      tell(table.name, ++moved.rows, false);
    });
    if (!read.ok()) return fail(read.error().code, "the store that is moved: " + read.error().message);
    moved.sha256 = hash.hex();
    if (done.ok() && numbered && moved.rows > 0)
      done = move_.to.act("SELECT setval(pg_get_serial_sequence('" + table.name +
                              "', 'number'), MAX(number)) FROM " + table.name,
                          {});
    return done;
  }

  Status read_back(const Table& table, const MovedTable& moved) {
    Held held;
    RowsHash hash;
    std::int64_t rows = 0;
    const Status read = each_row(move_.to, table, [&](const Row& row) {
      held.take(table, row);
      hash.take(held);
      tell(table.name, ++rows, true);
    });
    if (!read.ok()) return read;
    if (rows == moved.rows && hash.hex() == moved.sha256) return Ok{};
    return fail(Code::Corrupt, table.name + " has " + std::to_string(rows) + " rows in the new store and " +
                                   std::to_string(moved.rows) +
                                   " in the old one, or others: nothing of it is kept");
  }

  const StoreMove& move_;
};

// Nobody writes meanwhile.
Status hold_still(Database& from, const std::vector<Table>& tables) {
  Status done = from.begin();
  for (const Table& table : tables)
    if (done.ok() && is_postgres(from)) done = from.act("LOCK TABLE " + table.name + " IN SHARE MODE", {});
  return done;
}

}  // namespace

Result<std::vector<MovedTable>> move_store(const StoreMove& move) {
  const auto tables = tables_of_schema();
  if (!tables.ok()) return tables.error();
  Status ready = hold_still(move.from, *tables);
  if (ready.ok()) ready = move.to.begin();
  if (ready.ok() && is_postgres(move.to)) ready = move.to.act("SET LOCAL statement_timeout=0", {});
  auto moved = ready.ok() ? Mover(move).run(*tables) : Result<std::vector<MovedTable>>(ready.error());
  if (moved.ok()) {
    if (Status kept = move.to.commit(); !kept.ok()) moved = kept.error();
  } else {
    move.to.rollback();
  }
  move.from.rollback();
  return moved;
}

}  // namespace postern::mission
