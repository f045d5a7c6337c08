// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Responses without an end: how long one may be silent and how long it may last, by its operation, over HTTP/1.1 and HTTP/2, and with a browser's
// EventSource, which asks again.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { Browser } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  events.read:
    title: Follow what happens
    class: read
    operations:
      - GET /page
      - { call: GET /brief, response: { max_time: 2s } }
      - { call: GET /silent, response: { max_idle: 1s } }
      - { call: GET /patient, response: { max_idle: 30s } }
      - { call: GET /whole, response: { max_idle: 1s, max_time: 2s } }
      - GET /unruled
      - GET /endless
`;
const timeouts = "timeouts: { component_idle: 2s }\n";

// brief, endless: an event every 50 ms. silent, unruled: one event and nothing more. patient: silent for 4 s between two. whole: two, and the end.
const speak = (request, response) => {
  if (request.url === "/page") return response.setHeader("Content-Type", "text/html").end("<!doctype html><title>Events</title>");
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  let number = 0;
  const event = () => response.write(`id: ${++number}\ndata: ${number}\n\n`);
  event();
  if (request.url === "/whole") return response.end("data: last\n\n");
  if (request.url === "/patient") return setTimeout(() => response.end("data: last\n\n"), 4_000);
  if (request.url !== "/brief" && request.url !== "/endless") return undefined;
  const timer = setInterval(event, 50);
  return response.once("close", () => clearInterval(timer));
};

const completed = (gateway, event) =>
  until("its end is in the log", async () => (await gateway.events("--type", "exchange.completed")).find((one) => one.detail.forwarded === event), 20_000);

// How a response went: what came, and how it ended.
const follow = async (client, path) => {
  const response = await client.open(path, { agent: false });
  assert.equal(response.statusCode, 200);
  const seen = { event: response.headers["postern-event"], text: "" };
  response.on("data", (piece) => (seen.text += piece));
  response.once("end", () => (seen.end ??= "complete")).once("error", (error) => (seen.end ??= error.code));
  await until("it ends", () => seen.end, 20_000);
  return seen;
};

const begin = async (stage) => {
  const component = stage.own(await LittleComponent.start(speak));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => text + timeouts }));
  await gateway.admit("alice", ["events.read"]);
  return { component, gateway };
};

story("a response without an end lasts as long as its operation says", async (stage) => {
  const { component, gateway } = await begin(stage);
  const alice = await gateway.signIn("alice");

  await stage.step("one that lasts too long is broken off, and the log says why", async () => {
    const seen = await follow(alice, "/brief");
    assert.notEqual(seen.end, "complete", "what was broken off must not look complete");
    assert.match(seen.text, /data: 10\n/, "most of the two seconds were its own");
    const end = await completed(gateway, seen.event);
    assert.deepEqual([end.outcome, end.detail.cut_reason, end.detail.bytes_after_cut, end.detail.cut_us], ["cut", "limit_reached", 0, undefined]);
    assert.ok(end.detail.duration_us >= 2_000_000, `${end.detail.duration_us}`);
  });
  await stage.step("one that is silent for too long likewise", async () => {
    const seen = await follow(alice, "/silent");
    assert.notEqual(seen.end, "complete");
    const end = await completed(gateway, seen.event);
    assert.deepEqual([end.outcome, end.detail.cut_reason], ["cut", "limit_reached"]);
  });
  await stage.step("where the operation says nothing, a silent component is a component that failed", async () => {
    const seen = await follow(alice, "/unruled");
    assert.notEqual(seen.end, "complete");
    const end = await completed(gateway, seen.event);
    assert.deepEqual([end.outcome, end.detail.code, end.detail.cut_reason], ["component_failed", "component_timeout", undefined]);
  });
  await stage.step("an operation may be given more time than the configuration gives", async () => {
    const seen = await follow(alice, "/patient");
    assert.equal(seen.end, "complete");
    assert.match(seen.text, /data: last\n\n$/);
  });
  await stage.step("one that ends in time is as it was", async () => {
    const seen = await follow(alice, "/whole");
    assert.deepEqual([seen.end, seen.text], ["complete", "id: 1\ndata: 1\n\ndata: last\n\n"]);
    assert.equal((await completed(gateway, seen.event)).outcome, "completed");
  });
  await stage.step("the component sees the end of each", () =>
    until("no connection of a stream is left", () => new Promise((resolve) => component.server.getConnections((_, n) => resolve(n <= 1)))),
  );
  await stage.step("over HTTP/2 it ends one stream, and no other", async () => {
    const session = http2.connect(`https://localhost:${gateway.port}`, { ca: gateway.ca, host: "127.0.0.1" });
    stage.own({ name: "the HTTP/2 client", stop: () => session.destroy() });
    const ask = (path) => {
      const stream = session.request({ ":path": path, cookie: alice.cookie });
      stream.bytes = 0;
      stream.on("data", (piece) => (stream.bytes += piece.length)).on("error", () => {}).on("close", () => (stream.over = true));
      return stream;
    };
    const [brief, endless] = [ask("/brief"), ask("/endless")];
    await until("the brief one is over", () => brief.over, 20_000);
    assert.notEqual(brief.rstCode, http2.constants.NGHTTP2_NO_ERROR);
    assert.ok(brief.bytes > 0);
    const so_far = endless.bytes;
    await until("the other goes on", () => endless.bytes > so_far);
    assert.ok(!endless.over);
  });
});

story("a browser's EventSource asks again after the end of its time", async (stage) => {
  const { gateway } = await begin(stage);
  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  await page.goto(`${gateway.url}/.postern/`);
  const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice");
  await page.evaluate(async (text) => {
    const answer = await fetch("/.postern/sign-in", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ pass: text }) });
    if (!answer.ok) throw new Error(await answer.text());
  }, pass);
  await page.goto(`${gateway.url}/page`);
  await page.evaluate(() => {
    const source = new EventSource("/brief");
    window.opened = 0;
    source.onopen = () => (window.opened += 1);
  });
  await page.waitForFunction(() => window.opened >= 2, undefined, { timeout: 30_000 });
  const cut = await until("the first has ended", async () => (await gateway.events("--type", "exchange.completed")).find((one) => one.outcome === "cut"), 20_000);
  assert.equal(cut.detail.cut_reason, "limit_reached");
  await until("each is an exchange of its own", async () => {
    const forwarded = await gateway.events("--type", "exchange.forwarded");
    return forwarded.filter((one) => one.detail.target === "/brief").length >= 2;
  });
});
