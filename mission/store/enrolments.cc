// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/enrolments.h"

#include <utility>

namespace postern::mission {
namespace {

Enrolment enrolment_in(const Row& row) {
  return {row.text(0),   row.text(1),   row.text(2),   row.number(3),
          row.number(4), row.number(5), row.number(6), row.text(7)};
}

}  // namespace

base::Status Enrolments::add_enrolment(const Enrolment& one) {
  const auto count = turn_.number("SELECT COUNT(*) FROM enrolments WHERE used=0 AND withdrawn=0", {});
  if (!count.ok()) return count.error();
  if (*count >= static_cast<std::int64_t>(kMostEnrolments))
    return base::fail(base::Code::Limit, "there are too many enrolments");
  return turn_.act("INSERT INTO enrolments (id, hash, customer, created, expires) VALUES (?1,?2,?3,?4,?5)",
                   {one.id, one.hash, one.customer, one.created, one.expires});
}

base::Result<std::vector<Enrolment>> Enrolments::enrolments() {
  return turn_.all(
      "SELECT id, hash, customer, created, expires, used, withdrawn, installation FROM enrolments "
      "ORDER BY id DESC",
      {}, enrolment_in);
}

base::Result<std::optional<Enrolment>> Enrolments::enrolment(std::string_view hash) {
  return turn_.one(
      "SELECT id, hash, customer, created, expires, used, withdrawn, installation FROM enrolments "
      "WHERE hash=?1",
      {hash}, enrolment_in);
}

base::Result<bool> Enrolments::withdraw_enrolment(std::string_view id, base::Micros now) {
  const auto touched =
      turn_.touch("UPDATE enrolments SET withdrawn=?1 WHERE id=?2 AND used=0 AND withdrawn=0", {now, id});
  if (!touched.ok()) return touched.error();
  return *touched > 0;
}

base::Result<bool> Enrolments::enrol(std::string_view hash, const Installation& made,
                                     const IssuedCertificate& certificate) {
  if (installations_ < 0) {
    const auto count = turn_.number("SELECT COUNT(*) FROM installations", {});
    if (!count.ok()) return count.error();
    installations_ = *count;
  }
  if (installations_ >= static_cast<std::int64_t>(kMostInstallations))
    return base::fail(base::Code::Limit, "there are too many installations");
  const auto used = turn_.touch(
      "UPDATE enrolments SET used=?1, installation=?2 WHERE hash=?3 AND used=0 AND withdrawn=0 AND "
      "expires>?1",
      {made.enrolled, made.id, hash});
  if (!used.ok()) return used.error();
  if (*used == 0) return false;
  base::Status kept = add_installation(turn_, made);
  if (kept.ok()) kept = add_certificate(turn_, certificate);
  if (!kept.ok()) return std::move(kept).error();
  ++installations_;
  return true;
}

base::Status Enrolments::forget_codes(base::Micros before) {
  return turn_.act("DELETE FROM enrolments WHERE used=0 AND (expires<?1 OR (withdrawn>0 AND withdrawn<?1))",
                   {before});
}

}  // namespace postern::mission
