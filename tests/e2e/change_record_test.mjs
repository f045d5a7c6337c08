// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a write changed stands in the log, with what was there before: for a real Alertmanager, whose silences are a list, and for a
// component whose documents are put where they are read, so that the call that undoes it is known.
import assert from "node:assert/strict";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const silences = `version: 1
capabilities:
  silences.write:
    title: Silence alerts
    class: write
    operations: [ { call: POST /alertmanager/api/v2/silences, before: GET /alertmanager/api/v2/silences } ]
`;

const changed = (gateway, forwarded) =>
  until("the change is in the log", async () =>
    (await gateway.events("--type", "exchange.changed")).find((event) => event.detail.forwarded === forwarded));

story("a silence that an engineer creates stands in the log as a change", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: silences }));
  await gateway.admit("alice", ["silences.write"]);
  const alice = await gateway.signIn("alice");
  const now = Date.now();
  const silence = {
    matchers: [{ name: "alertname", value: "TargetDown", isRegex: false }],
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 3_600_000).toISOString(),
    createdBy: "alice",
    comment: "while we look",
  };
  const answer = await alice.send("POST", "/alertmanager/api/v2/silences", silence);
  assert.equal(answer.status, 200);
  const { detail } = await changed(gateway, answer.event);
  assert.equal(detail.read, "/alertmanager/api/v2/silences");
  assert.equal(detail.patch.length, 1);
  assert.equal(detail.patch[0].op, "add");
  assert.equal(detail.patch[0].value.comment, "while we look");
  assert.notEqual(detail.before_sha256, detail.after_sha256);
  const readings = (await gateway.events("--type", "exchange.forwarded")).filter((event) => event.detail.part_of === answer.event);
  assert.deepEqual(readings.map((event) => [event.detail.method, event.detail.class]), [["GET", "read"], ["GET", "read"]]);
});

const orders = `version: 1
capabilities:
  orders.write:
    title: Change orders
    class: write
    operations:
      - { call: "PUT /orders/{id}", before: "GET /orders/{id}" }
      - { call: "DELETE /orders/{id}", before: "GET /orders/{id}" }
      - { call: "PUT /secret/{id}", before: "GET /keys/{id}" }
never: [ "ANY /keys/**" ]
`;

story("a change is listed with the call that undoes it", async (stage) => {
  const documents = new Map([["/orders/7", { state: "open", lines: [{ article: "A", count: 1 }] }]]);
  const component = stage.own(
    await LittleComponent.start((request, response) => {
      let body = "";
      request.on("data", (piece) => (body += piece));
      request.on("end", () => {
        if (request.method === "PUT") documents.set(request.url, JSON.parse(body));
        if (request.method === "DELETE") documents.delete(request.url);
        const found = documents.get(request.url);
        if (request.method === "GET" && !found) return response.writeHead(404).end();
        response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(found ?? {}));
      });
    }),
  );
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: orders }));
  await gateway.admit("alice", ["orders.write"]);
  const alice = await gateway.signIn("alice");
  const old = { state: "open", lines: [{ article: "A", count: 1 }] };
  let first;

  await stage.step("a replaced value, with the old one and what would put it back", async () => {
    first = await alice.send("PUT", "/orders/7", { state: "closed", lines: [{ article: "A", count: 1 }] });
    assert.equal(first.status, 200);
    const { detail } = await changed(gateway, first.event);
    assert.deepEqual(detail.patch, [{ op: "replace", path: "/state", old: "open", value: "closed" }]);
    assert.deepEqual(detail.undo, { method: "PUT", target: "/orders/7", body: old });
  });

  await stage.step("undone by that call, the component is as it was", async () => {
    const { undo } = (await changed(gateway, first.event)).detail;
    await alice.send(undo.method, undo.target, undo.body);
    assert.deepEqual(documents.get("/orders/7"), old);
  });

  await stage.step("a document that is gone is said to be gone", async () => {
    const answer = await alice.fetch("/orders/7", { method: "DELETE" });
    const { detail } = await changed(gateway, answer.event);
    assert.match(detail.why, /after: it answered 404/);
    assert.deepEqual(detail.undo.body, old);
  });

  await stage.step("what never may be reached is not read either", async () => {
    const before = component.seen.length;
    assert.equal((await alice.send("PUT", "/secret/1", {})).status, 200);
    assert.deepEqual(component.seen.slice(before), ["PUT /secret/1"]);
  });

  await stage.step("session show and session export list them", async () => {
    const shown = await until("they are in the index", async () => {
      const session = await gateway.cli("session", "show", alice.session);
      return session.changes?.length === 3 && session;
    });
    assert.deepEqual(shown.changes[0].undo.body, old);
    assert.match((await gateway.plainCli("session", "show", alice.session)).stdout, /replace \/state  was "open"  is "closed"/);
    const exported = JSON.parse((await gateway.plainCli("session", "export", alice.session)).stdout);
    assert.equal(exported.changes.length, 3);
    assert.equal(exported.events.filter((event) => event.type === "exchange.changed").length, 3);
  });
});
