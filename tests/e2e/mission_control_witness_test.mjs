// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Neither side can rewrite: Mission Control cosigns the log of an installation over the line. The customer's roll-back is found out there,
// and a session that the vendor denies is shown with the vendor's own cosignature.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort, ownedByAccount, run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

story("Mission Control cosigns the log of an installation", async (stage) => {
  const away = makeFolder("cosigned");
  stage.own({ name: "what was copied", stop: () => removeFolder(away) });
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const witness = (await mission.cli("status")).witness;
  assert.match(witness, /^mission\.example\.com\/witness\+/);
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n` +
    `log:\n  witnesses:\n    - name: vendor\n      mission_control: true\n      verifier_key: ${witness}\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const status = () => gateway.cli("status");
  const ours = async () => (await status()).log.witnesses[0];
  const known = async () => (await mission.cli("installation", "show", installation)).log;
  const conflicts = async () => (await mission.events(installation)).filter((event) => event.type === "installation.log_conflict");
  const grow = async () => {
    await gateway.cli("remote-access", "set", "all");
    await gateway.cli("remote-access", "set", "off");
  };
  const cosignedAll = (what) => until(what, async () => ((now) => now.log.checkpoint?.size > 0 && now.log.witnesses[0].size >= now.log.checkpoint.size - 4 && now)(await status()), 60_000);
  let installation;

  await stage.step("before it is enrolled there is no witness, and the gateway says why", async () => {
    await until("it says so", async () => /there is no line to Mission Control/.test((await ours()).problem ?? ""), 30_000);
    installation = (await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"))).installation;
  });

  await stage.step("once it is, the log is cosigned, and an auditor can demand that", async () => {
    await cosignedAll("the log is cosigned");
    const { log } = await status();
    assert.equal((await known()).key, log.verifier_key);
    const verified = await run(gateway.program, ["audit", "verify", "--log", log.directory, "--key", log.verifier_key, "--witness", witness, "--json"]);
    assert.equal(verified.code, 0, verified.stdout);
    assert.equal((await until("it is an event", async () => (await gateway.events("--type", "log.witnessed"))[0])).detail.witness, "vendor");
  });

  await stage.step("a session that the vendor denies is shown with the vendor's own cosignature", async () => {
    await gateway.cli("remote-access", "set", "all");
    await gateway.cli("engineer", "add", "ada");
    await gateway.cli("engineer", "approve", "ada");
    const { session } = await gateway.signIn("ada");
    await gateway.cli("session", "end", session);
    const proof = join(away, "session.tlog-proof");
    const { log } = await status();
    const prove = () => run(gateway.program, ["audit", "proof", "--session", session, "--log", log.directory, "--witness", witness, "--out", proof]);
    await until("it is under a checkpoint that was cosigned", async () => (await prove()).code === 0, 60_000);
    const verify = (...more) => run(gateway.program, ["audit", "verify", "--json", "--key", log.verifier_key, "--proof", proof, ...more]);
    const good = await verify("--witness", witness);
    assert.equal(good.code, 0, good.stderr);
    const said = JSON.parse(good.stdout);
    assert.equal(said.witnesses[0].name, "mission.example.com/witness");
    assert.equal(JSON.parse(said.event).session, session);
    const stranger = JSON.parse((await run(gateway.program, ["--json", "audit", "witness-key", "--out", join(away, "other.key")])).stdout).verifier_key;
    assert.match((await verify("--witness", stranger)).stderr, /was not cosigned by witness\//);
    await gateway.cli("remote-access", "set", "off");
  });

  const state = join(gateway.folder, "state");
  await stage.step("a log that is rolled back is found out: both sides say so, with what was signed", async () => {
    await gateway.halt();
    cpSync(state, join(away, "state"), { recursive: true });
    await gateway.serve();
    await grow();
    const grown = await until("the status knows of it", async () => (await status()).log.size);
    await until("what came since is cosigned", async () => (await known()).size >= grown, 60_000);
    const { size } = await known();
    await gateway.halt();
    rmSync(state, { recursive: true });
    cpSync(join(away, "state"), state, { recursive: true });
    if (isRoot) ownedByAccount(state);
    await gateway.serve();
    for (let now = 0; now <= size + 1; now = (await status()).log.size) await grow();
    await until("the gateway says so", async () => (await ours()).state === "refused", 90_000);
    assert.equal((await until("it is an event", async () => (await gateway.events("--type", "log.witness_refused"))[0])).severity, "severe");
    const conflict = await until("Mission Control says so", async () => (await conflicts())[0], 60_000);
    assert.equal(conflict.body.known_size, size);
    assert.match(conflict.body.known, /mission\.example\.com\/witness/);
    assert.match(conflict.body.note, /^postern\//);
    assert.equal((await known()).size, size, "and stays with what it saw");
    assert.match((await mission.plainCli("installation", "show", installation)).stdout, /ANOTHER HISTORY SHOWN/);
  });
});
