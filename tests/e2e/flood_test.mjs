// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The engineers' listener is flooded, and neither its log nor whoever else is there suffers for it.
import assert from "node:assert/strict";
import net from "node:net";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const policy = "version: 1\ncapabilities:\n  any.read: { title: Read, class: read, operations: [GET /**] }\n";
const settings = `workers: 1
limits: {connections: 64, exchanges: 40, exchanges_per_session: 8}
`;

story("a flood at the engineers' listener stays there", async (stage) => {
  const waiting = new Set();
  const component = stage.own(await LittleComponent.start((request, response) => {
    if (request.url !== "/waits") return response.end("ok");
    waiting.add(response);
    response.on("close", () => waiting.delete(response));
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + settings }));
  await gateway.admit("alice", ["any.read"]);
  const alice = await gateway.signIn("alice");
  const events = (type) => readJournal(gateway).filter((event) => event.type === type);
  const adminAnswers = async () => {
    const admin = gateway.adminClient();
    assert.equal((await admin.fetch("/readyz")).status, 200);
    admin.close();
  };

  await stage.step("connections that say nothing make room for those that ask", async () => {
    const silent = new Set();
    const flood = setInterval(() => {
      for (let i = 0; i < 8; ++i) {
        const socket = net.connect(gateway.port, "127.0.0.1").on("error", () => {});
        silent.add(socket);
        socket.resume().once("close", () => silent.delete(socket));
      }
    }, 50);
    try {
      await until("every place is taken", () => silent.size >= 60);
      for (let i = 0; i < 5; ++i) {
        await adminAnswers();
        await until("somebody new is served", async () => {
          const client = gateway.client();
          client.cookie = alice.cookie;
          const answer = await client.fetch("/x").catch(() => undefined);
          client.close();
          return answer?.status === 200;
        });
      }
    } finally {
      clearInterval(flood);
      for (const socket of silent) socket.destroy();
    }
    await until("it is told, and not one by one", () => events("limit.reached").some((event) => event.subject === "connections" && event.detail.count > 10), 30_000);
  });

  await stage.step("a session's calls are so many at a time, and the others' are not concerned", async () => {
    const calls = Array.from({ length: 8 }, () => alice.fetch("/waits"));
    await until("all of them wait", () => waiting.size === 8);
    const [first, second] = [await alice.fetch("/x"), await alice.fetch("/x")];
    assert.deepEqual([first.status, first.json.code, first.headers["retry-after"]], [429, "limit_reached", "1"]);
    assert.equal(second.event, first.event, "the first one stands for it");
    const again = await gateway.signIn("alice");
    assert.equal((await again.fetch("/x")).status, 200, "another session");
    again.close();
    for (const response of waiting) response.end("at last");
    assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
    assert.equal((await alice.fetch("/x")).status, 200);
    await until("it is told", () => events("limit.reached").some(({ subject, session, detail }) => subject === "exchanges_per_session" && session === alice.session && detail.count === 1 && detail.first === first.event), 30_000);
  });

  await stage.step("too much at a time is said early, and the component sees nothing of it", async () => {
    const visitors = [];
    for (let i = 0; i < 5; ++i) visitors.push(await gateway.signIn("alice"));
    const calls = visitors.flatMap((visitor) => Array.from({ length: 8 }, () => visitor.fetch("/waits")));
    await until("all of them wait", () => waiting.size === 40);
    const seen = component.seen.length;
    const one = await WireClient.connect(gateway);
    for (let i = 0; i < 20; ++i) {
      one.send(`GET /x HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n\r\n`);
      const { status, headers, body } = await one.response();
      assert.deepEqual([status, headers["retry-after"], JSON.parse(body).code], [503, "1", "overloaded"]);
    }
    one.close();
    await adminAnswers();
    assert.equal(component.seen.length, seen);
    for (const response of waiting) response.end();
    await Promise.all(calls);
    assert.equal((await alice.fetch("/x")).status, 200);
    assert.equal(events("exchange.refused").filter((event) => event.detail.code === "overloaded").length, 1);
    for (const visitor of visitors) visitor.close();
  });

  await stage.step("who signs in in vain again and again is told to wait", async () => {
    const client = gateway.client();
    const codes = new Map();
    for (let i = 0; i < 250; ++i) {
      const answer = await client.send("POST", "/.postern/sign-in", { pass: "no pass" });
      codes.set(answer.json.code, (codes.get(answer.json.code) ?? 0) + 1);
    }
    client.close();
    assert.ok(codes.get("limit_reached") > 10, JSON.stringify([...codes]));
    assert.equal(events("session.refused").length, codes.get("sign_in_refused"));
  });
  alice.close();
});
