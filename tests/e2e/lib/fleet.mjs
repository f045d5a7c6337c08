// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component of three nodes, each a real Prometheus, and the executable that updates one of them: it restarts it under another title,
// which Prometheus tells as a flag and stands for its version here. And the component's own clients, who know nothing of Postern: they
// ask the nodes themselves and keep away from one that is not ready.
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { alive, killIfAlive, makeFolder, removeFolder, until } from "./owned.mjs";
import { freePort, isRoot, run } from "./process.mjs";

const nobody = 65534;
const asNobody = (argv) => (isRoot ? ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--", ...argv] : argv);

const startScript = (folder) => `#!/bin/sh
# start.sh PORT TITLE: as a daemon with a session of its own.
set -eu
setsid prometheus --config.file=${folder}/prometheus.yml --storage.tsdb.path=${folder}/data-$1 --web.listen-address=127.0.0.1:$1 \\
  --web.external-url=http://127.0.0.1:$1/prometheus/ --web.page-title="$2" --log.level=warn </dev/null >>${folder}/$1.log 2>&1 &
echo $! > ${folder}/$1.pid
until [ "$(ps -o sid= -p $! | tr -d ' ')" = $! ]; do sleep 0.05; done
`;

// A file NAME.PORT beside it makes it behave otherwise on that node, once it is to update.
const updateScript = (folder) => `#!/bin/sh
set -eu
port=\${POSTERN_NODE##*:}
has() { [ "$POSTERN_DIRECTION" = update ] && [ -e ${folder}/$1.$port ]; }
echo "$POSTERN_DIRECTION $port $(id -un) $*" >> ${folder}/runs
if [ -n "\${POSTERN_ARTEFACT_SHA256:-}" ]; then sha256sum | cut -d' ' -f1 > ${folder}/artefact; fi
if has print; then head -c 104857600 /dev/zero | tr '\\0' x; echo; echo 'the end of it'; fi
if has hang; then sleep 1000 & echo $! > ${folder}/child; sleep 1000; fi
title=$POSTERN_VERSION
[ "$POSTERN_DIRECTION" = update ] || title=$POSTERN_BEFORE
echo "restarting $port as $title"
old=$(cat ${folder}/$port.pid)
kill "$old" || true
while [ -d /proc/$old ] && ! grep -q '^State:.Z' /proc/$old/status; do sleep 0.05; done
if has slow; then sleep 5; fi
if has fail; then echo 'it does not fit' >&2; exit 3; fi
exec ${folder}/start.sh $port "$title"
`;

export class Fleet {
  name = "three nodes of Prometheus";

  // inside: a network of its own (lib/inside.mjs), in which they run.
  static async start(version, { inside } = {}) {
    const fleet = new Fleet();
    fleet.prefix = inside?.prefix ?? [];
    fleet.folder = makeFolder("fleet");
    if (isRoot) chownSync(fleet.folder, nobody, nobody);
    fleet.ports = [await freePort(), await freePort(), await freePort()];
    fleet.nodes = fleet.ports.map((port) => `http://127.0.0.1:${port}`);
    fleet.script = join(fleet.folder, "update.sh");
    writeFileSync(join(fleet.folder, "prometheus.yml"), "global: { scrape_interval: 1s }\n");
    writeFileSync(join(fleet.folder, "start.sh"), startScript(fleet.folder));
    writeFileSync(fleet.script, updateScript(fleet.folder));
    for (const file of [fleet.script, join(fleet.folder, "start.sh")]) chmodSync(file, 0o755);
    for (const port of fleet.ports) {
      mkdirSync(join(fleet.folder, `data-${port}`));
      if (isRoot) chownSync(join(fleet.folder, `data-${port}`), nobody, nobody);
    }
    for (const port of fleet.ports) await fleet.startNode(port, version);
    return fleet;
  }

  async startNode(port, version) {
    const [program, ...argv] = [...this.prefix, ...asNobody([join(this.folder, "start.sh"), String(port), version])];
    const made = await run(program, argv);
    if (made.code !== 0) throw new Error(made.stderr);
    await until(`the node ${port} is ready`, () => this.ready(port), 30_000);
  }

  pid(port) {
    return Number(readFileSync(join(this.folder, `${port}.pid`), "utf8"));
  }
  async stopNode(port) {
    const pid = this.pid(port);
    killIfAlive(pid, "SIGTERM");
    await until("the node has ended", () => !alive(pid));
  }
  // get: what a node answers with; rejects where that is nothing good.
  async #get(port, path) {
    const url = `http://127.0.0.1:${port}/prometheus${path}`;
    if (this.prefix.length === 0) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.text();
    }
    const got = await run(this.prefix[0], [...this.prefix.slice(1), "curl", "-sf", "--max-time", "1", url]);
    if (got.code !== 0) throw new Error(got.stderr);
    return got.stdout;
  }
  ready(port) {
    return this.#get(port, "/-/ready").then(() => true, () => false);
  }
  version(port) {
    return this.#get(port, "/api/v1/status/flags").then((text) => JSON.parse(text).data["web.page-title"], () => undefined);
  }
  versions() {
    return Promise.all(this.ports.map((port) => this.version(port)));
  }

  // What the executable does otherwise on that node.
  mark(what, port) {
    writeFileSync(join(this.folder, `${what}.${port}`), "");
  }
  unmark(what, port) {
    rmSync(join(this.folder, `${what}.${port}`), { force: true });
  }
  file(name) {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }
  // "update PORT USER ARGUMENTS" of every run since the last time that this was asked.
  takeRuns() {
    const runs = (this.file("runs") ?? "").trim().split("\n").filter(Boolean);
    rmSync(join(this.folder, "runs"), { force: true });
    return runs;
  }

  get log() {
    return this.ports.map((port) => this.file(`${port}.log`) ?? "").join("");
  }
  async stop() {
    for (const port of this.ports) {
      const pid = this.pid(port);
      killIfAlive(pid, "SIGKILL");
      await until("a node has ended", () => !alive(pid));
    }
    removeFolder(this.folder);
  }
}

// The component's own clients: `lanes` of them ask one node after the other, as fast as they are answered. Whom the balancer of theirs
// holds for ready, it asks itself, ten times a second; what cannot connect goes to the next node, once.
export class OwnClients {
  name = "the component's own clients";
  asked = 0;
  processed = 0;
  again = 0; // of the processed: with the second try
  failures = [];
  #going = true;
  #ready = new Set();
  #agent = new http.Agent({ keepAlive: true });

  constructor(fleet, lanes = 6) {
    this.fleet = fleet;
    this.#ready = new Set(fleet.ports);
    this.done = Promise.all([this.#watch(), ...Array.from({ length: lanes }, (_, lane) => this.#lane(lane))]);
  }
  async #watch() {
    while (this.#going) {
      for (const port of this.fleet.ports) (await this.fleet.ready(port)) ? this.#ready.add(port) : this.#ready.delete(port);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  #ask(port) {
    return new Promise((resolve) => {
      const request = http.get({ host: "127.0.0.1", port, path: "/prometheus/api/v1/query?query=1%2B1", agent: this.#agent }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode === 200)).on("error", () => resolve(false));
      });
      request.setTimeout(5_000, () => request.destroy());
      request.on("error", () => resolve(false));
    });
  }
  async #lane(turn) {
    while (this.#going) {
      const choice = this.fleet.ports.filter((port) => this.#ready.has(port));
      const port = choice[turn++ % choice.length];
      ++this.asked;
      if (await this.#ask(port)) ++this.processed;
      else if (await this.#ask(choice.find((other) => other !== port) ?? port)) ++this.processed, ++this.again;
      else this.failures.push(port);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  get rate() {
    return (100 * this.processed) / this.asked;
  }
  async stop() {
    this.#going = false;
    await this.done;
    this.#agent.destroy();
  }
}
