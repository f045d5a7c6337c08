// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/database.h"

#include <sqlite3.h>

namespace postern::audit {
namespace {

using base::Code;
using base::Ok;
using base::Result;
using base::Status;

constexpr int kBusyMillis =
    1000;  // a reader may meet the moment in which the writer resets the write-ahead log

Code code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Code::Corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return Code::Unavailable;
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Code::Denied;
    default:
      return Code::Internal;
  }
}

base::Error failure(sqlite3* connection, int result) {
  const char* why = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(result);
  const char* file = connection != nullptr ? sqlite3_db_filename(connection, nullptr) : nullptr;
  std::string name = file != nullptr ? file : "";
  name.erase(0, name.rfind('/') + 1);
  return base::fail(code_of(result), (name.empty() ? "the database" : name) + ": " + why);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Statement& Statement::start() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  next_ = 1;
  failed_ = SQLITE_OK;
  return *this;
}

Statement& Statement::bind(std::int64_t value) {
  if (const int result = sqlite3_bind_int64(statement_.get(), next_++, value); result != SQLITE_OK)
    failed_ = result;
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A view of nothing may have no pointer, which SQLite takes for NULL: an empty text is meant.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int result =
      sqlite3_bind_text64(statement_.get(), next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result != SQLITE_OK) failed_ = result;
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  const int result =
      sqlite3_bind_blob64(statement_.get(), next_++, bytes.data(), bytes.size(), SQLITE_STATIC);
  if (result != SQLITE_OK) failed_ = result;
  return *this;
}

Statement& Statement::bind_null() {
  ++next_;  // start() left it unbound
  return *this;
}

Result<bool> Statement::step() {
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  if (failed_ != SQLITE_OK) return failure(connection, failed_);
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) {
    base::Error error = failure(connection, result);
    sqlite3_reset(statement_.get());
    return error;
  }
  sqlite3_reset(statement_.get());  // ends the read transaction that an open statement holds
  return false;
}

Status Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row.ok()) return row.error();
    if (!*row) return Ok{};
  }
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  const int flags =
      mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* connection = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &connection,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database(connection);  // SQLite gives a connection even when it fails, to read the reason from
  if (result != SQLITE_OK) return failure(connection, result);
  sqlite3_busy_timeout(connection, kBusyMillis);
  // A file from elsewhere is data: it may not bring functions, triggers or views that do anything.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Status Database::run(const std::string& sql) {
  const int result = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result);
  return Ok{};
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result);
  return Statement(statement);
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(connection_.get()); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }

}  // namespace postern::audit
