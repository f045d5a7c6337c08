// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to Mission Control, seen from the installation: enrolled by a code, through squid that asks for Basic or Digest, lost and
// found again; and what a Mission Control, a proxy or somebody in between can do that does not do what it should. Nothing that they
// do costs more than the line.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { ScriptedMission, hello, line } from "./lib/scripted_mission.mjs";
import { Squid } from "./lib/squid.mjs";
import { story, until } from "./lib/story.mjs";

const password = "through the proxy";
const code = "7H2KQ7H2KQ7H2KQ7H2KQ";

const withLine = (mission, squid, more = "") => (text) =>
  `${text}\nmission_control:\n  url: ${mission.url}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n${
    squid ? `  proxy: { url: ${squid.url}, user: gateway, password_file: proxy-password }\n` : ""}${more}`;

const open = async (stage, mission, authority, squid) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const secrets = { "mission-root.pem": authority.pem, "proxy-password": `${password}\n` };
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets, configure: withLine(mission, squid) }));
  gateway.link = () => gateway.cli("link", "show");
  gateway.linkIs = (state) => until(`the line is ${state}`, async () => {
    const link = await gateway.link();
    return link.state === state && link;
  }, 30_000);
  return gateway;
};
const linkProcess = async (gateway) => {
  const { pid } = (await gateway.cli("status")).roles.find((role) => role.name.startsWith("link"));
  assert.ok(pid > 0);
  return pid;
};

for (const scheme of ["digest", "basic"]) {
  story(`the line goes through a proxy that asks for ${scheme}`, async (stage) => {
    const authority = stage.own(await Authority.make("Mission Control"));
    const mission = stage.own(await ScriptedMission.start(authority));
    const squid = stage.own(await Squid.start(scheme, { password }));
    const gateway = await open(stage, mission, authority, squid);

    await stage.step("nobody is enrolled, and the check says so", async () => {
      assert.equal((await gateway.link()).state, "not_enrolled");
      const { json, code: exit } = await gateway.tryCli("link", "check");
      assert.notEqual(exit, 0);
      assert.deepEqual(json.steps.map((step) => [step.step, step.ok]), [["connection", true], ["proxy", true], ["tls", true], ["http2", true], ["identity", false]]);
    });
    await stage.step("a wrong code is refused, and a good one enrols", async () => {
      const refused = await gateway.tryCli("link", "enrol", code);
      assert.notEqual(refused.code, 0);
      mission.codes.add(code);
      await gateway.cli("link", "enrol", code);
      const link = await gateway.linkIs("up");
      assert.equal(link.customer, "Acme");
      assert.equal(link.version, "scripted");
    });
    await stage.step("who it is and a sign of life arrive", async () => {
      const kinds = () => mission.reports.flatMap(({ reports }) => reports.map((report) => report.kind));
      await until("both are there", () => kinds().includes("registration") && kinds().includes("heartbeat"), 60_000);
    });
    await stage.step("the check finds every step good, and the line goes on", async () => {
      const { steps } = await gateway.cli("link", "check");
      assert.deepEqual(steps.map((step) => [step.step, step.ok]), ["connection", "proxy", "tls", "http2", "identity", "clock"].map((step) => [step, true]));
      assert.equal((await gateway.link()).state, "up");
    });
    await stage.step("a reload that changes nothing leaves it alone", async () => {
      const before = mission.connections;
      assert.deepEqual((await gateway.cli("reload")).config.faults, []);
      assert.equal((await gateway.link()).state, "up");
      assert.equal(mission.connections, before);
    });
    await stage.step("what is cut comes back, and both are events", async () => {
      mission.cut();
      await until("it is up again", async () => (await gateway.events("--type", "link.up")).length >= 2, 30_000);
      assert.ok((await gateway.events("--type", "link.down")).length >= 1);
    });
    await stage.step("so does a link that is killed", async () => {
      const before = mission.orders.length;
      process.kill(await linkProcess(gateway), "SIGKILL");
      await until("a new one is up", () => mission.orders.length > before, 30_000);
      await gateway.linkIs("up");
    });
    await stage.step("all of it went through the proxy", () => {
      assert.ok(squid.passed.filter((one) => one.includes("TCP_TUNNEL/200")).length >= 3, squid.passed.join("\n"));
    });
  });
}

story("a certificate is renewed over the line, with a key of its own", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const gateway = await open(stage, mission, authority);
  mission.codes.add(code);
  // Two thirds of its time are over when it is issued.
  mission.lives = [[-30, 2], [-1, 48]];
  await gateway.cli("link", "enrol", code);
  const [event] = await until("it is renewed", async () => {
    const events = await gateway.events("--type", "link.certificate_renewed");
    return events.length > 0 && events;
  }, 30_000);
  assert.ok(Date.parse(event.detail.expires) > Date.now() + 40 * 3_600_000);
  const link = await gateway.linkIs("up");
  assert.equal(link.certificate.not_after, event.detail.expires);
});

// A proxy that does what `answer` says to each connection.
const scriptedProxy = (answer) =>
  new Promise((resolve) => {
    const sockets = new Set();
    const own = { name: "the scripted proxy", answer, heads: [] };
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket)).on("error", () => {});
      socket.once("data", (head) => (own.heads.push(head.toString("latin1")), own.answer(socket)));
    });
    own.stop = () => (sockets.forEach((socket) => socket.destroy()), new Promise((done) => server.close(done)));
    server.listen(0, "127.0.0.1", () => ((own.url = `http://127.0.0.1:${server.address().port}`), resolve(own)));
  });

story("what a proxy does wrong is said plainly", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const inspection = stage.own(await Authority.make("Corporate inspection"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const opened = stage.own(await ScriptedMission.start(inspection));
  const proxy = stage.own(await scriptedProxy((socket) => socket.end()));
  const gateway = await open(stage, mission, authority, proxy);
  const check = async () => (await gateway.tryCli("link", "check")).json.steps;
  const failure = async (answer) => {
    proxy.answer = answer;
    const { step, ok, said } = (await check()).at(-1);
    assert.equal(ok, false);
    return `${step}: ${said}`;
  };
  const demands = (challenge) => (socket) => socket.end(`HTTP/1.1 407 No\r\nProxy-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`);

  assert.match(await failure((socket) => socket.end()), /^proxy: .*closed the connection without an answer/);
  assert.match(await failure(demands("Negotiate")), /^proxy: .*demands negotiate/);
  assert.match(await failure((socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")), /^proxy: .*403 \(Forbidden\)/);
  assert.match(await failure((socket) => socket.write("x".repeat(70_000))), /^proxy: .*not sound HTTP/);
  assert.ok(proxy.heads.every((head) => !head.includes("Proxy-Authorization")));
  assert.match(await failure(demands('Basic realm="x"')), /^proxy: .*does not accept the user gateway/);
  const intercept = (socket) => {
    const inner = connect(opened.port, "127.0.0.1", () => (socket.write("HTTP/1.1 200 OK\r\n\r\n"), socket.pipe(inner).pipe(socket)));
    inner.on("error", () => socket.destroy());
    socket.on("close", () => inner.destroy());
  };
  assert.match(await failure(intercept), /^tls: .*CN=Corporate inspection.*breaks TLS open/);
  assert.equal(opened.orders.length, 0);
});

story("a Mission Control that does not do what it should costs the line and nothing else", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const gateway = await open(stage, mission, authority);
  mission.codes.add(code);
  await gateway.cli("link", "enrol", code);
  await gateway.linkIs("up");
  const link = await linkProcess(gateway);

  // What was found good is tried at once, and what was counted against it is forgotten.
  const recover = async () => {
    mission.greet = (stream) => stream.write(hello());
    await gateway.cli("link", "check");
    await gateway.linkIs("up");
  };
  const after = async (greet, sentence) => {
    mission.greet = greet;
    mission.cut();
    await until(`it is said: ${sentence}`, async () => sentence.test((await gateway.link()).why ?? ""), 30_000);
    await recover();
  };
  await stage.step("no hello, garbage, lines without an end, floods", async () => {
    await after((stream) => stream.write(line({ order: "pulse" })), /its first order is not its hello/);
    await after((stream) => stream.write(`${hello()}{"order":\n`), /one of its orders/);
    await after((stream) => stream.write(hello() + "x".repeat(70_000)), /more than 65536 bytes/);
    await after((stream) => stream.write(hello() + line({ order: "pulse" }).repeat(1_000)), /floods us with orders/);
  });
  await stage.step("a conflict is an event", async () => {
    mission.greet = (stream) => stream.write(hello() + line({ order: "conflict", client: "192.0.2.7" }));
    mission.cut();
    const [event] = await until("it is in the log", async () => {
      const events = await gateway.events("--type", "link.conflict");
      return events.length > 0 && events;
    }, 30_000);
    assert.equal(event.detail.client, "192.0.2.7");
  });
  await stage.step("a refusal is said, with its code", async () => {
    mission.refuse = { status: 403, code: "installation_retired", detail: "the vendor\u001b[31m ended it" };
    mission.cut();
    const refused = await gateway.linkIs("refused");
    assert.equal(refused.code, "installation_retired");
    assert.ok(!refused.why.includes("\u001b"));
  });
  await stage.step("the link is the one that it was, and the check finds the line good again", async () => {
    mission.refuse = undefined;
    await recover();
    assert.equal(await linkProcess(gateway), link);
  });
});
