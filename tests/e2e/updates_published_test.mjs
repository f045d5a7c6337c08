// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Updates at the vendor: signed with keys that no server has, published into a Mission Control that judges them again, handed ring by ring
// over the line to installations that speak it by hand and verify all of it with code of their own, and suspended when they fail.
import assert from "node:assert/strict";
import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MissionControl } from "./lib/mission.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";

const kPiece = 192 << 10;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// canonical: the JSON that is signed, by the specification and not by our code.
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") return `{${Object.keys(value).sort().map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
  return typeof value === "string" ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : JSON.stringify(value);
};
const keyOf = (hex) => createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(hex, "hex")]), format: "der", type: "spki" });
// signers: the key ids whose signatures hold, of those that the root allows for the role.
const signers = (document, root, role) =>
  document.signatures.filter(({ keyid, sig }) => root.signed.roles[role].keyids.includes(keyid) && verify(null, Buffer.from(canonical(document.signed)), keyOf(root.signed.keys[keyid].keyval.public), Buffer.from(sig, "hex"))).length;

// fetchFile: a file over the line; undefined where there is none.
async function fetchFile(installation, file, pieces = 1) {
  const out = [];
  for (let piece = 0; piece < pieces; piece++) {
    const answer = await new Promise((resolve, reject) => {
      const stream = installation.session.request({ ":method": "POST", ":path": "/line/v1/updates/file" });
      const parts = [];
      let status;
      stream.on("response", (headers) => (status = headers[":status"])).on("data", (part) => parts.push(part)).once("error", reject);
      stream.once("end", () => resolve({ status, body: Buffer.concat(parts) })).end(JSON.stringify({ file, piece }));
    });
    if (answer.status !== 200) return undefined;
    out.push(answer.body);
  }
  return Buffer.concat(out);
}
const offersOf = async (installation) => (await installation.ask("POST", "/line/v1/updates/offers", "{}")).json.offers;

story("updates are signed away from any server, published, offered ring by ring, and suspended when they fail", async (stage) => {
  const mission = stage.own(await MissionControl.start());
  const place = makeFolder("updates");
  const folder = join(place, "updates");
  const key = (name) => join(place, `${name}.key`);
  const tool = (...argv) => run(mission.program, ["update", ...argv]);
  const must = async (...argv) => {
    const answer = await tool(...argv);
    assert.equal(answer.code, 0, answer.stderr);
    return answer;
  };
  const artefact = randomBytes(2 * kPiece + 17);
  const name = "prometheus-2.54.0.tar.gz";
  writeFileSync(join(place, name), artefact);
  writeFileSync(join(place, "notes.txt"), 'Faster.\nAnd "safer".\n');
  writeFileSync(join(place, "passphrase"), "a passphrase of the vendor\n", { mode: 0o600 });
  let first, second;
  stage.own({ name: "installations", stop: () => ([first, second].forEach((each) => each?.close()), removeFolder(place)) });

  await stage.step("keys are for their owner alone, and a root needs as many as it says", async () => {
    await must("key", "new", key("root-1"), "--passphrase-file", join(place, "passphrase"));
    for (const each of ["root-2", "release", "online"]) await must("key", "new", key(each), "--no-passphrase");
    assert.equal(statSync(key("root-1")).mode & 0o777, 0o600);
    assert.match(readFileSync(key("root-1"), "utf8"), /BEGIN ENCRYPTED PRIVATE KEY/);
    const root = ["root", "new", "--dir", folder, "--root", `${key("root-1")}.pub`, "--root", `${key("root-2")}.pub`, "--root-threshold", "2", "--targets", `${key("release")}.pub`, "--snapshot", `${key("online")}.pub`, "--timestamp", `${key("online")}.pub`];
    const few = await tool(...root, "--key", key("root-2"));
    assert.deepEqual([few.code, /1 of its keys have signed it, and 2 must/.test(few.stderr)], [1, true], few.stderr);
    await must(...root, "--key", key("root-1"), "--key", key("root-2"), "--passphrase-file", join(place, "passphrase"));
    await must("add", join(place, name), "--dir", folder, "--service", "prometheus", "--version", "2.54.0", "--from", "2.53.1", "--notes", join(place, "notes.txt"), "--postpone-hours", "72");
    const stranger = await tool("sign", "--dir", folder, "--key", key("online"));
    assert.equal(stranger.code, 1, "the release key was not given");
    await must("sign", "--dir", folder, "--key", key("release"), "--key", key("online"));
  });

  await stage.step("Mission Control takes what is signed and whole, and nothing else", async () => {
    const targets = join(folder, "metadata/1.targets.json");
    const sound = readFileSync(targets, "utf8");
    writeFileSync(targets, sound.replace("2.54.0", "2.54.1"));
    const changed = await mission.tryCli("update", "publish", folder);
    assert.equal(changed.code, 1, changed.stdout);
    writeFileSync(targets, sound);
    assert.equal((await mission.cli("update", "list")).items.length, 0);
    await mission.cli("update", "publish", folder);
    const [one] = (await mission.cli("update", "list")).items;
    assert.deepEqual([one.name, one.version, one.ring, one.length, one.sha256], [name, "2.54.0", 0, artefact.length, sha256(artefact)]);
    await mission.cli("update", "publish", folder); // again: nothing new
    const { items } = await mission.cli("acts", "--type", "update.published");
    assert.equal(items.length, 2);
  });

  await stage.step("rings: the first has it, the others do not see it", async () => {
    first = await mission.enrolled("First Ltd");
    second = await mission.enrolled("Second Ltd");
    await mission.cli("installation", "ring", first.id, "1");
    assert.deepEqual(await offersOf(first), []);
    await mission.cli("update", "offer", name, "--ring", "1", "--stop-at", "40");
    assert.deepEqual((await offersOf(first)).map((each) => each.name), [name]);
    assert.deepEqual(await offersOf(second), []);
    assert.equal(await fetchFile(second, `${sha256(artefact)}.artefact`), undefined);
  });

  await stage.step("what comes over the line is what was signed, by a verifier of its own", async () => {
    const read = async (file) => JSON.parse(await fetchFile(first, file));
    const root = await read("1.root.json");
    assert.equal(signers(root, root, "root"), 2);
    assert.equal(await fetchFile(first, "2.root.json"), undefined);
    const timestamp = await read("timestamp.json");
    assert.equal(signers(timestamp, root, "timestamp"), 1);
    const named = timestamp.signed.meta["snapshot.json"];
    const snapshotBytes = await fetchFile(first, `${named.version}.snapshot.json`);
    assert.deepEqual([snapshotBytes.length, sha256(snapshotBytes)], [named.length, named.hashes.sha256]);
    const snapshot = JSON.parse(snapshotBytes);
    assert.equal(signers(snapshot, root, "snapshot"), 1);
    const of = snapshot.signed.meta["targets.json"];
    const targetsBytes = await fetchFile(first, `${of.version}.targets.json`);
    assert.deepEqual([targetsBytes.length, sha256(targetsBytes)], [of.length, of.hashes.sha256]);
    const targets = JSON.parse(targetsBytes);
    assert.equal(signers(targets, root, "targets"), 1);
    const target = targets.signed.targets[name];
    assert.equal(target.custom.notes, 'Faster.\nAnd "safer".\n');
    const bytes = await fetchFile(first, `${target.hashes.sha256}.artefact`, 3);
    assert.deepEqual([bytes.length, sha256(bytes)], [target.length, target.hashes.sha256]);
    assert.equal(await fetchFile(first, "../keys/installations.key"), undefined);
  });

  await stage.step("it survives that Mission Control is killed, and the timestamp is renewed with the online key alone", async () => {
    await mission.crash();
    await mission.serve();
    [first, second].forEach((each) => each.close());
    assert.equal((await offersOf(first)).length, 1);
    await must("sign", "--dir", folder, "--key", key("online"));
    await mission.cli("update", "publish", folder);
    assert.equal(JSON.parse(await fetchFile(first, "timestamp.json")).signed.version, 2);
    assert.equal((await mission.cli("update", "list")).items[0].ring, 1, "the offer stays");
  });

  await stage.step("what was brought in part, and by nobody for a day, is removed", async () => {
    const sql = async (text) => {
      const done = await run("python3", ["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=20); print(c.execute(sys.argv[2]).fetchall()); c.commit()", join(mission.folder, "state/mission.sqlite"), text]);
      assert.equal(done.code, 0, done.stderr);
      return done.stdout.trim();
    };
    const left = `${"e".repeat(64)}.artefact`;
    const dayAgo = (Date.now() - 86_460_000) * 1000;
    await mission.crash();
    await sql(`INSERT INTO update_files (name, length, whole, added) VALUES ('${left}', 9, 0, ${dayAgo})`);
    await sql(`INSERT INTO update_pieces (name, number, data) VALUES ('${left}', 0, 'eA==')`);
    await mission.serve();
    [first, second].forEach((each) => each.close());
    await until("it is gone", async () => (await sql(`SELECT name FROM update_files WHERE name='${left}'`)) === "[]");
    assert.equal(await sql(`SELECT name FROM update_pieces WHERE name='${left}'`), "[]");
    assert.equal((await fetchFile(first, `${sha256(artefact)}.artefact`, 3)).length, artefact.length);
  });

  await stage.step("an old folder takes nothing back", async () => {
    const timestamp = join(folder, "metadata/timestamp.json");
    const newest = readFileSync(timestamp);
    await must("sign", "--dir", folder, "--key", key("online"));
    await mission.cli("update", "publish", folder);
    writeFileSync(timestamp, newest);
    const old = await mission.tryCli("update", "publish", folder);
    assert.deepEqual([old.code, /version 2, and version 3 is known/.test(old.stderr + old.stdout)], [1, true], old.stderr);
  });

  await stage.step("when it fails in a ring it is suspended for all", async () => {
    await mission.cli("update", "offer", name, "--ring", "9");
    assert.equal((await second.send(second.report("event", { type: "update.ended", subject: name, outcome: "done" }))).status, 200);
    assert.equal((await first.send(first.report("event", { type: "update.ended", subject: name, outcome: "rolled_back" }))).status, 200);
    const [offer] = await offersOf(second);
    assert.deepEqual([offer.suspended, /1 of 1 installations of ring 1/.test(offer.why)], [true, true], offer.why);
    const shown = await mission.cli("update", "show", name);
    assert.deepEqual(Object.fromEntries(shown.installations.map((each) => [each.id, each.state])), { [first.id]: "rolled_back", [second.id]: "done" });
    assert.ok((await mission.events(first.id)).some((event) => event.type === "update.suspended"));
    assert.equal(await fetchFile(second, `${sha256(artefact)}.artefact`), undefined);
    await mission.cli("update", "resume", name);
    assert.equal((await offersOf(second))[0].suspended, false);
  });
});
