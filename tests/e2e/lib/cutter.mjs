// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What lies between an installation and Mission Control, and is no good: a TCP proxy that cuts connections, each after so many bytes, in the
// middle of whatever they are, or after so long a time. How is drawn from a seed:
//
//   reset    both sides get a reset
//   close    both sides get an end
//   lost     what the server says from here on is lost, and a moment later the client is reset: it was done, and nobody knows
//   hole     nothing passes any more and nobody is told
import { connect, createServer } from "node:net";

const kLongest = 3_000; // milliseconds of a connection that is to be cut
const kMostBytes = 12_000;
const kHandshake = 5_000; // bytes; a third of all are cut within it

export class Cutter {
  name = "the bad network";
  cuts = { reset: 0, close: 0, lost: 0, hole: 0 };
  log = ""; // of each connection: when, how long, how many bytes, and how it was cut
  left = 0; // cuts that are still to come
  #pairs = new Set();

  // servers: ports of the loopback, of which each connection gets one that listens. holes: of how many cuts one is a hole.
  static async start(servers, random, holes = 25) {
    const cutter = Object.assign(new Cutter(), { servers, random, holes });
    cutter.server = createServer({ allowHalfOpen: true }, (client) => cutter.#take(client.on("error", () => {})));
    await new Promise((resolve) => cutter.server.listen(0, "127.0.0.1", resolve));
    cutter.port = cutter.server.address().port;
    return cutter;
  }
  // cut: so many are to come, also of what is connected now.
  cut(many) {
    this.left += many;
    for (const pair of this.#pairs) if (pair.server && !pair.timer) pair.timer = setTimeout(() => this.#cut(pair), kLongest * this.random());
  }
  get total() {
    return Object.values(this.cuts).reduce((sum, count) => sum + count, 0);
  }

  #connect(client, from) {
    const at = Math.floor(this.random() * this.servers().length);
    const ports = this.servers().slice(at).concat(this.servers().slice(0, at));
    return new Promise((resolve) => {
      const next = () => {
        const port = ports.shift();
        if (port === undefined) return client.resetAndDestroy(), resolve(undefined);
        const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
        server.once("error", next).once("connect", () => (server.off("error", next), server.on("error", () => {}), resolve(server)));
      };
      next(from);
    });
  }

  #how() {
    const draw = this.random();
    if (draw * this.holes < 1) return "hole";
    return draw < 0.4 ? "reset" : draw < 0.7 ? "close" : "lost";
  }

  async #take(client) {
    const [within, bytes, time, how] = [this.random() < 0.33, this.random(), this.random(), this.#how()];
    const pair = { client, budget: Infinity, how, cut: undefined, bytes: 0, since: performance.now() };
    if (this.left > 0) pair.budget = Math.ceil(within ? bytes * kHandshake : kHandshake + bytes * (kMostBytes - kHandshake));
    this.#pairs.add(pair);
    pair.server = await this.#connect(client);
    if (pair.server === undefined) return this.#pairs.delete(pair);
    if (client.destroyed) return pair.server.destroy(), this.#pairs.delete(pair);
    if (this.left > 0) pair.timer = setTimeout(() => this.#cut(pair), kLongest * (within ? 1 : 0.3 + 0.7 * time));
    this.#pass(pair, client, pair.server);
    this.#pass(pair, pair.server, client);
  }

  #pass(pair, from, to) {
    from.on("data", (piece) => {
      if (pair.cut === "hole" || (pair.cut === "lost" && from === pair.server)) return;
      const passes = pair.cut ? piece : piece.subarray(0, pair.budget);
      pair.budget -= passes.length;
      pair.bytes += passes.length;
      if (to.writable && !to.write(passes)) from.pause(), to.once("drain", () => from.resume());
      if (pair.budget <= 0 && !pair.cut) this.#cut(pair);
    });
    from.once("end", () => pair.cut !== "hole" && to.end()).once("close", () => {
      clearTimeout(pair.timer);
      if (this.#pairs.delete(pair)) this.log += `${new Date().toISOString()} ${Math.round(performance.now() - pair.since)} ms, ${pair.bytes} bytes, ${pair.cut ?? "its own end"}\n`;
      if (pair.cut !== "hole") to.destroy();
      else if (from === pair.client) pair.server.destroy(); // the installation gave it up
    });
  }

  #cut(pair) {
    if (pair.cut || this.left === 0) return;
    --this.left;
    ++this.cuts[(pair.cut = pair.how)];
    if (pair.how === "reset") pair.client.resetAndDestroy(), pair.server.resetAndDestroy();
    if (pair.how === "close") pair.client.end(), pair.server.end(), setTimeout(() => (pair.client.destroy(), pair.server.destroy()), 100);
    if (pair.how === "lost") setTimeout(() => (pair.client.resetAndDestroy(), pair.server.resetAndDestroy()), 300);
  }

  async stop() {
    for (const { client, server } of this.#pairs) client.destroy(), server?.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
