// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// tests/strictness/cases.json against the whole gateway: each case as the first and as the second request of a connection. What is refused
// is refused with its code and an event and never reaches the component; what is accepted reaches it with one meaning.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Gateway, root } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { story, until } from "./lib/story.mjs";
import { RawComponent, WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**, OPTIONS /**, { call: "GET /", body: {} }] }
  any.write: { title: Write, class: write, operations: [POST /**, PUT /**, PATCH /**, DELETE /**] }
`;
const statusOf = { target_too_long: 414, head_too_large: 431, expectation_not_supported: 417, operation_not_listed: 403 };

// Of README.md beside the cases.
const repeat = (raw) => raw.replace(/<(.+?)\*(\d+)>/s, (_, text, times) => text.repeat(Number(times)));
const bytesOf = (raw, cookie) => {
  // With the session's cookie wherever a head could carry it: nothing but the request's form stands between it and the component.
  const expanded = repeat(raw).replaceAll("HOST", "localhost");
  return Buffer.from(expanded.replaceAll(/(\r\nHost:[^\r\n]*\r\n)/gi, `$1Cookie: ${cookie}\r\n`), "latin1");
};

const codeOf = (answer) => answer && answer.status >= 400 && JSON.parse(answer.body.toString()).code;

story("every request is refused before the component sees it, or means one thing", async (stage) => {
  const cases = JSON.parse(readFileSync(join(root, "tests/strictness/cases.json"), "utf8")).filter((one) => !one.needs);
  assert.ok(cases.length >= 150, `${cases.length} cases`);
  const component = stage.own(await RawComponent.start((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")));
  const gateway = stage.own(await Gateway.start({ services: { any: component.url }, policy }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const plain = `GET /plain HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n\r\n`;
  const refusals = new Map();  // event id -> case

  // Sends the case, perhaps behind a plain request, and gives the answers to the case.
  const ask = async (one, second) => {
    const client = await WireClient.connect(gateway);
    try {
      if (second) {
        client.send(plain);
        assert.equal((await client.response()).status, 200);
      }
      const reached = component.requests.length;
      client.send(bytesOf(one.raw, alice.cookie));
      const answers = [];
      const enough = () => (one.expect === "refuse" ? codeOf(answers.at(-1)) === one.code : answers.length === (one.requests ?? 1));
      while (!enough()) {
        const answer = await client.response(one.method);
        if (!answer) break;
        answers.push(answer);
      }
      return { answers, reached: component.requests.slice(reached) };
    } finally {
      client.close();
    }
  };

  const mustRefuse = async (one, second) => {
    const { answers, reached } = await ask(one, second);
    const what = `${one.name}${second ? ", second on its connection" : ""}`;
    const last = answers.at(-1);
    assert.ok(last, `${what}: answered`);
    assert.equal(codeOf(last), one.code, what);
    assert.equal(last.status, statusOf[one.code] ?? 400, what);
    assert.match(last.headers["postern-event"] ?? "", /^[0-9A-Z]{26}$/, what);
    refusals.set(last.headers["postern-event"], one);
    // What stands before the refused request on its connection was answered; nothing else has reached the component.
    assert.equal(reached.length, answers.filter((answer) => answer.status === 200).length, `${what}: nothing reaches the component`);
  };

  const mustAccept = async (one, second) => {
    const { answers, reached } = await ask(one, second);
    const what = `${one.name}${second ? ", second on its connection" : ""}`;
    assert.equal(answers.length, one.requests ?? 1, what);
    for (const answer of answers) assert.equal(answer.status, 200, `${what}: ${answer.body}`);
    assert.equal(reached.length, answers.length, what);
    if (one.method) assert.equal(reached[0].method, one.method, what);
    if (one.target) assert.equal(reached[0].target, one.target, what);
    if (one.body !== undefined) assert.equal(reached[0].body.toString("latin1"), one.body, what);
    assert.ok(!("cookie" in reached[0].headers) || !reached[0].headers.cookie.includes("__Host-postern"), `${what}: our cookie stays here`);
  };

  for (const second of [false, true]) {
    const place = second ? "second" : "first";
    await stage.step(`refused as the ${place} request`, async () => {
      for (const one of cases.filter((each) => each.expect === "refuse")) await mustRefuse(one, second);
    });
    await stage.step(`accepted as the ${place} request`, async () => {
      for (const one of cases.filter((each) => each.expect === "accept")) await mustAccept(one, second);
    });
  }

  await stage.step("every refusal is an event", async () => {
    // A body that turned out to be wrong was recorded as a request before that: then its end says that nothing was sent.
    const told = () => {
      const ends = new Map();
      for (const event of readJournal(gateway)) {
        if (event.type === "exchange.refused") ends.set(event.id, event.detail.code);
        if (event.type === "exchange.completed") ends.set(event.detail.forwarded, event.detail.outcome);
      }
      return ends;
    };
    const ends = await until("all are in the log", () => {
      const found = told();
      return [...refusals.keys()].every((id) => found.has(id)) && found;
    });
    for (const [id, one] of refusals) assert.ok([one.code, "not_forwarded"].includes(ends.get(id)), `${one.name}: ${ends.get(id)}`);
  });
  alice.close();
}, 900_000);
