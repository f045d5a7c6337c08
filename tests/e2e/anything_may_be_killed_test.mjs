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
import { readJournal } from "./lib/journal.mjs";
import { run } from "./lib/process.mjs";
import { descendants, killIfAlive, randomOf, story, until } from "./lib/story.mjs";

const kKills = Number(process.env.POSTERN_KILLS ?? 40);
const kConnections = 12;
const kAllOneIn = 8;        // kills of the whole gateway
const kLongestPause = 150;  // milliseconds before a kill: some come while the last one is not recovered from
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /r/**] }
  any.write: { title: Write, class: write, operations: [POST /w/**] }
  spare: { title: Spare, class: read, operations: [GET /spare] }
`;

story("anything may be killed, and nothing acknowledged is lost", async (stage) => {
  const seed = Number(process.env.POSTERN_SEED ?? randomBytes(4).readUInt32LE());
  stage.say(`POSTERN_SEED=${seed}`);
  const random = randomOf(seed);
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end(request.url))));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => `${text}workers: 2\n` }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const { cookie } = await gateway.signIn("alice");

  let loading = true;
  let last = 0;
  const acknowledged = new Map(); // event id -> target, of all that was answered with 200
  const tally = { answered: 0, refused: 0, broken: 0 };
  const visitor = async () => {
    let client;
    while (loading) {
      if (client?.port !== gateway.port) {
        client?.close();
        client = gateway.client(); // after the whole gateway was killed it listens elsewhere
        client.cookie = cookie;
      }
      const id = ++last;
      const [method, target] = id % 2 === 0 ? ["GET", `/r/${id}`] : ["POST", `/w/${id}`];
      const answer = await client.fetch(target, { method }).catch(() => undefined);
      if (!answer) {
        ++tally.broken;
        await new Promise((resolve) => setTimeout(resolve, 10)); // nobody listens: not as fast as it goes
      } else if (answer.status === 200) {
        assert.equal(answer.text, target, "the answer to what was asked");
        acknowledged.set(answer.event, target);
        ++tally.answered;
      } else {
        assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
        ++tally.refused;
      }
    }
    client?.close();
  };

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
    if (random() < 0.5) return;
    const before = acknowledged.size;
    await until("requests are answered again", () => acknowledged.size > before + 5, 60_000);
  };

  await stage.step(`killed ${kKills} times under load`, async () => {
    const load = Promise.all(Array.from({ length: kConnections }, visitor));
    try {
      while (kills.roles + kills.all < kKills) await killOnce();
      const before = acknowledged.size;
      await until("requests are answered again", () => acknowledged.size > before + 100, 60_000);
    } finally {
      loading = false;
      await load;
    }
    stage.say(JSON.stringify({ ...kills, ...tally, reached: component.seen.length }));
  });

  await stage.step("every role is back, sessions and permissions are as they were", async () => {
    await until("every role runs", async () => (await gateway.tryCli("status")).json?.roles.every((role) => role.state === "running"), 60_000);
    const sessions = (await gateway.cli("session", "list")).items;
    assert.deepEqual(sessions.map((session) => session.state), ["active"]);
    const spare = (await gateway.cli("capability", "list")).items.find((item) => item.name === "spare");
    if (settings.length > 0) assert.equal(spare.setting, settings.at(-1));
  });

  await stage.step("what was acknowledged, and every change that reached the component, is in the log", async () => {
    const events = readJournal(gateway);
    const forwarded = new Map(events.filter((event) => event.type === "exchange.forwarded").map((event) => [event.id, event.detail.target]));
    const changes = ([, target]) => target.startsWith("/w/");
    const missing = [...acknowledged].filter(([id, target]) => forwarded.get(id) !== target);
    assert.deepEqual(missing.filter(changes), []);
    const recorded = new Set(forwarded.values());
    const unrecorded = component.seen.map((line) => line.split(" ")).filter(([, target]) => !recorded.has(target));
    assert.deepEqual(unrecorded.filter(changes), []);
    assert.equal(new Set(events.map((event) => event.id)).size, events.length, "no event stands there twice");
    stage.say(`${events.length} events, ${acknowledged.size} acknowledged exchanges; of requests that read, ${unrecorded.length} went with ledger and enforcer`);
  });

  await stage.step("the Merkle log over all of it is sound", async () => {
    const { size } = (await gateway.cli("status")).log;
    const { directory, verifier_key: key } = await until("all of it is under a checkpoint", async () => {
      const { log } = await gateway.cli("status");
      return log.verifier_key && log.checkpoint?.size >= size && log;
    }, 60_000);
    const verified = await run(gateway.program, ["audit", "verify", "--log", directory, "--key", key]);
    assert.equal(verified.code, 0, verified.stderr);
  });
}, 120_000 + kKills * 3_000);
