// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An installation of a Mission Control that is in strange hands: it has a certificate that is good, and speaks HTTP/2 by itself. Whatever it
// does, another customer's line answers as before, nothing of theirs is read or changed, what it fills is its own, and people see it.
import assert from "node:assert/strict";
import { MissionControl } from "./lib/mission.mjs";
import { story, until } from "./lib/story.mjs";

const codeOf = (answer) => [answer.status, answer.json?.code];
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];

// The line of a customer who does what customers do, all the time: an event, and how long its answer took.
class Neighbour {
  taken = [];
  took = [];
  #going = true;
  constructor(installation) {
    this.installation = installation;
    this.done = this.#report();
  }
  async #report() {
    for (let number = 0; this.#going; ++number) {
      const event = this.installation.report("event", { type: "node.up", number });
      const since = performance.now();
      const answer = await this.installation.send(event);
      assert.deepEqual([answer.status, answer.json?.taken], [200, [event.id]], answer.text);
      this.took.push(performance.now() - since);
      this.taken.push(event.id);
      await pause(250);
    }
  }
  // during: how long its answers took while that went on, five of them at least.
  async during(body) {
    this.took = [];
    const out = await body();
    await until("it reported meanwhile", () => this.took.length >= 5);
    return [out, this.took.map((time) => Math.round(time))];
  }
  async end() {
    this.#going = false;
    await this.done;
  }
}

story("an installation in strange hands harms no other customer", async (stage) => {
  const mission = stage.own(await MissionControl.start({ relay: "reach.vendor.example" }));
  const good = await mission.enrolled("Example Ltd");
  const evil = await mission.enrolled("Mallory Ltd");
  stage.own({ name: "installations", stop: () => [good, evil].forEach((each) => each.close()) });
  const asked = await mission.cli("request", "new", good.id, "--engineer", "alice", "--capability", "metrics.read", "--reason", "a secret of theirs", "--duration", "1h");
  const orders = await good.orders();
  assert.equal(orders.status, 200);
  const neighbour = new Neighbour(good);
  neighbour.done.catch(() => {});
  const [, before] = await neighbour.during(() => pause(2_000));
  stage.say(`answers to the neighbour before: ${median(before)} ms`);
  // harmless: while it does that the neighbour's line is as it was. The bound is for a machine on which others work, too.
  const harmless = async (title, body) => {
    const [out, took] = await neighbour.during(body);
    stage.say(`${title}: the neighbour's answers took ${median(took)} ms, ${Math.max(...took)} at most`);
    assert.ok(median(took) < Math.max(1_000, 10 * median(before)), took.join(" "));
    assert.equal(orders.ended, false, "its orders go on");
    return out;
  };
  const sessions = [];
  const fresh = () => {
    sessions.push(evil.connect({ cert: evil.cert, key: evil.key }));
    return sessions.at(-1);
  };
  const leave = () => sessions.splice(0).forEach((session) => session.destroy());
  stage.own({ name: "its connections", stop: leave });
  const ownOf = async (id) => (await mission.events(id)).filter((event) => event.by === "mission-control").map((event) => event.type);

  await stage.step("what it says under others' names stays its own", async () => {
    const theirs = neighbour.taken[0];
    await harmless("reports with others' ids", async () => {
      // An id that is taken at the neighbour's is free here; a body that names another is a body.
      const same = evil.report("event", { type: "session.opened", installation: good.id, customer: "Example Ltd" }, theirs);
      assert.deepEqual((await evil.send(same)).json.taken, [theirs]);
      assert.equal((await evil.send({ ...evil.report("heartbeat", {}), installation: good.id })).status, 200);
      assert.equal((await evil.send(evil.report("standing", { ask: asked.id, state: "approved", note: "welcome" }))).status, 200);
      const answer = await evil.send(evil.report("heartbeat", {}));
      assert.doesNotMatch(answer.text, /a secret of theirs|alice/);
      assert.deepEqual(answer.json.answers?.[answer.json.taken[0]]?.asks ?? [], []);
    });
    const kept = (await mission.events(good.id)).find((event) => event.id === theirs);
    assert.equal(kept.body.type, "node.up");
    assert.equal((await mission.events(evil.id)).find((event) => event.id === theirs).body.type, "session.opened");
    assert.ok(!(await ownOf(good.id)).includes("request.stands"));
    assert.doesNotMatch(JSON.stringify(await mission.cli("request", "list")), /welcome|"approved"/);
  });

  await stage.step("it opens neither the page, nor another's orders, nor updates that are not offered", async () => {
    await harmless("other paths", async () => {
      for (const path of ["/api/v1/status", "/api/v1/installations", `/api/v1/installations/${good.id}`, "/", "/line/v1/", `/line/v1/orders/${good.id}`])
        assert.equal((await evil.ask("GET", path)).status, 404, path);
      for (const file of ["targets.json", "../../keys/installations.key", `${"a".repeat(64)}.artefact`, good.id]) {
        const answer = await evil.ask("POST", "/line/v1/updates/file", { file, piece: 0 });
        assert.ok([400, 404].includes(answer.status), `${file}: ${answer.status}`);
        assert.doesNotMatch(answer.text, /PRIVATE KEY/);
      }
      for (const piece of [-1, 2 ** 53, 1e300, "0"]) assert.ok([400, 404].includes((await evil.ask("POST", "/line/v1/updates/file", { file: "root.json", piece })).status));
      assert.deepEqual((await evil.ask("POST", "/line/v1/updates/offers", {})).json.offers, []);
      const told = await evil.orders();
      assert.equal(told.status, 200);
      await until("hello came", () => told.lines.length > 0);
      assert.ok(told.lines.every((line) => ["hello", "pulse"].includes(line.order)), told.text);
      told.stream.close();
    });
  });

  await stage.step("lies about logs and numbers that cannot be are its own problem", async () => {
    await harmless("lies", async () => {
      await pause(5_000); // the pace gives back what it took
      for (const request of ["", "old 0\n", "x".repeat(70_000), `old 18446744073709551615\n\nno note\n`])
        assert.ok([200, 400].includes((await evil.ask("POST", "/line/v1/checkpoints", { request })).status));
      const hour = (body) => evil.report("usage", body);
      const absurd = [{ sessions: -1 }, { sessions: 1e308 }, { exchanges: { read: "many" } }, { bytes: { in: 2 ** 63 } }, { capabilities: null }, { component: { x: 1e308, ["y".repeat(5_000)]: 1 } }];
      for (const body of absurd) assert.ok([200, 400].includes((await evil.send(hour({ hour: "2026-11-28T08:00:00Z", complete: true, ...body }))).status));
      const health = { nodes: Array.from({ length: 500 }, () => ({ service: "\u0000\u001b[31m", node: -1, state: "on fire", cpu: 1e308 })), warnings: Array.from({ length: 500 }, (_, i) => ({ resource: `r${i}`, value: 1e308 })), gateway: { cores: -5, memory: { used: 2, total: 1 } } };
      assert.ok([200, 400].includes((await evil.send(evil.report("health", health))).status));
    });
    const shown = await mission.cli("installation", "show", evil.id);
    assert.equal(shown.id ?? shown.installation?.id ?? evil.id, evil.id);
    assert.equal((await mission.plainCli("installation", "show", evil.id)).stdout.includes("\u001b[31m"), false);
    assert.equal((await mission.cli("usage", "--installation", good.id)).items.length, 0);
    assert.ok((await mission.cli("alert", "list")).items.every((alert) => alert.installation !== good.id));
  });

  await stage.step("documents of a wrong form are refused, and people see it", async () => {
    const seen = (await ownOf(evil.id)).filter((type) => type === "installation.misbehaves").length;
    await harmless("garbage", async () => {
      for (const body of ["{", "[]", "\u0000", `{"reports":[${"[".repeat(4_000)}`, JSON.stringify({ reports: Array.from({ length: 101 }, () => evil.report("event", {})) })])
        assert.deepEqual(codeOf(await evil.ask("POST", "/line/v1/reports", body)), [400, "malformed"]);
    });
    await until("it is an event", async () => (await ownOf(evil.id)).includes("installation.misbehaves"));
    assert.ok(seen <= 1 && (await ownOf(evil.id)).filter((type) => type === "installation.misbehaves").length <= 2, "it is not told for each");
    const alert = await until("it is an alert", async () => (await mission.cli("alert", "list")).items.find((one) => one.installation === evil.id && one.subject === "installation.misbehaves"), 60_000);
    assert.equal(alert.severity, "severe");
    assert.ok(!(await ownOf(good.id)).includes("installation.misbehaves"));
  });

  await stage.step("severe events of ever new types, and resources of ever new names, are a few alerts", async () => {
    await harmless("alerts without end", async () => {
      for (let i = 0; i < 20; ++i)
        await evil.send(...Array.from({ length: 100 }, (_, n) => evil.report("event", { type: `made.up_${i}_${n}`, severity: "severe" })));
      await evil.send(evil.report("health", { warnings: Array.from({ length: 64 }, (_, n) => ({ resource: `disk${n}` })) }));
      const theirs = async () => (await mission.cli("alert", "list")).items.filter((one) => one.installation === evil.id);
      await until("its types are one alert", async () => (await theirs()).some((one) => one.rule === "event" && one.subject === "other types"), 60_000);
      await until("its resources are some, and one that stands for the others", async () => (await theirs()).some((one) => one.rule === "resource" && one.subject === "more"), 60_000);
      assert.ok((await theirs()).length < 80, JSON.stringify((await theirs()).map((one) => one.subject)));
      assert.ok((await theirs()).every((one) => !one.subject.startsWith("made.up_")));
    });
  });

  await stage.step("a flood is refused by its pace", async () => {
    await harmless("a flood of 6,000 requests", async () => {
      const tally = {};
      const lanes = Array.from({ length: 6 }, async () => {
        const session = fresh();
        for (let i = 0; i < 10; ++i) {
          const batch = Array.from({ length: 100 }, () => evil.ask("POST", "/line/v1/reports", { reports: [evil.report("event", { type: "node.up" })] }, session).catch(() => ({ status: "reset" })));
          for (const { status } of await Promise.all(batch)) tally[status] = (tally[status] ?? 0) + 1;
        }
      });
      await Promise.all(lanes);
      stage.say(`it was answered ${JSON.stringify(tally)}`);
      assert.ok(tally[429] > 4_000 && (tally[200] ?? 0) < 600, JSON.stringify(tally));
    });
    leave();
  });

  await stage.step("waiting streams without end, slow bodies and resets take no place of others", async () => {
    await harmless("10,000 streams that wait", async () => {
      const streams = [];
      let refused = 0;
      for (let at = 0; at < 100; ++at) {
        const session = fresh();
        session.on("close", () => {});
        for (let i = 0; i < 100; ++i) {
          const stream = session.request({ ":method": "POST", ":path": i % 2 ? "/line/v1/tunnel" : "/line/v1/reports", "content-type": "application/json" });
          stream.on("error", () => {}).on("response", (headers) => (refused += headers[":status"] >= 400 ? 1 : 0)).resume();
          stream.write("{");
          streams.push(stream);
        }
      }
      await pause(5_000);
      stage.say(`${refused} of ${streams.length} were refused, ${streams.filter((stream) => stream.closed).length} are over`);
    });
    leave();
    await harmless("resets", async () => {
      for (let at = 0; at < 20; ++at) {
        const session = fresh();
        for (let i = 0; i < 100; ++i) {
          const stream = session.request({ ":method": "POST", ":path": "/line/v1/reports" });
          stream.on("error", () => {});
          stream.close(8);
        }
        await pause(50);
      }
    });
    leave();
    await harmless("bodies of megabytes", async () => {
      const body = "x".repeat(4 << 20);
      const answers = await Promise.all(Array.from({ length: 20 }, () => evil.ask("POST", "/line/v1/reports", body, fresh()).catch(() => ({ status: "reset" }))));
      assert.ok(answers.every((answer) => [400, 413, 429, "reset"].includes(answer.status)), JSON.stringify(answers.map((answer) => answer.status)));
    });
    leave();
  });

  await stage.step("all of it was for nothing: every role lives, the neighbour's reports are there, in order, and only theirs", async () => {
    await neighbour.end();
    const { roles } = await mission.cli("status");
    for (const role of roles) assert.deepEqual([role.name, role.state, role.restarts ?? 0], [role.name, "running", 0]);
    const events = await mission.events(good.id);
    const stored = events.filter((event) => event.by === "installation").map((event) => event.id).reverse();
    assert.deepEqual(stored, neighbour.taken.slice(-stored.length));
    assert.equal(orders.ended, false);
    assert.doesNotMatch(mission.log, /CHECK|Sanitizer|terminated/);
    // It is let in again as if nothing had been, once its pace allows it: nothing was broken but its own.
    evil.close();
    await until("it may report again", async () => (await evil.send(evil.report("heartbeat", {})).catch(() => ({}))).status === 200, 60_000);
  });
});
