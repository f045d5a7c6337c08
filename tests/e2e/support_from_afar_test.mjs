// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// All that Mission Control is for, once, as two companies live it. The customer's network lets nothing in: the gateway, three nodes of
// Prometheus and the admin's browser run in a network of their own, from which one thing leads out, a real squid that wants a password. The
// vendor's browser is outside. Enrolling, health, a disk that fills up, access asked for and given, work through the relay, a setting proposed and applied, an update that is done and one that is rolled back, the
// end of it.
import assert from "node:assert/strict";
import net from "node:net";
import { atConsole, atMissionControl, Browser, look } from "./lib/browser.mjs";
import { Fleet } from "./lib/fleet.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Alertmanager, Inside } from "./lib/inside.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { plant } from "./lib/planted.mjs";
import { freePort, run } from "./lib/process.mjs";
import { SmallDisk } from "./lib/small_disk.mjs";
import { Squid } from "./lib/squid.mjs";
import { story, until } from "./lib/story.mjs";
import { Vendor } from "./lib/vendor.mjs";

const kSoon = 90_000; // for what another process, or both ends of the line, have to do
const reach = "reach.vendor.example";
const name = `acme.${reach}`;
const password = "out to the vendor alone";

const policy = `version: 1
capabilities:
  metrics.read:
    title: Query metrics
    class: read
    operations: [ GET /prometheus/api/v1/query, GET /prometheus/classic/graph, GET /prometheus/classic/static/** ]
  silences.write:
    title: Create and expire silences
    class: write
    operations:
      - { call: POST /alertmanager/api/v2/silences, body: { content_types: [application/json] } }
      - DELETE /alertmanager/api/v2/silence/{id}
`;

const configure = ({ fleet, disk, mission, squid }) => (text) => `${text.replace(
  /( +)nodes:\n +- .*\n/,
  (_, indent) => `${indent}nodes: [${fleet.nodes.join(", ")}]
${indent}health: { path: /prometheus/-/ready, interval: 1s, timeout: 1s }
${indent}update:
${indent}  run_as: nobody
${indent}  drain: { limit: 30s, at_least: 200ms }
${indent}  steps: [ { run: [${fleet.script}], limit: 30s } ]
${indent}  wait: { limit: 30s }
${indent}  roll_back: [ { run: [${fleet.script}, --back], limit: 30s } ]
`,
)}
monitoring:
  every: 1s
  disks: [${disk.folder}]
  services:
    - service: prometheus
      metrics: { path: /prometheus/metrics, values: { cpu: process_cpu_seconds_total, memory: process_resident_memory_bytes } }
      json: [ { path: /prometheus/api/v1/status/flags, values: { version: "$.data['web.page-title']" } } ]
mission_control:
  url: https://localhost:${mission.port}
  folder: line
  tunnel: true
  tls: { roots: mission-root.pem, revocation: soft }
  proxy: { url: ${squid.url}, user: gateway, password_file: proxy-password }
  updates: { root: 1.root.json, window: { from: "02:00", for: 3h, time_zone: Europe/Berlin } }
`;

story("a vendor supports a customer whose network lets nothing in", async (stage) => {
  const inside = stage.own(await Inside.start());
  const disk = stage.own(new SmallDisk(16, { owned: false }));
  const fleet = stage.own(await Fleet.start("1.0", { inside }));
  const squid = stage.own(await Squid.start("basic", { host: inside.outside, password }));
  const optional = (text) => `${text}second_factor: optional\n`;
  const mission = stage.own(await MissionControl.start({ listen: await freePort(), relay: reach, relayListen: await freePort(), configure: optional }));
  const vendor = stage.own(await Vendor.start(mission.program));
  const alerts = stage.own(await Alertmanager.start(inside, await freePort()));
  plant("the proxy's password", password);
  const gateway = stage.own(
    await Gateway.start({
      inside,
      names: [name],
      policy,
      services: { prometheus: fleet.nodes[0], alertmanager: alerts.url },
      secrets: { "mission-root.pem": mission.ca.toString(), "proxy-password": `${password}\n`, "1.root.json": vendor.root },
      configure: configure({ fleet, disk, mission, squid }),
    }),
  );
  const outside = stage.own(await Browser.start({ hosts: { [name]: "127.0.0.1" } }));
  const within = stage.own(await Browser.start({ inside }));
  const ole = await atMissionControl(outside, mission, "ole", "operator");
  await ole.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Fleet" }).click();
  const admin = await atConsole(within, gateway);
  const share = async (what, submit) => {
    const row = admin.locator("#sharing .row").filter({ has: admin.getByText(what, { exact: true }) });
    await row.getByRole("radio", { name: "On" }).click();
    await row.getByRole("button", { name: submit }).click();
    await row.getByText("set by admin").waitFor();
  };
  let alice;

  await stage.step("nothing of the customer's can be reached from outside", async () => {
    assert.deepEqual(await inside.listening(), ["127.0.0.1"]);
    for (const port of [gateway.port, gateway.adminPort, ...fleet.ports]) {
      const answer = await new Promise((resolve) => net.connect(port, inside.address).once("error", (error) => resolve(error.code)).once("connect", () => resolve("connected")));
      assert.equal(answer, "ECONNREFUSED");
    }
    const beyond = await run(inside.prefix[0], [...inside.prefix.slice(1), "curl", "-sk", "--max-time", "5", `https://127.0.0.1:${mission.port}/`]);
    assert.notEqual(beyond.code, 0, "not even Mission Control is reached but through squid");
  });

  await stage.step("the vendor makes a code, the customer's admin enters it, and the vendor sees the customer in the fleet", async () => {
    const code = await mission.newCode("Acme");
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Mission Control" }).click();
    await admin.getByLabel("Code from the vendor").fill(code);
    await admin.getByRole("button", { name: "Enrol", exact: true }).click();
    await admin.getByText("Up", { exact: true }).first().waitFor({ timeout: kSoon });
    await mission.cli("installation", "name", (await gateway.cli("link", "show")).installation, "acme");
    await ole.locator("#fleet").getByRole("link", { name: "Acme" }).waitFor({ timeout: kSoon });
    assert.ok(squid.passed.some((line) => line.includes("TCP_TUNNEL/200") && line.includes(" gateway ")), "squid knows who it was");
    await look(admin, "afar-enrolled");
  });

  await stage.step("the admin shares health and events, and the vendor sees how it is", async () => {
    for (const what of ["Health", "Events"]) await share(what, `Share ${what.toLowerCase()}`);
    await ole.locator("#fleet").getByRole("link", { name: "Acme" }).click();
    await until("three nodes are up at the vendor's", async () => {
      const { health } = (await mission.cli("installation", "show", await installation(gateway))).reports ?? {};
      return health?.body.nodes?.length === 4 && health.body.nodes.filter((node) => node.service === "prometheus").every((node) => node.state === "up" && node.version === "1.0");
    }, 150_000);
    await look(ole, "afar-health");
  });

  await stage.step("a disk fills up: an alert at the vendor's, and word that it is over", async () => {
    disk.use(92);
    const alerts = ole.locator("#alerts");
    await alerts.getByText(/disk 1 is at its threshold/).first().waitFor({ timeout: 150_000 });
    disk.free();
    await until("the vendor hears that it is over", async () => (await mission.events(await installation(gateway))).some((event) => event.type === "host.cleared"), kSoon);
  });

  await stage.step("the vendor asks for access, the admin gives it", async () => {
    for (const argv of [["engineer", "add", "alice", "--email", "alice@vendor.example"], ["engineer", "approve", "alice"], ["capability", "set", "metrics.read", "ask"], ["remote-access", "set", "approved"]]) await gateway.cli(...argv);
    await share("Requests", "Let them ask");
    await share("Tunnel", "Open the tunnel");
    const access = ole.locator("#access");
    await access.getByRole("button", { name: "Ask for access" }).click();
    await access.getByLabel("Engineer").fill("alice");
    await access.getByLabel("Role or capabilities").fill("metrics.read");
    await access.getByLabel("Reason").fill("the disk of node one");
    await access.getByLabel("For how long").fill("2h");
    await access.getByRole("button", { name: "Ask", exact: true }).click();
    const row = access.locator("li").filter({ hasText: "the disk of node one" });
    await row.getByText("Waits", { exact: true }).waitFor({ timeout: kSoon });
    const [request] = (await gateway.cli("request", "list")).items;
    await admin.goto(`${gateway.adminUrl}/requests/${request.id}`);
    await admin.getByText("ole (Mission Control)", { exact: false }).first().waitFor();
    await admin.getByRole("button", { name: "Approve", exact: true }).click();
    await admin.locator("form.confirm").getByRole("button", { name: "Approve", exact: true }).click();
    await row.getByText("Approved", { exact: true }).waitFor({ timeout: kSoon });
  });

  await stage.step("the engineer works through the relay, in a browser outside", async () => {
    await until("the tunnel waits", async () => (await gateway.cli("link", "show")).tunnel.waiting >= 4, kSoon);
    alice = await outside.page();
    const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice");
    await alice.goto(`https://${name}:${mission.relayPort}/.postern/`);
    await alice.locator("input[name=pass]").fill(pass);
    await alice.locator("form[data-sign-in] button[type=submit]").click();
    await alice.getByRole("heading", { name: "What you may do now" }).waitFor();
    const answer = await alice.evaluate(() => fetch("/prometheus/api/v1/query?query=1%2B1").then((one) => one.json()));
    assert.equal(answer.data.result[1], "2");
    const session = await until("the session is in the log", async () => (await gateway.events("--type", "session.opened"))[0]);
    assert.equal(session.detail.relay, "mission.example.com");
    assert.ok((await gateway.events("--type", "tunnel.relayed")).length > 0);
  });
  await stage.step("the vendor proposes a setting, the admin lets it be applied and takes it back", async () => {
    await gateway.cli("capability", "set", "silences.write", "on");
    await admin.goto(`${gateway.adminUrl}/mission-control`);
    const sharing = admin.locator("#sharing .row").filter({ has: admin.getByText("Proposals", { exact: true }) });
    await sharing.getByRole("radio", { name: "Ask" }).click();
    await sharing.getByRole("button", { name: "Let them propose" }).click();
    await sharing.getByText("set by admin").waitFor();
    const silence = { matchers: [{ name: "alertname", value: "DiskFull", isRegex: false, isEqual: true }], startsAt: "2026-01-01T00:00:00Z", endsAt: "2099-01-01T00:00:00Z", createdBy: "ole", comment: "known" };
    const { id } = await mission.cli("proposal", "new", await installation(gateway), "--method", "POST", "--target", "/alertmanager/api/v2/silences", "--body", JSON.stringify(silence), "--undo-method", "DELETE", "--undo-target", "/alertmanager/api/v2/silence/${answer.silenceID}", "--watch", "10m", "--reason", "the disk is known to be small");
    const at = (state) => until(`it is ${state} at the vendor's`, async () => (await mission.cli("proposal", "show", id)).state === state, kSoon);
    await at("pending");
    assert.deepEqual(await alerts.silences(), []);
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Requests" }).click();
    const row = admin.locator("#proposals li").filter({ hasText: "the disk is known to be small" });
    await row.getByRole("button", { name: "Approve and apply" }).click();
    await row.locator("form.confirm").getByRole("button", { name: "Approve and apply" }).click();
    await at("applied");
    assert.equal((await alerts.silences()).length, 1);
    await row.getByRole("button", { name: "Undo", exact: true }).click();
    await row.locator("form.confirm").getByRole("button", { name: "Undo", exact: true }).click();
    await at("undone");
    assert.deepEqual(await alerts.silences(), []);
  });

  await stage.step("an update of the vendor's is announced a day ahead, and run now; one that fails is rolled back", async () => {
    const at = (name, state) => until(`${name} is ${state} at the vendor's`, async () => (await mission.cli("update", "show", name)).installations.find((one) => one.customer === "Acme")?.state === state, kSoon);
    const row = (version) => admin.locator("#announced .row").filter({ has: admin.getByText(`prometheus ${version}`, { exact: true }) });
    const release = async (name, version, from) => {
      await vendor.release(name, Buffer.from(`the bytes of ${name}`), "--service", "prometheus", "--version", version, "--from", from, "--postpone-hours", "72");
      await mission.cli("update", "publish", vendor.folder);
      await mission.cli("update", "offer", name, "--ring", "9");
      await gateway.cli("update", "sources", "--look");
      await until(`${name} is here`, async () => (await gateway.tryCli("update", "show", name)).json?.whole, kSoon);
    };
    await gateway.cli("sharing", "set", "updates", "on");
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Updates" }).click();
    await release("prometheus-2.0.tar.gz", "2.0", "1.0");
    const one = await gateway.cli("update", "show", "prometheus-2.0.tar.gz");
    assert.ok(new Date(one.start) - new Date(one.announced) >= 86_400_000);
    await row("2.0").getByRole("button", { name: "Run now" }).click();
    await row("2.0").locator("form").getByRole("button", { name: "Run now" }).click();
    await row("2.0").locator(".update-state").getByText("Done", { exact: true }).waitFor({ timeout: kSoon });
    assert.deepEqual(await fleet.versions(), ["2.0", "2.0", "2.0"]);
    await at("prometheus-2.0.tar.gz", "done");
    // The engineer's session went on meanwhile.
    assert.equal(await alice.evaluate(() => fetch("/prometheus/api/v1/query?query=1").then((answer) => answer.status)), 200);
    fleet.mark("fail", fleet.ports[1]);
    await release("prometheus-3.0.tar.gz", "3.0", "2.0");
    await row("3.0").getByRole("button", { name: "Run now" }).click();
    await row("3.0").locator("form").getByRole("button", { name: "Run now" }).click();
    await row("3.0").locator(".update-state").getByText("Rolled back", { exact: true }).waitFor({ timeout: kSoon });
    assert.deepEqual(await fleet.versions(), ["2.0", "2.0", "2.0"]);
    await at("prometheus-3.0.tar.gz", "rolled_back");
    await look(admin, "afar-updates");
  });

  await stage.step("switched off, it is over: the browser outside reaches nothing", async () => {
    await admin.goto(`${gateway.adminUrl}/`);
    await gateway.cli("remote-access", "set", "off");
    const after = await alice.evaluate(() => fetch("/prometheus/api/v1/query?query=1").then((one) => one.status, () => "nothing"));
    assert.notEqual(after, 200);
    await until("the vendor sees that there is no tunnel", async () => (await mission.cli("installation", "show", await installation(gateway))).tunnel.open === false, kSoon);
  });

  await stage.step("and what both sides wrote down holds", async () => {
    const { log } = await gateway.cli("status");
    const ours = await run(gateway.program, ["audit", "verify", "--log", log.directory, "--key", log.verifier_key]);
    assert.equal(ours.code, 0, ours.stderr);
    const theirs = await mission.plainCli("audit", "verify", "--key", mission.made.audit);
    assert.equal(theirs.code, 0, theirs.stderr);
    assert.ok((await mission.cli("acts")).items.some((act) => act.type === "request.made" && act.actor === "person:ole"));
  });
}, 900_000);

async function installation(gateway) {
  return (await gateway.cli("link", "show")).installation;
}
