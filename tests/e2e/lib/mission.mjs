// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A whole Mission Control for one story, made with `mission-control init` and served on a port that the kernel picks; and an
// installation as its line sees one, on Node's HTTP/2.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import { install } from "./gateway.mjs";
import { alive, descendants, killIfAlive, makeFolder, removeFolder, until } from "./owned.mjs";
import { plant } from "./planted.mjs";
import { Program, ownedByAccount, run, runJson } from "./process.mjs";

export const domain = "mission.example.com";

// ulid: like one, and each greater than the one before it.
let counted = 0;
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const ulid = () => {
  let [value, out] = [BigInt(Date.now()) * (1n << 80n) + (BigInt(++counted) << 40n) + BigInt(Math.floor(Math.random() * 2 ** 40)), ""];
  for (let i = 0; i < 26; i++) [out, value] = [digits[Number(value % 32n)] + out, value / 32n];
  return out;
};

export class MissionControl {
  name = "Mission Control";
  #serving;

  // listen: the port of the line; without one the kernel picks another at each start. like: another server of the same Mission Control,
  // whose authorities this one has too. store: gives what stands below store in the configuration, for a folder that it may write to.
  // relay: the domain of the names by which it relays engineers; its port, too, the kernel picks. relayListen: unless it is told one.
  // configure: changes the configuration. Made and not served yet, where served is false.
  static async start({ listen = 0, like, store, served = true, configure, relay, relayListen = 0 } = {}) {
    const mission = new MissionControl();
    mission.listen = listen;
    mission.program = join(install(), "bin/mission-control");
    mission.parent = makeFolder("mission");
    mission.folder = join(mission.parent, "m");
    mission.configFile = join(mission.folder, "mission-control.yaml");
    const made = await mission.init();
    if (made.code !== 0) throw new Error(`mission-control init failed: ${made.stderr}`);
    if (like) for (const part of ["certs", "keys"]) cpSync(join(like.folder, part), join(mission.folder, part), { recursive: true, force: true });
    if (store) mission.keepIn(store);
    Object.assign(mission, { made: JSON.parse(made.stdout), person: JSON.parse(made.stdout).person, adminCa: readFileSync(join(mission.folder, "certs/admin-ca.pem")) });
    plant("the first administrator's password", mission.person.password);
    if (configure) writeFileSync(mission.configFile, configure(readFileSync(mission.configFile, "utf8")));
    mission.ca = readFileSync(join(mission.folder, "certs/line-ca.pem"));
    if (relay) {
      const text = readFileSync(mission.configFile, "utf8");
      writeFileSync(mission.configFile, text.replace("listeners:\n", `listeners:\n  relay: { address: "127.0.0.1:${relayListen}", domain: ${relay} }\n`));
    }
    if (served) await mission.serve();
    return mission;
  }
  // keepIn: what stands below store from the next start on.
  keepIn(store) {
    const folder = join(this.folder, "store");
    mkdirSync(folder, { recursive: true });
    const text = readFileSync(this.configFile, "utf8").replace(/^store:\n( .*\n)*/m, "");
    writeFileSync(this.configFile, text + store(folder));
    ownedByAccount(this.folder);
  }
  init() {
    return run(this.program, ["init", "--json", "--dir", this.folder, "--name", domain, "--line-listen", `127.0.0.1:${this.listen}`, "--admin-listen", "127.0.0.1:0"]);
  }
  get log() {
    return this.#serving?.log ?? "";
  }
  get pid() {
    return this.#serving.pid;
  }
  signal(signal) {
    this.#serving.signal(signal);
  }

  async serve() {
    this.#serving = new Program("mission-control serve", [this.program, "--config", this.configFile, "serve"]);
    const status = await until("Mission Control is ready", async () => {
      if (!this.#serving.running) throw new Error(`mission-control serve ended at once:\n${this.log}`);
      const answer = await this.tryCli("status");
      return answer.code === 0 && answer.json.roles.every((role) => role.state === "running") && answer.json;
    });
    const port = (name) => Number(status.listeners.find((one) => one.name === name)?.address.split(":").pop());
    [this.port, this.adminPort, this.relayPort] = ["line", "admin", "relay"].map(port);
  }

  tryCli(...argv) {
    return runJson(this.program, ["--config", this.configFile, "--json", ...argv]);
  }
  // plainCli: as a person would call it, without --json.
  plainCli(...argv) {
    return run(this.program, ["--config", this.configFile, ...argv]);
  }
  async cli(...argv) {
    const answer = await this.tryCli(...argv);
    if (answer.code !== 0) throw new Error(`mission-control ${argv.join(" ")}: exit ${answer.code}: ${answer.stderr}`);
    return answer.json ?? answer.stdout;
  }
  async events(installation) {
    return (await this.cli("events", "--installation", installation, "--limit", "1000")).items;
  }
  async newCode(customer, ...argv) {
    const { code } = await this.cli("enrolment", "new", "--customer", customer, ...argv);
    plant("a one-time code", code);
    return code;
  }
  // enrolled: an installation with a certificate of its own.
  async enrolled(customer) {
    const installation = new Installation(this);
    await installation.enrol(await this.newCode(customer));
    return installation;
  }

  async crash() {
    const all = [this.pid, ...descendants(this.pid)];
    for (const pid of all) killIfAlive(pid, "SIGKILL");
    await until("all of it has ended", () => all.every((pid) => !alive(pid)));
  }
  // halt: as stop, and its folder stays.
  async halt() {
    const end = await this.#serving.stop(30_000);
    if (end.killed || end.code !== 0) throw new Error(`Mission Control ended with ${end.signal ?? end.code}`);
  }
  async stop() {
    try {
      if (!this.#serving?.running) return;
      const end = await this.#serving.stop(30_000);
      if (end.killed || end.code !== 0) throw new Error(`Mission Control ended with ${end.signal ?? end.code}`);
    } finally {
      removeFolder(this.parent);
    }
  }
}

export class Installation {
  #session;

  // address: where it comes from.
  constructor(mission, address = "127.0.0.1") {
    this.mission = mission;
    this.address = address;
  }

  // request: a new key of this installation, and a certificate request for it.
  async request(...argv) {
    const folder = makeFolder("installation");
    const [key, file] = [join(folder, "key"), join(folder, "csr")];
    const made = await run("openssl", ["req", "-new", "-nodes", "-subj", "/", "-keyout", key, "-out", file, ...(argv.length > 0 ? argv : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])]);
    if (made.code !== 0) throw new Error(made.stderr);
    const out = { key: readFileSync(key, "utf8"), request: readFileSync(file, "utf8") };
    removeFolder(folder);
    return out;
  }

  connect(certificate) {
    const session = http2.connect(`https://localhost:${this.mission.port}`, { ca: this.mission.ca, host: "127.0.0.1", localAddress: this.address, ...certificate });
    session.on("error", () => {});
    return session;
  }
  get session() {
    if (!this.#session || this.#session.closed || this.#session.destroyed) this.#session = this.connect({ cert: this.cert, key: this.key });
    return this.#session;
  }

  // ask: {status, headers, text, json}.
  ask(method, path, body, session = this.session) {
    return new Promise((resolve, reject) => {
      const stream = session.request({ ":method": method, ":path": path }, { endStream: body === undefined });
      const answer = { text: "" };
      stream.setEncoding("utf8").on("response", (headers) => Object.assign(answer, { headers, status: headers[":status"] }));
      stream.on("data", (piece) => (answer.text += piece)).once("error", reject).once("end", () => {
        try {
          answer.json = JSON.parse(answer.text);
        } catch {
          answer.json = undefined;
        }
        resolve(answer);
      });
      stream.once("close", () => reject(new Error("the stream was closed without an answer")));
      if (body !== undefined) stream.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  async tryEnrol(code, request) {
    const session = this.connect({});
    try {
      return await this.ask("POST", "/line/v1/enrol", { code, request, version: "0.1.0" }, session);
    } finally {
      session.close();
    }
  }
  async enrol(code) {
    const { key, request } = await this.request();
    const answer = await this.tryEnrol(code, request);
    if (answer.status !== 200) throw new Error(`enrol: ${answer.status} ${answer.text}`);
    [this.id, this.customer, this.cert, this.key] = [answer.json.installation, answer.json.customer, answer.json.certificate, key];
    plant("an installation's key", key.split("\n")[1]);
  }
  report(kind, body, id = ulid()) {
    return { id, kind, schema: 1, time: new Date().toISOString(), body };
  }
  send(...reports) {
    return this.ask("POST", "/line/v1/reports", { reports });
  }

  // orders: a stream of them, with what came so far.
  async orders(life = ulid(), session = this.session) {
    const stream = session.request({ ":path": `/line/v1/orders?life=${life}` });
    const out = { life, stream, text: "", ended: false, get lines() { return this.text.split("\n").filter(Boolean).map((line) => JSON.parse(line)); } };
    stream.setEncoding("utf8").on("data", (piece) => (out.text += piece)).on("error", () => {}).once("close", () => (out.ended = true));
    out.status = await new Promise((resolve, reject) => stream.once("response", (headers) => resolve(headers[":status"])).once("error", reject).once("close", () => reject(new Error("the stream was closed without an answer"))));
    return out;
  }
  close() {
    this.#session?.destroy();
    this.#session = undefined;
  }
}

