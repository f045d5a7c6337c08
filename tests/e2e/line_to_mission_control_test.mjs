// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Both ends of the line as they are installed: a gateway, a proxy that asks who it is, and Mission Control. Enrolled, told what an
// admin shares, cut off in every way, and retired: each event is there once, in order, and what was sent stands in the gateway's copies.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { Squid } from "./lib/squid.mjs";
import { story, until } from "./lib/story.mjs";

const password = "through the proxy";

story("an installation reports to Mission Control, whatever happens on the way", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const squid = stage.own(await Squid.start("digest", { password }));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n` +
    `  proxy: { url: ${squid.url}, user: gateway, password_file: proxy-password }\n`;
  const secrets = { "mission-root.pem": mission.ca.toString(), "proxy-password": `${password}\n` };
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets, configure }));
  const link = () => gateway.cli("link", "show");
  const linkIs = (state) => until(`the line is ${state}`, async () => (await link()).state === state, 60_000);
  const known = () => mission.cli("installation", "show", installation);
  // Types of the events that Mission Control was told, in the order in which they came.
  const told = async () => (await mission.events(installation)).filter((event) => event.by === "installation").map((event) => event.body).reverse();
  const toggle = async (mode) => gateway.cli("remote-access", "set", mode);
  // mark: the outcome of the switch is what tells one from another.
  const modes = async () => (await told()).filter((body) => body.type === "permission.changed").map((body) => body.outcome);
  let installation;

  await stage.step("a code that the vendor did not give lets nobody in", async () => {
    const refused = await gateway.tryCli("link", "enrol", "00000-00000-00000-00000");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the code never was one, or was used/);
    const event = await until("it is an event", async () => (await gateway.events("--type", "link.enrolment_failed"))[0]);
    assert.equal(event.detail.code, "enrolment_code_wrong");
  });

  await stage.step("the vendor's code does, and both sides know each other", async () => {
    const shown = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
    installation = shown.installation;
    await linkIs("up");
    assert.equal((await link()).customer, "Example Ltd");
    await until("it is up there, and has said who it is", async () => {
      const one = await known();
      return one.state === "up" && one.reports?.registration?.body?.nodes === 1;
    }, 30_000);
    assert.deepEqual((await gateway.cli("link", "check")).steps.map((step) => step.ok), Array(6).fill(true));
  });

  await stage.step("no event is told until an admin shares them", async () => {
    await toggle("all");
    assert.deepEqual((await gateway.cli("sharing", "list")).items.map((one) => [one.name, one.setting]), [["health", "off"], ["usage", "off"], ["events", "off"], ["tunnel", "off"], ["requests", "off"], ["updates", "off"], ["proposals", "off"]]);
    await gateway.cli("sharing", "set", "events", "on");
    await toggle("off");
    await until("it is told", async () => (await modes()).length === 1, 30_000);
    assert.deepEqual(await modes(), ["off"]);
  });

  await stage.step("what happens while Mission Control is gone is told once it is back, each once and in order", async () => {
    await mission.crash();
    await until("the line is lost", async () => (await link()).state !== "up", 30_000);
    for (const mode of ["all", "off", "approved", "off"]) await toggle(mode);
    await mission.serve();
    await until("all of it is there", async () => (await modes()).length >= 5, 90_000);
    assert.deepEqual(await modes(), ["off", "all", "off", "approved", "off"]);
  });

  await stage.step("a gateway that is killed goes on where it was", async () => {
    await gateway.crash();
    await gateway.serve();
    await toggle("all");
    await until("it is told", async () => (await modes()).length >= 6, 90_000);
    assert.deepEqual(await modes(), ["off", "all", "off", "approved", "off", "all"]);
    const starts = (await told()).filter((body) => body.type === "gateway.started");
    assert.equal(starts.length, 1);
  });

  await stage.step("all that was sent stands in the copies here, and nothing else is known there", async () => {
    const copies = (await gateway.cli("link", "sent", "--limit", "500")).items.flatMap((item) => item.sent.reports);
    const sent = new Map(copies.map((report) => [report.id, report]));
    const there = (await mission.events(installation)).filter((event) => event.by === "installation");
    assert.ok(there.length >= 7);
    for (const event of there) assert.deepEqual(sent.get(event.id)?.body, event.body, event.id);
    const text = readFileSync(join(gateway.folder, "state/sent/current.jsonl"), "utf8");
    assert.ok(!/uid|admin:|actor/.test(text), "who did it is not told");
  });

  await stage.step("what is no longer shared is not told", async () => {
    await gateway.cli("sharing", "set", "events", "off");
    const before = (await modes()).length;
    await toggle("off");
    const sent = async () => (await link()).reports.sent;
    const last = await sent();
    await until("a sign of life came since", async () => (await sent()) !== last, 60_000);
    assert.equal((await modes()).length, before);
  });

  await stage.step("the vendor ends it, and the gateway says so and goes on", async () => {
    await mission.cli("installation", "retire", installation);
    await until("it is told that it was retired", async () => (await link()).code === "installation_retired", 60_000);
    assert.equal((await gateway.cli("status")).roles.every((role) => role.state === "running"), true);
  });
});
