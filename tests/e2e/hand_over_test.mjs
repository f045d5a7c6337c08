// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Another binary goes on in a gateway's place (docs/HAND_OVER.md): under load nobody is refused and nothing is broken, sessions go on, what
// outlives the limit is closed with its event; and whatever fails, whichever side is killed, one of the two goes on.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { HandOverComponent, HandOverLoad, handOverPolicy, quantile } from "./lib/hand_over_load.mjs";
import { readJournal } from "./lib/journal.mjs";
import { assertLogVerifies } from "./lib/load.mjs";
import { own } from "./lib/owned.mjs";
import { run } from "./lib/process.mjs";
import { readAll } from "./lib/client.mjs";
import { alive, descendants, killIfAlive, story, until } from "./lib/story.mjs";

const kRounds = 3;

const begin = async (stage, more = "timeouts: {drain: 1500ms}\n") => {
  const component = stage.own(await HandOverComponent.start());
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: handOverPolicy, configure: (text) => `${text}${more}` }));
  await gateway.admit("alice", ["any.read"]);
  return { component, gateway, alice: await gateway.signIn("alice") };
};

// Programs of their own, of which one role is not what it should be.
const programsWith = (gateway, role) => {
  const prefix = join(gateway.parent, `programs-${role}`);
  cpSync(gateway.prefix, prefix, { recursive: true });
  const file = join(prefix, "libexec/postern", role);
  rmSync(file);
  copyFileSync("/bin/false", file);
  chmodSync(file, 0o755);
  return join(prefix, "bin/postern");
};

const progress = (load, more) => {
  const before = load.total;
  return until("exchanges are answered", () => load.total > before + more, 60_000);
};

const handedOver = (gateway) => readJournal(gateway).filter((event) => event.type === "gateway.handed_over");
const failures = (gateway) => readJournal(gateway).filter((event) => event.type === "gateway.hand_over_failed");
const processes = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
const ledgerOf = (pid) => descendants(pid).find((each) => commandOf(each).includes("postern-ledger"));
const commandOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
};

story("a gateway is handed over under load, and nobody is refused", async (stage) => {
  const { gateway, alice } = await begin(stage);
  const load = new HandOverLoad(gateway, alice.cookie);
  await progress(load, 200);
  for (let round = 1; round <= kRounds; ++round) {
    const before = [gateway.pid, ...descendants(gateway.pid)];
    const answer = await gateway.handOver();
    assert.match(answer.stderr, /this gateway serves now/);
    assert.ok(!before.includes(gateway.pid), "another process");
    await until("nothing of the one before is left", () => before.every((pid) => !alive(pid)));
    await progress(load, 200);
  }
  await load.end();
  assert.deepEqual(load.broken, []);
  assert.deepEqual(load.closes.filter((code) => code !== 1001), [], "each WebSocket was told why");
  assert.ok(load.closes.length >= kRounds);
  const events = handedOver(gateway);
  assert.equal(events.length, kRounds);
  for (const { detail } of events) {
    assert.ok(detail.closed_us > 0 && detail.closed_us < detail.duration_us, JSON.stringify(detail));
    assert.ok(detail.cut_exchanges >= 1, "the WebSockets outlived the limit");
  }
  stage.say(`${load.total} exchanges: p50 ${quantile(load.took, 0.5).toFixed(1)} ms, p99 ${quantile(load.took, 0.99).toFixed(1)} ms, longest ${quantile(load.took, 1).toFixed(0)} ms; ` +
    `nobody accepted for ${events.map(({ detail }) => Math.round(detail.closed_us / 1000)).join(", ")} ms`);
  const all = readJournal(gateway);
  assert.equal(all.filter((event) => event.type === "session.ended").length, 0, "the session goes on");
  assert.deepEqual(all.filter((event) => event.type === "gateway.stopped").map((event) => event.detail.reason), Array(kRounds).fill("handed_over"));
  assert.equal(all.filter((event) => event.type === "role.ended").length, 0);
  assert.equal((await alice.fetch("/r/after")).status, 200);
  await assertLogVerifies(gateway);
  await gateway.cli("reload"); // the control socket answers as before
  alice.close();
});

story("what began before has the time that drain says, and no more", async (stage) => {
  const { gateway, alice } = await begin(stage, "timeouts: {drain: 4s, hand_over: 500ms}\n");
  const short = alice.open("/r/slow/2500").then(readAll);
  const long = alice.open("/r/slow/60000").then(readAll).then(() => "whole", () => "cut");
  await until("both run", () => readJournal(gateway).filter((event) => event.type === "exchange.forwarded").length >= 2);
  await gateway.handOver();
  assert.match((await short).text, /^begun;(more;)*ended$/);
  assert.equal(await long, "cut");
  const [{ detail }] = handedOver(gateway);
  assert.equal(detail.cut_exchanges, 1);
  const ends = readJournal(gateway).filter((event) => event.type === "exchange.completed").map((event) => event.detail.outcome);
  assert.equal(ends.length, 2, "each has its event");
  assert.ok(ends.includes("completed"));
  alice.close();
});

story("what cannot take over does not, and the gateway goes on", async (stage) => {
  const { gateway, alice } = await begin(stage);
  const load = new HandOverLoad(gateway, alice.cookie, { ws: 0 });
  const pid = gateway.pid;
  const sound = readFileSync(gateway.configFile, "utf8");
  const refused = async (program, why) => {
    const answer = await gateway.tryHandOver(program);
    assert.equal(answer.code, 1, answer.stderr);
    assert.match(answer.stderr, why);
    assert.equal(gateway.pid, pid);
    await progress(load, 50);
  };
  await stage.step("a configuration with a fault", async () => {
    gateway.writeConfig(`${sound}worker: 3\n`);
    await refused(undefined, /the configuration has faults/);
  });
  await stage.step("other listeners", async () => {
    gateway.writeConfig(sound.replace(/127\.0\.0\.1:0/, "127.0.0.1:1"));
    await refused(undefined, /needs a restart/);
    gateway.writeConfig(sound);
  });
  await stage.step("a keeper that ends: nobody was told to go", async () => {
    await refused(programsWith(gateway, "keeper"), /the running gateway goes on: keeper ended/);
  });
  await stage.step("a ledger that ends: the gateway takes back what it had handed over", async () => {
    await refused(programsWith(gateway, "ledger"), /the running gateway goes on: ledger ended/);
    await until("it is told", () => failures(gateway).length === 2);
  });
  await stage.step("the very program that runs, where only a new one shall", async () => {
    const answer = await gateway.tryHandOver(undefined, "--if-new");
    assert.equal(answer.code, 0, answer.stderr);
    assert.match(answer.stderr, /this very program/);
    assert.equal(gateway.pid, pid);
  });
  await stage.step("another account", async () => {
    if (!isRoot) return;
    const socket = join(gateway.folder, "state/hand-over.sock");
    const answer = await run("setpriv", ["--reuid", "nobody", "--clear-groups", "--", process.execPath, "-e", `require("net").connect(${JSON.stringify(socket)}).once("error",(e)=>(console.log(e.code),process.exit(3)))`]);
    assert.equal(answer.code, 3);
    assert.match(answer.stdout, /EACCES/);
  });
  await stage.step("root, who is not its account", async () => {
    if (!isRoot) return;
    const heard = await new Promise((resolve) => {
      let text = "";
      const socket = net.connect(join(gateway.folder, "state/hand-over.sock"));
      socket.on("data", (piece) => (text += piece.toString("latin1"))).once("close", () => resolve(text));
    });
    assert.match(heard, /only the account of the gateway may take over/);
  });
  await load.end();
  assert.deepEqual(load.broken, []);
  assert.equal(readJournal(gateway).filter((event) => event.type === "session.ended").length, 0);
  assert.equal((await gateway.handOver()).code, 0, "what is sound takes over after all that");
  alice.close();
});

// Kills one side: while clients are told to go, or once the log is given. One of the two goes on, and nobody is refused.
const killed = (name, { side, given }) =>
  story(`kill -9 of the ${side} one ${name}: one of the two goes on`, async (stage) => {
    const { gateway, alice } = await begin(stage);
    const load = new HandOverLoad(gateway, alice.cookie, { ws: 0 });
    const old = gateway.pid;
    await progress(load, 50);
    const logged = gateway.log.length;
    const answer = gateway.tryHandOver();
    const fresh = await until("another process is there", () => processes().find((pid) => /--take-over/.test(commandOf(pid)) && commandOf(pid).includes(gateway.configFile)));
    own(fresh);
    await until("clients are told to go", () => gateway.log.slice(logged).includes("clients are told to go"), 20_000);
    if (given) {
      killIfAlive(fresh, "SIGSTOP"); // so that it cannot serve before it is killed
      await until("the log is handed over", () => ledgerOf(old) === undefined, 20_000);
    }
    killIfAlive(side === "old" ? old : fresh, "SIGKILL");
    killIfAlive(fresh, "SIGCONT");
    if (side === "old") gateway.succeed(fresh);
    await answer;
    await until("it serves", async () => (await gateway.tryCli("status")).json?.roles?.every((role) => role.state === "running"), 30_000);
    await progress(load, 100);
    await load.end();
    assert.deepEqual(load.broken.filter((line) => line.includes("ECONNREFUSED")), [], "nobody is refused");
    if (side === "new") assert.deepEqual(load.broken, [], "nothing is broken where nothing of the gateway died");
    const status = await gateway.cli("status");
    assert.equal(status.supervisor.pid, side === "old" ? fresh : old);
    assert.equal((await alice.fetch("/r/after")).status, 200, "the session goes on");
    await assertLogVerifies(gateway);
    alice.close();
  });

for (const side of ["new", "old"]) {
  killed("while clients are told to go", { side, given: false });
  killed("once the log is handed over", { side, given: true });
}
