// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How long clients wait while a gateway is handed over (docs/HAND_OVER.md): so many hand-overs under load over HTTP/1.1 (kept and new
// connections), HTTP/2 and WebSockets. Milliseconds of an exchange (p50, p99, the longest), milliseconds in which nobody accepted, and what was
// refused or broken. Ends with 1 if anything was.
//
//   POSTERN_BUILD=build/release node bench/hand_over.mjs [hand-overs]
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { HandOverComponent, HandOverLoad, handOverPolicy, quantile } from "../tests/e2e/lib/hand_over_load.mjs";
import { readJournal } from "../tests/e2e/lib/journal.mjs";
import { until } from "../tests/e2e/lib/owned.mjs";

const [rounds = 20] = process.argv.slice(2).map(Number);
const component = await HandOverComponent.start();
const gateway = await Gateway.start({ services: component.services, policy: handOverPolicy, configure: (text) => `${text}timeouts: {drain: 2s}\n` });
try {
  await gateway.admit("alice", ["any.read"]);
  const alice = await gateway.signIn("alice");
  const load = new HandOverLoad(gateway, alice.cookie);
  for (let round = 0; round < rounds; ++round) {
    const before = load.total;
    await until("exchanges are answered", () => load.total > before + 200, 60_000);
    await gateway.handOver();
  }
  await load.end();
  alice.close();
  const closed = readJournal(gateway).filter((event) => event.type === "gateway.handed_over").map((event) => event.detail.closed_us / 1000);
  const of = (numbers) => `p50 ${quantile(numbers, 0.5).toFixed(1)} ms, p99 ${quantile(numbers, 0.99).toFixed(1)} ms, longest ${quantile(numbers, 1).toFixed(0)} ms`;
  console.log(`${rounds} hand-overs, ${load.total} exchanges (${Object.entries(load.answered).map(([kind, count]) => `${count} ${kind}`).join(", ")}): ${of(load.took)}`);
  console.log(`nobody accepted for: ${of(closed)}`);
  console.log(`refused or broken: ${load.broken.length}; WebSockets closed with 1001: ${load.closes.filter((code) => code === 1001).length}, otherwise: ${load.closes.filter((code) => code !== 1001).length}`);
  load.broken.forEach((line) => console.log(`  ${line}`));
  process.exitCode = load.broken.length > 0 ? 1 : 0;
} finally {
  await gateway.stop();
  await component.stop();
}
