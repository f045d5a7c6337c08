// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A roll-out at Mission Control's page: published, offered to the first ring with the keyboard, taken there and failed in the next one,
// suspended and why, resumed, widened, taken back; the fleet says who is behind, the installation's page why, and changes its ring. A
// viewer sees all of it and is refused all of it.
import assert from "node:assert/strict";
import { atMissionControl, Browser, kInvitedPassword } from "./lib/browser.mjs";
import { Client } from "./lib/client.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { story, until } from "./lib/story.mjs";
import { Vendor } from "./lib/vendor.mjs";

const kFirst = "prometheus-2.0.tar.gz";
const kSecond = "prometheus-2.1.tar.gz";
const optional = (text) => `${text}second_factor: optional\n`;
const urlOf = (mission) => `https://localhost:${mission.adminPort}`;
const nav = (page, name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

const inspect = inspector("roll-out");

story("an operator rolls an update out ring by ring, and sees who has it, who is behind and why it stopped", async (stage) => {
  const mission = stage.own(await MissionControl.start({ configure: optional }));
  const vendor = stage.own(await Vendor.start(mission.program));
  const browser = stage.own(await Browser.start());
  const fleet = [];
  stage.own({ name: "installations", stop: () => fleet.forEach((each) => each.close()) });
  const release = async (name, version, ...from) => {
    await vendor.release(name, Buffer.from(`the bytes of ${name}`), "--service", "prometheus", "--version", version, ...from.flatMap((each) => ["--from", each]), "--postpone-hours", "72", "--severity", "important");
    await mission.cli("update", "publish", vendor.folder);
  };
  const tell = async (who, type, more = {}, name = kFirst) => assert.equal((await who.send(who.report("event", { type, subject: name, ...more }))).status, 200);
  const offered = async (name) => (await mission.cli("update", "list")).items.find((each) => each.name === name);
  const page = await atMissionControl(browser, mission, "ole", "operator");
  const row = (name) => page.locator(`[id="update-${name}"]`);
  const ring = (where, n) => where.locator(".rings tbody tr").filter({ has: page.getByText(`Ring ${n}`, { exact: false }) });
  const fleetRow = (customer) => page.locator("#fleet tbody tr").filter({ has: page.getByRole("link", { name: customer }) });

  await stage.step("before anything is published the page says how that is done", async () => {
    await nav(page, "Updates");
    await page.getByText("Nothing is published yet.").waitFor();
    await inspect(page, "empty");
  });

  await stage.step("what is published is there without being asked for, offered to nobody", async () => {
    for (const customer of ["First Ltd", "Second Ltd", "Third Ltd"]) fleet.push(await mission.enrolled(customer));
    await mission.cli("installation", "ring", fleet[0].id, "1");
    await release(kFirst, "2.0", "1.0");
    await row(kFirst).getByText("Offered to nobody").waitFor({ timeout: 30_000 });
    await page.locator("#documents").getByText("version 1, good until").first().waitFor();
    await inspect(page, "published");
  });

  await stage.step("it is offered to the first ring with the keyboard, and what that does is said first", async () => {
    await row(kFirst).getByRole("button", { name: "Offer to ring 1…" }).focus();
    await page.keyboard.press("Enter");
    await row(kFirst).getByText("prometheus 2.0 is offered to ring 1: to 1 installation that it was not offered to.").waitFor();
    await page.keyboard.press("Escape");
    await row(kFirst).locator("form").waitFor({ state: "detached" });
    assert.equal((await offered(kFirst)).ring, 0);
    await row(kFirst).getByRole("button", { name: "Offer to ring 1…" }).press("Enter");
    await row(kFirst).locator("form").waitFor();
    await inspect(page, "offer");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await row(kFirst).getByText("Offered up to ring 1").waitFor();
    assert.equal((await offered(kFirst)).ring, 1);
    await ring(row(kFirst), 1).getByText("0 of 1 have it").waitFor();
    await ring(row(kFirst), 9).getByText("not offered").waitFor();
  });

  await stage.step("the first ring announces and takes it, and the page follows", async () => {
    await tell(fleet[0], "update.announced", { start: "2030-03-02T01:00:00.000000Z" });
    await row(kFirst).getByRole("link", { name: "Who has not taken prometheus 2.0" }).click();
    await heading(page, "prometheus 2.0");
    await page.locator("#told").getByText("Announced", { exact: true }).waitFor();
    await page.locator("#told").getByText("starts").waitFor();
    await inspect(page, "announced");
    await tell(fleet[0], "update.ended", { outcome: "done" });
    await page.locator("#told").getByText("Everybody that it is offered to has it").waitFor({ timeout: 30_000 });
    await ring(page.locator("#roll-out"), 1).getByText("1 of 1 have it").waitFor();
    await page.getByRole("link", { name: "Updates" }).first().click();
    await row(kFirst).getByText("all that it is offered to have it").waitFor();
  });

  await stage.step("a limit that is none is refused in a sentence, and one that is one is kept", async () => {
    await row(kFirst).getByRole("button", { name: "Stop limit…" }).click();
    await page.getByLabel("Percent of a ring").fill("0");
    await page.keyboard.press("Enter");
    await row(kFirst).getByRole("alert").getByText("a whole number from 1 to 100").waitFor();
    await page.getByLabel("Percent of a ring").fill("50");
    await page.keyboard.press("Enter");
    await row(kFirst).getByText("stops at 50 % failures of a ring").waitFor();
    assert.deepEqual([(await offered(kFirst)).stop_at, (await offered(kFirst)).ring], [50, 1]);
  });

  await stage.step("offered to all it fails at one, and is suspended by that: the page says why", async () => {
    await row(kFirst).getByRole("button", { name: "Offer to all…" }).click();
    await row(kFirst).getByText("to 2 installations that it was not offered to").waitFor();
    await row(kFirst).locator("form").getByRole("button", { name: "Offer it" }).click();
    await row(kFirst).getByText("Offered to all", { exact: true }).waitFor();
    await tell(fleet[1], "update.announced", { start: "2030-03-02T01:00:00.000000Z" });
    await tell(fleet[1], "update.ended", { outcome: "rolled_back", why: "node b: exit status 1" });
    await row(kFirst).getByText("Suspended by failures").waitFor({ timeout: 30_000 });
    await row(kFirst).getByText("1 of 2 installations of ring 9 reported that it failed or was rolled back").waitFor();
    await inspect(page, "suspended");
    await row(kFirst).getByRole("link", { name: "Who has not taken prometheus 2.0" }).click();
    await page.locator("#told").getByText("node b: exit status 1").waitFor();
    await page.locator("#told").getByText("Said nothing", { exact: true }).waitFor();
    await inspect(page, "who");
    await page.locator("#told").getByRole("link", { name: "Second Ltd" }).click();
    await page.locator("#updates").getByText("Rolled back", { exact: true }).waitFor();
    await page.locator("#updates").getByText("In ring 9").waitFor();
  });

  await stage.step("an operator resumes it, and suspends it with a reason of their own", async () => {
    await nav(page, "Updates");
    await row(kFirst).getByRole("button", { name: "Resume…" }).click();
    await row(kFirst).getByText("2 installations have not taken it").waitFor();
    await row(kFirst).locator("form").getByRole("button", { name: "Resume it" }).click();
    await row(kFirst).getByRole("button", { name: "Suspend…" }).click();
    await page.getByLabel("Why").fill("it loses samples");
    await inspect(page, "suspend");
    await page.keyboard.press("Enter");
    await row(kFirst).getByText("Suspended by ole").waitFor();
    await row(kFirst).getByText("it loses samples").waitFor();
    await row(kFirst).getByRole("button", { name: "Resume…" }).click();
    await row(kFirst).locator("form").getByRole("button", { name: "Resume it" }).click();
    await row(kFirst).getByText("Offered to all", { exact: true }).waitFor();
    const { items } = await mission.cli("acts", "--actor", "person:ole", "--type", "update");
    assert.deepEqual(items.map((each) => each.type), ["update.resumed", "update.suspended", "update.resumed", "update.offered", "update.offered", "update.offered"]);
  });

  await stage.step("the fleet says who is behind, and can be asked for them alone", async () => {
    await tell(fleet[2], "update.missed", { start: "2030-03-09T01:00:00.000000Z", why: "a node was not healthy" });
    await nav(page, "Fleet");
    await fleetRow("First Ltd").getByText("up to date").waitFor({ timeout: 30_000 });
    await fleetRow("Second Ltd").getByText("1 failed").waitFor();
    await fleetRow("Third Ltd").getByText("1 behind").waitFor({ timeout: 30_000 });
    await inspect(page, "fleet");
    await page.getByLabel("Updates", { exact: true }).selectOption("behind");
    await until("two are behind", async () => (await page.locator("#fleet tbody tr").count()) === 2);
    await page.getByLabel("Updates", { exact: true }).selectOption("failed");
    await until("one failed", async () => (await page.locator("#fleet tbody tr").count()) === 1);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await fleetRow("Third Ltd").getByRole("link").click();
    await page.locator("#updates").getByText("Missed its window").waitFor();
    await page.locator("#updates").getByText("a node was not healthy").waitFor();
  });

  await stage.step("what replaces it makes who took it up to date, and who was told of neither has said nothing", async () => {
    await release(kSecond, "2.1", "1.0", "2.0");
    await mission.cli("update", "offer", kSecond, "--ring", "1");
    const lag = async (who) => (await mission.cli("installation", "list")).items.find((each) => each.id === who.id).updates;
    assert.deepEqual(await lag(fleet[0]), { ring: 1, offered: 2, behind: 0, failed: 0, untold: 1 });
    await tell(fleet[0], "update.ended", { outcome: "done" }, kSecond);
    assert.deepEqual(await lag(fleet[0]), { ring: 1, offered: 2, behind: 0, failed: 0, untold: 0 });
  });

  await stage.step("an installation goes to the first ring from its page, which says what it is offered then", async () => {
    await page.locator("#updates").getByText("In ring 9").waitFor();
    await page.getByRole("button", { name: "Change the ring…" }).click();
    await page.locator("#updates").getByLabel("Ring").selectOption("1");
    await page.locator("#updates").getByText("Third Ltd goes to ring 1. prometheus 2.1 is offered to it from then on.").waitFor();
    await inspect(page, "ring");
    await page.locator("#updates").getByRole("button", { name: "Change it" }).click();
    await page.locator("#updates").getByText("In ring 1").waitFor();
    await page.locator("#updates").getByRole("link", { name: "prometheus 2.1" }).waitFor();
    assert.equal((await mission.cli("installation", "show", fleet[2].id)).updates.ring, 1);
  });

  await stage.step("taken back to nobody: said what that does, and done", async () => {
    await nav(page, "Updates");
    await row(kSecond).getByRole("button", { name: "Other ring…" }).click();
    await row(kSecond).getByLabel("Up to ring").selectOption("0");
    await row(kSecond).getByText("prometheus 2.1 is offered to nobody: 2 installations are not offered it any more.").waitFor();
    await row(kSecond).getByRole("button", { name: "Take it back" }).click();
    await row(kSecond).getByText("Offered to nobody").waitFor();
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("a viewer sees all of it, is offered nothing that changes something, and is refused it", async () => {
    const viewer = await atMissionControl(browser, mission, "vera", "viewer");
    await nav(viewer, "Updates");
    await viewer.locator("#published").getByText("Offered to all", { exact: true }).waitFor();
    assert.equal(await viewer.locator(".roll-out").count(), 0);
    await viewer.getByRole("link", { name: "Who has not taken prometheus 2.0" }).click();
    await viewer.locator("#told").getByText("node b: exit status 1").waitFor();
    assert.equal(await viewer.locator(".roll-out").count(), 0);
    await viewer.locator("#told").getByRole("link", { name: "Second Ltd" }).click();
    await viewer.locator("#updates").getByText("In ring 9").waitFor();
    assert.equal(await viewer.getByRole("button", { name: "Change the ring…" }).count(), 0);
    assert.deepEqual(viewer.troubles, []);
    const client = new Client({ port: mission.adminPort, ca: mission.adminCa });
    stage.own({ name: "client", stop: () => client.close() });
    const origin = { Origin: urlOf(mission) };
    assert.equal((await client.send("POST", "/api/v1/sign-in", { name: "vera", password: kInvitedPassword }, origin)).status, 200);
    const update = `/api/v1/updates/${kFirst}`;
    for (const [method, path, body] of [["POST", `${update}/offer`, { ring: 0 }], ["POST", `${update}/suspend`, { why: "x" }], ["POST", `${update}/resume`, {}], ["PUT", `/api/v1/installations/${fleet[1].id}/ring`, { ring: 1 }]]) {
      const refused = await client.send(method, path, body, origin);
      assert.deepEqual([refused.status, refused.json.code], [403, "rank"], `${method} ${path}`);
    }
    assert.deepEqual([(await offered(kFirst)).ring, (await offered(kFirst)).suspended], [9, null]);
  });
}, 300_000);
