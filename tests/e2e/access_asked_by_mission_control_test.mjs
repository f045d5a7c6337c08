// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// People of the vendor's ask a customer for access on behalf of an engineer, as both ends are installed, with a browser at each end and a
// real Prometheus behind: not taken while nobody switched that on, an access request like any other once somebody has, and where it stands
// is known at Mission Control whatever dies in between. And a Mission Control that means no good.
import assert from "node:assert/strict";
import { atConsole, atMissionControl, Browser } from "./lib/browser.mjs";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const enrolled = async (stage, component) => {
  const optional = (text) => `${text}second_factor: optional\n`;
  const mission = stage.own(await MissionControl.start({ listen: await freePort(), configure: optional }));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
  await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
  return { mission, gateway, installation };
};
const becomes = (mission, id, state) =>
  until(`it is ${state} at Mission Control`, async () => {
    const one = await mission.cli("request", "show", id);
    return one.state === state && one;
  }, 60_000);

story("access that Mission Control asks for is the customer's to give", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const { mission, gateway, installation } = await enrolled(stage, component);
  const ask = () =>
    mission.cli("request", "new", installation, "--engineer", "alice", "--capability", "metrics.read", "--reason", "disk alert", "--ticket", "SUP-7", "--duration", "2h");
  const here = async () => (await gateway.cli("request", "list")).items;
  let asked;

  await stage.step("while nobody has switched that on nothing is taken, and Mission Control is told so", async () => {
    const { id } = await ask();
    assert.match((await becomes(mission, id, "not_taken")).note, /switched on/);
    assert.deepEqual(await here(), []);
    const event = await until("it is an event", async () => (await gateway.events("--type", "request.not_taken"))[0]);
    assert.match(event.actor, /^mission-control:/);
    assert.equal(event.detail.code, "not_switched_on");
  });

  await stage.step("switched on, it becomes an access request that says who asked, and both sides see that it waits", async () => {
    await gateway.cli("sharing", "set", "requests", "on");
    asked = (await ask()).id;
    assert.match((await becomes(mission, asked, "pending")).note, /not known there/);
    const [request] = await here();
    assert.deepEqual([request.id, request.engineer, request.ticket, request.duration], [asked, "alice", "SUP-7", "2h"]);
    assert.match(request.asked_by, /^mission-control:/);
    assert.notEqual((await gateway.tryCli("request", "ask-back", asked, "--text", "why?")).code, 0);
  });

  await stage.step("approved, it says until when; revoked, that it is over", async () => {
    await gateway.cli("request", "approve", asked);
    const one = await becomes(mission, asked, "approved");
    assert.ok(new Date(one.until) > Date.now() + 3_600_000, one.until);
    const grant = (await gateway.cli("grant", "list")).items.find((each) => each.request === asked);
    await gateway.cli("grant", "revoke", grant.id);
    assert.equal((await becomes(mission, asked, "ended")).note, "revoked");
  });

  await stage.step("refused, the reason is at Mission Control; withdrawn there, it is withdrawn here", async () => {
    const refused = (await ask()).id, withdrawn = (await ask()).id;
    for (const id of [refused, withdrawn]) await becomes(mission, id, "pending");
    await gateway.cli("request", "refuse", refused, "--reason", "not on a Friday");
    assert.equal((await becomes(mission, refused, "refused")).note, "not on a Friday");
    await mission.cli("request", "withdraw", withdrawn);
    await becomes(mission, withdrawn, "withdrawn");
    assert.equal((await gateway.cli("request", "show", withdrawn)).state, "withdrawn");
    assert.notEqual((await mission.tryCli("request", "withdraw", withdrawn)).code, 0);
    const acts = (await mission.cli("acts")).items.map((act) => act.type);
    assert.ok(acts.includes("request.made") && acts.includes("request.withdrawn"), acts.join());
    assert.match((await mission.plainCli("request", "list", "--installation", installation)).stdout, /not on a Friday/);
  });

  await stage.step("decided while Mission Control is gone and the gateway's ledger dies, it is known all the same", async () => {
    const { id } = await ask();
    await becomes(mission, id, "pending");
    await mission.crash();
    await gateway.cli("request", "refuse", id, "--reason", "later");
    killIfAlive((await gateway.cli("status")).roles.find((role) => role.name === "ledger").pid, "SIGKILL");
    await mission.serve();
    assert.equal((await becomes(mission, id, "refused")).note, "later");
    const made = await until("the log answers", async () => (await gateway.tryCli("events", "--limit", "100", "--type", "request.created")).json);
    assert.equal(made.items.length, 4, "each ask is one request");
  });

  await stage.step("a flood of asks is few requests, a few events, and the line goes on", async () => {
    for (let i = 0; i < 40; ++i) await ask();
    await until("what is too much is refused there", async () => (await mission.cli("request", "list")).items.filter((one) => /asks too often/.test(one.note ?? "")).length >= 20, 60_000);
    assert.ok((await here()).filter((one) => one.state === "pending").length <= 20);
    assert.ok((await gateway.events("--type", "request.not_taken")).length <= 12);
    assert.equal((await gateway.cli("link", "show")).state, "up");
  });
});

story("a vendor's operator asks on the page, the customer's admin approves on theirs, and the engineer works", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const { mission, gateway, installation } = await enrolled(stage, component);
  const browser = stage.own(await Browser.start());
  await gateway.cli("engineer", "add", "alice", "--email", "alice@vendor.example");
  await gateway.cli("engineer", "approve", "alice");
  await gateway.cli("remote-access", "set", "approved");
  await gateway.cli("capability", "set", "metrics.read", "ask");
  const alice = await gateway.signIn("alice");
  const query = () => alice.send("GET", "/prometheus/api/v1/query?query=up");
  const inspect = inspector("access");
  let vendor, admin, row;

  await stage.step("the operator asks", async () => {
    assert.equal((await query()).status, 403);
    vendor = await atMissionControl(browser, mission, "ole", "operator");
    await vendor.goto(`https://localhost:${mission.adminPort}/installations/${installation}`);
    const access = vendor.locator("#access");
    await access.getByText("No access was asked for.").waitFor();
    await access.getByRole("button", { name: "Ask for access" }).click();
    await access.getByLabel("Engineer").fill("alice");
    await access.getByLabel("Role or capabilities").fill("metrics.read");
    await access.getByLabel("Reason").fill("disk alert");
    await access.getByLabel("Ticket").fill("SUP-7");
    await access.getByLabel("For how long").fill("2h");
    await inspect(vendor, "form");
    await access.getByRole("button", { name: "Ask", exact: true }).click();
    await access.getByText("Not taken", { exact: true }).waitFor({ timeout: 60_000 });
  });

  await stage.step("the admin lets them ask, and sees who asks", async () => {
    admin = await atConsole(browser, gateway);
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Mission Control" }).click();
    const sharing = admin.locator("#sharing .row").filter({ has: admin.getByText("Requests", { exact: true }) });
    await sharing.getByRole("radio", { name: "On" }).click();
    await sharing.getByRole("button", { name: "Let them ask" }).click();
    await sharing.getByText("set by admin").waitFor();
    const access = vendor.locator("#access");
    await access.getByRole("button", { name: "Ask for access" }).click();
    await access.getByLabel("Engineer").fill("alice");
    await access.getByLabel("Role or capabilities").fill("metrics.read");
    await access.getByLabel("Reason").fill("the disk alert again");
    await access.getByRole("button", { name: "Ask", exact: true }).click();
    row = access.locator("li").filter({ hasText: "the disk alert again" });
    await row.getByText("Waits", { exact: true }).waitFor({ timeout: 60_000 });
    await inspect(vendor, "waits");
    const [request] = (await gateway.cli("request", "list")).items;
    assert.equal(request.asked_by, "mission-control:ole");
    await admin.goto(`${gateway.adminUrl}/requests/${request.id}`);
    await admin.getByText("ole (Mission Control)", { exact: false }).first().waitFor();
    await inspect(admin, "request");
  });

  await stage.step("approved there, the engineer works, and the vendor's page says so without being asked", async () => {
    await admin.getByRole("button", { name: "Approve", exact: true }).click();
    await admin.locator("form.confirm").getByRole("button", { name: "Approve", exact: true }).click();
    await until("it is approved", async () => (await gateway.cli("request", "list")).items[0].state === "approved");
    await row.getByText("Approved", { exact: true }).waitFor({ timeout: 60_000 });
    const answer = await query();
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.json.data.result.length >= 1);
    await inspect(vendor, "approved");
    const grant = (await gateway.cli("grant", "list")).items[0];
    await gateway.cli("grant", "revoke", grant.id);
    await row.getByText("Over", { exact: true }).waitFor({ timeout: 60_000 });
    assert.equal((await query()).status, 403);
    assert.deepEqual(vendor.troubles.filter((one) => !/40[13]/.test(one)), []);
  });
});
