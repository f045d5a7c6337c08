// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/store.h"

#include <utility>

#include "mission/store/schema.h"
#include "mission/store/sqlite_database.h"

namespace postern::mission {

Store::Store(std::unique_ptr<Database> kept)
    : StoreGround(std::move(kept)),
      Enrolments(StoreGround::turn),
      Installations(StoreGround::turn),
      Certificates(StoreGround::turn),
      Reports(StoreGround::turn),
      Names(StoreGround::turn),
      People(StoreGround::turn),
      Events(StoreGround::turn),
      Servers(StoreGround::turn),
      Lines(StoreGround::turn),
      Askers(StoreGround::turn),
      WitnessedLogs(StoreGround::turn),
      Healths(StoreGround::turn),
      Usages(StoreGround::turn),
      ActLog(StoreGround::turn),
      Alerts(StoreGround::turn),
      AskedOfInstallations(StoreGround::turn) {}

base::Status Store::commit() {
  static_cast<void>(write_acts());  // the turn knows of a failure, too
  return turn.commit();
}

void Store::undo() {
  forget_unwritten_acts();
  turn.undo();
}

base::Result<bool> Store::forget(base::Micros events_before, base::Micros codes_before) {
  auto more = forget_events(events_before);
  if (!more.ok()) return more;
  base::Status done = forget_codes(codes_before);
  if (done.ok()) done = forget_alerts(events_before);
  if (!done.ok()) return std::move(done).error();
  return more;
}

base::Result<bool> Store::forget_measures(base::Micros now) {
  const auto health = forget_health(now), usage = forget_usage(now);
  if (!health.ok() || !usage.ok()) return health.ok() ? usage.error() : health.error();
  return *health || *usage;
}

base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
  auto database = open_sqlite_database(path);
  if (!database.ok()) return database.error();
  if (base::Status ready = bring_up(**database); !ready.ok()) return std::move(ready).error();
  return std::make_unique<Store>(std::move(*database));
}

}  // namespace postern::mission
