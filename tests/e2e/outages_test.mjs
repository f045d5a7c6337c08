// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Between an installation and a Mission Control of two servers the line is cut again and again, at random bytes and in every way, while the
// servers are killed and their PostgreSQL is restarted and stands still. Meanwhile engineers work and the component's nodes tell what happens
// to them. In the end usage is exact to the unit, and every event that is shared has arrived once, in the order of the gateway's log.
//
// POSTERN_CUTS says how often the line is cut (30; 500 take most of an hour); POSTERN_SEED repeats a run.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { Client } from "./lib/client.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Cutter } from "./lib/cutter.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { answerWithTarget, loadPolicy } from "./lib/load.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { plant } from "./lib/planted.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { randomOf, story, until } from "./lib/story.mjs";

const kCuts = Number(process.env.POSTERN_CUTS ?? 30);
const kUsageCuts = Math.ceil(kCuts / 5); // of these, while hours of usage are told
const kHours = 24; // over which what was used is spread
const kStill = 20_000; // milliseconds for which PostgreSQL stands still
const kPause = kCuts > 100 ? 350 : 120; // milliseconds between two events of a node: Mission Control keeps 10,000
const kPatience = Math.max(330_000, kCuts * 12_000);

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

// What is shared of the events (line_reports.h).
const families = ["gateway.", "node.", "component.", "remote_gateway.", "host.", "link.", "certificate.", "session."];
const alone = ["log.unavailable", "log.recovered", "role.ended", "sandbox.violated"];
const isShared = (event) =>
  event.type === "permission.changed" ? event.subject === "remote_access" : alone.includes(event.type) || families.some((family) => event.type.startsWith(family));

// Work: an engineer who reads and changes and is refused, and a node that says what happens to it. What was answered is counted here.
class Work {
  counts = { read: 0, write: 0, refused: 0 };
  events = []; // ids that a node gave, of those that were taken
  #going = true;

  constructor(engineer, node, token) {
    this.done = Promise.all([this.#engineer(engineer), this.#node(node, token)]);
  }
  async #engineer(client) {
    for (let number = 1; this.#going; ++number) {
      const [method, target, kind, status] = number % 7 === 0 ? ["GET", "/elsewhere", "refused", 403] : number % 2 ? ["GET", `/r/${number}`, "read", 200] : ["POST", `/w/${number}`, "write", 200];
      const answer = await client.fetch(target, { method });
      assert.equal(answer.status, status, answer.text);
      ++this.counts[kind];
      await pause(60);
    }
  }
  async #node(client, token) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    for (let number = 1; this.#going; ++number) {
      const event = { id: `e-${number}`, time: new Date().toISOString(), type: ["component.server_up", "component.server_down", "component.node_joined"][number % 3], node: `n${number % 5}` };
      const answer = await client.fetch("/intake/v1/events", { method: "POST", headers, body: JSON.stringify({ events: [event] }) });
      assert.deepEqual([answer.status, answer.json.taken], [200, 1], answer.text);
      this.events.push(event.id);
      await pause(kPause);
    }
  }
  async end() {
    this.#going = false;
    await this.done;
  }
}

story(`the line is cut ${kCuts} times, and nothing is lost, counted twice or out of order`, async (stage) => {
  const seed = Number(process.env.POSTERN_SEED ?? randomBytes(4).readUInt32LE());
  stage.say(`POSTERN_SEED=${seed}`);
  stage.own({ name: "to repeat it", log: `POSTERN_SEED=${seed} POSTERN_CUTS=${kCuts}`, stop() {} });
  const random = randomOf(seed);

  const postgres = stage.own(await Postgres.start());
  const a = stage.own(await MissionControl.start({ store: (folder) => postgres.keep(folder) }));
  const b = stage.own(await MissionControl.start({ like: a, store: (folder) => postgres.keep(folder, { local: true }) }));
  const isThere = (mission, patience) => until("its store is there", async () => (await mission.tryCli("status")).json?.store?.available === true, patience);
  await isThere(a);
  await isThere(b);
  const cutter = stage.own(await Cutter.start(() => [a.port, b.port], random, kCuts > 100 ? 60 : 25));

  const component = stage.own(await LittleComponent.start(answerWithTarget));
  const authority = stage.own(await Authority.make("nodes"));
  const server = await authority.server("intake", { names: ["DNS:localhost"] });
  const intake = '  intake: { address: "127.0.0.1:0", certificate: intake.pem, key: intake.key, names: [localhost] }\n';
  const gateway = stage.own(await Gateway.start({
    services: component.services,
    policy: loadPolicy,
    secrets: { "intake.pem": server.certificate, "intake.key": server.key, "mission-root.pem": a.ca.toString() },
    configure: (text) =>
      `${text.replace("listeners:\n", `listeners:\n${intake}`)}\nintake: { events_per_minute: 6000 }\n` +
      `mission_control:\n  url: https://localhost:${cutter.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`,
  }));
  const link = async () => (await gateway.tryCli("link", "show")).json;
  const isUp = (patience = 60_000) => until("the line is up", async () => (await link())?.state === "up", patience);
  const { installation } = await gateway.cli("link", "enrol", await a.newCode("Example Ltd"));
  await isUp();
  const stored = async () => (await postgres.sql(`SELECT id FROM events WHERE installation='${installation}' AND own=0 ORDER BY number`)).split("\n").filter(Boolean);
  // Ids of the events that are to be told, in the log's order.
  const shared = () => {
    const events = readJournal(gateway);
    const begun = events.findIndex((event) => event.type === "permission.changed" && event.detail.name === "events" && event.detail.new === "on");
    return events.slice(begun + 1).filter(isShared).map((event) => event.id);
  };

  await gateway.admit("alice", ["any.read", "any.write"]);
  const nodes = await gateway.cli("intake", "token", "new", "--name", "nodes");
  plant("an intake token", nodes.token);
  const firstHour = Math.floor(Date.now() / 3_600_000);
  for (const kind of ["events", "usage"]) await gateway.cli("sharing", "set", kind, "on");
  const alice = await gateway.signIn("alice");
  const port = Number((await gateway.cli("status")).listeners.find((one) => one.name === "intake").address.split(":").pop());
  const node = new Client({ port, ca: authority.pem });
  stage.own({ name: "clients", stop: () => (alice.close(), node.close()) });
  const work = new Work(alice, node, nodes.token);
  work.done.catch(() => {});

  // What goes wrong besides, each in its turn, and how long the line was without Mission Control for it.
  const restart = async (mission) => {
    await mission.crash();
    await pause(random() * 2_000);
    await mission.serve();
  };
  const disturbances = [
    ["one server is killed", () => restart(a)],
    ["PostgreSQL is restarted", async () => {
      await postgres.down("immediate");
      await pause(random() * 3_000);
      await postgres.up();
    }],
    ["PostgreSQL stands still", async () => {
      postgres.signal("SIGSTOP");
      await pause(kStill);
      postgres.signal("SIGCONT");
    }],
    ["both servers are killed", () => Promise.all([restart(a), restart(b)])],
  ];

  await stage.step("it is cut, and Mission Control and its store come and go, while people work", async () => {
    const most = kCuts - kUsageCuts;
    const rounds = Math.max(1, Math.floor(most / 80)) * disturbances.length;
    for (let round = 0; round < rounds; ++round) {
      const [title, disturb] = disturbances[round % disturbances.length];
      cutter.cut(Math.floor(most / rounds) + (round < most % rounds ? 1 : 0));
      await disturb();
      await isThere(a, 60_000);
      await isThere(b, 60_000);
      const since = performance.now();
      await until("all cuts were made", () => cutter.left === 0, 120_000 + cutter.left * 15_000);
      await isUp();
      stage.say(`${title}: ${cutter.total} cuts, up ${Math.round(performance.now() - since)} ms after its return`);
    }
    await work.end();
    stage.say(JSON.stringify({ ...cutter.cuts, ...work.counts, events: work.events.length }));
  });

  await stage.step("every event that is shared has arrived, once and in the log's order", async () => {
    await until("none waits any more", async () => (await link())?.reports?.waiting === 0, 90_000);
    await until("all are there", async () => (await stored()).length >= shared().length, 30_000);
    assert.deepEqual(await stored(), shared());
    const said = readJournal(gateway).filter((event) => event.type.startsWith("component.")).map((event) => event.detail.event);
    assert.deepEqual(said, work.events);
    assert.deepEqual(await gateway.events("--type", "link.reports_given_up"), []);
  });

  await stage.step("each loss of the line that is told has its return", async () => {
    const changes = readJournal(gateway).filter((event) => ["link.up", "link.down"].includes(event.type)).map((event) => event.type);
    assert.ok(changes.includes("link.down"), "it was lost");
    changes.forEach((type, i) => assert.equal(type, i % 2 ? "link.down" : "link.up", changes.join(" ")));
    assert.equal(changes.at(-1), "link.up");
  });

  // Hours are long: what was used is spread over the day before, as if it had been used then, while the gateway does not run.
  const truth = () => ({ sessions: 1, exchanges_read: work.counts.read, exchanges_write: work.counts.write, exchanges_refused: work.counts.refused });
  const spread = (kept) => {
    const [first, last] = [firstHour - kHours, kept.open.at(-1).hour]; // an hour may have ended meanwhile, and been told
    const parts = Array.from({ length: last - first + 1 }, (_, i) => ({ ...structuredClone(kept.open[0]), hour: first + i, counts: kept.open[0].counts.map(() => 0), complete: i > 0 }));
    kept.open[0].counts.forEach((_, i) => {
      const count = kept.open.reduce((all, hour) => all + hour.counts[i], 0);
      for (let left = count; left > 0; ) {
        const some = Math.min(left, 1 + Math.floor((random() * 2 * count) / kHours));
        parts[Math.floor(random() * kHours)].counts[i] += some;
        left -= some;
      }
    });
    return { ...kept, first_open: first, open: parts };
  };
  await stage.step("usage is exact to the unit, told hour by hour over a line that is cut", async () => {
    const completed = readJournal(gateway).filter((event) => event.type === "exchange.completed");
    const bytes = (key) => completed.reduce((all, event) => all + (event.detail[key] ?? 0), 0);
    const told = async () => (await a.cli("usage", "--installation", installation, "--sum")).items[0]?.counts ?? {};
    const file = join(gateway.folder, "state/usage.json");
    const open = (i) => JSON.parse(readFileSync(file)).open.reduce((all, hour) => all + hour.counts[i], 0);
    await until("the file has all of it, but for what was told", async () => {
      const { exchanges_read = 0, bytes_out = 0 } = await told();
      return open(1) + exchanges_read === work.counts.read && open(5) + bytes_out === bytes("response_bytes");
    }, 90_000);
    await gateway.crash();
    const kept = JSON.parse(readFileSync(file));
    stage.say(JSON.stringify(kept.open.map((hour) => hour.counts)));
    writeFileSync(file, JSON.stringify(spread(kept))); // in place: its owner stays
    cutter.cut(kUsageCuts);
    await gateway.serve();
    await until("all cuts were made", () => cutter.left === 0, 60_000 + kUsageCuts * 15_000);
    await until("no hour waits any more", async () => (await link())?.reports?.usage?.waiting === 0, 120_000);
    const { items } = await a.cli("usage", "--installation", installation);
    assert.ok(items.length >= kHours, `${items.length} hours`);
    assert.equal(new Set(items.map((hour) => hour.hour)).size, items.length);
    const counts = await told();
    for (const [name, count] of Object.entries({ ...truth(), bytes_in: bytes("request_bytes"), bytes_out: bytes("response_bytes") })) assert.equal(counts[name], count, name);
    stage.say(`${cutter.total} cuts in all: ${JSON.stringify(cutter.cuts)}; ${JSON.stringify(counts)}`);
  });
}, kPatience);
