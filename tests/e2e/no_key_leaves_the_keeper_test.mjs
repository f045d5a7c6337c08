// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 5: after visits, full and resumed handshakes on both sides, no private key is in the memory of any process but the keeper's: of
// the listeners, of passes and the log, of the certificates that the component is shown. Only root can look there.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { findInMemory } from "./lib/memory.mjs";
import { story } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  pages.read: { title: Read, class: read, operations: [GET /**] }
`;

// secretsOf: how a key can stand in memory: its numbers as OpenSSL holds them (lowest byte first) and as files do, and the file's own text.
const secretsOf = (name, text) => {
  // The log's key is named before its base64, which holds a byte for the algorithm and the seed.
  const signer = text.startsWith("PRIVATE+KEY+") ? text.trim().split("+").slice(4).join("+") : "";
  const lines = (signer || text).split("\n").filter((line) => line && !line.startsWith("-----"));
  const out = { [`${name} as text`]: Buffer.from(lines[0].slice(0, 43)) };
  const jwk = text.startsWith("-----") ? createPrivateKey(text).export({ format: "jwk" }) : { d: signer ? Buffer.from(signer, "base64").subarray(1).toString("base64url") : text.trim() };
  for (const part of ["d", "p", "q"].filter((each) => jwk[each])) {
    const number = Buffer.from(jwk[part], "base64url");
    out[`${name} ${part}`] = number;
    out[`${name} ${part} reversed`] = Buffer.from(number).reverse();
  }
  return out;
};

const keysIn = (folder) => {
  const names = readdirSync(join(folder, "keys")).filter((name) => name.endsWith(".key"));
  return Object.assign({}, ...names.map((name) => secretsOf(name, readFileSync(join(folder, "keys", name), "utf8"))));
};

const shake = (gateway, session) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", servername: "localhost", port: gateway.port, ca: gateway.ca, session });
    let ticket, resumed;
    socket.once("error", reject).once("secureConnect", () => (resumed = socket.isSessionReused()));
    socket.on("session", (kept) => (ticket = kept));
    socket.write("GET /.postern/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.resume().once("close", () => resolve({ ticket, resumed }));
  });

story("no private key leaves the keeper", async (stage) => {
  if (!isRoot) return stage.say("only root can look into the memory of a role");
  const authority = stage.own(await Authority.make("component"));
  const server = await authority.server();
  const subjects = new Set();
  const answer = (request, response) => {
    subjects.add(request.socket.getPeerCertificate().subject.CN);
    response.setHeader("Connection", "close").end("here\n"); // each exchange has a handshake
  };
  const insists = { cert: server.certificate, key: server.key, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const component = stage.own(await LittleComponent.start(answer, insists));
  const older = stage.own(await LittleComponent.start(answer, { ...insists, maxVersion: "TLSv1.2" }));
  const [one, two] = [await authority.client("first", "P-256"), await authority.client("second", "rsa")];
  const shows = (name) => `      tls: {roots: keys/component.pem}\n      credential: {client_certificate: {certificate: keys/${name}.pem, key: keys/${name}.key}}\n`;
  const gateway = stage.own(
    await Gateway.start({
      services: { newer: component.services.little, older: older.services.little },
      policy,
      configure: (text) => text.replace(/(    - name: "?newer"?\n)/, `$1${shows("first")}`).replace(/(    - name: "?older"?\n)/, `$1${shows("second")}`),
      secrets: { "keys/component.pem": authority.pem, "keys/first.pem": one.certificate, "keys/first.key": one.key, "keys/second.pem": two.certificate, "keys/second.key": two.key },
    }),
  );
  await gateway.admit("alice", ["pages.read"]);

  const visit = async () => {
    const client = await gateway.signIn("alice");
    for (let i = 0; i < 20; ++i) assert.equal((await client.fetch(`/${i % 2 ? "newer" : "older"}/page`)).status, 200);
    client.close();
    const { ticket } = await shake(gateway);
    assert.equal((await shake(gateway, ticket)).resumed, true);
    const admin = gateway.adminClient();
    assert.equal((await admin.fetch("/readyz")).status, 200);
    admin.close();
  };
  // look: where each key was found, by role. A keeper that holds what it signs with shows that the search finds what is there.
  const look = async (secrets) => {
    const roles = (await gateway.cli("status")).roles;
    const found = Object.fromEntries(roles.map((role) => [role.name, findInMemory(role.pid, secrets)]));
    found.supervisor = findInMemory(gateway.pid, secrets);
    return found;
  };
  const onlyInKeeper = ({ keeper, ...others }, expected) => {
    for (const name of expected) assert.ok(keeper.some((each) => each.startsWith(name)), `${name} is not found in the keeper: ${keeper}`);
    for (const [role, names] of Object.entries(others)) assert.deepEqual(names, [], `in ${role}`);
  };

  await stage.step("after visits, keys are in the keeper and nowhere else", async () => {
    await visit();
    assert.deepEqual([...subjects].sort(), ["first", "second"]);
    onlyInKeeper(await look(keysIn(gateway.folder)), ["support.key d", "admin.key d", "pass.key d", "log.key d", "first.key d", "second.key p"]);
  });

  await stage.step("a copy in another process would be found", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const planted = secretsOf("planted", privateKey.export({ type: "pkcs8", format: "pem" }));
    assert.ok(findInMemory(process.pid, planted).length > 0);
  });
});
