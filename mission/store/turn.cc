// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/turn.h"

#include <utility>

namespace postern::mission {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

// Within a transaction any failure is one of all of it.
template <typename Outcome>
Outcome Turn::noted(Outcome outcome) {
  if (!outcome.ok() && open_ && !failed_) failed_ = outcome.error();
  return outcome;
}

Status Turn::check() {
  if (open_ && !failed_ && !database_.in_transaction())
    failed_ = fail(Code::Unavailable, "the database ended the transaction");
  if (!failed_) return Ok{};
  return fail(failed_->code == Code::Closed ? Code::Closed : Code::Unavailable,
              failed_->message + ": nothing of this turn is kept");
}

Status Turn::begin() {
  if (!open_ && !failed_) {
    if (Status begun = database_.begin(); !begun.ok()) {
      failed_ = begun.error();
      return begun;
    }
    open_ = true;
  }
  return check();
}

Status Turn::read(std::string_view sql, Values values, const Take& take) {
  if (Status good = check(); !good.ok()) return good;
  const auto done = noted(database_.run(sql, values, take));
  if (!done.ok()) return done.error();
  return Ok{};
}

Status Turn::act(std::string_view sql, Values values) {
  if (Status begun = begin(); !begun.ok()) return begun;
  return noted(database_.act(sql, values));
}

base::Result<std::int64_t> Turn::touch(std::string_view sql, Values values, const Take& take) {
  if (Status begun = begin(); !begun.ok()) return std::move(begun).error();
  return noted(database_.run(sql, values, take));
}

Status Turn::tell(std::string_view text) {
  if (Status begun = begin(); !begun.ok()) return begun;
  return noted(database_.tell(text));
}

base::Result<std::int64_t> Turn::number(std::string_view sql, Values values) {
  std::int64_t out = 0;
  Status done = read(sql, values, [&](const Row& row) { out = row.number(0); });
  if (!done.ok()) return std::move(done).error();
  return out;
}

void Turn::undo() {
  failed_.reset();
  if (std::exchange(open_, false)) database_.rollback();
}

Status Turn::commit() {
  const bool open = std::exchange(open_, false);
  if (const auto failed = std::exchange(failed_, std::nullopt); failed) {
    database_.rollback();
    return fail(Code::Unavailable, failed->message);
  }
  if (!open) return Ok{};
  return database_.commit();
}

}  // namespace postern::mission
