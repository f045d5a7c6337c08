// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The disk is full, on either side of the line, while there is something to report. What cannot be copied here is not sent, what cannot be
// kept there is not acknowledged, both sides say so, and once there is room everything arrives, once and in order. The disks are real ones,
// small tmpfs of the story's own.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { answerWithTarget, loadPolicy } from "./lib/load.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort, run } from "./lib/process.mjs";
import { SmallDisk } from "./lib/small_disk.mjs";
import { story, until } from "./lib/story.mjs";

const isShared = (event) => event.type === "permission.changed" ? event.subject === "remote_access" : /^(gateway|node|component|host|link|certificate|session)\.|^(log\.(unavailable|recovered)|role\.ended)$/.test(event.type);

story("full disks cost nothing but time", async (stage) => {
  const [here, there] = [stage.own(new SmallDisk(24)), stage.own(new SmallDisk(8))];
  const mission = stage.own(await MissionControl.start({
    listen: await freePort(),
    configure: (text) => text.replace(/^state_directory: .*$/m, `state_directory: ${there.folder}/state`),
  }));
  const component = stage.own(await LittleComponent.start(answerWithTarget));
  const gateway = stage.own(await Gateway.start({
    services: component.services,
    policy: loadPolicy,
    secrets: { "mission-root.pem": mission.ca.toString() },
    configure: (text) => `${text.replace("state_directory: state", `state_directory: ${here.folder}/state`)}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`,
  }));
  const link = async () => (await gateway.tryCli("link", "show")).json;
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
  await until("the line is up", async () => (await link())?.state === "up", 30_000);
  await gateway.admit("alice", ["any.read"]);
  await gateway.cli("sharing", "set", "events", "on");
  await gateway.cli("sharing", "set", "usage", "on");
  let alice = await gateway.signIn("alice");
  stage.own({ name: "alice", stop: () => alice.close() });
  let reads = 0;
  const read = async () => {
    const answer = await alice.fetch(`/r/${reads}`).catch(() => ({}));
    if (answer.status === 200) ++reads;
    return answer.status;
  };

  const journal = () => readJournal(gateway, join(here.folder, "state"));
  const shared = () => {
    const events = journal();
    const begun = events.findIndex((event) => event.type === "permission.changed" && event.detail.name === "events");
    return events.slice(begun + 1).filter(isShared).map((event) => event.id);
  };
  const arrived = async () => (await mission.events(installation)).filter((event) => event.by === "installation").map((event) => event.id).reverse();
  const allArrived = async (title) => {
    await until(title, async () => JSON.stringify(await arrived()) === JSON.stringify(shared()) && (await link())?.reports?.waiting === 0, 90_000);
  };
  const toggles = async (count) => {
    for (let i = 0; i < count; ++i) for (const mode of ["approved", "all"]) await gateway.cli("remote-access", "set", mode);
  };

  await stage.step("all is well", async () => {
    for (let i = 0; i < 20; ++i) assert.equal(await read(), 200);
    await toggles(2);
    await allArrived("everything has arrived");
  });

  await stage.step("Mission Control's disk is full: nothing is acknowledged, and both sides say why", async () => {
    there.fill();
    await toggles(4);
    const problem = await until("the gateway says so", async () => /503/.exec((await link()).reports.problem ?? "") && (await link()).reports.problem, 60_000);
    stage.say(problem);
    const { store } = await until("Mission Control says so", async () => {
      const { json } = await mission.tryCli("status");
      return json?.store.available === false && json;
    }, 30_000);
    assert.match(store.why, /cannot be written: .*(full|space)/);
    assert.match(mission.log, /the store cannot be written, nothing is taken until it can/);
    const before = await arrived();
    assert.ok(before.length < shared().length);
    assert.ok((await link()).reports.waiting > 0);
    for (let i = 0; i < 10; ++i) assert.equal(await read(), 200, "engineers do not notice");
    assert.equal((await link()).state, "up", "orders go on");
    assert.deepEqual(await arrived(), before);
  });

  await stage.step("killed on its full disk, it comes back, and with room everything is there", async () => {
    await mission.crash();
    there.fill();
    there.free();
    await mission.serve();
    await allArrived("everything has arrived");
    assert.equal((await mission.cli("status")).store.available, true);
    const database = join(there.folder, "state/mission.sqlite");
    assert.ok(existsSync(database));
    const checked = await run("python3", ["-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=20).execute('PRAGMA integrity_check').fetchone()[0])", database]);
    assert.equal(checked.stdout.trim(), "ok", checked.stderr);
  });

  await stage.step("it fills up and has room again, while it is reported to", async () => {
    for (let i = 0; i < 4; ++i) {
      there.fill();
      await toggles(1);
      await read();
      there.free();
      await toggles(1);
    }
    await allArrived("everything has arrived");
  });

  await stage.step("the gateway's disk is full while reports wait: what cannot be written is not done, and what was done is told", async () => {
    await mission.crash();
    await toggles(70); // more than one document takes: the next one has to be copied while there is no room
    here.fill();
    await until("nobody is let in", async () => (await read()) === 503, 60_000);
    const status = await until("the status says why", async () => {
      const { json } = await gateway.tryCli("status");
      return json?.log.writable === false && json.log;
    }, 60_000);
    assert.match(status.reason, /No space left/);
    await mission.serve();
    await until("the line is up", async () => (await link())?.state === "up", 90_000);
    await until("it says that it cannot copy what it would send", async () => /copied first|full|space/i.test((await link())?.reports?.problem ?? ""), 60_000);
    stage.say((await link()).reports.problem);
    here.free();
    await until("it serves again", async () => (await read()) === 200, 60_000);
    await allArrived("everything has arrived");
    const types = journal().map((event) => event.type);
    assert.ok(types.includes("log.unavailable") && types.includes("log.recovered"));
  });

  await stage.step("the gateway is killed on its full disk, and counts on", async () => {
    here.fill();
    await gateway.crash();
    here.free();
    await gateway.serve(60_000);
    alice.close();
    alice = Object.assign(gateway.client(), { cookie: alice.cookie });
    for (let i = 0; i < 5; ++i) assert.equal(await read(), 200);
    await until("usage is what was done", async () => (await gateway.cli("link", "preview", "usage")).body.exchanges.read === reads, 30_000);
    const forwarded = journal().filter((event) => event.type === "exchange.forwarded").length;
    assert.equal(forwarded, component.seen.length, "what reached the component is in the log");
    assert.equal((await gateway.cli("link", "preview", "usage")).body.exchanges.read, forwarded);
    await allArrived("everything has arrived");
    assert.deepEqual(await gateway.events("--type", "link.reports_given_up"), []);
  });
});
