// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy of 100,000 operations: it is reloaded whole, it decides, and a restart finds it again. The log keeps its hash.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { story, until } from "./lib/story.mjs";

const policyOf = (areas, things) => {
  const lines = ["version: 1", "capabilities:"];
  for (let area = 0; area < areas; ++area) {
    lines.push(`  area${area}.read:`, `    title: Area ${area}`, "    class: read", "    operations:");
    for (let thing = 0; thing < things; ++thing) lines.push(`      - GET /api/v1/area${area}/things${thing}/{id}/values`);
  }
  return `${lines.join("\n")}\n`;
};

story("a policy of 100,000 operations", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => response.end(`answer to ${request.url}\n`)));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: policyOf(1, 1) }));
  await gateway.admit("alice", ["area0.read"]);
  let alice = await gateway.signIn("alice");
  const listed = "/api/v1/area0/things999/7/values";
  const unlisted = "/api/v1/area0/things1000/7/values";
  let hash;

  await stage.step("`postern reload` puts it in force", async () => {
    assert.equal((await alice.fetch(listed)).json.code, "operation_not_listed");
    gateway.writePolicy(policyOf(100, 1000));
    const began = performance.now();
    const told = await gateway.cli("reload");
    const took = performance.now() - began;
    assert.equal(told.policy.ok, true, JSON.stringify(told).slice(0, 500));
    assert.ok(told.policy.newly_allowed.length > 0 && told.newly_allowed === undefined);
    hash = told.policy.hash;
    assert.equal(told.policy.waits, true);
    const accepting = performance.now();
    await gateway.acceptPolicy(hash);
    stage.say(`and accepted after ${(performance.now() - accepting).toFixed(0)} ms more`);
    const allowed = await until("the enforcers have it", async () => (await alice.fetch(listed)).status === 200);
    assert.ok(allowed);
    stage.say(`the reload was answered after ${took.toFixed(0)} ms, and decided after ${(performance.now() - began).toFixed(0)} ms`);
  });

  await stage.step("one request is allowed, another refused", async () => {
    await until("both enforcers have it", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => alice.open(listed, { agent: false })));
      answers.forEach((answer) => answer.resume());
      return answers.every((answer) => answer.statusCode === 200);
    });
    assert.equal((await alice.fetch(listed)).text, `answer to ${listed}\n`);
    assert.equal((await alice.fetch(unlisted)).json.code, "operation_not_listed");
    const { policy } = await gateway.cli("status");
    assert.deepEqual([policy.hash, policy.operations], [hash, 100_000]);
  });

  await stage.step("its event names its hash and does not carry it", async () => {
    const changed = readJournal(gateway).filter((event) => event.type === "policy.changed").at(-1);
    assert.equal(changed.detail.new, hash);
    assert.ok(JSON.stringify(changed).length < 2_000);
    assert.equal((await gateway.cli("status")).policy.loaded, changed.time);
  });

  await stage.step("a restart finds it again", async () => {
    await gateway.halt();
    await gateway.serve();
    alice = await gateway.signIn("alice");
    await until("it decides", async () => (await alice.fetch(listed)).status === 200);
    assert.equal((await gateway.cli("status")).policy.hash, hash);
    assert.equal(readJournal(gateway).filter((event) => event.type === "policy.changed").length, 2);
  });

  await stage.step("a file above the limit is refused in a sentence, and nothing changes", async () => {
    gateway.writePolicy(`${policyOf(1, 1)}${"# filling\n".repeat(3_500_000)}`);
    const refused = await gateway.tryCli("reload");
    assert.notEqual(refused.code, 0);
    assert.match(JSON.stringify(refused.json.policy.faults), /larger than 32MiB/);
    assert.equal((await alice.fetch(listed)).status, 200);
  });
});
