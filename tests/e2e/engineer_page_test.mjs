// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The engineer's own page while things happen elsewhere: a call that waits is shown and goes by itself once somebody decided, and what is
// approved can be asked for once more before it ends, with nothing but a keyboard.
import assert from "node:assert/strict";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change the state, class: write, hold: true, operations: [ "PUT /state" ] }
`;

story("an engineer sees what waits and asks for longer", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("done\n"))));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.write"]);
  await gateway.cli("remote-access", "set", "approved");
  await gateway.cli("capability", "set", "state.read", "ask");
  await gateway.cli("capability", "set", "state.write", "ask");
  const alice = await gateway.signIn("alice");
  const asked = await alice.send("POST", "/.postern/api/requests", { capabilities: ["state.read", "state.write"], reason: "ticket 7", duration: "1h" });
  assert.equal(asked.status, 201, asked.text);
  await gateway.cli("request", "approve", asked.json.id);

  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  await page.context().addCookies([{ name: "__Host-postern", value: alice.secret, url: gateway.url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  await page.goto(`${gateway.url}/.postern/`);
  await page.getByRole("heading", { name: "What you may do now" }).waitFor();

  await stage.step("a call that waits appears on the open page, and goes when it may pass", async () => {
    const answer = alice.fetch("/state", { method: "PUT", body: "level=7", headers: { "Content-Type": "text/plain" }, agent: false });
    const waiting = page.locator("section", { hasText: "Waits for an administrator" });
    await waiting.getByText("PUT").waitFor({ timeout: 20_000 });
    const { json } = await alice.fetch("/.postern/api/session");
    assert.deepEqual(json.waiting.map((one) => [one.method, one.target, one.capability]), [["PUT", "/state", "state.write"]]);
    await waiting.getByText(json.waiting[0].id).waitFor();
    await look(page, "engineer-waiting");
    await gateway.cli("hold", "pass", json.waiting[0].id);
    assert.equal((await answer).status, 200);
    await waiting.waitFor({ state: "detached", timeout: 20_000 });
  });

  await stage.step("what is approved is asked for once more, by keyboard", async () => {
    const grants = page.locator("section", { hasText: "Approved for you" });
    await grants.getByText("Ask for longer").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("It takes until tomorrow");
    await look(page, "engineer-longer");
    for (let tabs = 0; tabs < 3; ++tabs) await page.keyboard.press("Tab"); // ticket, duration, the button
    await page.keyboard.press("Enter");
    await page.getByText("It takes until tomorrow").waitFor();
    const [request] = await until("the request is there", async () => {
      const { items } = await gateway.cli("request", "list");
      const pending = items.filter((item) => item.state === "pending");
      return pending.length === 1 && pending;
    });
    assert.deepEqual([request.capabilities, request.reason], [["state.read", "state.write"], "It takes until tomorrow"]);
  });
  assert.deepEqual(page.troubles, []);
});
