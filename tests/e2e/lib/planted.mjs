// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 6, in every story: what must never reach a client is planted here, and the clients of client.mjs and wire.mjs look for it in all
// that they are sent. A gateway plants the private keys and the password that `postern init` made; stories plant more.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const planted = new Map(); // bytes as latin1 -> what they are

export const plant = (what, text) => planted.set(Buffer.from(text).toString("latin1"), what);

export const filesBelow = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });

// plantKeys: each line of each private key below a folder, and what is no PEM in a file named .key.
export const plantKeys = (folder) => {
  let found = 0;
  for (const file of filesBelow(folder)) {
    const text = readFileSync(file, "latin1");
    const blocks = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*/g) ?? [];
    for (const line of blocks.flatMap((block) => block.split("\n").slice(1)).filter((each) => each.length >= 16)) plant(`a key of ${file}`, line), ++found;
  }
  if (found === 0) throw new Error(`no private key below ${folder}: has its place changed?`);
};

// Search: looks through what comes, also across its pieces. Throws at a hit.
export class Search {
  #tail = "";

  see(piece) {
    const text = this.#tail + Buffer.from(piece).toString("latin1");
    for (const [secret, what] of planted)
      if (text.includes(secret)) throw new Error(`${what} reached a client: ...${JSON.stringify(text.slice(Math.max(0, text.indexOf(secret) - 60), text.indexOf(secret)))}`);
    this.#tail = text.slice(-200);
  }
}
