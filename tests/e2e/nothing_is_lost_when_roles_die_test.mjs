// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 3 when processes die: ten thousand mixed requests while every role but the ledger is killed again and again. What reached the
// component has its event, what came back is the answer to what was asked, and in the end every role is back.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";

import { descendants, killIfAlive, randomOf, story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const kRequests = 10_000;
const kConnections = 64;
const kAtMost = 200_000;  // milliseconds of load; it takes some 15 s
const kLeast = 9_500;     // of them are answered: a few are given up after kTries
const kKills = 10;       // at the least: the load goes on until then
const kKillEvery = 300;  // milliseconds, at random around it; and
const kKillAfter = 60;   // answers, at random around it: on a slow machine, too, there is something to break between two kills
const kTries = 5;        // a request whose connection died is asked anew, under another id
const policy = `version: 1
capabilities:
  load.read: { title: Read, class: read, operations: [GET /r/**] }
  load.write: { title: Write, class: write, operations: [POST /w/**] }
`;

const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "ledger"; // ended meanwhile: not one to be killed
  }
};
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

story("nothing is lost and nothing goes to the wrong client when roles die", async (stage) => {
  const seed = Number(process.env.POSTERN_SEED ?? randomBytes(4).readUInt32LE());
  stage.say(`POSTERN_SEED=${seed}`);
  const random = randomOf(seed);
  const reached = new Map();  // id -> times; the id is the second segment of the target

  // Answers with the id that was asked, the digest of the body that came, and as much filling as was asked for.
  const component = stage.own(await LittleComponent.start((request, response) => {
    const [, , id, size] = request.url.split("/");
    reached.set(id, (reached.get(id) ?? 0) + 1);
    const hash = createHash("sha256");
    request.on("error", () => {});
    request.on("data", (piece) => hash.update(piece)).on("end", () => {
      const head = JSON.stringify({ id, body: hash.digest("hex") }) + "\n";
      const chunked = Number(size) % 2 === 1;
      const body = head + id.repeat(Math.ceil(Number(size) / id.length)).slice(0, Number(size));
      response.writeHead(200, chunked ? {} : { "Content-Length": Buffer.byteLength(body) }).end(body);
    });
  }));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (text) => `${text}workers: 2\nlimits: {connections_per_address: 4096}\n` }));
  await gateway.admit("alice", ["load.read", "load.write"]);
  await gateway.admit("bob");
  const cookies = [(await gateway.signIn("alice")).cookie, (await gateway.signIn("bob")).cookie];

  let last = 0;
  const compose = (who) => {
    const id = `q${++last}.${randomBytes(6).toString("hex")}`;
    const size = random() < 0.05 ? 200_000 + Math.floor(random() * 400_000) : Math.floor(random() * 3000);
    const head = (method, path, more) => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookies[who]}\r\n${more}\r\n`;
    if (random() < 0.6) return { id, size, body: digest(""), bytes: Buffer.from(head("GET", `/r/${id}/${size}`, "")) };
    const body = randomBytes(random() < 0.1 ? 100_000 : Math.floor(random() * 2000));
    if (random() < 0.5) {
      return { id, size, body: digest(body), bytes: Buffer.concat([Buffer.from(head("POST", `/w/${id}/${size}`, `Content-Length: ${body.length}\r\n`)), body]) };
    }
    const chunks = [Buffer.from(head("POST", `/w/${id}/${size}`, "Transfer-Encoding: chunked\r\n"))];
    for (let at = 0; at < body.length; at += 777) {
      const piece = body.subarray(at, at + 777);
      chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
    }
    return { id, size, body: digest(body), bytes: Buffer.concat([...chunks, Buffer.from("0\r\n\r\n")]) };
  };

  // What the answers were, and what is wrong with them.
  const tally = { done: 0, answered: 0, refused: 0, broken: 0 };
  const check = (request, answer) => {
    if (answer.status !== 200) {
      assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.body}`);
      ++tally.refused;
      return false;
    }
    const text = answer.body.toString();
    const said = JSON.parse(text.slice(0, text.indexOf("\n")));
    assert.equal(said.id, request.id, "the answer to another request");
    assert.equal(said.body, request.body, "the component was sent what the client sent");
    assert.equal(text.length - text.indexOf("\n") - 1, request.size, "the answer is whole");
    ++tally.answered;
    return true;
  };

  const startedAt = performance.now();
  const over = () => performance.now() - startedAt > kAtMost;
  let left = kRequests;
  let kills = 0;  // a fast machine is through with its requests before enough have died
  const visitor = async (who) => {
    let client;
    while ((left > 0 || kills < kKills) && !over()) {
      const count = random() < 0.2 ? 3 : 1;  // three pipelined ones now and then
      left -= count;
      let requests = Array.from({ length: count }, () => compose(who));
      for (let tries = 0; requests.length > 0 && tries < kTries && !over(); ++tries) {
        try {
          client ??= await WireClient.connect(gateway);
          for (const request of requests) client.send(request.bytes);
          while (requests.length > 0) {
            const answer = await client.response();
            if (!answer || !answer.complete) throw new Error("the connection broke");
            check(requests.shift(), answer);
            ++tally.done;
          }
        } catch (error) {
          if (error.code === "ERR_ASSERTION") throw error;
          ++tally.broken;
          client?.close();
          client = undefined;
          requests = requests.map(() => compose(who));
        }
      }
    }
    client?.close();
  };

  let loading = true;
  const restartsBefore = (await gateway.cli("status")).roles.reduce((sum, role) => sum + role.restarts, 0);
  const assassin = async () => {
    while (loading) {
      // By the kernel's word, not by the status: the console that tells it is among those that die.
      const victims = descendants(gateway.pid).filter((pid) => nameOf(pid) !== "ledger");
      if (victims.length > 0) {
        killIfAlive(victims[Math.floor(random() * victims.length)], "SIGKILL");
        ++kills;
      }
      const enough = tally.answered + random() * 2 * kKillAfter;
      await new Promise((resolve) => setTimeout(resolve, random() * 2 * kKillEvery));
      while (loading && tally.answered < enough) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  await stage.step("the load runs to its end while roles are killed", async () => {
    const killing = assassin();
    try {
      await Promise.all(Array.from({ length: kConnections }, (_, i) => visitor(i % 2)));
    } finally {
      loading = false;
      await killing;
    }
    stage.say(JSON.stringify({ ...tally, kills, seconds: (performance.now() - startedAt) / 1000, reached: reached.size }));
    assert.ok(tally.done >= kLeast && tally.answered >= tally.done / 2, JSON.stringify(tally));
    assert.ok(kills >= kKills, `${kills} kills`);
  });

  await stage.step("every role is back, and the gateway serves", async () => {
    const status = await until("every role runs", async () => {
      const answer = await gateway.tryCli("status");
      return answer.code === 0 && answer.json.roles.every((role) => role.state === "running") && answer.json;
    }, 60_000);
    const restarts = status.roles.reduce((sum, role) => sum + role.restarts, 0) - restartsBefore;
    assert.ok(restarts >= Math.min(kKills, kills / 2), `${restarts} restarts of ${kills} kills`);
    assert.equal(status.roles.find((role) => role.name === "ledger").restarts, 0);
    await until("requests are answered again", async () => {
      const client = await WireClient.connect(gateway);
      const request = compose(0);
      client.send(request.bytes);
      const answer = await client.response();
      client.close();
      return answer?.status === 200;
    }, 60_000);
  });

  await stage.step("whatever reached the component has its event", async () => {
    const recorded = new Set();
    for (const event of readJournal(gateway)) if (event.type === "exchange.forwarded") recorded.add(event.detail.target.split("/")[2]);
    const missing = [...reached.keys()].filter((id) => !recorded.has(id));
    assert.deepEqual(missing, [], `of ${reached.size} that reached the component`);
  });

  await stage.step("what changes something reached the component once at most", async () => {
    const writes = new Set(component.seen.filter((line) => line.startsWith("POST")).map((line) => line.split("/")[2]));
    assert.deepEqual([...reached].filter(([id, times]) => times > 1 && writes.has(id)), []);
  });
}, 300_000);
