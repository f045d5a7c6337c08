// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A certificate ordered from an authority by ACME, against Pebble: issued, renewed ahead of time and under load without one dropped
// connection, ordered by hand, refused, with an external account; and what is left in which process.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { ask, connect } from "./lib/handshake.mjs";
import { holds } from "./lib/memory.mjs";
import { Pebble } from "./lib/pebble.mjs";
import { freePort } from "./lib/process.mjs";
import { killIfAlive, story, until } from "./lib/story.mjs";

const kNames = ["support.example", "emea.support.example"];
const kLifetime = 24; // seconds: renewed after 16 to 17 of them
const kRenewals = 2;

const acmeOf = (pebble, port, more = "") => `acme:
  directory: ${pebble.url}
  names: [${kNames}]
  folder: acme
  challenge_address: 127.0.0.1:${port}
  contact: [certificates@example.org]
  terms_agreed: true
  tls: {roots: ${pebble.rootFile}}
${more}`;

const shown = async (port, servername, options) => {
  const socket = await connect(port, servername, options);
  const { fingerprint256, subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return { sha256: fingerprint256.replaceAll(":", "").toLowerCase(), names: subjectaltname };
};
const statusOf = (port, path) =>
  new Promise((resolve, reject) => http.get({ host: "127.0.0.1", port, path, agent: false }, (response) => (response.resume(), resolve(response.statusCode))).once("error", reject));

const told = (gateway, type, count = 1) =>
  until(`${type} is in the log`, async () => {
    const events = await gateway.events("--type", type);
    return events.length >= count && events;
  }, 60_000);

story("a certificate is ordered, and renewed under load", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const challenges = await freePort();
  const pebble = stage.own(await Pebble.start({ httpPort: challenges, lifetime: kLifetime }));
  const gateway = stage.own(await Gateway.start({ services: component.services, configure: (text) => text + acmeOf(pebble, challenges) }));
  const folder = join(gateway.folder, "acme");
  const root = await pebble.root();

  await stage.step("it is issued, shown for its names and to whoever asks for none, and believed by the authority's root", async () => {
    const [event] = await told(gateway, "certificate.issued");
    assert.deepEqual([...event.detail.names].sort(), [...kNames].sort());
    assert.equal(event.detail.authority, "127.0.0.1");
    for (const name of kNames) {
      const own = await until("it is shown", () => shown(gateway.port, name, { ca: root, rejectUnauthorized: true }).catch(() => false));
      assert.match(own.names, /emea\.support\.example/);
    }
    const status = await gateway.cli("status");
    assert.deepEqual(status.acme.names, kNames);
    assert.equal(status.acme.why, undefined);
  });

  await stage.step("keys are in the keeper's reach alone", async () => {
    const keys = readdirSync(folder).filter((name) => name.endsWith(".key"));
    assert.equal(keys.length, 3, `${keys}`);
    for (const name of keys) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    const { roles } = await gateway.cli("status");
    const account = readFileSync(join(folder, "account.key"), "utf8").split("\n")[1];
    const der = Buffer.from(account, "base64").subarray(36, 68); // the private number within PKCS#8 of P-256
    for (const role of roles) if (role.name !== "keeper") assert.equal(holds(role.pid, der), false, role.name);
  });

  await stage.step("renewed ahead of time, under load: nothing is dropped", async () => {
    const held = await connect(gateway.port, kNames[0]);
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    let going = true;
    let handshakes = 0;
    const visitor = async (name) => {
      for (; going; ++handshakes) {
        const socket = await connect(gateway.port, name, { ca: root, rejectUnauthorized: true });
        assert.match(await ask(socket), /^HTTP\/1\.1 [234]/);
        socket.destroy();
      }
    };
    const visitors = Promise.all([visitor(kNames[0]), visitor(kNames[1]), visitor(kNames[0])]);
    visitors.catch(() => {}); // it is awaited at the end, and fails there
    const before = await gateway.events("--type", "certificate.renewed");
    const renewals = await Promise.race([visitors, told(gateway, "certificate.renewed", before.length + kRenewals)]);
    going = false;
    await visitors;
    assert.match(await ask(held), /^HTTP\/1\.1 [234]/);
    held.destroy();
    assert.deepEqual(await gateway.events("--type", "certificate.failed"), []);
    assert.equal(readdirSync(folder).filter((name) => name.endsWith(".key")).length, 3, "what was used before is gone");
    stage.say(`${handshakes} connections with a request each during ${renewals.length - before.length} renewals`);
  });

  await stage.step("by hand", async () => {
    const before = (await gateway.events("--type", "certificate.renewed")).length;
    const answer = await gateway.plainCli("cert", "renew");
    assert.equal(answer.code, 0, answer.stderr);
    assert.match(answer.stdout, /A certificate for support\.example, emea\.support\.example is ordered/);
    await told(gateway, "certificate.renewed", before + 1);
  });

  await stage.step("where challenges are answered nothing else is", async () => {
    for (const path of ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/nothing", "/.postern/"]) assert.equal(await statusOf(challenges, path), 404, path);
  });

  await stage.step("after a restart the same certificate is shown at once", async () => {
    const before = await shown(gateway.port, kNames[0]);
    await gateway.halt();
    await gateway.serve();
    const events = (await gateway.events("--type", "certificate.renewed")).length;
    const after = await shown(gateway.port, kNames[0]);
    if ((await gateway.events("--type", "certificate.renewed")).length === events) assert.equal(after.sha256, before.sha256);
  });
});

story("what an authority refuses is quoted, and tried again later", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const [challenges, elsewhere] = [await freePort(), await freePort()];
  const accounts = { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
  const pebble = stage.own(await Pebble.start({ httpPort: challenges, accounts }));
  const external = "  external_account: {key_id: kid-1, secret_file: keys/eab.key}\n";
  const gateway = stage.own(
    await Gateway.start({
      services: component.services,
      secrets: { "keys/eab.key": "d3Jvbmcgc2VjcmV0IG9mIHNpeHRlZW4gYnl0ZXM\n" },
      configure: (text) => text + acmeOf(pebble, elsewhere, external),
    }),
  );
  const failures = () => told(gateway, "certificate.failed");

  await stage.step("a wrong secret of the external account", async () => {
    const [event] = await failures();
    assert.match(event.detail.why, /^it refused \(/);
    assert.equal(event.severity, "severe");
    assert.ok(Date.parse(event.detail.next) > Date.now() + 30_000);
    const own = (await gateway.cli("status")).acme;
    assert.equal(own.why, event.detail.why);
    assert.equal(own.failures, 1);
    assert.match(await ask(await connect(gateway.port, "localhost")), /^HTTP\/1\.1 [234]/, "the listener's own certificate stays");
  });

  await stage.step("the right one, but the challenge is answered where nobody asks", async () => {
    gateway.writeSecret("keys/eab.key", accounts["kid-1"]);
    assert.deepEqual((await gateway.cli("reload")).config.faults, []);
    await gateway.cli("cert", "renew");
    const events = await told(gateway, "certificate.failed", 2);
    assert.match(events[0].detail.why, /^it could not validate (emea\.)?support\.example: /);
  });

  await stage.step("the authority is gone", async () => {
    await pebble.halt();
    await gateway.cli("cert", "renew");
    const events = await told(gateway, "certificate.failed", 3);
    assert.match(events[0].detail.why, /refused/i);
    assert.equal(events[0].detail.failures, 3);
  });

  const ordered = async () => (await gateway.cli("status")).acme;
  await stage.step("cert list and the console say what became of it, and what to do", async () => {
    const { why, next } = await ordered();
    const listed = await gateway.cli("cert", "list");
    assert.equal(listed.acme.why, why);
    assert.deepEqual(listed.items.map((one) => one.listener), ["support", "admin"]);
    const { stdout } = await gateway.plainCli("cert", "list");
    assert.match(stdout, /It failed, because: +\S/);
    assert.match(stdout, /port 80, to challenge_address\), then try at once with: postern cert renew/);
    assert.ok(Date.parse(next) > Date.now());
    const browser = stage.own(await Browser.start());
    const page = await atConsole(browser, gateway);
    await page.locator("#gateway .tile.fact-warn", { hasText: "One could not be had" }).waitFor();
    await page.locator("#gateway summary").click();
    const own = page.locator("#gateway li", { hasText: "Ordered from 127.0.0.1" });
    for (const text of ["3 attempts failed:", "port 80, to challenge_address", kNames.join(", ")]) await own.getByText(text).waitFor();
    assert.deepEqual(await violations(page), []);
    await look(page, "console-certificate");
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("neither a new link nor a new gateway forgets how long the authority is left alone", async () => {
    const before = await ordered();
    const link = async () => (await gateway.cli("status")).roles.find((role) => role.name === "link");
    const { pid } = await link();
    killIfAlive(pid, "SIGKILL");
    await until("the link lives again", async () => {
      const now = await link();
      return now.state === "running" && now.pid !== pid;
    });
    await gateway.halt();
    await gateway.serve();
    assert.deepEqual(await ordered(), before);
    await gateway.cli("cert", "renew");
    const events = await told(gateway, "certificate.failed", 4);
    assert.deepEqual(events.map((event) => event.detail.failures), [4, 3, 2, 1], "nobody asked in between");
  });
});
