// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern cert check URL` over real servers that are not ours, and what a component's certificate has to say of itself before the gateway
// calls it: the verifier is the same one.
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { createServer } from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { root } from "./lib/gateway.mjs";
import { freePort, run } from "./lib/process.mjs";
import { story } from "./lib/story.mjs";

const program = join(resolve(root, process.env.POSTERN_BUILD ?? "build/dev"), "bin/postern");
const check = (...argv) => run(program, ["cert", "check", ...argv]);

// options: of node's TLS server. received: the bytes of applications that reached it.
class Server {
  received = 0;
  async start(options) {
    this.server = createServer(options, (socket) => socket.on("data", (data) => (this.received += data.length)).on("error", () => {}));
    this.server.on("tlsClientError", () => {});
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.url = `https://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  stop() {
    this.server.close();
  }
}

story("a certificate is looked at where it is shown", async (stage) => {
  const authority = stage.own(await Authority.make("component"));
  const { certificate, key } = await authority.server();
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const server = stage.own(await new Server().start({ cert: certificate, key, minVersion: version, maxVersion: version }));

    await stage.step(`the chain is drawn, and it is good, over ${version}`, async () => {
      const { code, stdout, stderr } = await check(server.url, "--roots", authority.file);
      assert.equal(code, 0, stderr + stdout);
      assert.match(stdout, /^2 {2}CN=component\n.*trusted\n└─ 1 {2}CN=component\n.*revocation not known\n.*for 127\.0\.0\.1\n\nGood for 127\.0\.0\.1 at /);
    });

    await stage.step(`the system does not know the authority, over ${version}`, async () => {
      const { code, stdout } = await check(server.url, "--json");
      const answer = JSON.parse(stdout);
      assert.equal(code, 1);
      assert.equal(answer.failure.rule, "unknown-issuer");
      assert.equal(answer.failure.browser, "NET::ERR_CERT_AUTHORITY_INVALID");
      assert.equal(answer.failure.certificate, 1);
    });

    await stage.step(`another name, another day, over ${version}`, async () => {
      const named = await check(server.url, "--roots", authority.file, "--name", "prom.example");
      assert.equal(named.code, 1);
      assert.match(named.stdout, /Refused: the certificate is for 127\.0\.0\.1, not for prom\.example\.\n/);
      const late = await check(server.url, "--roots", authority.file, "--at", "2099-01-01T00:00:00Z");
      assert.match(late.stdout, /NET::ERR_CERT_DATE_INVALID/);
    });

    assert.equal(server.received, 0);
  }

  await stage.step("who is not there, and who does not speak TLS, is said", async () => {
    const nobody = await check(`127.0.0.1:${await freePort()}`);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /^postern: cert check: 127\.0\.0\.1:\d+: Connection refused\n$/);
  });
});
