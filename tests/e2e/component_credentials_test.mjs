// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 6: a component that wants a login is used through Postern by engineers who never see what it is shown. Which account that is
// follows from what the engineer may do now.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway, isRoot } from "./lib/gateway.mjs";
import { holds } from "./lib/memory.mjs";
import { plant } from "./lib/planted.mjs";
import { story, until } from "./lib/story.mjs";

// For Prometheus, which takes bcrypt hashes alone.
const account = { user: "postern", password: "test", hash: "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay" };
const shown = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString("base64")}`;

const filesBelow = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const found = statSync(join(folder, name));
    return found.isDirectory() ? filesBelow(join(folder, name)) : found.isFile() ? [join(folder, name)] : [];
  });

const withCredential = (name, credential) => (text) =>
  text.replace(new RegExp(`(    - name: "?${name}"?\n)`), `$1      credential: ${credential}\n`);

story("a Prometheus behind a password is used by engineers who never see it", async (stage) => {
  const component = stage.own(await Monitoring.start({ account }));
  const services = { prometheus: component.services.prometheus };
  const gateway = stage.own(
    await Gateway.start({
      services,
      configure: withCredential("prometheus", `{basic: {user: ${account.user}, password_file: keys/prometheus.password}}`),
      secrets: { "keys/prometheus.password": `${account.password}\n` },
    }),
  );
  await gateway.admit("alice", ["metrics.read"]);
  const alice = await gateway.signIn("alice");
  const query = () => alice.fetch("/prometheus/api/v1/query?query=up");
  const node = async () => (await gateway.cli("status")).component.nodes[0];

  await stage.step("an engineer's query is answered", async () => {
    assert.equal((await fetch(`${services.prometheus}/prometheus/api/v1/query?query=up`)).status, 401, "without it, it is not");
    const answer = await query();
    assert.equal(answer.status, 200);
    assert.equal(answer.json.status, "success");
    const event = await gateway.event(answer.event);
    assert.equal(event.detail.credential, "service");
  });

  await stage.step("an Authorization of the engineer's own is worth nothing and harms nothing", async () => {
    const headers = { Authorization: `Basic ${Buffer.from("postern:wrong").toString("base64")}` };
    assert.equal((await alice.fetch("/prometheus/api/v1/query?query=up", { headers })).status, 200);
  });

  await stage.step("the password is in no log, no status and no file but its own", async () => {
    const kept = Buffer.concat(filesBelow(join(gateway.folder, "state")).map((file) => readFileSync(file)));
    for (const said of [gateway.log, JSON.stringify(await gateway.cli("status")), kept]) assert.ok(!said.includes(shown.slice(6)));
  });

  if (isRoot)
    await stage.step("it is in the memory of enforcers alone", async () => {
      const holders = (await gateway.cli("status")).roles.filter((role) => holds(role.pid, shown)).map((role) => role.name);
      assert.ok(holders.length > 0, "where it is used, it is found");
      assert.ok(holders.every((name) => name.startsWith("enforcer")), `it is in ${holders.join(", ")}`);
      assert.ok(!holds(gateway.pid, shown), "it is in the supervisor");
    });

  await stage.step("when it is wrong, that is the component's fault and the admin's to see", async () => {
    gateway.writeSecret("keys/prometheus.password", "not the password\n");
    assert.deepEqual((await gateway.cli("reload")).config.changed, ["credentials"]);
    const answer = await until("the enforcer uses it", async () => {
      const got = await query();
      return got.status !== 200 && got;
    });
    assert.deepEqual([answer.status, answer.json.code], [502, "component_credential"]);
    assert.equal(answer.headers["www-authenticate"], undefined);
    await until("the status says so", async () => (await node()).refused_credentials?.[0] === "service");
    assert.match((await gateway.plainCli("status")).stdout, /credential refused: "?service/);
    const told = await until("it is in the log", async () => { const all = await gateway.events("--type", "node.credential_refused"); return all.length > 0 && all; });
    assert.equal(told.length, 1);
  });

  await stage.step("when it is right again, so is the status", async () => {
    gateway.writeSecret("keys/prometheus.password", `${account.password}\n`);
    await gateway.cli("reload");
    await until("the query is answered", async () => (await query()).status === 200);
    await until("the status is clean", async () => !(await node()).refused_credentials);
  });

  await stage.step("a file that others may read is refused, with what to do", async () => {
    const file = join(gateway.folder, "keys/prometheus.password");
    chmodSync(file, 0o644);
    const told = await gateway.plainCli("reload");
    assert.equal(told.code, 1);
    assert.match(told.stdout + told.stderr, new RegExp(`readable by its owner alone: chmod 600 ${file}`));
    assert.equal((await query()).status, 200);
  });
});

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change, class: write, operations: [ "PUT /state" ] }
roles:
  viewer: [ state.read ]
  admin: [ state.read, state.write ]
`;

story("a viewer's session uses the component's read-only account", async (stage) => {
  // The component echoes what it was shown, in a field and, cut within it, in the body: the clients look for it in all that they get.
  const presented = [];
  const [looks, changes] = ["only-looks-0123456789", "may-change-0123456789"];
  for (const key of [looks, changes]) plant("a key of the component's", key);
  const component = stage.own(
    await LittleComponent.start((request, response) => {
      presented.push(request.headers["x-api-key"]);
      const key = request.headers["x-api-key"];
      response.setHeader("X-Echo", `you have shown ${key}`);
      response.setHeader("Content-Type", request.method === "GET" ? "application/json" : "text/html");
      response.write(`{"shown":"${key.slice(0, 9)}`);
      request.resume().on("end", () => setImmediate(() => response.end(`${key.slice(9)}"}`)));
    }),
  );
  const gateway = stage.own(
    await Gateway.start({
      services: component.services,
      policy,
      configure: withCredential(
        "little",
        "{roles: {viewer: {header: {name: X-API-Key, value_file: keys/viewer}}, admin: {header: {name: X-API-Key, value_file: keys/admin}}}}",
      ),
      secrets: { "keys/viewer": `${looks}\n`, "keys/admin": `${changes}\n` },
    }),
  );
  await gateway.admit("alice", ["state.read"]);
  const alice = await gateway.signIn("alice");

  await stage.step("while she may only look, the viewer's account is used", async () => {
    const answer = await alice.fetch("/state", { headers: { "X-API-Key": "of-my-own" } });
    assert.equal(answer.status, 200);
    assert.deepEqual(presented, [looks]);
    assert.match(answer.json.shown, /^\[redacted:[0-9a-f]{12}\]$/);
    assert.match(answer.headers["x-echo"], /^you have shown \[redacted:[0-9a-f]{12}\]$/);
    await until("the log says so", async () => (await gateway.events("--type", "exchange.completed")).some((event) => event.detail.redacted === 2));
    await until("so does the session", async () => (await gateway.cli("session", "show", alice.session)).redacted === 2);
    assert.match((await gateway.plainCli("session", "show", alice.session)).stdout, /^Secrets taken out: +2$/m);
  });

  await stage.step("while she may change something, the other one is", async () => {
    await gateway.cli("capability", "set", "state.write", "on");
    const changed = await until("the enforcers know", async () => {
      const answer = await alice.fetch("/state", { method: "PUT", body: "new" });
      return answer.status === 200 && answer;
    });
    assert.equal(presented.at(-1), changes);
    assert.match(changed.text, /^\{"shown":"\[redacted:/);
    assert.equal((await gateway.event(changed.event)).detail.credential, "admin");
  });

  await stage.step("and when it is taken away, the first one again", async () => {
    await gateway.cli("capability", "set", "state.write", "off");
    assert.equal((await alice.fetch("/state")).status, 200);
    assert.equal(presented.at(-1), looks);
  });
});
