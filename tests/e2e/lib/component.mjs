// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway protects in these stories: Debian's Prometheus and Alertmanager, as the quickstart runs them, or a small HTTP server
// of the story's own that does what a real component does only when one is not looking.
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { Program, asAccount, freePort, ownedByAccount } from "./process.mjs";
import { makeFolder, removeFolder, until } from "./owned.mjs";

const prometheusConfig = (own, alertmanager) => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
alerting:
  alertmanagers: [{ path_prefix: /alertmanager, static_configs: [{ targets: ["127.0.0.1:${alertmanager}"] }] }]
rule_files: [rules.yml]
scrape_configs:
  - { job_name: prometheus, metrics_path: /prometheus/metrics, static_configs: [{ targets: ["127.0.0.1:${own}"] }] }
  - { job_name: alertmanager, metrics_path: /alertmanager/metrics, static_configs: [{ targets: ["127.0.0.1:${alertmanager}"] }] }
  - { job_name: missing, static_configs: [{ targets: ["127.0.0.1:1"] }] }
`;
const rules = `groups: [{ name: e2e, rules: [{ alert: TargetDown, expr: 'up == 0', labels: { severity: warning } }] }]\n`;
const alertmanagerConfig = `route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n`;

const answers = async (url, headers) => {
  try {
    return (await fetch(url, { headers, signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
};

// shown: {cert, key, ca} of a client's certificate.
const answersTo = (url, shown) =>
  new Promise((resolve) => {
    const request = https.get(url, { ...shown, agent: false, timeout: 2_000 }, (response) => resolve(response.resume().statusCode === 200));
    request.once("error", () => resolve(false)).once("timeout", () => request.destroy());
  });

export class Monitoring {
  name = "Prometheus and Alertmanager";
  #programs = [];

  // account: {user, password, hash (bcrypt)} that Prometheus asks for; by default it asks for none. tls: {certificate, key, clients}:
  // Prometheus speaks TLS with them and insists on clients of those authorities (all PEM); who waits for it shows `probe`.
  static async start({ account, tls } = {}) {
    const component = new Monitoring();
    const folder = (component.folder = makeFolder("component"));
    const [own, alertmanager] = [await freePort(), await freePort()];
    writeFileSync(join(folder, "prometheus.yml"), prometheusConfig(own, alertmanager));
    writeFileSync(join(folder, "rules.yml"), rules);
    writeFileSync(join(folder, "alertmanager.yml"), alertmanagerConfig);
    mkdirSync(join(folder, "data"));
    component.services = { prometheus: `http://127.0.0.1:${own}`, alertmanager: `http://127.0.0.1:${alertmanager}` };
    if (tls) component.services.prometheus = `https://127.0.0.1:${own}`;
    const argv = (port, path) => [`--web.listen-address=127.0.0.1:${port}`, `--web.external-url=http://127.0.0.1:${port}/${path}/`, "--log.level=warn"];
    if (account) writeFileSync(join(folder, "web.yml"), `basic_auth_users: { ${account.user}: "${account.hash}" }\n`);
    if (tls) {
      for (const name of ["certificate", "key", "clients"]) writeFileSync(join(folder, `${name}.pem`), tls[name]);
      const settings = "cert_file: certificate.pem, key_file: key.pem, client_ca_file: clients.pem, client_auth_type: RequireAndVerifyClientCert";
      writeFileSync(join(folder, "web.yml"), `tls_server_config: { ${settings}${tls.version ? `, max_version: ${tls.version}` : ""} }\n`);
    }
    ownedByAccount(folder);
    const web = account || tls ? ["--web.config.file=web.yml"] : [];
    const headers = account && { Authorization: `Basic ${Buffer.from(`${account.user}:${account.password}`).toString("base64")}` };
    component.#run("prometheus", [...web, "--config.file=prometheus.yml", "--storage.tsdb.path=data/prometheus", ...argv(own, "prometheus")]);
    component.#run("prometheus-alertmanager", [
      "--config.file=alertmanager.yml",
      "--storage.path=data/alertmanager",
      "--cluster.listen-address=",
      ...argv(alertmanager, "alertmanager"),
    ]);
    const ready = `${component.services.prometheus}/prometheus/-/ready`;
    await until("Prometheus is ready", () => (tls ? answersTo(ready, tls.probe) : answers(ready, headers)));
    await until("Alertmanager is ready", () => answers(`${component.services.alertmanager}/alertmanager/-/ready`));
    return component;
  }

  #run(program, argv) {
    this.#programs.push(new Program(program, asAccount([program, ...argv]), { cwd: this.folder }));
  }

  get log() {
    return this.#programs.map((program) => program.log).join("");
  }

  async stop() {
    for (const program of this.#programs) await program.stop();
    removeFolder(this.folder);
  }
}

// LittleComponent: `answer(request, response)` for each request; `seen` lists the requests that arrived, "METHOD target".
export class LittleComponent {
  name = "the little component";
  seen = [];
  sessions = []; // of HTTP/2

  // tls: options of an https server, or of the one that makeSecure makes (http2.createSecureServer).
  static async start(answer, tls, makeSecure = https.createServer) {
    const component = new LittleComponent();
    const take = (request, response) => {
      component.seen.push(`${request.method} ${request.url}`);
      answer(request, response);
    };
    component.server = tls ? makeSecure(tls, take) : http.createServer(take);
    component.server.on("session", (session) => component.sessions.push(session.on("error", () => {})));
    await new Promise((resolve) => component.server.listen(0, "127.0.0.1", resolve));
    component.services = { little: `${tls ? "https" : "http"}://127.0.0.1:${component.server.address().port}` };
    return component;
  }

  async stop() {
    this.server.closeAllConnections?.();
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
