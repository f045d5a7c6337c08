// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/fleet.mjs [INSTALLATIONS] [--store sqlite|postgresql] [--servers N] [--seconds S]
//
// A fleet of INSTALLATIONS (1,000) that speaks the real line: each enrols with a code of its own, and holds one connection with its
// certificate, on which its orders stream. Prints what they cost: enrolments a second, KiB of each connection, CPU of each installation at
// rest with a heartbeat every 30 seconds, the same with the health of three nodes every 2 minutes beside it, and how many reports a second are durable when as many are sent as are taken, with the CPU of each
// process and the rows of PostgreSQL for each. The clients stand in processes of their own. Builds nothing: POSTERN_BUILD names the build.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { join } from "node:path";
import { Installation, MissionControl, ulid } from "../tests/e2e/lib/mission.mjs";
import { descendants, until } from "../tests/e2e/lib/owned.mjs";
import { Postgres } from "../tests/e2e/lib/postgres.mjs";
import { residentKiB } from "./resident.mjs";

const each = 2_500; // installations of one process
const [heartbeat, health] = [30, 120]; // seconds
const self = new URL(import.meta.url).pathname;
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// What an installation with three nodes tells when it shares everything (line/health.h). The numbers move, so that no row is as it was.
function healthOf(n) {
  const [GiB, time] = [2 ** 30, new Date(Date.now() - 864e5).toISOString()];
  const node = (i) => ({
    service: "api", node: i, version: "3.1.4", state: (n + i) % 500 === 0 ? "down" : "up", start_time: time, cpu: (n % 37) / 10, memory: GiB + n * 4096, memory_limit: 4 * GiB,
    storage: 20 * GiB + n, storage_limit: 100 * GiB, certificate: "2027-06-01T00:00:00.000000Z", availability: 99.9, processing: 99.7,
  });
  return {
    gateway: {
      version: "0.1.0", state: "up", start_time: time, cores: 8, load: (n % 80) / 10, cpu: n % 90, memory: { total: 16 * GiB, used: 9 * GiB + n * 4096 },
      storage: ["state", "data"].map((name) => ({ name, size: 200 * GiB, used: 90 * GiB + n * 4096 })), certificate: "2027-06-01T00:00:00.000000Z", clock_skew_ms: n % 9,
    },
    nodes: [0, 1, 2].map(node),
    availability: { percent: 99.9, goal: 99.5, seconds: 86400 },
    processing: { percent: 99.7, goal: 98, processed: 1e6 + n, failed: 3000 },
    warnings: n % 50 === 0 ? [{ of: "gateway", resource: "storage", value: 91.5, unit: "percent" }] : [],
  };
}

// ---- a process of installations: what it is told it does, and says how much of it.
class Fleet {
  #members = [];
  #going = false;

  async open({ key, members, at }) {
    for (let n = 0; n < members.length; n += 25) await Promise.all(members.slice(n, n + 25).map((one, i) => this.#connect(key, one, at + n + i)));
    return this.#members.filter((one) => one.up).length;
  }
  #connect(key, { port, ca, cert }, number) {
    // 127.0.0.0/8 is this machine: clients of many addresses.
    const session = http2.connect(`https://localhost:${port}`, { ca, cert, key, host: "127.0.0.1", localAddress: `127.0.${1 + (number >> 7)}.${1 + (number & 127)}`, settings: { enablePush: false } });
    session.on("error", () => {});
    const member = { session, up: false };
    this.#members.push(member);
    return new Promise((resolve) => {
      const orders = session.request({ ":path": `/line/v1/orders?life=${ulid()}` });
      orders.on("response", (headers) => ((member.up = headers[":status"] === 200), resolve())).on("data", () => {});
      orders.on("error", () => resolve()).once("close", () => ((member.up = false), resolve()));
    });
  }
  #send({ session }, kind, body) {
    return new Promise((resolve) => {
      const stream = session.request({ ":method": "POST", ":path": "/line/v1/reports" });
      stream.once("response", (headers) => resolve(headers[":status"])).once("error", () => resolve(0)).resume();
      stream.end(JSON.stringify({ reports: [{ id: ulid(), kind, schema: 1, time: new Date().toISOString(), body }] }));
    });
  }
  // rest: heartbeats of all, and their health if it is wanted, each kind spread over its interval.
  async rest({ seconds, withHealth }) {
    const [beats, healths] = await Promise.all([
      this.#regularly("heartbeat", heartbeat, seconds, (n) => ({ uptime: n })),
      withHealth ? this.#regularly("health", health, seconds, healthOf) : 0,
    ]);
    return { beats, healths };
  }
  async #regularly(kind, interval, seconds, body) {
    let sent = 0;
    const begin = performance.now();
    for (let n = 0; performance.now() - begin < seconds * 1000; ++n) {
      const due = (n * interval * 1000) / this.#members.length - (performance.now() - begin);
      if (due > 0) await sleep(due / 1000);
      this.#send(this.#members[n % this.#members.length], kind, body(n)).then((status) => (sent += status === 200 ? 1 : 0));
    }
    return sent;
  }
  // press: events, so many under way at a time, each installation in its turn.
  async press({ seconds, underWay }) {
    let [next, taken, other] = [0, 0, 0];
    this.#going = true;
    const worker = async () => {
      while (this.#going) {
        const status = await this.#send(this.#members[next++ % this.#members.length], "event", { type: "session.opened", engineer: "alice@vendor.example", number: next });
        if (status === 200) ++taken;
        else ++other;
      }
    };
    const workers = Array.from({ length: underWay }, worker);
    await sleep(seconds);
    this.#going = false;
    await Promise.all(workers);
    return { taken, other };
  }
  close() {
    for (const { session } of this.#members) session.destroy();
  }
}

if (process.send) {
  const fleet = new Fleet();
  process.on("message", async ({ act, ...how }) => {
    process.send(await fleet[act](how) ?? null);
    if (act === "close") process.disconnect();
  });
} else await measure(options());

function options() {
  const argv = process.argv.slice(2);
  const of = (name, otherwise) => (argv.includes(name) ? argv.splice(argv.indexOf(name), 2)[1] : otherwise);
  const [store, servers, seconds] = [of("--store", "sqlite"), Number(of("--servers", 1)), Number(of("--seconds", 20))];
  return { store, servers, seconds, count: Number(argv[0] ?? 1000) };
}

function cpuMillis(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10; // 100 ticks a second
  } catch {
    return 0;
  }
}

async function measure({ store, servers, seconds, count }) {
  const owned = [];
  const own = (thing) => (owned.push(thing), thing);
  try {
    const postgres = store === "postgresql" ? own(await Postgres.start()) : undefined;
    const missions = [];
    for (let i = 0; i < servers; ++i) {
      const place = postgres ? (folder) => postgres.keep(folder, { local: true }) : () => "";
      const limits = `limits: { connections: ${count + 1000}, connections_per_address: 65536 }\n`;
      missions.push(own(await MissionControl.start({ like: missions[0], store: (folder) => place(folder) + limits })));
      await until("its store is there", async () => (await missions[i].cli("status")).store.available);
    }
    const roles = [];
    for (const mission of missions) roles.push(...(await mission.cli("status")).roles);
    const named = (name) => roles.filter((role) => role.name.split(".")[0] === name).map(({ pid }) => pid);
    const databases = () => (postgres ? descendants(Number(readFileSync(join(postgres.data, "postmaster.pid"), "utf8").split("\n")[0])) : []);
    const spent = () => ({ desk: named("desk"), terminator: named("terminator"), keeper: named("keeper"), postgresql: databases() });
    const clock = () => Object.fromEntries(Object.entries(spent()).map(([name, pids]) => [name, pids.reduce((all, pid) => all + cpuMillis(pid), 0)]));
    const rows = async () => (postgres ? Number(await postgres.sql("SELECT pg_stat_force_next_flush(); SELECT tup_inserted+tup_updated+tup_deleted FROM pg_stat_database WHERE datname='mission'").then((text) => text.split("\n").pop())) : 0);
    const during = async (act) => {
      const [before, rowsBefore, begin] = [clock(), await rows(), performance.now()];
      const result = await act();
      const took = (performance.now() - begin) / 1000;
      await sleep(1.2); // until its backends have told their figures
      const after = clock();
      const cpu = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
      return { result, took, cpu, rows: (await rows()) - rowsBefore };
    };
    const each_ = (cpu, number) => Object.entries(cpu).filter(([, millis]) => millis > 0).map(([name, millis]) => `${name} ${((millis * 1000) / number).toFixed(0)} us`).join(", ");

    // One key for all of them: what is measured is the server.
    const probe = new Installation(missions[0]);
    const { key, request } = await probe.request();
    const ask = (socketPath, body) =>
      new Promise((resolve, reject) => {
        const asked = http.request({ socketPath, path: "/api/v1/enrolments", method: "POST", headers: { host: "localhost", "content-type": "application/json" } }, (answer) => {
          let text = "";
          answer.on("data", (piece) => (text += piece)).once("end", () => (answer.statusCode === 201 ? resolve(JSON.parse(text)) : reject(new Error(text))));
        });
        asked.once("error", reject).end(JSON.stringify(body));
      });
    const members = [];
    const enrolment = await during(async () => {
      const session = probe.connect({});
      for (let n = 0; n < count; n += 20) {
        await Promise.all(
          Array.from({ length: Math.min(20, count - n) }, async () => {
            const { code } = await ask(join(missions[0].folder, "run/control.sock"), { customer: "Example Ltd" });
            const answer = await probe.ask("POST", "/line/v1/enrol", { code, request, version: "0.1.0" }, session);
            if (answer.status !== 200) throw new Error(`enrol: ${answer.status} ${answer.text}`);
            const mission = missions[members.length % servers];
            members.push({ port: mission.port, ca: mission.ca.toString(), cert: answer.json.certificate });
          }),
        );
      }
      session.close();
    });
    console.log(`${count} installations, ${store}, ${servers} server(s)`);
    console.log(`enrolled: ${(count / enrolment.took).toFixed(0)} a second; each ${each_(enrolment.cpu, count)}`);

    const resident = () => Object.entries(spent()).filter(([name]) => name !== "postgresql").flatMap(([, pids]) => pids).reduce((all, pid) => all + residentKiB(pid), 0);
    const children = [];
    const tell = (child, message) => new Promise((resolve) => (child.once("message", resolve), child.send(message)));
    const all = (act, how = {}) => Promise.all(children.map((child) => tell(child, { act, ...how })));
    const before = resident();
    const opening = await during(async () => {
      let up = 0;
      for (let at = 0; at < count; at += each) {
        const child = fork(self);
        children.push(child);
        own({ stop: () => child.kill() });
        up += await tell(child, { act: "open", key, members: members.slice(at, at + each), at });
      }
      return up;
    });
    console.log(`connected: ${opening.result}, ${(count / opening.took).toFixed(0)} a second; each ${each_(opening.cpu, count)}, and ${((resident() - before) / count).toFixed(1)} KiB`);

    for (const withHealth of [false, true]) {
      const rest = await during(() => all("rest", { seconds, withHealth }));
      const sum = (kind) => rest.result.reduce((so_far, one) => so_far + one[kind], 0);
      const what = withHealth ? `${sum("beats")} heartbeats and ${sum("healths")} reports of health` : `${sum("beats")} heartbeats`;
      console.log(`at rest for ${rest.took.toFixed(0)} s, ${what}: for each installation and second ${each_(rest.cpu, count * rest.took)}${postgres ? `; ${(rest.rows / rest.took).toFixed(0)} rows a second` : ""}`);
    }

    for (const underWay of [1, 16, 128]) {
      const press = await during(() => all("press", { seconds: seconds / 2, underWay: Math.max(1, Math.round(underWay / children.length)) }));
      const taken = press.result.reduce((sum, one) => sum + one.taken, 0);
      const other = press.result.reduce((sum, one) => sum + one.other, 0);
      console.log(`${underWay} under way: ${(taken / press.took).toFixed(0)} reports a second, durable${other ? ` (${other} refused)` : ""}; each ${each_(press.cpu, taken)}${postgres ? `; ${(press.rows / press.took).toFixed(0)} rows a second` : ""}`);
    }
    await all("close");
  } finally {
    while (owned.length > 0) await owned.pop().stop();
  }
}
