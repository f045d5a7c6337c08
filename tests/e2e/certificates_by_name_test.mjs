// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A listener with several certificates: the name that a client asks for decides, its algorithms decide between kinds of keys, and one of
// them is replaced under open connections. What is wrong with a file is a sentence with its place; a chain in the wrong order is put right.
import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { ask, connect } from "./lib/handshake.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const kRenewals = 3;
const kFurther = `
    certificates:
      - {certificate: certs/rsa.pem, key: keys/rsa.key}
      - {certificate: certs/wild.pem, key: keys/wild.key}
      - {certificate: certs/emea.pem, key: keys/emea.key}`;

// shown: the common name and kind of key of the certificate of a full handshake.
const shown = async (port, servername, options) => {
  const socket = await connect(port, servername, options);
  const { subject, modulus } = socket.getPeerCertificate();
  socket.destroy();
  return `${subject.CN}${modulus ? ", RSA" : ""}`;
};

story("a client is shown the certificate of the name that it asks for", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const authority = stage.own(await Authority.make("site authority"));
  const issued = {
    rsa: await authority.server("rsa", { names: ["DNS:localhost"], type: "rsa" }),
    wild: await authority.server("wild", { names: ["DNS:*.support.example"] }),
    emea: await authority.server("emea 0", { names: ["DNS:emea.support.example"] }),
  };
  const secrets = Object.fromEntries(
    Object.entries(issued).flatMap(([name, { certificate, key }]) => [[`certs/${name}.pem`, certificate], [`keys/${name}.key`, key]]),
  );
  const configure = (text) => text.replace("key: keys/support.key", `key: keys/support.key${kFurther}`);
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets, configure }));
  const reload = async () => assert.deepEqual((await gateway.cli("reload")).config.faults, []);
  const ofSupport = async () => (await gateway.cli("status")).listeners.find((listener) => listener.name === "support");

  await stage.step("exact before wildcard before the first; the client's algorithms between kinds of keys", async () => {
    const own = await shown(gateway.port, "localhost");
    assert.equal(await shown(gateway.port, "emea.support.example"), "emea 0");
    assert.equal(await shown(gateway.port, "apac.support.example"), "wild");
    assert.equal(await shown(gateway.port, "nobody.example"), own);
    assert.equal(await shown(gateway.port, ""), own);
    assert.equal(await shown(gateway.port, "localhost", { sigalgs: "rsa_pss_rsae_sha256" }), "rsa, RSA");
    assert.equal(await shown(gateway.port, "localhost", { sigalgs: "RSA+SHA256", maxVersion: "TLSv1.2" }), "rsa, RSA");
    const { certificates } = await ofSupport();
    assert.deepEqual(certificates.slice(1).map((one) => [one.names[0], one.key]), [["localhost", "RSA 2048"], ["*.support.example", "EC P-256"], ["emea.support.example", "EC P-256"]]);
  });

  await stage.step("one of them is renewed: no handshake fails, and an open connection goes on", async () => {
    const held = await connect(gateway.port, "emea.support.example");
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    let going = true;
    let handshakes = 0;
    const visitor = async (name) => {
      for (; going; ++handshakes) await shown(gateway.port, name);
    };
    const visitors = Promise.all([visitor("emea.support.example"), visitor("apac.support.example"), visitor("localhost")]);
    visitors.catch(() => {}); // it is awaited at the end, and fails there
    for (let serial = 1; serial <= kRenewals; ++serial) {
      const { certificate, key } = await authority.server(`emea ${serial}`, { names: ["DNS:emea.support.example"] });
      gateway.writeSecret("certs/emea.pem", certificate);
      gateway.writeSecret("keys/emea.key", key);
      await reload();
      await Promise.race([visitors, until(`renewal ${serial} is shown`, async () => (await shown(gateway.port, "emea.support.example")) === `emea ${serial}`)]);
    }
    going = false;
    await visitors;
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    held.destroy();
    stage.say(`${handshakes} handshakes during ${kRenewals} renewals`);
  });

  await stage.step("a chain in the wrong order is shown in the right one, and said once", async () => {
    const leaf = readFileSync(join(gateway.folder, "certs/emea.pem"), "utf8");
    gateway.writeSecret("certs/emea.pem", authority.pem + leaf);
    await reload();
    await until("it is shown", async () => {
      const socket = await connect(gateway.port, "emea.support.example");
      const issuer = socket.getPeerCertificate(true).issuerCertificate;
      socket.destroy();
      return issuer?.subject.CN === "site authority";
    });
    assert.match((await ofSupport()).certificates[3].flaws.join(), /^its file has the chain in another order/);
    await reload();
    const told = await until("it is in the log", async () => {
      const events = await gateway.events("--type", "certificate.flawed");
      return events.length > 0 && events;
    });
    assert.deepEqual(told.map((event) => [event.severity, event.detail.problem, event.detail.name]), [["warning", "chain_order", "the support listener, emea.support.example, EC P-256"]]);
    gateway.writeSecret("certs/emea.pem", leaf);
    await reload();
    assert.deepEqual((await ofSupport()).certificates[3].flaws, []);
  });

  await stage.step("what is wrong with a key is a sentence with its place, and nothing changes", async () => {
    const before = await shown(gateway.port, "emea.support.example");
    const good = readFileSync(join(gateway.folder, "keys/emea.key"), "utf8");
    const refused = async (sentence) => {
      const told = await gateway.plainCli("reload");
      assert.equal(told.code, 1);
      assert.match(told.stdout + told.stderr, sentence);
      assert.equal(await shown(gateway.port, "emea.support.example"), before);
    };
    gateway.writeSecret("keys/emea.key", issued.wild.key);
    await refused(/postern\.yaml:\d+:\d+: the key in \S+emea\.key does not belong to the certificate \(CN=emea 3\)/);
    const locked = await run("openssl", ["pkey", "-aes256", "-passout", "pass:secret", "-in", join(gateway.folder, "keys/emea.key")]);
    gateway.writeSecret("keys/emea.key", locked.stdout);
    await refused(/postern\.yaml:\d+:\d+: \S+emea\.key is encrypted; give the key without a password/);
    gateway.writeSecret("keys/emea.key", good);
    chmodSync(join(gateway.folder, "keys/emea.key"), 0o644);
    await refused(/postern\.yaml:\d+:\d+: \S+emea\.key: a key must be readable by its owner alone: chmod 600/);
    chmodSync(join(gateway.folder, "keys/emea.key"), 0o600);
    gateway.writeSecret("certs/emea.pem", "");
    await refused(/postern\.yaml:\d+:\d+: \S+emea\.pem is empty/);
  });
});
