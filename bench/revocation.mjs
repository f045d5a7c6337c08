// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/revocation.mjs [SESSIONS [STREAMS [TIMES]]]
//
// SESSIONS (10,000) open sessions and STREAMS (1,000) running responses of one capability, which an admin switches off TIMES (10) times. Prints,
// from the events: milliseconds from the admin's command until the last stream was cut (permission.applied), the same of each stream (p50, p99,
// longest; exchange.completed), and the bytes that left after the cut. Builds nothing: POSTERN_BUILD names the build.
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { readJournal } from "../tests/e2e/lib/journal.mjs";
import { until } from "../tests/e2e/lib/owned.mjs";
import { quantile } from "./resident.mjs";

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
  const [took, cuts, after] = [[], [], []];
  for (let round = 0; round < times; ++round) {
    const running = [];
    let ended = 0;
    for (let first = 0; first < streams; first += 50) {
      running.push(...(await Promise.all(Array.from({ length: Math.min(50, streams - first) }, async (_, i) => {
        const client = gateway.client();
        client.cookie = cookies[(first + i) % cookies.length];
        const response = await client.open("/s/1", { agent: false });
        if (response.statusCode !== 200) throw new Error(`no stream: ${response.statusCode}`);
        response.on("error", () => {}).on("close", () => ++ended).resume();
        return client;
      }))));
    }
    await gateway.cli("capability", "set", "any.stream", "off");
    await until("all streams have ended", () => ended === streams, 60_000);
    for (const client of running) client.close();
    await until("the events are there", () => readJournal(gateway).filter((event) => event.outcome === "cut").length === (round + 1) * streams, 60_000);
    const events = readJournal(gateway);
    took.push(events.filter((event) => event.type === "permission.applied" && event.detail.cut_exchanges === streams).at(-1).detail.slowest_us / 1000);
    for (const { detail } of events.filter((event) => event.outcome === "cut").slice(-streams)) cuts.push(detail.cut_us / 1000), after.push(detail.bytes_after_cut);
    await gateway.cli("capability", "set", "any.stream", "on");
  }
  console.log(`${sessions} sessions, ${streams} streams cut at once, ${times} times`);
  console.log(`until the last one was cut: median ${quantile(took, 0.5).toFixed(1)} ms, longest ${Math.max(...took).toFixed(1)} ms`);
  console.log(`each of them: p50 ${quantile(cuts, 0.5).toFixed(1)} ms, p99 ${quantile(cuts, 0.99).toFixed(1)} ms`);
  console.log(`bytes after the cut: ${after.reduce((sum, some) => sum + some, 0)}`);
  admin.close();
} finally {
  await gateway?.stop();
  await component.stop();
}
