// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What both listeners agree to in TLS, asked from outside, and where it is told: the session's event names version, suite and group, and
// `status` says whether key agreement is post-quantum.
import assert from "node:assert/strict";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { connect } from "./lib/handshake.mjs";
import { story, until } from "./lib/story.mjs";

const kAnything = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
const kGroups = { X25519: "x25519", prime256v1: "secp256r1", secp384r1: "secp384r1", X25519MLKEM768: "X25519MLKEM768" };

story("TLS is agreed as told, and told as agreed", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const opened = () => until("the session is in the log", async () => (await gateway.events("--type", "session.opened"))[0]);

  await stage.step("no version before 1.2, whatever else a client would take", async () => {
    for (const port of [gateway.port, gateway.adminPort]) {
      for (const version of ["TLSv1", "TLSv1.1"])
        await assert.rejects(connect(port, "localhost", { minVersion: version, maxVersion: version, ciphers: kAnything }), /protocol version/);
      for (const version of ["TLSv1.2", "TLSv1.3"]) (await connect(port, "localhost", { minVersion: version, maxVersion: version })).destroy();
      for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-CCM", "aNULL:eNULL"])
        await assert.rejects(connect(port, "localhost", { maxVersion: "TLSv1.2", ciphers: `${ciphers}:@SECLEVEL=0` }), /handshake failure/, ciphers);
    }
  });

  await stage.step("the event of a session names what the handshake agreed", async () => {
    const socket = await connect(gateway.port, "localhost");
    const { name } = socket.getEphemeralKeyInfo();
    const agreed = [socket.getProtocol(), socket.getCipher().standardName, kGroups[name]].join(" ");
    socket.destroy();
    await gateway.admit("alice", []);
    await gateway.signIn("alice");
    assert.equal((await opened()).detail.tls, agreed);
  });

  await stage.step("status says whether key agreement is post-quantum", async () => {
    const { tls } = await gateway.cli("status");
    if ((await opened()).detail.tls.endsWith("MLKEM768")) assert.equal(tls.post_quantum, true);
    assert.equal(typeof tls.post_quantum, "boolean");
    const { stdout } = await gateway.plainCli("status");
    assert.match(stdout, tls.post_quantum ? /Key agreement: +post-quantum where/ : /Key agreement: +not post-quantum: this system's OpenSSL/);
  });
});
