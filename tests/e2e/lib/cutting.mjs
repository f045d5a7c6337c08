// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A wire that is cut: passes bytes on to one of several places, and breaks what it passes in the ways in which networks do: by a reset in
// the middle of whatever was on its way, or by saying nothing more and taking nothing more.
import net from "node:net";

export class CuttingWire {
  name = "the wire";
  #pairs = new Set();
  cuts = { reset: 0, half: 0, silent: 0 };

  // ports: where it leads to, one for each connection in turns.
  static start(ports) {
    const own = new CuttingWire();
    let turn = 0;
    own.server = net.createServer((near) => own.#join(near, net.connect(ports()[turn++ % ports().length], "127.0.0.1")));
    return new Promise((resolve) => own.server.listen(0, "127.0.0.1", () => resolve(Object.assign(own, { port: own.server.address().port }))));
  }
  #join(near, far) {
    const pair = { near, far, silent: false, half: undefined };
    this.#pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (bytes) => {
        if (pair.silent) return;
        if (pair.half !== undefined) {
          to.write(bytes.subarray(0, pair.half % bytes.length), () => this.#reset(pair));
          pair.silent = true;
          return;
        }
        to.write(bytes);
      });
      from.on("error", () => {}).on("close", () => this.#reset(pair));
    }
  }
  #reset(pair) {
    if (!this.#pairs.delete(pair)) return;
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
  }
  get open() {
    return this.#pairs.size;
  }
  // cut: whatever is open. silent: for so many milliseconds nothing passes before it is reset.
  async cut(how, silent = 0) {
    ++this.cuts[how];
    const pairs = [...this.#pairs];
    if (how === "reset") return pairs.forEach((pair) => this.#reset(pair));
    for (const pair of pairs) how === "half" ? (pair.half = Math.floor(Math.random() * 1500)) : (pair.silent = true);
    if (how === "half") return undefined; // with the next bytes
    await new Promise((resolve) => setTimeout(resolve, silent));
    return pairs.forEach((pair) => this.#reset(pair));
  }
  stop() {
    for (const pair of [...this.#pairs]) this.#reset(pair);
    return new Promise((resolve) => this.server.close(resolve));
  }
}
