// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// OCSP: the gateway asks the responder that a certificate names, of engineers' and of nodes', before it lets them in and again while they
// are; and asks nobody whom only the certificate names.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { OcspResponder } from "./lib/ocsp_responder.mjs";
import { PkiServer } from "./lib/pki_server.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [GET /state] }
`;
const ended = (gateway, engineer) =>
  until(`the session of ${engineer} has ended`, async () => (await gateway.events("--type", "session.ended")).find((event) => event.subject === engineer), 60_000);
const failures = (gateway, count) =>
  until(`${count} failures are told`, async () => {
    const events = await gateway.events("--type", "certificate.revocation_failed");
    return events.length >= count && events;
  }, 60_000);

const setUp = async (stage, more, hosts) => {
  const vendor = stage.own(await Authority.make("Vendor support"));
  const responder = stage.own(await OcspResponder.start(vendor));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const sources = `revocation_sources: {every: 1h, wait: 2s, hosts: [${hosts ?? new URL(responder.url).host}]}\n`;
  const configure = (text) => text.replace(/support_authority: .*\n/, `support_authority: certs/vendor.pem\nengineer_certificates: {${more}}\n${sources}`) + "workers: 2\n";
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure, secrets: { "certs/vendor.pem": vendor.pem } }));
  const access = `authorityInfoAccess=OCSP;URI:${responder.url}`;
  const comes = async (name, extensions = access) => {
    await gateway.admit(name, ["state.read"]);
    const { certificate, key } = await vendor.engineer(name, `${name}@vendor.example`, extensions);
    return Object.assign(gateway.client({ cert: certificate, key }), { certificate, again: () => gateway.client({ cert: certificate, key }) });
  };
  const shown = async (name) => (await gateway.cli("status")).revocations.find((one) => one.subject === `CN=${name}`);
  return { vendor, responder, gateway, comes, shown };
};

story("an engineer's certificate is asked about", async (stage) => {
  const { vendor, responder, gateway, comes, shown } = await setUp(stage, "ocsp: true");
  let alice, bob;

  await stage.step("the first request waits for the answer, and both come in", async () => {
    [alice, bob] = [await comes("alice"), await comes("bob")];
    for (const who of [alice, bob]) assert.equal((await who.fetch("/state")).status, 200);
    assert.equal(responder.asked, 2);
    for (const who of [alice, bob]) assert.equal((await who.fetch("/state", { agent: false })).status, 200);
    assert.equal(responder.asked, 2, "the answer is kept");
    const one = await shown("alice");
    assert.deepEqual([one.evidence, one.whose, one.url, one.failures], ["ocsp", "engineers", responder.url, 0]);
    assert.ok(Date.parse(one.until) > Date.now());
    assert.match((await gateway.plainCli("status")).stdout, /engineers +ocsp .* CN=alice is good/);
  });

  await stage.step("the vendor takes hers back: with the next answer her session ends, and she is told", async () => {
    vendor.revoke(alice.certificate);
    await gateway.cli("cert", "refresh");
    const end = await ended(gateway, "alice");
    assert.deepEqual([end.outcome, end.detail.reason], ["certificate_revoked", "certificate_revoked"]);
    assert.match(end.detail.why, /^the certificate of CN=alice was revoked by its authority on .* \(OCSP\)$/);
    const said = await until("it is said", async () => (await gateway.events("--type", "certificate.revocation_fetched")).find((event) => event.severity === "warning"));
    assert.deepEqual([said.subject, said.detail.evidence], ["CN=alice", "ocsp"]);
    const answer = await alice.fetch("/state");
    assert.deepEqual([answer.status, /revoked/.test(answer.json.detail)], [401, true]);
    assert.equal((await bob.fetch("/state")).status, 200);
  });

  await stage.step("postern cert check --fetch asks by hand, and says the same", async () => {
    const check = async (who) => {
      gateway.writeSecret("certs/checked.pem", who.certificate);
      const answer = await run(gateway.program, ["cert", "check", "--chain", join(gateway.folder, "certs/checked.pem"), "--roots", vendor.file, "--purpose", "client", "--revocation", "hard", "--fetch", "--json"]);
      return { code: answer.code, ...JSON.parse(answer.stdout) };
    };
    const [hers, his] = [await check(alice), await check(bob)];
    assert.deepEqual([hers.code, hers.failure.rule, his.code, his.path[0].revocation], [1, "revoked", 0, "good_by_ocsp"]);
    assert.deepEqual(his.fetched, [{ evidence: "ocsp", url: responder.url, ok: true }]);
    responder.mode = "junk";
    const nobody = await check(bob);
    assert.deepEqual([nobody.code, nobody.failure.rule, nobody.fetched[0].why], [1, "revocation-unknown", "it gave an OCSP response that cannot be read"]);
    responder.mode = "good";
  });

  await stage.step("after a restart the kept answers count, while the responder is away", async () => {
    responder.mode = "down";
    await gateway.halt();
    await gateway.serve();
    [alice, bob] = [alice.again(), bob.again()];
    assert.equal((await bob.fetch("/state")).status, 200);
    assert.match((await alice.fetch("/state")).json.detail, /revoked/);
  });

  await stage.step("whoever is new while it is away, silent or talks nonsense stays outside, and why is said", async () => {
    const cases = [
      ["carol", "down", /^it answered 503$/],
      ["dave", "junk", /^it gave an OCSP response that cannot be read$/],
    ];
    for (const [at, [name, mode, why]] of cases.entries()) {
      responder.mode = mode;
      const answer = await (await comes(name)).fetch("/state");
      assert.deepEqual([answer.status, /may be revoked/.test(answer.json.detail)], [401, true]);
      const told = await failures(gateway, at + 1);
      const event = told.find((one) => one.subject === `CN=${name}`);
      assert.deepEqual([event.severity, event.detail.revocation, event.detail.evidence], ["warning", "hard", "ocsp"]);
      assert.match(event.detail.why, why);
    }
    responder.mode = "silent";
    const erin = await comes("erin");
    const begun = Date.now();
    assert.equal((await erin.fetch("/state")).status, 401);
    assert.ok(Date.now() - begun >= 2_000 && Date.now() - begun < 10_000, "waits no longer than it may");
  });

  await stage.step("the answer of another authority's responder, and about another certificate", async () => {
    const impostor = stage.own(await Authority.make("Vendor support"));
    const own = vendor.ocsp.bind(vendor);
    responder.mode = "good";
    vendor.ocsp = (request, how) => impostor.ocsp(request, how);
    const frank = await comes("frank");
    assert.equal((await frank.fetch("/state")).status, 401);
    const told = await failures(gateway, 3);
    assert.match(told.find((one) => one.subject === "CN=frank").detail.why, /^it gave an OCSP response that (was not signed by the authority|does not know|is about another|was signed)/);
    vendor.ocsp = own;
    await gateway.cli("cert", "refresh");
    await until("frank comes in with the right one", async () => (await frank.fetch("/state")).status === 200, 30_000);
  });
});

story("under soft whoever nothing is known of comes in, and is asked about all the same", async (stage) => {
  const { vendor, responder, gateway, comes } = await setUp(stage, "ocsp: true, revocation: soft");
  responder.mode = "down";
  const alice = await comes("alice");
  await stage.step("the responder is away: in", async () => {
    assert.equal((await alice.fetch("/state")).status, 200);
    const [event] = await failures(gateway, 1);
    assert.deepEqual([event.severity, event.detail.revocation], ["warning", "soft"]);
  });
  await stage.step("it is back, and says that hers was taken back: out", async () => {
    vendor.revoke(alice.certificate);
    responder.mode = "good";
    await gateway.cli("cert", "refresh");
    assert.equal((await ended(gateway, "alice")).outcome, "certificate_revoked");
    assert.equal((await alice.fetch("/state")).status, 401);
  });
});

story("a certificate does not choose where the gateway goes", async (stage) => {
  const pki = stage.own(await PkiServer.start());
  const inside = stage.own(await PkiServer.start()); // somebody in the customer's network
  const { vendor, gateway, comes } = await setUp(stage, "ocsp: true, crl: from_certificate", pki.authority);
  const point = (where) => `crlDistributionPoints=URI:http://${where}/support.crl`;

  await stage.step("the list that a certificate names at an allowed host is fetched", async () => {
    pki.content = await vendor.crl();
    const alice = await comes("alice", point(pki.authority));
    assert.equal((await alice.fetch("/state")).status, 200);
    assert.deepEqual(pki.paths, ["/support.crl"]);
    vendor.revoke(alice.certificate);
    pki.content = await vendor.crl();
    await gateway.cli("cert", "refresh");
    assert.equal((await ended(gateway, "alice")).outcome, "certificate_revoked");
  });

  await stage.step("at any other host it is not", async () => {
    const mallory = await comes("mallory", `${point(inside.authority)}\nauthorityInfoAccess=OCSP;URI:http://${inside.authority}/admin`);
    // The list that is at hand speaks of her too: she is as good as it says.
    assert.equal((await mallory.fetch("/state")).status, 200);
    await until("it is said", () => /which revocation_sources\.hosts of the configuration does not name/.test(gateway.log));
    assert.equal(inside.asked, 0);
  });

  await stage.step("nor by who is not of the vendor", async () => {
    const stranger = stage.own(await Authority.make("Somebody else"));
    const { certificate, key } = await stranger.engineer("eve", "eve@vendor.example", `crlDistributionPoints=URI:http://${pki.authority}/eve.crl`);
    await assert.rejects(gateway.client({ cert: certificate, key }).fetch("/state"), { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" });
    assert.ok(!pki.paths.includes("/eve.crl"));
  });
});

story("a node's certificate is asked about where the node staples nothing", async (stage) => {
  const authority = stage.own(await Authority.make("Component"));
  const responder = stage.own(await OcspResponder.start(authority));
  const secured = await authority.server("node", { more: `authorityInfoAccess=OCSP;URI:${responder.url}` });
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n"), { cert: secured.certificate, key: secured.key }));
  const configure = (text) =>
    text.replace(`- "${component.services.little}"`, `- ${component.services.little}\n      health: {path: /state, interval: 1s, timeout: 1s}\n      tls: {roots: certs/component.pem, ocsp: true, revocation: hard}`) + `revocation_sources: {hosts: [${new URL(responder.url).host}], every: 1h}\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure, secrets: { "certs/component.pem": authority.pem } }));
  await gateway.admit("alice", ["state.read"]);
  const client = await gateway.signIn("alice");

  await stage.step("the first connection asks, and those after it know", async () => {
    await until("it serves", async () => (await client.fetch("/state")).status === 200, 30_000);
    assert.ok(responder.asked >= 1);
    assert.equal((await gateway.cli("status")).revocations[0].whose, "service little");
  });

  await stage.step("it is taken back: nothing is sent there any more", async () => {
    authority.revoke(secured.certificate);
    await gateway.cli("cert", "refresh");
    const answer = await until("it is refused", async () => {
      const said = await client.fetch("/state");
      return said.status !== 200 && said;
    }, 30_000);
    assert.equal(answer.json.code, "component_certificate");
    const down = await until("why is in the log", async () =>
      (await gateway.events("--type", "node.down")).find((event) => /was revoked by its authority on .* \(OCSP\)/.test(event.detail.reason)), 30_000);
    assert.equal(down.detail.service, "little");
  });
});
