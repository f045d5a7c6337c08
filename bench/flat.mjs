// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/flat.mjs [ROUNDS]
//
// What an exchange costs does not depend on how much the gateway knows: gateways of one build (POSTERN_BUILD) with policies of 1, 1,000 and 100,000
// operations, and with 1 and 10,000 open sessions, take turns under h2load (Debian's nghttp2-client), 16 of them beside each other. Where there are
// many operations 1,000 of them are called in turn; where there are many sessions each h2load has one of its own. Prints microseconds of CPU per exchange, all
// roles together, the least and the median of the rounds (9), and how much more that is than the first. The logs are in memory (TMPDIR, if it is set,
// says where else): how long a file system looks for a free inode depends on what was deleted before, and was up to two fifths of what the ledger does.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { run } from "../tests/e2e/lib/process.mjs";
import { cpuNanoseconds, quantile, rolesOf } from "./resident.mjs";

const rounds = Number(process.argv[2] ?? 9);
const exchanges = 32_000;
const clients = 16;
if (existsSync("/dev/shm")) process.env.TMPDIR ??= "/dev/shm";
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
  const cookies = [];
  let next = 0;
  const open = async () => {
    for (const client = gateway.client(); ; ) {
      const n = next++;
      if (n >= count) return client.close();
      const { json } = await admin.send("POST", "/api/v1/passes", { engineer: `engineer-${n % engineers}` }, { Origin: gateway.adminUrl });
      client.cookie = undefined;
      const answer = await client.send("POST", "/.postern/sign-in", { pass: json.pass });
      if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
      cookies.push(client.cookie);
    }
  };
  await Promise.all(Array.from({ length: 16 }, open));
  admin.close();
  return cookies;
};

// As many of them as are used, from everywhere among them.
const spread = (all, most) => Array.from({ length: Math.min(all, most) }, (_, i) => Math.floor((i * all) / Math.min(all, most)));
const targets = (operations) => spread(operations, 1_000).map((n) => `/c${Math.floor(n / 1_000)}/o${n % 1_000}/x`);

const begin = async (component, name, operations, sessions) => {
  const gateway = await Gateway.start({ services: component.services, policy: policyOf(operations), configure });
  await gateway.admit("alice", Array.from({ length: Math.ceil(operations / 1000) }, (_, c) => `c${c}.read`));
  const cookies = [(await gateway.signIn("alice")).cookie, ...(await openSessions(gateway, sessions - 1))];
  const targetsFile = join(scratch, `${gateway.port}`);
  writeFileSync(targetsFile, targets(operations).map((target) => `https://localhost:${gateway.port}${target}\n`).join(""));
  const used = spread(sessions, clients).map((n) => cookies[n]);
  return { name, gateway, targetsFile, cookies: Array.from({ length: clients }, (_, n) => used[n % used.length]), pids: (await rolesOf(gateway)).map(({ pid }) => pid), costs: [] };
};

const measure = async ({ targetsFile, cookies, pids, costs }) => {
  const each = exchanges / clients;
  const before = cpuNanoseconds(pids);
  const loads = await Promise.all(cookies.map((cookie) => run("h2load", ["--h1", "-n", each, "-c", "2", "-H", `Cookie: ${cookie}`, "-i", targetsFile])));
  const after = cpuNanoseconds(pids);
  const failed = loads.find(({ stdout }) => !stdout.includes(`${each} succeeded, 0 failed`) || !stdout.includes(`${each} 2xx`));
  if (failed) throw new Error(`not every request was answered:\n${failed.stdout}`);
  costs.push((after - before) / 1000 / exchanges);
};

const component = await LittleComponent.start((_, response) => response.end("x".repeat(1024)));
component.seen.push = () => 0;
const sides = [];
const scratch = mkdtempSync(join(tmpdir(), "postern-flat-"));
try {
  for (const [name, operations, sessions] of [["1 operation, 1 session", 1, 1], ["1,000 operations", 1_000, 1], ["100,000 operations", 100_000, 1], ["10,000 sessions", 1, 10_000]]) sides.push(await begin(component, name, operations, sessions));
  for (let round = 0; round <= rounds; ++round) for (let i = 0; i < sides.length; ++i) await measure(sides[(i + round) % sides.length]);
  const [least, median] = [({ costs }) => Math.min(...costs.slice(1)), ({ costs }) => quantile(costs.slice(1), 0.5)]; // the first one warms up
  const more = (value, first) => `${((value / first - 1) * 100).toFixed(1).padStart(5)} %`;
  for (const side of sides) console.log(`${side.name.padEnd(24)} least ${least(side).toFixed(1)} us ${more(least(side), least(sides[0]))}, median ${median(side).toFixed(1)} us ${more(median(side), median(sides[0]))}`);
} finally {
  for (const side of sides) await side.gateway.stop();
  await component.stop();
  rmSync(scratch, { recursive: true });
}
