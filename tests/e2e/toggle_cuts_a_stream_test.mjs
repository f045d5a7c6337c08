// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The customer's word is immediate: whatever takes away what a running response stands on cuts it, and by the time the command has
// returned no further byte of it goes out. Read from the client's side (bytes, the end of the connection) and from the log's.
import assert from "node:assert/strict";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = (operations) => `version: 1
capabilities:
  streams.read:
    title: Streams
    class: read
    operations: [${operations.join(", ")}]
  other.read:
    title: Something else
    class: read
    operations: [GET /other]
`;
const both = policy(["GET /stream", "GET /state"]);

// A component whose answer at /stream never ends.
const drip = (request, response) => {
  if (request.url !== "/stream") return response.end("well\n");
  response.writeHead(200, { "Content-Type": "text/plain" });
  const timer = setInterval(() => response.write("one more line of a stream that does not end\n".repeat(20)), 5);
  response.once("close", () => clearInterval(timer));
};

// Stream: a response under way on a connection of its own: how much has arrived, and how it ended.
class Stream {
  bytes = 0;
  end;

  static async open(client, path) {
    const stream = new Stream();
    const response = await client.open(path, { agent: false });
    stream.event = response.headers["postern-event"];
    assert.equal(response.statusCode, 200);
    response.on("data", (piece) => (stream.bytes += piece.length));
    response.once("end", () => (stream.end ??= "complete"));
    response.once("error", (error) => (stream.end ??= error.code ?? error.message));
    response.once("close", () => (stream.end ??= "closed"));
    await until("bytes arrive", () => stream.bytes > 0);
    return stream;
  }
}

// What the command `cut` does to a stream that runs, and what the log says about it.
const cuts = async (gateway, client, cut, reason) => {
  const stream = await Stream.open(client, "/stream");
  assert.equal(stream.end, undefined);
  const answer = await cut();
  await until("the client sees the end of the connection", () => stream.end, 5_000);
  assert.notEqual(stream.end, "complete", "a stream that was cut must not look complete");
  const completed = await until("the end of the exchange is in the log", async () =>
    (await gateway.events("--type", "exchange.completed")).find((event) => event.detail.forwarded === stream.event),
  );
  assert.equal(completed.outcome, "cut");
  assert.equal(completed.detail.bytes_after_cut, 0);
  assert.ok(completed.detail.cut_us >= 0 && completed.detail.cut_us < 1_000_000, `cut_us ${completed.detail.cut_us}`);
  assert.equal(completed.detail.cut_reason, reason);
  return { answer, completed, stream };
};

const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];

story("whatever takes a permission away cuts what runs on it", async (stage) => {
  const component = stage.own(await LittleComponent.start(drip));
  const gateway = stage.own(
    await Gateway.start({ services: component.services, policy: both, configure: (text) => text + "workers: 2\n" }),
  );
  await gateway.admit("alice", ["streams.read", "other.read"]);
  let alice = await gateway.signIn("alice");

  await stage.step("a capability that is switched off", async () => {
    const { answer } = await cuts(gateway, alice, () => gateway.cli("capability", "set", "streams.read", "off"), "capability_off");
    assert.equal(answer.cut.exchanges, 1);
    const refused = await alice.fetch("/stream");
    assert.deepEqual([refused.status, refused.json.code], [403, "capability_off"]);
    await gateway.cli("capability", "set", "streams.read", "on");
  });

  await stage.step("but not what another capability allows", async () => {
    const stream = await Stream.open(alice, "/stream");
    const answer = await gateway.cli("capability", "set", "other.read", "off");
    assert.equal(answer.cut.exchanges, 0);
    const so_far = stream.bytes;
    await until("it goes on", () => stream.bytes > so_far);
    assert.equal(stream.end, undefined);
    await gateway.cli("capability", "set", "streams.read", "off");
    await gateway.cli("capability", "set", "streams.read", "on");
  });

  await stage.step("a policy that no longer lists the operation", async () => {
    gateway.writePolicy(policy(["GET /state"]));
    await cuts(gateway, alice, () => gateway.cli("reload"), "operation_not_listed");
    gateway.writePolicy(both);
    await gateway.cli("reload");
    await gateway.acceptPolicy();
  });

  await stage.step("a policy that takes more out of responses, and none that demands no more of what runs", async () => {
    const stream = await Stream.open(alice, "/stream");
    gateway.writePolicy(`${both}banner: true\n`);
    const told = await gateway.cli("reload");
    assert.equal(told.policy.ok, true);
    const soFar = stream.bytes;
    await until("it goes on", () => stream.bytes > soFar + 10_000);
    assert.equal(stream.end, undefined);
    gateway.writePolicy(`${both}banner: true\nredact:\n  - json: $..pin\n`);
    await cuts(gateway, alice, () => gateway.cli("reload"), "operation_not_listed");
    await until("the one from before ends too", () => stream.end);
    gateway.writePolicy(both);
    await gateway.cli("reload");
    await gateway.acceptPolicy();
  });

  await stage.step("a session that an admin ends", async () => {
    const { completed } = await cuts(gateway, alice, () => gateway.cli("session", "end", alice.session), "session_ended");
    const ended = await until("the session's end is in the log", async () =>
      (await gateway.events("--type", "session.ended", "--session", alice.session))[0],
    );
    assert.equal(ended.detail.reason, "revoked");
    assert.equal(completed.session, alice.session);
    const refused = await alice.fetch("/state");
    assert.deepEqual([refused.status, refused.json.code], [401, "session_ended"]);
    alice = await gateway.signIn("alice");
  });

  await stage.step("remote access that goes off", async () => {
    const { answer } = await cuts(gateway, alice, () => gateway.cli("remote-access", "set", "off"), "remote_access_off");
    assert.deepEqual([answer.cut.sessions, answer.cut.exchanges], [1, 1]);
    await gateway.cli("remote-access", "set", "all");
    alice = await gateway.signIn("alice");
  });

  await stage.step("an engineer who is removed", async () => {
    await gateway.cli("engineer", "add", "bob", "--email", "bob@vendor.example");
    await gateway.cli("engineer", "approve", "bob");
    const bob = await gateway.signIn("bob");
    await cuts(gateway, bob, () => gateway.cli("engineer", "remove", "bob"), "sign_in_refused");
  });

  await stage.step("the component sees the end of each", async () => {
    await until("no connection of a stream is left", () => new Promise((resolve) => component.server.getConnections((_, n) => resolve(n <= 2))));
  });

  await stage.step("fifty streams over both workers, all cut by one command, not a byte after it returned", async () => {
    const streams = await Promise.all(Array.from({ length: 50 }, () => Stream.open(alice, "/stream")));
    const started = performance.now();
    const answer = await gateway.cli("capability", "set", "streams.read", "off");
    const took = performance.now() - started;
    await until("all are closed", () => streams.every((stream) => stream.end));
    assert.equal(answer.cut.exchanges, 50);
    assert.ok(streams.every((stream) => stream.end !== "complete"));
    const mine = new Set(streams.map((stream) => stream.event));
    const ends = await until("all ends are in the log", async () => {
      const found = (await gateway.events("--type", "exchange.completed")).filter((event) => mine.has(event.detail.forwarded));
      return found.length === 50 && found;
    });
    assert.deepEqual(new Set(ends.map((event) => event.outcome)), new Set(["cut"]));
    assert.deepEqual(new Set(ends.map((event) => event.detail.bytes_after_cut)), new Set([0]));
    const times = ends.map((event) => event.detail.cut_us).sort((a, b) => a - b);
    stage.say(`cut_us of 50 streams: p50 ${percentile(times, 0.5)}, p99 ${percentile(times, 0.99)}; the command took ${took.toFixed(0)} ms, slowest_us ${answer.cut.slowest_us}`);
  });
});

story("a big answer of a real Prometheus, read slowly, is cut", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  await gateway.admit("alice", ["metrics.read"]);
  const alice = await gateway.signIn("alice");
  const every = '{__name__=~".+"}';
  const copies = [1, 2, 3, 4, 5, 6].map((n) => `label_replace(${every},"copy","${n}","","")`);
  const now = Math.floor(Date.now() / 1000);
  const query = new URLSearchParams({ query: [every, ...copies].join(" or "), start: now - 900, end: now + 240, step: 1 });
  await until("Prometheus has series", async () => {
    const answer = await fetch(`${component.services.prometheus}/prometheus/api/v1/query?query=count(${encodeURIComponent(every)})`);
    return Number((await answer.json()).data.result[0]?.value[1] ?? 0) > 300;
  }, 30_000);

  const response = await alice.open(`/prometheus/api/v1/query_range?${query}`, { agent: false });
  assert.equal(response.statusCode, 200);
  let bytes = 0;
  let end;
  response.once("error", (error) => (end ??= error.code)).once("end", () => (end ??= "complete"));
  await new Promise((resolve) => response.once("readable", resolve));
  bytes += response.read()?.length ?? 0;
  await stage.step("it is under way, and held back by a client that does not read", async () => {
    assert.ok(bytes > 0);
    const sessions = (await gateway.cli("session", "list")).items;
    assert.equal(sessions.length, 1);
  });
  await stage.step("the toggle cuts it", async () => {
    const answer = await gateway.cli("capability", "set", "metrics.read", "off");
    assert.equal(answer.cut.exchanges, 1);
    response.on("data", (piece) => (bytes += piece.length));
    await until("the client sees the end", () => end);
    assert.notEqual(end, "complete");
    const completed = await until("its event is in the log", async () => (await gateway.events("--type", "exchange.completed")).find((event) => event.outcome === "cut"));
    assert.equal(completed.detail.bytes_after_cut, 0);
    stage.say(`cut after ${completed.detail.cut_us} us; the client had read ${bytes} bytes, ${completed.detail.response_bytes} had been sent`);
  });
});
