// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers sign in by their vendor's identity provider, a real one, with a browser: who is in the right group is added and comes in,
// who is not is told so, keys change in between, and whoever signs out there is signed out here.
import assert from "node:assert/strict";
import { Authority } from "./lib/authority.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { RealProvider, clientSecret, configured, secretsFor } from "./lib/providers.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;

const visitAs = async (browser, gateway, name) => {
  const page = await browser.page();
  await page.goto(`${gateway.url}/.postern/sign-in`);
  await page.getByRole("link", { name: "Sign in with your company's account" }).click();
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("anything");
  await page.getByRole("button", { name: /sign-in/i }).click();
  return page;
};

story("an engineer signs in by the vendor's provider", async (stage) => {
  plant("the client's secret", clientSecret);
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const provider = stage.own(await RealProvider.start(await authority.server()));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: configured(provider, ["groups: [support]", "provision: true"]), secrets: secretsFor(authority) }));
  const groups = { alice: ["support", "all"], bob: ["all"] };
  const browser = stage.own(await Browser.start());
  const visit = (name) => visitAs(browser, gateway, name);

  await stage.step("a provider that is away is told of on the page, and in an event", async () => {
    await gateway.cli("remote-access", "set", "all");
    await gateway.cli("capability", "set", "state.read", "on");
    const answer = await gateway.client().fetch("/.postern/openid/start");
    assert.equal(answer.status, 502, answer.text);
    assert.match(answer.text, /the identity provider cannot be used: it answered 503/i);
    assert.equal((await gateway.event(answer.event)).type, "session.refused");
    await provider.serve(gateway, groups);
    await until("it is used again", async () => (await gateway.client().fetch("/.postern/openid/start")).status === 303);
  });

  let alice;
  await stage.step("alice, whom nobody knew, is in the right group", async () => {
    alice = await visit("alice");
    await alice.getByRole("heading", { name: "What you may do now" }).waitFor();
    await look(alice, "openid-signed-in");
    assert.match(await (await alice.goto(`${gateway.url}/state`)).text(), /well/);
    const opened = await until("her session is in the log", async () => (await gateway.events("--type", "session.opened"))[0]);
    const { engineer, method, issuer, subject } = opened.detail;
    assert.deepEqual({ engineer, method, issuer, subject }, { engineer: "alice", method: "openid", issuer: provider.issuer, subject: "alice" });
    assert.ok(opened.detail.sid);
    const [known] = (await gateway.cli("engineer", "list")).items;
    assert.deepEqual([known.name, known.email, known.state], ["alice", "alice@vendor.example", "approved"]);
  });

  await stage.step("bob is not", async () => {
    const page = await visit("bob");
    await page.getByText("names none of the groups that may come in").waitFor();
    await look(page, "openid-refused");
    assert.equal((await gateway.cli("engineer", "list")).items.length, 1);
  });

  await stage.step("the provider's keys change, and alice comes in all the same", async () => {
    await provider.serve(gateway, groups);
    const page = await visit("alice");
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).first().click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.getByRole("link", { name: "Sign out of your company's account too" }).click();
    await page.getByRole("button", { name: /yes/i }).click();
    await page.getByRole("heading", { name: "Sign in for support" }).waitFor();
  });

  await stage.step("who signs out at the provider is signed out here, whichever process serves them", async () => {
    const page = await visit("alice");
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    await page.goto(`${provider.issuer}/session/end`);
    await page.getByRole("button", { name: /yes/i }).click();
    await until("her session has ended", async () => {
      const ended = await gateway.events("--type", "session.ended");
      return ended.some((event) => event.detail.reason === "signed_out_at_provider");
    });
    await page.goto(`${gateway.url}/.postern/`);
    await page.getByRole("heading", { name: "Sign in for support" }).waitFor();
    assert.deepEqual(provider.errors, []);
  });
});

const withRoles = `${policy}  state.write: { title: Change the state, class: write, operations: [ "POST /state" ] }
roles: { viewer: [state.read], admin: [state.read, state.write] }
`;

story("the provider's groups give roles, beyond which nothing is let pass", async (stage) => {
  plant("the client's secret", clientSecret);
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const provider = stage.own(await RealProvider.start(await authority.server()));
  const roles = ["roles: { viewer: [support], admin: [lead] }", "provision: true"];
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: withRoles, configure: configured(provider, roles), secrets: secretsFor(authority) }));
  await gateway.cli("remote-access", "set", "all");
  for (const name of ["state.read", "state.write"]) await gateway.cli("capability", "set", name, "on");
  await provider.serve(gateway, { alice: ["support"], dora: ["lead", "support"], bob: ["all"] });
  const browser = stage.own(await Browser.start());
  const ask = (page, method) =>
    page.evaluate(async (how) => {
      const answer = await fetch("/state", { method: how });
      return answer.ok ? { status: answer.status } : { status: answer.status, code: (await answer.json()).code };
    }, method);

  await stage.step("a viewer reads and changes nothing, though the switch is on", async () => {
    const page = await visitAs(browser, gateway, "alice");
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    assert.deepEqual(await ask(page, "GET"), { status: 200 });
    assert.deepEqual(await ask(page, "POST"), { status: 403, code: "outside_role" });
    await look(page, "openid-viewer");
    const opened = await until("her session is in the log", async () => (await gateway.events("--type", "session.opened"))[0]);
    assert.equal(opened.detail.most_role, "viewer");
  });
  await stage.step("nor with a grant", async () => {
    await gateway.cli("capability", "set", "state.write", "ask");
    await gateway.cli("grant", "give", "--engineer", "alice", "--capability", "state.write", "--for", "1h");
    const page = await visitAs(browser, gateway, "alice");
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    assert.deepEqual(await ask(page, "POST"), { status: 403, code: "outside_role" });
    await gateway.cli("capability", "set", "state.write", "on");
  });
  await stage.step("whoever has the higher role does both", async () => {
    const page = await visitAs(browser, gateway, "dora");
    await page.getByRole("heading", { name: "What you may do now" }).waitFor();
    assert.deepEqual(await ask(page, "GET"), { status: 200 });
    assert.deepEqual(await ask(page, "POST"), { status: 200 });
  });
  await stage.step("whoever has none does not come in", async () => {
    const page = await visitAs(browser, gateway, "bob");
    await page.getByText("names none of the groups that may come in").waitFor();
  });
});
