// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/askers.h"

namespace postern::mission {

base::Result<std::optional<AskerRecord>> Askers::asker(std::string_view installation,
                                                       std::string_view serial) {
  return turn_.one(
      "SELECT i.id, i.customer, i.version, i.enrolled, i.standing, i.since, i.heard, i.events, "
      "i.event_bytes, "
      "c.serial, c.issued, c.until, c.first_seen, c.replaced_by, c.key, COALESCE(s.first_seen, 0) "
      "FROM installations i JOIN certificates c ON c.installation=i.id "
      "LEFT JOIN certificates s ON s.serial=c.replaced_by WHERE i.id=?1 AND c.serial=?2",
      {installation, serial}, [](const Row& row) {
        AskerRecord out;
        out.installation = {
            row.text(0),   row.text(1),   row.text(2),   row.number(3), static_cast<Standing>(row.number(4)),
            row.number(5), row.number(6), row.number(7), row.number(8), {}};
        out.certificate = {row.text(9),    row.text(0),  row.number(10), row.number(11),
                           row.number(12), row.text(13), row.text(14)};
        out.successor_seen = row.number(15);
        return out;
      });
}

}  // namespace postern::mission
