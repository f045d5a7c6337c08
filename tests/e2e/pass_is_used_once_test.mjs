// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A pass signs in once: through whichever terminator and enforcer it comes, however many bring it at the same moment, whatever is killed in
// between, and after all of it was.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [GET /state] }
`;
const kAtOnce = 24;

story("a pass signs in once", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + "workers: 3\n" }));
  await gateway.admit("alice", ["state.read"]);
  const issue = async () => (await gateway.cli("pass", "issue", "--engineer", "alice", "--expires", "1h")).pass;
  const bring = async (pass) => {
    const client = gateway.client();
    try {
      return await client.send("POST", "/.postern/sign-in", { pass });
    } finally {
      client.close();
    }
  };
  const refused = async (pass) => {
    const answer = await bring(pass);
    assert.deepEqual([answer.status, answer.json.code, answer.json.detail], [403, "sign_in_refused", "this pass was used before"], answer.text);
  };
  const used = [];
  // recorded: each that came in has its event, and there is none more once the last has one.
  const recorded = async () => {
    const events = await until("each use is recorded", async () => {
      const found = await gateway.events("--type", "pass.used");
      return found.length >= used.length && found;
    });
    assert.equal(events.length, used.length);
  };

  await stage.step("of many who bring one at the same moment, one comes in", async () => {
    const pass = await issue();
    const answers = await Promise.all(Array.from({ length: kAtOnce }, () => bring(pass)));
    assert.equal(answers.filter((one) => one.status === 200).length, 1, answers.map((one) => one.status).join(" "));
    for (const one of answers.filter((each) => each.status !== 200)) assert.ok(["this pass was used before", undefined].includes(one.json.detail) || one.status === 429, one.text);
    used.push(pass);
    await recorded();
  });

  await stage.step("nor does it do so again when any process was killed in between", async () => {
    for (const role of ["ledger", "keeper", "enforcer.0", "terminator.0"]) {
      const pass = await issue();
      assert.equal((await bring(pass)).status, 200);
      const { pid } = (await gateway.cli("status")).roles.find((one) => one.name === role);
      process.kill(pid, "SIGKILL");
      await until(`the ${role} is back`, async () => {
        const status = (await gateway.tryCli("status")).json;
        return status?.roles?.every((one) => one.state === "running" && one.pid !== pid) && status.log.writable;
      }, 30_000);
      await until("sign-ins are answered", async () => {
        const answer = await bring(pass).catch(() => ({ status: 0 }));
        assert.notEqual(answer.status, 200, `the pass came in again after the ${role} was killed`);
        return answer.status === 403;
      }, 30_000);
      used.push(pass);
    }
  });

  await stage.step("nor after all of it was killed at once", async () => {
    const pass = await issue();
    assert.equal((await bring(pass)).status, 200);
    used.push(pass);
    await gateway.crash();
    await gateway.serve();
    await refused(pass);
  });

  await stage.step("nor after a stop in order", async () => {
    await gateway.halt();
    await gateway.serve();
    for (const pass of used.slice(0, 4)) await refused(pass);
    await recorded();
  });
});
