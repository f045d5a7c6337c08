// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers reach a customer whose network lets nothing in. The gateway, a real Prometheus and a small component run in a network of
// their own, from which one thing leads out: a proxy. Mission Control, outside, relays what engineers send by the name that they ask
// for; TLS ends at the customer. A browser works through it, everything that may end it ends it, and both sides' logs say who came.
import assert from "node:assert/strict";
import net from "node:net";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import WebSocket from "ws";
import { Browser, look } from "./lib/browser.mjs";
import { Client } from "./lib/client.mjs";
import { Gateway, quickstartPolicy } from "./lib/gateway.mjs";
import { Inside, Little, Prometheus } from "./lib/inside.mjs";
import { MissionControl, domain } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { Squid } from "./lib/squid.mjs";
import { descendants, story, until } from "./lib/story.mjs";

const reach = "reach.vendor.example";
const name = `acme.${reach}`;
const policy = readFileSync(quickstartPolicy, "utf8").replace(
  "capabilities:\n",
  `capabilities:
  little.read:
    title: Little things
    class: read
    operations:
      - GET /little/drip
      - GET /little/large
      - { call: GET /little/live, safe: true, websocket: {} }
  little.write:
    title: Little things, and more of them
    class: write
    operations: [{ call: PUT /little/count, body: { content_types: [application/octet-stream], max_size: 134217728 } }]
`,
);

// An engineer's client: like any, but it asks for the customer's name at the relay, and verifies the customer's certificate.
class Engineer extends Client {
  constructor(relayPort, ca) {
    super({ port: relayPort, ca, tls: { servername: name } });
  }
  open(path, options = {}) {
    return super.open(path, { ...options, headers: { ...options.headers, Host: `${name}:${this.port}` } });
  }
}

// memoryOf: what processes have in memory by themselves, in bytes.
const memoryOf = (pids) =>
  pids.reduce((sum, pid) => {
    try {
      return sum + 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      return sum; // it has ended
    }
  }, 0);

// alertOf: how the relay refuses whoever asks for that name: the alert of TLS, as OpenSSL calls it.
const alertOf = (port, servername) =>
  new Promise((resolve) => {
    const socket = tls.connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false }, () => resolve("a handshake") || socket.destroy());
    socket.once("error", (error) => resolve(error.code ?? error.message));
  });
// said: what comes back to those bytes until the end.
const said = (port, bytes) =>
  new Promise((resolve, reject) => {
    let text = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (more) => (text += more)).once("end", () => resolve(text)).once("error", reject);
  });

story("an engineer reaches a customer without an open port", async (stage) => {
  const inside = stage.own(await Inside.start());
  const [own, small] = [await freePort(), await freePort()];
  const little = stage.own(await Little.start(inside, small));
  const prometheus = stage.own(await Prometheus.start(inside, own));
  const squid = stage.own(await Squid.start("none", { host: inside.outside }));
  const mission = stage.own(await MissionControl.start({ listen: await freePort(), relay: reach, relayListen: await freePort() }));
  const gateway = stage.own(
    await Gateway.start({
      inside,
      names: [name],
      policy,
      services: { prometheus: prometheus.url, little: little.url },
      secrets: { "mission-root.pem": mission.ca.toString() },
      configure: (text) =>
        `${text}\nworkers: 2\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tunnel: true\n` +
        `  tls: { roots: mission-root.pem, revocation: soft }\n  proxy: { url: ${squid.url} }\n`,
    }),
  );
  const url = `https://${name}:${mission.relayPort}`;
  const tunnel = async () => (await gateway.cli("link", "show")).tunnel;
  const opened = () => until("the tunnel is open, and requests wait", async () => (await tunnel()).waiting >= 4, 90_000);
  const events = (type) => gateway.events("--type", type);
  const of = async (type) => (await mission.events(installation)).filter((event) => event.by === "mission-control" && event.type === type);
  let installation, alice;
  const signIn = async () => {
    const client = new Engineer(mission.relayPort, gateway.ca);
    const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice");
    const answer = await client.send("POST", "/.postern/sign-in", { pass });
    assert.equal(answer.status, 200, answer.text);
    return client;
  };

  await stage.step("nothing of the customer's can be reached from outside", async () => {
    assert.deepEqual(await inside.listening(), ["127.0.0.1"]);
    const refused = await new Promise((resolve) => net.connect(gateway.port, inside.address).once("error", (error) => resolve(error.code)).once("connect", () => resolve("connected")));
    assert.equal(refused, "ECONNREFUSED");
  });

  await stage.step("enrolled, there is a line and no tunnel; the relay says so", async () => {
    installation = (await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"))).installation;
    await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
    await gateway.admit("alice", ["metrics.read", "targets.read", "little.read", "little.write"]);
    assert.deepEqual(await tunnel(), { open: false, waiting: 0, connected: 0 });
    await mission.cli("installation", "name", installation, "acme");
    assert.equal(await alertOf(mission.relayPort, name), "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED");
    assert.equal(await alertOf(mission.relayPort, `${installation.toLowerCase()}.${reach}`), "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED");
    for (const nobody of [`other.${reach}`, `a.acme.${reach}`, "acme.elsewhere.example"])
      assert.equal(await alertOf(mission.relayPort, nobody), "ERR_SSL_TLSV1_UNRECOGNIZED_NAME", nobody);
    assert.match(await said(mission.relayPort, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 400 [^]*use an https:\/\/ address\n$/);
    const shown = await mission.cli("installation", "show", installation);
    assert.deepEqual([shown.name, shown.tunnel.open, shown.tunnel.names[0]], ["acme", false, name]);
    assert.match((await mission.plainCli("installation", "show", installation)).stdout, /Tunnel: closed/);
    assert.ok((await of("tunnel.refused")).length >= 1);
  });

  await stage.step("an admin switches it on, and it is there", async () => {
    assert.deepEqual((await gateway.cli("sharing", "list")).items.map((one) => [one.name, one.setting]), [["health", "off"], ["usage", "off"], ["events", "off"], ["tunnel", "off"], ["requests", "off"], ["updates", "off"], ["proposals", "off"]]);
    await gateway.cli("sharing", "set", "tunnel", "on");
    await opened();
    assert.equal((await until("it is in the log", async () => { const all = await events("tunnel.opened"); return all.length > 0 && all; })).length, 1);
    assert.match((await gateway.plainCli("link", "show")).stdout, /[Tt]unnel[^\n]*open/);
    assert.equal((await mission.cli("installation", "show", installation)).tunnel.open, true);
  });

  await stage.step("an engineer signs in by a pass, and both logs say who came and through whom", async () => {
    alice = await signIn();
    assert.equal((await alice.fetch("/prometheus/api/v1/query?query=up")).status, 200);
    const session = await until("the session is in the log", async () => (await events("session.opened"))[0]);
    assert.deepEqual([session.detail.relay, session.detail.engineer], [domain, "alice"]);
    assert.match(session.detail.client, /^127\.0\.0\.1:\d+$/);
    const relayed = await until("so is the connection", async () => (await events("tunnel.relayed")).find((event) => event.detail.client === session.detail.client));
    assert.deepEqual([relayed.detail.relay, relayed.detail.name], [domain, name]);
    const forwarded = await until("and the exchange", async () => (await events("exchange.forwarded"))[0]);
    assert.equal(forwarded.detail.relay, domain);
    const there = await until("Mission Control knows of it", async () => (await of("tunnel.relayed")).find((event) => event.body.connection === relayed.subject));
    assert.equal(there.body.client, session.detail.client);
  });

  await stage.step("a browser works through it", async () => {
    const browser = stage.own(await Browser.start({ hosts: { [name]: "127.0.0.1" } }));
    const page = await browser.page();
    await until("Prometheus has seen itself a few times", async () => {
      const answer = await alice.fetch(`/prometheus/api/v1/query?query=${encodeURIComponent("count_over_time(up[1m])>4")}`);
      return answer.json.data.result.length > 0;
    }, 30_000);
    const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice");
    await page.goto(`${url}/.postern/`);
    await page.locator("input[name=pass]").fill(pass);
    await page.locator("form[data-sign-in] button[type=submit]").click();
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    await look(page, "tunnel-engineer");
    await page.goto(`${url}/prometheus/classic/graph?g0.expr=up&g0.tab=0&g0.range_input=5m`);
    await page.waitForFunction(() => [...document.querySelectorAll("svg path")].some((path) => (path.getAttribute("d") ?? "").split(/[LCS,]/).length > 4));
    await look(page, "tunnel-prometheus");
    await gateway.cli("sharing", "set", "tunnel", "off");
    await until("the streams are gone", async () => (await tunnel()).connected === 0);
    const told = await page.goto(`${url}/prometheus/`).then(() => "a page", (error) => error.message);
    assert.match(told, /ERR_(SSL_PROTOCOL_ERROR|BAD_SSL_CLIENT_AUTH_CERT|CONNECTION_CLOSED|SSL_\w+)/);
    stage.say(`a browser shows ${/net::\w+/.exec(told)?.[0]}`);
    await gateway.cli("sharing", "set", "tunnel", "on");
    await opened();
    await page.goto(`${url}/.postern/`);
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
  });

  await stage.step("a WebSocket goes both ways", async () => {
    const socket = new WebSocket(`wss://${name}:${mission.relayPort}/little/live`, { ca: gateway.ca, servername: name, lookup: (_, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)), headers: { Cookie: alice.cookie } });
    const answers = [];
    socket.on("message", (data) => answers.push(data.toString()));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    for (const text of ["one", "two"]) socket.send(text);
    await until("it says what it was told", () => answers.length === 2);
    assert.deepEqual(answers, ["one", "two"]);
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  });

  await stage.step("64 MiB each way, in bounded memory", async () => {
    const size = 64 << 20;
    const pids = () => [mission.pid, gateway.pid].flatMap((pid) => [pid, ...descendants(pid)]);
    const before = memoryOf(pids());
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, memoryOf(pids()) - before)), 50);
    const down = await alice.open(`/little/large?bytes=${size}`);
    let bytes = 0;
    // Slowly at first: what is not read waits where it is.
    await new Promise((resolve) => setTimeout(resolve, 500));
    for await (const piece of down) bytes += piece.length;
    assert.equal(bytes, size);
    const up = await alice.fetch("/little/count", { method: "PUT", body: Buffer.alloc(size, "x"), headers: { "Content-Type": "application/octet-stream" } });
    assert.deepEqual([up.status, up.text], [200, `${size}\n`]);
    clearInterval(watch);
    stage.say(`64 MiB down and up: ${Math.round(most / (1 << 20))} MiB more in all processes together`);
    assert.ok(most < 48 << 20, `${most} bytes`);
  });

  // cut: a download that runs, what ends it, and what came after that had been said.
  const cut = async (by) => {
    const response = await alice.open("/little/drip", { agent: false });
    let [bytes, end] = [0, undefined];
    response.on("data", (piece) => (bytes += piece.length)).once("end", () => (end ??= "complete")).once("error", (error) => (end ??= error.code ?? error.message)).once("close", () => (end ??= "closed"));
    await until("bytes arrive", () => bytes > 100_000);
    await by();
    const known = bytes;
    await until("the engineer sees the end", () => end, 10_000);
    assert.notEqual(end, "complete");
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { end, after: bytes - known };
  };

  await stage.step("remote access off: the download is cut, not a byte comes after, and there is no tunnel", async () => {
    const { end, after } = await cut(async () => {
      // The enforcers hear of it late: still the tunnel does not end before they have cut, else the log would say that the client went.
      const enforcers = (await gateway.cli("status")).roles.filter((role) => role.name.startsWith("enforcer")).map(({ pid }) => pid);
      for (const pid of enforcers) process.kill(pid, "SIGSTOP");
      const off = gateway.cli("remote-access", "set", "off");
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const pid of enforcers) process.kill(pid, "SIGCONT");
      assert.notEqual((await off).cut.exchanges, 0);
    });
    stage.say(`the engineer's client says ${end}; ${after} bytes came after the command had returned`);
    assert.equal(after, 0);
    const completed = await until("the log says so", async () => (await events("exchange.completed")).find((event) => event.outcome === "cut"));
    assert.equal(completed.detail.bytes_after_cut, 0);
    const closed = await until("and of the tunnel", async () => (await events("tunnel.closed")).find((event) => event.detail.why === "remote access is off"));
    assert.equal(closed.actor, "gateway");
    await until("the relay says so", async () => (await alertOf(mission.relayPort, name)) === "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED");
    const ended = await until("there, too", async () => (await of("tunnel.ended")).find((event) => event.body.bytes_of_installation > 100_000));
    assert.ok(ended.body.duration_us > 0);
    await gateway.cli("remote-access", "set", "all");
    await opened();
    alice = await signIn();
  });

  await stage.step("one session ended: its download is cut, and the others' tunnel stays", async () => {
    const other = await signIn();
    const { items } = await gateway.cli("session", "list");
    const mine = (await alice.fetch("/.postern/api/session")).json.session;
    assert.ok(items.length >= 2);
    const { after } = await cut(() => gateway.cli("session", "end", mine.session ?? mine.id));
    assert.equal(after, 0);
    assert.equal((await other.fetch("/prometheus/api/v1/query?query=up")).status, 200);
    alice = other;
  });

  await stage.step("Mission Control is killed and comes back, and so does the tunnel", async () => {
    await mission.crash();
    await until("the line is lost", async () => (await gateway.cli("link", "show")).state !== "up", 30_000);
    await until("nothing waits there", async () => (await tunnel()).waiting === 0);
    await mission.serve();
    await opened();
    alice.close();
    const again = new Engineer(mission.relayPort, gateway.ca);
    again.cookie = alice.cookie;
    assert.equal((await again.fetch("/prometheus/api/v1/query?query=up")).status, 200);
  });

  await stage.step("roles that die come back, and the tunnel with them", async () => {
    for (const [whose, role] of [[mission, "relay"], [mission, "desk"], [gateway, "link"], [gateway, "terminator.0"]]) {
      const { pid } = (await whose.cli("status")).roles.find((one) => one.name === role);
      process.kill(pid, "SIGKILL");
      await until(`${role} is back`, async () => {
        const { json } = await whose.tryCli("status");
        const now = json?.roles?.find((one) => one.name === role);
        return now?.state === "running" && now.pid !== pid;
      });
      await opened();
      await until("engineers come through", async () => {
        const client = new Engineer(mission.relayPort, gateway.ca);
        client.cookie = alice.cookie;
        const status = await client.fetch("/prometheus/api/v1/query?query=up").then((answer) => answer.status, () => 0);
        client.close();
        return status === 200;
      }, 30_000);
    }
  });

  await stage.step("the vendor retires the installation: nobody comes any more", async () => {
    await mission.cli("installation", "retire", installation);
    await until("the name is nobody's", async () => (await alertOf(mission.relayPort, name)) === "ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
  });
});
