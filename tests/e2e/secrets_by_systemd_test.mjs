// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Secrets that systemd hands over: it sets $CREDENTIALS_DIRECTORY and puts them there, which this story does in its place. They serve, they
// are nowhere but where they are used, and new ones take effect with a reload.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  pages.read: { title: Read, class: read, operations: [GET /**] }
`;
const kNames = ["support.key", "pass.key", "log.key"];
const kEnvironment = "GLIBC_TUNABLES=glibc.malloc.tcache_count=256\0"; // all that a role is started with
const kTokens = ["a-token-of-the-first-day", "a-token-of-the-second-day"];

const shown = (port) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", servername: "localhost", port, rejectUnauthorized: false });
    socket.once("error", reject).once("secureConnect", () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
  });

story("secrets that systemd hands over serve, and are replaced by a reload", async (stage) => {
  for (const token of kTokens) plant("a token of the component's", token);
  const presented = [];
  const component = stage.own(
    await LittleComponent.start((request, response) => {
      presented.push(request.headers.authorization);
      response.end("here\n");
    }),
  );
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["pages.read"]);
  await gateway.halt();

  const folder = join(gateway.folder, "credentials");
  const owner = statSync(join(gateway.folder, "keys/pass.key"));
  // pass: as systemd does, read-only and the account's alone.
  const pass = (name, text) => {
    const file = join(folder, name);
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o400 });
    if (isRoot) chownSync(file, owner.uid, owner.gid);
  };
  mkdirSync(folder, { mode: 0o700 });
  if (isRoot) chownSync(folder, owner.uid, owner.gid);
  for (const name of kNames) renameSync(join(gateway.folder, "keys", name), join(folder, name));
  pass("token", `${kTokens[0]}\n`);
  gateway.environment = { CREDENTIALS_DIRECTORY: folder };
  const configured = readFileSync(gateway.configFile, "utf8")
    .replace(/keys\/(support|pass|log)\.key/g, "credential:$1.key")
    .replace(/(    - name: "?little"?\n)/, "$1      credential: {bearer: {file: credential:token}}\n");
  gateway.writeConfig(configured);
  const outside = () => run(gateway.program, ["--config", gateway.configFile, "config", "check"]);

  await stage.step("a check says where each secret comes from", async () => {
    const { ok, secrets } = await gateway.cli("config", "check");
    assert.equal(ok, true);
    const from = Object.fromEntries(secrets.map((each) => [each.key, each.source]));
    assert.deepEqual(from, {
      "listeners.support.key": "credential",
      "listeners.admin.key": "file",
      pass_key: "credential",
      log_key: "credential",
      "component.services.little.credential": "credential",
    });
  });

  await stage.step("where none were handed over, it says which line is missing", async () => {
    const told = await outside();
    assert.equal(told.code, 1);
    for (const name of [...kNames, "token"]) assert.match(told.stderr, new RegExp(`LoadCredential=${name}:/path/of/its/file`));
    const served = await run(gateway.program, ["--config", gateway.configFile, "serve"]);
    assert.equal(served.code, 1);
    assert.match(served.stderr, /credential:support\.key: no credential was passed/);
  });

  await gateway.serve();
  const alice = await gateway.signIn("alice");
  await stage.step("with them the gateway serves", async () => {
    assert.equal((await alice.fetch("/page")).status, 200);
    assert.equal(presented.at(-1), `Bearer ${kTokens[0]}`);
  });

  await stage.step("no role is told of the folder, by argument or environment", async () => {
    const roles = (await gateway.cli("status")).roles;
    for (const { name, pid } of roles) assert.equal(readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/\0$/, "").includes("credential"), false, name);
    if (isRoot) for (const { name, pid } of roles) assert.equal(readFileSync(`/proc/${pid}/environ`, "latin1"), kEnvironment, name);
  });

  await stage.step("others take effect with a reload", async () => {
    const authority = stage.own(await Authority.make("another"));
    const pair = await authority.server("renewed", { names: ["DNS:localhost"] });
    writeFileSync(join(gateway.folder, "certs/support.pem"), pair.certificate);
    pass("support.key", pair.key);
    pass("token", `${kTokens[1]}\n`);
    const { config } = await gateway.cli("reload");
    assert.deepEqual(config.faults, []);
    assert.deepEqual(config.changed.filter((each) => ["credentials", "keys"].includes(each)), ["credentials", "keys"]);
    const wanted = new X509Certificate(pair.certificate).fingerprint256;
    await until("the new certificate is shown", async () => (await shown(gateway.port)) === wanted);
    await until("the new token is used", async () => {
      await alice.fetch("/page");
      return presented.at(-1) === `Bearer ${kTokens[1]}`;
    });
  });

  await stage.step("one that is gone, or that others may read, changes nothing", async () => {
    rmSync(join(folder, "token"));
    const gone = await gateway.plainCli("reload");
    assert.equal(gone.code, 1);
    assert.match(gone.stdout + gone.stderr, /credential:token is not among the credentials that were passed/);
    pass("token", `${kTokens[0]}\n`);
    chmodSync(join(folder, "token"), 0o444);
    const open = await gateway.plainCli("reload");
    assert.equal(open.code, 1);
    assert.match(open.stdout + open.stderr, /a credential must be readable by its owner alone/);
    assert.equal((await alice.fetch("/page")).status, 200);
    assert.equal(presented.at(-1), `Bearer ${kTokens[1]}`);
  });

  await stage.step("the log's key is not rotated where it cannot be written", async () => {
    const told = await gateway.plainCli("audit", "rotate-key");
    assert.equal(told.code, 1);
    assert.match(told.stderr, /log_key is credential:log\.key, which this command cannot write/);
  });

  await stage.step("no secret is in the log of the gateway or among its events", async () => {
    const said = gateway.log + JSON.stringify(await gateway.events());
    for (const token of kTokens) assert.ok(!said.includes(token));
  });
});
