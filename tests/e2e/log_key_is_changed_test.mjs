// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log's key is changed twice while engineers work, once with roles killed at random moments: whoever has only the first key verifies
// all of it at the end, and nothing of what was written is lost.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { killIfAlive, makeFolder, randomOf, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /state" ] }
`;

story("the log goes on under another key", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const away = makeFolder("auditor");
  stage.own({ name: "the auditor's folder", stop: () => removeFolder(away) });
  const keyFile = join(gateway.folder, "keys/log.key");
  const nextFile = `${keyFile}.next`;
  const secretOf = (file) => readFileSync(file, "utf8").trim().split("+").pop();
  const logKey = async () => (await gateway.cli("status")).log.verifier_key;
  const first = await until("the keeper has told the log's key", logKey);
  const { directory } = (await gateway.cli("status")).log;
  const audit = (...argv) => run(gateway.program, ["audit", ...argv]);
  const verify = async (key, ...more) => {
    const { code, stdout } = await audit("verify", "--log", directory, "--key", key, "--json", ...more);
    return { code, ...JSON.parse(stdout) };
  };
  const allPublished = () =>
    until("all of it is under a checkpoint", async () => {
      const { log } = await gateway.cli("status");
      return log.checkpoint.size >= log.size && log;
    });

  await gateway.admit("alice", ["state.read"]);
  const alice = await gateway.signIn("alice");
  const work = async (condition) => {
    let done = 0;
    while (!condition()) if ((await alice.fetch("/state").catch(() => ({}))).status === 200) ++done;
    return done;
  };

  let second;
  await stage.step("an admin changes it while visits go on", async () => {
    const before = secretOf(keyFile);
    const { mode, uid } = statSync(keyFile);
    let changed;
    const changing = gateway.cli("audit", "rotate-key").then((answer) => (changed = answer));
    const done = await work(() => changed);
    await changing;
    assert.ok(done > 0, "nobody waited for it");
    assert.equal(changed.old, first);
    second = changed.new;
    assert.notEqual(second, first);
    assert.equal(second.split("+")[0], first.split("+")[0], "it is the same log");
    assert.equal(await until("status names it", async () => (await logKey()) === second && second), second);
    assert.notEqual(secretOf(keyFile), before);
    assert.deepEqual([existsSync(nextFile), statSync(keyFile).mode, statSync(keyFile).uid], [false, mode, uid]);
    const [event] = await until("its event is in the index", async () => {
      const found = await gateway.events("--type", "log.key_changed");
      return found.length > 0 && found;
    });
    assert.match(event.actor, /^admin:/);
    assert.deepEqual([event.detail.old, event.detail.new], [first, second]);
  });

  let proof;
  await stage.step("both keys verify all of it, and say that it was handed over", async () => {
    await allPublished();
    for (const key of [first, second]) {
      const report = await verify(key);
      assert.deepEqual([report.code, report.faults], [0, []]);
      assert.deepEqual(report.handovers.map(({ from, to }) => [from, to]), [[first, second]]);
    }
    const { stdout } = await audit("verify", "--log", directory, "--key", first);
    assert.match(stdout, /Behind \d+ entries its key was changed/);
    proof = join(away, "visit.tlog-proof");
    assert.equal((await audit("proof", "--log", directory, "--session", alice.session, "--out", proof)).code, 0);
    const handover = join(directory, "handover", readdirSync(join(directory, "handover"))[0]);
    assert.equal((await audit("verify", "--proof", proof, "--key", second)).code, 0);
    assert.equal((await audit("verify", "--proof", proof, "--key", first)).code, 1);
    assert.equal((await audit("verify", "--proof", proof, "--key", first, "--handover", handover)).code, 0);
  });

  await stage.step("it is changed again while ledger, keeper and all of it are killed", async () => {
    const random = randomOf(20_261_127);
    let third;
    for (let round = 0; round < 6; ++round) {
      const changing = gateway.tryCli("audit", "rotate-key");
      await new Promise((resolve) => setTimeout(resolve, random() * 700));
      if (round === 2) {
        await gateway.crash();
        await changing;
        await gateway.serve();
      } else {
        const { roles } = await gateway.cli("status");
        killIfAlive(roles.find((role) => role.name.startsWith(round % 2 === 0 ? "ledger" : "keeper")).pid, "SIGKILL");
      }
      const answer = await changing;
      if (answer.code === 0) third = answer.json.new;
      const report = await until("the log can be verified", async () => {
        const found = await verify(first);
        return found.code === 0 && found;
      });
      assert.equal(report.handovers[0].from, first);
      assert.ok(existsSync(keyFile));
    }
    const last = await gateway.cli("audit", "rotate-key");
    assert.ok(third || last.new);
    assert.equal(existsSync(nextFile), false);
    stage.say(`${(await verify(first)).handovers.length} handovers`);
  });

  await stage.step("a gateway that stops and starts goes on with the last key alone", async () => {
    const key = await logKey();
    await gateway.halt();
    await gateway.serve();
    assert.equal(await until("the keeper has told the log's key", logKey), key);
    const { size } = await allPublished();
    const report = await verify(first);
    assert.deepEqual([report.code, report.faults], [0, []]);
    assert.ok(report.entries >= size);
    assert.equal(report.handovers.at(-1).to, key);
  });

  await stage.step("without a running gateway nothing is made", async () => {
    await gateway.halt();
    const answer = await gateway.tryCli("audit", "rotate-key");
    assert.equal(answer.code, 3);
    assert.equal(existsSync(nextFile), false);
    await gateway.serve();
  });
});
