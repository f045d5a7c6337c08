// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers' requests without a pause, numbered, half of them reads (GET /r/N) and half changes (POST /w/N), while things go wrong; and
// what must be true of the log afterwards.
import assert from "node:assert/strict";
import { readJournal } from "./journal.mjs";
import { run } from "./process.mjs";
import { until } from "./owned.mjs";

export const loadPolicy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /r/**] }
  any.write: { title: Write, class: write, operations: [POST /w/**] }
  spare: { title: Spare, class: read, operations: [GET /spare] }
`;

// The component that Load's requests are for.
export const answerWithTarget = (request, response) => request.resume().on("end", () => response.end(request.url));

export class Load {
  acknowledged = new Map(); // event id -> target, of all that was answered with 200
  tally = { answered: 0, refused: 0, broken: 0 };
  #gateway;
  #last = 0;
  #loading = true;
  #visitors;

  constructor(gateway, cookie, connections) {
    this.#gateway = gateway;
    this.#visitors = Promise.all(Array.from({ length: connections }, () => this.#visit(cookie)));
  }

  async #visit(cookie) {
    let client;
    while (this.#loading) {
      if (client?.port !== this.#gateway.port) {
        client?.close();
        client = this.#gateway.client(); // after the whole gateway was killed it listens elsewhere
        client.cookie = cookie;
      }
      const id = ++this.#last;
      const [method, target] = id % 2 === 0 ? ["GET", `/r/${id}`] : ["POST", `/w/${id}`];
      const answer = await client.fetch(target, { method }).catch(() => undefined);
      if (!answer) {
        ++this.tally.broken;
        await new Promise((resolve) => setTimeout(resolve, 10)); // nobody listens: not as fast as it goes
      } else if (answer.status === 200) {
        assert.equal(answer.text, target, "the answer to what was asked");
        this.acknowledged.set(answer.event, target);
        ++this.tally.answered;
      } else {
        assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
        ++this.tally.refused;
      }
    }
    client?.close();
  }

  // progress: until so many more were answered.
  progress(more) {
    const before = this.tally.answered;
    return until("requests are answered again", () => this.tally.answered > before + more, 60_000);
  }

  async end() {
    this.#loading = false;
    await this.#visitors;
  }
}

// whatIsMissing: holds the load and what the component saw against the log. Changes must all be there; reads may have gone with the processes
// that held them, or with the power. Gives how many.
export const assertChangesAreInTheLog = (gateway, load, component) => {
  const events = readJournal(gateway);
  const forwarded = new Map(events.filter((event) => event.type === "exchange.forwarded").map((event) => [event.id, event.detail.target]));
  const changes = ([, target]) => target.startsWith("/w/");
  const missing = [...load.acknowledged].filter(([id, target]) => forwarded.get(id) !== target);
  assert.deepEqual(missing.filter(changes), []);
  const recorded = new Set(forwarded.values());
  const unrecorded = component.seen.map((line) => line.split(" ")).filter(([, target]) => !recorded.has(target));
  assert.deepEqual(unrecorded.filter(changes), []);
  assert.equal(new Set(events.map((event) => event.id)).size, events.length, "no event stands there twice");
  return { events: events.length, acknowledged: load.acknowledged.size, reads_gone: unrecorded.length };
};

// assertLogVerifies: waits until all of it is under a checkpoint, and has `postern audit verify` read it.
export const assertLogVerifies = async (gateway) => {
  const { size } = (await gateway.cli("status")).log;
  const { directory, verifier_key: key } = await until("all of it is under a checkpoint", async () => {
    const { log } = await gateway.cli("status");
    return log.verifier_key && log.checkpoint?.size >= size && log;
  }, 60_000);
  const verified = await run(gateway.program, ["audit", "verify", "--log", directory, "--key", key]);
  assert.equal(verified.code, 0, verified.stderr);
};
