// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Programs that a story starts and ends: by pid, with what they say kept for the case that the story fails.
import { execFile, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { killIfAlive, watch } from "./owned.mjs";

export const isRoot = process.getuid() === 0;
export const account = "postern";

// As root, what need not be root runs as the gateway's account.
export const asAccount = (argv) => (isRoot ? ["setpriv", "--reuid", account, "--regid", account, "--clear-groups", "--", ...argv] : argv);
export const ownedByAccount = (folder) => isRoot && execFileSync("chown", ["-R", `${account}:`, folder]);

// A TCP port of the loopback that is free, for programs that must be told one. Not one of those that the kernel gives to whoever connects
// (/proc/sys/net/ipv4/ip_local_port_range): another story's connection would have it before the program that is told it listens.
const firstOfKernel = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
const lowest = 15_000;
const listened = (port) =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
export const freePort = async () => {
  for (;;) {
    const port = await listened(firstOfKernel > lowest ? randomInt(lowest, firstOfKernel) : 0);
    if (port) return port;
  }
};

// run: a program to its end. Gives {code, stdout, stderr}; a code that is not 0 is an answer, not a failure.
export const run = (program, argv, options = {}) =>
  new Promise((resolve, reject) => {
    execFile(program, argv, { maxBuffer: 256 << 20, timeout: 60_000, ...options }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });

// runJson: the same, with what it printed as JSON in json; undefined where it printed none.
export const runJson = async (program, argv, options = {}) => {
  const answer = await run(program, argv, options);
  try {
    answer.json = JSON.parse(answer.stdout);
  } catch {
    answer.json = undefined;
  }
  return answer;
};

export class Program {
  log = "";
  #child;
  #ended;

  constructor(name, argv, options = {}) {
    this.name = name;
    this.#child = watch(spawn(argv[0], argv.slice(1), { stdio: ["ignore", "pipe", "pipe"], ...options }));
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.setEncoding("utf8").on("data", (text) => (this.log += text));
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve({ error }));
      this.#child.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  get pid() {
    return this.#child.pid;
  }
  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.pid !== undefined;
  }
  signal(signal) {
    killIfAlive(this.pid, signal);
  }

  // stop: asks it to end, kills it if it does not within `patience` ms; gives {code, signal, killed}.
  async stop(patience = 15_000) {
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.signal("SIGKILL");
    }, patience);
    if (this.running) this.signal("SIGTERM");
    const end = await this.#ended;
    clearTimeout(timer);
    return { ...end, killed };
  }
}
