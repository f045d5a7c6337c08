// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/revocation.mjs [SESSIONS [STREAMS [TIMES]]]
//
// SESSIONS (10,000) open sessions and STREAMS (1,000) running responses of one capability, which an admin switches off TIMES (10) times. Prints,
// from the events: milliseconds from the admin's command until the last stream was cut (permission.applied), the same of each stream (p50, p99,
// longest; exchange.completed), and the bytes that left after the cut. Once as it is, and once with the clients stopped for the moment of the cut
// (SIGSTOP): a thousand browsers that all notice at once are a thousand machines, and here they would share the gateway's cores. Builds nothing:
// POSTERN_BUILD names the build.
import { fork } from "node:child_process";
import { once } from "node:events";
import { Client } from "../tests/e2e/lib/client.mjs";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { readJournal } from "../tests/e2e/lib/journal.mjs";
import { until } from "../tests/e2e/lib/owned.mjs";
import { quantile } from "./resident.mjs";

// The other process: opens the streams, says that they run, and ends with the last of them.
const hold = async ({ port, ca, cookies }) => {
  let running = cookies.length;
  const open = async (cookie) => {
    const client = new Client({ port, ca });
    client.cookie = cookie;
    const response = await client.open("/s/1", { agent: false });
    if (response.statusCode !== 200) throw new Error(`no stream: ${response.statusCode}`);
    response.on("error", () => {}).on("close", () => --running === 0 && process.exit(0)).resume();
  };
  for (let first = 0; first < cookies.length; first += 50) await Promise.all(cookies.slice(first, first + 50).map(open));
  process.send("running");
};
if (process.send) {
  const [work] = await once(process, "message");
  await hold(work);
  await new Promise(() => {});
}

const [sessions, streams, times] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 1_000), Number(process.argv[4] ?? 10)];
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /r/**] }
  any.stream: { title: Stream, class: read, operations: [GET /s/**] }
`;
const configure = (text) => `${text}
limits: { connections_per_address: 10000, connections: 10000 }
sessions: { most: 100000, most_per_engineer: 1000 }
`;
const engineers = Math.ceil(sessions / 900) + 1;

const component = await LittleComponent.start((_, response) => {
  response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: begun\n\n");
  const timer = setInterval(() => response.write("data: more\n\n"), 50);
  response.on("close", () => clearInterval(timer)).on("error", () => {});
});
let gateway;
try {
  gateway = await Gateway.start({ services: component.services, policy, configure });
  for (let i = 0; i < engineers; ++i) await gateway.admit(`engineer-${i}`, i === 0 ? ["any.read", "any.stream"] : []);
  const admin = gateway.adminClient();
  const signedIn = await admin.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password }, { Origin: gateway.adminUrl });
  if (signedIn.status !== 200) throw new Error(`no sign-in: ${signedIn.status} ${signedIn.text}`);
  const clients = Array.from({ length: 16 }, () => gateway.client());
  const cookies = [];
  let next = 0;
  const open = async (client) => {
    while (next < sessions) {
      const { json } = await admin.send("POST", "/api/v1/passes", { engineer: `engineer-${next++ % engineers}` }, { Origin: gateway.adminUrl });
      client.cookie = undefined;
      const answer = await client.send("POST", "/.postern/sign-in", { pass: json.pass });
      if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
      cookies.push(client.cookie);
    }
  };
  await Promise.all(clients.map(open));
  for (const client of clients) client.close();
  let cut = 0;
  for (const stopped of [false, true]) {
    const [took, cuts, after] = [[], [], []];
    for (let round = 0; round < times; ++round) {
      const holder = fork(import.meta.filename);
      holder.send({ port: clients[0].port, ca: String(clients[0].ca), cookies: Array.from({ length: streams }, (_, i) => cookies[i % cookies.length]) });
      const [said] = await Promise.race([once(holder, "message"), once(holder, "exit").then(() => ["the clients failed"])]);
      if (said !== "running") throw new Error(said);
      if (stopped) holder.kill("SIGSTOP");
      await gateway.cli("capability", "set", "any.stream", "off");
      cut += streams;
      await until("the events are there", () => readJournal(gateway).filter((event) => event.outcome === "cut").length === cut, 60_000);
      if (stopped) holder.kill("SIGCONT");
      await once(holder, "exit");
      const events = readJournal(gateway);
      took.push(events.filter((event) => event.type === "permission.applied" && event.detail.cut_exchanges === streams).at(-1).detail.slowest_us / 1000);
      for (const { detail } of events.filter((event) => event.outcome === "cut").slice(-streams)) cuts.push(detail.cut_us / 1000), after.push(detail.bytes_after_cut);
      await gateway.cli("capability", "set", "any.stream", "on");
    }
    console.log(`${sessions} sessions, ${streams} streams cut at once, ${times} times, ${stopped ? "clients stopped while it happens" : "clients on the same cores"}`);
    console.log(`until the last one was cut: median ${quantile(took, 0.5).toFixed(1)} ms, longest ${Math.max(...took).toFixed(1)} ms`);
    console.log(`each of them: p50 ${quantile(cuts, 0.5).toFixed(1)} ms, p99 ${quantile(cuts, 0.99).toFixed(1)} ms`);
    console.log(`bytes after the cut: ${after.reduce((sum, some) => sum + some, 0)}`);
  }
  admin.close();
} finally {
  await gateway?.stop();
  await component.stop();
}
