// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The tunnel with a hostile end. A Mission Control that relays garbage, floods, resets and never reads gets nothing that the customer
// did not switch on, costs the line at most, and everything else goes on. An installation, or engineers, that do the same to Mission
// Control harm no other customer.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { bring, chunk, engineerOver, head } from "./lib/relayed.mjs";
import { ScriptedMission } from "./lib/scripted_mission.mjs";
import { story, until } from "./lib/story.mjs";

const code = "7H2KQ7H2KQ7H2KQ7H2KQ";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const resident = (pid) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
const policy = `version: 1
capabilities:
  little.read: { title: Little things, class: read, operations: [ GET /endless, GET /state ] }
`;
const serve = (request, response) => {
  if (request.url !== "/endless") return response.end("well\n");
  response.writeHead(200, { "Content-Type": "text/plain" });
  const more = () => {
    while (!response.destroyed && response.write("x".repeat(65536)));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
};

story("a hostile Mission Control gets nothing that the customer did not switch on", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const component = stage.own(await LittleComponent.start(serve));
  const configure = (text) => `${text}\nmission_control:\n  url: ${mission.url}\n  folder: line\n  tunnel: true\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, secrets: { "mission-root.pem": authority.pem }, configure }));
  const link = () => gateway.cli("link", "show");
  const upAgain = () => until("the line is up", async () => (await link()).state === "up", 60_000);
  const linkPid = async () => (await gateway.cli("status")).roles.find((role) => role.name === "link").pid;
  const relayed = () => gateway.events("--type", "tunnel.relayed");
  mission.codes.add(code);
  await gateway.cli("link", "enrol", code);
  await upAgain();
  await gateway.admit("alice", ["little.read"]);
  const alice = await gateway.signIn("alice");
  const goesOn = async () => assert.equal((await alice.fetch("/state")).status, 200);

  await stage.step("while the tunnel is off it is not asked for, and there is nothing to answer", async () => {
    await pause(500);
    assert.equal(mission.tunnels, 0);
  });

  await stage.step("one that knows no tunnel is asked again rarely", async () => {
    await gateway.cli("sharing", "set", "tunnel", "on");
    await until("it is asked", () => mission.tunnels > 0);
    await pause(1_000);
    assert.ok(mission.tunnels <= 8, String(mission.tunnels));
    assert.match((await link()).tunnel.why, /answers the wish for the tunnel with 404/);
    assert.equal((await link()).state, "up");
  });

  const turn = async () => {
    await gateway.cli("sharing", "set", "tunnel", "off");
    await gateway.cli("sharing", "set", "tunnel", "on");
  };

  await stage.step("what is not of the protocol ends the line, with a sentence", async () => {
    const lies = [["not a head\n", /no JSON object/], [head({ client: "nowhere" }), /not an address/], ["x".repeat(3000), /more than 1024 bytes/], [Buffer.concat([Buffer.from(head()), Buffer.from([0xff, 0xff])]), /more than 16384 bytes/]];
    for (const [bytes, why] of lies) {
      const seen = (await gateway.events("--type", "link.down")).length;
      mission.tunnel = (stream) => (stream.on("error", () => {}), stream.respond({ ":status": 200 }), stream.write(bytes), (mission.tunnel = (other) => other.respond({ ":status": 200 })));
      await turn();
      const down = await until("the line is lost", async () => {
        const all = await gateway.events("--type", "link.down");
        return all.length > seen && all.find((event) => why.test(event.detail.why));
      }, 30_000);
      assert.match(down.detail.why, /^the tunnel: /);
      await upAgain();
      await goesOn();
    }
  });

  await stage.step("a flood of relayed garbage is let in slowly, recorded, and refused by TLS; the rest goes on", async () => {
    const before = resident(await linkPid());
    mission.tunnels = 0;
    mission.tunnel = (stream) => (stream.on("error", () => {}), stream.respond({ ":status": 200 }), stream.write(Buffer.concat([Buffer.from(head()), chunk(randomBytes(8000))])), stream.resume().once("end", () => stream.end()));
    await turn();
    await until("it floods", () => mission.tunnels > 150, 30_000);
    const began = Date.now();
    for (let i = 0; i < 20; i++) await goesOn();
    await pause(Math.max(0, 3_000 - (Date.now() - began)));
    stage.say(`${mission.tunnels} connections in about 3 s; the link has ${Math.round((resident(await linkPid()) - before) / (1 << 20))} MiB more`);
    assert.ok(mission.tunnels < 600, String(mission.tunnels));
    assert.ok((await relayed()).length <= 70, "they are not recorded one by one");
    assert.ok(resident(await linkPid()) - before < 32 << 20);
    assert.equal((await gateway.events("--type", "session.opened")).length, 1);
  });

  await stage.step("one that resets every stream costs next to nothing", async () => {
    mission.tunnels = 0;
    mission.tunnel = (stream) => stream.close(8);
    await turn();
    await pause(2_000);
    assert.ok(mission.tunnels < 300, String(mission.tunnels));
    await upAgain();
    await goesOn();
  });

  await stage.step("one that never reads holds up nobody; what it claims stands in the log as its claim", async () => {
    const sockets = [];
    mission.tunnel = (stream) => (stream.on("error", () => {}), stream.respond({ ":status": 200 }), sockets.push(stream));
    await turn();
    await until("requests wait", () => sockets.length >= 4, 30_000);
    const { pass } = await gateway.cli("pass", "issue", "--engineer", "alice");
    const socket = tls.connect({ socket: engineerOver(sockets[0], { client: "203.0.113.9:1" }), servername: "localhost", ca: gateway.ca });
    let got = "";
    socket.on("data", (bytes) => (got += bytes.toString("latin1"))).on("error", () => {});
    const body = JSON.stringify({ pass });
    socket.write(`POST /.postern/sign-in HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const cookie = await until("it has signed in", () => /set-cookie: (__Host-postern[^;]*)/i.exec(got)?.[1]);
    const session = await until("it is in the log", async () => (await gateway.events("--type", "session.opened")).find((event) => event.detail.relay));
    assert.deepEqual([session.detail.client, session.detail.relay], ["203.0.113.9:1", "mission.example"]);
    socket.pause();
    socket.write(`GET /endless HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nCookie: ${cookie}\r\n\r\n`);
    await pause(2_000);
    for (const role of (await gateway.cli("status")).roles) assert.ok(resident(role.pid) < 120 << 20, `${role.name} has ${resident(role.pid)} bytes`);
    await goesOn();
    await gateway.cli("sharing", "set", "tunnel", "off");
    await until("its stream is over", () => sockets[0].destroyed || sockets[0].closed, 30_000);
    await upAgain();
    await goesOn();
  });
});

const hello = (port, servername, ca) =>
  new Promise((resolve) => {
    const socket = tls.connect({ host: "127.0.0.1", port, servername, ca }, () => socket.end("ping\n"));
    let text = "";
    socket.on("data", (bytes) => (text += bytes)).once("end", () => resolve(text)).once("error", (error) => resolve(error.code));
  });

story("hostile installations and engineers harm no other customer", async (stage) => {
  const reach = "reach.vendor.example";
  const mission = stage.own(await MissionControl.start({ relay: reach }));
  const authority = stage.own(await Authority.make("a customer"));
  const { certificate, key } = await authority.server("good", { names: [`DNS:good.${reach}`] });
  const server = tls.createServer({ cert: certificate, key }, (socket) => socket.on("data", (bytes) => socket.write(bytes)).on("error", () => {}).once("end", () => socket.end()));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const good = await mission.enrolled("Good Ltd");
  const bad = await mission.enrolled("Bad Ltd");
  stage.own({ name: "installations", stop: () => (good.close(), bad.close(), new Promise((resolve) => server.close(resolve))) });
  for (const [one, name] of [[good, "good"], [bad, "bad"]]) await mission.cli("installation", "name", one.id, name);
  const waiting = async (one) => (await mission.cli("installation", "show", one.id)).tunnel;
  const reachesGood = async () => {
    bring(good, server.address().port);
    await until("it waits", async () => (await waiting(good)).waiting > 0);
    assert.equal(await hello(mission.relayPort, `good.${reach}`, authority.pem), "ping\n");
  };

  await stage.step("an engineer reaches a customer, and a name is one installation's", async () => {
    await reachesGood();
    assert.equal((await mission.tryCli("installation", "name", bad.id, "good")).code, 1);
    assert.equal((await mission.tryCli("installation", "name", bad.id, "Not_a_label")).code, 1);
  });

  await stage.step("an installation has 64 requests, and what it says unasked ends them", async () => {
    const streams = Array.from({ length: 64 }, () => bring(bad, 1));
    await until("they wait", async () => (await waiting(bad)).waiting === 64);
    const more = bring(bad, 1);
    assert.equal(await new Promise((resolve) => more.once("response", (headers) => resolve(headers[":status"]))), 429);
    for (const stream of streams) stream.write(Buffer.alloc(1000));
    await until("they are gone", async () => !(await waiting(bad)).open);
    await reachesGood();
  });

  await stage.step("one that never answers and never reads keeps its own engineers waiting, and nobody else", async () => {
    const silent = bad.session.request({ ":method": "POST", ":path": "/line/v1/tunnel" }, { endStream: false });
    silent.on("error", () => {}).pause();
    await until("it waits", async () => (await waiting(bad)).waiting === 1);
    const engineer = net.connect(mission.relayPort, "127.0.0.1");
    engineer.on("error", () => {});
    tls.connect({ socket: engineer, servername: `bad.${reach}` }).on("error", () => {});
    await until("it is joined", async () => (await waiting(bad)).connected === 1);
    const desk = async () => (await mission.cli("status")).roles.find((role) => role.name === "desk").pid;
    engineer.write(Buffer.alloc(16 << 20));
    await pause(1_000);
    assert.ok(resident(await desk()) < 120 << 20);
    await reachesGood();
    engineer.destroy();
    await until("it is over, since nobody takes what waits", async () => (await waiting(bad)).connected === 0, 60_000);
    silent.close();
  });

  await stage.step("an engineer who is gone while nobody reads is noticed, although nothing is read or written", async () => {
    const silent = bad.session.request({ ":method": "POST", ":path": "/line/v1/tunnel" }, { endStream: false });
    silent.on("error", () => {}).pause();
    await until("it waits", async () => (await waiting(bad)).waiting === 1);
    const engineer = net.connect(mission.relayPort, "127.0.0.1");
    engineer.on("error", () => {});
    tls.connect({ socket: engineer, servername: `bad.${reach}` }).on("error", () => {});
    await until("it is joined", async () => (await waiting(bad)).connected === 1);
    engineer.write(Buffer.alloc(16 << 20));
    await pause(500);
    engineer.resetAndDestroy();
    const since = Date.now();
    await until("it is over", async () => (await waiting(bad)).connected === 0, 25_000);
    stage.say(`after ${Date.now() - since} ms`);
    silent.close();
  });

  await stage.step("engineers who send garbage, nothing, or too much, and too many of them", async () => {
    const raw = (bytes, host) =>
      new Promise((resolve) => {
        const socket = net.connect({ port: mission.relayPort, host: "127.0.0.1", localAddress: host }, () => bytes && socket.write(bytes));
        let text = Buffer.alloc(0);
        socket.on("data", (more) => (text = Buffer.concat([text, more]))).on("error", () => {}).once("close", () => resolve(text));
        setTimeout(() => socket.destroy(), 15_000).unref();
      });
    const alert = (bytes) => bytes.subarray(-2).toString("hex");
    assert.equal(alert(await raw(randomBytes(500))), "0232");
    assert.equal(alert(await raw(Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]), Buffer.alloc(16380)]))), "0232");
    const none = tls.connect({ host: "127.0.0.1", port: mission.relayPort });
    assert.equal(await new Promise((resolve) => none.once("error", (error) => resolve(error.code))), "ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
    const idle = Array.from({ length: 150 }, () => raw(undefined, "127.0.0.9"));
    await pause(300);
    await reachesGood(); // from another address
    const began = Date.now();
    await Promise.all(idle);
    assert.ok(Date.now() - began < 14_000, "a hello has its time");
    await reachesGood();
  });
});
