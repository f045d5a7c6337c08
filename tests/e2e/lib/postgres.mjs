// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A real PostgreSQL for one story: Debian's, in a new folder, as an account that may nothing, on a Unix socket and a port of the
// loopback. Over the port it demands TLS and a password, or for the user "machine" a certificate.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./authority.mjs";
import { descendants, killIfAlive, makeFolder, removeFolder } from "./owned.mjs";
import { asAccount, freePort, isRoot, ownedByAccount, run } from "./process.mjs";
import { plant } from "./planted.mjs";

const programs = "/usr/lib/postgresql/15/bin";
const password = "a password of the database's own, with 'quotes' and \\";

export class Postgres {
  name = "PostgreSQL";

  static async start() {
    const own = new Postgres();
    own.folder = makeFolder("postgres");
    own.authority = await Authority.make("databases");
    own.port = await freePort();
    const data = (own.data = join(own.folder, "data"));
    mkdirSync(data);
    ownedByAccount(own.folder);
    await own.#run("initdb", "-D", data, "-U", "admin", "-A", "trust", "--no-sync", "--locale=C", "--encoding=UTF8");
    const server = await own.authority.server("database", { names: ["DNS:localhost"] });
    const files = { "server.crt": server.certificate, "server.key": server.key, "clients.crt": own.authority.pem };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(data, name), content, { mode: 0o600 });
    const rules = ["local all all trust", "hostssl all machine 127.0.0.1/32 cert", "hostssl all all 127.0.0.1/32 scram-sha-256"];
    writeFileSync(join(data, "pg_hba.conf"), `${rules.join("\n")}\n`);
    const settings = { port: own.port, listen_addresses: "'127.0.0.1'", unix_socket_directories: `'${own.folder}'`, ssl: "on", ssl_ca_file: "'clients.crt'", max_connections: 40 };
    writeFileSync(join(data, "postgresql.conf"), Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`).join(""), { flag: "a" });
    ownedByAccount(own.folder);
    await own.up();
    await own.sql(`CREATE ROLE mission LOGIN PASSWORD '${password.replaceAll("'", "''")}'; CREATE ROLE machine LOGIN IN ROLE mission`, "postgres");
    plant("the database's password", password);
    await own.sql("CREATE DATABASE mission OWNER mission ENCODING 'UTF8' TEMPLATE template0", "postgres");
    return own;
  }

  get log() {
    return readFileSync(join(this.folder, "log"), "utf8");
  }
  async #run(program, ...argv) {
    const [command, ...rest] = asAccount([join(programs, program), ...argv]);
    const done = await run(command, rest, { cwd: "/" });
    if (done.code !== 0) throw new Error(`${program}: ${done.stderr}${done.stdout}`);
    return done.stdout.trim();
  }
  up() {
    return this.#run("pg_ctl", "-D", this.data, "-w", "-s", "-l", join(this.folder, "log"), "start");
  }
  // down: "smart", "fast", or "immediate", which is SIGQUIT and a recovery at the next start.
  down(how) {
    return this.#run("pg_ctl", "-D", this.data, "-w", "-s", "-m", how, "stop");
  }
  // signal: to all of its processes, as SIGSTOP or SIGCONT.
  signal(name) {
    const pid = Number(readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n")[0]);
    for (const each of [pid, ...descendants(pid)]) killIfAlive(each, name);
  }
  sql(text, database = "mission", user = "admin") {
    return this.#run("psql", "-h", this.folder, "-p", `${this.port}`, "-U", user, "-At", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text);
  }

  // keep: its files for one who connects, in a folder that is there. What stands below store in mission-control.yaml.
  keep(folder, { user = "mission", secret = password, roots = this.authority.pem, certificate, local = false } = {}) {
    const at = (name, content, mode = 0o600) => {
      writeFileSync(join(folder, name), content, { mode });
      chmodSync(join(folder, name), mode);
      return join(folder, name);
    };
    const lines = [`host: ${local ? this.folder : "localhost"}`, `port: ${this.port}`, "database: mission", `user: ${user}`];
    if (!local) lines.push(`tls: { roots: ${at("database-root.pem", roots, 0o644)} }`);
    if (!local && !certificate) lines.push(`password_file: ${at("database-password", `${secret}\n`)}`);
    if (certificate) lines.push(`certificate: ${at("database.pem", certificate.certificate, 0o644)}`, `key: ${at("database.key", certificate.key)}`);
    if (isRoot) ownedByAccount(folder);
    return `store:\n  postgresql:\n${lines.map((line) => `    ${line}\n`).join("")}`;
  }

  async stop() {
    this.signal("SIGCONT");
    await this.down("immediate").catch(() => {});
    removeFolder(this.folder);
  }
}
