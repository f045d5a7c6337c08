// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Admins sign in to the console by their company's identity provider, a real one, with a browser: groups give the role, it is shown
// again there before anything is opened, and whoever signs out there is signed out here. An account of the console's own works as ever.
import assert from "node:assert/strict";
import { Authority } from "./lib/authority.mjs";
import { Browser } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { plant } from "./lib/planted.mjs";
import { RealProvider, adminClientSecret, adminSecretsFor, adminsAt, configuredForAdmins } from "./lib/providers.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const button = "Sign in with your company\u2019s account";

const giveName = async (page, name) => {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("anything");
  await page.getByRole("button", { name: /sign-in/i }).click();
};
const comeIn = async (page, gateway, name, path = "/") => {
  await page.goto(`${gateway.adminUrl}${path}`);
  await page.getByRole("button", { name: button }).click();
  await giveName(page, name);
};
const isIn = (page) => page.getByRole("banner").getByRole("button", { name: "Sign out" }).waitFor();
const isOut = (page) => page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
const inspect = inspector("admin-openid");

story("admins sign in by their company's provider", async (stage) => {
  plant("the console's client secret", adminClientSecret);
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const provider = stage.own(await RealProvider.start(await authority.server()));
  const configure = configuredForAdmins(provider, ["roles: {admin: [ops], auditor: [audit]}"]);
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure, secrets: adminSecretsFor(authority) }));
  const groups = { alice: ["ops", "all"], carol: ["audit"], bob: ["all"] };
  const browser = stage.own(await Browser.start());
  const event = (type, fits = () => true) => until(`${type} is in the log`, async () => (await gateway.events("--type", type)).find(fits));
  const known = async (name) => (await gateway.cli("admin", "list")).items.find((one) => one.name === name);

  await stage.step("a provider that is away is told of, and a local account signs in", async () => {
    const page = await browser.page();
    await page.goto(gateway.adminUrl);
    await page.getByRole("button", { name: button }).click();
    await page.getByText("cannot be used: it answered 503").waitFor();
    await inspect(page, "away");
    const refused = await event("admin.refused");
    assert.equal(refused.detail.code, "provider_unavailable");
    await page.getByLabel("Name").fill("admin");
    await page.getByLabel("Password").fill(gateway.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await isIn(page);
    await provider.serve(gateway, groups, adminsAt(gateway));
    await until("it is used again", async () => (await gateway.adminClient().send("POST", "/api/v1/sign-in/openid/begin", {})).status === 200);
  });

  let alice;
  await stage.step("alice, in the admins' group, comes in, to the page that she wanted", async () => {
    alice = await browser.page();
    await alice.goto(`${gateway.adminUrl}/admins`);
    await alice.getByRole("button", { name: button }).waitFor();
    await inspect(alice, "sign-in");
    await comeIn(alice, gateway, "alice", "/admins");
    await isIn(alice);
    assert.equal(new URL(alice.url()).pathname, "/admins");
    assert.equal(new URL(alice.url()).search, "");
    const signed = await event("admin.signed_in", (one) => one.detail.method === "openid");
    const { admin, issuer, subject } = signed.detail;
    assert.deepEqual({ admin, issuer, subject }, { admin: "alice@vendor.example", issuer: provider.issuer, subject: "alice" });
    const added = await event("admin.added");
    assert.deepEqual([added.actor, added.detail.admin, added.detail.role, added.detail.subject], ["gateway", "alice@vendor.example", "admin", "alice"]);
    const { role, openid } = await known("alice@vendor.example");
    assert.deepEqual([role, openid], ["admin", { issuer: provider.issuer, subject: "alice", most: "admin" }]);
    await alice.getByText(`alice at ${provider.issuer}`).waitFor();
    await alice.getByText("Local accounts sign in as well.").waitFor();
    assert.match((await gateway.plainCli("status")).stdout, /Admins sign in by https:\/\/127\.0\.0\.1:\d+; of local accounts all\./);
    await inspect(alice, "admins");
    await alice.getByRole("banner").getByRole("link", { name: /alice/ }).click();
    await alice.getByRole("heading", { name: "Your company\u2019s account" }).waitFor();
    assert.equal(await alice.getByText("Authenticator app").count(), 0);
    await inspect(alice, "account");
  });

  await stage.step("carol is an auditor; bob, whom no group maps, is refused", async () => {
    const page = await browser.page();
    await comeIn(page, gateway, "carol");
    await page.getByText("You are signed in as an auditor").waitFor();
    const other = await browser.page();
    await comeIn(other, gateway, "bob");
    await other.getByText("names none of the groups that give a role").waitFor();
    await inspect(other, "refused");
    const refused = await event("admin.refused", (one) => one.detail.code === "no_role");
    assert.deepEqual([refused.detail.issuer, refused.detail.subject], [provider.issuer, "bob"]);
    assert.equal(await known("bob@vendor.example"), undefined);
  });

  await stage.step("before she opens something long after, alice shows again at the provider that it is she", async () => {
    const client = gateway.adminClient();
    await alice.route("**/api/v1/remote-access", async (route) => {
      // Ten minutes are not waited for: what the gateway would answer then is answered in its place, once.
      if (route.request().method() !== "PUT" || client.asked) return route.continue();
      client.asked = true;
      await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ title: "Show again that it is you", status: 403, code: "reauthenticate" }) });
    });
    await alice.goto(`${gateway.adminUrl}/`);
    await alice.locator("#remote-access").getByText("All capabilities").first().click();
    await alice.getByRole("button", { name: "Open all capabilities" }).click();
    await alice.getByRole("heading", { name: "Is it still you?" }).waitFor();
    await inspect(alice, "proof");
    const tab = alice.context().waitForEvent("page");
    await alice.getByRole("link", { name: "Sign in again" }).click();
    const other = await tab;
    await giveName(other, "alice");
    await other.getByRole("heading", { name: "It is you" }).waitFor();
    await inspect(other, "proved");
    await until("the switch is set", async () => (await gateway.cli("remote-access", "show")).mode === "all");
    const proved = await event("admin.proved");
    assert.deepEqual([proved.detail.method, proved.detail.subject], ["openid", "alice"]);
    await other.close();
  });

  await stage.step("who becomes another person at the provider proves nothing for her, and is not signed in as her any more", async () => {
    const other = await alice.context().newPage();
    await other.goto(`${gateway.adminUrl}/openid/prove`);
    await giveName(other, "carol"); // the provider ends alice's session there, and says so
    await other.getByText("You are not signed in").waitFor();
    await event("admin.signed_out", (one) => one.detail.reason === "signed_out_at_provider" && one.detail.subject === "alice");
    await other.close();
    await isOut(alice);
  });

  await stage.step("groups that change change the role at the next sign-in, and an admin may hold it lower", async () => {
    const page = await browser.page();
    await comeIn(page, gateway, "alice");
    await isIn(page);
    await gateway.cli("admin", "set-role", "alice@vendor.example", "auditor");
    await isOut(page);
    await page.getByRole("button", { name: button }).click(); // the provider knows her still
    await page.getByText("You are signed in as an auditor").waitFor();
    await gateway.cli("admin", "set-role", "alice@vendor.example", "admin");
    groups.carol = ["ops"];
    const other = await browser.page();
    await comeIn(other, gateway, "carol");
    await isIn(other);
    const changed = await event("admin.role_changed", (one) => one.detail.admin === "carol@vendor.example");
    assert.deepEqual([changed.actor, changed.detail.old, changed.detail.new], ["gateway", "auditor", "admin"]);
    groups.carol = [];
    const third = await browser.page();
    await comeIn(third, gateway, "carol");
    await third.getByText("names none of the groups").waitFor();
    await isOut(other); // who lost the group is not in by an earlier sign-in either
  });

  await stage.step("a locked account stays outside, whoever vouches for it", async () => {
    await gateway.cli("admin", "lock", "alice@vendor.example");
    const page = await browser.page();
    await comeIn(page, gateway, "alice");
    await page.getByText("is locked").waitFor();
    await gateway.cli("admin", "unlock", "alice@vendor.example");
    const locked = await gateway.tryCli("admin", "lock", "admin");
    assert.match(locked.stderr + locked.stdout, /without an identity provider/);
    const { code, stderr, stdout } = await gateway.tryCli("admin", "reset-password", "alice@vendor.example");
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /signs in by the identity provider/);
  });

  await stage.step("the provider's keys change, and alice comes in; she signs out here, and there too", async () => {
    await provider.serve(gateway, groups, adminsAt(gateway));
    const page = await browser.page();
    await comeIn(page, gateway, "alice");
    await isIn(page);
    await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out here.").waitFor();
    await inspect(page, "signed-out");
    await page.getByRole("button", { name: "Sign out at your company too" }).click();
    await page.getByRole("button", { name: /yes/i }).click();
    await isOut(page);
  });

  await stage.step("whoever signs out at the provider is signed out here", async () => {
    const page = await browser.page();
    await comeIn(page, gateway, "alice");
    await isIn(page);
    const other = await page.context().newPage();
    await other.goto(`${provider.issuer}/session/end`);
    await other.getByRole("button", { name: /yes/i }).click();
    await isOut(page);
    const out = await until("it is in the log", async () => {
      const ended = (await gateway.events("--type", "admin.signed_out")).filter((one) => one.detail.reason === "signed_out_at_provider");
      return ended.length === 2 && ended[0];
    });
    assert.deepEqual([out.detail.admin, out.detail.subject, out.detail.issuer], ["alice@vendor.example", "alice", provider.issuer]);
    assert.deepEqual(provider.errors, []);
  });
});
