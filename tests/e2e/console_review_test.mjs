// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An auditor comes with a ticket and leaves with a verified report; every page of the console is looked at on the way: by axe-core, by
// the browser's own console, and, where POSTERN_SCREENSHOTS names a folder, in pictures. The engineer of this story writes hostile
// text wherever he may: it is shown, and nothing else.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { violations } from "./lib/accessible.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway, quickstartPolicy } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const kScript = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const kReversed = "abc\u202Egnp.exe";
const kCalls = 120; // more than the session's page loads at first
const kLong = "very-long-".repeat(60);

const littlePolicy = `
  orders.write:
    title: Change orders
    class: write
    operations: [ { call: "PUT /little/orders/{id}", before: "GET /little/orders/{id}" } ]
  orders.delete: { title: Delete orders, class: write, hold: true, operations: [ "DELETE /little/orders/{id}", "POST /little/orders" ] }
`;

const orders = () => {
  const documents = new Map([["/little/orders/7", { state: "open", lines: [{ article: "A", count: 1 }], note: kScript }]]);
  return LittleComponent.start((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      if (request.method === "PUT") documents.set(request.url, JSON.parse(body));
      const found = documents.get(request.url);
      if (request.method === "GET" && !found) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(found ?? {}));
    });
  });
};

const signIn = async (page, gateway) => {
  await page.goto(gateway.adminUrl);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(gateway.password);
  await page.keyboard.press("Enter");
  await page.locator("#remote-access").waitFor();
};

const owned = (page) => page.evaluate(() => document.title === "owned" || document.querySelector("main img, main script") !== null);

story("from a ticket to a verified report", async (stage) => {
  const monitoring = stage.own(await Monitoring.start());
  const little = stage.own(await orders());
  const policy = readFileSync(quickstartPolicy, "utf8").replace(/^capabilities:\n/m, `capabilities:${littlePolicy}`);
  const gateway = stage.own(await Gateway.start({ services: { ...monitoring.services, ...little.services }, policy }));
  const browser = stage.own(await Browser.start());
  const page = await browser.page();

  // visit: goes there, looks at it in every way, and finds nothing wrong.
  const visit = async (name, path, ready) => {
    if (path) await page.goto(gateway.adminUrl + path);
    await ready();
    assert.equal(await owned(page), false, `${name}: hostile text became markup`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, `${name}: wider than the window`);
    assert.deepEqual(await violations(page), [], name);
    await look(page, `console-${name}`);
  };

  let alice, session, request, heldAnswer;
  await stage.step("an engineer asks with a hostile reason, is let in, works, and is refused", async () => {
    await gateway.cli("engineer", "add", "alice", "--email", "alice@vendor.example");
    await gateway.cli("engineer", "approve", "alice");
    await gateway.cli("engineer", "add", "bob");
    await gateway.cli("remote-access", "set", "approved");
    const { items } = await gateway.cli("capability", "list");
    for (const one of items) await gateway.cli("capability", "set", one.name, "ask");
    alice = await gateway.signIn("alice");
    session = alice.session;
    const names = items.map((one) => one.name);
    const asked = await alice.send("POST", "/.postern/api/requests", { capabilities: names, reason: `${kScript} ${kReversed}`, ticket: "CASE-4711", duration: "2h" });
    request = asked.json.id;
    await gateway.cli("request", "approve", request);
    await alice.send("POST", "/.postern/api/requests", { capabilities: [names[0]], reason: kLong, ticket: kReversed, duration: "1h" });
    await alice.fetch(`/debug/${encodeURIComponent(kScript)}`, { headers: { "User-Agent": kScript } });
    await alice.fetch(`/prometheus/api/v1/query?query=${"x".repeat(700)}`);
    const put = await alice.send("PUT", "/little/orders/7", { state: "closed", lines: [{ article: "A", count: 1 }], note: kReversed });
    assert.equal(put.status, 200);
    for (let i = 0; i < kCalls; i++) assert.equal((await alice.fetch(`/prometheus/api/v1/query?query=up${i}`)).status, 200);
    heldAnswer = alice.fetch("/little/orders", { method: "POST", body: `{"a":1,"a":[2,{}],"text":${JSON.stringify(kScript)},"big":12345678901234567890}`, headers: { "Content-Type": "application/json" }, agent: false });
  });

  await stage.step("Home says who is inside, who waits, and how the gateway is", async () => {
    await page.goto(gateway.adminUrl);
    await look(page, "console-sign-in");
    assert.deepEqual(await violations(page), []);
    await signIn(page, gateway);
    page.troubles.length = 0; // who is not signed in yet is told so with 401
    await page.locator("#holds li").waitFor();
    // Only blanks were put between: the key that stands twice is seen twice, the number whole.
    const body = await page.locator("#holds pre").textContent();
    assert.match(body, /"a": 1,\n {2}"a": \[\n {4}2,\n {4}\{\}\n {2}\]/);
    assert.match(body, /12345678901234567890/);
    await visit("home", "", () => page.locator(".plot canvas").waitFor());
    await page.locator(".plot-says", { hasText: "exchanges" }).waitFor();
    await page.evaluate(() => document.querySelector("main").append(document.createElement("button")));
    assert.match((await violations(page)).join(), /button-name/, "what is wrong is found");
    await page.evaluate(() => document.querySelector("main > button").remove());
  });

  await stage.step("the switch says whom it would cut off", async () => {
    await page.locator("#remote-access").getByText("Read-only").first().click();
    await page.locator(".confirm-says", { hasText: /Cuts off now: alice \(loses \d+ capabilities\)/ }).waitFor();
    await look(page, "console-home-switch");
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Let it pass" }).click();
    assert.equal((await heldAnswer).status, 200);
  });

  await stage.step("Permissions: filters in the address, several at once, and who loses what", async () => {
    await page.getByRole("link", { name: "Permissions" }).click();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "page-title");
    assert.match(await page.title(), /Permissions · Postern$/);
    await page.getByText(/Last used/).first().waitFor();
    await visit("permissions", "", () => page.locator("#capabilities li.row").first().waitFor());
    await page.getByLabel("Class").selectOption("write");
    await until("the address has the filter", () => page.url().endsWith("/permissions?class=write"));
    await page.getByLabel("Select all of orders").check();
    await page.getByRole("button", { name: "Switch all off" }).click();
    await page.locator(".confirm-says", { hasText: "Cuts off now: alice." }).waitFor();
    await visit("permissions-several", "", () => page.locator(".several").waitFor());
    await page.locator(".several form").getByRole("button", { name: "Switch all off" }).click();
    await until("both are off", async () =>
      (await gateway.cli("capability", "list")).items.filter((one) => one.name.startsWith("orders.")).every((one) => one.setting === "off"));
    await page.goBack();
    await until("back leads to where it was unfiltered", () => page.url().endsWith("/permissions"));
  });

  await stage.step("Requests, one request, and the grant that it led to", async () => {
    await visit("requests", "/requests", () => page.locator("#requests li", { hasText: "very-long-" }).waitFor());
    await page.locator("#grants a").first().click();
    await visit("grant", "", () => page.getByText("active", { exact: true }).waitFor());
    await page.getByRole("link", { name: request }).click();
    await visit("request", "", () => page.getByText("CASE-4711").first().waitFor());
    assert.match(await page.locator("dl").textContent(), /abc\\u202egnp\.exe/);
  });

  await stage.step("a live session is followed, then ended", async () => {
    await visit("sessions", "/sessions", () => page.locator("#sessions tbody tr", { hasText: "alice" }).waitFor());
    await page.locator("#sessions").getByRole("link", { name: "alice" }).click();
    await page.locator(".exchange").first().waitFor();
    const asked = [];
    page.on("request", (one) => one.url().includes("/exchanges") && asked.push(new URL(one.url()).searchParams));
    await alice.fetch("/prometheus/api/v1/query?query=followed");
    const followed = page.locator(".exchange").first().filter({ hasText: "followed" });
    await followed.waitFor();
    await followed.locator(".exchange-outcome", { hasText: "200" }).waitFor();
    assert.ok(asked.length > 0 && asked.every((query) => query.has("after")), "what is known is not asked for again");
    await visit("session-live", "", () => page.locator("#exchanges").waitFor());
    await gateway.cli("session", "end", session);
    await page.getByText("ended by an administrator").waitFor();
  });

  await stage.step("the auditor finds the session by its ticket, a word of it, and its outcome", async () => {
    await visit("past-sessions", "/sessions/past", () => page.locator("#past-sessions tbody tr").waitFor());
    for (const [label, text] of [["Ticket", "case-4711"], ["Text in its events", "query=up3"], ["Engineer", "alice"]]) {
      await page.goto(`${gateway.adminUrl}/sessions/past`);
      await page.getByLabel(label).fill(text);
      await page.keyboard.press("Enter");
      await until("the address has the filter", () => page.url().includes(`=${encodeURIComponent(text)}`));
      await page.locator("#past-sessions tbody tr", { hasText: "alice" }).waitFor();
    }
    await page.getByLabel("Ticket").fill("CASE-0");
    await page.keyboard.press("Enter");
    await page.getByText("No session fits.").waitFor();
    for (const outcome of ["changed", "refused", "revoked"]) {
      await page.goto(`${gateway.adminUrl}/sessions/past?outcome=${outcome}`);
      await page.locator("#past-sessions tbody tr", { hasText: "alice" }).waitFor();
    }
  });

  await stage.step("the session page: refusals, the change with its undo, verified against the signed log", async () => {
    await page.locator("#past-sessions").getByRole("link", { name: "alice" }).click();
    await page.locator("#changes", { hasText: "/state" }).waitFor();
    assert.match(await page.locator("#changes .undo").textContent(), /PUT \/little\/orders\/7/);
    await until("the checkpoint covers the session", async () => {
      await page.getByRole("button", { name: "Verify this session" }).click();
      await page.locator("#verify button:not([aria-busy=true])").waitFor();
      return /Verified: all \d+ events/.test(await page.locator("#verify").textContent());
    });
    await visit("session", "", () => page.locator(".exchange-refused").first().waitFor());
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".nav").isVisible(), false);
    await page.emulateMedia({ media: null });
    await page.locator("#exchanges").getByLabel("Show").selectOption("refused");
    await until("only refused ones are shown", async () => (await page.locator(".exchange:not(.exchange-refused)").count()) === 0);
    await page.locator(".exchange-refused summary").first().click();
    await visit("session-refused", "", () => page.locator(".exchange-refused dl").first().waitFor());
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /tlog-proof/ }).click()]);
    assert.match(download.suggestedFilename(), /\.tlog-proof$/);
  });

  await stage.step("the printed report has every exchange", async () => {
    await page.locator("#exchanges").getByLabel("Show").selectOption("");
    await until("one page of them is shown", async () => (await page.locator(".exchange").count()) === 100);
    await page.evaluate(() => (window.print = () => (window.printed = document.querySelectorAll(".exchange").length)));
    await page.getByRole("button", { name: "Print report" }).click();
    assert.ok((await until("it is printed", () => page.evaluate(() => window.printed))) > kCalls);
  });

  await stage.step("Events: filtered, followed live, each with its own page", async () => {
    await visit("events", "/events", () => page.locator("#events li.event").first().waitFor());
    await page.getByLabel("Severity").selectOption("warning");
    await until("the address has the filter", () => page.url().includes("severity=warning"));
    await until("no info is left", async () => (await page.locator("#events li.event-info").count()) === 0);
    await page.goto(`${gateway.adminUrl}/events?type=permission`);
    await page.locator("#events li.event").first().waitFor();
    const newest = await page.locator("#events li.event").first().textContent();
    await gateway.cli("remote-access", "set", "off");
    await until("it appears at the top", async () => (await page.locator("#events li.event").first().textContent()) !== newest);
    await page.locator("#events li.event summary").first().click();
    await page.getByRole("link", { name: "This event alone" }).click();
    await visit("event", "", () => page.locator("#event pre").waitFor());
    await visit("event-missing", "/events/01JD7Z3V5T4Q2N8M6K0H1F9C3B", () => page.getByRole("alert").waitFor());
    page.troubles.length = 0; // that one is answered 404, as it must be
  });

  await stage.step("Engineers, and a place that is none", async () => {
    await visit("engineers", "/engineers", () => page.locator("#engineers li", { hasText: "bob" }).waitFor());
    await visit("not-found", "/sessions/a/b", () => page.getByText("There is no such page").waitFor());
    // Another address ends the live line of the page before.
    assert.deepEqual(page.troubles.filter((one) => !/events\/stream net::ERR_ABORTED/.test(one)), []);
  });

  await stage.step("nothing leaves the gateway, and the first page is small", async () => {
    const fresh = await browser.page();
    const seen = [];
    fresh.on("response", (response) => seen.push(response));
    await signIn(fresh, gateway);
    assert.ok(seen.every((response) => response.url().startsWith(gateway.adminUrl) || response.url().startsWith("data:")), "a request left the gateway");
    let size = 0;
    for (const response of seen.filter((one) => !one.url().includes("/api/") && one.url().startsWith("https"))) size += gzipSync(await response.body()).length;
    stage.say(`the first page is ${(size / 1000).toFixed(0)} kB compressed`);
    assert.ok(size < 200_000 && size > 1_000, String(size));
  });
});
