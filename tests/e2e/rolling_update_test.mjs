// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component of three real Prometheus nodes is updated node by node by an executable that runs as a user of its own, while its own
// clients load it and an engineer works through Postern; and whatever can go wrong does.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Fleet, OwnClients } from "./lib/fleet.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { alive, descendants, killIfAlive, story, until } from "./lib/story.mjs";
import { readAll } from "./lib/client.mjs";

const policy = `version: 1
capabilities:
  metrics.read: { title: Query, class: read, operations: [ GET /prometheus/api/v1/query ] }
  trace.read: { title: Trace, class: read, operations: [ GET /prometheus/debug/pprof/trace ] }
`;

const configure = (fleet) => (text) =>
  `${text.replace(/( +)nodes:\n +- .*\n/, (_, indent) => `${indent}nodes: [${fleet.nodes.join(", ")}]
${indent}health: { path: /prometheus/-/ready, interval: 1s, timeout: 1s }
${indent}update:
${indent}  run_as: nobody
${indent}  drain: { limit: 30s, at_least: 200ms }
${indent}  steps: [ { run: [${fleet.script}, --quiet], limit: 20s } ]
${indent}  wait: { limit: 30s }
${indent}  roll_back: [ { run: [${fleet.script}, --back], limit: 20s } ]
`)}
monitoring:
  every: 1s
  services: [ { service: prometheus, json: [ { path: /prometheus/api/v1/status/flags, values: { version: "$.data['web.page-title']" } } ] } ]
`;

// A client that works without a pause; what did not answer with 200 is kept.
class Engineer {
  name = "the engineer";
  answered = 0;
  troubles = [];
  #going = true;
  constructor(client) {
    this.client = client;
    this.done = this.#work();
  }
  async #work() {
    while (this.#going) {
      const answer = await this.client.fetch("/prometheus/api/v1/query?query=1%2B1").catch((error) => ({ status: 0, text: error.message }));
      if (answer.status === 200) ++this.answered;
      else this.troubles.push(`${answer.status} ${answer.text}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  async stop() {
    this.#going = false;
    await this.done;
    this.client.close();
  }
}

story("a component of three nodes is updated under load, and rolled back when one fails", async (stage) => {
  const fleet = stage.own(await Fleet.start("1.0"));
  const gateway = stage.own(await Gateway.start({ services: { prometheus: fleet.nodes[0] }, policy, configure: configure(fleet) }));
  await gateway.admit("alice", ["metrics.read", "trace.read"]);
  const update = (version, ...more) => gateway.tryCli("update", "run", "--service", "prometheus", "--version", version, ...more);
  const progress = () => gateway.cli("update", "progress");
  const events = (type) => gateway.events("--type", type);
  const all = (version) => fleet.ports.map(() => version);

  await stage.step("a dry run says what would be done, and touches nothing", async () => {
    const { code, json, stderr } = await update("2.0", "--dry-run");
    assert.equal(code, 0, stderr);
    assert.deepEqual(json.steps.map((step) => step.kind), ["drain", "run", "wait"]);
    assert.deepEqual(json.nodes.map((node) => node.version), all("1.0"));
    assert.equal(json.min_up, 2);
    assert.deepEqual(fleet.takeRuns(), []);
    assert.equal((await progress()).state, "none");
  });

  await stage.step("where a node is not healthy nothing is touched", async () => {
    const port = fleet.ports[2];
    await fleet.stopNode(port);
    const { code, stderr } = await update("2.0");
    assert.equal(code, 1);
    assert.match(stderr, /is not healthy/);
    assert.deepEqual(fleet.takeRuns(), []);
    await fleet.startNode(port, "1.0");
    assert.match((await update("2.0 rm -rf", "--dry-run")).stderr, /version must be/);
    assert.match((await gateway.tryCli("update", "run", "--service", "nothing", "--version", "2.0")).stderr, /says of no service/);
    assert.equal((await gateway.tryCli("update", "stop")).code, 1);
  });

  await stage.step("all three are updated while clients and an engineer work, a long answer among it", async () => {
    const clients = stage.own(new OwnClients(fleet));
    const engineer = stage.own(new Engineer(await gateway.signIn("alice")));
    const file = join(fleet.folder, "artefact.bin");
    writeFileSync(file, Buffer.alloc(3 << 20, "postern"));
    chmodSync(file, 0o600);
    const tracing = await gateway.signIn("alice");
    const began = performance.now();
    const trace = await tracing.open("/prometheus/debug/pprof/trace?seconds=12");
    assert.equal(trace.statusCode, 200);
    const whole = readAll(trace).then(({ body }) => ({ body, took: performance.now() - began }));
    const { code, json, stderr } = await update("2.0", "--artefact", file);
    assert.equal(code, 0, stderr + JSON.stringify(json));
    assert.deepEqual(json.nodes.map((node) => node.state), all("updated"));
    assert.deepEqual(await fleet.versions(), all("2.0"));
    assert.ok((await whole).took > 11_500 && (await whole).body.length > 0, "the long answer came whole");
    await engineer.stop();
    await clients.stop();
    tracing.close();
    stage.say(`own clients: ${clients.asked} asked, ${clients.processed} processed (${clients.rate.toFixed(3)} %), ${clients.again} of them with the second node`);
    stage.say(`engineer: ${engineer.answered} answered, ${engineer.troubles.length} not`);
    assert.ok(clients.asked > 1_000, `${clients.asked}`);
    assert.ok(clients.rate >= 99.5, `${clients.rate} % were processed`);
    assert.deepEqual(engineer.troubles, []);
    assert.ok(engineer.answered > 100);
    const account = isRoot ? "nobody" : undefined;
    const runs = fleet.takeRuns();
    assert.deepEqual(runs.map((line) => line.split(" ").slice(0, 2).join(" ")), fleet.ports.map((port) => `update ${port}`));
    if (account) for (const line of runs) assert.equal(line.split(" ").slice(2).join(" "), "nobody --quiet");
    assert.equal(readdirSync(join(gateway.folder, "state/artefacts")).length, 1, "it may still be rolled back");
    assert.equal(fleet.file("artefact").trim(), createHash("sha256").update(Buffer.alloc(3 << 20, "postern")).digest("hex"));
    const drained = await until("the drains are in the index", async () => { const all = await events("update.node_drained"); return all.length === 3 && all; });
    const [longest] = drained.map((event) => event.detail.duration_us).sort((a, b) => b - a);
    assert.ok(longest > 1e6, `the node with the long answer was waited for: ${longest} us`);
    assert.ok(drained.every((event) => event.detail.cut === 0), "nothing was cut");
    for (const type of ["started", "node_updated", "done"]) await until(`update.${type} is in the index`, async () => (await events(`update.${type}`)).length > 0);
  });

  await stage.step("the second node fails: both are rolled back", async () => {
    fleet.mark("fail", fleet.ports[1]);
    const { code, json } = await update("3.0");
    assert.equal(code, 1);
    assert.equal(json.state, "rolled_back");
    assert.deepEqual(json.nodes.map((node) => node.state), ["rolled_back", "rolled_back", "waiting"]);
    assert.deepEqual(await fleet.versions(), all("2.0"));
    const order = fleet.takeRuns().map((line) => line.split(" ").slice(0, 2).join(" "));
    assert.deepEqual(order, [`update ${fleet.ports[0]}`, `update ${fleet.ports[1]}`, `roll-back ${fleet.ports[1]}`, `roll-back ${fleet.ports[0]}`]);
    const failed = await until("its event is in the index", async () => (await events("update.step_run")).find((event) => event.detail.outcome === "failed"));
    assert.equal(failed.detail.exit_code, 3);
    assert.match(failed.detail.tail, /it does not fit/);
    await until("the file of the update before is gone", () => readdirSync(join(gateway.folder, "state/artefacts")).length === 0);
    fleet.unmark("fail", fleet.ports[1]);
  });

  await stage.step("a step that prints 100 MiB is read to its end, and its last words are told", async () => {
    fleet.mark("print", fleet.ports[0]);
    const { code } = await update("3.1");
    assert.equal(code, 0);
    const run = await until("its event is in the index", async () => (await events("update.step_run")).find((event) => event.detail.bytes > 100 << 20));
    assert.match(run.detail.tail, /the end of it/);
    assert.ok(run.detail.tail.length <= 2100);
    fleet.unmark("print", fleet.ports[0]);
    fleet.takeRuns();
  });

  await stage.step("a step that hangs is killed with what it started, and the node rolled back", async () => {
    fleet.mark("hang", fleet.ports[0]);
    const { code, json } = await update("3.2");
    assert.equal(code, 1);
    assert.equal(json.state, "rolled_back");
    assert.match(json.why, /longer than its limit/);
    assert.ok(!alive(Number(fleet.file("child"))), "its child is gone too");
    assert.deepEqual(await fleet.versions(), all("3.1"));
    fleet.unmark("hang", fleet.ports[0]);
    fleet.takeRuns();
  });

  await stage.step("the ledger is killed while a step runs: it goes on, and nothing is run twice", async () => {
    fleet.mark("slow", fleet.ports[1]);
    const running = update("4.0");
    await until("the second node's step runs", () => (fleet.file("runs") ?? "").includes(`update ${fleet.ports[1]}`), 60_000);
    const { roles } = await gateway.cli("status");
    killIfAlive(roles.find((role) => role.name === "ledger").pid, "SIGKILL");
    const { code, json, stderr } = await running;
    assert.equal(code, 0, stderr + JSON.stringify(json));
    assert.deepEqual(await fleet.versions(), all("4.0"));
    assert.deepEqual(fleet.takeRuns().map((line) => line.split(" ").slice(0, 2).join(" ")), fleet.ports.map((port) => `update ${port}`));
    await until("it said that it goes on", async () => (await events("update.resumed")).length > 0);
  });

  await stage.step("the gateway is killed while a step runs: the step goes with it, and the nodes are rolled back", async () => {
    fleet.unmark("slow", fleet.ports[1]);
    fleet.mark("slow", fleet.ports[0]);
    await update("5.0", "--detach");
    await until("the first node's step runs", () => (fleet.file("runs") ?? "").includes(`update ${fleet.ports[0]}`), 60_000);
    const before = descendants(gateway.pid);
    await gateway.crash();
    await until("nothing of it runs any more", () => before.every((pid) => !alive(pid)));
    await gateway.serve();
    const end = await until("it has ended", async () => { const now = await progress(); return now.ended && now; }, 120_000);
    assert.equal(end.state, "rolled_back", JSON.stringify(end));
    assert.deepEqual(await fleet.versions(), all("4.0"));
    const unknown = await until("its event is in the index", async () => (await events("update.step_run")).find((event) => event.detail.outcome === "unknown"));
    assert.match(unknown.detail.why, /restarted/);
    fleet.unmark("slow", fleet.ports[0]);
    fleet.takeRuns();
  });

  await stage.step("an admin stops it after a node, and rolls back what was done", async () => {
    for (const port of fleet.ports) fleet.mark("slow", port);
    await update("6.0", "--detach");
    await until("the first node's step runs", () => (fleet.file("runs") ?? "").includes(`update ${fleet.ports[0]}`), 60_000);
    await gateway.cli("update", "stop");
    const end = await until("it has stopped", async () => { const now = await progress(); return now.state === "stopped" && now; }, 60_000);
    assert.deepEqual(end.nodes.map((node) => node.state), ["updated", "waiting", "waiting"]);
    await gateway.cli("update", "roll-back");
    await until("it is rolled back", async () => (await progress()).state === "rolled_back", 60_000);
    assert.deepEqual(await fleet.versions(), all("4.0"));
  });
}, 600_000);
