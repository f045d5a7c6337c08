// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an installation tells of its health and usage, as both ends are installed and with a real Prometheus behind: numbers that are
// true, nothing that is not shared or kept back, a disk that fills up and is one warning, and hours of usage that are exact whoever dies.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { SmallDisk } from "./lib/small_disk.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const monitoring = (disk) => `
monitoring:
  every: 1s
  disks: [${disk}]
  services:
    - service: prometheus
      metrics:
        path: /prometheus/metrics
        values:
          version: prometheus_build_info@version
          cpu: process_cpu_seconds_total
          memory: process_resident_memory_bytes
          storage: prometheus_tsdb_head_chunks_storage_size_bytes
          processed: prometheus_http_requests_total
          failed: ['prometheus_http_requests_total{code="500"}', 'prometheus_http_requests_total{code="503"}']
          queries: 'prometheus_http_requests_total{handler="/api/v1/query"}'
      json:
        - path: /prometheus/api/v1/status/runtimeinfo
          values: { start_time: $.data.startTime }
    - service: alertmanager
      metrics:
        path: /alertmanager/nothing-is-here
        values: { processed: alertmanager_http_requests_total }
  usage: [queries]
`;

story("health and usage arrive as they are, and nothing else does", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  writeFileSync(mission.configFile, `${readFileSync(mission.configFile)}health: { nodes: 1, cores: 1, memory: 1MiB }\n`);
  await mission.crash();
  await mission.serve();
  const component = stage.own(await Monitoring.start());
  const disk = stage.own(new SmallDisk(16, { owned: false }));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n${monitoring(disk.folder)}`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const link = () => gateway.cli("link", "show");
  const preview = async (kind) => (await gateway.cli("link", "preview", kind)).body;
  const copies = () => gateway.cli("link", "sent", "--limit", "500").then(({ items }) => items.flatMap((item) => item.sent.reports));
  const sent = async (kind) => (await copies()).filter((report) => report.kind === kind);
  const monitored = async () => (await gateway.cli("status")).monitoring;
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
  const known = () => mission.cli("installation", "show", installation);
  const newest = async () => (await known()).reports?.health?.body;

  await stage.step("what would be sent can be seen before anything is", async () => {
    const body = await until("Prometheus was read twice", async () => {
      const one = await preview("health");
      return one.nodes[0].cpu !== undefined && one.nodes[0].availability !== undefined && one;
    }, 30_000);
    assert.equal(body.nodes[0].state, "up");
    assert.match(body.nodes[0].version, /^\d+\.\d+/);
    assert.ok(body.nodes[0].memory > 1e6 && body.gateway.memory.total > body.gateway.memory.used);
    assert.ok(Math.abs(Date.now() - new Date(body.nodes[0].start_time)) < 600_000, body.nodes[0].start_time);
    assert.ok(body.processing.processed > 0 && body.processing.percent <= 100);
    assert.deepEqual([body.availability.goal, body.processing.goal], [99.5, 98]);
    assert.ok(new Date(body.gateway.certificate) > Date.now());
    const unread = (await monitored()).nodes.find((node) => node.service === "alertmanager");
    assert.match(unread.why, /nothing-is-here: it answered 404/);
    assert.deepEqual(await sent("health"), []);
    assert.equal((await gateway.tryCli("link", "preview", "events")).code, 2);
  });

  await stage.step("shared, it arrives with the same numbers, and Mission Control says what it thinks of them", async () => {
    await gateway.cli("sharing", "set", "health", "on");
    const there = await until("it is there", newest, 60_000);
    const here = (await sent("health")).find((report) => JSON.stringify(report.body) === JSON.stringify(there));
    assert.ok(here, "it stands in the copies as it went");
    assert.ok(there.nodes[0].memory > 1e6);
    const verdict = await until("its verdict is known here", async () => (await link()).reports.health, 30_000);
    assert.equal(verdict.status, "ok", JSON.stringify(verdict));
    assert.deepEqual(verdict.minimum, { nodes: 1, cores: 1, memory: 1 << 20 });
    const text = JSON.stringify(there);
    for (const secret of [disk.folder, gateway.folder, "127.0.0.1", "http://"]) assert.ok(!text.includes(secret), secret);
  });

  await stage.step("a field that is kept back is in no byte that is sent", async () => {
    await gateway.cli("sharing", "set", "health.version", "off");
    await gateway.cli("sharing", "set", "health.memory", "off");
    const before = (await sent("health")).length;
    await until("another report went", async () => (await sent("health")).length > before, 150_000);
    const last = (await sent("health"))[0];
    assert.ok(!/version|memory/.test(JSON.stringify(last.body)), JSON.stringify(last.body));
    assert.ok(last.body.gateway.cores > 0);
    await until("it arrived", async () => (await known()).reports.health.id === last.id, 30_000);
    await until("it is an event", async () =>
      (await gateway.events("--type", "permission.changed")).some((event) => event.detail.name === "health.version" && event.detail.new === "off"));
  });

  await stage.step("a disk that fills up is one warning, which ends where it says", async () => {
    const of = async (type) => (await gateway.events("--type", type)).filter((event) => event.subject === "disk 1");
    disk.use(92);
    const raised = await until("there is a warning", async () => (await of("host.warning"))[0], 30_000);
    assert.equal(raised.detail.file, disk.folder);
    assert.ok(raised.detail.value >= 91 && raised.detail.value <= 94, JSON.stringify(raised.detail));
    assert.deepEqual([raised.detail.warns_at, raised.detail.clears_at, raised.detail.unit], [85, 80, "%"]);
    await until("Mission Control knows, and warns", async () => (await newest()).warnings.some((one) => one.resource === "disk 1"), 60_000);
    await until("so is the verdict here", async () => (await link()).reports.health?.status === "warning", 30_000);
    await until("it got worse there", async () => (await mission.events(installation)).some((event) => event.type === "installation.health_worse"), 30_000);
    const seen = async () => (await monitored()).warnings.find((one) => one.resource === "disk 1")?.value;  // a busy machine has others
    disk.use(82);
    await until("the value is seen", async () => (await seen()) < 85, 30_000);
    disk.use(93);
    await until("the value is seen", async () => (await seen()) > 90, 30_000);
    assert.equal((await of("host.warning")).length, 1);
    assert.equal((await of("host.cleared")).length, 0);
    disk.use(40);
    await until("it is over", async () => (await of("host.cleared")).length === 1, 30_000);
    await until("it is better there", async () => (await mission.events(installation)).some((event) => event.type === "installation.health_better"), 60_000);
    assert.equal((await of("host.warning")).length, 1);
    const history = (await known()).health;
    assert.ok(history.rows.length >= 1 && history.rows[0].storage > 0 && history.hours.length >= 1, JSON.stringify(history));
  });

  await stage.step("the last day and the warnings outlive the ledger", async () => {
    disk.use(92);
    await until("there is a warning", async () => (await monitored()).warnings.length === 1, 30_000);
    const before = (await preview("health")).availability.seconds;
    await gateway.crash();
    await gateway.serve();
    await until("it is known again", async () => (await monitored())?.warnings?.length === 1, 30_000);
    assert.ok((await preview("health")).availability.seconds >= before - 65, "less than a minute is missing");
    await until("there are two warnings, and no third", async () => (await gateway.events("--type", "host.warning")).filter((event) => event.subject === "disk 1").length === 2);
    disk.use(10);
  });

  // What the log says was used since sharing began; ground truth.
  const fromLog = () => {
    const events = readJournal(gateway);
    const begun = events.findIndex((event) => event.type === "permission.changed" && event.detail.name === "usage" && event.detail.new === "on");
    const since = events.slice(begun + 1);
    const completed = since.filter((event) => event.type === "exchange.completed");
    const add = (key) => completed.reduce((sum, event) => sum + (event.detail[key] ?? 0), 0);
    return {
      sessions: since.filter((event) => event.type === "session.opened").length,
      exchanges_read: since.filter((event) => event.type === "exchange.forwarded" && event.detail.class === "read").length,
      exchanges_write: since.filter((event) => event.type === "exchange.forwarded" && event.detail.class === "write").length,
      exchanges_refused: since.filter((event) => event.type === "exchange.refused").length,
      bytes_in: add("request_bytes"),
      bytes_out: add("response_bytes"),
      capabilities: since.filter((event) => event.type === "permission.changed" && event.detail.what === "capability").length,
    };
  };
  const flat = (body) => ({
    sessions: body.sessions,
    exchanges_read: body.exchanges.read,
    exchanges_write: body.exchanges.write,
    exchanges_refused: body.exchanges.refused,
    bytes_in: body.bytes.in,
    bytes_out: body.bytes.out,
    capabilities: body.capabilities,
  });
  const usage = async () => (await mission.cli("usage", "--installation", installation)).items;
  let queries;

  await stage.step("usage is what the log says, although the ledger was killed again and again", async () => {
    await gateway.admit("alice");
    const alice = await gateway.signIn("alice");
    assert.deepEqual([(await preview("usage")).sessions, await sent("usage")], [0, []]);
    await gateway.cli("sharing", "set", "usage", "on");
    for (const name of ["metrics.read"]) await gateway.cli("capability", "set", name, "on");
    await gateway.signIn("alice");
    const usageFile = () => JSON.parse(readFileSync(join(gateway.folder, "state/usage.json")));
    await until("where Prometheus' counter stood is on the disk", () => Object.keys(usageFile().counters).length === 1, 30_000);
    const ledger = async () => (await gateway.tryCli("status")).json?.roles.find((role) => role.name === "ledger");
    for (let round = 0; round < 3; ++round) {
      for (let i = 0; i < 20; ++i) await alice.fetch(`/prometheus/api/v1/query?query=${i}`);
      await alice.fetch("/prometheus/-/quit");
      const { pid, restarts } = await ledger();
      killIfAlive(pid, "SIGKILL");
      await until("the ledger is back", async () => {
        const role = await ledger();
        return role?.state === "running" && role.restarts > restarts;
      }, 60_000);
      await until("requests are answered again", async () => (await alice.fetch("/prometheus/api/v1/query?query=1").catch(() => ({}))).status === 200, 60_000);
    }
    const truth = await until("both say the same", async () => {
      const [log, told] = [fromLog(), flat(await preview("usage"))];
      return JSON.stringify(log) === JSON.stringify(told) && log;
    }, 30_000);
    assert.ok(truth.exchanges_read >= 50 && truth.exchanges_refused >= 1 && truth.bytes_out > 0 && truth.sessions === 1, JSON.stringify(truth));
    queries = truth.exchanges_read;
    await until("Prometheus counted the queries, too", async () => (await preview("usage")).component.queries >= queries, 30_000);
    alice.close();
  });

  // An hour is long. What is told of it when it is over is the same if the clock says so a day later, so the gateway's file is made to be of
  // three hours ago: as if it had not run since.
  await stage.step("hours that are over are told once, through deaths on both sides and a line that is cut", async () => {
    const truth = fromLog();
    const file = join(gateway.folder, "state/usage.json");
    const all = (of) => JSON.parse(readFileSync(file)).open.reduce((sum, hour) => sum + of(hour), 0);
    const counted = () => all((hour) => hour.counts[1]) === truth.exchanges_read && all((hour) => hour.component.queries ?? 0) >= queries;
    await until("the file has all of it", counted, 60_000);
    await gateway.crash();
    const kept = JSON.parse(readFileSync(file));
    const moved = 3;
    kept.first_open -= moved;
    for (const hour of kept.open) hour.hour -= moved;
    writeFileSync(file, JSON.stringify(kept)); // in place: its owner stays
    await mission.crash();
    await gateway.serve();
    await until("hours wait", async () => (await link()).reports?.usage?.waiting >= moved, 60_000);
    await gateway.crash();
    await gateway.serve();
    await mission.serve();
    await until("they arrive", async () => (await usage()).length >= moved, 120_000);
    for (let i = 0; i < 3; ++i) {
      await mission.crash();
      await mission.serve();
      const { pid } = (await gateway.cli("status")).roles.find((role) => role.name === "ledger");
      killIfAlive(pid, "SIGKILL");
    }
    await until("none waits any more", async () => (await gateway.tryCli("link", "show")).json?.reports?.usage?.waiting === 0, 120_000);
    const hours = await usage();
    assert.ok(hours.length >= moved, JSON.stringify(hours)); // one more if the clock went into the next one meanwhile
    const sums = (await mission.cli("usage", "--installation", installation, "--sum")).items[0];
    for (const [name, count] of Object.entries(truth)) assert.equal(sums.counts[name], count, name);
    assert.ok(sums.counts["component.queries"] >= queries);
    assert.deepEqual(hours.map((hour) => hour.complete), hours.map((_, i) => i > 0));
    assert.equal(new Set(hours.map((hour) => hour.hour)).size, hours.length);
    const csv = await mission.plainCli("usage", "--csv");
    assert.equal(csv.stdout.trim().split("\n").length, hours.length + 1, csv.stdout);
    assert.match(csv.stdout, /^installation,hour,complete,/);
    for (const report of await sent("usage")) assert.ok(!/alice|127\.0\.0\.1|prometheus/.test(JSON.stringify(report.body)));
  });

  await stage.step("what is not shared any more is neither counted nor told", async () => {
    for (const kind of ["health", "usage"])
      await until("the ledger is back and takes it", async () => (await gateway.tryCli("sharing", "set", kind, "off")).code === 0, 30_000);
    await until("nothing is judged any more", async () => (await link()).reports.health === null, 30_000);
    const before = (await copies()).filter((report) => ["health", "usage"].includes(report.kind)).length;
    const last = (await link()).reports.sent;
    await until("a sign of life came since", async () => (await link()).reports.sent !== last, 60_000);
    assert.equal((await copies()).filter((report) => ["health", "usage"].includes(report.kind)).length, before);
  });
});
