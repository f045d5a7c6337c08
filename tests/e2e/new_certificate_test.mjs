// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The listener's certificate is replaced while clients come in: not one handshake fails, and a key that does not fit changes nothing.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const kRenewals = 5;

// make: {certificate, key} in PEM, signed by itself, for localhost.
const make = async (folder, serial) => {
  const [certificate, key] = [join(folder, `${serial}.pem`), join(folder, `${serial}.key`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const name = ["-subj", `/CN=renewal ${serial}`, "-addext", "subjectAltName=DNS:localhost", "-addext", "extendedKeyUsage=serverAuth"];
  const made = await run("openssl", ["req", "-x509", "-days", "2", ...curve, ...name, "-keyout", key, "-out", certificate]);
  assert.equal(made.code, 0, made.stderr);
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
};

// shake: a full handshake; resolves with the common name of the certificate that was shown.
const shake = (port, ca) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", servername: "localhost", port, ca, session: undefined });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before the handshake was done")));
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
  });

story("a new certificate costs no handshake", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const keeper = async () => (await gateway.cli("status")).roles.find((role) => role.name === "keeper");
  const before = await keeper();
  const folder = makeFolder("certificates");
  const pairs = [];
  for (let serial = 1; serial <= kRenewals; ++serial) pairs.push(await make(folder, serial));
  removeFolder(folder);
  const trusted = [gateway.ca, ...pairs.map((pair) => pair.certificate)];
  // Both files exist already, with owner and mode from init; writing keeps these.
  const install = ({ certificate, key }) => {
    writeFileSync(join(gateway.folder, "certs/support.pem"), certificate);
    writeFileSync(join(gateway.folder, "keys/support.key"), key);
  };

  let going = true;
  const shown = new Map();
  const visitor = async () => {
    while (going) {
      const name = await shake(gateway.port, trusted);
      shown.set(name, (shown.get(name) ?? 0) + 1);
    }
  };
  const visitors = Promise.all([visitor(), visitor(), visitor(), visitor()]);
  visitors.catch(() => {}); // it is awaited at the end, and fails there

  await stage.step("one renewal after the other, and each is shown", async () => {
    for (const [i, pair] of pairs.entries()) {
      install(pair);
      const told = await gateway.cli("reload");
      assert.deepEqual(told.config.faults, []);
      await Promise.race([visitors, until(`renewal ${i + 1} is shown`, () => shown.has(`renewal ${i + 1}`))]);
    }
  });

  await stage.step("a key of another certificate: told with file and line; exit 1; nothing changed", async () => {
    install({ certificate: pairs[kRenewals - 1].certificate, key: pairs[0].key });
    const told = await gateway.plainCli("reload");
    assert.equal(told.code, 1);
    assert.match(told.stdout + told.stderr, /postern\.yaml:\d+:\d+: the key in \S+support\.key does not belong to the certificate/);
    assert.equal(await shake(gateway.port, trusted), `renewal ${kRenewals}`);
    install(pairs[kRenewals - 1]);
  });

  await stage.step("no handshake failed, passes are still signed, and the keeper is the same process", async () => {
    going = false;
    await visitors;
    gateway.ca = trusted;
    await gateway.admit("alice");
    await gateway.signIn("alice");
    assert.equal((await keeper()).pid, before.pid);
    stage.say(`${[...shown.values()].reduce((sum, n) => sum + n, 0)} handshakes during ${kRenewals} renewals`);
  });
});
