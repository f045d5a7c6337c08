// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A vendor's new policy: what it takes away is gone at once, what it opens waits until an admin has looked at it. The engineer, the
// admin at the console and the admin at the machine see the same; restarts, a replacement and a damaged file change nothing about it.
import assert from "node:assert/strict";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const hostile = `<img src=x onerror="document.title='owned'">`;

const policy = ({ operations, rest = "" }) => `version: 1
capabilities:
  work.read:
    title: Work
    class: read
    operations:
${operations.map((line) => `      - ${line}\n`).join("")}${rest}`;

const first = policy({ operations: ["GET /state", "GET /old", "GET /secret"], rest: "redact: [ { json: $..password } ]\n" });
const second = policy({
  operations: ["GET /state", "GET /new", "GET /secret"],
  rest: `  more.write: { title: "${hostile.replaceAll('"', "'")}", class: write, operations: [ "POST /more" ] }\n`,
});
const third = `${second}# said again\n`;

story("what a new policy opens waits for an admin", async (stage) => {
  const component = stage.own(
    await LittleComponent.start((request, response) =>
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ at: request.url, password: "kept-from-view" })),
    ),
  );
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: first }));
  await gateway.admit("alice", ["work.read"]);
  const alice = await gateway.signIn("alice");
  const code = async (path) => {
    const answer = await alice.fetch(path);
    return answer.status === 200 ? "passed" : answer.json.code;
  };
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);

  await stage.step("the first policy is accepted by being there", async () => {
    const shown = await gateway.cli("policy", "show");
    assert.equal(shown.waits, false);
    assert.equal(shown.accepted.hash, shown.hash);
    assert.equal(await code("/old"), "passed");
    assert.equal(await page.locator(".note-waits").count(), 0);
  });

  await stage.step("another one: what is gone is gone, what is new waits, and everyone is told", async () => {
    gateway.writePolicy(second);
    const told = await gateway.plainCli("reload");
    assert.match(told.stdout, /It waits: what it opens stays closed/);
    await until("the enforcers have it", async () => (await code("/old")) === "operation_not_listed");
    assert.equal(await code("/new"), "operation_not_accepted");
    assert.equal(await code("/state"), "passed");
    assert.doesNotMatch((await alice.fetch("/secret")).text, /kept-from-view/, "what was taken out of responses still is");
    assert.match((await gateway.plainCli("status")).stdout, /1 policy waits to be accepted/);
    const refused = (await alice.fetch("/new")).json;
    assert.match(refused.detail, /waits for an administrator to accept the policy/);
    const session = (await alice.fetch("/.postern/api/session")).json;
    assert.equal(session.policy_waits, true);
    assert.equal(session.capabilities.find((one) => one.name === "more.write").code, "operation_not_accepted");
    await page.locator(".note-waits").waitFor();
  });

  await stage.step("restarts of the ledger and of the whole gateway change nothing about it", async () => {
    const ledger = (await gateway.cli("status")).roles.find((role) => role.name === "ledger").pid;
    process.kill(ledger, "SIGKILL");
    await until("it is back", async () => (await gateway.tryCli("status")).json?.roles.some((role) => role.name === "ledger" && role.pid !== ledger && role.state === "running"));
    await until("it still waits", async () => (await code("/new")) === "operation_not_accepted");
    assert.equal(await code("/state"), "passed");
    assert.equal((await gateway.cli("policy", "show")).waits, true);
    page.troubles.length = 0; // what the page asked for while there was no ledger
  });

  await stage.step("the command line says what it opens, and accepts nothing unseen", async () => {
    const { stdout } = await gateway.plainCli("policy", "diff", "--pending");
    assert.match(stdout, /Newly allowed:\n(.*\n)* {2}work\.read: GET \/new/);
    assert.match(stdout, /Looser than before:\n(.*\n)* {2}redaction json: \$\.\.password/);
    assert.match(stdout, /No longer allowed:\n(.*\n)* {2}work\.read: GET \/old/);
    const without = await gateway.plainCli("policy", "accept");
    assert.equal(without.code, 1);
    assert.match(without.stdout, /postern policy accept sha256:/);
    assert.equal(await code("/new"), "operation_not_accepted");
  });

  await stage.step("an admin looks at it while it is replaced: what he did not see is not accepted", async () => {
    await page.locator(".note-waits a").click();
    await page.locator("#policy-changes").waitFor();
    const shown = (await gateway.cli("policy", "show")).hash;
    assert.match(await page.locator("#policy-changes").innerText(), /GET \/new/);
    assert.equal(await page.locator("main img").count(), 0, "a title is text");
    await look(page, "policy-waits");
    assert.deepEqual(await violations(page), []);
    gateway.writePolicy(third);
    await gateway.cli("reload");
    const late = await gateway.tryCli("policy", "accept", shown);
    assert.equal(late.code, 1);
    assert.match(late.stderr, /conflict/);
    assert.equal(await code("/new"), "operation_not_accepted");
  });

  await stage.step("he accepts what is there now, in two steps, and it is open", async () => {
    await until("the page shows the present one", async () => (await page.locator("#policy .clip").first().innerText()) === (await gateway.cli("policy", "show")).hash);
    await page.getByRole("button", { name: "Accept this policy" }).click();
    await page.locator("form.confirm").waitFor();
    assert.deepEqual(await violations(page), []);
    assert.equal(await code("/new"), "operation_not_accepted");
    await page.locator("form.confirm").getByRole("button", { name: "Accept this policy" }).click();
    await page.getByText("Nothing waits").waitFor();
    await until("it is open", async () => (await code("/new")) === "passed");
    const accepted = await until("its event is in the index", async () => (await gateway.events("--type", "policy.accepted")).find((event) => event.actor === "admin:admin"));
    assert.equal(accepted.detail.new, (await gateway.cli("policy", "show")).hash);
    assert.equal(accepted.detail.reason, "admin");
    assert.equal(readdirSync(join(gateway.folder, "state/policy")).length, 1, "what counts no more is not kept");
  });

  await stage.step("one that only takes away needs nobody", async () => {
    gateway.writePolicy(policy({ operations: ["GET /state", "GET /new"] }));
    assert.equal((await gateway.cli("reload")).policy.waits, false);
    assert.equal((await gateway.cli("policy", "show")).waits, false);
    await until("the enforcers have it", async () => (await code("/secret")) === "operation_not_listed");
  });

  assert.deepEqual(page.troubles, []);
  await page.close();

  await stage.step("what was accepted is damaged: nothing passes until an admin says so", async () => {
    const [kept] = readdirSync(join(gateway.folder, "state/policy"));
    await gateway.halt();
    appendFileSync(join(gateway.folder, "state/policy", kept), "# more\n");
    gateway.writePolicy(policy({ operations: ["GET /state", "GET /new", "GET /newest"] }));
    await gateway.serve();
    const again = await gateway.signIn("alice");
    await until("it is refused", async () => (await again.fetch("/state")).json?.code === "operation_not_accepted");
    assert.match((await gateway.plainCli("policy", "diff", "--pending")).stdout, /cannot be read/);
    await gateway.acceptPolicy();
    await until("it passes", async () => (await again.fetch("/newest")).status === 200);
    again.close();
  });
  alice.close();
});
