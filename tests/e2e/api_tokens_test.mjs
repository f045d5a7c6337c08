// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A script of the customer's: an admin makes it a token at the console, it does what the token says and nothing else, and is refused once
// the token is revoked. Whose it was stands in the log; what it was stands nowhere.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { Client } from "./lib/client.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  work.read: { title: Work, class: read, operations: [ GET /state ] }
`;

story("a script works with a token of its own", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => response.end("state\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const script = new Client({ port: gateway.adminPort, ca: gateway.adminCa });
  const withToken = (token) => ({ Authorization: `Bearer ${token}` });
  const get = (path, token) => script.fetch(path, { headers: withToken(token) });
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);
  let token;

  await stage.step("an admin makes it at the console, and sees it once", async () => {
    await page.getByRole("link", { name: "Admins" }).click();
    await page.getByRole("link", { name: "API tokens" }).click();
    await page.locator("#new-token").waitFor();
    await page.locator("#new-token").getByLabel("Name").fill("deploy");
    await page.locator("#new-token").getByLabel("Rank").selectOption("admin");
    await page.locator("#new-token").getByLabel("Change permissions and remote access").check();
    await page.locator("#new-token").getByLabel("From these addresses only").fill("127.0.0.0/8");
    await page.getByRole("button", { name: "New token" }).click();
    token = await page.locator("#token-made .secret").innerText();
    assert.match(token, /^postern_[A-Za-z0-9_-]{43}$/);
    await look(page, "tokens-made");
    assert.deepEqual(await violations(page), []);
    await page.locator("#token-made").getByRole("button", { name: "Close" }).click();
    await page.locator("#tokens li", { hasText: "deploy" }).waitFor();
    await until("the token is nowhere in the page", async () => !(await page.content()).includes(token));
  });

  await stage.step("the script reads and changes what its scopes say", async () => {
    assert.equal((await get("/api/v1/status", token)).status, 200);
    const set = await script.send("PUT", "/api/v1/remote-access", { mode: "read-only" }, withToken(token));
    assert.equal(set.status, 200, set.text);
    assert.equal((await gateway.cli("remote-access", "show")).mode, "read-only");
    const changed = await until("it is in the index", async () => (await gateway.events("--type", "permission.changed")).find((event) => event.detail.new === "read-only"));
    assert.equal(changed.actor, "admin:admin/deploy");
    const used = await until("its use is an event", async () => (await gateway.events("--type", "token.used"))[0]);
    assert.deepEqual([used.detail.name, used.detail.admin, used.detail.client], ["deploy", "admin", "127.0.0.1"]);
  });

  await stage.step("what it sends twice under one key is done once", async () => {
    const send = () => script.send("PUT", "/api/v1/remote-access", { mode: "approved" }, { ...withToken(token), "Idempotency-Key": '"3f1c"' });
    const first = await send();
    assert.deepEqual([first.status, first.json.mode, first.headers["idempotency-replayed"]], [200, "approved", undefined]);
    await gateway.cli("remote-access", "set", "off");
    const again = await send();
    assert.deepEqual([again.status, again.json.mode, again.headers["idempotency-replayed"]], [200, "approved", "true"]);
    assert.equal((await gateway.cli("remote-access", "show")).mode, "off");
    const late = await script.send("PUT", "/api/v1/remote-access", { mode: "all" }, { ...withToken(token), "If-Match": first.headers.etag });
    assert.deepEqual([late.status, late.json.code, late.json.current.mode], [412, "changed_meanwhile", "off"]);
    await gateway.cli("remote-access", "set", "read-only");
  });

  await stage.step("and nothing else", async () => {
    const refused = async (method, path, body = {}) => (await script.send(method, path, body, withToken(token))).json.code;
    assert.equal(await refused("POST", "/api/v1/engineers", { name: "mallory" }), "scope");
    assert.equal(await refused("POST", "/api/v1/tokens", { name: "more", scopes: ["read"] }), "scope");
    assert.equal(await refused("POST", "/api/v1/log/rotate-key"), "scope");
    assert.equal((await script.fetch("/api/v1/status", { headers: { ...withToken(token), Cookie: "__Host-postern-admin=x" } })).status, 400);
    assert.equal((await get("/api/v1/status", `${token}x`)).status, 401);
    assert.equal((await get("/api/v1/status", token)).status, 200, "a wrong one keeps no right one out");
  });

  await stage.step("a token for other addresses, and one whose time is over", async () => {
    const elsewhere = await gateway.cli("token", "create", "elsewhere", "--admin", "admin", "--from", "192.0.2.0/24");
    const answer = await get("/api/v1/status", elsewhere.token);
    assert.equal(answer.status, 401);
    assert.match(answer.json.detail, /address/);
    const soon = await gateway.cli("token", "create", "short", "--admin", "admin", "--expires", "1s");
    await until("its end is an event", async () => (await gateway.events("--type", "token.expired")).some((event) => event.detail.name === "short"));
    assert.ok([401, 429].includes((await get("/api/v1/status", soon.token)).status));
    assert.deepEqual((await gateway.cli("token", "list")).items.map((one) => one.name).sort(), ["deploy", "elsewhere"]);
    assert.match((await gateway.plainCli("token", "create", "nobody", "--admin", "nobody")).stderr, /account/);
  });

  await stage.step("revoked at the console in two steps: the next request is refused", async () => {
    await page.reload();
    const row = page.locator("#tokens li", { hasText: "deploy" });
    await row.getByRole("button", { name: "Revoke" }).click();
    assert.deepEqual(await violations(page), []);
    await look(page, "tokens-revoke");
    await row.locator("form.confirm").getByRole("button", { name: "Revoke" }).click();
    await until("it is gone", async () => (await page.locator("#tokens li", { hasText: "deploy" }).count()) === 0);
    assert.ok([401, 429].includes((await get("/api/v1/remote-access", token)).status));
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("the token itself stands nowhere", async () => {
    const folder = join(gateway.folder, "state/journal");
    for (const name of readdirSync(folder)) assert.ok(!readFileSync(join(folder, name)).includes(token));
    assert.ok(!gateway.log.includes(token));
  });
  script.close();
});
