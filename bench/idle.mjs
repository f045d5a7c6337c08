// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/idle.mjs [CONNECTIONS]
//
// Opens CONNECTIONS (20,000), each of which asks once and then rests, and every tenth of which says that it will send nothing more. Prints KiB per
// connection of all roles together, and what a client beside them waits: p50 and p99 of 1,000 calls. The clients stand in processes of their
// own, 5,000 each, and the gateway has two workers, so that the usual limit of open files does. Builds nothing: POSTERN_BUILD names the build.
import { fork } from "node:child_process";
import tls from "node:tls";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { quantile, residentKiB, rolesOf } from "./resident.mjs";

const each = 5_000;

// A process with so many clients, which tells how many were answered and holds on until it is told to end.
const hold = async ({ port, ca, cookie, count, first }) => {
  let [answered, ended] = [0, 0];
  const open = (n) =>
    new Promise((resolve) => {
      // 127.0.0.0/8 is this machine: clients of many addresses.
      const socket = tls.connect({ host: "127.0.0.1", port, ca, servername: "localhost", localAddress: `127.0.${1 + (n >> 8)}.${1 + (n & 127)}`, allowHalfOpen: true });
      socket.once("secureConnect", () => socket.write(`GET /x HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${cookie}\r\n\r\n`));
      socket.once("data", () => (++answered, n % 10 === 9 && socket.end(), resolve()));
      socket.on("error", () => resolve()).once("close", () => ++ended);
    });
  for (let n = 0; n < count; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => open(first + n + i)));
  process.send({ answered, ended });
  process.once("message", () => process.send({ ended }, () => process.exit()));
};

const policy = "version: 1\ncapabilities:\n  any.read: { title: Read, class: read, operations: [GET /**] }\n";
const measure = async (connections) => {
  const component = await LittleComponent.start((_, response) => response.end("x".repeat(1000)));
  let gateway;
  const processes = [];
  try {
    const limits = `limits: { connections: ${connections + 100} }\ntimeouts: { keep_alive: 1h }\nworkers: 2\n`;
    gateway = await Gateway.start({ services: component.services, policy, configure: (text) => text + limits });
    await gateway.admit("alice", ["any.read"]);
    const alice = await gateway.signIn("alice");
    const roles = await rolesOf(gateway);
    const sum = () => roles.reduce((all, { pid }) => all + residentKiB(pid), 0);
    const waits = async () => {
      const times = [];
      for (let i = 0; i < 1000; ++i) {
        const begin = performance.now();
        if ((await alice.fetch("/x")).status !== 200) throw new Error("a client beside them was not served");
        times.push(performance.now() - begin);
      }
      return `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`;
    };
    console.log(`alone: ${await waits()}`);
    const before = sum();
    for (let first = 0; first < connections; first += each) {
      const child = fork(new URL(import.meta.url).pathname);
      processes.push(child);
      const told = new Promise((resolve) => child.once("message", resolve));
      child.send({ port: gateway.port, ca: gateway.ca.toString(), cookie: alice.cookie, count: Math.min(each, connections - first), first });
      const { answered, ended } = await told;
      if (answered < Math.min(each, connections - first)) throw new Error(`${answered} were answered, ${ended} ended`);
    }
    console.log(`${connections} connections: ${((sum() - before) / connections).toFixed(1)} KiB each, all roles together`);
    console.log(`beside them: ${await waits()}`);
    let gone = 0;
    for (const child of processes) {
      const told = new Promise((resolve) => child.once("message", resolve));
      child.send("end");
      gone += (await told).ended;
    }
    console.log(`${gone} had ended: those that said they would send nothing more`);
    alice.close();
  } finally {
    for (const child of processes) child.kill();
    await gateway?.stop();
    await component.stop();
  }
};

if (process.send) process.once("message", hold);
else await measure(Number(process.argv[2] ?? 20_000));
