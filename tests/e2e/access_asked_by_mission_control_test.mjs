// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A person of the vendor's asks a customer for access on behalf of an engineer, as both ends are installed: not taken while nobody
// switched that on, an access request like any other once somebody has, and where it stands is known at Mission Control whatever dies
// in between.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

story("access that Mission Control asks for is the customer's to give", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
  await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
  const ask = (...more) =>
    mission.cli("request", "new", installation, "--engineer", "alice", "--capability", "little.read", "--reason", "disk alert", "--ticket", "SUP-7", "--duration", "2h", ...more);
  const stands = (id) => mission.cli("request", "show", id);
  const becomes = (id, state) => until(`it is ${state} at Mission Control`, async () => {
    const one = await stands(id);
    return one.state === state && one;
  }, 60_000);
  const here = async () => (await gateway.cli("request", "list")).items;
  let asked;

  await stage.step("while nobody has switched that on nothing is taken, and Mission Control is told so", async () => {
    const { id } = await ask();
    const one = await becomes(id, "not_taken");
    assert.match(one.note, /switched on/);
    assert.deepEqual(await here(), []);
    const [event] = await gateway.events("--type", "request.not_taken");
    assert.equal(event.actor.startsWith("mission-control:"), true, event.actor);
  });

  await stage.step("switched on, it becomes an access request that says who asked, and both sides see that it waits", async () => {
    await gateway.cli("sharing", "set", "requests", "on");
    asked = (await ask()).id;
    const one = await becomes(asked, "pending");
    assert.match(one.note, /not known there/);
    const [request] = await here();
    assert.deepEqual([request.id, request.engineer, request.ticket, request.duration], [asked, "alice", "SUP-7", "2h"]);
    assert.match(request.asked_by, /^mission-control:/);
    assert.equal((await gateway.tryCli("request", "ask-back", asked, "--text", "why?")).code, 1);
  });

  await stage.step("approved, it says until when; the engineer works; revoked, it says that it is over", async () => {
    const alice = await gateway.admit("alice", ["little.read"]);
    await gateway.cli("capability", "set", "little.read", "ask");
    await gateway.cli("request", "approve", asked);
    const one = await becomes(asked, "approved");
    assert.ok(new Date(one.until) > Date.now() + 3_600_000, one.until);
    const grant = (await gateway.cli("grant", "list")).items.find((each) => each.request === asked);
    await gateway.cli("grant", "revoke", grant.id);
    assert.equal((await becomes(asked, "ended")).note, "revoked");
    void alice;
  });

  await stage.step("refused, the reason is at Mission Control; withdrawn there, it is withdrawn here", async () => {
    const refused = (await ask()).id, withdrawn = (await ask()).id;
    for (const id of [refused, withdrawn]) await becomes(id, "pending");
    await gateway.cli("request", "refuse", refused, "--reason", "not on a Friday");
    assert.equal((await becomes(refused, "refused")).note, "not on a Friday");
    await mission.cli("request", "withdraw", withdrawn);
    await becomes(withdrawn, "withdrawn");
    assert.equal((await gateway.cli("request", "show", withdrawn)).state, "withdrawn");
    assert.equal((await mission.tryCli("request", "withdraw", withdrawn)).code, 1);
    const acts = (await mission.cli("acts")).items.map((act) => act.type);
    assert.ok(acts.includes("request.made") && acts.includes("request.withdrawn"), acts.join());
  });

  await stage.step("decided while Mission Control is gone and the gateway's ledger dies, it is known all the same", async () => {
    const { id } = await ask();
    await becomes(id, "pending");
    await mission.crash();
    await gateway.cli("request", "refuse", id, "--reason", "later");
    const ledger = (await gateway.cli("status")).roles.find((role) => role.name === "ledger");
    killIfAlive(ledger.pid, "SIGKILL");
    await mission.serve();
    assert.equal((await becomes(id, "refused")).note, "later");
    assert.equal((await gateway.events("--type", "request.created")).length, 4, "each ask is one request");
  });
});
