// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A whole gateway for one story: made with `postern init`, served on ports that the kernel picks, commanded with the real command line.
// POSTERN_BUILD names the build folder (default build/dev). Its programs are copied below /tmp, because the roles run as an account of
// their own that may not be able to read the work tree, and because a build may go on meanwhile.
import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "./client.mjs";
import { plant, plantKeys } from "./planted.mjs";
import { Program, isRoot, run, runJson } from "./process.mjs";
import { alive, descendants, killIfAlive, makeFolder, own, removeFolder, until } from "./owned.mjs";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const quickstartPolicy = join(root, "deploy/quickstart/policy.yaml");

const build = resolve(root, process.env.POSTERN_BUILD ?? "build/dev");
const programs = ["postern", "postern-authority", "mission-control"];
let installed;
export const install = () => {
  if (installed) return installed;
  installed = makeFolder("programs");
  for (const folder of ["bin", "libexec", "libexec/postern"]) mkdirSync(join(installed, folder)), chmodSync(join(installed, folder), 0o755);
  for (const program of programs) copyFileSync(join(build, "bin", program), join(installed, "bin", program));
  cpSync(join(build, "libexec/postern"), join(installed, "libexec/postern"), { recursive: true });
  for (const file of [...programs.map((name) => `bin/${name}`), ...readdirSync(join(installed, "libexec/postern")).map((name) => `libexec/postern/${name}`)])
    chmodSync(join(installed, file), 0o755);
  return installed;
};

export class Gateway {
  name = "the gateway";
  environment = {}; // of its processes and commands, besides our own
  #serving;
  #successor; // pid of the supervisor to which it was handed over

  // start: options are
  //   services   {name: url}, as `init --component` takes them
  //   policy     text of policy.yaml; the quickstart's unless said otherwise
  //   configure  a function from the text of postern.yaml that init wrote to the one that is served
  //   secrets    {name: text} of files that only the gateway's account may read
  //   names      hosts under which it is reached, besides localhost
  //   inside     a network of its own (lib/inside.mjs), in which it runs: its ports are then not ours
  static async start({ services, policy = readFileSync(quickstartPolicy, "utf8"), configure = (text) => text, secrets = {}, names = [], inside }) {
    const gateway = new Gateway();
    gateway.inside = inside;
    gateway.prefix = install();
    gateway.parent = makeFolder("gateway");
    gateway.folder = join(gateway.parent, "g");
    gateway.configFile = join(gateway.folder, "postern.yaml");
    gateway.policyFile = join(gateway.folder, "policy.yaml");
    await gateway.#init(services, names);
    gateway.writePolicy(policy);
    for (const [name, text] of Object.entries(secrets)) gateway.writeSecret(name, text);
    gateway.writeConfig(configure(readFileSync(gateway.configFile, "utf8")));
    await gateway.serve();
    return gateway;
  }

  async #init(services, names) {
    const components = Object.entries(services).flatMap(([name, url]) => ["--component", `${name}=${url}`]);
    const addresses = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    const made = await run(this.program, ["init", "--dir", this.folder, ...addresses, ...components, ...names.flatMap((name) => ["--name", name])]);
    if (made.code !== 0) throw new Error(`postern init failed: ${made.stderr}`);
    this.password = /Password\s+(\S+)/.exec(made.stdout)[1];
    plant("the admin's password", this.password);
    plantKeys(this.folder);
    this.ca = readFileSync(join(this.folder, "certs/support-ca.pem"));
    this.adminCa = readFileSync(join(this.folder, "certs/admin-ca.pem"));
  }

  get program() {
    return join(this.prefix, "bin/postern");
  }
  get log() {
    return this.#serving?.log ?? "";
  }
  get pid() {
    return this.#successor ?? this.#serving.pid;
  }
  get url() {
    return `https://localhost:${this.port}`;
  }
  get adminUrl() {
    return `https://localhost:${this.adminPort}`;
  }

  // Both files exist already, with owner and mode from init; writing keeps these.
  writePolicy(text) {
    writeFileSync(this.policyFile, text);
  }
  writeConfig(text) {
    writeFileSync(this.configFile, text);
  }

  // replaceRole: the program of a role by another one of the build folder, for this gateway; while it does not run.
  replaceRole(role, program) {
    if (this.prefix === installed) {
      this.prefix = join(this.parent, "programs");
      cpSync(installed, this.prefix, { recursive: true });
    }
    const file = join(this.prefix, "libexec/postern", role);
    rmSync(file);
    copyFileSync(join(build, program), file);
    chmodSync(file, 0o755);
  }

  // writeSecret: a file below the gateway's folder that belongs to whom its keys belong to. An existing one is replaced, not rewritten.
  writeSecret(name, text) {
    const [file, owner] = [join(this.folder, name), statSync(join(this.folder, "keys/pass.key"))];
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600 });
    if (isRoot) chownSync(file, owner.uid, owner.gid);
  }

  // serve: starts it and waits until every role runs and the console says that it is ready. After `stop` it serves the same folder again,
  // on other ports. inVain: asked again and again; true if there is no use in waiting on.
  async serve(patience = 15_000, inVain = () => false) {
    this.#successor = undefined;
    this.#serving = new Program("postern serve", [...(this.inside?.prefix ?? []), this.program, "--config", this.configFile, "serve"], { env: { ...process.env, ...this.environment } });
    const status = await until("the gateway is ready", async () => {
      if (!this.#serving.running) throw new Error(`postern serve ended at once:\n${this.log}`);
      if (inVain()) throw new Error("there is no use in waiting for the gateway");
      const answer = await this.tryCli("status");
      return answer.code === 0 && answer.json.roles.every((role) => role.state === "running") && answer.json.log.writable && answer.json;
    }, patience);
    const port = (name) => Number(status.listeners.find((listener) => listener.name === name).address.split(":").pop());
    this.port = port("support");
    this.adminPort = port("admin");
    if (this.inside) return;
    const probe = new Client({ port: this.adminPort, ca: this.adminCa });
    await until("the console answers", async () => (await probe.fetch("/readyz").catch(() => ({}))).status === 200);
    probe.close();
  }

  // tryHandOver: another supervisor wants to go on in the place of this one; gives {code, stdout, stderr}. program: of another prefix.
  async tryHandOver(program = this.program, ...argv) {
    const answer = await run(program, ["--config", this.configFile, "hand-over", ...argv], { env: { ...process.env, ...this.environment } });
    const successor = /version \S+, process (\d+)/.exec(answer.stderr);
    if (successor) this.succeed(Number(successor[1]));
    return answer;
  }
  succeed(pid) {
    own(pid);
    this.#successor = pid;
  }
  async handOver(...argv) {
    const answer = await this.tryHandOver(...argv);
    if (answer.code !== 0) throw new Error(`postern hand-over: exit ${answer.code}: ${answer.stderr}`);
    return answer;
  }

  // tryCli: {code, stdout, stderr, json}; json is undefined where none was printed.
  tryCli(...argv) {
    return runJson(this.program, ["--config", this.configFile, "--json", ...argv], { env: { ...process.env, ...this.environment } });
  }

  // plainCli: as a person would call it, without --json.
  plainCli(...argv) {
    return run(this.program, ["--config", this.configFile, ...argv]);
  }

  // cli: what the command printed as JSON; rejects if it failed.
  async cli(...argv) {
    const answer = await this.tryCli(...argv);
    if (answer.code !== 0) throw new Error(`postern ${argv.join(" ")}: exit ${answer.code}: ${answer.stderr}${answer.stdout}`);
    return answer.json ?? answer.stdout;
  }

  // admit: an engineer who is known and approved, remote access on, and these capabilities on.
  async admit(engineer, capabilities = []) {
    await this.cli("engineer", "add", engineer, "--email", `${engineer}@vendor.example`);
    await this.cli("engineer", "approve", engineer);
    await this.cli("remote-access", "set", "all");
    for (const name of capabilities) await this.cli("capability", "set", name, "on");
  }

  // acceptPolicy: what the policy in force opens is open, as when an admin has looked at it.
  async acceptPolicy(hash) {
    return this.cli("policy", "accept", hash ?? (await this.cli("policy", "show")).hash);
  }

  // client: an engineer's client without a session, or with a client certificate {cert, key}.
  client(certificate = {}) {
    return new Client({ port: this.port, ca: this.ca, tls: certificate });
  }
  adminClient() {
    return new Client({ port: this.adminPort, ca: this.adminCa });
  }

  // signIn: a client with a session of the engineer's; it knows its `session`, and the `pass` and `secret` (the cookie's value) that opened it.
  async signIn(engineer) {
    const { pass } = await this.cli("pass", "issue", "--engineer", engineer);
    const client = this.client();
    const answer = await client.send("POST", "/.postern/sign-in", { pass });
    if (answer.status !== 200) throw new Error(`sign-in of ${engineer}: ${answer.status} ${answer.text}`);
    client.pass = pass;
    client.secret = client.cookie.split("=")[1];
    client.session = answer.json.session.session ?? answer.json.session.id;
    return client;
  }

  // events: of the log; `argv` as `postern events` takes them.
  async events(...argv) {
    return (await this.cli("events", "--limit", "1000", ...argv)).items;
  }
  // event: the one with this id, once it is in the log's index.
  event(id) {
    return until(`event ${id} is in the log`, async () => (await this.events()).find((event) => event.id === id));
  }

  // leftovers: processes of this gateway that should not be there any more.
  #leftovers(before) {
    return before.filter((pid) => alive(pid));
  }

  // halt: ends the gateway in order and keeps its folder. Fails unless it exits with 0 and leaves no process.
  async halt() {
    const roles = [...descendants(this.pid), this.pid];
    if (this.#successor) killIfAlive(this.#successor, "SIGTERM");
    if (this.#successor) await until("the gateway has stopped", () => !alive(this.#successor), 45_000);
    const end = await this.#serving.stop(45_000);
    const handedOver = this.#successor !== undefined;
    this.#successor = undefined;
    const left = this.#leftovers(roles);
    for (const pid of left) killIfAlive(pid, "SIGKILL");
    if (end.killed) throw new Error("the gateway did not stop within 45 s");
    if (end.code !== 0 && !handedOver) throw new Error(`the gateway ended with ${end.signal ?? end.code}`);
    if (left.length > 0) throw new Error(`the gateway left ${left.length} processes running`);
  }

  // crash: ends all of its processes at once, and keeps its folder. `serve` starts it again.
  async crash() {
    const all = [this.pid, ...descendants(this.pid)];
    for (const pid of all) killIfAlive(pid, "SIGKILL");
    await until("all of it has ended", () => all.every((pid) => !alive(pid)));
  }

  async stop() {
    try {
      if (this.#serving) await this.halt();
    } finally {
      removeFolder(this.parent);
    }
  }
}

export { isRoot };
