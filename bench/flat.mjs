// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/flat.mjs [ROUNDS]
//
// What an exchange costs does not depend on how much the gateway knows: gateways of one build (POSTERN_BUILD) with policies of 1, 1,000 and 100,000
// operations, and with 1 and 10,000 open sessions, take turns under h2load (Debian's nghttp2-client). Prints microseconds of CPU per exchange, all
// roles together, the least and the median of the rounds (9), and how much more that is than the first.
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { run } from "../tests/e2e/lib/process.mjs";
import { cpuNanoseconds, quantile, rolesOf } from "./resident.mjs";

const rounds = Number(process.argv[2] ?? 9);
const exchanges = 10_000;
const policyOf = (operations) =>
  `version: 1\ncapabilities:\n${Array.from({ length: Math.ceil(operations / 1000) }, (_, c) =>
    `  c${c}.read:\n    title: Read\n    class: read\n    operations:\n${Array.from({ length: Math.min(1000, operations - c * 1000) }, (_, i) => `      - GET /c${c}/o${i}/{id}`).join("\n")}`).join("\n")}\n`;
const configure = (text) => `${text}workers: 1\nlimits: { exchanges_per_connection: 1000000, connections_per_address: 10000 }\nsessions: { most: 100000, most_per_engineer: 1000 }\n`;

const openSessions = async (gateway, count) => {
  const admin = gateway.adminClient();
  const signedIn = await admin.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password }, { Origin: gateway.adminUrl });
  if (signedIn.status !== 200) throw new Error(`no sign-in: ${signedIn.status} ${signedIn.text}`);
  const engineers = Math.ceil(count / 900);
  for (let i = 0; i < engineers; ++i) await gateway.admit(`engineer-${i}`);
  let next = 0;
  const open = async () => {
    for (const client = gateway.client(); ; ) {
      const n = next++;
      if (n >= count) return client.close();
      const { json } = await admin.send("POST", "/api/v1/passes", { engineer: `engineer-${n % engineers}` }, { Origin: gateway.adminUrl });
      client.cookie = undefined;
      const answer = await client.send("POST", "/.postern/sign-in", { pass: json.pass });
      if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, open));
  admin.close();
};

const begin = async (component, name, operations, sessions) => {
  const gateway = await Gateway.start({ services: component.services, policy: policyOf(operations), configure });
  await gateway.admit("alice", Array.from({ length: Math.ceil(operations / 1000) }, (_, c) => `c${c}.read`));
  if (sessions > 1) await openSessions(gateway, sessions - 1);
  return { name, gateway, cookie: (await gateway.signIn("alice")).cookie, pids: (await rolesOf(gateway)).map(({ pid }) => pid), costs: [] };
};

const measure = async ({ gateway, cookie, pids, costs }) => {
  const before = cpuNanoseconds(pids);
  const load = await run("h2load", ["--h1", "-n", exchanges, "-c", "32", "-H", `Cookie: ${cookie}`, `https://localhost:${gateway.port}/c0/o0/x`]);
  if (!load.stdout.includes(`${exchanges} succeeded, 0 failed`) || !load.stdout.includes(`${exchanges} 2xx`)) throw new Error(`not every request was answered:\n${load.stdout}`);
  costs.push((cpuNanoseconds(pids) - before) / 1000 / exchanges);
};

const component = await LittleComponent.start((_, response) => response.end("x".repeat(1024)));
component.seen.push = () => 0;
const sides = [];
try {
  for (const [name, operations, sessions] of [["1 operation, 1 session", 1, 1], ["1,000 operations", 1_000, 1], ["100,000 operations", 100_000, 1], ["10,000 sessions", 1, 10_000]]) sides.push(await begin(component, name, operations, sessions));
  for (let round = 0; round <= rounds; ++round) for (let i = 0; i < sides.length; ++i) await measure(sides[(i + round) % sides.length]);
  const [least, median] = [({ costs }) => Math.min(...costs.slice(1)), ({ costs }) => quantile(costs.slice(1), 0.5)]; // the first one warms up
  const more = (value, first) => `${((value / first - 1) * 100).toFixed(1).padStart(5)} %`;
  for (const side of sides) console.log(`${side.name.padEnd(24)} least ${least(side).toFixed(1)} us ${more(least(side), least(sides[0]))}, median ${median(side).toFixed(1)} us ${more(median(side), median(sides[0]))}`);
} finally {
  for (const side of sides) await side.gateway.stop();
  await component.stop();
}
