// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An engineer follows the link that an admin sent, works with Prometheus' own pages as if they were served here, meets the limits of
// what was switched on as a page that can be read, and leaves.
import assert from "node:assert/strict";
import { Browser, look } from "./lib/browser.mjs";
import { Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const graph = "/prometheus/classic/graph?g0.expr=up&g0.tab=0&g0.range_input=5m";

// A drawn graph is lines with many points in an SVG, not only an element that is there.
const drawGraph = async (page, url) => {
  await page.goto(url);
  await page.waitForFunction(() =>
    [...document.querySelectorAll("svg path")].some((path) => (path.getAttribute("d") ?? "").split(/[LCS,]/).length > 4),
  );
  await page.waitForLoadState("networkidle");
};

// What a page complains about, without where it came from, so that two origins can be compared.
const complaints = (page) => page.troubles.map((line) => line.replaceAll(/https?:\/\/(localhost|127\.0\.0\.1):\d+/g, "")).sort();

story("an engineer uses Prometheus' own pages through the gateway", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const browser = stage.own(await Browser.start());
  await gateway.admit("alice", ["metrics.read", "targets.read", "alerts.read"]);
  await gateway.cli("capability", "set", "status.read", "ask");
  await until("Prometheus has seen its targets a few times", async () => {
    const answer = await fetch(`${component.services.prometheus}/prometheus/api/v1/query?query=count_over_time(up[1m])>4`);
    return (await answer.json()).data.result.length >= 2;
  }, 30_000);
  const page = await browser.page();

  await stage.step("the address alone leads to the sign-in page", async () => {
    await page.goto(`${gateway.url}/.postern/`);
    assert.equal(new URL(page.url()).pathname, "/.postern/sign-in");
    await look(page, "engineer-sign-in");
  });

  await stage.step("a pass that is none is refused on the page itself", async () => {
    await page.locator("input[name=pass]").fill("postern-pass-v1.no.pass");
    await page.locator("form[data-sign-in] button[type=submit]").click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.locator("input[name=pass]").count(), 1, "it can be tried again");
    await look(page, "engineer-sign-in-refused");
    page.troubles.length = 0;
  });

  await stage.step("the link signs in, and the pass is in no address", async () => {
    const { link } = await gateway.cli("pass", "issue", "--engineer", "alice");
    assert.match(link, /\/\.postern\/sign-in#pass=/);
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto("about:blank");
    await page.goto(link);
    await page.waitForURL(`${gateway.url}/.postern/`);
    assert.ok(!asked.some((url) => url.includes("?") && url.includes("pass=")), "the pass went into a query");
    assert.ok(!page.url().includes("pass"));
  });

  await stage.step("the page says what is on, what can be asked for and what is off", async () => {
    const on = page.locator("section.panel.on");
    for (const title of ["Query metrics", "See targets, rules and alerts of Prometheus", "See alerts and silences"])
      await on.getByText(title, { exact: true }).waitFor();
    await page.locator("section.panel.ask").getByText("See the state of Prometheus and Alertmanager").waitFor();
    await page.locator("section.panel.off").getByText("Create, change and expire silences").waitFor();
    await page.getByRole("link", { name: /Open prometheus/ }).waitFor();
    await look(page, "engineer-home");
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("Prometheus' graph is drawn, with nothing in the browser's console that Prometheus alone would not put there", async () => {
    const direct = await browser.page();
    await drawGraph(direct, component.services.prometheus + graph);
    await drawGraph(page, gateway.url + graph);
    await look(page, "engineer-graph");
    stage.say(`Prometheus' own page, asked directly, complains: ${JSON.stringify(complaints(direct))}`);
    assert.deepEqual(complaints(page), complaints(direct));
  });

  await stage.step("all of it came over HTTP/2", async () => {
    const protocols = await page.evaluate(() => ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type)).map((entry) => entry.nextHopProtocol));
    assert.ok(protocols.length > 3);
    assert.deepEqual([...new Set(protocols)], ["h2"]);
  });

  await stage.step("a query typed into the page is answered", async () => {
    await page.goto(`${gateway.url}/prometheus/classic/graph`);
    const expression = page.locator("[name=expr], textarea, input.expression_input").first();
    await expression.fill("up");
    await page.getByRole("button", { name: "Execute" }).first().click();
    await page.locator("table td", { hasText: 'job="prometheus"' }).first().waitFor();
  });

  await stage.step("links inside Prometheus stay here", async () => {
    await page.goto(`${gateway.url}/prometheus/`);
    assert.equal(new URL(page.url()).origin, gateway.url);
    assert.match(new URL(page.url()).pathname, /^\/prometheus\/(classic\/)?graph$/);
  });

  await stage.step("what the policy rules out is a page that says why, with an event that is in the log", async () => {
    const answer = await page.goto(`${gateway.url}/prometheus/classic/config`);
    assert.equal(answer.status(), 403);
    await page.getByRole("heading", { name: "This operation is never allowed" }).waitFor();
    const id = answer.headers()["postern-event"];
    const text = await page.locator("main").innerText();
    for (const part of [id, "never", "GET", "/prometheus/classic/config", "403"]) assert.ok(text.includes(part), `${part} is not on the page:\n${text}`);
    const event = await gateway.event(id);
    assert.equal(event.type, "exchange.refused");
    assert.equal(event.severity, "severe");
    assert.deepEqual([event.detail.code, event.detail.target], ["never", "/prometheus/classic/config"]);
    await look(page, "engineer-refused-never");
  });

  await stage.step("what can be asked for leads to the form with it chosen", async () => {
    const answer = await page.goto(`${gateway.url}/prometheus/classic/status`);
    assert.equal(answer.status(), 403);
    await look(page, "engineer-refused-approval-needed");
    await page.getByRole("link", { name: /Request/ }).click();
    await page.waitForURL(/\/\.postern\/#ask-/);
    assert.ok(await page.locator("input[value='status.read']").isChecked());
    await page.locator("textarea[name=reason]").fill("Is it up to date?");
    await page.getByRole("button", { name: "Send request" }).click();
    await page.locator("[data-request][data-state=pending]").waitFor();
    await look(page, "engineer-request-waits");
  });

  await stage.step("an admin approves, the page hears of it by itself, and the way is free", async () => {
    const [request] = (await gateway.cli("request", "list", "--state", "pending")).items;
    await gateway.cli("request", "approve", request.id);
    await page.locator("[data-request][data-state=approved]").waitFor();
    const answer = await page.goto(`${gateway.url}/prometheus/classic/status`);
    assert.equal(answer.status(), 200);
  });

  await stage.step("after signing out the cookie is worth nothing", async () => {
    const [cookie] = (await page.context().cookies()).filter((one) => one.name === "__Host-postern");
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, "Lax", "/"]);
    await page.goto(`${gateway.url}/.postern/`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await look(page, "engineer-signed-out");
    const client = gateway.client();
    client.cookie = `__Host-postern=${cookie.value}`;
    const answer = await client.fetch("/prometheus/api/v1/query?query=up");
    assert.deepEqual([answer.status, answer.json.code], [401, "session_ended"]);
    client.close();
    const back = await page.goto(`${gateway.url}${graph}`);
    assert.equal(back.status(), 401);
    await look(page, "engineer-refused-signed-out");
  });
});
