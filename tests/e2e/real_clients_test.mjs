// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that people use, each by HTTP/1.1 and by HTTP/2: what they ask for they get, and what is strict in them finds nothing wrong. What
// each does stands in clients/; curl's part stands here.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway, root } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { run } from "./lib/process.mjs";
import { makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**] }
  any.write: { title: Write, class: write, operations: [POST /up, PUT /up] }
`;
const large = Buffer.alloc(256 * 12288, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));

const answers = {
  "/large": (request, response) => response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": large.length, "Accept-Ranges": "bytes" }).end(large),
  "/none": (request, response) => response.writeHead(204).end(),
  "/trailers": (request, response) => (response.writeHead(200, { Trailer: "x-end" }), response.write("body"), response.addTrailers({ "x-end": "1" }), response.end()),
  "/gzip": (request, response) => response.writeHead(200, { "Content-Encoding": "gzip", "Content-Type": "text/plain" }).end(gzipSync("unpacked ".repeat(1000))),
  "/moved": (request, response) => response.writeHead(302, { Location: `http://${request.headers.host}/arrived` }).end(),
  "/slow": (request, response) => (response.write("one\n"), setImmediate(() => (response.write("two\n"), setImmediate(() => response.end("three\n"))))),
  "/up": (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    request.on("data", (piece) => (hash.update(piece), (bytes += piece.length))).on("end", () => response.end(`${bytes} ${hash.digest("hex")}`));
  },
};
const answer = (request, response) => (answers[request.url] ?? (() => response.end(`${request.method} ${request.url}`)))(request, response);

story("real clients find nothing wrong", async (stage) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const folder = makeFolder("clients");
  stage.own({ name: "the clients", stop: () => removeFolder(folder) });
  const authority = join(gateway.folder, "certs/support-ca.pem");
  const clients = join(root, "tests/e2e/clients");

  const runs = async (program, argv, options) => {
    const ended = await run(program, argv, { timeout: 120_000, ...options });
    assert.equal(ended.code, 0, `${program}: ${ended.stderr}`);
    return ended.stdout;
  };

  for (const version of ["--http1.1", "--http2"])
    await stage.step(`curl ${version}`, async () => {
      const proto = version === "--http2" ? "2" : "1.1";
      const curl = (path, ...more) => runs("curl", ["-sS", "--fail-with-body", version, "--cacert", authority, "-b", alice.cookie, ...more, ...[path].flat().map((one) => `${gateway.url}${one}`)]);
      writeFileSync(join(folder, "large"), large);
      const said = await curl(Array.from({ length: 20 }, (_, i) => `/small/${i}`), "-w", " %{http_version} %{num_connects}\\n");
      assert.deepEqual(said.trim().split("\n"), Array.from({ length: 20 }, (_, i) => `GET /small/${i} ${proto} ${i === 0 ? 1 : 0}`), "one connection for all");
      await curl("/large", "-o", join(folder, "got"));
      assert.ok(readFileSync(join(folder, "got")).equals(large));
      const sum = `${large.length} ${createHash("sha256").update(large).digest("hex")}`;
      assert.equal(await curl("/up", "--data-binary", `@${join(folder, "large")}`), sum);
      assert.equal(await curl("/up", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary", `@${join(folder, "large")}`), sum);
      assert.equal(await curl("/up", "-X", "PUT", "-H", "Content-Length:", ...(proto === "2" ? [] : ["-H", "Transfer-Encoding: chunked"]), "-T", join(folder, "large")), sum);
      assert.match(await curl("/large", "-I"), new RegExp(`^HTTP/${proto} 200`));
      assert.equal(await curl("/none", "-w", "%{http_code}"), "204");
      assert.match(await curl("/trailers", "-i"), /body[\s\S]*x-end: 1|x-end: 1[\s\S]*body/i);
      assert.equal(await curl("/gzip", "--compressed"), "unpacked ".repeat(1000));
      assert.equal(await curl("/large", "-r", "5-9", "-o", join(folder, "got"), "-w", "%{http_code} %{size_download}"), `200 ${large.length}`);
      assert.equal(await curl("/moved", "-L"), "GET /arrived");
      assert.equal(await curl("/slow"), "one\ntwo\nthree\n");
      const many = await curl(Array.from({ length: 50 }, (_, i) => `/n/${i}`), "-Z", "--parallel-max", "50");
      assert.deepEqual(many.match(/GET \/n\/[0-9]+/g).sort(), Array.from({ length: 50 }, (_, i) => `GET /n/${i}`).sort());
    });

  // Debian's Python, whose packages these are; another one may come first in PATH.
  for (const version of ["HTTP/1.1", "HTTP/2"])
    await stage.step(`Python's httpx, ${version}`, () => runs("/usr/bin/python3", [join(clients, "client.py"), gateway.url, authority, alice.cookie, version]));

  await stage.step("Go's net/http", async () => {
    const program = join(folder, "client");
    await runs("go", ["build", "-o", program, join(clients, "client.go")], { env: { ...process.env, GO111MODULE: "off", GOFLAGS: "", GOCACHE: join(folder, "go") } });
    for (const version of ["HTTP/1.1", "HTTP/2.0"]) await runs(program, [gateway.url, authority, alice.cookie, version]);
  });

  for (const version of ["HTTP_1_1", "HTTP_2"])
    await stage.step(`Java's HttpClient, ${version}`, () => runs("java", [join(clients, "Client.java"), gateway.url, authority, alice.cookie, version]));

  await stage.step("all of it was forwarded, or refused for what it asked", async () => {
    const events = await until("each is in the log", () => {
      const all = readJournal(gateway);
      const forwarded = all.filter((event) => event.type === "exchange.forwarded").length;
      return forwarded === all.filter((event) => event.type === "exchange.completed").length && all;
    });
    const completed = events.filter((event) => event.type === "exchange.completed");
    assert.deepEqual(completed.filter((event) => event.outcome !== "completed"), []);
    const refused = events.filter((event) => event.type === "exchange.refused").map((event) => `${event.detail.method} ${event.detail.target} ${event.detail.code}`);
    assert.deepEqual([...new Set(refused)], ["DELETE /small operation_not_listed"]);
    stage.say(`${completed.length} exchanges`);
  });
  alice.close();
});
