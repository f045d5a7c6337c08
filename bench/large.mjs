// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/large.mjs [GIB]
//
// One upload and one download of GIB (10) each, side by side, and a third client that reads its download slowly. Prints MiB per role, now and at
// most, before and after, CPU seconds per GiB, and how long it took. Builds nothing: POSTERN_BUILD names the build.
import https from "node:https";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { cpuNanoseconds, rolesOf, showResident } from "./resident.mjs";

const gib = Number(process.argv[2] ?? 10);
const bytes = gib * 2 ** 30;
const piece = Buffer.alloc(1 << 18, "The quick brown fox jumps over the lazy dog. ");
const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /**] }
`;
const configure = (text) => `${text}limits: { request_body: 1024GiB }\n`;

const write = (stream, size) =>
  new Promise((resolve, reject) => {
    let left = size;
    const more = () => {
      while (left > 0) {
        const next = left < piece.length ? piece.subarray(0, left) : piece;
        left -= next.length;
        if (!stream.write(next)) return stream.once("drain", more);
      }
      stream.end(resolve);
    };
    stream.once("error", reject);
    more();
  });
const count = async (stream) => {
  let size = 0;
  for await (const some of stream) size += some.length;
  return size;
};

const component = await LittleComponent.start(async (request, response) => {
  response.on("error", () => {});
  if (request.method === "POST") return response.end(String(await count(request)));
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": bytes });
  await write(response, bytes).catch(() => {});
});
let gateway;
try {
  gateway = await Gateway.start({ services: component.services, policy, configure });
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const roles = await rolesOf(gateway);
  const pids = roles.map(({ pid }) => pid);
  console.log(`MiB before: ${showResident(roles)}`);
  const options = { host: "127.0.0.1", port: gateway.port, ca: gateway.ca, servername: "localhost", agent: false, headers: { Host: `localhost:${gateway.port}`, Cookie: alice.cookie } };
  const [begin, used] = [performance.now(), cpuNanoseconds(pids)];
  const slow = await alice.open("/slow", { agent: false });
  const reading = setInterval(() => slow.read(1024), 1000);
  slow.on("error", () => {});
  const upload = new Promise((resolve, reject) => {
    const request = https.request({ ...options, method: "POST", path: "/up", headers: { ...options.headers, "Content-Length": bytes } }, async (response) => {
      let text = "";
      for await (const some of response) text += some;
      Number(text) === bytes ? resolve() : reject(new Error(`the component has ${text} bytes, ${response.statusCode}`));
    });
    write(request, bytes).catch(reject);
  });
  const download = alice.open("/down", { agent: false }).then(count).then((size) => {
    if (size !== bytes) throw new Error(`${size} bytes came`);
  });
  await Promise.all([upload, download]);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(reading);
  slow.destroy();
  console.log(`MiB after: ${showResident(roles)}`);
  console.log(`${gib} GiB up and ${gib} GiB down in ${seconds.toFixed(0)} s; ${((cpuNanoseconds(pids) - used) / 1e9 / (2 * gib)).toFixed(2)} s of CPU per GiB`);
  alice.close();
} finally {
  await gateway?.stop();
  await component.stop();
}
