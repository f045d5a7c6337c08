// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/schema.h"

#include <array>

#include "base/check.h"
#include "base/log.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE enrolments (
  id {text} PRIMARY KEY, hash {text} NOT NULL UNIQUE, customer {text} NOT NULL, created {number} NOT NULL, expires {number} NOT NULL,
  used {number} NOT NULL DEFAULT 0, withdrawn {number} NOT NULL DEFAULT 0, installation {text} NOT NULL DEFAULT ''){strict};
CREATE TABLE installations (
  id {text} PRIMARY KEY, customer {text} NOT NULL, version {text} NOT NULL, enrolled {number} NOT NULL,
  standing {number} NOT NULL, since {number} NOT NULL, heard {number} NOT NULL DEFAULT 0,
  events {number} NOT NULL DEFAULT 0, event_bytes {number} NOT NULL DEFAULT 0, forgotten {text} NOT NULL DEFAULT ''){strict};
CREATE TABLE certificates (
  serial {text} PRIMARY KEY, installation {text} NOT NULL REFERENCES installations(id), issued {number} NOT NULL,
  until {number} NOT NULL, first_seen {number} NOT NULL DEFAULT 0, replaced_by {text} NOT NULL DEFAULT '',
  key {text} NOT NULL){strict};
CREATE INDEX certificates_of ON certificates (installation);
CREATE TABLE latest (
  installation {text} NOT NULL REFERENCES installations(id), kind {number} NOT NULL, id {text} NOT NULL, schema {number} NOT NULL,
  time {number} NOT NULL, received {number} NOT NULL, body {text} NOT NULL, PRIMARY KEY (installation, kind)){strict};
CREATE TABLE events (
  number {rising}, installation {text} NOT NULL REFERENCES installations(id), id {text} NOT NULL,
  own {number} NOT NULL, type {text} NOT NULL, time {number} NOT NULL, received {number} NOT NULL, body {text} NOT NULL,
  UNIQUE (installation, id)){strict};
CREATE INDEX events_by_arrival ON events (received);
CREATE INDEX events_of ON events (installation, number);
)sql";

// What an event takes is written beside it: taking one away asks for it.
constexpr std::string_view kSizesOfEvents = R"sql(
ALTER TABLE events ADD COLUMN bytes {number} NOT NULL DEFAULT 0;
UPDATE events SET bytes={bytes of body};
)sql";

// Several servers: who there is, who has whose orders, and what one leaves for another to do.
constexpr std::string_view kServers = R"sql(
CREATE TABLE servers (
  id {text} PRIMARY KEY, name {text} NOT NULL, version {text} NOT NULL, run {text} NOT NULL, beat {number} NOT NULL,
  started {number} NOT NULL, connected {number} NOT NULL DEFAULT 0){strict};
CREATE TABLE lines (
  installation {text} PRIMARY KEY REFERENCES installations(id), server {text} NOT NULL, claim {text} NOT NULL,
  life {text} NOT NULL, client {text} NOT NULL, opened {number} NOT NULL){strict};
CREATE INDEX lines_of ON lines (server);
CREATE TABLE tasks (
  number {rising}, server {text} NOT NULL, installation {text} NOT NULL, body {text} NOT NULL){strict};
CREATE INDEX tasks_of ON tasks (server);
ALTER TABLE installations ADD COLUMN server {text} NOT NULL DEFAULT '';
CREATE INDEX installations_by_place ON installations (standing, server);
)sql";

constexpr std::string_view kLogs = R"sql(
CREATE TABLE witnessed_logs (
  installation {text} PRIMARY KEY REFERENCES installations(id), origin {text} NOT NULL UNIQUE, key {text} NOT NULL,
  size {number} NOT NULL DEFAULT 0, root {text} NOT NULL DEFAULT '', cosigned {text} NOT NULL DEFAULT '',
  at {number} NOT NULL DEFAULT 0, conflict {number} NOT NULL DEFAULT 0, offered {text} NOT NULL DEFAULT ''){strict};
)sql";

// Codes that are open are counted with each new one, and those that were used stay.
constexpr std::string_view kOpenCodes = R"sql(
CREATE INDEX enrolments_open ON enrolments (id) WHERE used=0 AND withdrawn=0;
)sql";

constexpr std::string_view kNamesOfInstallations = R"sql(
CREATE TABLE names (
  label {text} PRIMARY KEY, installation {text} NOT NULL UNIQUE REFERENCES installations(id)){strict};
)sql";

// What installations measured (healths.h, usages.h).
constexpr std::string_view kMeasures = R"sql(
CREATE TABLE health (
  installation {text} NOT NULL REFERENCES installations(id), at {number} NOT NULL, body {text} NOT NULL,
  PRIMARY KEY (installation, at)){strict};
CREATE INDEX health_by_time ON health (at);
CREATE TABLE health_hours (
  installation {text} NOT NULL REFERENCES installations(id), at {number} NOT NULL, body {text} NOT NULL,
  PRIMARY KEY (installation, at)){strict};
CREATE INDEX health_hours_by_time ON health_hours (at);
CREATE TABLE usage_hours (
  installation {text} NOT NULL REFERENCES installations(id), hour {number} NOT NULL, complete {number} NOT NULL,
  received {number} NOT NULL, body {text} NOT NULL, PRIMARY KEY (installation, hour)){strict};
CREATE INDEX usage_by_hour ON usage_hours (hour);
)sql";

constexpr std::string_view kPeople = R"sql(
CREATE TABLE people (id {number} PRIMARY KEY, version {number} NOT NULL, document {text} NOT NULL){strict};
CREATE TABLE acts (
  number {rising}, id {text} NOT NULL UNIQUE, time {number} NOT NULL, type {text} NOT NULL, actor {text} NOT NULL,
  subject {text} NOT NULL, client {text} NOT NULL, detail {text} NOT NULL){strict};
CREATE INDEX acts_by_time ON acts (time);
)sql";

// The acts become a log (act_log.h): numbered without a gap, as they were found.
constexpr std::string_view kActLog = R"sql(
ALTER TABLE acts RENAME TO older_acts;
CREATE TABLE acts (
  number {number} PRIMARY KEY, id {text} NOT NULL UNIQUE, time {number} NOT NULL, type {text} NOT NULL, actor {text} NOT NULL,
  subject {text} NOT NULL, client {text} NOT NULL, detail {text} NOT NULL){strict};
INSERT INTO acts (number, id, time, type, actor, subject, client, detail)
  SELECT row_number() OVER (ORDER BY number), id, time, type, actor, subject, client, detail FROM older_acts;
DROP TABLE older_acts;
CREATE TABLE act_log (
  id {number} PRIMARY KEY, size {number} NOT NULL, signed_size {number} NOT NULL, checkpoint {text} NOT NULL){strict};
INSERT INTO act_log (id, size, signed_size, checkpoint) SELECT 1, count(*), 0, '' FROM acts;
CREATE TABLE act_tiles (
  level {number} NOT NULL, number {number} NOT NULL, hashes {text} NOT NULL, PRIMARY KEY (level, number)){strict};
)sql";

constexpr std::string_view kAlerts = R"sql(
CREATE TABLE alerts (
  number {rising}, id {text} NOT NULL UNIQUE, installation {text} NOT NULL REFERENCES installations(id), rule {text} NOT NULL,
  subject {text} NOT NULL, severe {number} NOT NULL, what {text} NOT NULL, since {number} NOT NULL, fired {number} NOT NULL DEFAULT 0,
  gone {number} NOT NULL DEFAULT 0, resolved {number} NOT NULL DEFAULT 0, acknowledged {number} NOT NULL DEFAULT 0,
  by_whom {text} NOT NULL DEFAULT ''){strict};
CREATE UNIQUE INDEX alerts_open ON alerts (installation, rule, subject) WHERE resolved=0;
CREATE INDEX alerts_resolved ON alerts (resolved);
)sql";

// The vendor's updates (updates.h).
constexpr std::string_view kUpdates = R"sql(
CREATE TABLE update_files (
  name {text} PRIMARY KEY, length {number} NOT NULL, whole {number} NOT NULL, added {number} NOT NULL){strict};
CREATE TABLE update_pieces (
  name {text} NOT NULL REFERENCES update_files(name), number {number} NOT NULL, data {text} NOT NULL, PRIMARY KEY (name, number)){strict};
CREATE TABLE update_trust (id {number} PRIMARY KEY, pinned {text} NOT NULL, kept {text} NOT NULL){strict};
CREATE TABLE update_offers (
  name {text} PRIMARY KEY, sha256 {text} NOT NULL, about {text} NOT NULL, ring {number} NOT NULL, stop_at {number} NOT NULL, suspended {text} NOT NULL DEFAULT '', changed {number} NOT NULL){strict};
CREATE TABLE update_rings (
  installation {text} PRIMARY KEY REFERENCES installations(id), ring {number} NOT NULL){strict};
CREATE TABLE update_states (
  installation {text} NOT NULL REFERENCES installations(id), name {text} NOT NULL, state {text} NOT NULL, time {number} NOT NULL,
  PRIMARY KEY (name, installation)){strict};
)sql";

// What is asked of installations (asks.h).
constexpr std::string_view kAsks = R"sql(
CREATE TABLE asks (
  id {text} PRIMARY KEY, installation {text} NOT NULL REFERENCES installations(id), kind {number} NOT NULL, body {text} NOT NULL,
  created {number} NOT NULL, withdrawn {number} NOT NULL DEFAULT 0, over {number} NOT NULL DEFAULT 0,
  state {text} NOT NULL DEFAULT '', note {text} NOT NULL DEFAULT '', until {number} NOT NULL DEFAULT 0,
  told {number} NOT NULL DEFAULT 0){strict};
CREATE INDEX asks_of ON asks (installation, over);
)sql";

// Roll-outs: since when an update is published, who suspended it; when an installation will begin with it, why it has not. What stands
// in the index is what an installation was told of and has not taken: the fleet is asked for that all the time.
constexpr std::string_view kRollOuts = R"sql(
ALTER TABLE update_offers ADD COLUMN published {number} NOT NULL DEFAULT 0;
ALTER TABLE update_offers ADD COLUMN suspended_by {text} NOT NULL DEFAULT '';
ALTER TABLE update_states ADD COLUMN starts {number} NOT NULL DEFAULT 0;
ALTER TABLE update_states ADD COLUMN why {text} NOT NULL DEFAULT '';
UPDATE update_offers SET published=changed;
CREATE INDEX update_states_open ON update_states (installation, name) WHERE state NOT IN ('done', 'withdrawn');
)sql";

// What alerts are about is found without reading what events say, and what goes first without passing by what stays (events.h).
constexpr std::string_view kSerious = R"sql(
ALTER TABLE events ADD COLUMN serious {number} NOT NULL DEFAULT 0;
UPDATE events SET serious=1 WHERE own=0 AND body LIKE '%"severity":"severe"%' OR own=1 AND type IN
  ('installation.connected_twice', 'installation.log_conflict', 'installation.log_refused', 'installation.misbehaves');
CREATE INDEX events_serious ON events (received, installation, own, type) WHERE serious=1;
CREATE INDEX events_reported ON events (installation, number) WHERE own=0;
CREATE INDEX events_noticed ON events (installation, serious, number) WHERE own=1;
CREATE INDEX alerts_of ON alerts (installation, rule, number);
)sql";

// Failures that suspend no update (updates.h).
constexpr std::string_view kExcusedFailures = R"sql(
ALTER TABLE update_states ADD COLUMN excused {number} NOT NULL DEFAULT 0;
)sql";

// Whose the file is that comes in pieces (updates.h).
constexpr std::string_view kUploads = R"sql(
ALTER TABLE update_files ADD COLUMN upload {text} NOT NULL DEFAULT '';
)sql";

constexpr std::array kSteps{
    kFirst,    kSizesOfEvents, kServers,         kLogs,   kOpenCodes, kNamesOfInstallations,
    kMeasures, kPeople,        kActLog,          kAlerts, kUpdates,   kAsks,
    kRollOuts, kSerious,       kExcusedFailures, kUploads};

std::string spelled(const Database& database, std::string_view step) {
  std::string out;
  for (;;) {
    const std::size_t open = step.find('{');
    out += step.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = step.find('}', open);
    POSTERN_CHECK(close != std::string_view::npos);
    out += database.spell(step.substr(open + 1, close - open - 1));
    step.remove_prefix(close + 1);
  }
}

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

// Looked at within the transaction that writes: another server may bring the same store up at the same time.
Status bring_up(Database& database) {
  if (Status begun = database.begin(); !begun.ok()) return begun;
  const auto found = database.schema_version();
  Status done = found.ok() ? Status(Ok{}) : Status(found.error());
  const auto ours = static_cast<std::int64_t>(kSteps.size());
  if (done.ok() && (*found < 0 || *found > ours))
    done =
        fail(Code::Corrupt, "the store is of a newer version of Mission Control: its schema is " +
                                std::to_string(*found) + ", and this version knows those up to " +
                                std::to_string(ours) + ": install the version that made it, or a newer one");
  if (!done.ok() || *found == ours) {
    database.rollback();
    return done;
  }
  for (auto step = *found; done.ok() && step < ours; ++step)
    done = database.define(spelled(database, kSteps.at(static_cast<std::size_t>(step))));
  if (done.ok()) done = database.set_schema_version(ours);
  if (!done.ok()) {
    database.rollback();
    return done;
  }
  if (*found > 0)
    base::log_info("the store was brought from schema " + std::to_string(*found) + " to " +
                   std::to_string(ours));
  return database.commit();
}

}  // namespace postern::mission
