// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Each visit is a distinct event that can be read back: its opening, each exchange, its end with sums that fit. And what opens doors, the
// cookie and the pass, stands nowhere in what is kept.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /state", "GET /big" ] }
  state.write:
    title: Change
    class: write
    operations: [ "PUT /state" ]
never: [ "ANY /secret" ]
`;

const answer = (request, response) => {
  if (request.method === "PUT") return request.resume().on("end", () => response.writeHead(204).end());
  response.end(request.url === "/big" ? Buffer.alloc(200_000, "b") : "well\n");
};

const filesBelow = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    return found.isDirectory() ? filesBelow(path) : found.isFile() ? [path] : [];
  });

story("a visit is recorded from its opening to its end, and no secret is", async (stage) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.read", "state.write"]);
  const alice = await gateway.signIn("alice");
  const answers = [];
  const ours = {};
  const ask = async (path, options) => {
    const got = await alice.fetch(path, options);
    answers.push({ method: options?.method ?? "GET", path, status: got.status, event: got.event, bytes: got.body.length });
    return got;
  };
  let events;

  await stage.step("a visit: reads, a change, three refusals", async () => {
    await ask("/state?token=asked-with-this");
    await ask("/big");
    await ask("/state", { method: "PUT", body: "new state", headers: { "Content-Type": "text/plain" } });
    await ask("/secret");
    await ask("/nothing");
    await ask("/state/../secret");
    assert.deepEqual(answers.map((one) => one.status), [200, 200, 204, 403, 403, 400]);
  });

  await stage.step("its figures are in the list while it lasts", async () => {
    const sums = { exchanges: 3, refused: 3, request_bytes: "new state".length, response_bytes: 200_000 + "well\n".length };
    const began = performance.now();
    await until("the list has them all", async () => {
      const [session] = (await gateway.cli("session", "list")).items;
      return session?.state === "active" && Object.entries(sums).every(([key, sum]) => session[key] === sum);
    });
    stage.say(`the list was up to date ${(performance.now() - began).toFixed(0)} ms after the last answer`);
    const shown = await gateway.cli("session", "show", alice.session);
    assert.deepEqual(Object.fromEntries(Object.keys(sums).map((key) => [key, shown[key]])), sums);
  });

  await stage.step("she signs out", async () => {
    ours["session.opened"] = (await alice.fetch("/.postern/api/session")).event;
    const left = await alice.send("POST", "/.postern/sign-out", {});
    assert.equal(left.status, 204);
    ours["session.ended"] = left.event;
  });

  await stage.step("its events are in order, from session.opened to session.ended", async () => {
    events = await until("the end is in the log", async () => {
      const found = (await gateway.events("--session", alice.session)).sort((a, b) => a.index - b.index);
      return found.some((event) => event.type === "session.ended") && found.filter((event) => event.type === "exchange.completed").length === 3 && found;
    });
    assert.deepEqual(events.slice(0, 2).map((event) => event.type).sort(), ["pass.used", "session.opened"]);
    assert.equal(events.at(-1).type, "session.ended");
    for (let i = 1; i < events.length; ++i) assert.ok(events[i].time >= events[i - 1].time, "time goes backwards");
    assert.ok(events.every((event) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(event.id) && event.session === alice.session));
    const count = (type) => events.filter((event) => event.type === type).length;
    assert.deepEqual([count("exchange.forwarded"), count("exchange.completed"), count("exchange.refused")], [3, 3, 3]);
  });

  await stage.step("Postern-Event of each answer names its event", async () => {
    for (const one of answers) {
      const event = events.find((candidate) => candidate.id === one.event);
      assert.ok(event, `${one.method} ${one.path}: ${one.event} is not among the session's events`);
      assert.equal(event.detail.method, one.method);
      assert.equal(event.type, one.status < 400 ? "exchange.forwarded" : "exchange.refused");
    }
    for (const [type, id] of Object.entries(ours)) assert.equal(events.find((event) => event.id === id)?.type, type);
    const codes = events.filter((event) => event.type === "exchange.refused").map((event) => event.detail.code);
    assert.deepEqual(codes, ["never", "operation_not_listed", "target_not_canonical"]);
  });

  await stage.step("the sums of the ending are those of the exchanges", async () => {
    const ended = events.at(-1).detail;
    const completed = events.filter((event) => event.type === "exchange.completed").map((event) => event.detail);
    const sum = (key) => completed.reduce((total, detail) => total + detail[key], 0);
    assert.equal(ended.reason, "signed_out");
    assert.deepEqual(
      { exchanges: ended.exchanges, refused: ended.refused, request: ended.request_bytes, response: ended.response_bytes },
      { exchanges: 3, refused: 3, request: sum("request_bytes"), response: sum("response_bytes") },
    );
    assert.deepEqual([sum("request_bytes"), sum("response_bytes")], ["new state".length, 200_000 + "well\n".length]);
    assert.ok(ended.duration_us > 0);
  });

  await stage.step("the visit is exported as HAR", async () => {
    const har = JSON.parse((await gateway.plainCli("session", "export", alice.session, "--format", "har")).stdout);
    assert.equal(har.log.version, "1.2");
    assert.ok(har.log.creator.name && har.log.creator.version);
    assert.equal(har.log.entries.length, 6);
    for (const entry of har.log.entries) {
      assert.ok(!Number.isNaN(Date.parse(entry.startedDateTime)));
      assert.equal(typeof entry.time, "number");
      for (const key of ["method", "url", "httpVersion"]) assert.equal(typeof entry.request[key], "string");
      for (const key of ["cookies", "headers", "queryString"]) assert.ok(Array.isArray(entry.request[key]), `request.${key}`);
      for (const key of ["status", "headersSize", "bodySize"]) assert.equal(typeof entry.response[key], "number");
      assert.equal(typeof entry.response.statusText, "string");
      assert.equal(typeof entry.response.content.size, "number");
      for (const key of ["send", "wait", "receive"]) assert.equal(typeof entry.timings[key], "number");
      assert.ok(entry.cache);
    }
    assert.deepEqual(har.log.entries.map((entry) => entry.response.status).sort(), [200, 200, 204, 400, 403, 403]);
  });

  await stage.step("neither the cookie nor the pass is in any file that is kept, nor in what the gateway said", async () => {
    const secrets = { cookie: alice.secret, pass: alice.pass, "signature of the pass": alice.pass.split(".").pop() };
    const state = join(gateway.folder, "state");
    const files = filesBelow(state);
    assert.ok(files.length > 0);
    const journal = Buffer.concat(files.map((file) => readFileSync(file)));
    assert.ok(journal.includes(alice.session), "these are the files that hold the visit");
    for (const [what, secret] of Object.entries(secrets)) {
      assert.ok(secret.length > 20, what);
      assert.ok(!journal.includes(secret), `the ${what} is in ${state}`);
      assert.ok(!gateway.log.includes(secret), `the ${what} is in what the gateway said`);
    }
  });
});

const restarting = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ GET /state ] }
  state.write: { title: Restart it, class: write, operations: [ GET /restart ] }
`;

story("what changes something is not done in an engineer's name by another site, whatever its method", async (stage) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: restarting }));
  await gateway.admit("alice", ["state.read", "state.write"]);
  const alice = await gateway.signIn("alice");
  const seen = () => component.seen.filter((one) => one === "GET /restart").length;
  const link = (site) => ({ headers: { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" } });

  await stage.step("a link or a picture on another page", async () => {
    for (const site of ["cross-site", "same-site"]) {
      const refused = await alice.fetch("/restart", link(site));
      assert.deepEqual([refused.status, refused.json.code], [403, "cross_site"]);
    }
    const refused = await alice.fetch("/restart", { headers: { Origin: "https://elsewhere.example" } });
    assert.deepEqual([refused.status, refused.json.code], [403, "cross_site"]);
    assert.equal(seen(), 0);
    await until("it is in the log", async () => (await gateway.events("--type", "exchange.refused")).filter((event) => event.detail.code === "cross_site").length === 3);
  });

  await stage.step("but by themselves, on the component's own pages, and with a program", async () => {
    for (const options of [link("none"), link("same-origin"), {}]) assert.equal((await alice.fetch("/restart", options)).status, 200);
    assert.equal(seen(), 3);
  });

  await stage.step("and another page may lead to what only reads", async () => {
    assert.equal((await alice.fetch("/state", link("cross-site"))).status, 200);
  });
});
