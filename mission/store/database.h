// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The seam below the store: one connection to a database that speaks SQL. Two stand behind it, a file of SQLite (3.40 or
// later) and PostgreSQL (15 or later), and what the store says is understood by both:
//
//   parameters      ?1, ?2 ... numbers of 64 bits and texts in UTF-8 without a zero byte, in this order and each used
//   RETURNING       for what an INSERT, UPDATE or DELETE touched: INSERT OR IGNORE and last_insert_rowid are not
//   ON CONFLICT     (column, ...) DO NOTHING | DO UPDATE SET x=excluded.x [WHERE table.y=...]
//   in the schema   the words in braces that schema.h lists
//
// Blocks, for as long as a disk or a round trip takes; used from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace postern::mission {

// Texts must live until the call returns.
using Value = std::variant<std::int64_t, std::string_view>;
using Values = std::initializer_list<Value>;

// Of an answer, valid within the call that shows it.
class Row {
 public:
  virtual std::int64_t number(int column) const = 0;
  virtual std::string text(int column) const = 0;

 protected:
  ~Row() = default;
};
using Take = std::function<void(const Row&)>;

class Database {
 public:
  virtual ~Database() = default;

  // One statement, to its end: each row is shown to take. How many rows an INSERT, UPDATE or DELETE touched.
  virtual base::Result<std::int64_t> run(std::string_view sql, Values values, const Take& take) = 0;
  // The same within a transaction, where nobody waits for its outcome: it may go with what comes next. A failure shows here,
  // or in a later run(), or in commit().
  virtual base::Status act(std::string_view sql, Values values) = 0;

  virtual base::Status begin() = 0;  // to write
  virtual base::Status
  commit() = 0;                 // durable when it returns; failed: nothing of it is kept, or nobody knows
  virtual void rollback() = 0;  // whether one is open or not
  virtual bool in_transaction() const = 0;  // false also when the database ended one by itself

  // With the transaction: a word to the other servers on the same database, of which none may be listening, and to ourselves.
  virtual base::Status tell(std::string_view text) = 0;

  // Any number of statements of the schema, and its version: 0 before there is one. Within a transaction of their own.
  virtual base::Status define(const std::string& sql) = 0;
  virtual base::Result<std::int64_t> schema_version() = 0;
  virtual base::Status set_schema_version(std::int64_t version) = 0;
  // What stands for a word of the schema here: "text", "number" (schema.h).
  virtual std::string_view spell(std::string_view word) const = 0;
};

}  // namespace postern::mission
