// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What people did at Mission Control is a log that nobody can rewrite, not even who has the database: each row that is changed or removed is
// named by whoever verifies, an act is proved by a file that travels alone, and an older copy of the store is known for what it is.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MissionControl } from "./lib/mission.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { ownedByAccount, run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const signed = (mission, least = 1) =>
  until("what was done is signed", async () => {
    const { log } = await mission.cli("status");
    return log.signed >= least && log.signed === log.size && log;
  });
const audit = (mission, ...argv) => run(mission.program, ["--config", mission.configFile, "--json", "audit", ...argv]);
const offline = (mission, ...argv) => run(mission.program, ["--json", "audit", ...argv]);

story("nobody rewrites what people did at Mission Control", async (stage) => {
  const mission = stage.own(await MissionControl.start());
  const away = makeFolder("acts");
  stage.own({ name: "what was written", stop: () => removeFolder(away) });
  const database = join(mission.folder, "state/mission.sqlite");
  // As somebody who has the file.
  const vandalise = async (sql) => {
    const done = await run("python3", ["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=20); c.execute(sys.argv[2]); c.commit()", database, sql]);
    assert.equal(done.code, 0, done.stderr);
  };
  const { key } = (await mission.cli("status")).log;
  const early = join(away, "checkpoint.early");
  let codes;

  await stage.step("what was done is signed within seconds, and verified with the key that init printed", async () => {
    assert.match(key, /^mission\.example\.com\/audit\+/);
    assert.match(mission.made.audit, /^mission\.example\.com\/audit\+/);
    assert.equal(mission.made.audit, key);
    codes = [];
    for (let i = 0; i < 12; i++) codes.push((await mission.cli("enrolment", "new", "--customer", `Customer ${i}`)).id);
    const log = await signed(mission, 12);
    const report = await audit(mission, "verify", "--key", key);
    assert.equal(report.code, 0, report.stdout + report.stderr);
    assert.deepEqual([JSON.parse(report.stdout).entries, JSON.parse(report.stdout).faults], [log.size, []]);
    const plain = await mission.plainCli("audit", "verify", "--key", key);
    assert.match(plain.stdout, /The log is as it was signed: \d+ entries of mission\.example\.com\/audit/);
    assert.match((await mission.plainCli("status")).stdout, /Its log's key:? +mission\.example\.com\/audit\+/);
  });

  await stage.step("it is exported, and one act is proved, for whoever has no server", async () => {
    assert.equal((await audit(mission, "export", "--out", join(away, "log"))).code, 0);
    assert.equal((await offline(mission, "verify", "--log", join(away, "log"), "--key", key)).code, 0);
    copyFileSync(join(away, "log/checkpoint"), early);
    const again = await audit(mission, "export", "--out", join(away, "log"));
    assert.match(again.stderr, /is there already/);
    const act = (await mission.cli("acts", "--type", "enrolment.made")).items.find((one) => one.subject === codes[4]);
    const proof = join(away, "act.tlog-proof");
    assert.equal((await audit(mission, "proof", "--number", String(act.number), "--out", proof)).code, 0);
    const proved = await offline(mission, "verify", "--proof", proof, "--key", key);
    assert.equal(proved.code, 0, proved.stderr);
    assert.equal(JSON.parse(JSON.parse(proved.stdout).act).subject, codes[4]);
    writeFileSync(proof, readFileSync(proof, "utf8").replace(/^extra ..../m, "extra AAAA"));
    assert.equal((await offline(mission, "verify", "--proof", proof, "--key", key)).code, 1);
  });

  const found = async (number) => {
    const report = await audit(mission, "verify", "--key", key, "--known", early);
    assert.equal(report.code, 1, report.stdout);
    assert.deepEqual(JSON.parse(report.stdout).acts, [number]);
    return (await mission.plainCli("audit", "verify", "--key", key)).stdout;
  };
  await stage.step("a row that is changed in the database is named, and so is one that is removed", async () => {
    const { items } = await mission.cli("acts", "--type", "enrolment.made");
    const [changed, removed] = [items[3], items[7]];
    await vandalise(`UPDATE acts SET actor='person:somebody-else' WHERE number=${changed.number}`);
    const said = await found(changed.number);
    assert.match(said, /The log is NOT as it was signed/);
    assert.match(said, new RegExp(`act ${changed.number} is now .*person:somebody-else`));
    await vandalise(`UPDATE acts SET actor='${changed.actor}' WHERE number=${changed.number}`);
    assert.equal((await audit(mission, "verify", "--key", key)).code, 0, "as it was");
    await vandalise(`DELETE FROM acts WHERE number=${removed.number}`);
    assert.match(await found(removed.number), new RegExp(`act ${removed.number} is not there any more`));
    await vandalise(
      `INSERT INTO acts (number, id, time, type, actor, subject, client, detail) SELECT ${removed.number}, '${removed.id}', CAST(strftime('%s', '${removed.time}') AS INTEGER) * 1000000 + ${removed.time.slice(20, 26)}, '${removed.type}', '${removed.actor}', '${removed.subject}', '${removed.from}', '${JSON.stringify(removed.detail)}'`,
    );
    assert.equal((await audit(mission, "verify", "--key", key)).code, 0, "as it was");
  });

  await stage.step("an older copy of the store is known for what it is, and nothing is signed over it", async () => {
    await mission.halt();
    const kept = readdirSync(join(mission.folder, "state")).filter((name) => name.startsWith("mission.sqlite"));
    for (const name of kept) copyFileSync(join(mission.folder, "state", name), join(away, name));
    await mission.serve();
    const before = (await mission.cli("status")).log.size;
    await mission.cli("enrolment", "withdraw", codes[0]);
    await signed(mission, before + 1);
    await mission.halt();
    for (const name of readdirSync(join(mission.folder, "state")).filter((one) => one.startsWith("mission.sqlite"))) rmSync(join(mission.folder, "state", name));
    for (const name of kept) copyFileSync(join(away, name), join(mission.folder, "state", name));
    ownedByAccount(join(mission.folder, "state"));
    await mission.serve();
    const { problem } = await until("it is said", async () => ((log) => log.problem && log)((await mission.cli("status")).log));
    assert.match(problem, /the log of acts was rolled back/);
    assert.match((await mission.plainCli("status")).stdout, /LOG NOT SIGNED/);
    assert.match(mission.log, /the log of acts is not signed any more/);
    await mission.cli("enrolment", "new", "--customer", "Another Ltd");
    const { log } = await mission.cli("status");
    assert.ok(log.signed < log.size);
  });
});

story("two servers behind one PostgreSQL keep one log of what people did", async (stage) => {
  const postgres = stage.own(await Postgres.start());
  const a = stage.own(await MissionControl.start({ store: (folder) => postgres.keep(folder) }));
  const b = stage.own(await MissionControl.start({ like: a, store: (folder) => postgres.keep(folder, { local: true }) }));
  for (const mission of [a, b]) await until("its store is there", async () => (await mission.tryCli("status")).json?.store?.available === true);

  await stage.step("acts at both at once have one order without a gap, signed by whoever is first", async () => {
    const each = 40;
    const work = async (mission) => {
      for (let i = 0; i < each; i++) await mission.cli("enrolment", "new", "--customer", `Customer ${i}`);
    };
    await Promise.all([work(a), work(b), work(a), work(b)]);
    const log = await signed(a, 4 * each);
    assert.equal((await signed(b, 4 * each)).size, log.size);
    const numbers = (await postgres.sql("SELECT number FROM acts ORDER BY number")).split("\n").filter(Boolean).map(Number);
    assert.deepEqual(numbers, Array.from({ length: log.size }, (_, i) => i + 1));
    for (const mission of [a, b]) {
      const report = await audit(mission, "verify", "--key", log.key);
      assert.equal(report.code, 0, report.stdout + report.stderr);
    }
  });

  await stage.step("what somebody changes in PostgreSQL is named at either", async () => {
    await postgres.sql("UPDATE acts SET time=time-1 WHERE number=77");
    for (const mission of [a, b]) {
      const report = await audit(mission, "verify");
      assert.equal(report.code, 1, report.stdout);
      assert.deepEqual(JSON.parse(report.stdout).acts, [77]);
    }
  });
});
