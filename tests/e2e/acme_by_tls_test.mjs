// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A certificate ordered by ACME whose challenges the support listener answers itself (tls-alpn-01, RFC 8737), against Pebble: issued, renewed
// under load without one dropped connection, refused; and that nobody else gets anything by that protocol.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { ask, connect } from "./lib/handshake.mjs";
import { Pebble } from "./lib/pebble.mjs";
import { freePort } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const kNames = ["support.example", "emea.support.example"];
const kLifetime = 24; // seconds: renewed after 16 to 17 of them
const kRenewals = 2;
const kNoSuchProtocol = /no application protocol/;

const acmeOf = (pebble) => `acme:
  directory: ${pebble.url}
  names: [${kNames}]
  folder: acme
  challenge: tls-alpn-01
  terms_agreed: true
  tls: {roots: ${pebble.rootFile}}
`;
const challenge = (port, name) => connect(port, name, { ALPNProtocols: ["acme-tls/1"] });
const told = (gateway, type, count = 1) =>
  until(`${type} is in the log`, async () => {
    const events = await gateway.events("--type", type);
    return events.length >= count && events;
  }, 60_000);

// begin: a gateway on a port that is known before, and whose challenges Pebble looks for at one that may be another.
const begin = async (stage, { port, tlsPort = port, lifetime }) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const pebble = stage.own(await Pebble.start({ tlsPort, lifetime }));
  const configure = (text) => text.replace("127.0.0.1:0", `127.0.0.1:${port}`) + acmeOf(pebble);
  const gateway = stage.own(await Gateway.start({ services: component.services, configure }));
  assert.equal(gateway.port, port);
  return { pebble, gateway };
};

story("challenges are answered by the listener whose certificate it is, also under load", async (stage) => {
  const { pebble, gateway } = await begin(stage, { port: await freePort(), lifetime: kLifetime });
  const root = await pebble.root();

  await stage.step("it is issued, and believed by the authority's root", async () => {
    const [event] = await told(gateway, "certificate.issued");
    assert.deepEqual([...event.detail.names].sort(), [...kNames].sort());
    for (const name of kNames) await until("it is shown", () => connect(gateway.port, name, { ca: root, rejectUnauthorized: true }).then((socket) => (socket.destroy(), true), () => false));
  });

  await stage.step("renewed under load: nothing is dropped, and whoever comes like an authority meanwhile gets its certificate and not one byte more", async () => {
    const held = await connect(gateway.port, kNames[0]);
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    let going = true;
    const counts = { visits: 0, challenges: 0, refused: 0 };
    const at = {}; // what each of them waits for
    const visitor = async (name) => {
      for (; going; ++counts.visits) {
        at[`a visitor of ${name}`] = "a handshake";
        const socket = await connect(gateway.port, name, { ca: root, rejectUnauthorized: true });
        at[`a visitor of ${name}`] = "an answer";
        assert.match(await ask(socket), /^HTTP\/1\.1 [234]/);
        socket.destroy();
      }
      delete at[`a visitor of ${name}`];
    };
    // The challenge may end in the middle of a handshake.
    const kEnded = /no application protocol|internal error|closed in its handshake/;
    const authority = async (name) => {
      while (going) {
        at[`an authority's like of ${name}`] = "a handshake";
        const socket = await challenge(gateway.port, name).catch((error) => (assert.match(error.message, kEnded), ++counts.refused, undefined));
        if (socket === undefined) continue;
        at[`an authority's like of ${name}`] = "its end";
        ++counts.challenges;
        assert.equal(socket.alpnProtocol, "acme-tls/1");
        assert.deepEqual([socket.getPeerCertificate().subject.CN, socket.getPeerCertificate().subjectaltname], ["ACME challenge", `DNS:${name}`]);
        socket.on("data", (bytes) => assert.fail(`it was told ${bytes}`)).on("error", () => {});
        socket.write("GET /.postern/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await new Promise((resolve) => socket.once("close", resolve));
      }
      delete at[`an authority's like of ${name}`];
    };
    const all = Promise.all([visitor(kNames[0]), visitor(kNames[1]), authority(kNames[0]), authority(kNames[1])]);
    all.catch(() => {}); // it is awaited at the end, and fails there
    const before = await gateway.events("--type", "certificate.renewed");
    // A challenge is there for a moment in each renewal: whoever comes like an authority may miss some.
    const met = () => until("an authority's like was answered", () => counts.challenges > 0 && counts.refused > 0, 120_000);
    await Promise.race([all, told(gateway, "certificate.renewed", before.length + kRenewals).then(met)]);
    going = false;
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`still waited for: ${JSON.stringify(at)}`)), 60_000)));
    await Promise.race([all, late]).finally(() => clearTimeout(timer));
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    held.destroy();
    assert.deepEqual(await gateway.events("--type", "certificate.failed"), []);
    stage.say(`${counts.visits} connections with a request each, ${counts.challenges} like an authority's, ${counts.refused} refused, during ${kRenewals} renewals`);
  });

  await stage.step("another name and the other listener have no such protocol", async () => {
    await assert.rejects(challenge(gateway.port, "localhost"), kNoSuchProtocol);
    await assert.rejects(challenge(gateway.adminPort, kNames[0]), kNoSuchProtocol);
  });
});

story("an authority that finds nobody says so, and the listener's own certificate stays", async (stage) => {
  const { gateway } = await begin(stage, { port: await freePort(), tlsPort: await freePort() });
  await stage.step("why is quoted, and when it is tried again", async () => {
    const [event] = await told(gateway, "certificate.failed");
    assert.match(event.detail.why, /^it could not validate (emea\.)?support\.example: /);
    assert.ok(Date.parse(event.detail.next) > Date.now() + 30_000);
    await assert.rejects(challenge(gateway.port, kNames[0]), kNoSuchProtocol);
    assert.match((await gateway.plainCli("cert", "list")).stdout, /port 443, to the support listener/);
    assert.match(await ask(await connect(gateway.port, "localhost", { ca: gateway.ca, rejectUnauthorized: true })), /^HTTP\/1\.1 [234]/);
  });
});
