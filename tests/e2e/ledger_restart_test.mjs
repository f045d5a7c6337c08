// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ledger is killed under load, again and again: it comes back by itself, sessions and permissions are as they were, and whatever was
// acknowledged or reached the component is in the log.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const kKills = 6;
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /r/**] }
  any.write: { title: Write, class: write, operations: [POST /w/**] }
  spare: { title: Spare, class: read, operations: [GET /spare] }
`;

story("the ledger is killed under load, and nothing acknowledged is lost", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end(request.url))));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const ledger = async () => (await gateway.tryCli("status")).json?.roles.find((role) => role.name === "ledger");

  let loading = true;
  let last = 0;
  const answered = new Map(); // event id -> target
  const tally = { 200: 0, 503: 0, broken: 0 };
  const visitor = async () => {
    while (loading) {
      const id = ++last;
      const [method, target] = id % 2 === 0 ? ["GET", `/r/${id}`] : ["POST", `/w/${id}`];
      const answer = await alice.fetch(target, { method }).catch(() => undefined);
      if (!answer) {
        ++tally.broken;
        continue;
      }
      if (answer.status === 200) {
        assert.equal(answer.text, target, "the answer to what was asked");
        answered.set(answer.event, target);
      } else {
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.json.code, "log_unavailable");
      }
      ++tally[answer.status];
    }
  };

  const settings = []; // what an admin was told is so
  await stage.step("killed under load", async () => {
    const load = Promise.all(Array.from({ length: 8 }, visitor));
    try {
      for (let kill = 1; kill <= kKills; ++kill) {
        const before = answered.size;
        const setting = kill % 2 === 0 ? "on" : "off";
        if ((await gateway.tryCli("capability", "set", "spare", setting)).code === 0) settings.push(setting);
        const { pid, restarts } = await until("the ledger runs", async () => {
          const role = await ledger();
          return role?.state === "running" && role;
        }, 60_000);
        killIfAlive(pid, "SIGKILL");
        await until("the ledger is back", async () => {
          const role = await ledger();
          return role?.state === "running" && role.restarts > restarts;
        }, 60_000);
        await until("requests are answered again", () => answered.size > before + 20, 60_000);
      }
    } finally {
      loading = false;
      await load;
    }
    stage.say(JSON.stringify(tally));
    assert.equal(tally.broken, 0, "no connection of a client was dropped for it");
  });

  await stage.step("sessions and permissions are as they were", async () => {
    assert.equal((await alice.fetch("/r/after")).status, 200);
    const sessions = (await gateway.cli("session", "list")).items;
    assert.deepEqual(sessions.map((session) => session.state), ["active"]);
    const spare = (await gateway.cli("capability", "list")).items.find((item) => item.name === "spare");
    assert.equal(spare.setting, settings.at(-1));
  });

  await stage.step("what was acknowledged, or reached the component, is in the log", async () => {
    const events = readJournal(gateway);
    const forwarded = new Map(events.filter((event) => event.type === "exchange.forwarded").map((event) => [event.id, event.detail.target]));
    for (const [id, target] of answered) assert.equal(forwarded.get(id), target);
    const recorded = new Set(forwarded.values());
    assert.deepEqual(component.seen.map((line) => line.split(" ")[1]).filter((target) => !recorded.has(target)), []);
    assert.equal(forwarded.size, recorded.size, "no event stands there twice");
    assert.ok(events.filter((event) => event.type === "permission.changed" && event.detail.name === "spare").length >= settings.length - 1);
  });
  alice.close();
});
