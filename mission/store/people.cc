// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/people.h"

#include <utility>

#include "base/bytes.h"
#include "mission/store/bodies.h"

namespace postern::mission {

base::Result<PeopleDocument> People::people() {
  auto found = turn_.one("SELECT version, document FROM people WHERE id=1", {}, [](const Row& row) {
    return PeopleDocument{row.number(0), row.text(1)};
  });
  if (!found.ok()) return found.error();
  return *found ? **std::move(found) : PeopleDocument{};
}

base::Result<bool> People::set_people(std::int64_t from_version, std::string_view text) {
  const auto touched =
      from_version == 0
          ? turn_.touch(
                "INSERT INTO people (id, version, document) VALUES (1,1,?1) ON CONFLICT (id) DO NOTHING",
                {text})
          : turn_.touch("UPDATE people SET version=version+1, document=?1 WHERE id=1 AND version=?2",
                        {text, from_version});
  if (!touched.ok()) return touched.error();
  return *touched > 0;
}

void People::add_act(Act act) {
  for (std::string* text : {&act.actor, &act.subject, &act.from})
    if (text->size() > kActText) *text = base::printable(*text, kActText);
  unwritten_.push_back(std::move(act));
}

base::Status People::write_acts() {
  base::Status done = base::Ok{};
  for (const Act& act : std::exchange(unwritten_, {})) {
    std::string detail = base::dump_json(act.detail);
    if (detail.size() > kActDetail) detail = R"({"cut":true})";
    done = turn_.act("UPDATE act_log SET size=size+1 WHERE id=1", {});
    if (done.ok())
      done = turn_.act(
          "INSERT INTO acts (number, id, time, type, actor, subject, client, detail) "
          "SELECT size,?1,?2,?3,?4,?5,?6,?7 FROM act_log WHERE id=1",
          {act.id, act.time, act.type, act.actor, act.subject, act.from, detail});
    if (!done.ok()) return done;
  }
  return done;
}

base::Result<std::vector<Act>> People::acts(const ActsWanted& wanted) {
  return turn_.all(
      "SELECT number, id, time, type, actor, subject, client, detail FROM acts "
      "WHERE (?1=0 OR number<?1) AND (?2='' OR actor=?2) AND (?3='' OR type=?3 OR "
      "substr(type,1,length(?3)+1)=?3||'.') AND (?4='' OR subject=?4) ORDER BY number DESC LIMIT ?5",
      {wanted.below, wanted.actor, wanted.type, wanted.subject, static_cast<std::int64_t>(wanted.most)},
      [](const Row& row) {
        return Act{row.number(0), row.text(1), row.number(2), row.text(3),
                   row.text(4),   row.text(5), row.text(6),   body_in(row.text(7))};
      });
}

}  // namespace postern::mission
