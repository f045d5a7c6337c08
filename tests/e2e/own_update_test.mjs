// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gateway itself is updated under load: its step leaves a request as a user who may install nothing, the installer beside it believes
// only what the vendor signed, and another version goes on in the gateway's place while nobody is refused. What is not signed, what would
// go back, and what does not start, is not installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gateway, isRoot, root } from "./lib/gateway.mjs";
import { HandOverComponent, HandOverLoad, handOverPolicy } from "./lib/hand_over_load.mjs";
import { run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";
import { Vendor } from "./lib/vendor.mjs";

const [now, next, broken] = ["0.1.0", "0.1.1", "0.1.2"];
const script = (name) => join(root, "deploy/self_update", name);

// A release: the programs of this build, which say that they are of that version.
const release = (prefix, folder, version) => {
  for (const part of ["bin", "libexec"]) cpSync(join(prefix, part), join(folder, part), { recursive: true });
  if (version === now) return;
  const file = join(folder, "bin/postern");
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(now); at >= 0; at = bytes.indexOf(now, at)) bytes.write(version, at, "latin1");
  rmSync(file);
  writeFileSync(file, bytes, { mode: 0o755 });
};

// artefact: of a version, for the vendor to release.
const artefactOf = (prefix, version, spoil = () => {}) => {
  const tree = makeFolder("release");
  const file = join(tree, "postern.tar");
  release(prefix, tree, version);
  spoil(tree);
  execFileSync("tar", ["--create", "--file", file, "--directory", tree, "bin", "libexec"]);
  const bytes = readFileSync(file);
  removeFolder(tree);
  return bytes;
};
// documentsOf: the vendor's newest, as a gateway keeps them.
const documentsOf = (vendor) => {
  const names = readdirSync(join(vendor.folder, "metadata"));
  const newest = (role) => vendor.document(names.filter((name) => name.endsWith(`.${role}.json`)).sort((a, b) => parseInt(a) - parseInt(b)).pop());
  return JSON.stringify({ kept: { roots: [], timestamp: vendor.document("timestamp.json"), snapshot: newest("snapshot"), targets: newest("targets") } });
};

// What postern-update.path and .service are where systemd runs.
class Installer {
  name = "the installer";
  log = "";
  runs = [];
  #going = true;
  constructor(gateway, folder, settings) {
    Object.assign(this, { gateway, folder, settings });
    this.done = this.#watch();
  }
  async #watch() {
    while (this.#going) {
      if (existsSync(join(this.folder, "request"))) {
        const answer = await run("bash", [script("install-update"), this.settings], { timeout: 120_000 });
        this.log += answer.stdout + answer.stderr;
        this.runs.push(answer);
        const successor = /version \S+, process (\d+)/.exec(answer.stderr);
        if (successor) this.gateway.succeed(Number(successor[1]));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  async stop() {
    this.#going = false;
    await this.done;
  }
}

story("the gateway itself is updated under load, by what the vendor signed and nothing else", async (stage) => {
  const component = stage.own(await HandOverComponent.start());
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: handOverPolicy, configure: (text) => `${text}timeouts: {drain: 1500ms}\n` }));
  const programs = gateway.prefix; // those of this build
  const vendor = stage.own(await Vendor.start(join(programs, "bin/mission-control")));
  const place = join(gateway.parent, "opt");
  const [requests, etc] = [join(gateway.parent, "requests"), join(gateway.parent, "etc")];
  const file = (name) => join(etc, name);
  await gateway.halt();
  for (const folder of [requests, etc]) mkdirSync(folder);
  if (isRoot) chownSync(requests, 65534, 65534);
  const step = join(gateway.parent, "request-update");
  cpSync(script("request-update"), step);
  mkdirSync(join(place, "releases"), { recursive: true });
  release(gateway.prefix, join(place, "releases", now), now);
  symlinkSync(`releases/${now}`, join(place, "current"));
  gateway.prefix = join(place, "current");
  writeFileSync(file("1.root.json"), vendor.root);
  writeFileSync(file("settings"), `folder=${requests}\nplace=${place}\ndocuments=${file("documents.json")}\nroot=${file("1.root.json")}\nknown=${file("known.json")}\nhand_over=${place}/current/bin/postern --config ${gateway.configFile} hand-over --if-new\n`);
  for (const folder of [gateway.parent, place, join(place, "releases")]) chmodSync(folder, 0o755);
  const user = isRoot ? "run_as: nobody, " : "";
  gateway.writeConfig(`${readFileSync(gateway.configFile, "utf8")}update: { ${user}steps: [ { run: [${step}, ${requests}], limit: 1m } ], wait: { limit: 40s, healthy_for: 1s }, roll_back: [ { run: [${step}, ${requests}], limit: 1m } ] }\n`);
  await gateway.serve();
  await gateway.admit("alice", ["any.read"]);
  const installer = stage.own(new Installer(gateway, requests, file("settings")));
  const update = (version, artefact) => gateway.tryCli("update", "run", "--service", "postern", "--version", version, "--artefact", artefact);
  const version = async () => (await until("the gateway answers", async () => (await gateway.tryCli("status")).json, 30_000)).version;
  const fileOf = (name) => join(gateway.parent, `postern-${name}.tar`);
  const make = (name, spoil) => writeFileSync(fileOf(name), artefactOf(programs, name, spoil));
  const knowDocuments = () => writeFileSync(file("documents.json"), documentsOf(vendor));
  // sign: and the gateway has the documents.
  const sign = async (name) => {
    await vendor.release(`postern-${name}.tar`, readFileSync(fileOf(name)), "--product", "postern", "--version", name);
    knowDocuments();
  };
  const installed = () => readlinkSync(join(place, "current"));
  const steps = () => gateway.events("--type", "update.step_run");

  await stage.step("what nobody signed is not installed, and the gateway stays what it is", async () => {
    for (const each of [next, broken]) make(each);
    await sign(broken);
    const { code, json } = await update(next, fileOf(next));
    assert.equal(code, 1);
    assert.equal(json.state, "rolled_back", JSON.stringify(json));
    assert.deepEqual([installed(), await version()], [`releases/${now}`, now]);
    const said = await until("the step's words are in the log", async () => (await steps()).find((event) => event.detail.outcome === "failed"));
    assert.match(said.detail.tail, /no signed artefact of postern 0\.1\.1 is this file/);
    if (isRoot) assert.equal(statSync(join(requests, "artefact")).uid, 65534, "the step runs as a user of its own");
  });

  await stage.step("signed, it is installed while clients work, and none of them is refused", async () => {
    await sign(next);
    const alice = await gateway.signIn("alice");
    const load = new HandOverLoad(gateway, alice.cookie);
    const before = gateway.pid;
    const { code, json, stderr } = await update(next, fileOf(next));
    assert.equal(code, 0, stderr + JSON.stringify(json) + installer.log);
    await until("a while after it", () => load.total > 500, 60_000);
    await load.end();
    alice.close();
    assert.deepEqual(load.broken, []);
    await until("the installer has ended too", () => gateway.pid !== before);
    assert.deepEqual([installed(), await version()], [`releases/${next}`, next]);
    stage.say(`${load.total} exchanges, none refused`);
    for (const type of ["gateway.handed_over", "update.resumed", "update.done"])
      await until(`${type} is in the index`, async () => (await gateway.events("--type", type)).length === 1);
  });

  await stage.step("an admin rolls it back: the version before goes on", async () => {
    await gateway.cli("update", "roll-back");
    const end = await until("it is rolled back", async () => ((one) => one?.state === "rolled_back" && one)((await gateway.tryCli("update", "progress")).json), 60_000);
    assert.equal(end.version, next);
    assert.deepEqual([installed(), await version()], [`releases/${now}`, now]);
  });

  await stage.step("a version that does not start is rolled back, and the one before goes on", async () => {
    make(broken, (tree) => {
      const keeper = join(tree, "libexec/postern/keeper");
      rmSync(keeper);
      cpSync("/bin/false", keeper);
    });
    await sign(broken);
    const { code, json } = await update(broken, fileOf(broken));
    assert.equal(code, 1);
    assert.equal(json.state, "rolled_back", JSON.stringify(json));
    assert.deepEqual([installed(), await version()], [`releases/${now}`, now]);
    await until("the installer has ended too", () => installer.runs.some((one) => /the hand-over to 0\.1\.2 failed: 0\.1\.0 goes on/.test(one.stderr)));
  });

  await stage.step("a file of another version than what was asked for is not installed", async () => {
    const { code, json } = await update("0.1.3", fileOf(next));
    assert.equal(code, 1);
    assert.equal(json.state, "rolled_back");
    assert.equal(await version(), now);
  });

  await stage.step("old documents are not believed, whoever brings them", async () => {
    const old = JSON.parse(readFileSync(file("documents.json"), "utf8"));
    await vendor.sign();
    knowDocuments();
    const verify = (documents) => run(join(gateway.prefix, "bin/postern"), ["update", "verify", fileOf(next), "--root", file("1.root.json"), "--documents", documents, "--known", file("known.json")]);
    const newest = await verify(file("documents.json"));
    assert.equal(newest.code, 0, newest.stderr);
    writeFileSync(file("old.json"), JSON.stringify(old));
    const refused = await verify(file("old.json"));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /version \d+, and version \d+ is known/);
  });

  // The same installer beside releases of its own, with a hand-over that is told how it comes out.
  const own = join(gateway.parent, "own");
  const [wants, releases] = [join(own, "requests"), join(own, "opt/releases")];
  const led = () => readlinkSync(join(own, "opt/current"));
  const previous = () => readFileSync(join(own, "opt/previous"), "utf8");
  const inode = (name) => statSync(join(releases, name)).ino;
  const install = async (request, handOver, artefact) => {
    writeFileSync(join(own, "settings"), `folder=${wants}\nplace=${own}/opt\ndocuments=${file("documents.json")}\nroot=${file("1.root.json")}\nknown=${file("known.json")}\nhand_over=${handOver}\n`);
    rmSync(join(wants, "outcome"), { force: true });
    if (artefact) cpSync(artefact, join(wants, "artefact"));
    writeFileSync(join(wants, "request"), `${request}\n`);
    const answer = await run("bash", [script("install-update"), join(own, "settings")], { timeout: 120_000 });
    const outcome = existsSync(join(wants, "outcome")) && readFileSync(join(wants, "outcome"), "utf8").trim();
    return { ...answer, outcome };
  };

  await stage.step("a version that is installed already is left alone, and the one before it is not forgotten", async () => {
    mkdirSync(wants, { recursive: true });
    for (const name of [now, next]) release(programs, join(releases, name), name);
    symlinkSync(`releases/${next}`, join(own, "opt/current"));
    writeFileSync(join(own, "opt/previous"), `${now}\n`);
    const before = inode(next);
    const { code, outcome, stdout, stderr } = await install(`update ${next} ${now}`, "false", fileOf(next));
    assert.deepEqual([code, outcome], [0, "done"], stderr);
    assert.match(stdout, /0\.1\.1 is installed already/);
    assert.deepEqual([led(), inode(next), previous()], [`releases/${next}`, before, `${now}\n`]);
  });

  await stage.step("nor is it when the hand-over to another version fails", async () => {
    const failed = await install(`update ${broken} ${next}`, "false", fileOf(broken));
    assert.deepEqual([failed.code, failed.outcome], [1, "the hand-over to 0.1.2 failed: 0.1.1 goes on"], failed.stderr);
    assert.deepEqual([led(), previous()], [`releases/${next}`, `${now}\n`]);
    const back = await install(`roll-back ${next} ${now}`, "true");
    assert.deepEqual([back.code, back.outcome], [0, "done"], back.stderr);
    assert.deepEqual([led(), previous()], [`releases/${now}`, `${next}\n`]);
  });

  await stage.step("what is ended in the middle can be rolled back too, and a release that was there is replaced whole", async () => {
    const before = inode(broken);
    await assert.rejects(install(`update ${broken} ${now}`, "kill -KILL $PPID", fileOf(broken)), { signal: "SIGKILL" });
    assert.deepEqual([existsSync(join(wants, "outcome")), led(), previous()], [false, `releases/${broken}`, `${next}\n`]);
    assert.notEqual(inode(broken), before);
    assert.deepEqual(readdirSync(releases).sort(), [now, next, broken], "nothing is left over");
    const back = await install(`roll-back ${broken} ${now}`, "true");
    assert.deepEqual([back.code, back.outcome], [0, "done"], back.stderr);
    assert.deepEqual([led(), previous()], [`releases/${now}`, `${broken}\n`]);
    assert.deepEqual(readdirSync(join(own, "opt")).sort(), ["current", "previous", "releases"]);
  });
}, 400_000);
