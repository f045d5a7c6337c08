// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that an administrator lets pass one by one: by command, by API, in the console with nothing but a keyboard. Whatever ends the
// waiting without a pass leaves nothing at the component.
import assert from "node:assert/strict";
import https from "node:https";
import { violations } from "./lib/accessible.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change the state, class: write, hold: true, operations: [ "PUT /state", "DELETE /state" ] }
  orders.write:
    title: Change orders
    class: write
    hold: true
    operations:
      - { call: "PUT /orders/{id}", before: "GET /orders/{id}" }
      - { call: "DELETE /orders/{id}", before: "GET /orders/{id}" }
      - { call: "POST /orders", before: "GET /orders" }
redact:
  - json: $..pin
`;

story("a call waits until an administrator lets it pass or not", async (stage) => {
  const documents = new Map([["/orders/7", { state: "open", pin: "pin-4711", lines: [{ article: "A", count: 1 }] }], ["/orders", [{ id: 7 }]]]);
  const component = stage.own(
    await LittleComponent.start((request, response) =>
      request.resume().on("end", () => {
        const found = request.method === "GET" && documents.get(request.url);
        if (found) return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(found));
        response.writeHead(request.method === "GET" && request.url !== "/state" ? 404 : 200).end("done\n");
      }),
    ),
  );
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.read", "state.write", "orders.write"]);
  const alice = await gateway.signIn("alice");
  const change = (body = '{"level":7}') =>
    alice.fetch("/state", { method: "PUT", body, headers: { "Content-Type": "application/json" }, agent: false });
  const waiting = (count = 1) =>
    until(`${count} calls wait`, async () => {
      const { items } = await gateway.cli("hold", "list");
      return items.length === count && items;
    });
  let sent = 0;
  const nothingSent = () => assert.deepEqual(component.seen.slice(sent).filter((line) => !line.startsWith("GET")), []);

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

  await stage.step("what could not be shown whole does not wait, and its event says how long it was", async () => {
    const long = `/state?level=1&note=${"a".repeat(4_200)}&drop=everything`;
    const refused = await alice.fetch(long, { method: "PUT", body: "{}", headers: { "Content-Type": "application/json" } });
    assert.deepEqual([refused.status, refused.json.code], [414, "target_too_long"]);
    nothingSent();
    const event = await until("it is in the log", async () => (await gateway.events("--type", "exchange.refused")).find(({ detail }) => detail.code === "target_too_long"));
    assert.deepEqual([event.detail.target, event.detail.target_bytes], [long.slice(0, 4_096), long.length]);
  });

  await stage.step("a pass lets exactly this call through", async () => {
    const answer = change();
    const [hold] = await waiting();
    await gateway.cli("hold", "pass", hold.id);
    assert.equal((await answer).status, 200);
    assert.equal(component.seen.at(-1), "PUT /state");
    sent = component.seen.length;
    assert.equal((await gateway.tryCli("hold", "pass", hold.id)).code, 1, "once");
    const next = change();
    const [again] = await waiting();
    await gateway.cli("hold", "refuse", again.id);
    assert.equal((await next).status, 403);
  });

  const order = (method, path, body) =>
    alice.fetch(path, { method, agent: false, ...(body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }) });
  const compared = () => until("it is compared", async () => {
    const [hold] = await waiting();
    const shown = await gateway.cli("hold", "show", hold.id);
    return shown.before && shown;
  });

  await stage.step("what it would change is read before anybody decides, and shown old beside new", async () => {
    const answer = order("PUT", "/orders/7", { state: "closed", pin: "pin-4711", lines: [{ article: "A", count: 1 }] });
    const hold = await compared();
    assert.deepEqual(hold.before.patch, [{ op: "replace", path: "/state", old: "open", value: "closed" }]);
    assert.equal(hold.before.document.state, "open");
    assert.doesNotMatch(JSON.stringify(hold), /pin-4711/);
    assert.match((await gateway.plainCli("hold", "show", hold.id)).stdout, /replace \/state {2}was "open" {2}would be "closed"/);
    nothingSent();
    await gateway.cli("hold", "refuse", hold.id);
    assert.equal((await answer).status, 403);
    const event = await until("it stands in the log", async () => (await gateway.events("--type", "hold.compared"))[0]);
    assert.deepEqual([event.detail.hold, event.detail.read, event.detail.changes], [hold.id, "/orders/7", 1]);
    const readings = (await gateway.events("--type", "exchange.forwarded")).filter((one) => one.detail.hold === hold.id);
    assert.deepEqual(readings.map((one) => [one.detail.method, one.detail.class]), [["GET", "read"]]);
  });

  await stage.step("where only the component knows, or nothing can be read, that is said", async () => {
    const created = order("POST", "/orders", { article: "B" });
    const listed = await compared();
    assert.deepEqual([listed.before.document, listed.before.patch, listed.before.changes], [[{ id: 7 }], undefined, 0]);
    await gateway.cli("hold", "refuse", listed.id);
    await created;
    const missing = order("DELETE", "/orders/8");
    const none = await compared();
    assert.equal(none.before.why, "it answered 404");
    await gateway.cli("hold", "refuse", none.id);
    assert.equal((await missing).status, 403);
    nothingSent();
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

  let page;
  await stage.step("in the console, with nothing but a keyboard, for the session", async () => {
    const browser = stage.own(await Browser.start());
    page = await atConsole(browser, gateway);
    await until("every role is back", async () => (await gateway.cli("status")).roles.every((role) => role.state === "running"));
    const bob = await gateway.signIn("alice");
    const put = () => bob.fetch("/state", { method: "PUT", body: '{"from":"bob"}', headers: { "Content-Type": "application/json" }, agent: false });
    const answer = put();
    const section = page.locator("#holds");
    await section.getByText('"from": "bob"').waitFor();
    await look(page, "admin-hold");
    const others = [
      bob.fetch("/orders/7", { method: "PUT", body: '{"state":"closed","lines":[]}', headers: { "Content-Type": "application/json" }, agent: false }),
      bob.fetch("/orders", { method: "POST", body: '{"article":"B"}', headers: { "Content-Type": "application/json" }, agent: false }),
    ];
    const changed = section.locator(".row", { hasText: "PUT /orders/7" });
    const state = changed.locator(".diff tr", { hasText: "/state" });
    await state.waitFor();
    assert.deepEqual([await state.locator("del").textContent(), await state.locator("ins").textContent()], ["open", "closed"]);
    const listed = section.locator(".row", { hasText: "POST /orders" });
    await listed.getByText("What the call makes of the document is for the component to decide.").waitFor();
    await changed.locator("summary").click();
    assert.deepEqual(await violations(page), []);
    await look(page, "admin-hold-changes");
    for (const row of [changed, listed]) {
      await row.getByRole("button", { name: "Refuse" }).click();
      await row.getByRole("button", { name: "Refuse" }).click();
    }
    assert.deepEqual((await Promise.all(others)).map((one) => one.status), [403, 403]);
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

  await stage.step("an admin who showed long ago who they are shows it again, and then it passes", async () => {
    // The page is told what it would be told ten minutes from now; all after that is the gateway's own.
    await page.route("**/api/v1/holds/*/pass", (route) =>
      route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ status: 403, title: "Show again that it is you", code: "reauthenticate" }) }), { times: 1 });
    const bob = await gateway.signIn("alice");
    const answer = bob.fetch("/state", { method: "PUT", body: '{"from":"late"}', headers: { "Content-Type": "application/json" }, agent: false });
    const section = page.locator("#holds");
    await section.getByText('"from": "late"').waitFor();
    await section.getByRole("button", { name: "Let it pass" }).click();
    const dialog = page.getByRole("dialog", { name: "Is it still you?" });
    await dialog.getByLabel("Password").fill(gateway.password);
    await look(page, "admin-hold-proof");
    await dialog.getByRole("button", { name: "Continue" }).click();
    assert.equal((await answer).status, 200);
    await section.waitFor({ state: "detached" });
    await until("the log has who showed it", async () => (await gateway.events("--type", "admin.proved")).length === 1);
    page.troubles.length = 0; // what the page was told
  });

  await stage.step("each step is an event with who", async () => {
    const events = (await gateway.events("--type", "hold")).reverse();
    const count = (type) => events.filter((event) => event.type === type).length;
    assert.equal(count("hold.created"), count("hold.passed") + count("hold.refused") + count("hold.withdrawn"));
    assert.ok(events.filter((event) => event.type === "hold.passed").every((event) => event.actor.startsWith("admin:")));
  });
});
