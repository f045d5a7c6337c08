// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of any role, or of the whole gateway at once, at random moments under load: whatever was acknowledged is in the log, every change
// that reached the component has its event, and the gateway serves again. The event of a request that only reads is handed to the ledger
// and not waited for: it may go with both at once, and is counted here. The stories of the ledger alone and of all others alone
// (ledger_restart, nothing_is_lost_when_roles_die) lose none. POSTERN_KILLS says how often (40); POSTERN_SEED repeats a run.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Load, answerWithTarget, assertChangesAreInTheLog, assertLogVerifies, loadPolicy } from "./lib/load.mjs";
import { descendants, killIfAlive, randomOf, story, until } from "./lib/story.mjs";

const kKills = Number(process.env.POSTERN_KILLS ?? 40);
const kConnections = 12;
const kAllOneIn = 8;        // kills of the whole gateway
const kLongestPause = 150;  // milliseconds before a kill: some come while the last one is not recovered from

story("anything may be killed, and nothing acknowledged is lost", async (stage) => {
  const seed = Number(process.env.POSTERN_SEED ?? randomBytes(4).readUInt32LE());
  stage.say(`POSTERN_SEED=${seed}`);
  const random = randomOf(seed);
  const component = stage.own(await LittleComponent.start(answerWithTarget));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: loadPolicy, configure: (text) => `${text}workers: 2\n` }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const { cookie } = await gateway.signIn("alice");
  const load = new Load(gateway, cookie, kConnections);

  const settings = []; // what an admin was told is so
  const kills = { roles: 0, all: 0 };
  const killOnce = async () => {
    await new Promise((resolve) => setTimeout(resolve, random() * kLongestPause));
    if (random() < 0.2 && (await gateway.tryCli("capability", "set", "spare", settings.length % 2 ? "on" : "off")).code === 0)
      settings.push(settings.length % 2 ? "on" : "off");
    if (random() * kAllOneIn < 1) {
      ++kills.all;
      await gateway.crash();
      return gateway.serve(60_000); // the more the log holds, the longer it is read
    }
    const roles = descendants(gateway.pid);
    if (roles.length === 0) return;
    killIfAlive(roles[Math.floor(random() * roles.length)], "SIGKILL");
    ++kills.roles;
    if (random() >= 0.5) await load.progress(5);
  };

  await stage.step(`killed ${kKills} times under load`, async () => {
    try {
      while (kills.roles + kills.all < kKills) await killOnce();
      await load.progress(100);
    } finally {
      await load.end();
    }
    stage.say(JSON.stringify({ ...kills, ...load.tally, reached: component.seen.length }));
  });

  await stage.step("every role is back, sessions and permissions are as they were", async () => {
    await until("every role runs", async () => (await gateway.tryCli("status")).json?.roles.every((role) => role.state === "running"), 60_000);
    const sessions = (await gateway.cli("session", "list")).items;
    assert.deepEqual(sessions.map((session) => session.state), ["active"]);
    const spare = (await gateway.cli("capability", "list")).items.find((item) => item.name === "spare");
    if (settings.length > 0) assert.equal(spare.setting, settings.at(-1));
  });

  await stage.step("what was acknowledged, and every change that reached the component, is in the log", () => {
    stage.say(JSON.stringify(assertChangesAreInTheLog(gateway, load, component)));
  });
  await stage.step("the Merkle log over all of it is sound", () => assertLogVerifies(gateway));
}, 120_000 + kKills * 3_000);
