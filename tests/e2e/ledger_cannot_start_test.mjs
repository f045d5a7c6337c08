// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log cannot be read at a start: nobody is let in, `postern status` says what is wrong, and once it is put right the gateway serves.
import assert from "node:assert/strict";
import { chmodSync, cpSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Program, ownedByAccount } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

story("the ledger cannot start, and status says why", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const journal = join(gateway.folder, "state", "journal");
  const segment = join(journal, readdirSync(journal).sort()[0]);
  const mode = statSync(journal).mode & 0o7777;
  const forbid = () => (chmodSync(journal, 0), () => chmodSync(journal, mode));
  // Put right at one stroke: the ledger is tried again meanwhile, and would take half a file for one with a torn end.
  const damage = () => {
    const good = join(gateway.folder, "state", "good");
    const bad = readFileSync(segment);
    bad[Math.floor(bad.length / 3)] ^= 0x01;
    renameSync(segment, good);
    writeFileSync(segment, bad, { mode: statSync(good).mode & 0o777 });
    ownedByAccount(segment);
    return () => renameSync(good, segment);
  };

  const old = join(gateway.folder, "state", "journal.old");
  cpSync(journal, old, { recursive: true });
  const rollBack = () => {
    const now = `${journal}.now`;
    renameSync(journal, now);
    cpSync(old, journal, { recursive: true });
    ownedByAccount(journal);
    return () => (rmSync(journal, { recursive: true }), renameSync(now, journal));
  };

  const reason = async () => (await gateway.tryCli("status")).json?.roles.find((role) => role.name === "ledger").reason;
  // spoil() gives what puts it right: then the gateway must come up by itself.
  const trouble = (what, spoil, expected) =>
    stage.step(what, async () => {
      await gateway.halt();
      const mend = spoil();
      const serving = new Program("postern serve", [gateway.program, "--config", gateway.configFile, "serve"]);
      try {
        const why = await until("status says why", reason);
        assert.match(why, expected);
        const status = await gateway.cli("status");
        assert.equal(status.log.writable, false);
        assert.equal(status.roles.find((role) => role.name === "terminator.0").state, "stopped");
        const people = await gateway.plainCli("status");
        assert.ok(people.stdout.includes(why.slice(0, 40)), people.stdout);
        stage.say(why);
        mend();
        await until("every role runs", async () => (await gateway.cli("status")).roles.every((role) => role.state === "running"));
      } finally {
        await serving.stop();
      }
      await gateway.serve();
    });

  await trouble("a journal that may not be read", forbid, /Permission denied/);
  await trouble("a journal with a byte that is not as it was written", damage, /is damaged or missing; nothing was changed/);
  await trouble("an old copy of the journal", rollBack, /it is an old copy, or events are missing; restore the newest copy/);
});
