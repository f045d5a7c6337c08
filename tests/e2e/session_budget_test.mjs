// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A session may receive so many bytes: it is said, then an admin is asked, then it is over, whoever of the gateway is started anew.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { story, until } from "./lib/story.mjs";

const policy = "version: 1\ncapabilities:\n  any.read: { title: Read, class: read, operations: [GET /**] }\n";
const settings = "workers: 2\nsessions: { response_bytes: {warn: 64KiB, hold: 256KiB, cut: 1MiB} }\n";
const kKiB = 1024;

story("a session receives so much and no more", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => {
    if (request.url !== "/endless") return response.end("x".repeat(Number(request.url.slice(1)) * kKiB));
    const more = () => {
      while (response.write("y".repeat(16 * kKiB)));
    };
    response.on("drain", more);
    more();
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + settings }));
  await gateway.admit("alice", ["any.read"]);
  const alice = await gateway.signIn("alice");
  const events = (type) => readJournal(gateway).filter((event) => event.type === type);

  await stage.step("it is said", async () => {
    assert.equal((await alice.fetch("/63")).status, 200);
    assert.equal(events("session.budget_warned").length, 0);
    assert.equal((await alice.fetch("/1")).status, 200);
    await until("there is an event", () => events("session.budget_warned").length === 1);
    const [{ session, subject, detail }] = events("session.budget_warned");
    assert.deepEqual({ session, subject, detail }, { session: alice.session, subject: "alice", detail: { engineer: "alice", response_bytes: 64 * kKiB, threshold: 64 * kKiB } });
  });

  await stage.step("each further call waits for an admin, who lets the session go on", async () => {
    assert.equal((await alice.fetch("/192")).status, 200);
    await until("there is an event", () => events("session.budget_held").length === 1);
    const waiting = alice.fetch("/10");
    const [hold] = await until("it waits", async () => (({ items }) => items.length === 1 && items)(await gateway.cli("hold", "list")));
    assert.equal(hold.because, "budget");
    assert.equal((await gateway.cli("session", "list")).items.find((one) => one.id === alice.session).budget, "held");
    await gateway.cli("hold", "pass", hold.id, "--for-session");
    assert.equal((await waiting).body.length, 10 * kKiB);
    assert.equal((await alice.fetch("/11")).status, 200);
  });

  await stage.step("a stream is cut where the session has had all of it", async () => {
    const response = await alice.open("/endless");
    let received = 0;
    response.on("data", (piece) => (received += piece.length)).on("error", () => {});
    await new Promise((resolve) => response.once("close", resolve));
    assert.equal(response.complete, false);
    await until("there is an event", () => events("session.budget_cut").length === 1);
    assert.equal(events("session.budget_cut")[0].severity, "severe");
    await until("it was measured", () => events("permission.applied").some((event) => event.subject === "alice" && event.detail.cut_exchanges === 1));
    const cut = events("exchange.completed").find((event) => event.outcome === "cut");
    assert.equal(cut.detail.cut_reason, "budget_spent");
    assert.equal(cut.detail.bytes_after_cut, 0);
    const most = 1024 * kKiB + 2 * (16 + 128 + 64) * kKiB; // what a worker may not have told yet, and what was under way
    assert.ok(received < most, `${received} bytes`);
  });

  const refused = async () => {
    const answer = await alice.fetch("/1");
    assert.equal(answer.status, 403);
    assert.equal(answer.json.code, "budget_spent");
  };
  await stage.step("no further call passes", refused);
  await stage.step("and none when ledger and enforcers were started anew", async () => {
    const before = (await gateway.cli("status")).roles.filter(({ name }) => /^(ledger|enforcer)/.test(name));
    for (const { pid } of before) process.kill(pid, "SIGKILL");
    await until("they run again", async () => {
      const { json } = await gateway.tryCli("status");
      return json?.log?.writable && json.roles.every((role) => role.state === "running" && !before.some(({ pid }) => pid === role.pid));
    }, 60_000);
    await until("they answer again", async () => (await alice.fetch("/1").catch(() => ({}))).status === 403);
    await refused();
  });

  await stage.step("others are not concerned", async () => {
    await gateway.admit("bob");
    const bob = await gateway.signIn("bob");
    assert.equal((await bob.fetch("/1")).status, 200);
    bob.close();
  });
  alice.close();
});
