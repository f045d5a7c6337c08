// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 towards engineers and admins: the same answers, events, cuts and limits as in HTTP/1.1, on both listeners.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import { LittleComponent } from "./lib/component.mjs";
import { block, connectHttp2, field, frame, preface } from "./lib/frames.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;
const settings = `workers: 1
limits: {request_body: 1MiB}
`;

// Frames by hand, for what no library would send.
const head = block([[":method", "GET"], [":scheme", "https"], [":authority", "localhost"], [":path", "/large"]]);
const raw = (gateway, pieces) => {
  const socket = connectHttp2(gateway);
  socket.on("error", () => {}).pause();
  socket.once("secureConnect", () => socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))));
  return socket;
};

class Http2Client {
  constructor({ port, ca, cookie }) {
    this.port = port;
    this.cookie = cookie;
    this.session = http2.connect(`https://localhost:${port}`, { ca, host: "127.0.0.1" });
    this.errors = [];
    this.session.on("error", (error) => this.errors.push(error));
    this.closed = new Promise((resolve) => this.session.once("close", resolve));
    this.session.on("goaway", (code) => (this.goaway = code));
  }
  open(path, { method = "GET", headers = {}, body } = {}) {
    const stream = this.session.request({ ":path": path, ":method": method, ...(this.cookie ? { cookie: this.cookie } : {}), ...headers }, { endStream: body === undefined && method === "GET" });
    if (body !== undefined) stream.end(body);
    return stream;
  }
  async fetch(path, options) {
    const stream = this.open(path, options);
    const answer = { text: "" };
    stream.setEncoding("utf8").on("response", (headers) => (answer.headers = headers)).on("trailers", (trailers) => (answer.trailers = trailers)).on("data", (piece) => (answer.text += piece));
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    answer.status = answer.headers[":status"];
    return answer;
  }
  stop() {
    this.session.destroy();
  }
}

story("HTTP/2 has the same answers, events, cuts and limits", async (stage) => {
  const running = [];
  const component = stage.own(await LittleComponent.start((request, response) => {
    if (request.url === "/stream") return running.push(response), response.write("begins\n");
    if (request.url === "/large") return response.end("x".repeat(3 << 20));
    if (request.url === "/trailers") return response.writeHead(200, { Trailer: "x-end" }), response.write("body"), response.addTrailers({ "x-end": "1" }), response.end();
    if (request.url === "/head") return response.writeHead(200, { "Content-Length": "7" }), response.end(request.method === "HEAD" ? undefined : "seven b");
    let bytes = 0;
    request.on("data", (piece) => (bytes += piece.length)).on("end", () => response.end(`${request.method} ${request.url} ${bytes} ${request.headers.host}`)).on("error", () => {});
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + settings }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const connect = () => stage.own(new Http2Client({ port: gateway.port, ca: gateway.ca, cookie: alice.cookie }));
  const client = connect();
  const refusedWith = (code) => readJournal(gateway).filter((event) => event.type === "exchange.refused" && event.detail.code === code);

  await stage.step("an exchange, as in HTTP/1.1", async () => {
    const answer = await client.fetch("/a?b=c");
    assert.equal(client.session.alpnProtocol, "h2");
    assert.equal(answer.status, 200);
    assert.match(answer.text, /^GET \/a\?b=c 0 /);
    assert.equal(answer.text, (await alice.fetch("/a?b=c")).text, "the component cannot tell the versions apart");
    await until("it is an event", () => readJournal(gateway).some((event) => event.type === "exchange.forwarded" && event.id === answer.headers["postern-event"]));
  });

  await stage.step("50 at a time, and bodies either way", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => client.fetch(`/n/${i}`)));
    answers.forEach((answer, i) => assert.match(answer.text, new RegExp(`^GET /n/${i} `)));
    assert.match((await client.fetch("/up", { method: "POST", body: "y".repeat(500_000) })).text, /^POST \/up 500000 /);
    assert.equal((await client.fetch("/large")).text.length, 3 << 20);
    assert.deepEqual({ ...(await client.fetch("/trailers")).trailers }["x-end"], "1");
  });

  await stage.step("what is not allowed is refused with a code and an event", async () => {
    const answer = await client.fetch("/../etc");
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.text).code, "target_not_canonical");
    const other = await client.fetch("/a", { headers: { ":authority": "elsewhere.example" } });
    assert.equal(JSON.parse(other.text).code, "wrong_host");
    const stranger = stage.own(new Http2Client({ port: gateway.port, ca: gateway.ca }));
    assert.equal((await stranger.fetch("/a")).status, 401);
    const large = await client.fetch("/up", { method: "POST", body: "y".repeat(2 << 20) });
    assert.equal(JSON.parse(large.text).code, "body_too_large");
    await until("each is an event", () => ["target_not_canonical", "wrong_host", "no_session"].every((code) => refusedWith(code).length === 1));
  });

  await stage.step("a switch cuts a stream, and the others of the connection go on", async () => {
    const stream = client.open("/stream");
    let received = 0;
    stream.on("data", (piece) => (received += piece.length)).on("error", () => {});
    await until("it is under way", () => received > 0);
    const other = client.open("/slow", { method: "POST", body: undefined });
    const closed = new Promise((resolve) => stream.once("close", resolve));
    const answer = await gateway.cli("capability", "set", "any.read", "off");
    assert.equal(answer.cut.exchanges, 1);
    await closed;
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL);
    assert.equal(client.goaway, undefined);
    const response = new Promise((resolve, reject) => other.once("response", resolve).once("error", reject));
    other.end("12345");
    assert.equal((await response)[":status"], 200);
    const completed = await until("its event is in the log", () => readJournal(gateway).find((event) => event.type === "exchange.completed" && event.outcome === "cut"));
    assert.equal(completed.detail.bytes_after_cut, 0);
    stage.say(`cut after ${completed.detail.cut_us} us`);
    await gateway.cli("capability", "set", "any.read", "on");
    for (const ours of running) ours.end();
  });

  await stage.step("rapid resets end the connection with an event, and nobody else notices", async () => {
    const hostile = connect();
    await hostile.fetch("/first");
    for (let i = 0; i < 2_000 && hostile.goaway === undefined && !hostile.session.destroyed; ++i) {
      const stream = hostile.open(`/n/${i}`);
      stream.on("error", () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    await hostile.closed;
    assert.equal(hostile.goaway, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await until("it is one event", () => refusedWith("http2_flood").length === 1);
    assert.equal((await client.fetch("/other")).status, 200);
  });

  await stage.step("floods of other kinds end theirs, each with an event, in bounded memory", async () => {
    const terminator = (await gateway.cli("status")).roles.find((role) => role.name === "terminator.0").pid;
    const memory = () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${terminator}/status`, "utf8"))[1]);
    const before = memory();
    const filler = field("x", "x".repeat(3_000));
    const floods = {
      ping: Array(20_000).fill(frame(6, 0, 0, "12345678")),
      settings: Array(20_000).fill(frame(4, 0, 0, "")),
      continuation: [frame(1, 0, 1, head), ...Array(200).fill(frame(9, 0, 1, field("x-a", "b".repeat(100))))],
      bomb: [frame(1, 4, 1, Buffer.concat([head, Buffer.from([0x40]), filler.subarray(1), Buffer.alloc(12_000, 0xbe)]))],
      empty: [frame(1, 4, 1, head), ...Array(20_000).fill(frame(0, 0, 1, ""))],
      unknown: Array(20_000).fill(frame(0x77, 0, 0, "")),
      // Asks for all of a large answer a hundred times, and reads nothing of it.
      unread: [frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])), ...Array.from({ length: 100 }, (_, i) => frame(1, 5, 2 * i + 1, Buffer.concat([head, field("cookie", alice.cookie)])))],
    };
    const flooded = refusedWith("http2_flood").length;
    const clients = Object.values(floods).map((frames) => raw(gateway, [preface, frame(4, 0, 0, ""), ...frames]));
    await until("each is an event", () => refusedWith("http2_flood").length === flooded + Object.keys(floods).length - 1);
    assert.equal((await client.fetch("/other")).status, 200);
    assert.ok(memory() - before < 32 * 1024, `a terminator does not keep what it refuses: ${memory() - before} KiB`);
    for (const socket of clients) socket.destroy();
  });

  await stage.step("the console speaks it too", async () => {
    const admin = stage.own(new Http2Client({ port: gateway.adminPort, ca: gateway.adminCa }));
    assert.equal((await admin.fetch("/healthz")).status, 200);
    const page = await admin.fetch("/");
    assert.equal(page.status, 200);
    assert.match(page.text, /<script/);
  });

  await stage.step("curl agrees on it by itself", async () => {
    const answer = await run("curl", ["-s", "--cacert", `${gateway.folder}/certs/support-ca.pem`, "--resolve", `localhost:${gateway.port}:127.0.0.1`, "-w", "%{http_version}", `https://localhost:${gateway.port}/.postern/sign-in`]);
    assert.ok(answer.stdout.endsWith("2"), answer.stderr);
  });

  await stage.step("and a client that does not ask for it gets HTTP/1.1", async () => {
    const plain = await WireClient.connect(gateway);
    plain.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert.equal((await plain.response()).status, 400);
    plain.close();
    await until("it is an event", () => refusedWith("version_not_supported").length === 1);
  });
});
