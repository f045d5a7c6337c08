// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component's authority takes a node's certificate back. The new list is put in its place; nothing is restarted, and by the next look at
// it the node is out of service, with a sentence, while one whose certificate stands goes on.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  names.read: { title: Names, class: read, operations: [GET /name] }
`;

story("a node's certificate is revoked", async (stage) => {
  const authority = stage.own(await Authority.make("component authority"));
  const node = async (name) => {
    const { certificate, key } = await authority.server(name);
    const component = stage.own(await LittleComponent.start((request, response) => response.end(name), { cert: certificate, key }));
    return { certificate, url: component.services.little };
  };
  const [first, second] = [await node("first"), await node("second")];
  const configure = (text) =>
    text.replace(`- "${first.url}"`, `- ${first.url}\n        - ${second.url}\n      health: {path: /name, interval: 1s, timeout: 1s}\n      tls: {roots: certs/component.pem, crl: certs/component.crl}`);
  const secrets = { "certs/component.pem": authority.pem, "certs/component.crl": await authority.crl() };
  const gateway = stage.own(await Gateway.start({ services: { little: first.url }, policy, secrets, configure }));
  await gateway.admit("alice", ["names.read"]);
  const alice = await gateway.signIn("alice");
  const stateOf = async ({ url }) => (await gateway.cli("status")).component.nodes.find((one) => one.url === url);
  const states = (...wanted) => until(`the nodes are ${wanted}`, async () => {
    const now = await Promise.all([first, second].map(stateOf));
    return now.every((one, i) => one.state === wanted[i]) && now;
  }, 30_000);
  const publish = async () => {
    gateway.writeSecret("certs/fetched", await authority.crl());
    renameSync(join(gateway.folder, "certs/fetched"), join(gateway.folder, "certs/component.crl"));
  };
  const ask = async () => {
    const { status, text } = await alice.fetch("/name");
    return { status, text };
  };

  await stage.step("both serve", async () => {
    await states("up", "up");
    assert.equal((await ask()).status, 200);
  });

  await stage.step("the list names the first: it is out of service, and why is said", async () => {
    authority.revoke(first.certificate);
    await publish();
    const [{ reason }] = await states("down", "up");
    assert.match(reason, /the certificate for 127\.0\.0\.1 was revoked by its authority on .* \(CRL\)/);
    const [event] = await until("it is in the log", async () => {
      const events = await gateway.events("--type", "node.down");
      return events.length > 0 && events;
    });
    assert.equal(event.detail.node, first.url);
    assert.match(event.detail.reason, /was revoked by its authority/);
    for (let i = 0; i < 5; ++i) assert.deepEqual(await ask(), { status: 200, text: "second" });
  });

  await stage.step("a list with a fault replaces none, and is said", async () => {
    gateway.writeSecret("certs/component.crl", "nonsense");
    const [event] = await until("it is in the log", async () => {
      const events = await gateway.events("--type", "config.rejected");
      return events.length > 0 && events;
    }, 30_000);
    assert.match(event.detail.first_fault, /component\.crl: not a CRL/);
    assert.equal((await stateOf(first)).state, "down");
  });

  await stage.step("the list names both: every call is refused, and nothing is sent", async () => {
    authority.revoke(second.certificate);
    await publish();
    await states("down", "down");
    const { status, json } = await alice.fetch("/name", { headers: { Accept: "application/json" } });
    assert.deepEqual([status, json.code], [502, "component_certificate"]);
    const events = await until("both are in the log", async () => {
      const all = await gateway.events("--type", "node.down");
      return new Set(all.map((event) => event.detail.node)).size === 2 && all;
    });
    assert.deepEqual(new Set(events.map((event) => event.detail.node)), new Set([second.url, first.url]));
    for (const event of events) assert.match(event.detail.reason, /was revoked by its authority/);
  });
});
