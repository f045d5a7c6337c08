// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that show their providers who they are by a key (private_key_jwt), on both faces: the keeper has it, and nobody else; another
// key does not do.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { Authority } from "./lib/authority.mjs";
import { Browser } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { RealProvider, adminSecretsFor, adminsAt, byKey, configured, configuredForAdmins, engineersAt, newClientKey, secretsFor } from "./lib/providers.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;

story("a client's key stays in the keeper, and opens its provider", async (stage) => {
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const vendors = stage.own(await RealProvider.start(await authority.server()));
  const customers = stage.own(await RealProvider.start(await authority.server()));
  const [engineers, admins] = [newClientKey(), newClientKey()];
  for (const { pem } of [engineers, admins]) plant("a client's key", pem.split("\n")[1]);
  const both = (text) => configuredForAdmins(customers, ["roles: {admin: [ops]}"])(configured(vendors, ["groups: [support]", "provision: true"])(text));
  const secrets = { ...secretsFor(authority), ...adminSecretsFor(authority), "keys/openid": engineers.pem, "keys/admin_openid": admins.pem };
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: byKey(both), secrets }));
  await gateway.cli("remote-access", "set", "all");
  await vendors.serve(gateway, { alice: ["support"] }, { ...engineersAt(gateway), key: engineers.jwk });
  await customers.serve(gateway, { carol: ["ops"] }, { ...adminsAt(gateway), key: admins.jwk });
  const browser = stage.own(await Browser.start());
  const giveName = async (page, name) => {
    await page.locator("input[name=login]").fill(name);
    await page.locator("input[name=password]").fill("anything");
    await page.getByRole("button", { name: /sign-in/i }).click();
  };
  const engineerComes = async () => {
    const page = await browser.page();
    await page.goto(`${gateway.url}/.postern/sign-in`);
    await page.getByRole("link", { name: "Sign in with your company's account" }).click();
    await giveName(page, "alice");
    return page;
  };

  await stage.step("an engineer comes in", async () => {
    const page = await engineerComes();
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
  });

  await stage.step("so does an admin, by another key", async () => {
    const page = await browser.page();
    await page.goto(gateway.adminUrl);
    await page.getByRole("button", { name: "Sign in with your company\u2019s account" }).click();
    await giveName(page, "carol");
    await page.getByRole("banner").getByRole("button", { name: "Sign out" }).waitFor();
  });

  await stage.step("with another key than the provider knows nobody does, until it is the right one again", async () => {
    gateway.writeSecret("keys/openid", admins.pem);
    await gateway.cli("reload");
    const page = await engineerComes();
    await page.getByText(/did not take the code/).waitFor();
    const refused = await until("it is in the log", async () => (await gateway.events("--type", "session.refused"))[0]);
    assert.match(refused.detail.why, /invalid_client/);
    gateway.writeSecret("keys/openid", engineers.pem);
    await gateway.cli("reload");
    const again = await engineerComes();
    await again.getByRole("heading", { name: "What you may do now" }).waitFor();
  });

  await stage.step("a secret and a key, or a key of another kind, are faults", async () => {
    const sound = readFileSync(gateway.configFile, "utf8");
    gateway.writeConfig(sound.replace("client_key_file: keys/openid", "client_secret_file: keys/pass.key\n  client_key_file: keys/openid"));
    const { stdout, stderr, code } = await gateway.tryCli("config", "check");
    gateway.writeConfig(sound);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /client_secret_file and client_key_file: give one of them/);
    gateway.writeSecret("keys/openid", generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));
    const wrong = await gateway.tryCli("config", "check");
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stdout + wrong.stderr, /is no key of type EC P-256/);
  });
});
