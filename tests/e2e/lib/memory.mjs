// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands in the memory of a process: only root can look, for a role may not be traced by its own account.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const kWindow = 4 << 20;

// readable: [{begin, end}] of all that the process can read: locked secrets are not writable.
const readable = (pid) =>
  readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .filter((line) => / r/.test(line))
    .map((line) => line.split(" ")[0].split("-").map((text) => Number.parseInt(text, 16)))
    .map(([begin, end]) => ({ begin, end }));

// findInMemory: the names of those of `needles` ({name: Buffer}) that are there.
export const findInMemory = (pid, needles) => {
  const found = new Set();
  const longest = Math.max(...Object.values(needles).map((needle) => needle.length));
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const window = Buffer.alloc(kWindow);
  for (const { begin, end } of readable(pid)) {
    for (let at = begin; at < end; at += kWindow - longest) {
      let size = 0;
      try {
        size = readSync(memory, window, 0, Math.min(kWindow, end - at), at);
      } catch {
        continue; // a guard page
      }
      const piece = window.subarray(0, size);
      for (const [name, needle] of Object.entries(needles)) if (piece.includes(needle)) found.add(name);
    }
  }
  closeSync(memory);
  return [...found];
};

// holds: whether this one needle is there.
export const holds = (pid, needle) => findInMemory(pid, { needle: Buffer.from(needle) }).length > 0;
