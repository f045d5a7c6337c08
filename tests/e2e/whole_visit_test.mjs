// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One visit from the first sign-in of the first admin to the verified record, all of it in browsers: a passkey, a request, its approval,
// work at a real Prometheus and a real Alertmanager, a change that waits and is let pass, the end, and what an auditor finds of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Device } from "./lib/authenticator.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { Monitoring } from "./lib/component.mjs";
import { Gateway, quickstartPolicy } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = readFileSync(quickstartPolicy, "utf8").replace(/^( {2}silences\.write:\n)/m, "$1    hold: true\n");

const silence = () => ({
  matchers: [{ name: "job", value: "missing", isRegex: false, isEqual: true }],
  startsAt: new Date().toISOString(),
  endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  createdBy: "alice",
  comment: "known since Monday",
});

// What Alertmanager's web application would send; Debian's has none.
const create = (page) =>
  page.evaluate(async (body) => {
    const answer = await fetch("/alertmanager/api/v2/silences", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return { status: answer.status, event: answer.headers.get("postern-event") };
  }, JSON.stringify(silence()));

story("a visit, from the first sign-in to the verified record", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const browser = stage.own(await Browser.start());
  const [admin, engineer] = [await browser.page(), await browser.page()];
  const device = new Device();
  const goTo = (name) => admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
  const silences = async () => (await fetch(`${component.services.alertmanager}/alertmanager/api/v2/silences`)).json();

  await stage.step("the first admin signs in with what init printed, and from then on with a passkey", async () => {
    await device.give(admin);
    await admin.goto(gateway.adminUrl);
    await admin.getByLabel("Name").fill("admin");
    await admin.getByLabel("Password").fill(gateway.password);
    await admin.getByRole("button", { name: "Sign in", exact: true }).click();
    await admin.locator("#remote-access").waitFor();
    await admin.getByRole("banner").getByRole("link", { name: /admin/ }).click();
    await admin.getByRole("button", { name: "Add a passkey" }).click();
    await admin.getByLabel("What do you call it?").fill("Laptop");
    await admin.getByRole("button", { name: "Continue in the browser" }).click();
    await admin.locator("#passkeys li.row", { hasText: "Laptop" }).waitFor();
    await admin.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await admin.getByRole("button", { name: "Use a passkey" }).click();
    await admin.getByRole("heading", { name: "Your account" }).waitFor();
    admin.troubles.length = 0; // who is not signed in yet is told so with 401
  });

  await stage.step("the admin allows approved visits, and lets two things be asked for", async () => {
    await goTo("Home");
    await admin.locator("#remote-access").getByText("Approved visits").first().click();
    await admin.locator("#remote-access").getByRole("button", { name: "Allow approved visits" }).click();
    await admin.locator("#remote-access .mode-now", { hasText: "Approved visits" }).waitFor();
    await goTo("Permissions");
    for (const title of ["See alerts and silences", "Create, change and expire silences", "Query metrics"]) {
      const row = admin.locator("li.row", { has: admin.getByText(title, { exact: true }) });
      await row.getByRole("radio", { name: "Ask" }).click();
      await row.locator("form.confirm button[type=submit], form.confirm .primary").first().click();
      await row.locator("form.confirm").waitFor({ state: "detached" });
    }
    await gateway.cli("engineer", "add", "alice", "--email", "alice@vendor.example");
    await gateway.cli("engineer", "approve", "alice");
  });

  await stage.step("an engineer follows the link, sees that nothing is open, and asks", async () => {
    await engineer.goto((await gateway.cli("pass", "issue", "--engineer", "alice")).link);
    await engineer.waitForURL(`${gateway.url}/.postern/`);
    const form = engineer.locator("#request");
    for (const name of ["alerts.read", "silences.write", "metrics.read"]) await form.locator(`input[value="${name}"]`).check();
    await form.getByLabel("Reason").fill("the alert is known and wakes people");
    await form.getByLabel("Ticket").fill("CASE-8");
    await form.getByRole("button", { name: "Send request" }).click();
    await engineer.locator("#requests").getByText("the alert is known").waitFor();
  });

  await stage.step("the admin sees it come and approves", async () => {
    await goTo("Requests");
    const row = admin.locator("#requests li.request", { hasText: "CASE-8" });
    await row.getByRole("button", { name: "Approve" }).click();
    await admin.locator("form.confirm").getByRole("button", { name: "Approve" }).click();
    await engineer.locator("section", { hasText: "Approved for you" }).getByText("silences.write").waitFor({ timeout: 10_000 });
  });

  await stage.step("the engineer works with Prometheus' own page", async () => {
    await engineer.goto(`${gateway.url}/prometheus/classic/graph?g0.expr=up&g0.tab=1`);
    await engineer.locator("text=instance=").first().waitFor();
    await look(engineer, "visit-prometheus");
  });

  await stage.step("a change waits until the admin has read it, and is let pass", async () => {
    await engineer.goto(`${gateway.url}/alertmanager/`);
    const answer = create(engineer);
    await goTo("Home");
    const hold = admin.locator("#holds li", { hasText: "/alertmanager/api/v2/silences" });
    await hold.getByText("known since Monday").waitFor();
    await look(admin, "visit-hold");
    assert.deepEqual(await silences(), [], "nothing was sent");
    await hold.getByRole("button", { name: "Let it pass" }).click();
    assert.equal((await answer).status, 200);
    assert.deepEqual((await silences()).map((one) => [one.comment, one.status.state]), [["known since Monday", "active"]]);
  });

  await stage.step("the admin ends the session, and the engineer is out at once", async () => {
    await goTo("Sessions");
    await admin.locator("#sessions tbody tr", { hasText: "alice" }).getByRole("button", { name: "End" }).click();
    await admin.getByRole("button", { name: "End session" }).click();
    await until("nobody is inside", async () => (await admin.locator("#sessions tbody tr").count()) === 0);
    assert.equal((await create(engineer)).status, 401);
    assert.equal((await silences()).length, 1);
  });

  await stage.step("an auditor gets from the ticket to what was done, and verifies it", async () => {
    const found = admin.locator("#past-sessions").getByRole("link", { name: "alice" });
    await until("the session is found", async () => {
      await admin.goto(`${gateway.adminUrl}/sessions/past?ticket=CASE-8`);
      await admin.locator("#past-sessions tbody tr, #past-sessions .empty").first().waitFor();
      return (await found.count()) > 0;
    });
    await found.click();
    await admin.locator(".exchange", { hasText: "/alertmanager/api/v2/silences" }).first().waitFor();
    await admin.locator(".let-in-list").getByRole("link", { name: "CASE-8" }).waitFor();
    assert.match(await admin.locator(".let-in-list").textContent(), /the alert is known and wakes people.*silences\.write.*approved by admin/);
    await until("the checkpoint covers the session", async () => {
      await admin.getByRole("button", { name: "Verify this session" }).click();
      await admin.locator("#verify button:not([aria-busy=true])").waitFor();
      return /Verified: all \d+ events/.test(await admin.locator("#verify").textContent());
    });
    await look(admin, "visit-verified");
  });

  await stage.step("the log tells the visit in order", async () => {
    const wanted = ["admin.passkey_added", "permission.changed", "request.created", "request.approved", "hold.created", "hold.passed", "session.ended"];
    const told = (await gateway.events()).reverse().map((one) => one.type).filter((type) => wanted.includes(type));
    assert.deepEqual([...new Set(told)], wanted);
    assert.deepEqual(admin.troubles.filter((one) => !/ERR_ABORTED/.test(one)), []);
  });
});
