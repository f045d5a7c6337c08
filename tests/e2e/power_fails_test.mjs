// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ledger on a disk that goes wrong (tests/bad_disk): full for a moment, syncs that fail, writes that end in the middle, and the power
// that goes at a random step and takes sectors, ends of files and names with it. All of the gateway ends there and is started again on what
// the disk kept. No acknowledged change is lost, whatever else is. POSTERN_CUTS says how often (6).
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Load, answerWithTarget, assertChangesAreInTheLog, assertLogVerifies, loadPolicy } from "./lib/load.mjs";
import { story, until } from "./lib/story.mjs";

const kCuts = Number(process.env.POSTERN_CUTS ?? 6);
const powerIsOut = /bad disk: the power is out/;


story("the power goes, and no acknowledged change goes with it", async (stage) => {
  const component = stage.own(await LittleComponent.start(answerWithTarget));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: loadPolicy, configure: (text) => `${text}workers: 2\n` }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const { cookie } = await gateway.signIn("alice");

  const powerIsOut = () => gateway.log.includes("bad disk: the power is out");
  const serve = async () => {
    for (;;) {
      try {
        return await gateway.serve(60_000, powerIsOut);
      } catch (error) {
        if (!powerIsOut()) throw error; // it may go while the ledger reads what the last time left
        ++cuts;
        await gateway.crash();
      }
    }
  };

  let cuts = 0;
  let load;
  await stage.step(`the power went ${kCuts} times under load`, async () => {
    await gateway.crash(); // stopping in order would end the session
    gateway.replaceRole("ledger", "tests/bad_disk/ledger_on_bad_disk");
    await serve();
    load = new Load(gateway, cookie, 8);
    try {
      while (cuts < kCuts) {
        await until("the power is out", powerIsOut, 120_000);
        ++cuts;
        await gateway.crash();
        await serve();
      }
    } finally {
      await load.end();
    }
    stage.say(JSON.stringify({ cuts, ...load.tally, reached: component.seen.length }));
    assert.ok(load.tally.answered > kCuts, "it served in between");
  });

  await stage.step("on a good disk again, what was acknowledged and every change that reached the component is in the log", async () => {
    await gateway.crash();
    gateway.replaceRole("ledger", "libexec/postern/ledger");
    await gateway.serve(60_000);
    stage.say(JSON.stringify(assertChangesAreInTheLog(gateway, load, component)));
    const sessions = (await gateway.cli("session", "list")).items;
    assert.deepEqual(sessions.map((session) => session.state), ["active"]);
  });
  await stage.step("the Merkle log over all of it is sound", () => assertLogVerifies(gateway));
}, 120_000 + kCuts * 30_000);
