// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Configuration and policy are read again while work goes on: nothing that is under way is dropped, and a file with faults changes nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = (...more) => `version: 1
capabilities:
  work.read:
    title: Work
    class: read
    operations:
      - GET /state
      - GET /download
${more.map((line) => `      - ${line}\n`).join("")}`;

const pieces = 200;
const piece = Buffer.alloc(4096, "d");

// /download goes on until `release` was called, so that it is certainly under way during whatever happens before.
const downloads = () => {
  const waiting = [];
  const answer = (request, response) => {
    if (request.url !== "/download") return response.end(`answer to ${request.url}\n`);
    response.writeHead(200, { "Content-Length": pieces * piece.length });
    response.write(piece);
    waiting.push(() => {
      for (let i = 1; i < pieces; ++i) response.write(piece);
      response.end();
    });
  };
  return { answer, release: () => waiting.splice(0).forEach((go) => go()) };
};

const policyHash = async (gateway) => (await gateway.cli("status")).policy.hash;

story("a reload drops nothing, and a faulty file changes nothing", async (stage) => {
  const { answer, release } = downloads();
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: policy() }));
  await gateway.admit("alice", ["work.read"]);
  const alice = await gateway.signIn("alice");
  const roles = async () => (await gateway.cli("status")).roles.map((role) => `${role.name} ${role.pid}`).sort();
  const before = await roles();

  // One connection with requests going on all the while.
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  const ask = async () => {
    const response = await alice.open("/state", { agent });
    sockets.add(response.socket);
    let text = "";
    for await (const part of response) text += part;
    return { status: response.statusCode, text };
  };
  let going = true;
  let asked = 0;
  const asking = (async () => {
    for (; going; ++asked) assert.deepEqual(await ask(), { status: 200, text: "answer to /state\n" });
  })();
  asking.catch(() => {}); // it is awaited at the end, and fails there

  const download = await alice.open("/download", { agent: false });
  let received = 0;
  download.on("data", (part) => (received += part.length));
  await until("the download runs", () => received > 0);

  await stage.step("`postern reload` with another policy", async () => {
    assert.equal((await alice.fetch("/new")).json.code, "operation_not_listed");
    gateway.writePolicy(policy("GET /new"));
    const told = await gateway.cli("reload");
    assert.equal(told.policy.ok, true);
    assert.deepEqual(told.policy.faults ?? [], []);
    assert.match(JSON.stringify(told.policy), /GET \/new/);
    assert.equal(told.policy.waits, true);
    assert.equal((await alice.fetch("/new")).json.code, "operation_not_accepted");
    await gateway.acceptPolicy();
    await until("the enforcers know", async () => (await alice.fetch("/new")).status === 200);
  });

  await stage.step("SIGHUP with another policy", async () => {
    const old = await policyHash(gateway);
    gateway.writePolicy(policy("GET /new", "GET /newer"));
    process.kill(gateway.pid, "SIGHUP");
    await until("the new policy is in force", async () => (await policyHash(gateway)) !== old);
    await gateway.acceptPolicy();
    await until("the enforcers have it too", async () => (await alice.fetch("/newer")).status === 200);
    const changed = await until("its event is in the log's index", async () =>
      (await gateway.events("--type", "policy.changed")).find((event) => event.detail.old === old));
    assert.equal(changed.detail.new, await policyHash(gateway));
  });

  const faulty = [
    ["a policy that contradicts itself", "policy.yaml", () => gateway.writePolicy(policy("GET /x", "GET /x/../y") + "never: [ANY /state]\n"), "policy.rejected"],
    ["a policy that is no YAML", "policy.yaml", () => gateway.writePolicy("version: 1\ncapabilities: [\n"), "policy.rejected"],
    ["a configuration with a key that does not exist", "postern.yaml", () => gateway.writeConfig(readFileSync(gateway.configFile, "utf8") + "colour: blue\n"), "config.rejected"],
  ];
  for (const [what, file, spoil, type] of faulty)
    await stage.step(`${what}: told by file, line and column; exit 1; nothing changed`, async () => {
      const [goodPolicy, goodConfig] = [readFileSync(gateway.policyFile, "utf8"), readFileSync(gateway.configFile, "utf8")];
      const old = await policyHash(gateway);
      spoil();
      const told = await gateway.tryCli("reload");
      assert.equal(told.code, 1);
      assert.match(told.stdout + told.stderr, file === "policy.yaml" ? /policy\.yaml/ : /postern\.yaml/);
      const plain = await gateway.plainCli("reload");
      assert.equal(plain.code, 1);
      assert.match(plain.stdout + plain.stderr, new RegExp(`${file.replace(".", "\\.")}:\\d+:\\d+: .+`));
      assert.equal(await policyHash(gateway), old);
      assert.equal((await alice.fetch("/newer")).status, 200);
      await until(`${type} is in the log`, async () => (await gateway.events("--type", type)).length > 0);
      gateway.writePolicy(goodPolicy);
      gateway.writeConfig(goodConfig);
    });

  await stage.step("the download and every request came through, and no process was started anew", async () => {
    release();
    await until("the download is complete", () => download.complete && received === pieces * piece.length);
    going = false;
    await asking;
    assert.equal(sockets.size, 1, "the connection was kept all the while");
    assert.deepEqual(await roles(), before);
    const bad = (await gateway.events("--type", "exchange.completed")).filter((event) => event.outcome !== "complete" && event.outcome !== "completed");
    assert.deepEqual(bad.map((event) => event.outcome), []);
    stage.say(`${asked} requests on one connection during the reloads`);
    agent.destroy();
  });
});
