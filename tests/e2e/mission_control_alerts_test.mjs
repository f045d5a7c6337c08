// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong in the fleet is an alert: seen at the page while it is looked at, taken on by an operator, known on the command line, and
// over when it is over. A viewer takes on nothing.
import assert from "node:assert/strict";
import { violations } from "./lib/accessible.mjs";
import { atMissionControl, Browser, look } from "./lib/browser.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { story, until } from "./lib/story.mjs";

const kWaits = 60_000; // alerts are looked for every 15 seconds

// Their page, at the fleet.
const atFleet = async (browser, mission, name, role) => {
  const page = await atMissionControl(browser, mission, name, role);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Fleet" }).click();
  return page;
};

story("what is wrong in the fleet is an alert, and somebody takes it on", async (stage) => {
  const mission = stage.own(await MissionControl.start({ configure: (text) => `${text}second_factor: optional\n` }));
  const one = stage.own(Object.assign(await mission.enrolled("Full Ltd"), { name: "one", stop() { this.close(); } }));
  const browser = stage.own(await Browser.start());
  const operator = await atFleet(browser, mission, "ole", "operator");
  const viewer = await atFleet(browser, mission, "vera", "viewer");
  const tell = (warnings) => one.send(one.report("health", { nodes: [{ service: "a", state: "up" }], warnings }));

  await stage.step("a disk at its threshold appears without being asked for", async () => {
    await operator.getByRole("link", { name: "Full Ltd" }).waitFor();
    assert.equal((await mission.cli("alert", "list")).items.length, 0);
    assert.match((await mission.plainCli("alert", "list")).stdout, /Nothing is wrong/);
    assert.equal((await tell([{ of: "gateway", resource: "host.disk", value: 93, unit: "%" }])).status, 200);
    const alerts = operator.locator("#alerts");
    await alerts.getByText("host.disk is at its threshold (93 %)").waitFor({ timeout: kWaits });
    await alerts.getByRole("link", { name: "Full Ltd" }).waitFor();
    assert.deepEqual(await violations(operator), []);
    await look(operator, "alerts-fleet");
    await until("it is an event", async () => (await mission.events(one.id)).some((event) => event.type === "alert.fired"));
    assert.match((await mission.plainCli("alert", "list")).stdout, /warning +firing .* resource +host\.disk is at its threshold/);
  });

  await stage.step("an operator takes it on, and everybody sees who has it", async () => {
    await viewer.locator("#alerts").getByText("host.disk").waitFor({ timeout: kWaits });
    assert.equal(await viewer.locator("#alerts").getByRole("button").count(), 0, "a viewer is offered nothing");
    await operator.locator("#alerts").getByRole("button", { name: /^Take it on/ }).click();
    await viewer.locator("#alerts").getByText("taken on by ole").waitFor({ timeout: kWaits });
    const [alert] = (await mission.cli("alert", "list")).items;
    assert.deepEqual([alert.state, alert.by], ["acknowledged", "person:ole"]);
    assert.equal((await mission.tryCli("alert", "acknowledge", alert.id)).code, 1, "once");
    assert.equal((await mission.cli("acts", "--type", "alert")).items[0].actor, "person:ole");
    await operator.locator("#alerts").getByRole("link", { name: "Full Ltd" }).click();
    await operator.locator("#alerts").getByText("host.disk").waitFor();
    await look(operator, "alerts-installation");
  });

  await stage.step("a severe event is another one", async () => {
    await one.send(one.report("event", { type: "log.witness_refused", severity: "severe" }));
    await operator.locator("#alerts").getByText("log.witness_refused").waitFor({ timeout: kWaits });
    await operator.locator("#alerts").getByText("Severe", { exact: true }).waitFor();
    assert.equal((await mission.cli("alert", "list", "--installation", one.id)).items.length, 2);
  });
});
