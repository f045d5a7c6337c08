// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/slow.mjs [CONNECTIONS [SECONDS]]
//
// Debian's slowhttptest in its four modes (slow heads, slow bodies, ranges, slow reading), CONNECTIONS (4,000) each for SECONDS (60), with the cookie
// of a session, so that bodies and responses are really under way. Meanwhile somebody else makes calls, half of them over a new connection. Prints
// per mode what they waited (p50, p99), how many were not served, and MiB of terminator and enforcer, now and at most. Builds nothing: POSTERN_BUILD
// names the build.
import { fork, spawn } from "node:child_process";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { quantile, rolesOf, showResident } from "./resident.mjs";

const [connections, seconds] = [Number(process.argv[2] ?? 4_000), Number(process.argv[3] ?? 60)];
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;
const configure = (text) => `${text}
workers: 1
limits: { connections: 4096, connections_per_address: 4096, exchanges_per_session: 4000, exchanges_per_engineer: 4000, exchanges_per_address: 4096 }
`;
const modes = {
  "slow heads (-H)": ["-H", "-u", "/x"],
  "slow bodies (-B)": ["-B", "-s", "8192", "-u", "/x"],
  "ranges (-R)": ["-R", "-t", "GET", "-a", "10", "-b", "3000", "-u", "/x"],
  "slow reading (-X)": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3", "-u", "/large"],
};

// Until it is told to stop: {times, failed}.
const visit = (gateway, cookie) => {
  const [times, kept] = [[], gateway.client()];
  let [failed, going] = [0, true];
  kept.cookie = cookie;
  const done = (async () => {
    for (let n = 0; going; ++n) {
      const client = n % 2 ? kept : gateway.client();
      client.cookie = cookie;
      const begin = performance.now();
      const answer = await client.fetch("/small").catch(() => undefined);
      answer?.status === 200 ? times.push(performance.now() - begin) : ++failed;
      if (client !== kept) client.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    kept.close();
    return { times, failed };
  })();
  return () => ((going = false), done);
};

// In a process of its own: what it does for the attack must not make the client beside it wait.
const serve = async () => {
  const [small, large] = [Buffer.alloc(1000, "x"), Buffer.alloc(1 << 20, "x")];
  const component = await LittleComponent.start((request, response) => {
    request.on("error", () => {}).resume();
    response.on("error", () => {}).end(request.url === "/large" ? large : small);
  });
  process.send(component.services);
  process.once("disconnect", () => process.exit());
};

const measure = async () => {
  const component = fork(new URL(import.meta.url).pathname);
  const services = await new Promise((resolve) => component.once("message", resolve));
  let gateway;
  try {
    gateway = await Gateway.start({ services, policy, configure });
    for (const name of ["alice", "mallory"]) await gateway.admit(name, name === "alice" ? ["any.read", "any.write"] : []);
    const [alice, mallory] = [await gateway.signIn("alice"), await gateway.signIn("mallory")];
    const roles = (await rolesOf(gateway)).filter(({ name }) => ["terminator.0", "enforcer.0"].includes(name));
    const show = (what, { times, failed }) =>
      console.log(`${what.padEnd(18)} ${times.length} calls, ${failed} not served, p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms; MiB: ${showResident(roles)}`);
    const alone = visit(gateway, alice.cookie);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    show("alone", await alone());
    for (const [name, [mode, ...options]] of Object.entries(modes)) {
      const stop = visit(gateway, alice.cookie);
      const path = options.pop();
      const argv = [mode, "-c", connections, "-r", Math.ceil(connections / 10), "-l", seconds, "-i", 5, "-p", 5, "-v", 1, "-j", mallory.cookie, ...options, `${gateway.url}${path}`];
      const attack = spawn("slowhttptest", argv.map(String), { stdio: ["ignore", "ignore", "inherit"] });
      await new Promise((resolve, reject) => attack.once("close", resolve).once("error", reject));
      show(name, await stop());
    }
    alice.close();
    mallory.close();
  } finally {
    await gateway?.stop();
    component.kill();
  }
};

await (process.send ? serve() : measure());
