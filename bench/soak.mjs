// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/soak.mjs [MINUTES [SVG]]
//
// A mixed load for MINUTES (60), and the resident memory of every role meanwhile, as a curve in SVG (soak.svg): reads, changes, uploads and
// downloads, endless streams, HTTP/2, clients that read slowly or go away in the middle, visits that begin and end, refusals, and bytes that
// are no HTTP. Prints MiB per role at the beginning of the second tenth and at the end, and how many of each were done. Builds nothing:
// POSTERN_BUILD names the build.
import http2 from "node:http2";
import { writeFileSync } from "node:fs";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { WireClient } from "../tests/e2e/lib/wire.mjs";
import { residentKiB, rolesOf } from "./resident.mjs";

const [minutes, svg] = [Number(process.argv[2] ?? 60), process.argv[3] ?? "soak.svg"];
const samples = 360;
const streams = 20; // that run at any time
const engineers = 8;
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /r/**] }
  any.write: { title: Write, class: write, operations: [POST /w/**] }
redact: [{ json: $..password }]
`;
const configure = (text) => `${text}workers: 2\nlimits: { connections_per_address: 4096 }\ntimeouts: { body_idle: 5s, head: 5s, keep_alive: 20s }\n`;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const secret = JSON.stringify({ user: "a", password: "correct horse battery staple", rest: "x".repeat(2000) });

// Downloads are made as they are taken; streams say something every half second until their client goes.
const answer = (request, response) => {
  request.on("error", () => {}).resume();
  response.on("error", () => {});
  if (request.url.startsWith("/r/stream")) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const timer = setInterval(() => response.write(`data: ${Date.now()}\n\n`), 500);
    return response.on("close", () => clearInterval(timer));
  }
  if (request.url.startsWith("/r/large")) {
    const piece = Buffer.alloc(65_536, "a");
    let left = 64;
    const more = () => {
      while (left-- > 0) if (!response.write(piece)) return response.once("drain", more);
      response.end();
    };
    return more();
  }
  if (request.url.startsWith("/r/secret")) return response.writeHead(200, { "Content-Type": "application/json" }).end(secret);
  request.on("end", () => response.end("x".repeat(1000)));
};

const done = {};
let going = true;
const count = (what) => (done[what] = (done[what] ?? 0) + 1);
// Does it again and again with so many milliseconds between, until the end. What must not fail says so itself.
const again = async (what, pause, act) => {
  while (going) {
    try {
      await act();
      count(what);
    } catch (error) {
      count(`${what}: ${error.code ?? error.message}`);
    }
    await wait(pause);
  }
};

const visits = async (gateway) => {
  const client = await gateway.signIn(`engineer-${Math.floor(Math.random() * engineers)}`);
  try {
    for (let i = 0; i < 5; ++i) await client.fetch(`/r/${i}`);
    await client.fetch("/.postern/sign-out", { method: "POST", headers: { "Content-Length": "0" } });
  } finally {
    client.close();
  }
};

const expect = async (answered, status) => {
  const { status: was, text } = await answered;
  if (was !== status) throw new Error(`${was} ${text.slice(0, 80)}`);
};

const overHttp2 = (gateway, cookie) =>
  new Promise((resolve, reject) => {
    const session = http2.connect(gateway.url, { ca: gateway.ca, servername: "localhost", host: "127.0.0.1", port: gateway.port });
    session.once("error", reject).once("close", resolve);
    let left = 32;
    const ended = () => --left === 0 && session.close();
    for (let i = 0; i < 32; ++i) session.request({ ":path": `/r/h2-${i}`, cookie }).on("error", ended).on("end", ended).resume().end();
  });

const slowly = async (gateway, cookie) => {
  const client = await WireClient.connect(gateway);
  client.socket.pause(); // never reads: ended after body_idle
  client.send(`GET /r/large HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
  await wait(8_000);
  client.close();
};
const byteByByte = async (gateway) => {
  const client = await WireClient.connect(gateway);
  for (const byte of "GET /r/1 HTTP/1.1\r\nHost: local") {
    if (client.ended) break;
    client.send(byte);
    await wait(300);
  }
  client.close();
};
const noise = async (gateway) => {
  const client = await WireClient.connect(gateway);
  client.send("GET  /r/1 HTTP/1.1\r\n broken\r\n\r\n");
  await client.end(30_000);
  client.close();
};
const leaves = async (gateway, cookie) => {
  const client = await WireClient.connect(gateway);
  client.send(`GET /r/large HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
  await client.until("the first bytes", () => client.received.length > 10_000 || null);
  client.close();
};

const colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"];
const draw = (names, curve) => {
  const [width, height, left, top] = [760, 300, 60, 20];
  const most = Math.ceil((Math.max(...curve.flatMap(({ kib }) => kib)) / 1024) * 1.1);
  const x = (at) => left + (at / Math.max(1, curve.length - 1)) * width;
  const y = (kib) => top + height - (kib / 1024 / most) * height;
  const lines = names.map((name, i) => {
    const points = curve.map(({ kib }, at) => `${x(at).toFixed(1)},${y(kib[i]).toFixed(1)}`).join(" ");
    const label = `<text x="${left + 10 + (i % 4) * 185}" y="${top + height + 45 + Math.floor(i / 4) * 18}" fill="${colours[i % colours.length]}">${name} ${(curve.at(-1).kib[i] / 1024).toFixed(1)}</text>`;
    return `<polyline fill="none" stroke="${colours[i % colours.length]}" stroke-width="1.5" points="${points}"/>${label}`;
  });
  const ticks = Array.from({ length: 5 }, (_, i) => {
    const [at, mib] = [top + height - (i / 4) * height, Math.round((i / 4) * most)];
    return `<path stroke="#8888" d="M${left} ${at}h${width}"/><text x="${left - 8}" y="${at + 4}" text-anchor="end">${mib}</text>`;
  });
  const times = Array.from({ length: 7 }, (_, i) => `<text x="${left + (i / 6) * width}" y="${top + height + 18}" text-anchor="middle">${+((i / 6) * minutes).toFixed(1)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 30} ${top + height + 110}" font-family="sans-serif" font-size="12" fill="#777">
<text x="4" y="12">MiB resident; minutes</text>
${[...ticks, ...times, ...lines].join("\n")}
</svg>
`;
};

const component = await LittleComponent.start(answer);
component.seen.push = () => 0; // an hour of them is not needed
let gateway;
try {
  gateway = await Gateway.start({ services: component.services, policy, configure });
  for (let i = 0; i < engineers; ++i) await gateway.admit(`engineer-${i}`, i === 0 ? ["any.read", "any.write"] : []);
  const admin = gateway.adminClient();
  const signedIn = await admin.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password }, { Origin: gateway.adminUrl });
  if (signedIn.status !== 200) throw new Error(`no sign-in: ${signedIn.status} ${signedIn.text}`);
  const alice = await gateway.signIn("engineer-0");
  const { cookie } = alice;
  const stream = async () => {
    const response = await alice.open("/r/stream", { agent: false });
    setTimeout(() => response.destroy(), 5_000 + Math.random() * 30_000);
    response.resume().on("error", () => {});
    await new Promise((resolve) => response.once("close", resolve));
  };
  const loads = [
    ...Array.from({ length: streams }, () => again("streams", 100, stream)),
    ...Array.from({ length: 2 }, () => again("reads", 40, () => expect(alice.fetch(`/r/${Math.random()}`), 200))),
    again("secrets taken out", 200, () => expect(alice.fetch("/r/secret"), 200)),
    again("changes", 100, () => expect(alice.send("POST", "/w/1", { a: 1 }), 200)),
    again("uploads", 1000, () => expect(alice.fetch("/w/large", { method: "POST", body: Buffer.alloc(1 << 20, "u") }), 200)),
    again("downloads", 1000, () => expect(alice.fetch("/r/large"), 200)),
    again("refused", 200, () => expect(alice.fetch("/not/listed"), 403)),
    again("HTTP/2 connections of 32", 2000, () => overHttp2(gateway, cookie)),
    again("visits", 1000, () => visits(gateway)),
    again("never read", 1000, () => slowly(gateway, cookie)),
    again("byte by byte", 1000, () => byteByByte(gateway)),
    again("no HTTP", 1000, () => noise(gateway)),
    again("gone in the middle", 500, () => leaves(gateway, cookie)),
    again("the console's pages", 1000, () => expect(admin.fetch("/api/v1/events?limit=50"), 200)),
  ];
  const roles = await rolesOf(gateway);
  const curve = [];
  const begin = Date.now();
  for (let i = 0; i < samples; ++i) {
    await wait(Math.max(0, begin + ((i + 1) * minutes * 60_000) / samples - Date.now()));
    curve.push({ kib: roles.map(({ pid }) => residentKiB(pid)) });
    writeFileSync(svg, draw(roles.map(({ name }) => name), curve)); // what there is, should it be ended
  }
  going = false;
  await Promise.all(loads);
  const from = curve[Math.floor(samples / 10)];
  roles.forEach(({ name }, i) => console.log(`${name.padEnd(16)} ${(from.kib[i] / 1024).toFixed(1).padStart(7)} MiB  ${(curve.at(-1).kib[i] / 1024).toFixed(1).padStart(7)} MiB at the end`));
  for (const [what, times] of Object.entries(done)) console.log(`${what}: ${times}`);
  console.log(`${(await gateway.cli("status")).log.size} events`);
  alice.close();
  admin.close();
} finally {
  going = false;
  await gateway?.stop();
  await component.stop();
}
