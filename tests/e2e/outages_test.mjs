// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Outages of the line to Mission Control, two servers behind a real PostgreSQL: the line is cut at random, processes of both sides are killed,
// the database is restarted and stopped for seconds, while nodes of the component send events. At the end every event is there once, in its
// order, usage is exact to the unit, and nothing waits. POSTERN_CUTS=500 is the long form (docs/INTAKE.md tells of neither: MISSION_CONTROL_LINE.md does).
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { Client } from "./lib/client.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { CuttingWire } from "./lib/cutting.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { plant } from "./lib/planted.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const kCuts = Number(process.env.POSTERN_CUTS ?? 25);
const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state/**" ] }
`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const one = (list) => list[Math.floor(Math.random() * list.length)];

story("what must arrive does, whatever breaks", async (stage) => {
  const postgres = stage.own(await Postgres.start());
  const a = stage.own(await MissionControl.start({ store: (folder) => postgres.keep(folder) }));
  const b = stage.own(await MissionControl.start({ like: a, store: (folder) => postgres.keep(folder, { local: true }) }));
  const wire = stage.own(await CuttingWire.start(() => [a.port, b.port]));
  const component = stage.own(await LittleComponent.start((request, response) => response.end(request.url)));
  const authority = stage.own(await Authority.make("nodes"));
  const server = await authority.server("intake", { names: ["DNS:localhost"] });
  const gateway = stage.own(await Gateway.start({
    services: component.services,
    policy,
    secrets: { "intake.pem": server.certificate, "intake.key": server.key, "mission-root.pem": a.ca.toString() },
    configure: (text) =>
      `${text.replace("listeners:\n", "listeners:\n  intake: { address: \"127.0.0.1:0\", certificate: intake.pem, key: intake.key, names: [localhost] }\n")}
intake: { events_per_minute: 60000 }
mission_control:
  url: https://localhost:${wire.port}
  folder: line
  tls: { roots: mission-root.pem, revocation: soft }
`,
  }));
  const { installation } = await gateway.cli("link", "enrol", await a.newCode("Example Ltd"));
  for (const kind of ["events", "usage", "health"]) await gateway.cli("sharing", "set", kind, "on");
  await gateway.admit("alice", ["state.read"]);
  const alice = await gateway.signIn("alice");
  const intakePort = async () => Number((await gateway.cli("status")).listeners.find((listener) => listener.name === "intake").address.split(":").pop());
  let node = new Client({ port: await intakePort(), ca: authority.pem });
  const { token } = await gateway.cli("intake", "token", "new", "--name", "nodes");
  plant("an intake token", token);

  // What nodes send, in their order, each batch until it is answered; and an engineer, who goes on as well as can be.
  const sent = [];
  const going = { on: true };
  const send = async () => {
    for (let number = 0; going.on; ++number) {
      const event = { id: `n-${number}`, time: new Date().toISOString(), type: "component.node_joined", node: `n${number}` };
      for (let taken = false; !taken; ) {
        const answer = await node.fetch("/intake/v1/events", { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` }, body: JSON.stringify({ events: [event] }) }).catch(() => ({}));
        taken = answer.status === 200;
        if (!taken) await pause(50);
      }
      sent.push(event.id);
      await pause(20);
    }
  };
  const visit = async () => {
    for (let number = 0; going.on; ++number) {
      await alice.fetch(`/state/${number}`).catch(() => {});
      await pause(20);
    }
  };
  const works = [send(), visit()];
  const roles = async (of) => (await of.tryCli("status")).json?.roles ?? [];
  const kill = async (of, kind) => {
    const role = one((await roles(of)).filter((each) => each.name.split(".")[0] === kind && each.pid));
    if (role) killIfAlive(role.pid, "SIGKILL");
  };

  await stage.step(`the line is cut ${kCuts} times, and all else breaks meanwhile`, async () => {
    const every = Math.max(1, Math.floor(kCuts / 12));
    const breaks = [
      () => kill(gateway, "link"),
      () => kill(gateway, "ledger"),
      () => kill(a, "desk"),
      () => kill(b, "keeper"),
      async () => { await postgres.down("fast"); await pause(500); await postgres.up(); },
      async () => { await a.crash(); await a.serve(); },
      async () => { await postgres.down("immediate"); await postgres.up(); },
      () => kill(gateway, "intake"),
      () => kill(b, "desk"),
      async () => { await b.crash(); await b.serve(); },
    ];
    for (let i = 0; i < kCuts; ++i) {
      await until("the line is tried", () => wire.open > 0, 120_000);
      await pause(Math.random() * 400);
      await wire.cut(one(["reset", "reset", "half", "silent"]), 300 + Math.random() * 1500);
      if (i % every === every - 1) await breaks[Math.floor(i / every) % breaks.length]();
    }
    stage.say(`cut: ${JSON.stringify(wire.cuts)}`);
  });

  await stage.step("every event is there once, and in its order", async () => {
    going.on = false;
    await Promise.all(works);
    const own = readJournal(gateway).filter((event) => event.type === "component.node_joined");
    assert.deepEqual(own.map((event) => event.detail.event), sent);
    const stored = async () => (await postgres.sql(`SELECT id FROM events WHERE installation='${installation}' AND own=0 ORDER BY number`)).split("\n").filter(Boolean);
    const wanted = own.map((event) => event.id);
    const all = await until("all have arrived", async () => {
      const ids = await stored().catch(() => []);
      return ids.includes(wanted.at(-1)) && ids;
    }, 180_000);
    assert.equal(new Set(all).size, all.length, "none twice");
    const known = new Set(wanted);
    assert.deepEqual(all.filter((id) => known.has(id)), wanted);
    stage.say(`${wanted.length} events of nodes, ${all.length} in all`);
  });

  // An hour is long: the gateway's file is made to be of three hours ago, as in health_and_usage_test.mjs.
  await stage.step("usage is exact to the unit, and nothing waits", async () => {
    const events = readJournal(gateway);
    const begun = events.findIndex((event) => event.type === "permission.changed" && event.detail.name === "usage" && event.detail.new === "on");
    const since = events.slice(begun + 1);
    const sum = (key) => since.filter((event) => event.type === "exchange.completed").reduce((total, event) => total + (event.detail[key] ?? 0), 0);
    const truth = { exchanges_read: since.filter((event) => event.type === "exchange.forwarded").length, bytes_in: sum("request_bytes"), bytes_out: sum("response_bytes") };
    const file = join(gateway.folder, "state/usage.json");
    const counted = () => JSON.parse(readFileSync(file)).open.reduce((total, hour) => total + hour.counts[1], 0);
    await until("the file has all of it", () => counted() === truth.exchanges_read, 60_000);
    await gateway.crash();
    const kept = JSON.parse(readFileSync(file));
    kept.first_open -= 3;
    for (const hour of kept.open) hour.hour -= 3;
    writeFileSync(file, JSON.stringify(kept));
    await gateway.serve();
    await until("hours are told", async () => (await a.tryCli("usage", "--installation", installation)).json?.items.length >= 3, 120_000);
    await wire.cut("reset");
    await until("none waits any more", async () => (await gateway.tryCli("link", "show")).json?.reports?.usage?.waiting === 0, 120_000);
    const { counts } = (await a.cli("usage", "--installation", installation, "--sum")).items[0];
    for (const [name, count] of Object.entries(truth)) assert.equal(counts[name], count, name);
    stage.say(JSON.stringify(truth));
    alice.close();
    node.close();
  });
});
