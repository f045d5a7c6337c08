// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control knows for good. A file for each subject, which all write into one transaction; what keeps it is a file
// of SQLite, or PostgreSQL (database.h). Who adds a subject adds a step to schema.cc, a file beside these, and its name
// below: so all that is known is one object, and each subject can be read alone.
//
// Acts take effect together with those before them, at commit(): nothing may be answered before that has succeeded. When it
// fails, all acts since the last one are undone. Used from one thread; an act may take as long as a disk.
#pragma once

#include <memory>
#include <string>

#include "mission/store/act_log.h"
#include "mission/store/alerts.h"
#include "mission/store/askers.h"
#include "mission/store/asks.h"
#include "mission/store/certificates.h"
#include "mission/store/enrolments.h"
#include "mission/store/events.h"
#include "mission/store/healths.h"
#include "mission/store/installations.h"
#include "mission/store/lines.h"
#include "mission/store/names.h"
#include "mission/store/people.h"
#include "mission/store/reports.h"
#include "mission/store/servers.h"
#include "mission/store/updates.h"
#include "mission/store/usages.h"
#include "mission/store/witnessed_logs.h"

namespace postern::mission {

// What is constructed first, because the subjects refer to it.
struct StoreGround {
  explicit StoreGround(std::unique_ptr<Database> kept) : database(std::move(kept)), turn(*database) {}
  std::unique_ptr<Database> database;
  Turn turn;
};

class Store final : private StoreGround,
                    public Enrolments,
                    public Installations,
                    public Certificates,
                    public Reports,
                    public Names,
                    public People,
                    public Events,
                    public Servers,
                    public Lines,
                    public Askers,
                    public WitnessedLogs,
                    public Healths,
                    public Usages,
                    public ActLog,
                    public Alerts,
                    public Updates,
                    public AskedOfInstallations {
 public:
  // Whose schema is brought up, by whoever opened it.
  explicit Store(std::unique_ptr<Database> kept);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Some of them; true: there may be more, call again. Events that were received before then; codes that were over or withdrawn before.
  base::Result<bool> forget(base::Micros events_before, base::Micros codes_before);
  // The same of what was measured, which says itself how long it is kept (healths.h, usages.h).
  base::Result<bool> forget_measures(base::Micros now);

  // Acts last: the row that gives them their numbers is held no longer than the commit takes, and nobody waits for another row
  // who holds it.
  base::Status commit();
  bool writes() const { return turn.open(); }  // there is something to commit
  void undo();                                 // all since the last commit
};

// path: a file, made if it is not there. Corrupt: it is of a newer version, or damaged.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace postern::mission
