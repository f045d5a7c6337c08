// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Debian's Prometheus scrapes a gateway with a token, evaluates the alerts that are shipped, and knows every name that the dashboard asks for.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, root } from "./lib/gateway.mjs";
import { Program, asAccount, freePort, ownedByAccount, run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const alerts = join(root, "deploy/monitoring/alerts.yml");

class Prometheus {
  name = "Prometheus";

  static async start(gateway, token) {
    const own = new Prometheus();
    own.folder = makeFolder("monitoring");
    const port = await freePort();
    own.url = `http://127.0.0.1:${port}`;
    copyFileSync(alerts, join(own.folder, "alerts.yml"));
    copyFileSync(join(gateway.folder, "certs/admin-ca.pem"), join(own.folder, "ca.pem"));
    writeFileSync(join(own.folder, "token"), token);
    writeFileSync(join(own.folder, "prometheus.yml"), `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: postern
    scheme: https
    authorization: { credentials_file: token }
    tls_config: { ca_file: ca.pem, server_name: localhost }
    static_configs: [{ targets: ["${new URL(gateway.adminUrl).host}"] }]
`);
    mkdirSync(join(own.folder, "data"));
    ownedByAccount(own.folder);
    const argv = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"];
    own.program = new Program("prometheus", asAccount(["prometheus", ...argv]), { cwd: own.folder });
    await until("Prometheus is ready", () => fetch(`${own.url}/-/ready`).then((answer) => answer.ok, () => false));
    return own;
  }
  async get(path, parameters = {}) {
    const { status, data, error } = await (await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
    assert.equal(status, "success", error);
    return data;
  }
  async query(expression) {
    return (await this.get("query", { query: expression })).result;
  }
  get log() {
    return this.program.log;
  }
  async stop() {
    await this.program.stop();
    removeFolder(this.folder);
  }
}

story("a Prometheus watches a gateway", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["state.read"]);
  const { token } = await gateway.cli("token", "create", "prometheus", "--admin", "admin", "--scope", "read");
  const prometheus = stage.own(await Prometheus.start(gateway, token));
  const alice = await gateway.signIn("alice");

  await stage.step("it is scraped with nothing but the token", async () => {
    await until("the gateway is up", async () => (await prometheus.query("up == 1")).length === 1);
    const [target] = (await prometheus.get("targets")).activeTargets;
    assert.equal(target.lastError, "");
    assert.equal((await prometheus.query("postern_sessions"))[0].value[1], "1");
    assert.deepEqual((await prometheus.query('postern_remote_access == 1')).map((one) => one.metric.mode), ["all"]);
  });

  await stage.step("what engineers do is counted, and no text of theirs is a label", async () => {
    for (let i = 0; i < 5; ++i) assert.equal((await alice.fetch("/state")).status, 200);
    assert.equal((await alice.fetch("/secret-place")).status, 403);
    const value = async (expression) => Number((await prometheus.query(expression))[0]?.value[1] ?? 0);
    await until("they are counted", async () => (await value('postern_exchanges_total{outcome="completed"}')) === 5);
    await until("so is the refusal", async () => (await value('postern_exchanges_refused_total{code="operation_not_listed"}')) === 1);
    assert.equal(await value("postern_exchange_duration_seconds_count"), 5);
    assert.equal(await value("postern_response_bytes_total"), 25);
    const labels = await prometheus.get("label/__name__/values");
    const told = JSON.stringify(await prometheus.get("series", { "match[]": '{job="postern"}' }));
    assert.ok(!/secret-place|alice|127\.0\.0\.1:\d+".*"client/.test(told), told);
    assert.ok(labels.includes("postern_build_info"));
  });

  await stage.step("each process is seen with what it costs, and what it counted", async () => {
    const roles = (await prometheus.query("postern_process_cpu_seconds_total")).map((one) => one.metric.role).sort();
    assert.deepEqual(roles.filter((role) => !/^(enforcer|terminator)\./.test(role)), ["console", "keeper", "ledger", "supervisor"]);
    assert.ok(roles.includes("terminator.0") && roles.includes("terminator.admin") && roles.includes("enforcer.0"), roles.join(" "));
    const memory = await prometheus.query("postern_process_resident_bytes");
    assert.ok(memory.every((one) => Number(one.value[1]) > 2 ** 20 && Number(one.value[1]) < 2 ** 30), JSON.stringify(memory));
    const sum = async (expression) => Number((await prometheus.query(`sum(${expression})`))[0].value[1]);
    for (const phase of ["before_forwarding", "component", "transfer"])
      assert.equal(await sum(`postern_phase_duration_seconds_count{phase="${phase}"}`), 5);
    assert.equal(await sum('postern_requests_total{role!="terminator.admin"}'), 7); // the sign-in, five, and one refused
    assert.equal(await sum("postern_exchanges_under_way"), 0);
    assert.equal(await sum('postern_limit{limit="connections"}'), 4096);
    assert.ok((await sum("postern_process_cpu_seconds_total")) > 0); // the kernel counts hundredths: some have none yet
    for (const name of ["postern_component_connections_opened_total", "postern_keeper_requests_total", "postern_log_sync_duration_seconds_count",
      'postern_tls_handshakes_total{result="full"}', 'postern_network_bytes_total{direction="sent"}', "postern_log_appends_total", "postern_log_commands_total",
      "postern_channel_frames_total"])
      assert.ok((await sum(name)) > 0, name);
  });

  await stage.step("promtool finds nothing wrong with the older format, nor with the alerts", async () => {
    const text = await run("curl", ["-sS", "--cacert", join(gateway.folder, "certs/admin-ca.pem"), "-H", `Authorization: Bearer ${token}`, `${gateway.adminUrl}/metrics`]);
    const checked = await run("sh", ["-c", 'printf %s "$0" | promtool check metrics', `${text.stdout}`]);
    assert.deepEqual([checked.code, checked.stdout + checked.stderr], [0, ""]);
    const rules = await run("promtool", ["check", "rules", alerts]);
    assert.equal(rules.code, 0, rules.stdout + rules.stderr);
  });

  await stage.step("what never happened is 0, so that an alert sees the first one", async () => {
    for (const name of ['postern_events_total{type="sandbox.violated"}', 'postern_exchanges_refused_total{code="overloaded"}', 'postern_limit_reached_total{limit="memory"}'])
      assert.equal((await prometheus.query(name))[0]?.value[1], "0", name);
    const file = join(prometheus.folder, "raised.yml");
    const raises = (alertname, at, series) => ({ interval: "1m", input_series: series, alert_rule_test: [{ eval_time: at, alertname, exp_alerts: [] }] });
    const one = (series, values) => ({ series: series.replace("{", '{instance="a",'), values });
    const tests = [
      raises("PosternConfinementViolated", "8m", [one('postern_events_total{type="sandbox.violated",severity="severe"}', "0x5 1x20")]),
      // One address: after a burst two refusals a second are recorded, the others counted.
      raises("PosternManyRefusals", "40m", [one('postern_exchanges_refused_total{code="no_session"}', "0+120x60"), one('postern_limit_reached_total{limit="refusals"}', "0+6000x60")]),
      raises("PosternNearLimit", "15m", [one('postern_connections{role="terminator.0"}', "3300x20"), one('postern_limit{limit="connections"}', "4096x20")]),
      raises("PosternLimitReached", "8m", [one('postern_limit_reached_total{limit="exchanges"}', "0x5 20x20")]),
    ];
    writeFileSync(file, JSON.stringify({ rule_files: [alerts], evaluation_interval: "1m", tests }));
    // Each is expected not to be raised, and said to be.
    const checked = await run("promtool", ["test", "rules", file]);
    const raised = [...checked.stdout.concat(checked.stderr).matchAll(/alertname: (\w+), time/g)].map((match) => match[1]);
    assert.deepEqual(raised.sort(), ["PosternConfinementViolated", "PosternLimitReached", "PosternManyRefusals", "PosternNearLimit"], checked.stdout + checked.stderr);
  });

  await stage.step("every rule evaluates, and none is raised for a gateway that is well", async () => {
    const rules = await until("each was evaluated", async () => {
      const all = (await prometheus.get("rules")).groups.flatMap((group) => group.rules);
      return all.length > 5 && all.every((rule) => rule.health !== "unknown") && all;
    });
    assert.deepEqual(rules.filter((rule) => rule.health !== "ok").map((rule) => [rule.name, rule.lastError]), []);
    assert.deepEqual(rules.filter((rule) => rule.state !== "inactive").map((rule) => rule.name), []);
  });

  await stage.step("every name that the alerts and the dashboard ask for is there", async () => {
    const known = new Set(await prometheus.get("label/__name__/values"));
    const asked = readFileSync(alerts, "utf8") + readFileSync(join(root, "deploy/monitoring/grafana.json"), "utf8");
    const names = new Set(asked.match(/postern_[a-z_]+/g));
    // Nodes of this component are not checked, so nothing is known of them.
    assert.deepEqual([...names].filter((name) => !known.has(name)), ["postern_node_up"]);
  });

  await stage.step("a role that ends is seen to be started again", async () => {
    const before = (await gateway.cli("status")).roles.find((role) => role.name === "enforcer.0");
    process.kill(before.pid, "SIGKILL");
    await until("the restart is counted", async () =>
      Number((await prometheus.query('postern_role_restarts_total{role="enforcer.0"}'))[0]?.value[1]) === before.restarts + 1);
    await until("it serves", async () => (await prometheus.query('postern_role_up{role="enforcer.0"} == 1')).length === 1);
  });

  await stage.step("a token that was revoked scrapes nothing", async () => {
    const [{ id }] = (await gateway.cli("token", "list")).items;
    await gateway.cli("token", "revoke", id);
    await until("the gateway is not seen any more", async () => (await prometheus.query("up == 0")).length === 1);
    const [target] = (await prometheus.get("targets")).activeTargets;
    assert.match(target.lastError, /401/);
  });
});
