// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/pages.mjs [ROUNDS]
//
// What each page costs who opens it, in Debian's Chromium with a processor slowed down four times and nothing in its cache: KiB that
// cross the wire and requests, against their budgets, and milliseconds until something is painted, until the page is drawn, until it
// answers (no task over 50 ms runs any more), and how long tasks blocked it; the median of ROUNDS (5). Exits with 1 if a page is over a
// budget that does not depend on the machine. POSTERN_BUILD names the build.
import { Browser } from "../tests/e2e/lib/browser.mjs";
import { Monitoring } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";

const rounds = Number(process.argv[2] ?? 5);
const slower = 4;
const budget = { kib: 200, requests: 20 };
const quiet = 1000; // ms without a long task: it answers

// Runs in the page before anything of it does.
const watch = () => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => ({ end: one.startTime + one.duration, ms: one.duration })))).observe({
    type: "longtask",
    buffered: true,
  });
};

const collect = () => {
  const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const tasks = window.longTasks.filter((task) => task.end > painted);
  return { painted, answers: Math.max(painted, ...tasks.map((task) => task.end)), blocked: tasks.reduce((sum, task) => sum + task.ms - 50, 0), now: performance.now() };
};

const open = async (context, url, ready) => {
  const page = await context.newPage();
  await page.addInitScript(watch);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  let [bytes, requests] = [0, 0];
  session.on("Network.requestWillBeSent", () => ++requests);
  session.on("Network.dataReceived", ({ encodedDataLength }) => (bytes += encodedDataLength));
  session.on("Network.responseReceived", ({ response }) => (bytes += Math.max(0, response.encodedDataLength)));
  await page.goto(url, { waitUntil: "commit" });
  await ready(page);
  const drawn = await page.evaluate(() => performance.now());
  let seen = await page.evaluate(collect);
  while (seen.now - seen.answers < quiet) {
    await page.waitForTimeout(quiet / 4);
    seen = await page.evaluate(collect);
  }
  await page.close();
  return { kib: bytes / 1024, requests, painted: seen.painted, drawn, answers: Math.max(seen.answers, drawn), blocked: seen.blocked };
};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
let over = false;
const measure = async (context, name, url, ready) => {
  const seen = [];
  for (let i = 0; i < rounds; ++i) seen.push(await open(context, url, ready));
  const of = (field) => median(seen.map((one) => one[field]));
  const mark = (field) => (of(field) > budget[field] ? ((over = true), "!") : " ");
  console.log(
    `${name.padEnd(26)} ${of("kib").toFixed(1).padStart(7)} KiB${mark("kib")} ${String(of("requests")).padStart(4)} requests${mark("requests")}` +
      ["painted", "drawn", "answers", "blocked"].map((field) => ` ${of(field).toFixed(0).padStart(6)} ms ${field}`).join(""),
  );
};

const heading = (name) => (page) => page.getByRole("heading", { name, level: 1 }).first().waitFor();
const text = (words) => (page) => page.getByText(words).first().waitFor();

const component = await Monitoring.start();
const browser = await Browser.start();
let gateway;
try {
  gateway = await Gateway.start({ services: component.services });
  await gateway.admit("alice", ["metrics.read", "targets.read"]);
  await gateway.cli("capability", "set", "silences.write", "ask");
  const alice = await gateway.signIn("alice");
  for (let i = 0; i < 200; ++i) await alice.fetch(`/prometheus/api/v1/query?query=up%2B${i}`);
  await alice.fetch("/prometheus/classic/config");
  await alice.send("POST", "/.postern/api/requests", { capabilities: ["silences.write"], reason: "a disk fills up", duration: "1h" });

  console.log(`budgets: ${budget.kib} KiB, ${budget.requests} requests; Chromium ${slower} times slower, median of ${rounds}\n`);
  const stranger = (await browser.page()).context();
  await measure(stranger, "sign-in", gateway.adminUrl, (page) => page.getByLabel("Password").waitFor());
  await measure(stranger, "engineer: sign-in", `${gateway.url}/.postern/sign-in`, heading(/Sign in/));

  const admin = await browser.page();
  await admin.goto(gateway.adminUrl);
  await admin.getByLabel("Name").fill("admin");
  await admin.getByLabel("Password").fill(gateway.password);
  await admin.keyboard.press("Enter");
  await admin.locator("#remote-access").waitFor();
  const context = admin.context();
  const pages = [
    ["home", "/", (page) => page.locator("#remote-access").waitFor()],
    ["permissions", "/permissions", text("Query metrics")],
    ["requests", "/requests", text("a disk fills up")],
    ["sessions", "/sessions", text("alice")],
    ["sessions, past", "/sessions/past", heading(/./)],
    ["a session, 200 exchanges", `/sessions/${alice.session}`, text("query=up")],
    ["events", "/events", text("alice")],
    ["engineers", "/engineers", text("alice")],
  ];
  for (const [name, path, ready] of pages) await measure(context, name, gateway.adminUrl + path, ready);

  const engineer = await browser.page();
  await engineer.context().addCookies([{ name: "__Host-postern", value: alice.secret, url: gateway.url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  await measure(engineer.context(), "engineer: what I may do", `${gateway.url}/.postern/`, text("Query metrics"));
  await measure(engineer.context(), "engineer: refused", `${gateway.url}/prometheus/classic/config`, heading(/never allowed/));
  alice.close();
} finally {
  await browser.stop();
  await gateway?.stop();
  await component.stop();
}
process.exitCode = over ? 1 : 0;
