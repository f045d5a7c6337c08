// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/console.mjs [SESSIONS [EXCHANGES]]
//
// The console over a large log: real engineers open SESSIONS sessions (10,000) through the gateway and make EXCHANGES calls (49) in each, so
// that there are about a million events; then each list of the console is asked for, first while nothing else happens, then while 200
// events a second come in. Prints milliseconds from the request to the answer's last byte, the median and the longest of several, beside
// what the console's other callers wait meanwhile. Builds nothing: POSTERN_BUILD names the build.
import tls from "node:tls";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";

const [sessions, exchanges] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 49)];
const engineers = 100;
const atOnce = 24; // sessions under way
const asked = 15; // times each question is asked
const eventsPerSecond = 200;
const needle = "the-one-that-is-looked-for";

const policy = `version: 1
capabilities:
  items.read: { title: Read items, class: read, operations: [ "GET /items/{id}" ] }
  items.write: { title: Change items, class: write, operations: [ "POST /items/{id}" ] }
`;
const configure = (text) => `${text}
limits: { exchanges_per_connection: 1000000, connections_per_address: 10000 }
sessions: { most: 10000, most_per_engineer: 1000 }
`;

// One call of fifty is refused, one of ten changes something. The component says yes to all.
const callOf = (session, n) => {
  if (n % 50 === 49) return `GET /secret/${session}`;
  return n % 10 === 9 ? `POST /items/${n}` : `GET /items/${session * exchanges + n}${session === 0 && n === 0 ? `?${needle}` : ""}`;
};

// A whole visit on one connection: its calls are sent at once and answered in turn.
const visit = (gateway, cookie, session) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port: gateway.port, servername: "localhost", ca: gateway.ca, ALPNProtocols: ["http/1.1"] });
    const head = `Host: localhost:${gateway.port}\r\nCookie: ${cookie}\r\n`;
    let answered = 0;
    socket.setEncoding("latin1");
    socket.on("data", (piece) => (answered += piece.split("HTTP/1.1 ").length - 1));
    socket.once("error", reject).once("close", () => (answered >= exchanges * 0.9 ? resolve() : reject(new Error(`${answered} of ${exchanges} were answered`))));
    const calls = Array.from({ length: exchanges }, (_, n) => `${callOf(session, n)} HTTP/1.1\r\n${head}Content-Length: 0\r\n${n === exchanges - 1 ? "Connection: close\r\n" : ""}\r\n`);
    socket.write(calls.join("").replaceAll(/(GET [^\r]*\r\nHost[^\r]*\r\nCookie[^\r]*\r\n)Content-Length: 0\r\n/g, "$1"));
  });

const signIn = async (gateway, admin, engineer) => {
  const issued = await admin.send("POST", "/api/v1/passes", { engineer }, { Origin: gateway.adminUrl });
  if (issued.status >= 300) throw new Error(`no pass: ${issued.status} ${issued.text}`);
  const client = gateway.client();
  const answer = await client.send("POST", "/.postern/sign-in", { pass: issued.json.pass });
  if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
  return client;
};

const fill = async (gateway, admin) => {
  let next = 0;
  let told = Date.now();
  const worker = async () => {
    while (next < sessions) {
      const session = next++;
      const client = await signIn(gateway, admin, `engineer-${session % engineers}`);
      await visit(gateway, client.cookie, session);
      if (session < sessions - 50) await client.fetch("/.postern/sign-out", { method: "POST", headers: { "Content-Length": "0" } });
      client.close();
      if (Date.now() - told < 5000) continue;
      told = Date.now();
      console.error(`${next} of ${sessions} sessions`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const timed = async (admin, path) => {
  const begin = performance.now();
  const answer = await admin.fetch(path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return { ms: performance.now() - begin, answer };
};

// What somebody else waits for a small answer meanwhile: asked every 20 ms.
const bystander = (admin) => {
  const waits = [];
  let going = true;
  const done = (async () => {
    while (going) {
      waits.push((await timed(admin, "/api/v1/me")).ms);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => ((going = false), await done, Math.max(...waits));
};

const measure = async (admin, other, questions) => {
  for (const [name, path] of questions) {
    const stop = bystander(other);
    const times = [];
    for (let i = 0; i < asked; ++i) times.push((await timed(admin, path)).ms);
    const longest = Math.max(...times);
    console.log(`${name.padEnd(44)} ${median(times).toFixed(1).padStart(8)} ms ${longest.toFixed(1).padStart(8)} ms longest ${(await stop()).toFixed(1).padStart(8)} ms others waited at most`);
  }
};

// A text through the whole log, as the page goes on by itself: how long until its only place is found.
const look = async (admin) => {
  const begin = performance.now();
  for (let before = "", looks = 1; ; ++looks) {
    const { answer } = await timed(admin, `/api/v1/events?text=${needle}${before}`);
    const { items, next } = answer.json;
    const hit = items.find((event) => event.detail?.target?.includes(needle));
    if (hit) return console.log(`${"a text that stands at the other end".padEnd(44)} ${(performance.now() - begin).toFixed(0).padStart(8)} ms, in ${looks} looks`);
    if (next === undefined) throw new Error("the text was not found");
    before = `&before=${next}`;
  }
};

// A call that fails is no event: then the figures are not what they are called.
const arriving = (client) => {
  let [answered, failed] = [0, 0];
  const call = (path) => client.fetch(path).then((answer) => (answer.status === 200 ? ++answered : ++failed), () => ++failed);
  const timer = setInterval(() => {
    for (let i = 0; i < eventsPerSecond / 20; ++i) void call(`/items/${i}`);
  }, 100); // an exchange is two events
  return () => {
    clearInterval(timer);
    if (failed > 0 || answered === 0) throw new Error(`of the calls that make the events ${failed} failed and ${answered} did not`);
  };
};

const component = await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("{}")));
let gateway;
try {
  gateway = await Gateway.start({ services: component.services, policy, configure });
  await gateway.cli("remote-access", "set", "all");
  for (const name of ["items.read", "items.write"]) await gateway.cli("capability", "set", name, "on");
  const [admin, other] = [gateway.adminClient(), gateway.adminClient()];
  for (const client of [admin, other]) {
    const answer = await client.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password }, { Origin: gateway.adminUrl });
    if (answer.status !== 200) throw new Error(`no sign-in: ${answer.status} ${answer.text}`);
  }
  for (let i = 0; i < engineers; ++i) {
    await gateway.cli("engineer", "add", `engineer-${i}`, "--email", `engineer-${i}@vendor.example`);
    await gateway.cli("engineer", "approve", `engineer-${i}`);
  }
  const begin = Date.now();
  await fill(gateway, admin);
  const { log } = await gateway.cli("status");
  console.log(`${log.size} events of ${sessions} sessions, made in ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  const some = (await timed(admin, "/api/v1/sessions?state=ended&limit=5000")).answer.json.items.at(-1).id;
  const questions = [
    ["events, first page", "/api/v1/events"],
    ["events, refused", "/api/v1/events?type=exchange.refused"],
    ["events, warnings of an engineer", "/api/v1/events?severity=warning&actor=engineer:engineer-7"],
    ["events, a text in the newest", "/api/v1/events?text=items"],
    ["events, a text that stands nowhere", "/api/v1/events?text=no-such-text"],
    ["sessions, first page", "/api/v1/sessions?state=ended"],
    ["sessions of an engineer", "/api/v1/sessions?state=ended&engineer=engineer-7"],
    ["sessions, with refusals", "/api/v1/sessions?state=ended&outcome=refused"],
    ["sessions, a text in the newest", "/api/v1/sessions?state=ended&text=items"],
    ["sessions, now", "/api/v1/sessions"],
    ["a session", `/api/v1/sessions/${some}`],
    ["a session's exchanges", `/api/v1/sessions/${some}/exchanges`],
    ["a session, verified", `/api/v1/sessions/${some}/verify`],
    ["permissions", "/api/v1/capabilities"],
    ["last use of each capability", "/api/v1/capability-use"],
    ["the plot of Home, a year", "/api/v1/events/histogram?since=365d"],
    ["requests", "/api/v1/requests"],
    ["status", "/api/v1/status"],
  ];
  console.log("\nwhile nothing else happens: median, longest");
  await measure(admin, other, questions);
  await look(admin);
  console.log(`\nwhile ${eventsPerSecond} events a second come in: median, longest`);
  const engineer = await signIn(gateway, admin, "engineer-0");
  const rest = arriving(engineer);
  await measure(admin, other, questions);
  rest();
  engineer.close();
  admin.close();
  other.close();
} finally {
  await gateway?.stop();
  await component.stop();
}
