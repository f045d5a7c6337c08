// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A story is one test that runs a whole gateway. It owns everything that it starts: what was put on its stage is ended in reverse order,
// whether the story came out well or not.
import { after, test } from "node:test";

export { alive, descendants, killIfAlive, makeFolder, randomOf, removeFolder, until } from "./owned.mjs";

class Stage {
  #owned = [];
  #test;

  constructor(context) {
    this.#test = context;
  }

  // own: `thing.stop()` is called at the end; `thing.log`, if it has one, is printed if the story fails.
  own(thing) {
    this.#owned.push(thing);
    return thing;
  }

  // step: a line of the story with a name of its own. What fails ends the story.
  async step(title, body) {
    let failure;
    await this.#test.test(title, async (context) => {
      try {
        await body(context);
      } catch (error) {
        failure = error;
        throw error;
      }
    });
    if (failure) throw new Error(`the story ended at: ${title}`);
  }

  say(text) {
    this.#test.diagnostic(text);
  }

  async printLogs() {
    for (const thing of this.#owned) {
      await thing.writeDown?.();
      const log = String(thing.log ?? "").trim();
      if (log) console.error(`---- ${thing.name}, what it said last\n${log.slice(-8000)}\n----`);
    }
  }

  async end() {
    const failures = [];
    while (this.#owned.length > 0) {
      const thing = this.#owned.pop();
      try {
        await thing.stop();
      } catch (error) {
        failures.push(error);
        console.error(`---- ${thing.name}: ${error.message}\n${String(thing.log ?? "").slice(-8000)}\n----`);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

// Rejects when the body takes longer than `patience` ms, so that the stage is cleared even if something hangs.
const within = async (patience, body) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the story took longer than ${patience} ms`)), patience);
  });
  try {
    await Promise.race([body, late]);
  } finally {
    clearTimeout(timer);
  }
};

// Whatever a story that failed half-way still holds open does not keep the test's process from ending.
after(() => setTimeout(() => process.exit(), 5_000).unref());

// story: runs `body(stage)` as a test.
export const story = (title, body, patience = 240_000) =>
  test(title, { timeout: patience + 90_000 }, async (context) => {
    const stage = new Stage(context);
    let failure;
    try {
      await within(patience, body(stage));
    } catch (error) {
      failure = error;
      await stage.printLogs();
    }
    try {
      await stage.end();
    } catch (error) {
      failure ??= error;
    }
    if (failure) throw failure;
  });
