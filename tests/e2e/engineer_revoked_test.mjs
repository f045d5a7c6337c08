// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor takes an engineer's certificate back. The customer puts the new list in its place; nothing is restarted, and by the next look
// at it what ran is cut, the session has ended, and nobody comes in with that certificate any more. And a list that is over shuts the door.
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readAll } from "./lib/client.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  streams.read: { title: Streams, class: read, operations: [GET /stream, GET /state] }
`;
const drip = (request, response) => {
  if (request.url !== "/stream") return response.end("well\n");
  response.writeHead(200, { "Content-Type": "text/plain" });
  const timer = setInterval(() => response.write("a line of a stream that does not end\n"), 5);
  response.once("close", () => clearInterval(timer));
};
const demands = (more) => (text) =>
  text.replace(/support_authority: .*\n/, `support_authority: certs/vendor.pem\nengineer_certificates:\n${more}`) + "workers: 2\n";

// setUp: a gateway that believes a vendor's authority, with the list that the authority makes now.
const setUp = async (stage, more) => {
  const vendor = stage.own(await Authority.make("Vendor support"));
  const component = stage.own(await LittleComponent.start(drip));
  const crl = await vendor.crl();
  const gateway = stage.own(
    await Gateway.start({ services: component.services, policy, configure: demands(more), secrets: { "certs/vendor.pem": vendor.pem, "certs/vendor.crl": crl } }),
  );
  const publish = (text) => {
    gateway.writeSecret("certs/fetched", text);
    renameSync(join(gateway.folder, "certs/fetched"), join(gateway.folder, "certs/vendor.crl"));
  };
  const comes = async (name, email = `${name}@vendor.example`) => {
    const { certificate, key } = await vendor.engineer(name, email);
    return Object.assign(gateway.client({ cert: certificate, key }), { certificate });
  };
  return { vendor, gateway, publish, comes };
};
const known = async (gateway) => {
  for (const name of ["alice", "bob"]) await gateway.admit(name, ["streams.read"]);
};
const ended = (gateway, engineer) =>
  until(`the session of ${engineer} has ended`, async () => (await gateway.events("--type", "session.ended")).find((event) => event.subject === engineer), 30_000);

story("a certificate is revoked while its session runs", async (stage) => {
  const { vendor, gateway, publish, comes } = await setUp(stage, "  crl: certs/vendor.crl\n");
  await known(gateway);
  const [alice, bob] = [await comes("alice"), await comes("bob")];
  const ends = {};

  await stage.step("both work, alice with a stream under way", async () => {
    for (const [name, who] of Object.entries({ alice, bob })) {
      const response = await who.open("/stream", { agent: false });
      assert.equal(response.statusCode, 200);
      response.on("error", (error) => (ends[name] ??= error.code ?? error.message)).on("close", () => (ends[name] ??= "closed")).resume();
    }
    const { engineer_certificates: shown } = await gateway.cli("status");
    assert.deepEqual([shown.asked_for, shown.revocation, shown.crls.map((one) => [one.issuer, one.revoked, one.over])], [true, "hard", [["CN=Vendor support", 0, false]]]);
    assert.match((await gateway.plainCli("status")).stdout, /CN=Vendor support +\d+ .* nobody comes in \(hard\)/);
  });

  await stage.step("the vendor revokes hers, and the new list is put in place: nothing else is done", async () => {
    vendor.revoke(alice.certificate);
    publish(await vendor.crl());
    const end = await ended(gateway, "alice");
    assert.deepEqual([end.outcome, end.actor, end.detail.reason], ["certificate_revoked", "gateway", "certificate_revoked"]);
    assert.match(end.detail.why, /^the certificate of CN=alice was revoked by its authority on /);
    await until("her stream is cut", () => ends.alice);
    const cut = await until("the cut is recorded", async () =>
      (await gateway.events("--type", "exchange.completed")).find((event) => event.outcome === "cut" && event.detail.engineer !== "bob"));
    assert.deepEqual([cut.detail.cut_reason, cut.detail.bytes_after_cut], ["session_ended", 0]);
    const applied = await until("how long it took is recorded", async () => (await gateway.events("--type", "permission.applied")).find((event) => event.subject === "alice"));
    assert.equal(applied.detail.cut_exchanges, 1);
  });

  await stage.step("she is told why she does not come in, and the log is too", async () => {
    const answer = await alice.fetch("/state");
    assert.deepEqual([answer.status, answer.json.code], [401, "no_session"]);
    assert.match(answer.json.detail, /revoked/);
    assert.match((await gateway.event(answer.event)).detail.why, /^the certificate of CN=alice was revoked/);
  });

  await stage.step("bob goes on as if nothing had been", async () => {
    assert.equal(ends.bob, undefined);
    assert.equal((await bob.fetch("/state")).status, 200);
    assert.deepEqual((await gateway.cli("session", "list")).items.map((one) => one.engineer), ["bob"]);
  });

  await stage.step("a list with a fault changes nothing, and is told once", async () => {
    const other = stage.own(await Authority.make("Vendor support"));
    publish(await other.crl());
    const told = await until("it is told", async () => (await gateway.events("--type", "config.rejected"))[0], 30_000);
    assert.match(told.detail.first_fault, /vendor\.crl: the CRL of CN=Vendor support was not signed by the authority of that name/);
    assert.equal((await bob.fetch("/state")).status, 200);
    const reload = await gateway.plainCli("reload");
    assert.equal(reload.code, 1);
    assert.match(reload.stdout, /postern\.yaml:\d+:\d+: .*was not signed by the authority of that name/);
    assert.equal((await gateway.events("--type", "config.rejected")).filter((event) => event.actor === "gateway").length, 1);
  });

  await stage.step("a list that is over: bob's session ends too, and an event says which", async () => {
    publish(await vendor.crl(4));
    const end = await ended(gateway, "bob");
    assert.equal(end.detail.reason, "certificate_refused");
    assert.match(end.detail.why, /under a CRL \(of CN=Vendor support\) that was good until/);
    const said = await until("it is said", async () => (await gateway.events("--type", "certificate.crl_expiring")).find((event) => event.severity === "severe"), 30_000);
    assert.deepEqual([said.detail.issuer, said.detail.revocation], ["CN=Vendor support", "hard"]);
    assert.equal((await bob.fetch("/state")).status, 401);
  });

  await stage.step("with a new one he comes in again, on the connection that he has", async () => {
    publish(await vendor.crl());
    await until("he comes in", async () => (await bob.fetch("/state")).status === 200, 30_000);
    assert.equal((await alice.fetch("/state")).status, 401);
  });
});

story("what a customer demands of engineers' certificates", async (stage) => {
  const { vendor, gateway, publish, comes } = await setUp(stage, `  revocation: soft\n  crl: certs/vendor.crl\n  identities: ["*@vendor.example"]\n`);
  await known(gateway);

  await stage.step("a name that is not demanded is refused in a sentence", async () => {
    const stranger = await comes("bob", "bob@contractor.example");
    const answer = await stranger.fetch("/state");
    assert.deepEqual([answer.status, answer.json.detail], [401, "the certificate of CN=bob is for bob@contractor.example, and only names like *@vendor.example count"]);
    assert.equal((await gateway.event(answer.event)).detail.why, answer.json.detail);
  });

  await stage.step("under soft a list that is over lets in whom it does not name, and warns", async () => {
    const [alice, bob] = [await comes("alice"), await comes("bob")];
    vendor.revoke(alice.certificate);
    publish(await vendor.crl(1));
    const said = await until("it is said", async () => (await gateway.events("--type", "certificate.crl_expiring"))[0], 30_000);
    assert.deepEqual([said.severity, said.detail.revocation], ["warning", "soft"]);
    await until("it is over", async () => (await gateway.cli("status")).engineer_certificates.crls[0].over);
    assert.equal((await bob.fetch("/state")).status, 200);
    assert.equal((await alice.fetch("/state")).status, 401);
  });

  await stage.step("a demand that is new ends the session of who does not keep to it", async () => {
    const bob = await comes("bob");
    const response = await bob.open("/stream", { agent: false });
    const told = readAll(response).then(() => "complete", () => "cut");
    gateway.writeConfig(readFileSync(gateway.configFile, "utf8").replace(`"*@vendor.example"`, `"alice@vendor.example"`));
    await gateway.cli("reload");
    const end = await until("it ends", async () => (await gateway.events("--type", "session.ended")).find((event) => event.detail.reason === "certificate_refused"));
    assert.match(end.detail.why, /only names like alice@vendor\.example count/);
    assert.equal(await told, "cut");
  });
});
