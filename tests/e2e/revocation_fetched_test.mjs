// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Lists of revoked certificates that the gateway fetches itself: the vendor's authority takes a certificate back and publishes its list, and
// the session ends; nobody at the customer's does anything. And whatever its server answers instead is a sentence, an event, and no way in.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";
import { PkiServer } from "./lib/pki_server.mjs";
import { plant } from "./lib/planted.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [GET /state] }
`;
const configured = (more) => (text) => text.replace(/support_authority: .*\n/, `support_authority: certs/vendor.pem\n${more}`) + "workers: 2\n";
const shown = async (gateway) => (await gateway.cli("status")).revocations[0];
const ended = (gateway, engineer) =>
  until(`the session of ${engineer} has ended`, async () => (await gateway.events("--type", "session.ended")).find((event) => event.subject === engineer), 60_000);
const told = (gateway, type, count) =>
  until(`${count} of ${type}`, async () => {
    const events = await gateway.events("--type", type);
    return events.length >= count && events;
  }, 60_000);

story("the vendor publishes a list, and the gateway fetches it", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const folder = makeFolder("vendor");
  stage.own({ name: "the vendor", stop: () => removeFolder(folder) });
  const [own, out, secret] = [join(folder, "authority"), join(folder, "out"), join(folder, "passphrase")];
  mkdirSync(out);
  writeFileSync(secret, "a passphrase that nobody guesses\n", { mode: 0o600 });
  plant("the authority's passphrase", "a passphrase that nobody guesses");
  const list = () => (existsSync(join(own, "authority.crl")) ? readFileSync(join(own, "authority.crl")) : "");
  const pki = stage.own(await PkiServer.start(list));
  const more = `engineer_certificates:\n  crl: ${pki.url}\nrevocation_sources: {every: 10s}\n`;
  const first = stage.own(await Authority.make("In the beginning"));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: configured(more), secrets: { "certs/vendor.pem": first.pem } }));
  const program = join(dirname(gateway.program), "postern-authority");
  const vendor = async (...argv) => {
    const answer = await run(program, ["--dir", own, "--passphrase-file", secret, "--json", ...argv]);
    assert.equal(answer.code, 0, answer.stderr);
    return JSON.parse(answer.stdout);
  };
  const client = (one) => gateway.client({ cert: readFileSync(one.certificate), key: readFileSync(one.private_key) });
  let alice, bob;

  await stage.step("before there is a list, nobody comes in, and status says why", async () => {
    await vendor("init", "--name", "Vendor support");
    [alice, bob] = [
      await vendor("issue", "--name", "alice", "--email", "alice@vendor.example", "--out", out),
      await vendor("issue", "--name", "bob", "--email", "bob@vendor.example", "--out", out),
    ];
    gateway.writeSecret("certs/vendor.pem", readFileSync(join(own, "authority.pem"), "utf8"));
    await gateway.cli("reload");
    for (const name of ["alice", "bob"]) await gateway.admit(name, ["state.read"]);
    const answer = await client(alice).fetch("/state");
    assert.equal(answer.status, 401);
    assert.match(answer.json.detail, /may be revoked: no CRL and no OCSP response speaks of it/);
    const [event] = await told(gateway, "certificate.revocation_failed", 1);
    assert.deepEqual([event.severity, event.detail.evidence, event.detail.url, event.detail.revocation], ["severe", "crl", pki.url, "hard"]);
    assert.equal(event.detail.why, "it gave nothing");
    assert.equal((await shown(gateway)).why, "it gave nothing");
  });

  await stage.step("the vendor makes one: it is fetched, judged, and both come in", async () => {
    assert.equal((await vendor("crl", "--expires", "2d")).number, 1);
    assert.equal((await gateway.cli("cert", "refresh")).count, 1);
    const [event] = await told(gateway, "certificate.revocation_fetched", 1);
    assert.deepEqual([event.subject, event.detail.name, event.detail.crl_number], ["CN=Vendor support", "engineers", "1"]);
    for (const who of [alice, bob]) assert.equal((await client(who).fetch("/state")).status, 200);
    const now = await shown(gateway);
    assert.deepEqual([now.evidence, now.whose, now.failures, now.why, now.lists[0].issuer], ["crl", "engineers", 0, undefined, "CN=Vendor support"]);
    assert.match((await gateway.plainCli("cert", "list")).stdout, /engineers +crl +http:\/\/127\.0\.0\.1:\d+\/support\.crl .* 0 revoked/);
  });

  await stage.step("her key is lost: revoked, listed, and nothing else is done", async () => {
    await vendor("revoke", alice.serial, "--reason", "keyCompromise");
    await vendor("crl", "--expires", "2d");
    const end = await ended(gateway, "alice");
    assert.deepEqual([end.outcome, end.detail.reason], ["certificate_revoked", "certificate_revoked"]);
    assert.match(end.detail.why, /^the certificate of CN=alice was revoked by its authority on /);
    const answer = await client(alice).fetch("/state");
    assert.deepEqual([answer.status, /revoked/.test(answer.json.detail)], [401, true]);
    assert.equal((await client(bob).fetch("/state")).status, 200);
  });

  await stage.step("after a restart the list that was kept counts, while the server is away", async () => {
    pki.mode = "down";
    await gateway.halt();
    await gateway.serve();
    assert.deepEqual((await shown(gateway)).lists.map((one) => one.revoked), [1]);
    assert.equal((await client(bob).fetch("/state")).status, 200);
    assert.equal((await client(alice).fetch("/state")).status, 401);
  });

  await stage.step("Home shows the list, how old it is, and what hinders it", async () => {
    await gateway.cli("cert", "refresh");
    await until("it fails", async () => (await shown(gateway)).failures > 0);
    const browser = stage.own(await Browser.start());
    const page = await atConsole(browser, gateway);
    await page.getByText("1 revocation source fails").waitFor();
    await page.locator("details.strip > summary").click();
    const row = page.locator("#gateway li", { hasText: "List of revoked certificates" });
    await row.getByText("it answered 503").waitFor();
    assert.match(await row.innerText(), /1 revoked, good until .*, fetched /);
    await look(page, "revocations");
    assert.deepEqual(page.troubles, []);
  });
});

story("what a server gives instead of a list", async (stage) => {
  const vendor = stage.own(await Authority.make("Vendor support"));
  const [impostor, stranger] = [stage.own(await Authority.make("Vendor support")), stage.own(await Authority.make("Somebody else"))];
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const old = await vendor.crl();
  const pki = stage.own(await PkiServer.start(old));
  const more = `engineer_certificates:\n  crl: [${pki.url}]\nrevocation_sources: {every: 1h}\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: configured(more), secrets: { "certs/vendor.pem": vendor.pem } }));
  await gateway.admit("bob", ["state.read"]);
  const { certificate, key } = await vendor.engineer("bob", "bob@vendor.example");
  const bob = gateway.client({ cert: certificate, key });
  let fetched = 0;
  let failed = 0;
  const good = async () => {
    Object.assign(pki, { mode: "good", content: await vendor.crl() });
    await gateway.cli("cert", "refresh");
    await told(gateway, "certificate.revocation_fetched", ++fetched);
  };
  await told(gateway, "certificate.revocation_fetched", ++fetched);
  const stale = await vendor.crl(1);
  const over = Date.now() + 2_000;
  await until("it is over", () => Date.now() > over);

  const cases = [
    ["nothing but an error", { mode: "down" }, /^it answered 503$/],
    ["a redirect", { mode: "redirect" }, /^it answered 302, and redirects are not followed: name the address that it leads to$/],
    ["more than a list may have", { mode: "huge" }, /longer than|too long|2097152|2 MiB/],
    ["a byte now and then", { mode: "slow" }, /^it did not answer within 20s$/],
    ["what is no list", { content: "<html>moved</html>" }, /^it gave no list of revoked certificates: not a CRL/],
    ["a forged one", { content: () => forged }, /the CRL of CN=Vendor support was not signed by the authority of that name/],
    ["another authority's", { content: () => other }, /the CRL of CN=Somebody else is of an authority that is not known here/],
    ["one that is over", { content: stale }, /the CRL of CN=Vendor support was good until /],
    ["changes only", { content: () => delta }, /holds changes to another one only \(a delta CRL\), which are not judged here/],
    ["one of yesterday's", { content: old }, /^it gave a list that is older than the one at hand, or about fewer certificates$/],
  ];
  const [forged, other, delta] = [await impostor.crl(), await stranger.crl(), await vendor.crl(3600, "2.5.29.27=critical,DER:02:01:01")];
  for (const [what, answer, why] of cases) {
    await stage.step(what, async () => {
      Object.assign(pki, { mode: "good" }, answer);
      await gateway.cli("cert", "refresh");
      const [event] = await told(gateway, "certificate.revocation_failed", ++failed);
      assert.match(event.detail.why, why);
      assert.equal(event.severity, "warning", "a good list is at hand");
      assert.match((await shown(gateway)).why, why);
      assert.equal((await bob.fetch("/state")).status, 200, "by the one at hand");
      await good();
    });
  }

  await stage.step("the one at hand runs out while the server is away: said before and after, and nobody comes in", async () => {
    pki.content = await vendor.crl(8);
    await gateway.cli("cert", "refresh");
    await until("it is at hand", async () => Date.parse((await shown(gateway)).until) < Date.now() + 60_000);
    pki.mode = "down";
    const said = await until("it is said", async () => (await gateway.events("--type", "certificate.crl_expiring")).find((event) => event.severity === "severe"), 60_000);
    assert.deepEqual([said.detail.url, said.detail.revocation], [pki.url, "hard"]);
    const end = await ended(gateway, "bob");
    assert.equal(end.detail.reason, "certificate_refused");
    assert.equal((await bob.fetch("/state")).status, 401);
    assert.ok((await shown(gateway)).over);
  });

  await stage.step("with the next one bob comes in again", async () => {
    Object.assign(pki, { mode: "good", content: await vendor.crl() });
    await gateway.cli("cert", "refresh");
    await until("he comes in", async () => (await bob.fetch("/state")).status === 200, 30_000);
  });
});
