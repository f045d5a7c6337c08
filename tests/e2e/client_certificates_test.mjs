// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component that insists on client certificates: which account it sees follows from what the engineer may do now, two roles never share
// a connection, and a certificate that it refuses is the admin's affair.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /*/state/{who}" ] }
  state.write: { title: Change, class: write, operations: [ "PUT /*/state/{who}" ] }
roles:
  viewer: [ state.read ]
  admin: [ state.read, state.write ]
`.replaceAll("/*/", "/{service}/");

const shows = (name) => `client_certificate: {certificate: keys/${name}.pem, key: keys/${name}.key}`;
const withCredential = (names, credential) => (text) =>
  names.reduce((all, name) => all.replace(new RegExp(`(    - name: "?${name}"?\n)`), `$1      tls: {roots: keys/component.pem}\n      credential: ${credential}\n`), text);

// secrets: files of the gateway's for the certificates; their keys must never be seen by a client.
const filesOf = (pairs) => {
  for (const [name, { key }] of Object.entries(pairs)) for (const line of key.split("\n").filter((each) => each.length >= 40)) plant(`the key of ${name}`, line);
  return Object.fromEntries(Object.entries(pairs).flatMap(([name, { certificate, key }]) => [[`keys/${name}.pem`, certificate], [`keys/${name}.key`, key]]));
};

story("two roles come with two certificates, and never on one connection", async (stage) => {
  const authority = stage.own(await Authority.make("component"));
  const server = await authority.server();
  const seen = []; // {who, subject, connection}
  const connections = new Map();
  const answer = (request, response) => {
    const socket = request.stream?.session.socket ?? request.socket;
    const session = request.stream?.session ?? socket; // of HTTP/2 a socket has many faces
    if (!connections.has(session)) connections.set(session, connections.size);
    seen.push({ who: request.url.split("/").pop(), subject: socket.getPeerCertificate().subject?.CN, connection: connections.get(session), version: `${socket.getProtocol()} ${request.httpVersion}` });
    request.resume().on("end", () => response.end("well\n"));
  };
  const insists = { cert: server.certificate, key: server.key, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const newer = stage.own(await LittleComponent.start(answer, insists));
  const older = stage.own(await LittleComponent.start(answer, { ...insists, maxVersion: "TLSv1.2" }));
  const shared = stage.own(await LittleComponent.start(answer, insists, http2.createSecureServer));
  const pairs = { viewer: await authority.client("the viewer", "ed25519"), writer: await authority.client("the admin", "rsa") };
  const gateway = stage.own(
    await Gateway.start({
      services: { newer: newer.services.little, older: older.services.little, shared: shared.services.little },
      policy,
      configure: withCredential(["newer", "older", "shared"], `{roles: {viewer: {${shows("viewer")}}, admin: {${shows("writer")}}}}`),
      secrets: { "keys/component.pem": authority.pem, ...filesOf(pairs) },
    }),
  );
  await gateway.admit("alice", ["state.read"]);
  await gateway.admit("bob");
  await gateway.cli("capability", "set", "state.write", "ask");
  const [alice, bob] = [await gateway.signIn("alice"), await gateway.signIn("bob")];

  await stage.step("an admin approves that bob may change something", async () => {
    const asked = await bob.send("POST", "/.postern/api/requests", { capabilities: ["state.write"], reason: "to change it" });
    assert.ok(asked.status < 300, asked.text);
    const [request] = (await gateway.cli("request", "list", "--state", "pending")).items;
    await gateway.cli("request", "approve", request.id);
    await until("he may", async () => (await bob.fetch("/newer/state/bob", { method: "PUT", body: "new" })).status === 200);
    seen.length = 0;
  });

  await stage.step("each is seen as who their role is, however their requests mix", async () => {
    const visit = async (client, who) => {
      for (let i = 0; i < 40; ++i) {
        const service = ["newer", "older", "shared"][i % 3];
        const got = await client.fetch(`/${service}/state/${who}`);
        assert.equal(got.status, 200, got.text);
      }
    };
    await Promise.all([visit(alice, "alice"), visit(bob, "bob"), visit(alice, "alice"), visit(bob, "bob")]);
    assert.equal(seen.length, 160);
    for (const one of seen) assert.equal(one.subject, { alice: "the viewer", bob: "the admin" }[one.who]);
    const users = new Map();
    for (const { who, connection } of seen) users.set(connection, (users.get(connection) ?? new Set()).add(who));
    for (const [connection, who] of users) assert.equal(who.size, 1, `connection ${connection} was used by ${[...who]}`);
    assert.ok(users.size < 100, "connections are used again");
    assert.deepEqual([...new Set(seen.map((one) => one.version))].sort(), ["TLSv1.2 1.1", "TLSv1.3 1.1", "TLSv1.3 2.0"]);
  });

  await stage.step("what bob may no longer do makes him a viewer, on a viewer's connection", async () => {
    seen.length = 0;
    await gateway.cli("capability", "set", "state.write", "off");
    assert.equal((await bob.fetch("/newer/state/bob")).status, 200);
    assert.equal(seen.at(-1).subject, "the viewer");
  });

  await stage.step("the status says what is shown, and until when, and nothing secret", async () => {
    const status = await gateway.cli("status");
    const [viewer] = status.component.services[0].credentials;
    assert.deepEqual([viewer.role, viewer.kind, viewer.certificate.subject], ["viewer", "client_certificate", "CN=the viewer"]);
    assert.ok(Date.parse(viewer.certificate.not_after) > Date.now());
    assert.match((await gateway.plainCli("status")).stdout, /newer +viewer +client certificate +\S+.* +CN=the viewer/);
    assert.ok(!JSON.stringify(status).includes("PRIVATE"));
  });

  await stage.step("the keeper may be killed: what is open goes on, and new connections soon do", async () => {
    const keeper = (await gateway.cli("status")).roles.find((role) => role.name === "keeper");
    process.kill(keeper.pid, "SIGKILL");
    assert.equal((await alice.fetch("/newer/state/alice")).status, 200);
    newer.server.closeAllConnections();
    await until("a new connection is made", async () => (await alice.fetch("/newer/state/alice")).status === 200);
    assert.equal(seen.at(-1).subject, "the viewer");
  });
});

for (const version of ["TLS13", "TLS12"])
  story(`a Prometheus that insists on client certificates is used (${version})`, async (stage) => {
    const authority = stage.own(await Authority.make("component"));
    const others = stage.own(await Authority.make("somebody else"));
    const probe = await authority.client("probe");
    const component = stage.own(
      await Monitoring.start({ tls: { ...(await authority.server()), clients: authority.pem, version, probe: { cert: probe.certificate, key: probe.key, ca: authority.pem } } }),
    );
    const services = { prometheus: component.services.prometheus };
    const [right, renewed, wrong] = [await authority.client("postern", "rsa"), await authority.client("renewed"), await others.client("stranger")];
    const gateway = stage.own(
      await Gateway.start({
        services,
        configure: withCredential(["prometheus"], `{${shows("postern")}}\n      health: {path: /prometheus/-/healthy, interval: 1s, timeout: 1s}`),
        secrets: { "keys/component.pem": authority.pem, ...filesOf({ postern: right }) },
      }),
    );
    await gateway.admit("alice", ["metrics.read"]);
    const alice = await gateway.signIn("alice");
    const query = () => alice.fetch("/prometheus/api/v1/query?query=up");
    const node = async () => (await gateway.cli("status")).component.nodes[0];
    const install = async (pair) => {
      for (const [name, text] of Object.entries(filesOf({ postern: pair }))) gateway.writeSecret(name, text);
      return gateway.cli("reload");
    };

    await stage.step("an engineer's query is answered, and the health check comes in too", async () => {
      const answer = await query();
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await gateway.event(answer.event)).detail.credential, "service");
      await until("the node is up", async () => (await node()).state === "up");
    });

    await stage.step("a renewed certificate and key are taken by a reload", async () => {
      assert.deepEqual((await install(renewed)).config.changed, ["component", "keys", "services"]);
      assert.equal((await query()).status, 200);
    });

    await stage.step("one that it refuses is the component's fault, and the admin is told which and why", async () => {
      await install(wrong);
      const answer = await query();
      assert.deepEqual([answer.status, answer.json.code], [502, "component_credential"]);
      await until("the status says so", async () => (await node()).refused_credentials?.[0] === "service");
      const [event] = await gateway.events("--type", "node.credential_refused");
      assert.match(event.detail.reason, /^the component refused the client certificate that it was shown: /);
      await until("the node is down", async () => (await node()).state === "down");
    });

    await stage.step("with the right one again, all is well", async () => {
      await install(right);
      assert.equal((await query()).status, 200);
      await until("the status is clean", async () => !(await node()).refused_credentials && (await node()).state === "up");
    });

    await stage.step("one that does not fit changes nothing, and says what to do", async () => {
      gateway.writeSecret("keys/postern.key", wrong.key);
      const told = await gateway.plainCli("reload");
      assert.equal(told.code, 1);
      assert.match(told.stdout, /the key in .*postern\.key does not belong to the certificate \(CN=postern\)/);
      assert.equal((await query()).status, 200);
    });
  });
