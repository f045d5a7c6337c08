// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that an administrator lets pass one by one: by command, by API, in the console with nothing but a keyboard. Whatever ends the
// waiting without a pass leaves nothing at the component.
import assert from "node:assert/strict";
import https from "node:https";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change the state, class: write, hold: true, operations: [ "PUT /state", "DELETE /state" ] }
`;

story("a call waits until an administrator lets it pass or not", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("done\n"))));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.read", "state.write"]);
  const alice = await gateway.signIn("alice");
  const change = (body = '{"level":7}') =>
    alice.fetch("/state", { method: "PUT", body, headers: { "Content-Type": "application/json" }, agent: false });
  const waiting = (count = 1) =>
    until(`${count} calls wait`, async () => {
      const { items } = await gateway.cli("hold", "list");
      return items.length === count && items;
    });
  const nothingSent = () => assert.ok(!component.seen.some((line) => !line.startsWith("GET")), component.seen.join(", "));

  await stage.step("what waits can be read whole, and nothing was sent", async () => {
    const answer = change();
    const [hold] = await waiting();
    const shown = await gateway.cli("hold", "show", hold.id);
    assert.deepEqual([shown.engineer, shown.method, shown.target, shown.body, shown.operation], ["alice", "PUT", "/state", '{"level":7}', "PUT /state"]);
    assert.match((await gateway.plainCli("hold", "show", hold.id)).stdout, /\| \{"level":7\}/);
    nothingSent();
    assert.equal((await alice.fetch("/state")).status, 200, "others go on");
    await gateway.cli("hold", "refuse", hold.id, "--note", "not before Monday");
    const refused = await answer;
    assert.deepEqual([refused.status, refused.json.code], [403, "hold_refused"]);
    assert.match(refused.json.detail, /not before Monday/);
    nothingSent();
  });

  await stage.step("a pass lets exactly this call through", async () => {
    const answer = change();
    const [hold] = await waiting();
    await gateway.cli("hold", "pass", hold.id);
    assert.equal((await answer).status, 200);
    assert.equal(component.seen.at(-1), "PUT /state");
    assert.equal((await gateway.tryCli("hold", "pass", hold.id)).code, 1, "once");
    const next = change();
    const [again] = await waiting();
    await gateway.cli("hold", "refuse", again.id);
    assert.equal((await next).status, 403);
  });

  await stage.step("switching the capability off ends the waiting at once", async () => {
    const answer = change();
    await waiting();
    const before = component.seen.length;
    await gateway.cli("capability", "set", "state.write", "off");
    assert.equal((await answer).json.code, "capability_off");
    await waiting(0);
    await gateway.cli("capability", "set", "state.write", "on");
    assert.equal(component.seen.length, before);
  });

  await stage.step("an engineer who leaves withdraws it", async () => {
    const agent = new https.Agent();
    const left = alice.open("/state", { method: "DELETE", agent }).catch((error) => error.code);
    await waiting();
    agent.destroy();
    assert.equal(await left, "ECONNRESET");
    await waiting(0);
    await until("the log says so", async () =>
      (await gateway.events("--type", "hold.withdrawn")).some((event) => event.detail.why === "the client left"));
  });

  await stage.step("the end of the session ends it", async () => {
    const answer = change();
    await waiting();
    await gateway.cli("session", "end", alice.session);
    assert.deepEqual([(await answer).status, (await answer).json.code], [401, "session_ended"]);
    await waiting(0);
  });

  await stage.step("an enforcer that dies while a call waits loses nothing: it was not sent", async () => {
    const again = await gateway.signIn("alice");
    const lost = again.fetch("/state", { method: "PUT", body: "x", agent: false }).then((got) => got.status, () => "gone");
    await waiting();
    const before = component.seen.length;
    const enforcers = (await gateway.cli("status")).roles.filter((role) => role.name.startsWith("enforcer"));
    for (const role of enforcers) process.kill(role.pid, "SIGKILL");
    await waiting(0);
    assert.notEqual(await lost, 200);
    assert.equal(component.seen.length, before);
    const withdrawn = await until("it is in the log", async () =>
      (await gateway.events("--type", "hold.withdrawn")).find((event) => /started anew/.test(event.detail.why)));
    assert.equal(withdrawn.detail.engineer, "alice");
  });

  await stage.step("in the console, with nothing but a keyboard, for the session", async () => {
    const browser = stage.own(await Browser.start());
    const page = await browser.page();
    await page.goto(gateway.adminUrl);
    await page.getByLabel("Name").fill("admin");
    await page.getByLabel("Password").fill(gateway.password);
    await page.keyboard.press("Enter");
    await page.locator("#remote-access").waitFor();
    await until("every role is back", async () => (await gateway.cli("status")).roles.every((role) => role.state === "running"));
    const bob = await gateway.signIn("alice");
    const put = () => bob.fetch("/state", { method: "PUT", body: '{"from":"bob"}', headers: { "Content-Type": "application/json" }, agent: false });
    const answer = put();
    const section = page.locator("#holds");
    await section.getByText('"from": "bob"').waitFor();
    await look(page, "admin-hold");
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.locator("body").press("Home");
    await until("the button has the focus", async () => {
      await page.keyboard.press("Tab");
      return (await focused()) === "Let this operation pass for the session";
    });
    await page.keyboard.press("Enter");
    assert.equal((await answer).status, 200);
    await section.waitFor({ state: "detached" });
    assert.equal((await put()).status, 200, "the next one does not wait");
  });

  await stage.step("each step is an event with who", async () => {
    const events = (await gateway.events("--type", "hold")).reverse();
    const count = (type) => events.filter((event) => event.type === type).length;
    assert.equal(count("hold.created"), count("hold.passed") + count("hold.refused") + count("hold.withdrawn"));
    assert.ok(events.filter((event) => event.type === "hold.passed").every((event) => event.actor.startsWith("admin:")));
  });
});
