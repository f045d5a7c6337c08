// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Nodes of the component send events to the intake: each arrives once, under the name of its token; whoever has no token gets
// nothing, not even time; and a token opens nothing else.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { Client } from "./lib/client.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { plant } from "./lib/planted.mjs";
import { run } from "./lib/process.mjs";
import { killIfAlive, makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;

let counted = 0;
const event = (type, more = {}) => ({ id: `e-${++counted}`, time: new Date().toISOString(), type, ...(type.startsWith("remote") ? {} : { node: "n1" }), ...more });

story("nodes of the component send events", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const authority = stage.own(await Authority.make("nodes"));
  const server = await authority.server("intake", { names: ["DNS:localhost"] });
  const listener = "  intake: { address: \"127.0.0.1:0\", certificate: intake.pem, key: intake.key, names: [localhost] }\n";
  const gateway = stage.own(await Gateway.start({
    services: component.services,
    policy,
    secrets: { "intake.pem": server.certificate, "intake.key": server.key },
    configure: (text) => `${text.replace("listeners:\n", `listeners:\n${listener}`)}\nintake: { events_per_minute: 300, lost_after: 5s }\n`,
  }));
  const port = async () => Number((await gateway.cli("status")).listeners.find((one) => one.name === "intake").address.split(":").pop());
  let client = stage.own(Object.assign(new Client({ port: await port(), ca: authority.pem }), { name: "a node", stop: () => client.close() }));
  const made = async (...argv) => {
    const one = await gateway.cli("intake", "token", "new", ...argv);
    plant("an intake token", one.token);
    return one;
  };
  const post = (token, body, headers = {}) =>
    client.fetch("/intake/v1/events", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const send = (token, ...events) => post(token, { events });
  const taken = (type) => gateway.events("--type", type);
  const nodes = await made("--name", "nodes", "--service", "state");

  await stage.step("what they send is in the log, under the token's name, once it is answered", async () => {
    const sent = [event("component.server_started"), event("component.node_joined", { detail: { peers: 3, why: "start" } })];
    const answer = await send(nodes.token, ...sent);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.json.taken, answer.json.known], [2, 0]);
    const joined = await until("it is found", async () => (await taken("component.node_joined"))[0]);
    assert.equal(joined.actor, "component:nodes");
    assert.deepEqual([joined.subject, joined.severity, joined.detail.service, joined.detail.event], ["n1", "info", "state", sent[1].id]);
    assert.deepEqual(joined.detail.said, { peers: 3, why: "start" });
    const again = await send(nodes.token, ...sent);
    assert.deepEqual([again.status, again.json.taken, again.json.known], [200, 0, 2]);
    assert.equal((await taken("component.node_joined")).length, 1);
  });

  await stage.step("another token's id is another event, and one for a service speaks of no other", async () => {
    const other = await made("--name", "others");
    const one = event("component.server_down");
    assert.equal((await send(nodes.token, one)).json.taken, 1);
    assert.equal((await send(other.token, one)).json.taken, 1);
    assert.equal((await send(nodes.token, event("component.server_up", { service: "elsewhere" }))).status, 403);
    await until("both are there", async () => (await taken("component.server_down")).length === 2);
    assert.deepEqual((await taken("component.server_down")).map((one) => [one.actor, one.severity]).sort(), [["component:nodes", "warning"], ["component:others", "warning"]]);
  });

  await stage.step("bad input is answered with what is wrong, and nothing of it is taken", async () => {
    for (const [body, why] of [
      ["{", /not JSON/],
      [{ events: [event("component.server_up"), event("session.opened")] }, /type must be one of/],
      [{ events: [event("component.server_up", { severity: "severe" })] }, /severity follows from the type/],
      [{ events: [event("component.server_up", { detail: { a: "x".repeat(257) } })] }, /at most 256 bytes/],
      [{ events: [event("component.server_up", { time: "2999-01-01T00:00:00Z" })] }, /ahead of the gateway's clock/],
    ]) {
      const answer = await post(nodes.token, body);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.json.detail, why);
      assert.equal(answer.headers["content-type"], "application/problem+json");
    }
    assert.equal((await post(nodes.token, "{}", { "Content-Type": "text/plain" })).status, 415);
    assert.equal((await post(nodes.token, `{"events":[${" ".repeat(70_000)}]}`)).status, 413);
    assert.equal((await taken("component.server_up")).length, 0);
  });

  await stage.step("the schema is published", async () => {
    const answer = await client.fetch("/intake/v1/schema.json");
    assert.equal(answer.status, 200);
    assert.ok(answer.json.properties.events.items.properties.type.enum.includes("remote_gateway.heartbeat"));
    assert.equal((await client.fetch("/api/v1/status")).status, 404);
    assert.equal((await client.fetch("/intake/v1/events")).status, 405);
  });

  await stage.step("a token opens neither the admin nor the support side, and nobody else's sign-in opens the intake", async () => {
    const headers = { Authorization: `Bearer ${nodes.token}` };
    const admin = gateway.adminClient();
    assert.equal((await admin.fetch("/api/v1/status", { headers })).status, 401);
    assert.notEqual((await gateway.client().fetch("/state", { headers })).status, 200);
    const api = await gateway.cli("token", "create", "script", "--admin", "admin");
    assert.equal((await send(api.token, event("component.server_up"))).status, 401);
    admin.close();
  });

  await stage.step("without a token that counts the answer does not wait for the body, and soon there is none but to wait", async () => {
    const slow = await new Promise((resolve, reject) => {
      const request = https.request({ host: "127.0.0.1", servername: "localhost", port: client.port, ca: authority.pem, path: "/intake/v1/events", method: "POST", headers: { Host: "localhost", "Content-Length": 60_000, Authorization: "Bearer intake_wrong" } });
      request.once("response", (response) => resolve({ status: response.statusCode, end: request.destroy() })).once("error", reject);
      request.flushHeaders();
    });
    assert.equal(slow.status, 401);
    const answers = [];
    for (let i = 0; i < 12; ++i) answers.push(await send(`intake_wrong${i}`, event("component.server_up")).catch((error) => ({ status: error.code })));
    const last = answers.filter((answer) => typeof answer.status === "number").at(-1);
    assert.equal(last.status, 429);
    assert.ok(Number(last.headers["retry-after"]) > 0);
    const refused = await until("it is an event", async () => (await taken("intake.refused"))[0]);
    assert.equal(refused.severity, "warning");
    assert.equal((await send(nodes.token, event("component.node_left"))).status, 200); // who has a token is not slowed
  });

  await stage.step("a flood is answered with when to come again, and is one event", async () => {
    const flooder = await made("--name", "flooder");
    const batch = () => Array.from({ length: 100 }, () => event("component.server_up"));
    const answers = [];
    for (let i = 0; i < 8; ++i) answers.push(await send(flooder.token, ...batch()));
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 429, 429, 429, 429, 429]);
    assert.equal(answers[7].json.code, "limit_reached");
    assert.ok(Number(answers[7].headers["retry-after"]) >= 1);
    const limited = await until("it is an event", async () => (await taken("intake.limited"))[0]);
    assert.equal(limited.detail.name, "flooder");
    assert.equal((await taken("intake.limited")).length, 1);
    assert.equal((await send(nodes.token, event("component.server_up"))).status, 200);
    const metrics = (await gateway.cli("token", "create", "scraper", "--admin", "admin", "--scope", "read")).token;
    const admin = gateway.adminClient();
    const text = (await admin.fetch("/metrics", { headers: { Authorization: `Bearer ${metrics}` } })).text;
    assert.match(text, /postern_intake_events_total\{role="intake",result="taken"\} \d{3}/);
    assert.match(text, /postern_intake_batches_refused_total\{role="intake",why="limit"\} 5/);
    admin.close();
  });

  await stage.step("a remote gateway that is not heard from is lost, and back at its second beat", async () => {
    const about = { gateway: "berlin" };
    assert.equal((await send(nodes.token, event("remote_gateway.registered", about))).status, 200);
    const lost = await until("it is lost", async () => (await taken("remote_gateway.lost"))[0], 20_000);
    assert.deepEqual([lost.actor, lost.subject, lost.severity], ["gateway", "berlin", "warning"]);
    assert.ok(lost.detail.silent_us >= 5e6);
    assert.notEqual((await gateway.cli("intake", "gateways")).items[0].lost, null);
    await send(nodes.token, event("remote_gateway.heartbeat", about));
    await send(nodes.token, event("remote_gateway.heartbeat", about));
    await until("it is back", async () => (await taken("remote_gateway.returned")).length === 1);
    assert.equal((await send(nodes.token, event("remote_gateway.unregistered", about))).status, 200);
    await until("nobody waits for it", async () => (await gateway.cli("intake", "gateways")).items.length === 0);
    assert.deepEqual((await send(nodes.token, event("remote_gateway.heartbeat", about))).json.unregistered, ["berlin"]);
    const types = readJournal(gateway).map((one) => one.type);
    assert.ok(types.includes("remote_gateway.returned") && !types.includes("remote_gateway.heartbeat"), "a heartbeat is no event");
  });

  await stage.step("whoever is killed, what was answered is there once, and what was not can be sent again", async () => {
    const sender = await made("--name", "sender");
    const all = Array.from({ length: 120 }, (_, i) => event("component.node_added", { node: `k${i}` }));
    const pids = async () => Object.fromEntries((await gateway.cli("status")).roles.map((role) => [role.name, role.pid]));
    let kills = 0;
    for (let i = 0; i < all.length; i += 2) {
      if (i % 20 === 0) killIfAlive((await pids())[["intake", "ledger", "terminator.2000"][kills++ % 3]], "SIGKILL");
      await until("the batch is taken", async () => {
        const answer = await send(sender.token, all[i], all[i + 1]).catch(() => ({ status: 0 }));
        return answer.status === 200;
      }, 30_000);
    }
    const found = await until("all are found", async () => {
      const items = (await taken("component.node_added")).filter((one) => one.actor === "component:sender");
      return items.length >= all.length && items;
    }, 30_000);
    assert.deepEqual(found.map((one) => one.detail.event).reverse(), all.map((one) => one.id));
  });

  await stage.step("after a restart an old batch is still known, and a revoked token is worth nothing at once", async () => {
    const old = event("component.node_removed");
    assert.equal((await send(nodes.token, old)).json.taken, 1);
    await gateway.halt();
    await gateway.serve();
    client.close();
    client = new Client({ port: await port(), ca: authority.pem });
    const again = await until("the intake answers", () => send(nodes.token, old).then((answer) => answer.status === 200 && answer, () => false));
    assert.deepEqual([again.json.taken, again.json.known], [0, 1]);
    await gateway.cli("intake", "token", "revoke", nodes.id);
    assert.equal((await send(nodes.token, event("component.server_up"))).status, 401);
    assert.deepEqual((await gateway.cli("intake", "token", "list")).items.map((one) => one.name).sort(), ["flooder", "others", "sender"]);
    const journal = JSON.stringify(await gateway.events("--type", "intake.token_created"));
    assert.ok(!journal.includes(nodes.token) && journal.includes("token_sha256"));
  });

  await stage.step("the example of docs/INTAKE.md works as typed", async () => {
    const text = readFileSync(new URL("../../docs/INTAKE.md", import.meta.url), "utf8");
    const [, command] = /```bash\n([^]*?)```/.exec(text);
    const [, sender] = /```sh\n([^]*?)```/.exec(text);
    const { token } = await made("--name", "typed");
    const folder = makeFolder("typed");
    writeFileSync(join(folder, "ca.pem"), authority.pem);
    const env = { ...process.env, INTAKE: `https://localhost:${client.port}`, INTAKE_CA: join(folder, "ca.pem"), INTAKE_TOKEN: token, INTAKE_QUEUE: join(folder, "queue") };
    const done = await run("bash", ["-c", command], { env });
    assert.equal(done.code, 0, done.stderr + done.stdout);
    assert.equal(JSON.parse(done.stdout).taken, 1);
    writeFileSync(join(folder, "tell"), sender);
    for (const [type, port] of [["component.node_left", 1], ["component.server_up", client.port]])
      assert.equal((await run("sh", [join(folder, "tell"), type], { env: { ...env, INTAKE: `https://localhost:${port}` } })).code, 0);
    assert.deepEqual(readdirSync(env.INTAKE_QUEUE), []);
    await until("what waited came first", async () => {
      const types = (await gateway.events()).filter((one) => one.actor === "component:typed").map((one) => one.type);
      return types.reverse().join() === "component.server_started,component.node_left,component.server_up";
    });
    removeFolder(folder);
  });
});
