// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An administrator at the console: signs in with what init printed, opens and closes the door, sees who is in and shows them out; with
// the mouse and, for the switch that matters most, with nothing but a keyboard.
import assert from "node:assert/strict";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, description: What the component says about itself., group: State, class: read, operations: [ "GET /state" ] }
  state.write:
    title: Change the state
    group: State
    class: write
    operations: [ "PUT /state" ]
never: [ "ANY /secret" ]
`;

const signIn = async (page, gateway, password) => {
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};

story("an administrator works with the console", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const browser = stage.own(await Browser.start());
  await gateway.cli("engineer", "add", "alice", "--email", "alice@vendor.example");
  await gateway.cli("engineer", "approve", "alice");
  const page = await browser.page();
  const access = page.locator("#remote-access");
  const capability = (title) => page.locator("#capabilities li.row", { hasText: title });
  const goTo = (name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
  const mode = async () => (await gateway.cli("remote-access", "show")).mode;

  await stage.step("a wrong password is refused, in words and in the log", async () => {
    await page.goto(gateway.adminUrl);
    await look(page, "admin-sign-in");
    await signIn(page, gateway, "not-the-password");
    // What the page says is asked too: any other trouble is another story, and nothing of it would be in the log.
    await page.getByRole("alert").getByText("Name or password is wrong").waitFor();
    await look(page, "admin-sign-in-refused");
    // The name is not told: people type passwords into the wrong field.
    const refused = await until("it is in the log", async () =>
      (await gateway.events("--type", "admin.refused")).find((event) => event.detail.code === "sign_in_refused"));
    assert.equal(refused.detail.command, "POST /api/v1/sign-in");
    page.troubles.length = 0;
  });

  await stage.step("the password that init printed signs in", async () => {
    await signIn(page, gateway, gateway.password);
    await access.waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    // No health check is configured: that is no fault, and nothing to be calm about either.
    await page.locator("#gateway .tile.fact-plain", { hasText: "1 not checked" }).waitFor(); // a node beside it may have a port that ends in 1
    assert.equal((await gateway.cli("status")).component.nodes[0].state, "not_checked");
    assert.match((await gateway.plainCli("status")).stdout, /127\.0\.0\.1:\d+\s+not checked/);
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ["__Host-postern-admin", true, true, "Strict"]);
    await look(page, "admin-closed");
  });

  await stage.step("choosing a mode changes nothing before it is confirmed", async () => {
    await access.getByText("All capabilities").first().click();
    await access.getByRole("button", { name: "Open all capabilities" }).waitFor();
    await look(page, "admin-confirm-all");
    assert.equal(await mode(), "off");
    await access.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await mode(), "off");
  });

  await stage.step("with the keyboard alone: to read-only, confirmed with Enter", async () => {
    await page.locator("body").press("Home");
    await until("the switch has the focus", async () => {
      await page.keyboard.press("Tab");
      return page.evaluate(() => document.activeElement?.getAttribute("name") === "remote-access");
    });
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const confirm = access.getByRole("button", { name: "Open read-only" });
    await confirm.waitFor();
    assert.equal(await mode(), "off");
    await until("the button has the focus", async () => {
      await page.keyboard.press("Tab");
      return confirm.evaluate((button) => document.activeElement === button);
    });
    await page.keyboard.press("Enter");
    await until("it is read-only", async () => (await mode()) === "read-only");
    await access.locator(".mode-now", { hasText: "Read-only" }).waitFor();
  });

  await stage.step("Escape leaves the confirmation", async () => {
    await access.getByText("All capabilities").first().click();
    await access.getByRole("button", { name: "Open all capabilities" }).waitFor();
    await page.keyboard.press("Escape");
    await access.getByRole("button", { name: "Open all capabilities" }).waitFor({ state: "detached" });
    assert.equal(await mode(), "read-only");
  });

  await stage.step("with the mouse: open all", async () => {
    await access.getByText("All capabilities").first().click();
    await access.getByRole("button", { name: "Open all capabilities" }).click();
    await until("it is all", async () => (await mode()) === "all");
  });

  await stage.step("a capability is switched on", async () => {
    await goTo("Permissions");
    const row = capability("See the state");
    await row.getByRole("radio", { name: "On" }).click();
    await row.getByRole("button", { name: "Switch on" }).click();
    await until("it is on", async () => (await gateway.cli("capability", "list")).items.find((one) => one.name === "state.read").setting === "on");
    await look(page, "admin-open");
  });

  let alice;
  await stage.step("a session appears by itself", async () => {
    await goTo("Home");
    alice = await gateway.signIn("alice");
    const opened = performance.now();
    await page.locator("#sessions tbody tr", { hasText: "alice" }).waitFor();
    stage.say(`the session was on the page ${(performance.now() - opened).toFixed(0)} ms after the engineer had it`);
  });

  await stage.step("what the engineer does appears among the latest events", async () => {
    await alice.fetch("/state");
    const refused = await alice.fetch("/secret");
    const figures = page.locator("#sessions tbody tr", { hasText: "alice" }).locator("td.number");
    await until("the session's figures follow", async () => (await figures.allTextContents()).join() === "1,1");
    await goTo("Events");
    await page.locator("#events li.event-severe", { hasText: "/secret" }).waitFor();
    await page.locator("#events li.event-severe summary").first().click();
    await page.locator("#events pre", { hasText: refused.event }).waitFor();
    await look(page, "admin-events");
  });

  await stage.step("End ends the session", async () => {
    await goTo("Sessions");
    const sessions = page.locator("#sessions");
    await sessions.getByRole("button", { name: /End the session of/ }).click();
    await look(page, "admin-confirm-end");
    await sessions.getByRole("button", { name: "End session" }).click();
    await sessions.getByText("Nobody from support is connected.").waitFor();
    const answer = await alice.fetch("/state");
    assert.deepEqual([answer.status, answer.json.code], [401, "session_ended"]);
    await goTo("Events");
    await page.locator("#events", { hasText: "session.ended" }).waitFor();
  });

  await stage.step("a change made elsewhere shows without reloading", async () => {
    await goTo("Home");
    await gateway.cli("remote-access", "set", "off");
    await access.locator(".mode-now", { hasText: "Off" }).waitFor();
  });

  await stage.step("a pass issued here signs in", async () => {
    await gateway.cli("remote-access", "set", "all");
    await goTo("Engineers");
    await page.getByRole("button", { name: /Issue pass for/ }).click();
    const link = await page.locator("#engineers .pass input").inputValue();
    await look(page, "admin-pass");
    const engineer = await browser.page();
    await engineer.goto(link);
    await engineer.waitForURL(`${gateway.url}/.postern/`);
    await goTo("Sessions");
    await page.locator("#sessions tbody tr", { hasText: "alice" }).waitFor();
  });

  await stage.step("nothing in the browser's console was red, and signing out leaves nothing", async () => {
    assert.deepEqual(page.troubles, []);
    const [cookie] = await page.context().cookies();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Password").waitFor();
    const client = gateway.adminClient();
    client.cookie = `${cookie.name}=${cookie.value}`;
    assert.equal((await client.fetch("/api/v1/status")).status, 401);
    client.close();
  });
});

story("the two faces never meet", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.read"]);
  const alice = await gateway.signIn("alice");
  const admin = gateway.adminClient();

  await stage.step("an engineer's cookie and pass are worth nothing at the admin listener", async () => {
    for (const name of ["__Host-postern", "__Host-postern-admin"]) {
      admin.cookie = `${name}=${alice.secret}`;
      assert.equal((await admin.fetch("/api/v1/status")).status, 401);
    }
    admin.cookie = undefined;
    const answer = await admin.send("POST", "/api/v1/sign-in", { name: "alice", password: alice.pass });
    assert.ok(answer.status === 401 || answer.status === 403, String(answer.status));
  });

  await stage.step("an admin's cookie is worth nothing at the support listener, and the API is not there", async () => {
    const answer = await admin.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password });
    assert.equal(answer.status, 200);
    const client = gateway.client();
    client.cookie = admin.cookie;
    assert.equal((await client.fetch("/state")).status, 401);
    client.cookie = admin.cookie.replace("-admin", "");
    assert.equal((await client.fetch("/state")).status, 401);
    client.close();
    assert.equal((await alice.fetch("/api/v1/status")).json.code, "operation_not_listed");
  });

  await stage.step("a change from another site is refused", async () => {
    const answer = await admin.send("PUT", "/api/v1/remote-access", { mode: "off" }, { Origin: "https://elsewhere.example", "Sec-Fetch-Site": "cross-site" });
    assert.equal(answer.status, 403);
    assert.equal((await gateway.cli("remote-access", "show")).mode, "all");
    assert.equal((await alice.fetch("/state")).status, 200);
  });
  admin.close();
});
