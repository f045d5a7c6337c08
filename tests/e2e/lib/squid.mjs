// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Debian's squid as a forward proxy: asks for Basic or Digest, and lets CONNECT through.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Program, freePort, run } from "./process.mjs";
import { makeFolder, removeFolder, until } from "./owned.mjs";

const realm = "squid";

export class Squid {
  name = "squid";
  #program;

  // scheme: "basic", "digest" or "none"
  // host: the address on which it listens.
  static async start(scheme, { user = "gateway", password = "through the proxy", host = "127.0.0.1" } = {}) {
    const own = new Squid();
    own.folder = makeFolder("squid");
    chmodSync(own.folder, 0o777);
    own.port = await freePort();
    own.url = `http://${host}:${own.port}`;
    const file = (name) => join(own.folder, name);
    const hash = (text) => createHash("md5").update(text).digest("hex");
    const basic = await run("openssl", ["passwd", "-apr1", password]);
    writeFileSync(file("basic"), `${user}:${basic.stdout.trim()}\n`);
    writeFileSync(file("digest"), `${user}:${realm}:${hash(`${user}:${realm}:${password}`)}\n`);
    const program = { basic: `basic_ncsa_auth ${file("basic")}`, digest: `digest_file_auth -c ${file("digest")}` }[scheme];
    const login = program ? [`auth_param ${scheme} program /usr/lib/squid/${program}`, `auth_param ${scheme} realm ${realm}`, "acl known proxy_auth REQUIRED", "http_access allow CONNECT known"] : ["http_access allow CONNECT"];
    const lines = [
      `http_port ${host}:${own.port}`,
      `pid_filename ${file("pid")}`,
      `cache_log ${file("cache.log")}`,
      `access_log stdio:${file("access.log")}`,
      "cache deny all",
      "shutdown_lifetime 0 seconds",
      `coredump_dir ${own.folder}`,
      "acl CONNECT method CONNECT",
      ...login,
      "http_access deny all",
    ];
    writeFileSync(file("squid.conf"), `${lines.join("\n")}\n`);
    own.#program = new Program("squid", ["/usr/sbin/squid", "-N", "-f", file("squid.conf")]);
    await until("squid listens", () => new Promise((resolve) => {
      const socket = connect(own.port, host, () => socket.destroy() && resolve(true)).once("error", () => resolve(false));
    }), 30_000);
    return own;
  }

  get log() {
    const file = join(this.folder, "cache.log");
    return this.#program.log + (existsSync(file) ? readFileSync(file, "utf8") : "");
  }
  // passed: lines of its access log.
  get passed() {
    const file = join(this.folder, "access.log");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];
  }

  async stop() {
    await this.#program.stop?.();
    removeFolder(this.folder);
  }
}
