// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/testssl.mjs
//
// Debian's testssl.sh against both listeners, and against nginx and HAProxy with the TLS settings of Debian's configuration files, in one
// run: each finding above INFO, the rows that docs/TLS.md quotes, and the grade by SSL Labs' rating guide (2009q), which Debian 12's
// testssl.sh does not give. All have a P-256 certificate of the same authority, for 90 days and with an OCSP responder, which testssl.sh is
// told to trust; then the support listener once more with the certificate that `postern init` made. WARN is a check that testssl.sh could not
// make. Exits 1 if it finds anything above INFO at Postern with a site's certificate. Takes some six minutes, and
// Debian's packages testssl.sh, nginx and haproxy. Builds nothing: POSTERN_BUILD names the build.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Authority } from "../tests/e2e/lib/authority.mjs";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { OcspResponder } from "../tests/e2e/lib/ocsp_responder.mjs";
import { makeFolder, removeFolder, until } from "../tests/e2e/lib/owned.mjs";
import { Program, freePort, run } from "../tests/e2e/lib/process.mjs";

const kPatience = 900_000; // for one run of testssl.sh

const folder = makeFolder("testssl");
const file = (name, text) => (writeFileSync(join(folder, name), text, { mode: 0o600 }), join(folder, name));
const linesOf = (path, pattern) => readFileSync(path, "utf8").split("\n").filter((line) => pattern.test(line)).join("\n");
const answers = (port) => new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1").once("connect", () => (socket.destroy(), resolve(true))).once("error", () => resolve(false));
});

const startNginx = async (certificate, key) => {
  const port = await freePort();
  const config = file("nginx.conf", `pid ${folder}/nginx.pid; daemon off; master_process off; error_log stderr; events {}
http { access_log off; ${linesOf("/etc/nginx/nginx.conf", /^\s*ssl_/)}
server { listen 127.0.0.1:${port} ssl; ssl_certificate ${file("nginx.pem", certificate)}; ssl_certificate_key ${file("nginx.key", key)}; root ${folder}/none; } }\n`);
  return { name: "nginx", port, program: new Program("nginx", ["nginx", "-c", config, "-p", folder]) };
};
const startHaproxy = async (certificate, key) => {
  const port = await freePort();
  const config = file("haproxy.cfg", `global\n${linesOf("/etc/haproxy/haproxy.cfg", /^\s*ssl-default-/)}
defaults\n mode http\n timeout client 30s\n timeout connect 5s\n timeout server 30s
frontend f\n bind 127.0.0.1:${port} ssl crt ${file("haproxy.pem", certificate + key)}\n http-request return status 200\n`);
  return { name: "HAProxy", port, program: new Program("haproxy", ["haproxy", "-db", "-f", config]) };
};

const scan = async ({ port, name }, roots) => {
  const into = join(folder, `${name.replaceAll(" ", "_")}.json`);
  const argv = ["--quiet", "--color", "0", "--nodns", "none", "--ip", "127.0.0.1", "--add-ca", roots, "--jsonfile", into, `localhost:${port}`];
  const { stdout } = await run("testssl", argv, { timeout: kPatience });
  if (!stdout.includes("Done")) throw new Error(`testssl.sh did not end properly at ${name}:\n${stdout.slice(-2000)}`);
  const found = JSON.parse(readFileSync(into, "utf8"));
  rmSync(into);
  return found;
};

// SSL Labs' guide: protocols 30 %, key exchange 30 %, ciphers 40 %; each the mean of the best and the worst that is offered; A+ asks for HSTS.
const mean = (values) => (Math.max(...values) + Math.min(...values)) / 2;
const gradeOf = (found) => {
  const row = (id) => found.find((one) => one.id === id)?.finding ?? "";
  const scores = { TLS1: 90, TLS1_1: 95, TLS1_2: 100, TLS1_3: 100 };
  const versions = Object.keys(scores).filter((id) => row(id).startsWith("offered"));
  const suites = found.filter((one) => /^cipher_x/.test(one.id)).map((one) => one.finding);
  const strengths = suites.map((text) => (/256|CHACHA20/.test(text.split(/\s+/).slice(-1)[0].replace(/_?SHA256$/, "")) ? 100 : 80));
  const exchange = 90; // P-256 and X25519: as RSA with 3,072 bits
  const score = 0.3 * mean(versions.map((id) => scores[id])) + 0.3 * exchange + 0.4 * mean(strengths);
  if (!/^passed/.test(row("cert_chain_of_trust"))) return "T (not trusted)";
  if (versions.includes("TLS1") || versions.includes("TLS1_1")) return `B (${Math.round(score)}, capped for TLS before 1.2)`;
  return `${score >= 80 ? (row("HSTS_time") ? "A+" : "A") : score >= 65 ? "B" : "C"} (${Math.round(score)})`;
};
const kRows = ["TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "cipherlist_AVERAGE", "PFS_ECDHE_curves", "cipher_order", "OCSP_stapling", "HSTS_time", "LUCKY13", "BREACH"];

const report = (name, found) => {
  const above = found.filter((one) => ["LOW", "MEDIUM", "HIGH", "CRITICAL"].includes(one.severity));
  console.log(`\n${name}: grade ${gradeOf(found)}, ${above.length} above INFO`);
  for (const one of found) if (above.includes(one) || one.severity === "WARN") console.log(`  ${one.severity.padEnd(8)} ${one.id}: ${one.finding}`);
  for (const one of found) if (kRows.includes(one.id) && !above.includes(one)) console.log(`    ${one.id}: ${one.finding}`);
  return above;
};

// Another certificate at each listener, from an authority with a responder.
const show = async (gateway, authority, own) => {
  await gateway.halt();
  for (const [name, { certificate, key }] of Object.entries(own)) {
    gateway.writeSecret(`certs/${name}.pem`, certificate);
    gateway.writeSecret(`keys/${name}.key`, key);
  }
  gateway.writeConfig(readFileSync(gateway.configFile, "utf8").replace(/(keys\/(support|admin)\.key)/g, "$1\n    staple: true"));
  gateway.ca = gateway.adminCa = authority.pem;
  await gateway.serve();
  await until("the staples are there", async () => (await gateway.cli("status")).listeners.every((one) => one.certificates.every(({ staple }) => staple?.until)));
};

const owned = [];
try {
  const component = await LittleComponent.start((_, response) => response.end("here\n"));
  owned.push(() => component.stop());
  const authority = await Authority.make("site authority");
  owned.push(() => authority.stop());
  const responder = await OcspResponder.start(authority);
  owned.push(() => responder.stop());
  const more = `keyUsage=critical,digitalSignature\nauthorityInfoAccess=OCSP;URI:${responder.url}`;
  const issue = async (name) => {
    const { certificate, key } = await authority.server(name, { names: ["DNS:localhost"], more, days: 90 });
    return { certificate: certificate + authority.pem, key };
  };
  const start = async () => {
    const gateway = await Gateway.start({ services: component.services });
    owned.push(() => gateway.stop());
    return gateway;
  };
  const [gateway, fresh] = [await start(), await start()];
  await show(gateway, authority, { support: await issue("support"), admin: await issue("admin") });
  const peers = [];
  for (const begin of [startNginx, startHaproxy]) {
    const { certificate, key } = await issue("peer");
    const peer = await begin(certificate, key);
    owned.push(() => peer.program.stop());
    await until(`${peer.name} answers`, () => answers(peer.port));
    peers.push(peer);
  }
  const roots = file("roots.pem", `${fresh.ca}${authority.pem}`);
  const mine = [{ name: "support listener", port: gateway.port }, { name: "admin listener", port: gateway.adminPort }];
  for (const one of [...mine, ...peers, { name: "support listener as init made it", port: fresh.port }]) {
    const above = report(one.name, await scan(one, roots));
    if (mine.includes(one) && above.length > 0) process.exitCode = 1;
  }
} finally {
  for (const stop of owned.reverse()) await stop();
  removeFolder(folder);
}
