// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The whole story of the vendor's authority: it is made, an engineer gets a certificate for a browser and one for curl by a request of their
// own, a customer believes it, the vendor revokes and makes a list, the customer puts it in place, and the visit is over.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";
import { plant } from "./lib/planted.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [GET /stream, GET /state] }
`;
const drip = (request, response) => {
  if (request.url !== "/stream") return response.end("well\n");
  response.writeHead(200, { "Content-Type": "text/plain" });
  const timer = setInterval(() => response.write("a line of a stream that does not end\n"), 5);
  response.once("close", () => clearInterval(timer));
};

story("the vendor vouches for an engineer, and takes it back", async (stage) => {
  const component = stage.own(await LittleComponent.start(drip));
  const folder = makeFolder("vendor");
  stage.own({ name: "the vendor", stop: () => removeFolder(folder) });
  const [own, out, secret] = [join(folder, "authority"), join(folder, "out"), join(folder, "passphrase")];
  mkdirSync(out);
  writeFileSync(secret, "a passphrase that nobody guesses\n", { mode: 0o600 });
  plant("the authority's passphrase", "a passphrase that nobody guesses");
  let program;
  const tool = (...argv) => run(program, ["--dir", own, "--passphrase-file", secret, "--json", ...argv]);
  const vendor = async (...argv) => {
    const answer = await tool(...argv);
    assert.equal(answer.code, 0, answer.stderr);
    return JSON.parse(answer.stdout);
  };
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  program = join(dirname(gateway.program), "postern-authority");
  const curl = (path, ...argv) => run("curl", ["-sS", "--cacert", join(gateway.folder, "certs/support-ca.pem"), "-w", "\n%{http_code}", ...argv, `${gateway.url}${path}`]);
  const statusOf = async (...argv) => (await curl("/state", ...argv)).stdout.split("\n").pop();
  const publish = () => {
    gateway.writeSecret("certs/fetched", readFileSync(join(own, "authority.crl"), "utf8"));
    renameSync(join(gateway.folder, "certs/fetched"), join(gateway.folder, "certs/vendor.crl"));
  };
  let alice, bob;

  await stage.step("an authority is made, sealed, and never over another", async () => {
    const made = await vendor("init", "--name", "Vendor support");
    assert.deepEqual([made.subject, made.sealed], ["CN=Vendor support", true]);
    assert.match(readFileSync(join(own, "authority.key"), "utf8"), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    assert.equal(statSync(join(own, "authority.key")).mode & 0o777, 0o600);
    const again = await tool("init", "--name", "Another");
    assert.deepEqual([again.code, /authority\.key: File exists/.test(again.stderr)], [1, true], again.stderr);
    writeFileSync(join(folder, "wrong"), "not the passphrase at all\n", { mode: 0o600 });
    const wrong = await run(program, ["--dir", own, "--passphrase-file", join(folder, "wrong"), "crl"]);
    assert.deepEqual([wrong.code, /does not open with this passphrase/.test(wrong.stderr)], [1, true], wrong.stderr);
    assert.ok(!existsSync(join(own, "authority.crl")));
  });

  await stage.step("alice gets a certificate for a browser, bob one for a key of his own", async () => {
    alice = await vendor("issue", "--name", "alice", "--email", "alice@vendor.example", "--pkcs12", "--out", out);
    plant("the password of the .p12 file", alice.password);
    const read = await run("openssl", ["pkcs12", "-in", alice.pkcs12, "-passin", `pass:${alice.password}`, "-nokeys"]);
    assert.deepEqual([read.code, /subject=CN = Vendor support/.test(read.stdout)], [0, true], read.stderr + read.stdout);
    const [key, request] = [join(out, "bob.own"), join(out, "bob.csr")];
    const asked = await run("openssl", ["req", "-new", "-newkey", "ed25519", "-nodes", "-subj", "/CN=root", "-addext", "subjectAltName=email:alice@vendor.example", "-keyout", key, "-out", request]);
    assert.equal(asked.code, 0, asked.stderr);
    bob = await vendor("issue", "--name", "bob", "--email", "bob@vendor.example", "--csr", request, "--expires", "1d", "--out", out);
    assert.deepEqual([bob.key, bob.emails, bob.private_key], ["theirs", ["bob@vendor.example"], undefined]);
    bob.own = key;
    assert.deepEqual((await vendor("list")).items.map((one) => one.name), ["alice", "bob"]);
    assert.equal((await vendor("crl")).number, 1);
  });

  await stage.step("a customer believes the authority, and both come in", async () => {
    gateway.writeSecret("certs/vendor.pem", readFileSync(join(own, "authority.pem"), "utf8"));
    publish();
    gateway.writeConfig(readFileSync(gateway.configFile, "utf8").replace(/support_authority: .*\n/, `support_authority: certs/vendor.pem\nengineer_certificates: {crl: certs/vendor.crl, longest_life: 8d}\n`));
    await gateway.cli("reload");
    for (const name of ["alice", "bob"]) await gateway.admit(name, ["state.read"]);
    assert.equal(await statusOf("--cert", alice.certificate, "--key", alice.private_key), "200");
    assert.equal(await statusOf("--cert", bob.certificate, "--key", bob.own), "200");
    assert.equal(await statusOf(), "401");
  });

  await stage.step("her key is lost: revoked, listed, put in place, and what runs is cut", async () => {
    const stream = curl("/stream", "--cert", alice.certificate, "--key", alice.private_key, "-o", join(out, "stream"));
    await until("it runs", () => existsSync(join(out, "stream")) && statSync(join(out, "stream")).size > 0);
    await vendor("revoke", alice.serial.slice(0, 8), "--reason", "keyCompromise");
    assert.deepEqual([(await vendor("show", alice.serial)).state, (await tool("revoke", alice.serial)).code], ["revoked", 1]);
    const listed = await vendor("crl", "--expires", "2d");
    assert.deepEqual([listed.number, listed.revoked], [2, 1]);
    const checked = await run(gateway.program, ["cert", "check", "--chain", alice.certificate, "--roots", join(own, "authority.pem"), "--purpose", "client", "--crl", listed.file]);
    assert.deepEqual([checked.code, /was revoked by its authority/.test(checked.stdout)], [1, true], checked.stdout);
    publish();
    const end = await until("her session has ended", async () => (await gateway.events("--type", "session.ended")).find((event) => event.outcome === "certificate_revoked"), 30_000);
    assert.equal(end.subject, "alice");
    assert.notEqual((await stream).code, 0);
    assert.equal(await statusOf("--cert", alice.certificate, "--key", alice.private_key), "401");
    assert.equal(await statusOf("--cert", bob.certificate, "--key", bob.own), "200");
  });

  await stage.step("renewed is what is good, and not what was revoked", async () => {
    const refused = await tool("renew", alice.serial, "--out", out);
    assert.match(refused.stderr, /was revoked: issue a new one, if that is meant/);
    const next = join(folder, "next");
    mkdirSync(next);
    const renewed = await vendor("renew", bob.serial, "--out", next);
    assert.deepEqual([renewed.renews, renewed.emails, renewed.serial === bob.serial], [bob.serial, ["bob@vendor.example"], false]);
    assert.equal(await statusOf("--cert", renewed.certificate, "--key", renewed.private_key), "200");
    assert.match((await tool("renew", bob.serial, "--out", next)).stderr, /bob\.pem is there already/);
  });

  await stage.step("a certificate for longer than the customer allows stays outside", async () => {
    const long = await vendor("issue", "--name", "carol", "--email", "carol@vendor.example", "--expires", "30d", "--out", out);
    await gateway.admit("carol");
    const answer = await curl("/state", "--cert", long.certificate, "--key", long.private_key);
    assert.match(answer.stdout, /was issued for 30d1h, and 8d is the most here/);
    rmSync(long.private_key);
  });
});
