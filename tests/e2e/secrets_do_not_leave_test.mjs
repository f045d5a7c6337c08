// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component that answers with secrets in every way that it could: in documents, lines, streams, compressed, cut into parts, in headers.
// Every byte that reaches the engineer is searched for them (lib/planted.mjs). The same value has the same token, whichever process answers.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const password = "hunter2-Zaubernuss";
const token = "tok-of-the-list-7731";
const jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLW9mLXRoZS1wbGFudGVk";
const github = "ghp_plantedplantedplantedplantedplanted1";
const aws = { AccessKeyId: "AKIAPLANTEDPLANTED77", SecretAccessKey: "plantedLANTED+plantedLANTED/plantedLANTE" };
const pem = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
plant("the password", password);
plant("the token", token);
for (const [what, text] of Object.entries({ jwt, github, ...aws })) plant(what, text);
for (const line of pem.split("\n").filter((each) => !each.startsWith("-----") && each.length > 16)) plant("the component's key", line);

const policy = `version: 1
capabilities:
  all.read: { title: Everything, class: read, operations: [ "GET /**" ] }
redact:
  - json: $..password
  - json: $.list[*].token
  - header: X-Inner
`;

const document = JSON.stringify({ user: "bob", password, list: [{ token }, { token: 5 }], url: `https://bob:${password}@db/x`, ...aws, note: `see ${github} and ${jwt}`, key: pem });
const yaml = `user: bob\npassword: ${password}\nlist:\n  - name: a\n    token: ${token}\nkey: |\n${pem.replace(/^/gm, "  ")}\nurl: https://bob:${password}@db/x\nend: here\n`;
const text = `user=bob password=${password} done\npostgres://bob:${password}@db/x\n${pem}\nAuthorization: Bearer ${jwt}\n${github} ${aws.AccessKeyId}\nend\n`;
const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const typed = (type, more = {}) => ({ "Content-Type": type, ...more });

// piecemeal: in pieces of five bytes, each written by itself.
const piecemeal = async (response, body) => {
  for (let at = 0; at < body.length; at += 5) response.write(body.slice(at, at + 5)), await new Promise(setImmediate);
  response.end();
};

const streams = [];
const routes = {
  "/json": (request, response) => response.writeHead(200, typed("application/json", { ETag: '"v1"', "Content-MD5": "x", "Accept-Ranges": "bytes", "Content-Length": document.length })).end(document),
  "/yaml": (request, response) => response.writeHead(200, typed("application/yaml")).end(yaml),
  "/text": (request, response) => response.writeHead(200, typed("text/plain")).end(text),
  "/untyped": (request, response) => response.end(text),
  "/page": (request, response) => response.writeHead(200, typed("text/html")).end(`<p>${digest}</p><!-- ${text.replace(`password=${password}`, "")} -->`),
  "/broken": (request, response) => response.writeHead(200, typed("application/json")).end(`{"a": oops, "password": "${password}", 'password': '${password}'}`),
  "/pieces": (request, response) => piecemeal(response.writeHead(200, typed("application/json")), document),
  "/gzip": (request, response) => response.writeHead(200, typed("application/json", { "Content-Encoding": "gzip" })).end(gzipSync(document)),
  "/deflate": (request, response) => response.writeHead(200, typed("text/plain", { "Content-Encoding": "deflate" })).end(deflateSync(text)),
  "/raw-deflate": (request, response) => response.writeHead(200, typed("text/plain", { "Content-Encoding": "deflate" })).end(deflateRawSync(text)),
  "/br": (request, response) => response.writeHead(200, typed("application/json", { "Content-Encoding": "br" })).end(brotliCompressSync(document)),
  "/part": (request, response) => response.writeHead(206, typed("text/plain", { "Content-Range": `bytes 0-9/${text.length}` })).end(text.slice(0, 10)),
  "/whole": (request, response) => (request.headers.range ? routes["/part"](request, response) : routes["/text"](request, response)),
  "/utf16": (request, response) => response.writeHead(200, typed("text/plain; charset=utf-16le")).end(Buffer.from(text, "utf16le")),
  "/headers": (request, response) =>
    response
      .writeHead(302, {
        "Set-Cookie": `session=${password}`,
        "WWW-Authenticate": `Basic realm="${token}"`,
        "Authentication-Info": password,
        "X-Inner": token,
        "X-Auth-Token": token,
        Location: `https://bob:${password}@elsewhere.example/?t=${jwt}`,
        "X-Note": `uses ${github}`,
      })
      .end(),
  "/trailers": (request, response) => {
    response.writeHead(200, typed("text/plain", { Trailer: "X-Note" }));
    response.addTrailers({ "X-Note": github });
    response.end("end\n");
  },
  "/stream": (request, response) => (response.writeHead(200, typed("text/event-stream")).flushHeaders(), streams.push(response)),
  "/long": async (request, response) => {
    response.writeHead(200, typed("application/json")).write("[");
    for (let i = 0; i < 400; ++i) {
      if (!response.write(`{"n":${i},"filler":"${"x".repeat(10_000)}","password":"${password}"},`)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end("{}]");
  },
  "/image": (request, response) => response.writeHead(200, typed("image/png", { "Content-Length": 2_000 })).end(Buffer.alloc(2_000, 0x89)),
};
const answer = (request, response) => (routes[request.url] ?? ((_, r) => r.writeHead(404).end()))(request, response);

const filesBelow = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    return found.isDirectory() ? filesBelow(path) : found.isFile() ? [path] : [];
  });

story("no secret of the component reaches an engineer", async (stage) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: (config) => `${config}workers: 2\n` }));
  await gateway.admit("alice", ["all.read"]);
  const alice = await gateway.signIn("alice");
  let mark; // what stands in place of the password

  await stage.step("in JSON: fields of the policy, and what the detectors know", async () => {
    const got = await alice.fetch("/json");
    assert.equal(got.status, 200);
    mark = got.json.password;
    assert.match(mark, /^\[redacted:[0-9a-f]{12}\]$/);
    assert.equal(got.json.user, "bob");
    assert.equal(got.json.url, `https://bob:${mark}@db/x`);
    for (const value of [got.json.list[0].token, got.json.list[1].token, got.json.AccessKeyId, got.json.SecretAccessKey, got.json.key.trim()]) assert.match(value, /^\[redacted:[0-9a-f]{12}\]$/);
    assert.match(got.json.note, /^see \[redacted:[0-9a-f]{12}\] and \[redacted:[0-9a-f]{12}\]$/);
    assert.deepEqual([got.headers.etag, got.headers["accept-ranges"], got.headers["content-md5"], got.headers["content-length"]], ['W/"v1"', "none", undefined, undefined]);
    const completed = await until("the exchange is summed up", async () => (await gateway.events("--type", "exchange.completed")).find((event) => event.detail.forwarded === got.event));
    assert.equal(completed.detail.redacted, 9);
    for (const one of ["field $.password 1", "field $.list[*].token 2", "url_password $.url 1", "aws_key $.SecretAccessKey 1", "token $.note 1", "jwt $.note 1", "private_key $.key 1"])
      assert.ok(completed.detail.redactions.includes(one), `${one} in ${completed.detail.redactions}`);
  });

  await stage.step("in YAML, text, pages, without a type, and in what only claims to be JSON", async () => {
    const got = await alice.fetch("/yaml");
    assert.match(got.text, new RegExp(`^user: bob\npassword: "${mark.replace(/[[\]]/g, "\\$&")}"\n`));
    assert.match(got.text, /\n {4}token: "\[redacted:[0-9a-f]{12}\]"\n/);
    assert.match(got.text, /\nend: here\n$/);
    for (const path of ["/text", "/untyped"]) assert.ok((await alice.fetch(path)).text.startsWith(`user=bob password=${mark} done\npostgres://bob:${mark}@db/x\n[redacted:`), path);
    assert.ok((await alice.fetch("/page")).text.includes(`<p>${digest}</p>`));
    assert.match((await alice.fetch("/broken")).text, /^\{"a": oops, "password": "\[redacted/);
  });

  await stage.step("in pieces of five bytes, and in four megabytes", async () => {
    assert.equal((await alice.fetch("/pieces")).json.password, mark);
    const long = (await alice.fetch("/long")).json;
    assert.equal(long.length, 401);
    assert.ok(long.slice(0, 400).every((one, i) => one.n === i && one.password === mark && one.filler.length === 10_000));
  });

  await stage.step("compressed, although nobody had asked for that", async () => {
    const got = await alice.fetch("/gzip", { headers: { "Accept-Encoding": "gzip, br" } });
    assert.deepEqual([got.json.password, got.headers["content-encoding"]], [mark, undefined]);
    for (const path of ["/deflate", "/raw-deflate"]) assert.ok((await alice.fetch(path)).text.startsWith(`user=bob password=${mark} done\n`), path);
    const refused = await alice.fetch("/br");
    assert.deepEqual([refused.status, refused.json.code], [502, "component_malformed"]);
  });

  await stage.step("not in parts, and not in letters that cannot be read", async () => {
    assert.ok((await alice.fetch("/whole", { headers: { Range: "bytes=10-30" } })).text.endsWith("\nend\n"));
    for (const path of ["/part", "/utf16"]) assert.deepEqual([(await alice.fetch(path)).json.code], ["component_malformed"], path);
  });

  await stage.step("in headers and trailers", async () => {
    const got = await alice.fetch("/headers");
    for (const gone of ["set-cookie", "www-authenticate", "authentication-info", "x-inner", "x-auth-token"]) assert.equal(got.headers[gone], undefined, gone);
    assert.match(got.headers.location, /^https:\/\/bob:\[redacted:[0-9a-f]{12}\]@elsewhere\.example\/\?t=\[redacted:/);
    assert.match(got.headers["x-note"], /^uses \[redacted:/);
    const wire = await WireClient.connect(gateway);
    wire.send(`GET /trailers HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n\r\n`);
    assert.equal((await wire.response("GET")).body.toString(), "end\n");
    wire.close();
  });

  await stage.step("a stream of lines flows, line by line", async () => {
    const wire = await WireClient.connect(gateway);
    wire.send(`GET /stream HTTP/1.1\r\nHost: localhost\r\nCookie: ${alice.cookie}\r\n\r\n`);
    await until("the stream is open", () => streams.length === 1);
    for (const line of [`{"n": 1, "password": "${password}"}`, `login password=${password}`, `https://bob:${password}@db/`, "nothing to hide"]) {
      streams[0].write(`data: ${line}\n\n`);
      const shown = line.replace(password, mark);
      await wire.until(`"${shown}"`, () => wire.received.toString("latin1").includes(`data: ${shown}\n\n`) || null);
    }
    wire.close();
  });

  await stage.step("what is no secret and no text passes as it is", async () => {
    const got = await alice.fetch("/image");
    assert.equal(got.headers["content-length"], "2000");
    assert.ok(got.body.equals(Buffer.alloc(2_000, 0x89)));
  });

  await stage.step("the same value has the same token, whichever process answers; in another session it has another", async () => {
    for (let i = 0; i < 8; ++i) assert.equal((await alice.fetch("/json", { agent: false })).json.password, mark);
    const [first] = (await gateway.cli("status")).roles.filter((role) => role.name.startsWith("enforcer"));
    process.kill(first.pid, "SIGKILL");
    await until("the enforcer is back", async () => (await gateway.cli("status")).roles.some((role) => role.name === first.name && role.pid !== first.pid && role.state === "running"));
    for (let i = 0; i < 8; ++i) {
      const got = await until("an answer", async () => {
        const tried = await alice.fetch("/json", { agent: false }).catch(() => ({ status: 0 }));
        return tried.status === 200 && tried;
      });
      assert.equal(got.json.password, mark);
    }
    const again = await gateway.signIn("alice");
    const other = (await again.fetch("/json")).json.password;
    assert.match(other, /^\[redacted:/);
    assert.notEqual(other, mark);
    again.close();
  });

  await stage.step("and none of it stands in what is kept", async () => {
    await gateway.halt();
    for (const file of filesBelow(gateway.folder).filter((path) => !path.endsWith("policy.yaml"))) {
      const kept = readFileSync(file, "latin1");
      for (const secret of [password, token, jwt, github, aws.AccessKeyId, aws.SecretAccessKey]) assert.ok(!kept.includes(secret), `${secret} in ${file}`);
    }
  });
  alice.close();
}, 300_000);
