// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An update from the vendor's desk to the customer's nodes: offered by a real Mission Control, announced by webhook and in the console a day
// ahead, put off, run now, rolled through three real Prometheus; then one whose second node fails: rolled back, and suspended by the vendor's
// side for everybody. What the clock does is not waited for here: tests/unit/ledger/update_calendar_test.cc turns it by hand.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Authority } from "./lib/authority.mjs";
import { atConsole, Browser } from "./lib/browser.mjs";
import { Fleet } from "./lib/fleet.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { plant } from "./lib/planted.mjs";
import { freePort } from "./lib/process.mjs";
import { WebhookReceiver } from "./lib/receivers.mjs";
import { story, until } from "./lib/story.mjs";
import { Vendor } from "./lib/vendor.mjs";

const policy = `version: 1
capabilities:
  metrics.read: { title: Query, class: read, operations: [ GET /prometheus/api/v1/query ] }
`;

const configure = (fleet, mission, hooks) => (text) =>
  `${text.replace(/( +)nodes:\n +- .*\n/, (_, indent) => `${indent}nodes: [${fleet.nodes.join(", ")}]
${indent}health: { path: /prometheus/-/ready, interval: 1s, timeout: 1s }
${indent}update:
${indent}  run_as: nobody
${indent}  drain: { limit: 30s, at_least: 200ms }
${indent}  steps: [ { run: [${fleet.script}], limit: 30s } ]
${indent}  wait: { limit: 30s }
${indent}  roll_back: [ { run: [${fleet.script}, --back], limit: 30s } ]
`)}
monitoring:
  every: 1s
  services: [ { service: prometheus, json: [ { path: /prometheus/api/v1/status/flags, values: { version: "$.data['web.page-title']" } } ] } ]
mission_control:
  url: https://localhost:${mission.port}
  folder: line
  tls: { roots: mission-root.pem, revocation: soft }
  updates:
    root: 1.root.json
    window: { from: "02:00", for: 3h, time_zone: Europe/Berlin }
notifications:
  - name: pager
    webhook: { url: "https://127.0.0.1:${hooks.port}/hook", secret_file: pager.secret }
    tls: { roots: hooks.pem }
`;

const inspect = inspector("updates");

story("an update goes from the vendor's desk to the customer's nodes, and one that fails goes back", async (stage) => {
  const fleet = stage.own(await Fleet.start("1.0"));
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const vendor = stage.own(await Vendor.start(mission.program));
  const authority = stage.own(await Authority.make("receivers"));
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  plant("the webhook's secret", secret.slice("whsec_".length));
  const hooks = stage.own(await WebhookReceiver.start(await authority.server("hooks")));
  const secrets = { "mission-root.pem": mission.ca.toString(), "1.root.json": vendor.root, "pager.secret": `${secret}\n`, "hooks.pem": authority.pem };
  const gateway = stage.own(await Gateway.start({ services: { prometheus: fleet.nodes[0] }, policy, secrets, configure: configure(fleet, mission, hooks) }));
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);
  const row = (version) => page.locator("#announced .row").filter({ has: page.getByText(`prometheus ${version}`, { exact: true }) });
  const state = (version, text) => row(version).locator(".update-state").getByText(text, { exact: true }).waitFor({ timeout: 90_000 });
  const shown = (name) => gateway.cli("update", "show", name);
  const look_now = () => gateway.cli("update", "sources", "--look");
  const at = async (name) => (await mission.cli("update", "show", name)).installations.find((each) => each.id === installation)?.state;
  const there = async (name) => (await mission.cli("update", "show", name)).installations.find((each) => each.id === installation);
  const told = (type) => hooks.received.map(({ body }) => JSON.parse(body)).filter((each) => each.type === type);
  const release = async (name, version, from) => {
    await vendor.release(name, Buffer.from(`the bytes of ${name}`), "--service", "prometheus", "--version", version, "--from", from, "--postpone-hours", "72", "--severity", "important");
    await mission.cli("update", "publish", vendor.folder);
    await mission.cli("update", "offer", name, "--ring", "9");
    await look_now();
    await until(`${name} is announced`, async () => (await gateway.tryCli("update", "show", name)).code === 0, 60_000);
  };
  let installation;

  await stage.step("before anything is offered the page says why there is nothing", async () => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Updates" }).click();
    await page.locator("#announced").getByText("are not looked for").waitFor();
    await inspect(page, "off");
    ({ installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd")));
    await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
    await page.locator("#sources").getByText("Nothing is asked of Mission Control").waitFor({ timeout: 60_000 });
    for (const what of ["events", "updates"]) await gateway.cli("sharing", "set", what, "on");
    await page.reload();
    await page.locator("#announced").getByText("has announced no update").waitFor();
    await inspect(page, "none");
    assert.deepEqual((await gateway.cli("update", "list")).items, []);
  });

  await stage.step("what the vendor offers is announced, a day ahead at least", async () => {
    await release("prometheus-2.0.tar.gz", "2.0", "1.0");
    await state("2.0", "Planned");
    const one = await shown("prometheus-2.0.tar.gz");
    const ahead = new Date(one.start) - new Date(one.announced);
    assert.ok(ahead >= 86_400_000 && ahead <= 2 * 86_400_000 + 3_600_000, `${ahead} ms ahead`);
    const local = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" }).format(new Date(one.start));
    assert.equal(local, "02:00");
    assert.equal(new Date(one.latest) - new Date(one.start), 72 * 3_600_000);
    await until("the webhook was told", () => told("update.announced").length === 1, 60_000);
    assert.match(told("update.announced")[0].data.summary, /announced the update prometheus-2\.0\.tar\.gz of prometheus to 2\.0 \(important\)/);
    await until("its file is here", async () => (await shown("prometheus-2.0.tar.gz")).whole, 60_000);
    await until("Mission Control knows", async () => ["announced", "ready"].includes(await at("prometheus-2.0.tar.gz")), 60_000);
    assert.equal((await there("prometheus-2.0.tar.gz")).starts, one.start, "for when it is planned is told");
    const sources = page.locator("#sources");
    await sources.getByText(`https://localhost:${mission.port}`).waitFor();
    await sources.getByText(/version 1, good until/).first().waitFor();
    const { looked } = await gateway.cli("update", "sources");
    await sources.getByRole("button", { name: "Look now" }).press("Enter");
    await until("Mission Control was asked again", async () => (await gateway.cli("update", "sources")).looked !== looked, 60_000);
    await row("2.0").getByText("What it changes").click();
    await row("2.0").getByText("here and as signed").waitFor();
    await inspect(page, "announced");
    assert.deepEqual(fleet.takeRuns(), []);
  });

  await stage.step("an admin looks what it would do, and puts it off with the keyboard", async () => {
    await row("2.0").getByRole("button", { name: "Look what it would do" }).click();
    await row("2.0").getByText("All nodes are healthy").waitFor();
    await inspect(page, "dry-run");
    await row("2.0").getByRole("button", { name: "Close" }).click();
    const before = (await shown("prometheus-2.0.tar.gz")).start;
    await row("2.0").getByRole("button", { name: "Put off…" }).focus();
    await page.keyboard.press("Enter");
    await row("2.0").getByRole("button", { name: "Put off", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await row("2.0").getByRole("button", { name: "Put off…" }).press("Enter");
    await inspect(page, "put-off");
    await row("2.0").getByRole("button", { name: "Put off", exact: true }).press("Enter");
    await until("it is put off", async () => (await shown("prometheus-2.0.tar.gz")).start > before);
    const refused = await gateway.tryCli("update", "postpone", "prometheus-2.0.tar.gz", "--to", "30d");
    assert.deepEqual([refused.code, /the vendor lets it be put off until/.test(refused.stderr)], [1, true], refused.stderr);
    const dry = await gateway.cli("update", "run-now", "prometheus-2.0.tar.gz", "--dry-run");
    assert.deepEqual(dry.nodes.map((node) => node.version), ["1.0", "1.0", "1.0"]);
    assert.deepEqual(fleet.takeRuns(), []);
  });

  await stage.step("cancelled it stays, and is planned again", async () => {
    await row("2.0").getByRole("button", { name: "Cancel the update…" }).click();
    await row("2.0").getByRole("button", { name: "Cancel the update", exact: true }).click();
    await state("2.0", "Cancelled");
    await until("Mission Control knows", async () => (await at("prometheus-2.0.tar.gz")) === "cancelled", 60_000);
    await inspect(page, "cancelled");
    await row("2.0").getByRole("button", { name: "Plan again" }).click();
    await state("2.0", "Planned");
  });

  await stage.step("run now: it goes through the nodes, and the page follows", async () => {
    fleet.mark("slow", fleet.ports[1]);
    await until("its file is here", async () => (await shown("prometheus-2.0.tar.gz")).whole, 60_000);
    await row("2.0").getByRole("button", { name: "Run now" }).click();
    await row("2.0").locator("form").getByRole("button", { name: "Run now" }).click();
    await page.locator("#progress").getByText("is being updated").first().waitFor({ timeout: 60_000 });
    await state("2.0", "Runs");
    await inspect(page, "running");
    await state("2.0", "Done");
    await page.locator("#progress").getByText("Done on all nodes").waitFor({ timeout: 60_000 });
    assert.deepEqual(await fleet.versions(), ["2.0", "2.0", "2.0"]);
    fleet.unmark("slow", fleet.ports[1]);
    fleet.takeRuns();
    await until("Mission Control knows", async () => (await at("prometheus-2.0.tar.gz")) === "done", 60_000);
    await until("the webhook was told", () => told("update.begun").length === 1 && told("update.ended").length === 1, 60_000);
    await inspect(page, "done");
  });

  await stage.step("the second node of the next one fails: rolled back, and suspended for all", async () => {
    fleet.mark("fail", fleet.ports[1]);
    await release("prometheus-3.0.tar.gz", "3.0", "2.0");
    await until("its file is here", async () => (await shown("prometheus-3.0.tar.gz")).whole, 60_000);
    const run = await gateway.tryCli("update", "run-now", "prometheus-3.0.tar.gz");
    assert.equal(run.code, 1, run.stdout);
    assert.equal(run.json.state, "rolled_back");
    await state("3.0", "Rolled back");
    assert.deepEqual(await fleet.versions(), ["2.0", "2.0", "2.0"]);
    await until("Mission Control knows", async () => (await at("prometheus-3.0.tar.gz")) === "rolled_back", 60_000);
    assert.match((await there("prometheus-3.0.tar.gz")).why, /\S/, "and why it went back");
    await until("it is suspended there", async () => (await mission.cli("update", "show", "prometheus-3.0.tar.gz")).suspended, 60_000);
    await look_now();
    await until("it is suspended here", async () => (await shown("prometheus-3.0.tar.gz")).suspended, 60_000);
    await row("3.0").getByText("The vendor has suspended it.").waitFor();
    await inspect(page, "rolled-back");
    await page.locator("#sources").getByText("prometheus-3.0.tar.gz: suspended by the vendor:").waitFor({ timeout: 30_000 });
    const again = await gateway.tryCli("update", "run-now", "prometheus-3.0.tar.gz");
    assert.deepEqual([again.code, /the vendor has suspended it/.test(again.stderr)], [1, true], again.stderr);
    fleet.unmark("fail", fleet.ports[1]);
    fleet.takeRuns();
  });

  await stage.step("what the vendor suspends before it ran does not run, until the vendor lets it", async () => {
    await release("prometheus-3.1.tar.gz", "3.1", "2.0");
    await state("3.1", "Planned");
    await mission.cli("update", "suspend", "prometheus-3.1.tar.gz", "--why", "it loses samples");
    await look_now();
    await state("3.1", "Suspended by the vendor");
    await row("3.1").getByText("it loses samples").waitFor();
    await inspect(page, "suspended");
    await mission.cli("update", "resume", "prometheus-3.1.tar.gz");
    await look_now();
    await state("3.1", "Planned");
  });

  await stage.step("what is planned is planned after the gateway was killed, and nothing was run twice", async () => {
    const before = await shown("prometheus-3.1.tar.gz");
    await gateway.crash();
    await gateway.serve();
    const after = await shown("prometheus-3.1.tar.gz");
    assert.deepEqual([after.state, after.start, after.announced], ["scheduled", before.start, before.announced]);
    assert.deepEqual(fleet.takeRuns(), []);
    assert.equal((await shown("prometheus-2.0.tar.gz")).state, "done");
  });

  await stage.step("what is not offered any more is withdrawn", async () => {
    await mission.cli("update", "offer", "prometheus-3.1.tar.gz", "--ring", "0");
    await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
    await look_now();
    await until("it is withdrawn", async () => (await shown("prometheus-3.1.tar.gz")).state === "withdrawn", 60_000);
  });
}, 600_000);
