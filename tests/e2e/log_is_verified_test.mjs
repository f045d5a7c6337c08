// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An auditor who has the log's files and its public key, and nothing else: verifies what a running gateway wrote, keeps a checkpoint,
// takes a proof of one visit away, and is told which file somebody changed.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /state" ] }
`;

story("an auditor verifies the log by its files and its key", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const away = makeFolder("auditor");
  stage.own({ name: "the auditor's folder", stop: () => removeFolder(away) });
  const { directory, verifier_key: key } = await until("the keeper has told the log's key", async () => {
    const { log } = await gateway.cli("status");
    return log.verifier_key && log;
  });
  const audit = (...argv) => run(gateway.program, ["audit", ...argv]);
  const verify = async (log, ...more) => {
    const { code, stdout } = await audit("verify", "--log", log, "--key", key, "--json", ...more);
    return { code, ...JSON.parse(stdout) };
  };

  let alice;
  await stage.step("a visit comes under a checkpoint within seconds", async () => {
    await gateway.admit("alice", ["state.read"]);
    alice = await gateway.signIn("alice");
    for (let i = 0; i < 300; ++i) assert.equal((await alice.fetch("/state")).status, 200);
    assert.equal((await alice.send("POST", "/.postern/sign-out", {})).status, 204);
    // The status tells the size a moment later.
    const size = await until("the visit is in the log", async () => {
      const { log } = await gateway.cli("status");
      return log.size > 600 && log.size;
    });
    await until("all of it is under a checkpoint", async () => (await gateway.cli("status")).log.checkpoint.size >= size);
    const report = await verify(directory);
    assert.deepEqual([report.code, report.ok, report.faults], [0, true, []]);
    assert.ok(report.entries > 600, `${report.entries} entries`);
    stage.say(`${report.entries} entries of ${report.origin} verified`);
  });

  await stage.step("retention is off, and says what it would remove", async () => {
    const kept = await gateway.cli("audit", "retention");
    assert.deepEqual([kept.keep, kept.first_kept, kept.next], ["ever", 0, undefined]);
    const asked = await gateway.cli("audit", "retention", "--keep", "400d");
    assert.deepEqual(asked.next, { first_kept: 0, removed: 0 });
    assert.equal((await gateway.tryCli("audit", "retention", "--keep", "1h")).code, 1);
  });

  await stage.step("a proof of the visit holds without the log, and fails when it is changed", async () => {
    const proof = join(away, "visit.tlog-proof");
    assert.equal((await audit("proof", "--log", directory, "--session", alice.session, "--out", proof)).code, 0);
    const shown = await audit("verify", "--proof", proof, "--key", key, "--json");
    const event = JSON.parse(JSON.parse(shown.stdout).event);
    assert.deepEqual([event.type, event.session, event.detail.exchanges], ["session.ended", alice.session, 300]);
    writeFileSync(proof, readFileSync(proof, "utf8").replace(/^index (\d+)$/m, (_, index) => `index ${Number(index) - 1}`));
    const changed = await audit("verify", "--proof", proof, "--key", key);
    assert.equal(changed.code, 1);
    assert.match(changed.stderr, /the proof does not hold/);
  });

  await stage.step("a copy in which one byte of an event is another names the event", async () => {
    const copy = join(away, "log");
    cpSync(directory, copy, { recursive: true });
    const bundle = join(copy, "tile/entries/000");
    const bytes = readFileSync(bundle);
    bytes[bytes.indexOf('"engineer:alice"') + 12] ^= 1;
    writeFileSync(bundle, bytes);
    const report = await verify(copy);
    assert.deepEqual([report.code, report.faults.length, report.faults[0].file], [1, 1, bundle]);
    assert.match(report.faults[0].what, new RegExp(`entry ${report.faults[0].index} is not the one that was logged`));
  });

  await stage.step("an old copy of the whole log is found by a checkpoint that was kept", async () => {
    const old = join(away, "old");
    cpSync(directory, old, { recursive: true });
    await gateway.halt();
    const known = join(away, "checkpoint");
    copyFileSync(join(directory, "checkpoint"), known);
    assert.equal((await verify(directory, "--known", known)).code, 0);
    assert.equal((await verify(old)).code, 0);
    const report = await verify(old, "--known", known);
    assert.equal(report.code, 1);
    assert.match(report.faults[0].what, /the log was rolled back/);
    await gateway.serve();
  });
});
