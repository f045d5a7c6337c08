// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component that is down, slow, lying or broken: the client is told with a code and an event, the connection is not used again, and
// nobody else notices.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { freePort, run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";
import { RawComponent, WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;
const timeouts = "timeouts: {component_connect: 3s, component_head: 3s, component_idle: 3s}\n";

const respond = (body, more = "") => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
const say = (text) => (socket) => socket.write(text, "latin1");
const sayAndClose = (text) => (socket) => socket.end(text, "latin1");

// What the component does -> the code that the client is told, or "cut": the answer had begun, so the connection is reset.
const misdeeds = {
  "never answers": [() => {}, "component_timeout"],
  "falls silent in the head": [say("HTTP/1.1 200 OK\r\nContent-"), "component_timeout"],
  "falls silent in the body": [say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun"), "cut"],
  "closes without an answer": [sayAndClose(""), "component_closed"],
  "resets without an answer": [(socket) => socket.resetAndDestroy?.() ?? socket.destroy(), "component_closed"],
  "closes in the head": [sayAndClose("HTTP/1.1 200 OK\r\nContent-Le"), "component_closed"],
  "promises more than it sends": [sayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun"), "cut"],
  "closes within chunks": [sayAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"), "cut"],
  "sends a chunk without a size": [say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbegun\r\n0\r\n\r\n"), "cut"],
  "sends a chunk longer than its size": [say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbegun\r\n0\r\n\r\n"), "cut"],
  "speaks another protocol": [say("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "component_malformed"],
  "sends noise": [(socket) => socket.write(Buffer.alloc(4096, "\x00\xff\r\n", "latin1")), "component_malformed"],
  "names both lengths": [say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "component_malformed"],
  "names two different lengths": [say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"), "component_malformed"],
  "names a negative length": [say("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n"), "component_malformed"],
  "puts a space before the colon": [say("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab"), "component_malformed"],
  "folds a line": [say("HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"), "component_malformed"],
  "ends lines with LF alone": [say("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), "component_malformed"],
  "changes the protocol unasked": [say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"), "component_malformed"],
  "sends interim answers without end": [say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(10_000)), "component_malformed"],
  "sends a head without end": [say(`HTTP/1.1 200 OK\r\n${`X-Filler: ${"a".repeat(1000)}\r\n`.repeat(1000)}`), "component_malformed"],
};

const statusOf = { component_timeout: 504, component_closed: 502, component_malformed: 502, component_unreachable: 502 };

story("a component that misbehaves harms nobody else", async (stage) => {
  let act;  // what the bad component does with the next request
  const bad = stage.own(await RawComponent.start((socket, request, n) => act(socket, request, n)));
  const good = stage.own(await RawComponent.start((socket) => socket.write(respond("well"))));
  const services = { bad: bad.url, good: good.url, down: `http://127.0.0.1:${await freePort()}` };
  const gateway = stage.own(await Gateway.start({ services, policy, configure: (text) => text + timeouts }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");

  const ask = async (client, target, { method = "GET", body = "" } = {}) => {
    const length = method === "GET" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    client.send(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n${length}\r\n${body}`);
    return client.response(method);
  };
  // With a connection of its own; what came of an answer that was reset counts as incomplete.
  const askOnce = async (target, options) => {
    const client = await WireClient.connect(gateway);
    try {
      return await ask(client, target, options);
    } finally {
      client.close();
    }
  };
  const completed = (id) =>
    until(`the exchange of ${id} is summed up`, () => readJournal(gateway).find((event) => event.type === "exchange.completed" && event.detail.forwarded === id));
  const goodGoesOn = async () => assert.equal((await askOnce("/good/")).body.toString(), "well");

  await stage.step("each misdeed has its code and its event, and ends the connection", async () => {
    for (const [what, [misdeed, expected]] of Object.entries(misdeeds)) {
      act = misdeed;
      const before = bad.requests.length;
      const [answer] = await Promise.all([askOnce("/bad/x"), goodGoesOn()]);
      assert.equal(bad.requests.length, before + 1, `${what}: asked once`);
      if (expected === "cut") {
        assert.ok(!answer || !answer.complete, `${what}: nobody takes half for whole`);
      } else {
        assert.ok(answer, `${what}: answered`);
        assert.equal(JSON.parse(answer.body.toString()).code, expected, what);
        assert.equal(answer.status, statusOf[expected], what);
        const event = await completed(answer.headers["postern-event"]);
        assert.equal(event.outcome ?? event.detail.outcome, "component_failed", what);
        assert.equal(event.detail.status, statusOf[expected], what);
      }
      const used = bad.requests.at(-1).connection;
      act = say(respond("better", "Connection: close\r\n"));  // so that each misdeed meets a fresh connection: it is told at once
      assert.equal((await askOnce("/bad/x")).body.toString(), "better", `${what}: the next one is well`);
      assert.notEqual(bad.requests.at(-1).connection, used, `${what}: its connection is not used again`);
    }
  });

  await stage.step("what was cut is summed up as the component's failure", async () => {
    const cuts = Object.values(misdeeds).filter(([, expected]) => expected === "cut").length;
    await until("all are summed up", () => readJournal(gateway).filter((event) => event.type === "exchange.completed").length
      === readJournal(gateway).filter((event) => event.type === "exchange.forwarded").length);
    const failed = readJournal(gateway).filter((event) => event.type === "exchange.completed" && event.detail.outcome === "component_failed");
    assert.equal(failed.length, Object.keys(misdeeds).length);
    assert.equal(failed.filter((event) => event.detail.status === 200).length, cuts);
  });

  await stage.step("a component that is down is said to be", async () => {
    const answer = await askOnce("/down/");
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(answer.body.toString()).code, "component_unreachable");
    assert.equal((await completed(answer.headers["postern-event"])).detail.outcome, "component_failed");
    await goodGoesOn();
  });

  await stage.step("bytes behind an answer never become somebody's answer", async () => {
    const client = await WireClient.connect(gateway);
    act = say(respond("ours") + respond("smuggled"));
    assert.equal((await ask(client, "/bad/1")).body.toString(), "ours");
    const used = bad.requests.at(-1).connection;
    act = say(respond("next"));
    assert.equal((await ask(client, "/bad/2")).body.toString(), "next");
    assert.notEqual(bad.requests.at(-1).connection, used);
    client.close();
  });

  await stage.step("a length that is too small gives that many bytes", async () => {
    const client = await WireClient.connect(gateway);
    act = say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello");
    assert.equal((await ask(client, "/bad/1")).body.toString(), "he");
    act = say(respond("next"));
    assert.equal((await ask(client, "/bad/2")).body.toString(), "next");
    client.close();
  });

  await stage.step("an answer before the end of the request reaches the client", async () => {
    // As soon as the head is there: told by the connection, since the request is never complete.
    const early = stage.own(await RawComponent.start(() => {}, {
      connect: (socket) => socket.once("data", () => socket.end("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch")),
    }));
    gateway.writeConfig(readFileSync(gateway.configFile, "utf8").replace(services.down, early.url));
    await gateway.cli("reload");
    const client = await WireClient.connect(gateway);
    client.send(`POST /down/up HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\nContent-Length: 10000000\r\n\r\n${"a".repeat(200_000)}`);
    const answer = await client.response("POST");
    assert.equal(answer.status, 413);
    assert.equal(answer.body.toString(), "much");
    client.close();
  });

  await stage.step("only what is safe is sent again", async () => {
    // A connection that had rested, and ends in the moment in which it is used: node:http servers do this daily.
    for (const [method, again] of [["GET", true], ["POST", false]]) {
      const client = await WireClient.connect(gateway);
      act = say(respond("first"));
      assert.equal((await ask(client, "/bad/first")).body.toString(), "first");
      const rested = bad.requests.at(-1).connection;
      act = (socket, request, n) => (n === rested ? socket.end() : socket.write(respond("second")));
      const before = bad.requests.length;
      const answer = await ask(client, "/bad/second", { method });
      assert.equal(bad.requests.length - before, again ? 2 : 1, `${method} reaches the component`);
      assert.equal(answer.status, again ? 200 : 502, method);
      const event = await completed(answer.headers["postern-event"]);
      assert.equal(event.detail.retried ?? false, again, method);
      client.close();
    }
  });
  alice.close();
}, 300_000);

story("what comes on a connection at rest is nobody's answer", async (stage) => {
  // What has been written to a loopback connection is at its other end: no time needs to pass.
  const sockets = new Map();
  const component = stage.own(await RawComponent.start((socket, request, n) => (sockets.set(n, socket), socket.write(respond(request.target)))));
  const gateway = stage.own(await Gateway.start({ services: { any: component.url }, policy, configure: (text) => `${text}workers: 1\n${timeouts}` }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const rested = async (target) => {
    assert.equal((await alice.fetch(target)).text, target);
    const number = component.requests.at(-1).connection;
    return { number, socket: sockets.get(number) };
  };
  const enforcer = (await gateway.cli("status")).roles.find((role) => role.name === "enforcer.0").pid;
  // The request and what came at rest are both there when the enforcer looks: it was held meanwhile.
  const together = async (target, method, act) => {
    process.kill(enforcer, "SIGSTOP");
    const answer = alice.fetch(target, { method });
    try {
      await run("true", []); // time for the request to get there first; if it does not, less is tested
      await new Promise(act);
    } finally {
      process.kill(enforcer, "SIGCONT");
    }
    return answer;
  };
  for (const method of ["GET", "POST", "GET", "POST"]) {
    const unasked = await rested("/1");
    const second = await together("/2", method, (resolve) => unasked.socket.write(respond("smuggled"), resolve));
    assert.equal(second.text, "/2", `${method} behind an answer that nobody asked for`);
    assert.notEqual(component.requests.at(-1).connection, unasked.number);
    const closed = await rested("/3");
    const fourth = await together("/4", method, (resolve) => closed.socket.end(resolve));
    assert.equal(fourth.text, "/4", `${method} behind an orderly close`);
    assert.notEqual(component.requests.at(-1).connection, closed.number);
  }
  alice.close();
});

story("one of two nodes dies, and requests go on", async (stage) => {
  const answer = (socket, request) => socket.write(respond(request.target.endsWith("/health") ? "well" : "served"));
  const first = stage.own(await RawComponent.start(answer));
  const second = stage.own(await RawComponent.start(answer));
  const configure = (text) =>
    text.replace(`- "${first.url}"`, `- ${first.url}\n        - ${second.url}\n      health: {path: /health, interval: 3s, timeout: 3s}`) + timeouts;
  const gateway = stage.own(await Gateway.start({ services: { twin: first.url }, policy, configure }));
  await gateway.admit("alice", ["any.read"]);
  const alice = await gateway.signIn("alice");
  const state = async (url) => (await gateway.cli("status")).component.nodes.find((node) => node.url === url).state;
  const serves = async (times) => {
    for (let i = 0; i < times; ++i) assert.equal((await alice.fetch("/x")).text, "served");
  };
  await until("both nodes are up", async () => (await state(first.url)) === "up" && (await state(second.url)) === "up", 60_000);
  await serves(20);
  const { port } = first;
  await first.down();
  await serves(50);
  await until("the node is said to be down", async () => (await state(first.url)) === "down", 60_000);
  await serves(20);
  await first.listen(port);
  await until("the node is said to be up again", async () => (await state(first.url)) === "up", 60_000);
  await serves(20);
  const told = readJournal(gateway).filter((event) => event.type.startsWith("node.") && JSON.stringify(event).includes(first.url)).map((event) => event.type);
  assert.ok(told.includes("node.down") && told.lastIndexOf("node.up") > told.indexOf("node.down"), String(told));
  alice.close();
});
