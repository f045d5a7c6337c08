// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates come to a customer: from the vendor's release desk through a real Mission Control, in pieces, over a line that is cut
// and into a ledger that is killed in the middle. And a Mission Control that hands whatever it likes: nothing of it is taken, nothing runs,
// and reports and engineers go on.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { ScriptedMission } from "./lib/scripted_mission.mjs";
import { story, until } from "./lib/story.mjs";
import { Vendor, kPiece, sha256 } from "./lib/vendor.mjs";

const name = "little-2.0.0.tar.gz";
const code = "7H2KQ7H2KQ7H2KQ7H2KQ";

// A service whose nodes can be updated, and the vendor's root.
const configure = (url) => (text) =>
  `${text.replace(/( +)nodes:/, (_, indent) => `${indent}health: { path: /, interval: 1s, timeout: 1s }
${indent}update: { steps: [ { call: { path: /update } } ] }
${indent}nodes:`)}
mission_control:
  url: ${url}
  folder: line
  tls: { roots: mission-root.pem, revocation: soft }
  updates: { root: 1.root.json, keep: 1GiB }
`;
const sources = (gateway) => gateway.cli("update", "sources");
const offered = async (gateway) => (await sources(gateway)).offers.find((one) => one.name === name);
const folderOf = (gateway) => join(gateway.folder, "state/updates");

// Between the gateway and Mission Control. at(bytes, what): what is done once so many bytes have come from there.
class Wire {
  name = "the wire";
  passed = 0;
  #plans = [];
  #sockets = new Set();
  static async start(port) {
    const wire = new Wire();
    wire.server = createServer((socket) => {
      const there = connect(port, "127.0.0.1");
      for (const each of [socket, there]) {
        wire.#sockets.add(each);
        each.on("error", () => {}).on("close", () => (wire.#sockets.delete(each), socket.destroy(), there.destroy()));
      }
      socket.pipe(there);
      there.on("data", (piece) => {
        wire.passed += piece.length;
        socket.write(piece);
        const due = wire.#plans.filter((plan) => wire.passed >= plan.bytes);
        wire.#plans = wire.#plans.filter((plan) => !due.includes(plan));
        for (const plan of due) plan.what();
      });
    });
    await new Promise((resolve) => wire.server.listen(0, "127.0.0.1", resolve));
    wire.port = wire.server.address().port;
    return wire;
  }
  at(bytes, what) {
    return new Promise((resolve) => this.#plans.push({ bytes, what: () => (what(), resolve()) }));
  }
  cut() {
    for (const each of this.#sockets) each.destroy();
  }
  stop() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

story("an update is fetched over a line that is cut, by a ledger that is killed, and is what was signed", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const vendor = stage.own(await Vendor.start(mission.program));
  const artefact = randomBytes((20 << 20) + 17);
  await vendor.release(name, artefact, "--service", "little", "--version", "2.0.0", "--postpone-hours", "24");
  await mission.cli("update", "publish", vendor.folder);
  const wire = stage.own(await Wire.start(mission.port));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const secrets = { "mission-root.pem": mission.ca.toString(), "1.root.json": vendor.root };
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets, configure: configure(`https://localhost:${wire.port}`) }));
  let installation;

  await stage.step("while nobody has switched it on nothing is asked", async () => {
    ({ installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd")));
    await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
    await mission.cli("update", "offer", name, "--ring", "9");
    await until("the root is pinned", async () => (await sources(gateway)).configured, 30_000);
    const looking = await gateway.cli("update", "sources", "--look");
    assert.deepEqual([looking.shared, looking.looked, looking.root.version], [false, undefined, 1]);
    await gateway.cli("sharing", "set", "events", "on");
    assert.equal((await gateway.events("--type", "update.metadata_taken")).length, 0);
  });

  await stage.step("switched on it is offered, wanted and fetched; the line is cut, and it goes on", async () => {
    const before = wire.passed;
    const cut = wire.at(before + (5 << 20), () => wire.cut());
    const ledger = (await gateway.cli("status")).roles.find((role) => role.name === "ledger").pid;
    const killed = wire.at(before + (12 << 20), () => process.kill(ledger, "SIGKILL"));
    await gateway.cli("sharing", "set", "updates", "on");
    await until("it is offered", () => offered(gateway), 30_000);
    await cut;
    await killed;
    await until("all of it is here", async () => (await offered(gateway).catch(() => undefined))?.whole, 120_000);
    const downloading = await gateway.events("--type", "update.downloading");
    assert.ok(downloading.some((event) => event.detail.have >= 8 << 20), "it went on where it was: " + JSON.stringify(downloading.map((event) => event.detail.have)));
    assert.ok(wire.passed - before < artefact.length * 1.2, `${wire.passed - before} bytes came`);
  });

  await stage.step("it is what was signed, and both sides know", async () => {
    assert.deepEqual(readdirSync(folderOf(gateway)).filter((file) => !file.startsWith("state.json")), [sha256(artefact)]);
    assert.equal(sha256(readFileSync(join(folderOf(gateway), sha256(artefact)))), sha256(artefact));
    const [downloaded, ...more] = await until("it is in the log", async () => {
      const events = await gateway.events("--type", "update.downloaded");
      return events.length > 0 && events;
    });
    assert.deepEqual([downloaded.subject, downloaded.detail.bytes, more.length], [name, artefact.length, 0]);
    assert.equal((await gateway.events("--type", "update.artefact_refused")).length, 0);
    const shown = (await gateway.plainCli("update", "sources")).stdout;
    for (const text of [/^Root: +1$/m, /^Targets: +1$/m, new RegExp(`^${name} +little +2\\.0\\.0 .* here`, "m")]) assert.match(shown, text);
    await until("Mission Control knows", async () => (await mission.cli("update", "show", name)).installations.find((one) => one.id === installation)?.state === "ready", 30_000);
  });

  await stage.step("what is cancelled is not wanted any more, and its file goes", async () => {
    await gateway.cli("update", "cancel", name);
    await until("its file is gone", () => readdirSync(folderOf(gateway)).every((file) => file.startsWith("state.json")), 30_000);
  });

  await stage.step("what the vendor suspends is suspended here", async () => {
    await mission.cli("update", "suspend", name, "--why", "it failed elsewhere");
    await gateway.cli("update", "sources", "--look");
    await until("it is suspended here", async () => (await offered(gateway))?.suspended, 30_000);
  });
});

const kLittleRead = `version: 1
capabilities:
  little.read: { title: Little things, class: read, operations: [ GET /little/here ] }
`;
// An engineer who works all the while.
class Worker {
  name = "an engineer";
  statuses = [];
  #going = true;
  constructor(client) {
    this.client = client;
    this.done = this.#work();
  }
  async #work() {
    while (this.#going) {
      this.statuses.push(await this.client.fetch("/little/here").then((answer) => answer.status, (error) => error.message));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  async stop() {
    this.#going = false;
    await this.done;
    this.client.close();
  }
}

story("a Mission Control that hands what it likes changes nothing, and each attempt is an event", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const desk = stage.own(await Vendor.start(join(process.env.POSTERN_BUILD ?? "build/release", "bin/mission-control")));
  const artefact = randomBytes(3 * kPiece + 5);
  await desk.release(name, artefact, "--service", "little", "--version", "2.0.0", "--postpone-hours", "24");
  const first = desk.document("timestamp.json");
  await desk.sign(); // a newer timestamp
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const secrets = { "mission-root.pem": authority.pem, "1.root.json": desk.root };
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: kLittleRead, secrets, configure: configure(mission.url) }));
  await gateway.admit("alice", ["little.read"]);
  const alice = stage.own(new Worker(await gateway.signIn("alice")));

  const files = new Map([["timestamp.json", desk.document("timestamp.json")], ["1.snapshot.json", desk.document("1.snapshot.json")], ["1.targets.json", desk.document("1.targets.json")], [`${sha256(artefact)}.artefact`, artefact]]);
  let offers = { offers: [{ name, suspended: false }] };
  let attack; // (file, piece, stream): true if it answered
  const asked = [];
  const say = (stream, status, body) => (stream.respond({ ":status": status }), stream.end(body));
  mission.updates = (path, { file, piece }, stream) => {
    asked.push(file ?? "offers");
    if (attack?.(file, piece, stream)) return;
    if (path.endsWith("/offers")) return say(stream, 200, JSON.stringify(offers));
    const bytes = files.has(file) ? Buffer.from(files.get(file)).subarray(piece * kPiece, (piece + 1) * kPiece) : undefined;
    return bytes?.length ? say(stream, 200, bytes) : say(stream, 404, "{}");
  };
  const look = async () => {
    const before = (await sources(gateway)).looked;
    await until("Mission Control was asked again", async () => (await gateway.cli("update", "sources", "--look")).looked !== before, 40_000);
  };
  const refusals = async (reason) => (await gateway.events("--type", "update.metadata_refused")).filter((event) => event.detail.reason === reason);
  const refused = (reason, document) => until(`${reason} of ${document} is an event`, async () => (await refusals(reason)).some((event) => event.detail.document === document), 40_000);

  await stage.step("other bytes than those that were signed are thrown away", async () => {
    mission.codes.add(code);
    await gateway.cli("link", "enrol", code);
    await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 30_000);
    files.set(`${sha256(artefact)}.artefact`, randomBytes(artefact.length));
    await gateway.cli("sharing", "set", "updates", "on");
    const [event] = await until("the artefact is refused", async () => {
      const found = await gateway.events("--type", "update.artefact_refused");
      return found.length > 0 && found;
    }, 60_000);
    assert.deepEqual([event.subject, event.detail.reason], [name, "mismatch"]);
    await until("none of it is left", () => readdirSync(folderOf(gateway)).every((file) => file.startsWith("state.json")));
  });

  await stage.step("documents that are older, expired, forged, endless, or of nobody", async () => {
    const good = files.get("timestamp.json");
    for (const [reason, text] of [
      ["version", first],
      ["expired", desk.forged(good, (signed) => Object.assign(signed, { version: 9, expires: "2020-01-01T00:00:00Z" }))],
      ["signature", desk.forged(good, (signed) => (signed.version = 9), "stranger")],
      ["malformed", "{"],
      ["missing", undefined],
    ]) {
      text === undefined ? files.delete("timestamp.json") : files.set("timestamp.json", text);
      await look();
      await refused(reason, "timestamp.json");
    }
    files.set("timestamp.json", good);
    attack = (file, piece, stream) => {
      if (file !== "timestamp.json") return false;
      stream.respond({ ":status": 200 });
      const endless = setInterval(() => (stream.destroyed ? clearInterval(endless) : stream.writableLength < 1 << 20 && stream.write(Buffer.alloc(64 << 10, " "))), 1);
      return true;
    };
    await look();
    await refused("too_long", "timestamp.json");
    attack = undefined;
  });

  await stage.step("offers of what nobody signed, and a storm of them", async () => {
    offers = { offers: [{ name, suspended: false }, { name: "evil.tar.gz", suspended: false }] };
    await look();
    await refused("unsigned", "offers");
    assert.deepEqual((await sources(gateway)).left_out.map((one) => one.name), ["evil.tar.gz"]);
    offers = { offers: Array.from({ length: 5000 }, (_, i) => ({ name: `n${i}`, suspended: false })) };
    await look();
    await refused("malformed", "offers");
    offers = { offers: [{ name, suspended: false }] };
    await look();
    assert.equal((await offered(gateway)).name, name);
  });

  await stage.step("a piece that is too long is refused, and the right ones are taken in the end", async () => {
    attack = (file, piece, stream) => file?.endsWith(".artefact") && (say(stream, 200, Buffer.alloc(1 << 20)), true);
    const known = (await gateway.events("--type", "update.artefact_refused")).length;
    await until("it is refused again", async () => (await gateway.events("--type", "update.artefact_refused")).length > known, 100_000);
    attack = undefined;
    files.set(`${sha256(artefact)}.artefact`, artefact);
  });

  await stage.step("nothing ran, reports went on over the same line, and so did engineers", async () => {
    for (const type of ["update.begun", "update.started", "update.downloaded"]) assert.equal((await gateway.events("--type", type)).length, 0, type);
    assert.ok(!existsSync(join(folderOf(gateway), sha256(artefact))));
    assert.equal(mission.connections, 2, "the enrolment's, and the line's");
    const beats = () => mission.reports.flatMap(({ reports }) => reports.map((report) => report.kind)).filter((kind) => kind === "heartbeat").length;
    const before = beats();
    await until("another sign of life came", () => beats() > before, 60_000);
    await alice.stop();
    assert.deepEqual([...new Set(alice.statuses)], [200]);
    assert.ok(alice.statuses.length > 100, `${alice.statuses.length}`);
  });
});
