// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A gateway that is stopped finishes what is under way, takes nothing new, ends the sessions and leaves nothing behind. Asked twice, it
// stops at once. While it runs, nothing of it is root.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { readAll } from "./lib/client.mjs";
import { alive, descendants, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
`;

// Streams until finish() is called.
const begin = async (stage, drain) => {
  const streams = new Set();
  const component = stage.own(await LittleComponent.start((request, response) => {
    response.write("begun;");
    const timer = setInterval(() => response.write("more;"), 20);
    const stream = () => (clearInterval(timer), response.end("ended"));
    streams.add(stream);
    response.on("close", () => (clearInterval(timer), streams.delete(stream)));
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => `${text}timeouts: {drain: ${drain}}\n` }));
  await gateway.admit("alice", ["any.read"]);
  return { component, gateway, streams, alice: await gateway.signIn("alice"), finish: () => streams.forEach((stream) => stream()) };
};

const refusesConnections = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(false))).once("error", () => resolve(true));
  });

story("a clean stop lets a download finish", async (stage) => {
  const { gateway, alice, finish } = await begin(stage, "60s");
  const processes = [gateway.pid, ...descendants(gateway.pid)];
  await stage.step("nothing of it runs as root", () => {
    if (!isRoot) assert.notEqual(process.getuid(), 0);
    for (const pid of processes) {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const [, ...ids] = [...status.matchAll(/^[UG]id:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/gm)].flat();
      assert.ok(!ids.includes("0"), `process ${pid}:\n${status}`);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(status, /^CapPrm:\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
    }
  });
  const response = await alice.open("/download");
  const whole = readAll(response);
  whole.catch(() => {}); // told below
  const halting = gateway.halt(); // SIGTERM; fails unless it ends with 0 and leaves no process
  await until("new connections are refused", () => refusesConnections(gateway.port), 60_000);
  assert.ok(processes.every((pid) => alive(pid)) || alive(gateway.pid), "it waits for the download");
  finish();
  const answer = await whole;
  assert.match(answer.text, /^begun;(more;)*ended$/);
  await halting;
  assert.deepEqual(processes.filter((pid) => alive(pid)), []);
  const events = readJournal(gateway);
  assert.deepEqual(events.filter((event) => event.type === "session.ended").map((event) => event.detail.reason), ["gateway_stopped"]);
  const end = events.find((event) => event.type === "exchange.completed");
  assert.equal(end.detail.outcome, "completed");
  assert.equal(end.detail.response_bytes, answer.body.length);
  assert.equal(events.at(-1).type, "gateway.stopped");
  alice.close();
});

story("what does not finish in time is cut", async (stage) => {
  const { gateway, alice } = await begin(stage, "1s");
  const whole = readAll(await alice.open("/download")).then(() => "whole", () => "cut");
  await gateway.halt();
  assert.equal(await whole, "cut");
  alice.close();
});

story("asked twice, it stops at once", async (stage) => {
  const { gateway, alice } = await begin(stage, "1h");
  const processes = [gateway.pid, ...descendants(gateway.pid)];
  const whole = readAll(await alice.open("/download")).then(() => "whole", () => "cut");
  process.kill(gateway.pid, "SIGTERM");
  await until("new connections are refused", () => refusesConnections(gateway.port), 60_000);
  assert.ok(alive(gateway.pid), "it waits for the download");
  await gateway.halt().catch((error) => assert.match(error.message, /ended with/));
  assert.equal(await whole, "cut");
  await until("nothing is left", () => processes.every((pid) => !alive(pid)));
  alice.close();
});
