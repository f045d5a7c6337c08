// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A disk of the story's own that fills up soon: a tmpfs. Mounting takes root, which CI has.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./owned.mjs";
import { account, run } from "./process.mjs";

export class SmallDisk {
  name = "a small disk";

  // owned: of the servers' account, which keeps its state on it, and nobody else's.
  constructor(megabytes, { owned = true } = {}) {
    this.bytes = megabytes << 20;
    this.folder = makeFolder("disk");
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${this.bytes},mode=${owned ? "0700" : "0755"}`, "tmpfs", this.folder]);
    if (owned) execFileSync("chown", [`${account}:`, this.folder]);
  }

  get #filler() {
    return join(this.folder, "filler");
  }

  // fill: until not a page is left. A file that is there may still grow within its last page.
  fill() {
    const file = openSync(this.#filler, "a");
    try {
      for (const piece = Buffer.alloc(4096); ; ) writeSync(file, piece);
    } catch (error) {
      assert.equal(error.code, "ENOSPC");
    } finally {
      closeSync(file);
    }
  }

  use(percent) {
    this.free();
    writeFileSync(this.#filler, Buffer.alloc(Math.floor((this.bytes * percent) / 100), 1));
  }

  free() {
    rmSync(this.#filler, { force: true });
  }

  async remount(how) {
    return (await run("mount", ["-o", `remount,${how}`, this.folder])).code === 0;
  }

  stop() {
    execFileSync("umount", ["--lazy", this.folder]);
    removeFolder(this.folder);
  }
}
