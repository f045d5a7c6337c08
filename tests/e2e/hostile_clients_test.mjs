// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that never read, leave in the middle of a message, renegotiate, send early data, or are sent what unpacks to very much: each costs a
// bounded amount, is ended, and leaves the others alone.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import tls from "node:tls";
import zlib from "node:zlib";
import { LittleComponent } from "./lib/component.mjs";
import { block, connectHttp2, flag, frame, preface, type } from "./lib/frames.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
redact: [{ json: $..password }]
`;
const settings = "workers: 1\ntimeouts: {handshake: 2s, head: 2s, body_idle: 2s, keep_alive: 60s}\nlimits: {request_body: 1GiB}\n";
const kMiB = 1 << 20;

// 64 MiB of one digit within a JSON text, in about 64 KiB.
const bomb = zlib.gzipSync(Buffer.concat([Buffer.from('{"password":"secret","filler":"'), Buffer.alloc(64 * kMiB, "0"), Buffer.from('"}')]));

story("clients that want no answer", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => {
    response.on("error", () => {});
    if (request.url === "/endless") {
      const more = () => {
        while (response.write("z".repeat(65_536)));
      };
      response.on("drain", more);
      return more();
    }
    if (request.url === "/bomb") return response.writeHead(200, { "Content-Type": "application/json", "Content-Encoding": "gzip" }).end(bomb);
    let bytes = 0;
    request.on("error", () => {}).on("data", (piece) => (bytes += piece.length)).on("end", () => response.end(String(bytes)));
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + settings }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const roles = (await gateway.cli("status")).roles.filter(({ name }) => ["terminator.0", "enforcer.0"].includes(name));
  const most = () => roles.map(({ pid }) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024);
  const grewBy = async (act) => {
    const before = most();
    await act();
    return most().map((bytes, i) => bytes - before[i]);
  };
  const othersServed = async () => assert.equal((await alice.fetch("/others")).text, "0");
  const head = (method, path, more = "") => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n${more}\r\n`;
  const events = (type) => readJournal(gateway).filter((event) => event.type === type);
  await othersServed();

  await stage.step("never read", async () => {
    const grown = await grewBy(async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.connect(gateway)));
      for (const client of clients) client.socket.pause(), client.send(head("GET", "/endless"));
      await othersServed();
      await until("each was given up", () => events("exchange.completed").filter((event) => event.outcome === "client_gone").length === clients.length, 60_000);
      for (const client of clients) client.close();
    });
    for (const bytes of grown) assert.ok(bytes < 24 * kMiB, `20 responses that nobody took: ${grown.map((b) => b / kMiB)} MiB more`);
  });

  await stage.step("leave in the middle of a head, a body, a chunk and a frame", async () => {
    for (const begun of [head("GET", "/x").slice(0, -4), head("POST", "/x", "Content-Length: 100\r\n") + "half", head("POST", "/x", "Transfer-Encoding: chunked\r\n") + "ff\r\nhalf"]) {
      const client = await WireClient.connect(gateway);
      client.send(begun);
      await new Promise((resolve) => client.socket.write("", resolve));
      client.close();
    }
    const socket = tls.connect({ host: "127.0.0.1", port: gateway.port, ca: gateway.ca, servername: "localhost", ALPNProtocols: ["h2"] });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    await new Promise((resolve) => socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 200, 1])]), resolve));
    socket.destroy();
    await until("the bodies have ended in the log", () => events("exchange.completed").filter(({ detail }) => detail.request_bytes === 4).length === 2);
    await othersServed();
  });

  await stage.step("renegotiate", async () => {
    const socket = tls.connect({ host: "127.0.0.1", port: gateway.port, ca: gateway.ca, servername: "localhost", maxVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    const said = await new Promise((resolve) => {
      socket.once("error", (error) => resolve(error.code)).once("close", () => resolve("closed"));
      socket.renegotiate({}, (error) => resolve(error?.code ?? "renegotiated"));
    });
    assert.notEqual(said, "renegotiated");
    socket.destroy();
    await othersServed();
  });

  await stage.step("send early data", async () => {
    const folder = makeFolder("early");
    const [ticket, request, ca] = ["ticket", "request", "ca"].map((name) => join(folder, name));
    writeFileSync(ca, gateway.ca);
    writeFileSync(request, head("GET", "/early", "Connection: close\r\n"));
    const connect = (...more) => run("sh", ["-c", `{ cat ${request}; sleep 1; } | openssl s_client -connect 127.0.0.1:${gateway.port} -servername localhost -CAfile ${ca} -tls1_3 -alpn http/1.1 ${more.join(" ")}`]);
    const first = await connect("-sess_out", ticket);
    assert.match(first.stdout, /HTTP\/1\.1 200/);
    assert.match(first.stdout, /Max Early Data: 0/);
    const seen = component.seen.length;
    const second = await connect("-sess_in", ticket, "-early_data", request);
    assert.doesNotMatch(second.stdout, /Early data was accepted/);
    assert.ok(component.seen.length - seen <= 1, "what was sent early did not count");
    removeFolder(folder);
    await othersServed();
  });

  await stage.step("send a compressed bomb, and are sent one", async () => {
    const grown = await grewBy(async () => {
      assert.equal((await alice.fetch("/up", { method: "POST", body: bomb, headers: { "Content-Encoding": "gzip", "Content-Type": "application/json" } })).text, String(bomb.length));
      const response = await alice.open("/bomb", { agent: false });
      let [bytes, start] = [0, ""];
      for await (const piece of response) {
        if (start.length < 100) start += piece.subarray(0, 100).toString();
        bytes += piece.length;
      }
      assert.doesNotMatch(start, /secret/);
      assert.ok(bytes > 64 * kMiB, `${bytes} bytes came, unpacked`);
      const never = await WireClient.connect(gateway); // unpacked only as far as it is taken
      never.socket.pause();
      never.send(head("GET", "/bomb"));
      await until("it was given up", () => events("exchange.completed").some((event) => event.outcome === "client_gone" && event.detail.redacted === 1), 60_000);
      never.close();
    });
    for (const bytes of grown) assert.ok(bytes < 8 * kMiB, `64 MiB unpacked: ${grown.map((b) => b / kMiB)} MiB more`);
    await othersServed();
  });

  const lives = async () => Object.fromEntries((await gateway.cli("status")).roles.map(({ name, pid }) => [name, pid]));
  const number = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const windows = (value) => frame(type.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), number(value)]));

  // Answers that are frames and wait for the client are no streams any more, and still exchanges.
  await stage.step("ask without end by HTTP/2 and read nothing, without signing in", async () => {
    const before = await lives();
    const socket = connectHttp2(gateway);
    socket.on("error", () => {}).pause();
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    const ask = (stream, path) => frame(type.headers, flag.endStream | flag.endHeaders, stream, block([[":method", "GET"], [":scheme", "https"], [":authority", "localhost"], [":path", path]]));
    socket.write(Buffer.concat([Buffer.from(preface), windows(0x7fffffff), frame(type.window, 0, 0, number(8_000_000))]));
    // The kernel takes what it can; behind that small answers wait, many in little room.
    for (let i = 0; i < 2_500; ++i) {
      socket.write(ask(2 * i + 1, i < 1_800 ? "/.postern/assets/visit.js" : "/.postern"));
      if (i % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await othersServed();
    socket.destroy();
    await othersServed();
    assert.deepEqual(await lives(), before, "nobody was killed for it");
  });

  await stage.step("are late with a body and then end it too early, by HTTP/2", async () => {
    const before = await lives();
    for (const [url, ca] of [[gateway.url, gateway.ca], [gateway.adminUrl, gateway.adminCa]]) {
      const session = http2.connect(url, { ca, settings: { initialWindowSize: 0 } }); // no answer's body finds room
      session.on("error", () => {});
      const request = session.request({ ":method": "POST", ":path": "/.postern/sign-in", "content-length": "10" });
      request.on("error", () => {});
      const late = new Promise((resolve) => request.once("response", (headers) => resolve(headers[":status"])));
      request.write("{");
      assert.equal(await late, 408);
      request.end(); // and now it is shorter than it said
      await new Promise((resolve) => session.ping(resolve));
      session.destroy();
    }
    await othersServed();
    assert.deepEqual(await lives(), before, "nobody was killed for it");
  });

  await stage.step("change their mind", async () => {
    for (const upgrade of ["Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", "Connection: Upgrade\r\nUpgrade: anything\r\n"]) {
      const client = await WireClient.connect(gateway);
      client.send(head("GET", "/x", upgrade));
      const answer = await client.response();
      assert.ok(answer.status === 200 || answer.status === 400, `${answer.status}`);
      client.send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
      const next = await client.response();
      assert.ok(next === null || next.status === 400, "no other protocol begins");
      client.close();
    }
    await othersServed();
  });
  alice.close();
});
