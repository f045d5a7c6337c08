// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The listener's keys lie in a token (SoftHSM, by PKCS #11): a browser and other clients are served with them, none of them is in the memory of
// any process but the one that has the module, and what is wrong with PIN, key or module is a sentence and a door that stays shut.
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { Browser } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { ask, connect } from "./lib/handshake.mjs";
import { findInMemory } from "./lib/memory.mjs";
import { ownedByAccount, run } from "./lib/process.mjs";
import { SoftToken, kModule } from "./lib/soft_token.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  pages.read: { title: Read, class: read, operations: [GET /**] }
`;

// numbersOf: a key's secret numbers, as they can stand in memory.
const numbersOf = (name, pem) => {
  const jwk = createPrivateKey(pem).export({ format: "jwk" });
  const parts = ["d", "p", "q"].filter((part) => jwk[part]).map((part) => [`${name} ${part}`, Buffer.from(jwk[part], "base64url")]);
  return Object.fromEntries(parts.flatMap(([part, number]) => [[part, number], [`${part} reversed`, Buffer.from(number).reverse()]]));
};

story("a gateway serves with keys that lie in a token", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["pages.read"]);
  await gateway.halt();

  const authority = stage.own(await Authority.make("site authority"));
  const names = { names: ["DNS:localhost"] };
  const [ec, rsa] = [await authority.server("in a token", names), await authority.server("rsa", { ...names, type: "rsa" })];
  const token = await SoftToken.make(join(gateway.folder, "hsm"));
  await token.add("support", "01", ec.key);
  await token.add("support-rsa", "02", rsa.key);
  const certificate = (name, text) => writeFileSync(join(gateway.folder, "certs", name), text);
  certificate("support.pem", ec.certificate);
  certificate("rsa.pem", rsa.certificate);
  gateway.writeSecret("keys/pin", `${token.pin}\n`);
  const key = (object) => `"pkcs11:token=gateway;object=${object};type=private"`;
  const module = (path = kModule) =>
    `pkcs11:\n  module: ${path}\n  pin: keys/pin\n  environment: [SOFTHSM2_CONF=${token.settings}]\n  paths: [${token.tokens}]\n`;
  const original = readFileSync(gateway.configFile, "utf8");
  const configured = original.replace(/"?keys\/support\.key"?/, `${key("support")}\n    certificates: [{certificate: certs/rsa.pem, key: ${key("support-rsa")}}]`);
  gateway.writeConfig(configured + module());
  await gateway.serve();
  gateway.ca = authority.pem;
  const keeper = async () => (await gateway.cli("status")).roles.find((role) => role.name === "keeper");
  const subject = async (options) => {
    const socket = await connect(gateway.port, "localhost", { ca: authority.pem, rejectUnauthorized: true, ...options });
    const { CN } = socket.getPeerCertificate().subject;
    assert.match(await ask(socket), /^HTTP\/1\.1 /);
    socket.destroy();
    return CN;
  };

  await stage.step("clients are served in both versions of TLS, with both kinds of keys", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      const only = { minVersion: version, maxVersion: version };
      assert.equal(await subject({ ...only, sigalgs: "ECDSA+SHA256" }), "in a token");
      assert.equal(await subject({ ...only, sigalgs: "RSA-PSS+SHA256:RSA-PSS+SHA512" }), "rsa");
    }
    assert.equal(await subject({ maxVersion: "TLSv1.2", sigalgs: "RSA+SHA256" }), "rsa");
    const roots = join(gateway.folder, "roots.pem");
    writeFileSync(roots, authority.pem);
    const curl = await run("curl", ["-sS", "--cacert", roots, "-H", "Accept: application/json", "-o", "/dev/null", "-w", "%{http_code}", `${gateway.url}/.postern/`]);
    assert.equal(curl.code, 0, curl.stderr);
    const alice = await gateway.signIn("alice");
    assert.equal((await alice.fetch("/page")).status, 200);
    alice.close();
  });

  await stage.step("a browser is, too", async () => {
    const browser = stage.own(await Browser.start());
    const page = await browser.page();
    const response = await page.goto(`${gateway.url}/.postern/`);
    assert.equal((await response.securityDetails()).subjectName, "in a token");
  });

  await stage.step("what the module may read stands in status, and where keys come from in the check", async () => {
    assert.deepEqual((await keeper()).confinement.files, [`read ${token.tokens}`]);
    assert.match((await gateway.plainCli("status")).stdout, new RegExp(`keeper.*may read ${token.tokens}`));
    const { secrets } = await gateway.cli("config", "check");
    assert.deepEqual(secrets.filter((each) => each.source === "token").map((each) => each.key), ["listeners.support.key", "listeners.support.certificates[0].key"]);
  });

  await stage.step("somebody else may put a key into the token meanwhile", async () => {
    const { pid } = await keeper();
    await token.add("of-others", "03", (await authority.server("of others", names)).key);
    assert.equal(await subject({ sigalgs: "ECDSA+SHA256" }), "in a token");
    assert.equal(await subject({ sigalgs: "RSA-PSS+SHA256" }), "rsa");
    assert.equal((await keeper()).pid, pid);
  });

  if (isRoot)
    await stage.step("neither key nor PIN is in the memory of any other process", async () => {
      const secrets = { ...numbersOf("ec", ec.key), ...numbersOf("rsa", rsa.key), pin: Buffer.from(token.pin) };
      const roles = (await gateway.cli("status")).roles.filter((role) => role.name !== "keeper");
      for (const { name, pid } of [...roles, { name: "supervisor", pid: gateway.pid }]) assert.deepEqual(findInMemory(pid, secrets), [], name);
      assert.ok(findInMemory((await keeper()).pid, secrets).includes("pin"), "the search finds what is there");
    });

  await stage.step("a keeper that is killed logs in again", async () => {
    const { pid } = await keeper();
    killIfAlive(pid, "SIGKILL");
    await until("another keeper serves", async () => {
      const now = await keeper();
      return now.state === "running" && now.pid !== pid;
    });
    await until("handshakes are signed", async () => (await subject().catch(() => "")) === "in a token");
  });

  await stage.step("a renewed certificate of the same key takes effect with a reload, one of another does not", async () => {
    const other = await authority.server("of another key", names);
    certificate("support.pem", other.certificate);
    const told = await gateway.plainCli("reload");
    assert.equal(told.code, 1);
    assert.match(told.stdout + told.stderr, /object=support;type=private is a key in a token with a certificate that .*this needs a restart/);
    certificate("support.pem", `${ec.certificate}${authority.pem}`);
    assert.deepEqual((await gateway.cli("reload")).config.faults, []);
    assert.equal(await subject({ sigalgs: "ECDSA+SHA256" }), "in a token");
  });

  const fails = async (expected) => {
    await assert.rejects(gateway.serve(15_000, () => expected.every((words) => words.test(gateway.log))), /no use in waiting/);
    await gateway.halt();
  };
  await gateway.halt();

  await stage.step("a key that is not in the token, or is that of another certificate, is said", async () => {
    gateway.writeConfig(configured.replace("object=support;", "object=suport;") + module());
    await fails([/object=suport;type=private: the token has no such private key/]);
    gateway.writeConfig(configured.replace("object=support-rsa", "object=support") + module());
    await fails([/object=support;type=private cannot be the key of the certificate \(RSA 2048\)/]);
  });

  await stage.step("a wrong PIN is tried once, however often the keeper starts", async () => {
    gateway.writeConfig(configured + module());
    gateway.writeSecret("keys/pin", "not-the-pin\n");
    const notAgain = /it is not tried again before the file is another one[^]*it is not tried again before the file is another one/;
    await fails([/the PIN of pkcs11\.pin is wrong: it is not tried again/, notAgain]);
    assert.equal(gateway.log.match(/is wrong: it is not tried again/g).length, 1);
    assert.ok(!gateway.log.includes("not-the-pin"));
    gateway.writeSecret("keys/pin", `${token.pin}\n`);
    await fails([/the token gateway was last given a wrong PIN/]); // not even the right one, after a restart
    await token.logIn();
    await gateway.serve();
    assert.equal(await subject(), "in a token");
    await gateway.halt();
  });

  await stage.step("a module that others could replace is not loaded, nor a key without a module", async () => {
    const copy = join(gateway.folder, "module.so");
    copyFileSync(kModule, copy);
    ownedByAccount(copy);
    gateway.writeConfig(configured + module(copy));
    const told = await gateway.plainCli("config", "check");
    assert.equal(told.code, 1);
    assert.match(told.stderr, /module\.so: a module is code that runs beside the keys/);
    gateway.writeConfig(configured);
    assert.match((await gateway.plainCli("config", "check")).stderr, /listeners\.support\.key lies in a token: say with pkcs11 through which module/);
  });
});

story("the log goes on under a key in a token", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.halt();
  const authority = stage.own(await Authority.make("of keys"));
  const token = await SoftToken.make(join(gateway.folder, "hsm"));
  await token.add("log", "01", (await authority.client("log", "ed25519")).key);
  gateway.writeSecret("keys/pin", `${token.pin}\n`);
  const module = `pkcs11:\n  module: ${kModule}\n  pin: keys/pin\n  environment: [SOFTHSM2_CONF=${token.settings}]\n  paths: [${token.tokens}]\n`;
  gateway.writeConfig(readFileSync(gateway.configFile, "utf8") + module);
  await gateway.serve();
  const keyFile = join(gateway.folder, "keys/log.key");
  const logKey = () => until("the keeper has told the log's key", async () => (await gateway.cli("status")).log.verifier_key);
  const first = await logKey();
  const uri = "pkcs11:token=gateway;object=log";

  let second;
  await stage.step("a file that names the key in the token is made, once", async () => {
    second = (await gateway.cli("audit", "token-key", "--uri", uri)).verifier_key;
    assert.equal(second.split("+")[0], first.split("+")[0]);
    assert.equal(readFileSync(`${keyFile}.next`, "utf8"), `${second}\n${uri}\n`);
    const again = await gateway.tryCli("audit", "token-key", "--uri", uri);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /File exists/);
    assert.equal((await gateway.tryCli("audit", "token-key", "--uri", "pkcs11:token=gateway")).code, 1);
  });

  await stage.step("the log is handed over to it, and only the token has it", async () => {
    const changed = await gateway.cli("audit", "rotate-key");
    assert.deepEqual([changed.old, changed.new], [first, second]);
    assert.equal(readFileSync(keyFile, "utf8"), `${second}\n${uri}\n`);
    assert.equal(await until("status names it", async () => (await logKey()) === second && second), second);
  });

  await stage.step("after a restart it signs what is new, and the first key verifies all of it", async () => {
    await gateway.halt();
    await gateway.serve();
    await gateway.cli("engineer", "add", "bob", "--email", "bob@vendor.example");
    const { log } = await until("all of it is under a checkpoint", async () => {
      const status = await gateway.cli("status");
      return status.log.checkpoint.size >= status.log.size && status;
    });
    const verified = await run(gateway.program, ["audit", "verify", "--log", log.directory, "--key", first, "--json"]);
    assert.equal(verified.code, 0, verified.stdout);
    assert.equal(JSON.parse(verified.stdout).handovers.length, 1);
  });
});
