// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the tunnel costs (docs/PERFORMANCE.md): the same download and the same small request to one gateway, directly and through
// Mission Control's relay. CPU of all processes of the gateway and of Mission Control per MiB, and the median of the request's time.
//
//   POSTERN_BUILD=build/release node bench/tunnel.mjs [MiB] [requests]
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Client } from "../tests/e2e/lib/client.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { MissionControl } from "../tests/e2e/lib/mission.mjs";
import { freePort } from "../tests/e2e/lib/process.mjs";
import { descendants, until } from "../tests/e2e/lib/owned.mjs";
import { cpuNanoseconds, quantile } from "./resident.mjs";

const [mib = 256, requests = 500] = process.argv.slice(2).map(Number);
const name = "acme.reach.vendor.example";
const piece = Buffer.alloc(1 << 20, "x");
const component = await LittleComponent.start((request, response) => {
  if (request.url !== "/large") return response.end("well\n");
  let left = mib;
  response.writeHead(200, { "Content-Length": mib << 20 });
  const more = () => {
    while (left-- > 0) if (!response.write(piece)) return response.once("drain", more);
    response.end();
  };
  more();
});
const mission = await MissionControl.start({ listen: await freePort(), relay: "reach.vendor.example" });
const policy = "version: 1\ncapabilities:\n  all.read: { title: All, class: read, operations: [ GET /large, GET /small ] }\n";
const configure = (text) => `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tunnel: true\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
const gateway = await Gateway.start({ services: component.services, policy, names: [name], secrets: { "mission-root.pem": mission.ca.toString() }, configure });
try {
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Acme"));
  await gateway.admit("alice", ["all.read"]);
  await mission.cli("installation", "name", installation, "acme");
  await gateway.cli("sharing", "set", "tunnel", "on");
  await until("requests wait", async () => (await gateway.cli("link", "show")).tunnel.waiting >= 4, 60_000);
  const direct = await gateway.signIn("alice");
  const relayed = new Client({ port: mission.relayPort, ca: gateway.ca, tls: { servername: name } });
  relayed.cookie = direct.cookie;
  const [ours, theirs] = [gateway.pid, mission.pid].map((pid) => [pid, ...descendants(pid)]);
  for (const [way, client, host] of [["directly", direct, `localhost:${gateway.port}`], ["through the tunnel", relayed, `${name}:${mission.relayPort}`]]) {
    const headers = { Host: host };
    await client.fetch("/small", { headers });
    const before = [cpuNanoseconds(ours), cpuNanoseconds(theirs)];
    const began = performance.now();
    let bytes = 0;
    for await (const part of await client.open("/large", { headers })) bytes += part.length;
    if (bytes !== mib << 20) throw new Error(`${bytes} bytes came`);
    const seconds = (performance.now() - began) / 1000;
    const [here, there] = [cpuNanoseconds(ours) - before[0], cpuNanoseconds(theirs) - before[1]].map((cpu) => (cpu / 1e6 / mib).toFixed(2));
    const times = [];
    for (let i = 0; i < requests; i++) {
      const start = performance.now();
      await client.fetch("/small", { headers });
      times.push(performance.now() - start);
    }
    console.log(`${way}: ${(mib / seconds).toFixed(0)} MiB/s; ms of CPU per MiB: ${here} in the gateway, ${there} in Mission Control; a small request ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`);
    client.close();
  }
} finally {
  await gateway.stop();
  await mission.stop();
  await component.stop();
}
