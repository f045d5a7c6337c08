// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// WebSockets as exchanges: opened where the policy says so and nowhere else, over HTTP/1.1 and HTTP/2, with a real library on both sides
// and with Chromium; judged frame by frame, redacted message by message, counted, limited, and cut with a Close.
import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import WebSocket, { WebSocketServer } from "ws";
import { Browser } from "./lib/browser.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";
import { RawComponent, WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  live.read:
    title: Look at what happens
    class: read
    operations:
      - GET /page
      - GET /plain
      - { call: GET /live, safe: true, websocket: { max_message: 65536 } }
      - { call: GET /chat, safe: true, websocket: { subprotocols: [chat.v1, chat.v2] } }
      - { call: GET /packed, safe: true, websocket: { compression: pass, max_message: 1048576 } }
      - { call: GET /short, safe: true, websocket: { max_idle: 1s } }
      - { call: GET /brief, safe: true, websocket: { max_time: 2s } }
redact: [{ json: $..password }]
`;

// A component with ws behind it: it says what it is told, and a few things on its own.
class Sockets {
  name = "a component with WebSockets";
  open = new Set();
  requests = [];
  closes = [];

  static async start() {
    const component = new Sockets();
    component.http = http.createServer((request, response) => {
      if (request.url === "/page") return response.setHeader("Content-Type", "text/html").end("<!doctype html><title>Live</title>");
      response.end("plain\n");
    });
    const options = { noServer: true, perMessageDeflate: true, handleProtocols: (names) => names.values().next().value ?? false };
    const server = new WebSocketServer(options);
    component.http.on("upgrade", (request, socket, head) => {
      component.requests.push(request);
      server.handleUpgrade(request, socket, head, (ws) => component.#serve(ws));
    });
    await new Promise((resolve) => component.http.listen(0, "127.0.0.1", resolve));
    component.services = { little: `http://127.0.0.1:${component.http.address().port}` };
    return component;
  }
  #serve(ws) {
    this.open.add(ws);
    ws.on("error", () => {});
    ws.on("close", (code, reason) => (this.open.delete(ws), this.closes.push({ code, reason: reason.toString() })));
    ws.on("message", (data, binary) => {
      const text = data.toString();
      if (!binary && text.startsWith("close ")) return ws.close(Number(text.slice(6)), "as asked");
      if (!binary && text === "secret") return ws.send(JSON.stringify({ user: "bob", password: "hunter2" }));
      if (!binary && text === "drip") return setInterval(() => ws.send("drop of a stream that does not end ".repeat(20)), 2).unref();
      if (!binary && text === "vanish") return ws.terminate();
      ws.send(data, { binary });
    });
  }
  async stop() {
    for (const ws of this.open) ws.terminate();
    this.http.closeAllConnections?.();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

// One that ws opened through the gateway, or why it did not open.
const dial = (gateway, client, path, { protocols = [], headers = {}, ...options } = {}) =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(`wss://localhost:${gateway.port}${path}`, protocols, {
      ca: gateway.ca, lookup: (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]), headers: { cookie: client.cookie, ...headers }, perMessageDeflate: false, ...options,
    });
    ws.messages = [];
    ws.on("message", (data, binary) => ws.messages.push(binary ? data : data.toString()));
    ws.on("close", (code, reason) => (ws.ended = { code, reason: reason.toString() }));
    ws.once("upgrade", (response) => (ws.event = response.headers["postern-event"]));
    ws.once("open", () => resolve(ws));
    ws.once("unexpected-response", (_, response) => {
      let body = "";
      response.on("data", (piece) => (body += piece)).on("end", () => resolve({ refused: { status: response.statusCode, headers: response.headers, ...JSON.parse(body) } }));
    });
    ws.on("error", reject);
  });
const ended = (ws) => until("the WebSocket is closed", () => ws.ended);
const said = (ws, count) => until(`${count} messages have come`, () => ws.messages.length >= count && ws.messages);
const completed = (gateway, event) =>
  until("its end is in the log", async () => (await gateway.events("--type", "exchange.completed")).find((one) => one.detail.forwarded === event));

const begin = async (stage, more = {}) => {
  const component = stage.own(await Sockets.start());
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, ...more }));
  await gateway.admit("alice", ["live.read"]);
  return { component, gateway, alice: await gateway.signIn("alice") };
};

story("a WebSocket passes where the policy lists one", async (stage) => {
  const { component, gateway, alice } = await begin(stage);

  await stage.step("messages pass in both directions, whole and unchanged", async () => {
    const ws = await dial(gateway, alice, "/live");
    const texts = ["a", "", "grün, 日本語, 🦆", "x".repeat(60_000)];
    for (const text of texts) ws.send(text);
    ws.send(Buffer.from([0, 255, 128, 7]));
    const got = await said(ws, 5);
    assert.deepEqual(got.slice(0, 4), texts);
    assert.deepEqual([...got[4]], [0, 255, 128, 7]);
    ws.ping("are you there");
    assert.equal((await new Promise((resolve) => ws.once("pong", resolve))).toString(), "are you there");
    ws.close(4001, "enough");
    assert.deepEqual(await ended(ws), { code: 4001, reason: "enough" });
    const end = await completed(gateway, ws.event);
    assert.equal(end.outcome, "completed");
    assert.deepEqual(
      [end.detail.status, end.detail.messages_in, end.detail.messages_out, end.detail.client_close, end.detail.component_close, end.detail.closed_by],
      [101, 5, 5, 4001, 4001, "client"],
    );
    assert.deepEqual(component.closes.at(-1), { code: 4001, reason: "enough" });
  });

  await stage.step("it stands in the log from its opening on", async () => {
    const ws = await dial(gateway, alice, "/chat", { protocols: ["other", "chat.v2"] });
    assert.equal(ws.protocol, "chat.v2");
    assert.equal(component.requests.at(-1).headers["sec-websocket-protocol"], "chat.v2");
    const opened = await until("its opening is in the log", async () => (await gateway.events("--type", "exchange.opened")).find((one) => one.detail.forwarded === ws.event));
    assert.deepEqual([opened.detail.target, opened.detail.subprotocol], ["/chat", "chat.v2"]);
    const forwarded = (await gateway.events("--type", "exchange.forwarded")).find((one) => one.id === ws.event);
    assert.deepEqual([forwarded.detail.websocket, forwarded.detail.operation], [true, "GET /chat (WebSocket)"]);
    ws.send("close 3000");
    assert.deepEqual(await ended(ws), { code: 3000, reason: "as asked" });
    assert.equal((await completed(gateway, ws.event)).detail.closed_by, "component");
  });

  await stage.step("the component sees neither key, cookie nor origin of the client, and our address nowhere", async () => {
    const ws = await dial(gateway, alice, "/live", { headers: { origin: `https://localhost:${gateway.port}` } });
    const { headers } = component.requests.at(-1);
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.origin, component.services.little);
    assert.equal(headers["sec-websocket-extensions"], undefined);
    ws.close(1000);
    await ended(ws);
  });

  await stage.step("a secret is taken out of a message, and counted", async () => {
    const ws = await dial(gateway, alice, "/live");
    ws.send("secret");
    const [text] = await said(ws, 1);
    assert.match(text, /^\{"user":"bob","password":"\[redacted:[0-9a-f]{12}\]"\}$/);
    ws.close();
    await ended(ws);
    assert.equal((await completed(gateway, ws.event)).detail.redacted, 1);
  });

  await stage.step("compression is agreed on only where the policy lets it pass", async () => {
    const without = await dial(gateway, alice, "/live", { perMessageDeflate: { threshold: 0 } });
    assert.equal(without.extensions, "");
    without.close();
    const ws = await dial(gateway, alice, "/packed", { perMessageDeflate: { threshold: 0 } });
    assert.match(ws.extensions, /^permessage-deflate/);
    const text = "compressible ".repeat(50_000);
    ws.send(text);
    assert.equal((await said(ws, 1))[0], text);
    ws.close();
    await ended(ws);
    const end = await completed(gateway, ws.event);
    assert.ok(end.detail.request_bytes < 100_000, "it went over the wire compressed");
  });
});

story("a WebSocket is refused where the policy lists none", async (stage) => {
  const { component, gateway, alice } = await begin(stage);
  const refused = async (path, options) => (await dial(gateway, alice, path, options)).refused;

  await stage.step("a listed GET opens none, and a listed WebSocket is no GET", async () => {
    const answer = await refused("/plain");
    assert.deepEqual([answer.status, answer.code], [403, "websocket_not_listed"]);
    await until("the refusal is in the log", async () =>
      (await gateway.events("--type", "exchange.refused")).some((one) => one.detail.code === "websocket_not_listed" && one.detail.target === "/plain"),
    );
    const plain = await alice.fetch("/live");
    assert.deepEqual([plain.status, plain.json.code], [403, "operation_not_listed"]);
    assert.equal((await alice.fetch("/plain")).status, 200);
  });
  await stage.step("nor without the right subprotocol, from another site, without a session, or at our own pages", async () => {
    assert.equal((await refused("/chat")).code, "websocket_not_listed");
    assert.equal((await refused("/chat", { protocols: ["other"] })).code, "websocket_not_listed");
    assert.equal((await refused("/live", { protocols: ["any"] })).code, "websocket_not_listed");
    assert.equal((await refused("/live", { headers: { origin: "https://evil.example" } })).code, "cross_site");
    assert.equal((await refused("/live", { headers: { origin: "null" } })).code, "cross_site");
    assert.equal((await refused("/live", { headers: { cookie: "" } })).code, "no_session");
    assert.equal((await refused("/.postern/api/session")).code, "websocket_not_listed");
    assert.equal((await refused("/nowhere")).code, "operation_not_listed");
  });
  await stage.step("another version is told which one there is", async () => {
    const answer = await refused("/live", { protocolVersion: 8 });
    assert.deepEqual([answer.status, answer.code, answer.headers["sec-websocket-version"]], [400, "upgrade_not_supported", "13"]);
  });
  assert.equal(component.requests.length, 0);
});

story("whatever takes a permission away closes a WebSocket", async (stage) => {
  const { component, gateway, alice } = await begin(stage);
  const cut = async (busy, command, reason) => {
    const ws = await dial(gateway, alice, "/live");
    ws.send(busy ? "drip" : "hello");
    await said(ws, busy ? 20 : 1);
    const answer = await gateway.cli(...command);
    const bytes = ws.messages.length;
    await ended(ws);
    assert.equal(answer.cut.exchanges, 1);
    const end = await completed(gateway, ws.event);
    assert.deepEqual([end.outcome, end.detail.cut_reason, end.detail.bytes_after_cut, end.detail.closed_by], ["cut", reason, 0, "gateway"]);
    return { ws, after: ws.messages.length - bytes };
  };
  await stage.step("one that is at rest is told so in a Close", async () => {
    const { ws } = await cut(false, ["capability", "set", "live.read", "off"], "capability_off");
    assert.deepEqual(ws.ended, { code: 1008, reason: "access was taken away" });
    await until("the component is told that the client is gone", () => component.closes.at(-1)?.code === 1001);
    await gateway.cli("capability", "set", "live.read", "on");
  });
  await stage.step("one that is busy ends with a Close or with its connection, and no message follows", async () => {
    const { ws } = await cut(true, ["capability", "set", "live.read", "off"], "capability_off");
    assert.ok([1008, 1006].includes(ws.ended.code), `code ${ws.ended.code}`);
    await gateway.cli("capability", "set", "live.read", "on");
  });
  await stage.step("the end of the session", async () => {
    const { ws } = await cut(false, ["session", "end", alice.session], "session_ended");
    assert.equal(ws.ended.code, 1008);
  });
});

story("a WebSocket has its bounds", async (stage) => {
  const { component, gateway, alice } = await begin(stage);
  await stage.step("in size, told to whoever sent too much", async () => {
    const ws = await dial(gateway, alice, "/live");
    ws.send("x".repeat(65_537));
    assert.equal((await ended(ws)).code, 1009);
    const end = await completed(gateway, ws.event);
    assert.deepEqual([end.outcome, end.detail.code, end.detail.closed_by], ["refused", "websocket_protocol_error", "gateway"]);
    await until("the component is told", () => component.closes.at(-1)?.code === 1001);
  });
  await stage.step("in silence and in time", async () => {
    for (const path of ["/short", "/brief"]) {
      const ws = await dial(gateway, alice, path);
      assert.equal((await ended(ws)).code, 1001);
      const end = await completed(gateway, ws.event);
      assert.deepEqual([end.outcome, end.detail.code, end.detail.closed_by], ["completed", "limit_reached", "gateway"]);
    }
  });
  await stage.step("a component that vanishes is told as what it is", async () => {
    const ws = await dial(gateway, alice, "/live");
    ws.send("vanish");
    assert.equal((await ended(ws)).code, 1011);
    const end = await completed(gateway, ws.event);
    assert.deepEqual([end.outcome, end.detail.code], ["component_failed", "component_closed"]);
  });
  await stage.step("a client that vanishes closes the component's side", async () => {
    const ws = await dial(gateway, alice, "/live");
    ws.terminate();
    assert.equal((await completed(gateway, ws.event)).outcome, "client_gone");
    await until("the component is told", () => component.open.size === 0);
  });
  await stage.step("a stop closes it in order", async () => {
    const ws = await dial(gateway, alice, "/live");
    ws.send("hello");
    await said(ws, 1);
    await gateway.halt();
    assert.deepEqual(await ended(ws), { code: 1001, reason: "the gateway stops" });
  });
});

// RFC 8441, frames by hand: what Node's http2 gives is a stream of bytes.
const frameOf = (opcode, payload, { fin = true, mask = true } = {}) => {
  const bytes = Buffer.from(payload);
  assert.ok(bytes.length < 126);
  const key = Buffer.from([1, 2, 3, 4]);
  const head = [(fin ? 0x80 : 0) | opcode, (mask ? 0x80 : 0) | bytes.length];
  return Buffer.concat([Buffer.from(head), ...(mask ? [key, bytes.map((byte, i) => byte ^ key[i % 4])] : [bytes])]);
};

story("a WebSocket over HTTP/2", async (stage) => {
  const { component, gateway, alice } = await begin(stage);
  const session = http2.connect(`https://localhost:${gateway.port}`, { ca: gateway.ca, host: "127.0.0.1" });
  stage.own({ name: "the HTTP/2 client", stop: () => session.destroy() });
  session.on("error", () => {});
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const dial2 = async (path, { protocol = "websocket", headers = {} } = {}) => {
    const stream = session.request({ ":method": "CONNECT", ":protocol": protocol, ":path": path, cookie: alice.cookie, "sec-websocket-version": "13", ...headers });
    stream.got = Buffer.alloc(0);
    stream.on("data", (piece) => (stream.got = Buffer.concat([stream.got, piece]))).on("error", (error) => (stream.failed = error)).on("close", () => (stream.over = true));
    stream.head = await new Promise((resolve, reject) => stream.once("response", resolve).once("error", reject));
    return stream;
  };
  await stage.step("it is offered", () => assert.equal(session.remoteSettings.enableConnectProtocol, true));
  await stage.step("messages pass, beside other streams, and a Close of both sides ends the stream", async () => {
    const stream = await dial2("/chat", { headers: { "sec-websocket-protocol": "chat.v1" } });
    assert.deepEqual([stream.head[":status"], stream.head["sec-websocket-protocol"], stream.head["sec-websocket-accept"]], [200, "chat.v1", undefined]);
    stream.write(Buffer.concat([frameOf(1, "hel", { fin: false }), frameOf(9, "p"), frameOf(0, "lo")]));
    await until("it comes back", () => stream.got.includes("hello"));
    assert.deepEqual(stream.got, Buffer.concat([frameOf(10, "p", { mask: false }), frameOf(1, "hello", { mask: false })]));
    stream.write(frameOf(8, Buffer.from([0x03, 0xe8])));
    await until("the stream ends", () => stream.over);
    assert.equal((await completed(gateway, stream.head["postern-event"])).detail.messages_in, 1);
  });
  await stage.step("a cut closes one stream with a Close and leaves the others", async () => {
    const stream = await dial2("/live");
    const other = session.request({ ":path": "/plain", cookie: alice.cookie });
    other.resume();
    await new Promise((resolve) => other.once("end", resolve));
    await gateway.cli("capability", "set", "live.read", "off");
    await until("the stream ends", () => stream.over);
    assert.deepEqual(stream.got, frameOf(8, Buffer.concat([Buffer.from([0x03, 0xf0]), Buffer.from("access was taken away")]), { mask: false }));
    assert.equal((await completed(gateway, stream.head["postern-event"])).detail.bytes_after_cut, 0);
    assert.equal(session.destroyed, false);
    await gateway.cli("capability", "set", "live.read", "on");
  });
  await stage.step("no other protocol, and no frame that is not one", async () => {
    assert.equal((await dial2("/live", { protocol: "connect-udp" })).head[":status"], 400);
    assert.equal((await dial2("/plain")).head[":status"], 403);
    const stream = await dial2("/live");
    stream.write(frameOf(1, "not masked", { mask: false }));
    await until("it is closed", () => stream.over);
    assert.equal(stream.got.readUInt16BE(2), 1002);
    assert.equal((await completed(gateway, stream.head["postern-event"])).detail.code, "websocket_protocol_error");
  });
  assert.ok(component.requests.every((request) => request.headers["sec-websocket-key"] !== "AAAAAAAAAAAAAAAAAAAAAA=="));
});

story("Chromium opens a WebSocket from a page of the component", async (stage) => {
  const { component, gateway } = await begin(stage);
  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  const pass = await gateway.cli("pass", "issue", "--engineer", "alice");
  await page.goto(`${gateway.url}/.postern/`);
  await page.evaluate(async (text) => {
    const answer = await fetch("/.postern/sign-in", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ pass: text }) });
    if (!answer.ok) throw new Error(await answer.text());
  }, pass.pass);
  await page.goto(`${gateway.url}/page`);
  const got = await page.evaluate(async () => {
    const ws = new WebSocket(`wss://${location.host}/chat`, ["chat.v1"]);
    const next = () => new Promise((resolve, reject) => ((ws.onmessage = (event) => resolve(event.data)), (ws.onclose = reject)));
    await new Promise((resolve, reject) => ((ws.onopen = resolve), (ws.onerror = reject)));
    ws.send("from the page");
    const first = await next();
    ws.send("secret");
    const second = await next();
    const closed = new Promise((resolve) => (ws.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })));
    ws.close(3001, "done");
    return { first, second, protocol: ws.protocol, closed: await closed };
  });
  assert.equal(got.first, "from the page");
  assert.ok(!got.second.includes("hunter2"));
  assert.deepEqual(got.closed, { code: 3001, reason: "done", wasClean: true });
  assert.equal(got.protocol, "chat.v1");
  assert.equal(component.requests.length, 1);
  await stage.step("over the connection of HTTP/2 that the page came on", async () => {
    const of = (events, target) => events.find((one) => one.detail.target === target)?.detail.client;
    const client = await until("both are in the log", async () => {
      const events = await gateway.events("--type", "exchange.forwarded");
      return of(events, "/page") && of(events, "/chat") && { page: of(events, "/page"), websocket: of(events, "/chat") };
    });
    assert.match(client.page, /:\d+$/);
    assert.equal(client.websocket, client.page);
  });
  await stage.step("a cut is told to the page", async () => {
    await page.evaluate(async () => {
      const ws = new WebSocket(`wss://${location.host}/live`);
      window.ended = new Promise((resolve) => (ws.onclose = ({ code, reason }) => resolve({ code, reason })));
      await new Promise((resolve) => (ws.onopen = resolve));
    });
    await gateway.cli("remote-access", "set", "off");
    assert.deepEqual(await page.evaluate(() => window.ended), { code: 1008, reason: "access was taken away" });
  });
});

story("Upgrade makes no tunnel", async (stage) => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  // What the component says to whatever asks for a WebSocket.
  let says = "";
  const component = stage.own(await RawComponent.start((socket) => socket.write(says)));
  const gateway = stage.own(await Gateway.start({ services: { little: `http://127.0.0.1:${component.port}` }, policy }));
  await gateway.admit("alice", ["live.read"]);
  const alice = await gateway.signIn("alice");
  const ask = async (fields, behind = "") => {
    const client = await WireClient.connect(gateway);
    client.send(`GET /live HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nCookie: ${alice.cookie}\r\n${fields}\r\n${behind}`);
    return client;
  };
  const good = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`;
  const smuggled = `GET /plain HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nCookie: ${alice.cookie}\r\n\r\n`;

  await stage.step("a request that asks wrongly is refused, and what stands behind it is no request", async () => {
    const wrong = {
      "another version": good.replace("13", "8"),
      "two versions": `${good}Sec-WebSocket-Version: 13\r\n`,
      "no version": good.replace("Sec-WebSocket-Version: 13\r\n", ""),
      "no key": good.replace(`Sec-WebSocket-Key: ${key}\r\n`, ""),
      "two keys": `${good}Sec-WebSocket-Key: ${key}\r\n`,
      "a short key": good.replace(key, "c2hvcnQ="),
      "a key that is no base64": good.replace(key, "!".repeat(24)),
      "no Connection": good.replace("Connection: Upgrade\r\n", ""),
      "another Connection": good.replace("Connection: Upgrade", "Connection: keep-alive"),
      "Upgrade twice": `${good}Upgrade: websocket\r\n`,
      "Upgrade to several": good.replace("websocket", "websocket, h2c"),
      "Upgrade to a version of it": good.replace("websocket", "websocket/13"),
      "a body": `${good}Content-Length: 5\r\n`,
      "no body": `${good}Content-Length: 0\r\n`,
      "a chunked body": `${good}Transfer-Encoding: chunked\r\n`,
      "an accept value": `${good}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n`,
      "subprotocols that are none": `${good}Sec-WebSocket-Protocol: a b\r\n`,
    };
    for (const [what, fields] of Object.entries(wrong)) {
      const client = await ask(fields, smuggled);
      const answer = await client.response();
      assert.equal(answer.status, 400, what);
      await client.end();
      assert.equal(client.received.length, 0, `${what}: one answer`);
    }
    assert.equal(component.connections, 0);
  });

  await stage.step("a component that answers wrongly is refused, and nothing it says behind that reaches the client", async () => {
    const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"; // of the client's key, which it has not seen
    const wrong = {
      "200": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
      "101 without a word": "HTTP/1.1 101 Switching Protocols\r\n\r\nTUNNEL",
      "101 to something else": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nTUNNEL",
      "101 without accept": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL",
      "101 with another accept": `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${accept}\r\nTUNNEL`,
    };
    for (const [what, text] of Object.entries(wrong)) {
      says = text;
      const client = await ask(good);
      const answer = await client.response();
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [502, "component_malformed"], what);
      await client.end();
      assert.ok(!client.received.includes("TUNNEL"), what);
    }
    says = "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 7\r\nContent-Length: 2\r\n\r\nno";
    const client = await ask(good, smuggled);
    const answer = await client.response();
    assert.deepEqual([answer.status, answer.body.toString()], [426, "no"]);
    await client.end();
    assert.equal(client.received.length, 0);
  });

  await stage.step("101 to whoever has not asked", async () => {
    says = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL";
    const answer = await alice.fetch("/plain");
    assert.deepEqual([answer.status, answer.json.code], [502, "component_malformed"]);
  });
});

story("bytes that are sent too early are frames or nothing", async (stage) => {
  const { component, gateway, alice } = await begin(stage);
  const good = `GET /live HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nCookie: ${alice.cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  await stage.step("frames are taken once it is open", async () => {
    const client = await WireClient.connect(gateway);
    client.send(good), client.send(frameOf(1, "early"));
    await client.until("it comes back", () => (client.received.includes("\x81\x05early") ? true : client.received.includes(frameOf(1, "early", { mask: false })) || null));
    assert.match(client.received.toString("latin1"), /^HTTP\/1\.1 101 .*\r\n(.*\r\n)*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    client.close();
  });
  await stage.step("a request is not", async () => {
    const before = component.requests.length;
    const client = await WireClient.connect(gateway);
    client.send(`${good}GET /plain HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nCookie: ${alice.cookie}\r\n\r\n`);
    await client.end();
    const close = client.received.subarray(client.received.indexOf("\r\n\r\n") + 4);
    assert.deepEqual([close[0], close.readUInt16BE(2)], [0x88, 1002]);
    assert.equal(component.requests.length, before + 1);
  });
});
