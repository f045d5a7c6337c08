// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one thing in the quickstart's policy that changes something: silences. Debian builds Alertmanager without its web application and
// serves a placeholder page, so what a browser does is done from a page of that origin with fetch(); and with Debian's own client amtool,
// which cannot send a cookie and signs in with a client certificate.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "./lib/browser.mjs";
import { Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const silence = () => ({
  matchers: [{ name: "job", value: "missing", isRegex: false, isEqual: true }],
  startsAt: new Date().toISOString(),
  endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  createdBy: "alice",
  comment: "being looked at",
});

// In the page: what Alertmanager's web application would send.
const send = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const headers = body ? { "Content-Type": "application/json" } : {};
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      return { status: answer.status, event: answer.headers.get("postern-event"), body: await answer.json().catch(() => null) };
    },
    [method, path, body],
  );

// Straight from Alertmanager, past the gateway: what is really so.
const silencesOf = async (component) => (await fetch(`${component.services.alertmanager}/alertmanager/api/v2/silences`)).json();

story("an engineer silences an alert with a browser", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const browser = stage.own(await Browser.start());
  await gateway.admit("alice", ["alerts.read"]);
  const page = await browser.page();
  await page.goto((await gateway.cli("pass", "issue", "--engineer", "alice")).link);
  await page.waitForURL(`${gateway.url}/.postern/`);
  let id;

  await stage.step("Alertmanager's page is served: Debian's placeholder, which says that there is no web application", async () => {
    const answer = await page.goto(`${gateway.url}/alertmanager/`);
    assert.equal(answer.status(), 200);
    assert.match(await page.locator("body").innerText(), /web (ui|interface)|not (included|available|packaged)|Debian/i);
  });

  await stage.step("while silences.write is off, creating one is refused and nothing reaches Alertmanager", async () => {
    const answer = await send(page, "POST", "/alertmanager/api/v2/silences", silence());
    assert.deepEqual([answer.status, answer.body.code], [403, "capability_off"]);
    assert.equal((await gateway.event(answer.event)).type, "exchange.refused");
    assert.deepEqual(await silencesOf(component), []);
  });

  await stage.step("with silences.write on it is created", async () => {
    await gateway.cli("capability", "set", "silences.write", "on");
    const answer = await send(page, "POST", "/alertmanager/api/v2/silences", silence());
    assert.equal(answer.status, 200);
    id = answer.body.silenceID;
    const [made] = await silencesOf(component);
    assert.deepEqual([made.id, made.status.state, made.comment], [id, "active", "being looked at"]);
    const event = await gateway.event(answer.event);
    assert.deepEqual([event.type, event.detail.class, event.subject], ["exchange.forwarded", "write", "silences.write"]);
  });

  await stage.step("and read back, and expired", async () => {
    const read = await send(page, "GET", `/alertmanager/api/v2/silence/${id}`);
    assert.deepEqual([read.status, read.body.id], [200, id]);
    assert.equal((await send(page, "DELETE", `/alertmanager/api/v2/silence/${id}`)).status, 200);
    assert.equal((await silencesOf(component))[0].status.state, "expired");
  });

  await stage.step("remote access set to read-only refuses the change and lets reading pass", async () => {
    await gateway.cli("remote-access", "set", "read-only");
    const answer = await send(page, "POST", "/alertmanager/api/v2/silences", silence());
    assert.deepEqual([answer.status, answer.body.code], [403, "read_only"]);
    assert.equal((await send(page, "GET", "/alertmanager/api/v2/silences")).status, 200);
    await gateway.cli("remote-access", "set", "all");
  });

  await stage.step("switched off again it is refused again", async () => {
    await gateway.cli("capability", "set", "silences.write", "off");
    const answer = await send(page, "DELETE", `/alertmanager/api/v2/silence/${id}`);
    assert.deepEqual([answer.status, answer.body.code], [403, "capability_off"]);
    assert.equal((await silencesOf(component)).length, 1);
  });

  await stage.step("another site cannot do it in the engineer's name", async () => {
    await gateway.cli("capability", "set", "silences.write", "on");
    const client = await gateway.signIn("alice");
    const answer = await client.send("POST", "/alertmanager/api/v2/silences", silence(), { Origin: "https://elsewhere.example", "Sec-Fetch-Site": "cross-site" });
    assert.deepEqual([answer.status, answer.json.code], [403, "cross_site"]);
    client.close();
    assert.equal((await silencesOf(component)).length, 1);
  });
});

story("an engineer silences an alert with amtool and a client certificate", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  await gateway.admit("alice", ["alerts.read", "silences.write", "metrics.read"]);
  const folder = makeFolder("certificate");
  stage.own({ name: "the certificate", stop: () => removeFolder(folder) });
  const [cert, key, ca] = [join(folder, "alice.pem"), join(folder, "alice.key"), join(gateway.folder, "certs/support-ca.pem")];
  const http = join(folder, "http.yml");
  writeFileSync(http, `tls_config: { ca_file: ${ca}, cert_file: ${cert}, key_file: ${key}, server_name: localhost }\n`);
  const amtool = (...argv) =>
    run("amtool", [`--alertmanager.url=${gateway.url}/alertmanager`, `--http.config.file=${http}`, ...argv], { env: { ...process.env, HOME: folder } });
  const curl = (...argv) => run("curl", ["-sS", "--cacert", ca, ...argv]);
  let id;

  await stage.step("the support authority issues a certificate", async () => {
    const argv = ["--dir", gateway.folder, "--engineer", "alice", "--email", "alice@vendor.example", "--out", folder];
    await gateway.cli("cert", "issue", ...argv);
  });

  await stage.step("curl signs in with it, without a cookie; without it there is no session", async () => {
    const query = `${gateway.url}/prometheus/api/v1/query?query=up`;
    const with_it = await curl("--cert", cert, "--key", key, "-w", "\n%{http_code}", query);
    assert.equal(with_it.stdout.split("\n").pop(), "200", with_it.stdout + with_it.stderr);
    assert.equal(JSON.parse((await curl(query)).stdout).code, "no_session");
    const opened = await until("the session is in the log", async () => (await gateway.events("--type", "session.opened"))[0]);
    assert.deepEqual([opened.detail.engineer, opened.detail.method], ["alice", "certificate"]);
  });

  await stage.step("amtool creates a silence", async () => {
    const made = await amtool("silence", "add", "--author=alice", "--comment=looking", "--duration=1h", "job=missing");
    assert.equal(made.code, 0, made.stderr);
    id = made.stdout.trim();
    assert.deepEqual((await silencesOf(component)).map((one) => [one.id, one.status.state]), [[id, "active"]]);
  });

  await stage.step("amtool lists and expires it", async () => {
    const listed = await amtool("silence", "query");
    assert.equal(listed.code, 0, listed.stderr);
    assert.ok(listed.stdout.includes(id), listed.stdout);
    const expired = await amtool("silence", "expire", id);
    assert.equal(expired.code, 0, expired.stderr);
    assert.equal((await silencesOf(component))[0].status.state, "expired");
  });

  await stage.step("one session served all of it", async () => {
    const sessions = await until("its exchanges are counted", async () => {
      const { items } = await gateway.cli("session", "list");
      return items.every((one) => one.exchanges >= 4) && items;
    });
    assert.deepEqual(sessions.map((one) => [one.engineer, one.method, one.exchanges >= 4]), [["alice", "certificate", true]]);
  });

  await stage.step("with silences.write off amtool is told, and fails", async () => {
    await gateway.cli("capability", "set", "silences.write", "off");
    const refused = await amtool("silence", "add", "--author=alice", "--comment=looking", "--duration=1h", "job=missing");
    assert.notEqual(refused.code, 0);
    assert.equal((await silencesOf(component)).length, 1);
  });

  await stage.step("an engineer who was removed is not let in by the certificate", async () => {
    await gateway.cli("engineer", "remove", "alice");
    const answer = await curl("--cert", cert, "--key", key, `${gateway.url}/prometheus/api/v1/query?query=up`);
    assert.ok(["sign_in_refused", "session_ended"].includes(JSON.parse(answer.stdout).code), answer.stdout);
  });
});
