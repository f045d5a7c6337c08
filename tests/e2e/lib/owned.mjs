// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a program owns while it runs: the processes that it started and the folders that it made. If it is ended, what still runs is
// killed by pid and every folder removed. And how it waits.
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";

const pids = new Set();
const folders = new Set();

// alive: whether the process runs; one that has ended and waits for its parent does not.
export const alive = (pid) => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
};

const parentOf = (pid) => {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) . /s, "").split(" ")[0]);
  } catch {
    return 0;
  }
};

// descendants: the processes that `pid` started, and theirs.
export const descendants = (pid) => {
  const children = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [];
  for (const queue = [pid]; queue.length > 0; ) found.push(...(children.get(queue[0]) ?? [])), queue.push(...(children.get(queue.shift()) ?? []));
  return found;
};

export const killIfAlive = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already, which is what was wanted.
  }
};

process.on("exit", () => {
  for (const pid of pids) for (const each of [...descendants(pid), pid]) killIfAlive(each, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

// own: a process that somebody else started for us is ended at the latest when the test's own process ends.
export const own = (pid) => pids.add(pid);

// watch: the process is ended at the latest when the test's own process ends.
export const watch = (child) => {
  pids.add(child.pid);
  child.once("exit", () => pids.delete(child.pid));
  return child;
};

// A folder of its own below /tmp that the account of the roles can enter.
export const makeFolder = (what) => {
  const folder = mkdtempSync(`/tmp/postern-e2e-${what}.`);
  chmodSync(folder, 0o755);
  folders.add(folder);
  return folder;
};
export const removeFolder = (folder) => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(folder);
};

// until: asks again and again until the answer is truthy, and gives it back. Time is only a deadline here, never what is waited for.
export const until = async (what, condition, deadline = 15_000) => {
  const end = performance.now() + deadline;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`waited ${deadline} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

// randomOf: numbers in [0, 1) by mulberry32, the same story for the same seed.
export const randomOf = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
