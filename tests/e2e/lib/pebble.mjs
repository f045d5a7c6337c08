// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Pebble, Let's Encrypt's test server for ACME, with a name server of its own that leads every name to this machine. It refuses a fifth of
// all good nonces, as clients must expect.
import { mkdirSync, writeFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import { Authority } from "./authority.mjs";
import { makeFolder, removeFolder, until } from "./owned.mjs";
import { Program, freePort } from "./process.mjs";

export class Pebble {
  name = "pebble";
  folder = makeFolder("pebble");

  // httpPort, tlsPort: where http-01 and tls-alpn-01 are answered; nowhere if not given. lifetime: of certificates, in seconds. accounts: {key id: secret} that it demands, if any.
  static async start({ httpPort, tlsPort, lifetime = 86_400, accounts }) {
    const pebble = new Pebble();
    pebble.authority = await Authority.make("pebble's own server");
    const { certificate, key } = await pebble.authority.server("pebble");
    pebble.rootFile = pebble.authority.file;
    const [port, management, dns, dnsManagement] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const file = (name, text) => (writeFileSync(join(pebble.folder, name), text), join(pebble.folder, name));
    mkdirSync(pebble.folder, { recursive: true });
    const config = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: file("server.pem", certificate),
      privateKey: file("server.key", key),
      httpPort: httpPort ?? (await freePort()),
      tlsPort: tlsPort ?? (await freePort()),
      ocspResponderURL: "",
      externalAccountBindingRequired: accounts !== undefined,
      externalAccountMACKeys: accounts ?? {},
      certificateValidityPeriod: lifetime,
    };
    const names = ["pebble-challtestsrv", "-dns01", `127.0.0.1:${dns}`, "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""];
    pebble.dns = new Program("pebble's name server", [...names, "-management", `127.0.0.1:${dnsManagement}`]);
    pebble.server = new Program("pebble", ["pebble", "-config", file("config.json", JSON.stringify({ pebble: config })), "-dnsserver", `127.0.0.1:${dns}`], {
      env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "20" },
    });
    pebble.url = `https://127.0.0.1:${port}/dir`;
    pebble.management = `https://127.0.0.1:${management}`;
    await until("pebble answers", () => pebble.get(pebble.url).catch(() => undefined));
    return pebble;
  }

  get(url) {
    return new Promise((resolve, reject) => {
      const request = https.get(url, { ca: this.authority.pem, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece) => (text += piece));
        response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${response.statusCode}`))));
      });
      request.once("error", reject);
    });
  }
  // root: of the certificates that it issues, new at each start.
  root() {
    return this.get(`${this.management}/roots/0`);
  }

  // halt: it answers no more until it is started anew, by another Pebble.
  async halt() {
    await this.server.stop();
  }
  async stop() {
    await this.server.stop();
    await this.dns.stop();
    this.authority.stop();
    removeFolder(this.folder);
  }
}
