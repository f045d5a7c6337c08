// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Mission Control that began with SQLite is carried over to PostgreSQL, and back: all of it or nothing, the old store untouched, and the line,
// the people and the log of what they did go on where they were.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MissionControl } from "./lib/mission.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { ownedByAccount, run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

story("a store is moved from SQLite to PostgreSQL, and back", async (stage) => {
  const postgres = stage.own(await Postgres.start());
  const mission = stage.own(await MissionControl.start());
  const one = stage.own(Object.assign(await mission.enrolled("Example Ltd"), { name: "one", stop() { this.close(); } }));
  const file = join(mission.folder, "state/mission.sqlite");
  const sqlite = mission.configFile;
  const withPostgres = join(mission.folder, "with-postgresql.yaml");
  const hash = () => createHash("sha256").update(readFileSync(file)).digest("hex");
  const move = (from, to) => run(mission.program, ["--config", from, "--json", "store", "move", "--to", to]);
  const verified = async () => {
    const report = await run(mission.program, ["--config", mission.configFile, "--json", "audit", "verify", "--key", mission.made.audit, "--known", join(mission.folder, "known")]);
    assert.equal(report.code, 0, report.stdout + report.stderr);
  };
  let before;

  await stage.step("not while it is served, and not from nothing", async () => {
    for (let i = 0; i < 30; i++) assert.equal((await one.send(one.report("event", { type: "test", number: i }))).status, 200);
    await until("what was done is signed", async () => ((log) => log.size > 0 && log.signed === log.size)((await mission.cli("status")).log));
    assert.equal((await run(mission.program, ["--config", sqlite, "audit", "export", "--out", join(mission.folder, "exported")])).code, 0);
    cpSync(join(mission.folder, "exported/checkpoint"), join(mission.folder, "known"));
    mission.keepIn((folder) => postgres.keep(folder));
    cpSync(sqlite, withPostgres);
    writeFileSync(sqlite, readFileSync(sqlite, "utf8").replace(/^store:\n( .*\n)*/m, ""));
    ownedByAccount(mission.folder);
    const refused = await move(sqlite, withPostgres);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Mission Control is running/);
    before = (await mission.events(one.id)).map((event) => event.id);
    await mission.halt();
    assert.match((await move(sqlite, sqlite)).stderr, /both configurations keep their store in/);
  });

  await stage.step("all of it arrives, read back with the same hashes, and the file is as it was", async () => {
    const was = hash();
    const moved = await move(sqlite, withPostgres);
    assert.equal(moved.code, 0, moved.stderr);
    const tables = Object.fromEntries(JSON.parse(moved.stdout).tables.map((each) => [each.table, each.rows]));
    assert.equal(tables.installations, 1);
    assert.equal(tables.events, before.length);
    assert.ok(tables.acts >= 1);
    assert.match(moved.stderr, /events: 0 rows written/);
    assert.equal(hash(), was);
    const again = await move(sqlite, withPostgres);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is not empty/);
  });

  await stage.step("served from there, the installation, its events, and the log of acts go on", async () => {
    mission.configFile = withPostgres;
    await mission.serve();
    await until("its store is there", async () => (await mission.tryCli("status")).json?.store?.available === true);
    assert.deepEqual((await mission.events(one.id)).map((event) => event.id), before);
    const log = await until("the log is signed", async () => ((now) => now.signed === now.size && now)((await mission.cli("status")).log));
    await mission.newCode("Another Ltd");
    await until("what came is signed", async () => ((now) => now.size > log.size && now.signed === now.size)((await mission.cli("status")).log));
    await verified();
    await mission.halt();
  });

  await stage.step("and back to an empty file", async () => {
    for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
    const moved = await move(withPostgres, sqlite);
    assert.equal(moved.code, 0, moved.stderr);
    mission.configFile = sqlite;
    await mission.serve();
    assert.deepEqual((await mission.events(one.id)).map((event) => event.id), before);
    assert.equal((await mission.cli("enrolment", "list")).items.length, 2);
    await until("it is signed", async () => ((now) => now.signed === now.size)((await mission.cli("status")).log));
    await verified();
  });
});
