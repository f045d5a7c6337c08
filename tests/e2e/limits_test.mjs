// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that send too much, too many or too slowly are refused, within bounds, and nobody else notices.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const kPerAddress = 40;
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;
const settings = `workers: 1
limits: {connections_per_address: ${kPerAddress}, request_body: 1MiB}
timeouts: {handshake: 2s, head: 2s, body_idle: 2s, keep_alive: 5s}
`;

story("too much, too many and too slow are refused, and nobody else notices", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => {
    let bytes = 0;
    request.on("data", (piece) => (bytes += piece.length)).on("end", () => response.end(String(bytes))).on("error", () => {});
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + settings }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const othersServed = async () => assert.equal((await alice.fetch("/other")).text, "0");
  const refusedWith = (code) => readJournal(gateway).filter((event) => event.type === "exchange.refused" && event.detail.code === code).length;
  const head = (method, path, more) => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n${more}`;
  const terminator = async () => (await gateway.cli("status")).roles.find((role) => role.name === "terminator.0").pid;
  const memory = async () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${await terminator()}/status`, "utf8"))[1]);
  const pid = await terminator();

  await stage.step("8 MiB of header fields", async () => {
    const before = await memory();
    const field = `X-Filler: ${"a".repeat(1014)}\r\n`;
    const clients = await Promise.all(Array.from({ length: 8 }, () => WireClient.connect(gateway)));
    for (const client of clients) {
      client.send(head("GET", "/", ""));
      for (let i = 0; i < 8; ++i) client.send(field.repeat(1024));
    }
    for (const client of clients) {
      // The refusal, or a reset that overtook it because we went on sending.
      const answer = await client.response();
      if (answer) assert.equal(answer.status, 431);
      await client.end(30_000);
      client.close();
    }
    await until("each is an event", () => refusedWith("head_too_large") >= clients.length);
    assert.ok((await memory()) - before < 16 * 1024, "a terminator does not keep what it refuses");
    await othersServed();
  });

  await stage.step("100,000 tiny chunks", async () => {
    const client = await WireClient.connect(gateway);
    client.send(head("POST", "/chunks", "Transfer-Encoding: chunked\r\n\r\n"));
    for (let i = 0; i < 100; ++i) client.send("1\r\na\r\n".repeat(1000));
    client.send("0\r\n\r\n");
    const [answer] = await Promise.all([client.response("POST", { patience: 60_000 }), othersServed()]);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), "100000");
    client.close();
  });

  await stage.step("a body above the limit", async () => {
    for (const framing of [`Content-Length: ${8 << 20}\r\n\r\n`, "Transfer-Encoding: chunked\r\n\r\n"]) {
      const client = await WireClient.connect(gateway);
      client.send(head("POST", "/large", framing));
      if (framing.startsWith("Transfer")) for (let i = 0; i < 32; ++i) client.send(`10000\r\n${"a".repeat(65_536)}\r\n`);
      const answer = await client.response("POST");
      if (answer) assert.equal(answer.status, 413, answer.body.toString());
      await client.end(30_000);
      client.close();
    }
    await othersServed();
  });

  await stage.step("heads that come byte by byte", async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => WireClient.connect(gateway)));
    const text = head("GET", "/", "X: ");
    let at = 0;
    const timer = setInterval(() => {
      for (const client of slow) if (!client.ended) client.send(at < text.length ? text[at] : "a");
      ++at;
    }, 50);
    try {
      await othersServed();
      for (const client of slow) {
        const answer = await client.response();
        assert.equal(answer.status, 408);
        await client.end(30_000);
      }
    } finally {
      clearInterval(timer);
      for (const client of slow) client.close();
    }
    await until("each is an event", () => refusedWith("request_timeout") >= slow.length);
  });

  await stage.step("a body that stops coming", async () => {
    const client = await WireClient.connect(gateway);
    client.send(head("POST", "/stops", "Content-Length: 10\r\n\r\nhalf"));
    const answer = await client.response("POST");
    assert.equal(answer.status, 408);
    client.close();
  });

  await stage.step("connections that say nothing", async () => {
    const ends = (socket) => new Promise((resolve) => socket.once("close", resolve).once("error", () => {}));
    const silent = net.connect(gateway.port, "127.0.0.1").resume();
    const idle = await WireClient.connect(gateway);
    await Promise.all([ends(silent), idle.end(30_000)]);
    idle.close();
  });

  await stage.step("too many connections of one address", async () => {
    alice.close();
    const held = [];
    let refused = 0;
    for (let i = 0; i < kPerAddress + 20; ++i) {
      const client = await WireClient.connect(gateway).catch(() => undefined);
      if (client) held.push(client);
      else ++refused;
    }
    assert.ok(held.length <= kPerAddress && refused >= 20, `${held.length} open, ${refused} refused`);
    const one = held.find((client) => !client.ended);
    one.send(head("GET", "/held", "\r\n"));
    assert.equal((await one.response()).status, 200, "those that are open go on");
    for (const client of held) client.close();
    await until("there is room again", async () => {
      const client = await WireClient.connect(gateway).catch(() => undefined);
      client?.close();
      return client;
    });
  });

  await stage.step("the terminator has lived through all of it", async () => assert.equal(await terminator(), pid));
});
