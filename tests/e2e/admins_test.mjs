// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Those who use the console: the first password, a passkey, an authenticator app, what happens when it is lost, a second
// admin and an auditor, and what is asked again before anything is opened. Chromium plays the authenticator.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { codeOf, Device, stepNow } from "./lib/authenticator.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const kNewPassword = "four words that nobody says";
const kEvesPassword = "an auditor chooses this one";

const fillIn = async (page, name, password) => {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
};
const isIn = (page) => page.locator("#remote-access").waitFor();
const signOut = async (page) => {
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Name").waitFor();
};
const goTo = (page, name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();

const filesBelow = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });

story("admins, an auditor, and what proves who they are", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  const device = new Device();
  const secrets = [];
  const event = (type, fits = () => true) =>
    until(`${type} is in the log`, async () => (await gateway.events("--type", type)).find(fits));

  // inspect: nothing is wrong with what is shown, on a phone as on a desktop.
  const inspect = async (shown, name) => {
    const holds = shown === page && device.session !== undefined;
    if (holds) await device.putAside();
    assert.deepEqual(await violations(shown), [], name);
    if (holds) await device.give(page);
    await shown.setViewportSize({ width: 390, height: 844 });
    assert.equal(await shown.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, `${name}: wider than a phone`);
    await shown.setViewportSize({ width: 1280, height: 720 });
    await look(shown, `admins-${name}`);
  };

  await stage.step("at an address the page says where passkeys would work", async () => {
    await page.goto(gateway.adminUrl.replace("localhost", "127.0.0.1"));
    await page.getByText("Passkeys do not work at an IP address").waitFor();
    assert.equal(await page.getByRole("button", { name: "Use a passkey" }).count(), 0);
    await inspect(page, "sign-in-address");
    await page.getByRole("link", { name: gateway.adminUrl }).click();
    await page.getByRole("button", { name: "Use a passkey" }).waitFor();
    await inspect(page, "sign-in");
  });

  await stage.step("the first password signs in, and a passkey is added", async () => {
    await device.give(page);
    await fillIn(page, "admin", gateway.password);
    await isIn(page);
    await page.getByRole("banner").getByRole("link", { name: /admin/ }).click();
    await page.getByText("You have no passkey yet.").waitFor();
    await inspect(page, "account-new");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByLabel("What do you call it?").fill("Laptop <b>");
    await page.getByRole("button", { name: "Continue in the browser" }).click();
    await page.locator("#passkeys li.row", { hasText: "Laptop <b>" }).waitFor();
    const added = await event("admin.passkey_added");
    assert.deepEqual([added.detail.admin, added.detail.passkey], ["admin", "Laptop <b>"]);
  });

  await stage.step("and signs in without a password", async () => {
    await signOut(page);
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.getByRole("heading", { name: "Your account" }).waitFor();
    await event("admin.signed_in", (one) => one.detail.method === "passkey");
    await page.locator("#passkeys li.row", { hasText: "last used" }).waitFor();
  });

  let secret, codes;
  await stage.step("an authenticator app is set up, and recovery codes are shown once", async () => {
    await page.getByRole("button", { name: "Set up an app" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    secret = (await page.locator(".secret").textContent()).replaceAll(" ", "");
    await inspect(page, "account-app");
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.getByRole("alert").getByText("The code is not right").waitFor();
    await page.getByLabel("Code", { exact: true }).fill(codeOf(secret, stepNow()));
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.getByText("Your recovery codes").waitFor();
    codes = await page.locator(".codes code").allTextContents();
    assert.equal(new Set(codes).size, 10);
    await inspect(page, "account-codes");
    await page.getByRole("button", { name: "I have kept them" }).click();
    assert.equal(await page.locator(".codes").count(), 0);
    secrets.push(secret, ...codes);
  });

  await stage.step("after the password comes the code; a wrong one is refused, a recovery code lets in once", async () => {
    page.troubles.length = 0;
    await signOut(page);
    await fillIn(page, "admin", gateway.password);
    await page.getByLabel("Code", { exact: true }).waitFor();
    await inspect(page, "sign-in-code");
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("alert").getByText("The code is not right").waitFor();
    await page.getByLabel("Code", { exact: true }).fill(codes[0]);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("9 recovery codes left.").waitFor();
    const used = await event("admin.recovery_code_used");
    assert.equal(used.detail.left, 9);
  });

  await stage.step("whoever guesses codes has to wait, and the log says so", async () => {
    const guesser = gateway.adminClient();
    const guess = (code) => guesser.send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password, code });
    await until("it is slowed", async () => (await guess("000000")).status === 429);
    await event("admin.slowed");
    guesser.close();
  });

  await stage.step("the machine lets in who has lost everything", async () => {
    await gateway.cli("admin", "reset-second-factor", "admin");
    const { password } = await gateway.cli("admin", "reset-password", "admin");
    secrets.push(password);
    gateway.password = password;
    await page.getByLabel("Name").waitFor(); // a new password ended the sign-in
    const client = gateway.adminClient();
    await until("the address may try again", async () => (await client.send("POST", "/api/v1/sign-in", { name: "admin", password })).status === 200, 60_000);
    client.close();
    await fillIn(page, "admin", password);
    await page.getByText("You have no passkey yet.").waitFor();
    await event("admin.second_factor_reset");
    page.troubles.length = 0;
  });

  await stage.step("one's own password is changed, and other sign-ins end", async () => {
    const other = await browser.page();
    await other.goto(gateway.adminUrl);
    await fillIn(other, "admin", gateway.password);
    await isIn(other);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByLabel("Present password").fill(gateway.password);
    await page.getByLabel("New password", { exact: true }).fill("password1234");
    await page.getByLabel("New password, again").fill("password1234");
    const strength = page.locator(".strength");
    await strength.getByText("Weak. It has a word that is tried first.").waitFor();
    for (const [typed, said] of [
      ["short", "Weak. It takes 12 characters"],
      ["aaaaaaaaaaaaaaaaaaaa", "Weak. What repeats"],
      ["admin admin admin admin", "Weak. "],
      ["1234567890qwertyuiop", "Weak. A row"],
      ["horse battery", "Weak. More words"],
      ["T7#qz9!Kd2&vX", "Good."],
      [kNewPassword, "Good."],
      ["four words that nobody ever said together", "Strong."],
    ]) {
      await page.getByLabel("New password", { exact: true }).fill(typed);
      await strength.getByRole("status").filter({ hasText: said }).waitFor();
    }
    const kind = () => page.getByLabel("New password", { exact: true }).getAttribute("type");
    assert.equal(await kind(), "password");
    await page.getByRole("button", { name: "Show what I type" }).click();
    assert.equal(await kind(), "text");
    await inspect(page, "password");
    await page.getByRole("button", { name: "Hide what I type" }).click();
    assert.equal(await kind(), "password");
    await page.getByLabel("New password", { exact: true }).fill("password1234");
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByRole("alert").getByText("among the first that are tried").waitFor();
    await page.getByLabel("New password", { exact: true }).fill(kNewPassword);
    await page.getByLabel("New password, again").fill(kNewPassword);
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByText("Your password is changed").waitFor();
    await other.getByLabel("Name").waitFor();
    await other.context().close();
    gateway.password = kNewPassword;
    secrets.push(kNewPassword);
    page.troubles.length = 0;
  });

  const eve = await browser.page();
  await stage.step("an auditor is invited, and follows the link", async () => {
    await goTo(page, "Admins");
    await page.getByRole("button", { name: "Invite somebody" }).click();
    await page.getByLabel("Name").fill("eve");
    await page.getByLabel("As", { exact: true }).selectOption("auditor");
    await inspect(page, "invite");
    await page.getByRole("button", { name: "Make a link" }).click();
    const link = await page.getByRole("textbox", { name: "The link for eve" }).inputValue();
    secrets.push(link.split("#")[1]);
    await page.locator("#invitations li.row", { hasText: "eve" }).waitFor();
    await inspect(page, "invited");
    await eve.goto(link);
    await eve.getByText("as auditor, under the name eve").waitFor();
    await inspect(eve, "invitation");
    await eve.getByLabel("Choose a password").fill(kEvesPassword);
    await eve.getByLabel("The password, again").fill(kEvesPassword);
    await inspect(eve, "invitation-password");
    await eve.getByRole("button", { name: "Accept and sign in" }).click();
    await eve.getByRole("heading", { name: "Your account" }).waitFor();
    secrets.push(kEvesPassword);
    const again = await browser.page();
    await again.goto(link);
    await again.getByText("This invitation is not valid any more").waitFor();
    await inspect(again, "invitation-used");
    await again.context().close();
    assert.equal((await event("admin.added", (one) => one.detail.admin === "eve")).actor, "admin:eve");
  });

  await stage.step("the auditor sees all and changes nothing", async () => {
    await goTo(eve, "Admins");
    await eve.locator("#admins li.row", { hasText: "eve" }).getByText("you", { exact: true }).waitFor();
    assert.equal(await eve.getByRole("button", { name: "Invite somebody" }).count(), 0);
    assert.equal(await eve.getByRole("button", { name: "Change admin" }).count(), 0);
    await inspect(eve, "list-auditor");
    const answers = await eve.evaluate(async () => {
      const ask = async (method, path, body) => {
        const answer = await fetch(`/api/v1${path}`, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        return [answer.status, (await answer.json()).code];
      };
      return [
        await ask("PUT", "/remote-access", { mode: "off" }),
        await ask("POST", "/invitations", { name: "mallory", role: "admin" }),
        await ask("PUT", "/admins/eve/role", { role: "admin" }),
        await ask("DELETE", "/admins/admin", {}),
      ];
    });
    assert.deepEqual(answers, Array(4).fill([403, "auditor"]));
  });

  const bob = await browser.page();
  await stage.step("a second admin comes by the command line, and both see what the other does", async () => {
    const made = await run("sh", ["-c", `printf '%s\\n' 'the words of another admin' | "$0" --config "$1" --json admin add bob --role admin --password-stdin`, gateway.program, gateway.configFile]);
    assert.equal(made.code, 0, made.stderr);
    secrets.push("the words of another admin");
    await bob.goto(gateway.adminUrl);
    await fillIn(bob, "bob", "the words of another admin");
    await isIn(bob);
    await goTo(page, "Home");
    await page.locator("#remote-access").getByText("Approved visits").first().click();
    await page.locator("#remote-access").getByRole("button", { name: "Allow approved visits" }).click();
    await bob.locator("#remote-access .mode-now", { hasText: "Approved visits" }).waitFor();
    await bob.locator("#remote-access").getByText("Nobody from support").first().click();
    await bob.locator("#remote-access").getByRole("button", { name: "Switch off" }).click();
    await page.locator("#remote-access .mode-now", { hasText: "Off" }).waitFor();
  });

  await stage.step("two at one switch do not overwrite each other unseen, and neither is held up who closes", async () => {
    const mine = page.locator("#remote-access");
    const theirs = bob.locator("#remote-access");
    await mine.getByText("All capabilities").first().click();
    await mine.getByRole("button", { name: "Open all capabilities" }).waitFor();
    await theirs.getByText("Approved visits").first().click();
    await theirs.getByRole("button", { name: "Allow approved visits" }).click();
    await mine.locator(".mode-now", { hasText: "Approved visits" }).waitFor();
    await mine.getByRole("button", { name: "Open all capabilities" }).click();
    await mine.getByRole("alert").filter({ hasText: "it is approved now, set by bob" }).waitFor();
    await inspect(page, "changed-meanwhile");
    assert.equal((await gateway.cli("remote-access", "show")).mode, "approved");
    await mine.getByRole("button", { name: "Open all capabilities" }).click();
    await theirs.locator(".mode-now", { hasText: "All capabilities" }).waitFor();
    await mine.getByText("Nobody from support").first().click();
    await theirs.getByText("Nobody from support").first().click();
    await theirs.getByRole("button", { name: "Switch off" }).click();
    await mine.locator(".mode-now", { hasText: "Off" }).waitFor();
    page.troubles.length = 0; // the refusal
  });

  await stage.step("what opens asks again who it is, and then goes on", async () => {
    // The page is told what it would be told ten minutes from now; all after that is the gateway's own.
    page.troubles.length = 0;
    await page.route("**/api/v1/remote-access", (route) =>
      route.request().method() === "PUT"
        ? route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ status: 403, title: "Show again that it is you", code: "reauthenticate" }) })
        : route.continue(), { times: 2 });
    const access = page.locator("#remote-access");
    await access.getByText("Approved visits").first().click();
    await access.getByRole("button", { name: "Allow approved visits" }).click();
    const dialog = page.getByRole("dialog", { name: "Is it still you?" });
    await dialog.waitFor();
    await inspect(page, "proof");
    await dialog.getByLabel("Password").fill("not the password");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await dialog.getByRole("alert").waitFor();
    await page.unroute("**/api/v1/remote-access");
    await dialog.getByLabel("Password").fill(kNewPassword);
    await dialog.getByRole("button", { name: "Continue" }).click();
    await access.locator(".mode-now", { hasText: "Approved visits" }).waitFor();
    assert.equal((await event("admin.proved")).detail.method, "password");
    page.troubles.length = 0;
  });

  await stage.step("an admin signs the other one out, and the last one stays", async () => {
    await goTo(page, "Admins");
    const row = (name) => page.locator("#admins li.row", { hasText: name });
    await row("bob").getByRole("button", { name: "Change bob" }).click();
    await inspect(page, "list-change");
    await row("bob").getByRole("button", { name: "Sign out" }).click();
    await row("bob").getByRole("button", { name: "Sign out" }).click();
    await bob.getByLabel("Name").waitFor();
    await gateway.cli("admin", "remove", "bob");
    await row("bob").waitFor({ state: "detached" });
    const last = await gateway.tryCli("admin", "remove", "admin");
    assert.deepEqual([last.code, last.json.code], [1, "last_admin"]);
    const demoted = await gateway.tryCli("admin", "set-role", "admin", "auditor");
    assert.deepEqual([demoted.code, demoted.json.code], [1, "last_admin"]);
    assert.deepEqual((await gateway.cli("admin", "list")).items.map(({ name, role }) => [name, role]), [["admin", "admin"], ["eve", "auditor"]]);
  });

  await stage.step("accounts outlive a restart, and nothing secret stands in the log", async () => {
    for (const one of [page, eve, bob]) await one.context().close();
    await gateway.halt();
    const state = join(gateway.folder, "state");
    assert.equal(statSync(join(state, "accounts.json")).mode & 0o777, 0o600);
    for (const file of filesBelow(state).filter((name) => !name.endsWith("accounts.json"))) {
      const bytes = readFileSync(file);
      for (const one of secrets) assert.equal(bytes.includes(one), false, `${file} holds a secret`);
      assert.equal(bytes.includes("argon2id"), false, `${file} holds a hash`);
    }
    await gateway.serve();
    const client = gateway.adminClient();
    assert.equal((await client.send("POST", "/api/v1/sign-in", { name: "eve", password: kEvesPassword })).status, 200);
    client.close();
  });
});
