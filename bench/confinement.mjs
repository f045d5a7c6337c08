// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/confinement.mjs [ROUNDS]
//
// What an exchange costs with the walls and without: two gateways from one build (POSTERN_BUILD), the second with roles that were built
// without system call filter and Landlock, take turns under h2load (Debian's nghttp2-client). Prints microseconds of CPU per exchange,
// all processes of the gateway together, the median of the rounds (9). Run it on a quiet machine.
import { readFileSync, readdirSync } from "node:fs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { run } from "../tests/e2e/lib/process.mjs";
import { descendants } from "../tests/e2e/lib/owned.mjs";

const rounds = Number(process.argv[2] ?? 9);
const exchanges = 10_000;
const policy = "version: 1\ncapabilities:\n  all.read: { title: Read, class: read, operations: [GET /**] }\n";

// Nanoseconds on a processor so far, of all threads.
const cpu = (pids) =>
  pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, "utf8").split(" ")[0]), 0);

const begin = async (component, unconfined) => {
  const configure = (text) => `${text}workers: 1\nlimits: { exchanges_per_connection: 1000000 }\n${unconfined ? "sandbox: best-effort\n" : ""}`;
  const gateway = await Gateway.start({ services: component.services, policy, configure });
  if (unconfined) {
    await gateway.halt();
    for (const role of ["terminator", "enforcer", "ledger"]) gateway.replaceRole(role, `bench/unconfined/${role}`);
    await gateway.serve();
  }
  await gateway.admit("alice", ["all.read"]);
  return { gateway, cookie: (await gateway.signIn("alice")).cookie, costs: [] };
};

const measure = async ({ gateway, cookie, costs }) => {
  const pids = [gateway.pid, ...descendants(gateway.pid)];
  const before = cpu(pids);
  const load = await run("h2load", ["--h1", "-n", exchanges, "-c", "32", "-H", `Cookie: ${cookie}`, `https://localhost:${gateway.port}/x`]);
  if (!load.stdout.includes(`${exchanges} succeeded, 0 failed`)) throw new Error(`not every request was answered:\n${load.stdout}`);
  costs.push((cpu(pids) - before) / 1000 / exchanges);
};

const component = await LittleComponent.start((_, response) => response.end("x".repeat(1024)));
const sides = {};
try {
  sides.without = await begin(component, true);
  sides.with = await begin(component, false);
  for (let round = 0; round <= rounds; ++round) for (const side of round % 2 ? ["with", "without"] : ["without", "with"]) await measure(sides[side]);
  const median = ({ costs }) => costs.slice(1).sort((a, b) => a - b)[rounds >> 1]; // the first one warms up
  for (const side of ["without", "with"]) console.log(`${side.padEnd(7)} walls  ${median(sides[side]).toFixed(1)} us of CPU per exchange`);
  console.log(`the walls add ${((median(sides.with) / median(sides.without) - 1) * 100).toFixed(1)} %`);
} finally {
  for (const side of Object.values(sides)) await side.gateway.stop();
  await component.stop();
}
