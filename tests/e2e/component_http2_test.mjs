// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component that offers HTTP/2: many exchanges on few connections, with the same answers, events, cuts and limits as in HTTP/1.1.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import WebSocket, { WebSocketServer } from "ws";
import { Authority } from "./lib/authority.mjs";
import { readAll } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";
import { Program, asAccount, freePort, ownedByAccount } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  any.read:
    title: Read
    class: read
    operations: [ "GET /{kind}", "GET /{kind}/", "HEAD /{kind}/", "GET /plain/{name}", { call: GET /live, safe: true, websocket: {} } ]
  stream.read: { title: A stream, class: read, operations: [ "GET /stream/{name}" ] }
  any.write: { title: Write, class: write, operations: [ "PUT /**", "POST /**" ] }
redact: [{ json: $..password }]
`;
const configure = (more) => (text) => text.replace(/(    - name: "?little"?\n)/, `$1      ${more}\n`) + "workers: 1\nlimits: {request_body: 64MiB}\n";
const large = "0123456789abcdef".repeat(1 << 19); // 8 MiB

// Node's server, which speaks both versions; `sessions` are its connections of HTTP/2, `streams` what runs at /stream/, by name.
class Http2Component {
  name = "a component with HTTP/2";
  sessions = [];
  versions = [];
  streams = new Map();
  uploads = new Map();
  refusals = 0; // so many requests are refused unseen

  static async start(options = {}) {
    const component = new Http2Component();
    const authority = (component.authority = await Authority.make("component"));
    const { certificate: cert, key } = await authority.server();
    component.server = http2.createSecureServer({ cert, key, allowHTTP1: true, ...options }, (request, response) => component.#answer(request, response));
    component.server.on("session", (session) => (component.sessions.push(session), session.on("error", () => {})));
    component.server.on("stream", (stream) => stream.on("error", () => {}));
    const sockets = new WebSocketServer({ noServer: true });
    component.server.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data) => ws.send(`${request.httpVersion} ${data}`))));
    await new Promise((resolve) => component.server.listen(0, "127.0.0.1", resolve));
    component.services = { little: `https://127.0.0.1:${component.server.address().port}` };
    return component;
  }
  #answer(request, response) {
    this.versions.push(request.httpVersion);
    const [, kind, name] = request.url.split("/");
    if (this.refusals > 0) return this.refusals--, response.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    if (kind === "large") return response.end(large);
    if (kind === "secret") return response.setHeader("Content-Type", "application/json"), response.end('{"user":"bob","password":"hunter2"}');
    if (kind === "cookie") return response.setHeader("Set-Cookie", "own=1; Path=/"), response.end(request.headers.cookie ?? "none");
    if (kind === "trailers") return response.write("body"), response.addTrailers({ "x-end": "1" }), response.end();
    if (kind === "early") return response.writeHead(413), response.end("too much");
    if (kind === "stream") {
      const one = { session: response.stream.session, stream: response.stream, bytes: 0 };
      this.streams.set(name, one);
      response.write("begins\n");
      const timer = setInterval(() => response.write("one more line of a stream that does not end\n".repeat(20)), 5);
      return response.stream.once("close", () => (clearInterval(timer), (one.code = response.stream.rstCode)));
    }
    const upload = { bytes: 0, request };
    this.uploads.set(name, upload);
    if (kind === "slow") request.pause();
    request.on("data", (piece) => (upload.bytes += piece.length)).on("end", () => response.end(`${request.method} ${request.url} ${upload.bytes} ${request.authority ?? request.headers.host}`));
  }
  get openSessions() {
    return this.sessions.filter((session) => !session.closed && !session.destroyed);
  }
  async stop() {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    this.authority.stop();
  }
}

const begin = async (stage, options) => {
  const component = stage.own(await Http2Component.start(options));
  const secrets = { "keys/component.pem": component.authority.pem };
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, secrets, configure: configure("tls: {roots: keys/component.pem}") }));
  await gateway.admit("alice", ["any.read", "stream.read", "any.write"]);
  return { component, gateway, alice: await gateway.signIn("alice") };
};
const completed = (gateway, event) =>
  until("its end is in the log", async () => (await gateway.events("--type", "exchange.completed")).find((one) => one.detail.forwarded === event));
// A response under way, on a connection of the client's own.
const open = async (client, path) => {
  const response = await client.open(path, { agent: false });
  const stream = { response, event: response.headers["postern-event"], bytes: 0 };
  response.on("data", (piece) => (stream.bytes += piece.length)).once("error", (error) => (stream.end ??= error.code ?? "error")).once("close", () => (stream.end ??= "closed"));
  await until("bytes arrive", () => stream.bytes > 0);
  return stream;
};

story("a component is spoken to in HTTP/2 where it offers it", async (stage) => {
  const { component, gateway, alice } = await begin(stage);

  await stage.step("many exchanges at a time are carried by one connection", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => alice.fetch(`/plain/${i}?q=${i}`)));
    answers.forEach((answer, i) => assert.equal(answer.text, `GET /plain/${i}?q=${i} 0 ${component.services.little.slice(8)}`));
    assert.deepEqual([...new Set(component.versions)], ["2.0"]);
    assert.equal(component.sessions.length, 1);
    const end = await completed(gateway, answers[0].event);
    assert.deepEqual([end.outcome, end.detail.protocol, end.detail.status], ["completed", "HTTP/2", 200]);
  });

  await stage.step("large answers come whole, heads without bodies too, and trailers behind them", async () => {
    assert.equal((await alice.fetch("/large/")).text, large);
    assert.equal((await alice.fetch("/large/", { method: "HEAD" })).text, "");
    const response = await alice.open("/trailers/");
    assert.equal((await readAll(response)).text, "body");
    assert.equal(response.trailers["x-end"], "1");
  });

  await stage.step("secrets and the component's cookies stay behind", async () => {
    const secret = await alice.fetch("/secret/");
    assert.equal(secret.json.user, "bob");
    assert.ok(!secret.text.includes("hunter2"));
    const first = await alice.fetch("/cookie/");
    assert.equal(first.headers["set-cookie"], undefined);
    assert.equal((await alice.fetch("/cookie/")).text, "own=1");
  });

  await stage.step("an upload goes no faster than the component reads", async () => {
    const body = Buffer.alloc(16 << 20, "x");
    const answer = alice.fetch("/slow/up", { method: "PUT", body });
    const upload = await until("the upload has begun", () => component.uploads.get("up"));
    const other = await alice.fetch("/plain/meanwhile"); // others on the connection do not wait for it
    assert.equal(other.status, 200);
    assert.ok(upload.bytes < 1 << 20, `${upload.bytes} bytes`);
    upload.request.resume();
    assert.equal((await answer).text, `PUT /slow/up ${body.length} ${component.services.little.slice(8)}`);
    assert.equal((await alice.fetch("/plain/sized", { method: "POST", body: "five5" })).text.split(" ")[2], "5");
    assert.equal((await alice.fetch("/early/", { method: "PUT", body: "x".repeat(100_000) })).status, 413);
  });

  await stage.step("a client that leaves costs its stream, not the connection", async () => {
    const before = component.sessions.length;
    const stream = await open(alice, "/stream/left");
    stream.response.destroy();
    const one = component.streams.get("left");
    assert.equal(await until("the stream is reset", () => one.code), http2.constants.NGHTTP2_CANCEL);
    assert.equal((await alice.fetch("/plain/after")).status, 200);
    assert.equal(component.sessions.length, before);
  });

  await stage.step("a cut resets what it cuts, and nothing else", async () => {
    const stream = await open(alice, "/stream/cut");
    const upload = alice.fetch("/slow/beside", { method: "PUT", body: "beside" });
    const beside = await until("another request runs", () => component.uploads.get("beside"));
    const one = component.streams.get("cut");
    await gateway.cli("capability", "set", "stream.read", "off");
    assert.equal(await until("the stream is reset", () => one.code), http2.constants.NGHTTP2_CANCEL);
    await until("the client sees its end", () => stream.end);
    const end = await completed(gateway, stream.event);
    assert.deepEqual([end.outcome, end.detail.bytes_after_cut, end.detail.cut_reason], ["cut", 0, "capability_off"]);
    beside.request.resume();
    assert.equal((await upload).status, 200);
    await gateway.cli("capability", "set", "stream.read", "on");
  });

  await stage.step("what the component refuses unseen is sent once more, on another connection", async () => {
    const before = component.sessions.length;
    component.refusals = 1;
    const answer = await alice.fetch("/plain/again");
    assert.equal(answer.status, 200);
    assert.equal((await completed(gateway, answer.event)).detail.retried, true);
    assert.equal(component.sessions.length, before + 1);
    component.refusals = 1;
    assert.equal((await alice.fetch("/plain/body", { method: "POST", body: "not twice" })).status, 502);
  });

  await stage.step("a connection that says goodbye finishes what it has, and the next exchange opens another", async () => {
    const stream = await open(alice, "/stream/long");
    const one = component.streams.get("long");
    const before = component.sessions.length;
    for (const session of component.openSessions) session.goaway(); // the last stream that it has seen
    const bytes = stream.bytes;
    assert.equal((await alice.fetch("/plain/new")).status, 200);
    assert.equal(component.sessions.length, before + 1);
    await until("the old one goes on", () => stream.bytes > bytes + 10_000);
    assert.equal(one.code, undefined);
    one.stream.end();
    await until("it ends", () => stream.end);
    assert.equal((await completed(gateway, stream.event)).outcome, "completed");
  });

  await stage.step("a connection that breaks fails what ran on it, and is not used again", async () => {
    const stream = await open(alice, "/stream/broken");
    for (const session of component.openSessions) session.destroy();
    await until("the client sees its end", () => stream.end);
    assert.equal((await completed(gateway, stream.event)).outcome, "component_failed");
    assert.equal((await alice.fetch("/plain/whole")).status, 200);
  });

  await stage.step("a WebSocket is HTTP/1.1 all the same", async () => {
    const ws = new WebSocket(`wss://localhost:${gateway.port}/live`, { ca: gateway.ca, lookup: (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]), headers: { cookie: alice.cookie } });
    const said = new Promise((resolve, reject) => ws.once("message", (data) => resolve(data.toString())).once("error", reject));
    ws.once("open", () => ws.send("hello"));
    assert.equal(await said, "1.1 hello");
    ws.close();
  });

  await stage.step("where the configuration says so, it is HTTP/1.1", async () => {
    gateway.writeConfig(readFileSync(gateway.configFile, "utf8").replace("      tls: {roots", "      http2: off\n      tls: {roots"));
    await gateway.cli("reload");
    component.versions.length = 0;
    const answer = await until("the new configuration is in force", async () => {
      const one = await alice.fetch("/plain/old");
      return component.versions.at(-1) === "1.1" && one;
    });
    assert.equal((await completed(gateway, answer.event)).detail.protocol, "HTTP/1.1");
  });
});

story("a component may allow few streams at a time", async (stage) => {
  const { component, alice } = await begin(stage, { settings: { maxConcurrentStreams: 2 } });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => alice.fetch(`/plain/${i}`)));
  answers.forEach((answer, i) => assert.equal(answer.text.split(" ")[1], `/plain/${i}`));
  assert.ok(component.sessions.length >= 2, "one connection would not have been enough");
});

story("a component without TLS is spoken to in HTTP/2 where the configuration knows that it can", async (stage) => {
  const folder = makeFolder("nghttpd");
  stage.own({ name: "the files", stop: () => removeFolder(folder) });
  writeFileSync(join(folder, "large"), large);
  ownedByAccount(folder);
  const port = await freePort();
  const server = stage.own(new Program("nghttpd", asAccount(["nghttpd", "--no-tls", `--htdocs=${folder}`, "--address=127.0.0.1", "--echo-upload", String(port)])));
  const gateway = stage.own(await Gateway.start({ services: { little: `http://127.0.0.1:${port}` }, policy, configure: configure("http2: prior-knowledge") }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const first = await until("nghttpd answers", async () => {
    const answer = await alice.fetch("/large");
    return answer.status === 200 && answer;
  });
  assert.equal(first.text, large);
  assert.equal((await completed(gateway, first.event)).detail.protocol, "HTTP/2");
  assert.equal((await alice.fetch("/missing")).status, 404);
  const body = "x".repeat(1 << 20);
  assert.equal((await alice.fetch("/echo", { method: "POST", body })).text, body);
  assert.ok(server.running);
});
