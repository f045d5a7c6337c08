// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// OCSP stapling of the listener's own certificate: fetched by the link, judged, shown, kept over a restart while the responder is away;
// and what is said when there is none, or none that may be shown.
import assert from "node:assert/strict";
import tls from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { OcspResponder } from "./lib/ocsp_responder.mjs";
import { story, until } from "./lib/story.mjs";

// stapled: what the listener shows with its certificate in a full handshake; empty if nothing.
const stapled = (port) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", servername: "localhost", port, rejectUnauthorized: false, requestOCSP: true });
    let shown = Buffer.alloc(0);
    socket.once("error", reject);
    socket.once("OCSPResponse", (response) => (shown = response ?? shown));
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve(shown);
    });
  });

story("an OCSP response is shown with the listener's certificate", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const authority = stage.own(await Authority.make("site authority"));
  const responder = stage.own(await OcspResponder.start(authority));
  const issue = (name, more = "") => authority.server(name, { names: ["DNS:localhost"], more });
  const access = `authorityInfoAccess=OCSP;URI:${responder.url}`;
  const secretsOf = ({ certificate, key }) => ({ "certs/site.pem": certificate + authority.pem, "keys/site.key": key });
  const configure = (text) => text.replace("certs/support.pem", "certs/site.pem").replace("keys/support.key", "keys/site.key\n    staple: true");
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: secretsOf(await issue("first", access)), configure }));
  const install = async (pair) => {
    for (const [name, text] of Object.entries(secretsOf(pair))) gateway.writeSecret(name, text);
    assert.deepEqual((await gateway.cli("reload")).config.faults, []);
  };
  const shownInStatus = async () => (await gateway.cli("status")).listeners.find((one) => one.name === "support").certificates[0];
  const told = (type, count) =>
    until(`${type} is in the log`, async () => {
      const events = await gateway.events("--type", type);
      return events.length >= count && events;
    });

  await stage.step("it is fetched, judged and shown", async () => {
    await until("it is shown", async () => (await stapled(gateway.port)).length > 0);
    assert.deepEqual(await stapled(gateway.port), responder.last);
    assert.equal((await shownInStatus()).staple.responder, responder.url);
    assert.ok(Date.parse((await shownInStatus()).staple.until) > Date.now());
    const [event] = await told("certificate.stapled", 1);
    assert.equal(event.detail.responder, responder.url);
  });

  await stage.step("after a restart the one that was kept is shown, and nobody is asked", async () => {
    const before = responder.last;
    responder.mode = "down";
    const asked = responder.asked;
    await gateway.halt();
    await gateway.serve();
    assert.deepEqual(await stapled(gateway.port), before);
    assert.equal(responder.asked, asked);
  });

  await stage.step("the responder is away, or talks nonsense: said once, and nothing is shown", async () => {
    for (const [mode, why] of [["down", /^it answered 503$/], ["junk", /^it comes with an OCSP response that cannot be read$/]]) {
      responder.mode = mode;
      const asked = responder.asked;
      await install(await issue(mode, access));
      const failures = await told("certificate.staple_failed", mode === "down" ? 1 : 2);
      assert.match(failures[0].detail.why, why);
      assert.equal(failures[0].severity, "warning");
      assert.equal(responder.asked, asked + 1);
      assert.equal((await stapled(gateway.port)).length, 0);
    }
  });

  await stage.step("a certificate that demands one and was revoked: severe", async () => {
    responder.mode = "revoked";
    await install(await issue("revoked", `${access}\ntlsfeature=status_request`));
    const failures = await told("certificate.staple_failed", 3);
    assert.match(failures[0].detail.why, /^it was revoked by its authority on 2020-01-01/);
    assert.equal(failures[0].severity, "severe");
    assert.equal((await stapled(gateway.port)).length, 0);
  });

  await stage.step("a certificate that demands one and names no responder is flawed, and said to be", async () => {
    await install(await issue("silent", "tlsfeature=status_request"));
    const [event] = await told("certificate.flawed", 1);
    assert.equal(event.detail.problem, "must_staple");
    assert.match(event.detail.why, /^it demands that an OCSP response is shown with it, and there will be none: it names no OCSP responder$/);
    assert.deepEqual((await shownInStatus()).flaws, [event.detail.why]);
  });

  await stage.step("a good certificate again, and all is well", async () => {
    responder.mode = "good";
    await install(await issue("last", access));
    await until("it is shown", async () => (await stapled(gateway.port)).length > 0);
    assert.equal((await told("certificate.stapled", 2)).length, 2);
    assert.deepEqual((await shownInStatus()).flaws, []);
  });
});
