// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 3, no record, no access: when the disk of the log is full, or read-only, nobody gets in and nothing is forwarded; the status says why,
// and the door opens by itself when the log works again. The disk is a real one, a small tmpfs of the story's own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { SmallDisk } from "./lib/small_disk.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;

const begin = async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("served"))));
  const disk = stage.own(new SmallDisk(8));
  const configure = (text) => text.replace("state_directory: state", `state_directory: ${disk.folder}/state`);
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  return { component, disk, gateway, journal: () => readJournal(gateway, join(disk.folder, "state")), alice: await gateway.signIn("alice") };
};

// The door is closed once a request is refused; from then on every one is, and nothing reaches the component.
const doorIsClosed = async ({ component, gateway, alice }, pass) => {
  await until("the door is closed", async () => (await alice.fetch("/closing")).status === 503, 60_000);
  const reached = component.seen.length;
  for (const method of ["GET", "POST", "GET", "POST"]) {
    const answer = await alice.fetch("/closed", { method });
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.code, "log_unavailable");
    assert.ok(answer.headers["retry-after"]);
  }
  const visitor = gateway.client();
  const signIn = await visitor.send("POST", "/.postern/sign-in", { pass });
  assert.equal(signIn.status, 503, signIn.text);
  assert.equal(visitor.cookie, undefined, "no session without a record");
  visitor.close();
  assert.equal(component.seen.length, reached, "nothing was forwarded");
  const { log } = await until("the status tells", async () => {
    const { json } = await gateway.tryCli("status");
    return json?.log.writable === false && json;
  }, 60_000);
  assert.ok(log.reason, "the status says why");
  return log.reason;
};

const doorIsOpen = async ({ component, gateway, alice, journal }, pass) => {
  await until("the door is open again", async () => (await alice.fetch("/open")).status === 200, 60_000);
  assert.equal((await alice.fetch("/open", { method: "POST" })).status, 200);
  const visitor = gateway.client();
  assert.equal((await visitor.send("POST", "/.postern/sign-in", { pass })).status, 200, "the pass was not used up by the refusal");
  visitor.close();
  await until("the status is well", async () => (await gateway.cli("status")).log.writable);
  const forwarded = journal().filter((event) => event.type === "exchange.forwarded");
  assert.equal(forwarded.length, component.seen.length, "what reached the component is in the log");
};

story("a full disk closes the door until there is room", async (stage) => {
  const scene = await begin(stage);
  const { disk, gateway, alice, journal } = scene;
  const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice", "--expires", "1h");
  assert.equal((await alice.fetch("/before")).status, 200);
  disk.fill();
  const reason = await doorIsClosed(scene, pass);
  assert.match(reason, /No space left/);
  disk.free();
  await doorIsOpen(scene, pass);
  const types = journal().map((event) => event.type).filter((type) => type.startsWith("log.") && type !== "log.read");
  assert.deepEqual(types.slice(-2), ["log.unavailable", "log.recovered"]);
  alice.close();
});

story("a disk that is read-only closes the door until it can be written", async (stage) => {
  const scene = await begin(stage);
  const { disk, gateway, alice } = scene;
  const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice", "--expires", "1h");
  assert.equal((await alice.fetch("/before")).status, 200);
  // Linux makes nothing read-only that is open for writing: it happens while the ledger is away, and the console that reads the index.
  const { roles } = await gateway.cli("status");
  const holders = new Map(roles.map((role) => [role.name, role.pid]));
  await until("the disk is read-only", async () => {
    for (const name of ["ledger", "console"]) killIfAlive(holders.get(name), "SIGKILL");
    if (await disk.remount("ro")) return true;
    for (const role of (await gateway.tryCli("status")).json?.roles ?? []) holders.set(role.name, role.pid);
    return false;
  }, 90_000);
  await doorIsClosed(scene, pass);
  assert.ok(await disk.remount("rw"));
  await doorIsOpen(scene, pass);
  alice.close();
});
