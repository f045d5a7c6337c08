// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to SQLite: a connection and its prepared statements, failures as values. Blocks; used from one
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace postern::audit {

// bind() fills the parameters from left to right; texts must live until the statement has run. A failed bind
// shows in step().
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& start();  // again from the first parameter, all of them unbound
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view text);
  Statement& bind_bytes(std::string_view bytes);
  Statement& bind_null();

  base::Result<bool> step();  // true: there is a row
  base::Status run();         // to the end, for statements without rows

  std::int64_t number(int column) const;
  std::string text(int column) const;
  std::string_view bytes(int column) const;  // until the next step or start
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int failed_ = 0;
};

class Database {
 public:
  enum class Mode { ReadWrite, ReadOnly };
  static base::Result<Database> open(const std::string& path, Mode mode);

  base::Status run(const std::string& sql);  // any number of statements
  base::Result<Statement> prepare(const std::string& sql);
  std::int64_t last_row() const;
  // False also after SQLite itself rolled back: it does when a disk is full or fails.
  bool in_transaction() const;
  std::int64_t changes() const;  // rows that the last INSERT, UPDATE or DELETE touched

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace postern::audit
