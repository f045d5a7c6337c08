// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two gateways: north witnesses the log of south. What north cosigned stands in south's log, an auditor can demand it, and when south
// shows another history than before, both logs say so.
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { freePort, ownedByAccount, run } from "./lib/process.mjs";
import { killIfAlive, makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities: {}
`;

story("a gateway witnesses the log of another", async (stage) => {
  const away = makeFolder("witness");
  stage.own({ name: "the witness's folder", stop: () => removeFolder(away) });
  const south = stage.own(await Gateway.start({ services: {}, policy }));
  const key = await until("the keeper has told the log's key", async () => (await south.cli("status")).log.verifier_key);
  const directory = (await south.cli("status")).log.directory;
  await south.halt();

  const keyFile = join(away, "witness.key");
  const made = await run(south.program, ["--json", "audit", "witness-key", "--out", keyFile]);
  assert.equal(made.code, 0, made.stderr);
  const { verifier_key: witness } = JSON.parse(made.stdout);
  assert.equal((await run(south.program, ["audit", "witness-key", "--out", keyFile])).code, 1, "a key is never overwritten");
  const port = await freePort();
  const north = stage.own(
    await Gateway.start({
      services: {},
      policy,
      secrets: { "keys/witness.key": readFileSync(keyFile, "utf8") },
      configure: (text) =>
        `${text.replace(/(admin:\n\s+address: )"127.0.0.1:0"/, `$1"127.0.0.1:${port}"`)}witness:\n  key: keys/witness.key\n  logs:\n    - ${key}\n`,
    }),
  );
  assert.equal(north.adminPort, port);
  south.writeSecret("certs/north-ca.pem", north.adminCa);
  south.writeConfig(
    `${readFileSync(south.configFile, "utf8")}log:\n  witnesses:\n    - name: north\n      url: https://localhost:${port}/witness\n` +
      `      verifier_key: ${witness}\n      tls: {roots: certs/north-ca.pem}\n`,
  );
  await south.serve();

  const ofSouth = async () => (await south.cli("status")).log.witnesses[0];
  const seen = async () => (await north.cli("status")).witness.logs[0];
  const state = (wanted, patience) => until(`the witness is ${wanted}`, async () => (await ofSouth())?.state === wanted, patience);
  const verify = async (...more) => {
    const { code, stdout } = await run(south.program, ["audit", "verify", "--log", directory, "--key", key, "--json", ...more]);
    return { code, ...JSON.parse(stdout) };
  };
  const grow = async () => {
    await south.cli("remote-access", "set", "all");
    await south.cli("remote-access", "set", "off");
    return until("the status knows of it", async () => (await south.cli("status")).log.size); // 0 until the console has heard of the log
  };
  const cosigned = (size, patience = 45_000) => until(`north has cosigned ${size} events`, async () => ((await ofSouth())?.size ?? 0) >= size, patience);

  await stage.step("north cosigns, remembers, and an auditor can demand it", async () => {
    await state("cosigned");
    const report = await verify("--witness", witness);
    assert.deepEqual([report.code, report.ok, report.witnesses[0].ok], [0, true, true]);
    assert.equal((await run(south.program, ["audit", "verify", "--log", directory, "--key", key])).code, 0, "an auditor who knows no witness");
    const stranger = JSON.parse((await run(south.program, ["--json", "audit", "witness-key", "--out", join(away, "other.key")])).stdout);
    const other = await verify("--witness", witness, "--witness", stranger.verifier_key);
    assert.deepEqual([other.code, other.ok, other.witnesses.map((one) => one.ok)], [1, false, [true, false]]);
    // The status knows of it before the index of the log does.
    const told = (gateway, type) => until(`${type} is found`, async () => ((found) => found.length > 0 && found)(await gateway.events("--type", type)));
    const kept = (await told(north, "witness.cosigned"))[0];
    assert.equal(kept.subject, key.split("+")[0]);
    assert.ok(kept.detail.note.includes("— "));
    assert.equal((await north.cli("status")).witness.verifier_key, witness);
    const first = await told(south, "log.witnessed");
    assert.deepEqual(first.map((event) => event.detail.witness), ["north"]);
  });

  await stage.step("at rest the cosignature stands in the checkpoint, and nothing more is asked or written", async () => {
    await cosigned(await grow());
    await until("the checkpoint carries it", async () => readFileSync(join(directory, "checkpoint"), "utf8").includes(witness.split("+")[0]), 30_000);
    const before = [(await south.cli("status")).log.size, (await seen()).size];
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    assert.deepEqual([(await south.cli("status")).log.size, (await seen()).size], before);
    cpSync(join(directory, "checkpoint"), join(away, "checkpoint"));
  });

  await stage.step("the link is killed, comes back, and brings the next cosignature", async () => {
    const role = async () => (await south.cli("status")).roles.find(({ name }) => name === "link");
    const { pid, confinement } = await role();
    assert.equal(confinement.refused, confinement.attempts);
    killIfAlive(pid, "SIGKILL");
    await until("another one runs", async () => ((now) => now.state === "running" && now.pid !== pid)(await role()));
    await cosigned(await grow());
  });

  // Here south's folder is copied: what an attacker would put back later.
  const old = join(away, "state");
  const stateFolder = join(south.folder, "state");
  await stage.step("the witness is away: the log goes on, and status says so until it is back", async () => {
    await south.halt();
    cpSync(stateFolder, old, { recursive: true });
    await north.halt();
    await south.serve();
    const size = await grow();
    await state("failing");
    assert.match((await ofSouth()).problem, /no connection to localhost:\d+: Connection refused/);
    await until("a checkpoint covers it all the same", async () => (await south.cli("status")).log.checkpoint.size >= size);
    await north.serve();
    await cosigned(size, 60_000);
    assert.equal((await ofSouth()).problem, undefined);
    assert.equal((await verify("--witness", witness)).code, 0);
  });

  await stage.step("another history under the same key is refused, and both logs say so", async () => {
    const known = (await seen()).size;
    await south.halt();
    rmSync(stateFolder, { recursive: true });
    cpSync(old, stateFolder, { recursive: true });
    if (isRoot) ownedByAccount(stateFolder);
    await south.serve();
    for (let size = 0; size <= known + 1; ) size = await grow();
    await state("refused", 60_000);
    const refused = await until("south says so", async () => (await south.events("--type", "log.witness_refused"))[0]);
    assert.deepEqual([refused.severity, refused.detail.witness], ["severe", "north"]);
    const conflict = await until("north says so", async () => (await north.events("--type", "witness.conflict"))[0], 60_000);
    assert.deepEqual([conflict.severity, conflict.detail.known_size, conflict.subject], ["severe", known, key.split("+")[0]]);
    assert.equal((await seen()).size, known, "and north stays with what it saw");
    stage.say(`${refused.detail.why}; proved: ${conflict.detail.proved}`);
  });
});
