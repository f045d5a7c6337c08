// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A customer's network that lets nothing in: a network namespace of its own, joined to ours by one link. What runs inside listens on the
// loopback in there, which is nobody else's, and reaches one address outside and nothing more.
import { fileURLToPath } from "node:url";
import { join, dirname } from "node:path";
import { Program, run } from "./process.mjs";
import { makeFolder, removeFolder, until } from "./owned.mjs";
import { readlinkSync, writeFileSync } from "node:fs";

const must = async (...argv) => {
  const answer = await run(argv[0], argv.slice(1));
  if (answer.code !== 0) throw new Error(`${argv.join(" ")}: ${answer.stderr}`);
};

export class Inside {
  name = "the customer's network";
  log = "";

  static async start() {
    const inside = new Inside();
    inside.holder = new Program("a network of its own", ["unshare", "--net", "sleep", "infinity"]);
    const { pid } = inside.holder;
    const ours = readlinkSync("/proc/self/ns/net");
    await until("the network is there", () => readlinkSync(`/proc/${pid}/ns/net`) !== ours);
    inside.prefix = ["nsenter", "--net", "--target", String(pid), "--"];
    const link = `pt${pid}`;
    // 198.18.0.0/15 is nobody's (RFC 2544).
    const [net, four] = [`198.18.${(pid >> 6) & 255}`, (pid & 63) * 4];
    [inside.outside, inside.address] = [`${net}.${four + 1}`, `${net}.${four + 2}`];
    // Our end has no address, only routes: an address that comes or goes is a changed network to every browser on this machine, and it fails
    // the requests that are under way (ERR_NETWORK_CHANGED).
    const end = `${link}o`;
    await must("ip", "link", "add", end, "type", "veth", "peer", "name", `${link}i`, "netns", String(pid));
    await must("ip", "link", "set", end, "addrgenmode", "none", "up");
    await must("ip", "route", "add", "local", inside.outside, "dev", end);
    await must("ip", "route", "add", inside.address, "dev", end, "src", inside.outside);
    for (const argv of [["address", "add", `${inside.address}/30`, "dev", `${link}i`], ["link", "set", `${link}i`, "up"], ["link", "set", "lo", "up"]])
      await must(...inside.prefix, "ip", ...argv);
    return inside;
  }

  // listening: addresses on which something listens in there, as the kernel knows them: "127.0.0.1".
  async listening() {
    const { stdout } = await run(this.prefix[0], [...this.prefix.slice(1), "cat", "/proc/net/tcp", "/proc/net/tcp6"]);
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/)).filter((row) => row[3] === "0A");
    return [...new Set(rows.map((row) => row[1].split(":")[0]))].map((hex) => (hex === "0100007F" ? "127.0.0.1" : hex));
  }

  stop() {
    return this.holder.stop();
  }
}

// Little: the component of lib/inside_component.mjs, in there.
export class Little {
  name = "a component inside";
  static async start(inside, port) {
    const little = new Little();
    const program = join(dirname(fileURLToPath(import.meta.url)), "inside_component.mjs");
    little.program = new Program(little.name, [...inside.prefix, process.execPath, program, String(port)]);
    little.url = `http://127.0.0.1:${port}`;
    await until("it listens", () => /listens/.test(little.program.log));
    return little;
  }
  get log() {
    return this.program.log;
  }
  stop() {
    return this.program.stop();
  }
}

export class Prometheus {
  name = "Prometheus inside";
  static async start(inside, port) {
    const own = new Prometheus();
    own.folder = makeFolder("prometheus");
    writeFileSync(join(own.folder, "prometheus.yml"), `global: { scrape_interval: 1s }\nscrape_configs:\n  - { job_name: prometheus, metrics_path: /prometheus/metrics, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }\n`);
    own.url = `http://127.0.0.1:${port}`;
    own.program = new Program(own.name, [...inside.prefix, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=127.0.0.1:${port}`, `--web.external-url=http://127.0.0.1:${port}/prometheus/`, "--log.level=warn"], { cwd: own.folder });
    return own;
  }
  get log() {
    return this.program.log;
  }
  async stop() {
    await this.program.stop();
    removeFolder(this.folder);
  }
}

export class Alertmanager {
  name = "Alertmanager inside";
  static async start(inside, port) {
    const own = new Alertmanager();
    own.inside = inside;
    own.folder = makeFolder("alertmanager");
    writeFileSync(join(own.folder, "alertmanager.yml"), "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
    own.url = `http://127.0.0.1:${port}`;
    own.program = new Program(own.name, [...inside.prefix, "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=data", `--web.listen-address=127.0.0.1:${port}`, `--web.external-url=http://127.0.0.1:${port}/alertmanager/`, "--cluster.listen-address=", "--log.level=warn"], { cwd: own.folder });
    return own;
  }
  // silences: those in force, as it says itself.
  async silences() {
    const got = await run(this.inside.prefix[0], [...this.inside.prefix.slice(1), "curl", "-sf", `${this.url}/alertmanager/api/v2/silences`]);
    return JSON.parse(got.stdout).filter((one) => one.status.state === "active");
  }
  get log() {
    return this.program.log;
  }
  async stop() {
    await this.program.stop();
    removeFolder(this.folder);
  }
}
