// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/certificates.h"

namespace postern::mission {
namespace {

IssuedCertificate certificate_in(const Row& row) {
  return {row.text(0), row.text(1), row.number(2), row.number(3), row.number(4), row.text(5), row.text(6)};
}

}  // namespace

base::Status add_certificate(Turn& turn, const IssuedCertificate& one) {
  return turn.act(
      "INSERT INTO certificates (serial, installation, issued, until, key) VALUES (?1,?2,?3,?4,?5)",
      {one.serial, one.installation, one.issued, one.until, one.key});
}

base::Result<std::optional<IssuedCertificate>> Certificates::certificate(std::string_view serial) {
  return turn_.one(
      "SELECT serial, installation, issued, until, first_seen, replaced_by, key FROM certificates "
      "WHERE serial=?1",
      {serial}, certificate_in);
}

base::Result<std::vector<IssuedCertificate>> Certificates::certificates(std::string_view installation) {
  return turn_.all(
      "SELECT serial, installation, issued, until, first_seen, replaced_by, key FROM certificates "
      "WHERE installation=?1 ORDER BY issued DESC",
      {installation}, certificate_in);
}

base::Status Certificates::note_certificate_seen(std::string_view serial, base::Micros now) {
  return turn_.act("UPDATE certificates SET first_seen=?1 WHERE serial=?2 AND first_seen=0", {now, serial});
}

// Two renewals of one installation at two servers come one after the other: neither's certificate is unknown to the other.
base::Status Certificates::renew(const IssuedCertificate& fresh) {
  base::Status kept = turn_.act("UPDATE installations SET heard=heard WHERE id=?1", {fresh.installation});
  if (kept.ok()) kept = add_certificate(turn_, fresh);
  // Those that nobody can use any more are forgotten with the next renewal.
  if (kept.ok())
    kept = turn_.act("DELETE FROM certificates WHERE installation=?1 AND until<?2",
                     {fresh.installation, fresh.issued});
  if (!kept.ok()) return kept;
  // What ends already, since its successor was used, goes on ending: it would come back to life else.
  return turn_.act(
      "UPDATE certificates SET replaced_by=?1 WHERE installation=?2 AND serial<>?1 AND NOT EXISTS (SELECT 1 "
      "FROM certificates AS next WHERE next.serial=certificates.replaced_by AND next.first_seen>0)",
      {fresh.serial, fresh.installation});
}

}  // namespace postern::mission
