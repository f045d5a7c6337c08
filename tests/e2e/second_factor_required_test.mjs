// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `second_factor: required`: whoever signs in with a password alone gets no further than their own account, until there is a passkey or an
// authenticator app; and who loses the app comes in by a recovery code.
import assert from "node:assert/strict";
import { violations } from "./lib/accessible.mjs";
import { codeOf, Device, stepNow } from "./lib/authenticator.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const kPassword = "the words of another admin";

story("where a second factor is required, nobody gets further without one", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("well\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services, configure: (text) => `${text}\nsecond_factor: required\n` }));
  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  const fillIn = async (shown, name, password) => {
    await shown.getByLabel("Name").fill(name);
    await shown.getByLabel("Password").fill(password);
    await shown.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  const enrolling = (shown) => shown.getByText("This gateway wants more than a password.").waitFor();
  const signOut = async (shown) => {
    await shown.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await shown.getByLabel("Name").waitFor();
  };

  let secret, codes;
  await stage.step("the first password leads to one's own account and nowhere else", async () => {
    await page.goto(gateway.adminUrl);
    await fillIn(page, "admin", gateway.password);
    await enrolling(page);
    assert.equal(await page.getByRole("navigation", { name: "Pages" }).count(), 0);
    assert.equal(await page.getByText("your password alone is enough").count(), 0, "it is not");
    assert.equal(await page.getByText("Connecting").count(), 0, "nothing is waited for");
    await page.goto(`${gateway.adminUrl}/permissions`);
    await enrolling(page);
    assert.equal(await page.locator("#capabilities").count(), 0, "another address leads there too");
    const answers = await page.evaluate(() =>
      Promise.all(["/remote-access", "/events", "/admins"].map(async (path) => {
        const answer = await fetch(`/api/v1${path}`);
        return [answer.status, (await answer.json()).code];
      })));
    assert.deepEqual(answers, Array(3).fill([403, "second_factor_missing"]));
    assert.deepEqual(await violations(page), []);
    await look(page, "second-factor-enrolling");
  });

  await stage.step("an authenticator app opens the rest", async () => {
    await page.getByRole("button", { name: "Set up an app" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    secret = (await page.locator(".secret").textContent()).replaceAll(" ", "");
    await page.getByLabel("Code", { exact: true }).fill(codeOf(secret, stepNow()));
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.getByText("Your recovery codes").waitFor();
    codes = await page.locator(".codes code").allTextContents();
    await look(page, "second-factor-codes");
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Home" }).click();
    await page.locator("#remote-access").waitFor();
  });

  await stage.step("without the app, a recovery code lets in once", async () => {
    await signOut(page);
    await fillIn(page, "admin", gateway.password);
    await page.getByLabel("Code", { exact: true }).fill(codes[0]);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    const used = await until("it is used up", async () => (await gateway.events("--type", "admin.recovery_code_used"))[0]);
    assert.equal(used.detail.left, 9);
    await signOut(page);
    await fillIn(page, "admin", gateway.password);
    await page.getByLabel("Code", { exact: true }).fill(codes[0]);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("alert").getByText("The code is not right").waitFor();
  });

  await stage.step("another admin takes a passkey instead, and needs no password any more", async () => {
    const made = await run("sh", ["-c", `printf '%s\\n' '${kPassword}' | "$0" --config "$1" --json admin add bob --role admin --password-stdin`, gateway.program, gateway.configFile]);
    assert.equal(made.code, 0, made.stderr);
    const bob = await browser.page();
    const device = new Device();
    await bob.goto(gateway.adminUrl);
    await device.give(bob);
    await fillIn(bob, "bob", kPassword);
    await enrolling(bob);
    await bob.getByRole("button", { name: "Add a passkey" }).click();
    await bob.getByLabel("What do you call it?").fill("Laptop");
    // One of the first things asked is refused late, after the next sign-in.
    let refuse;
    const held = new Promise((resolve) => {
      void bob.route("**/api/v1/holds", async (route) => {
        resolve();
        await new Promise((release) => { refuse = release; });
        await route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"status":401,"code":"no_session"}' });
      }, { times: 1 });
    });
    await bob.getByRole("button", { name: "Continue in the browser" }).click();
    await bob.getByRole("navigation", { name: "Pages" }).waitFor();
    await signOut(bob);
    await held;
    await bob.getByRole("button", { name: "Use a passkey" }).click();
    await bob.getByRole("navigation", { name: "Pages" }).waitFor();
    const late = bob.waitForResponse((answer) => answer.url().endsWith("/api/v1/holds") && answer.status() === 401);
    refuse();
    await (await late).finished();
    await bob.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Home" }).click();
    await bob.locator("#remote-access").waitFor();
    await signOut(bob);
    await fillIn(bob, "bob", kPassword);
    await enrolling(bob);
  });

  await stage.step("whose factors are reset begins anew", async () => {
    await gateway.cli("admin", "reset-second-factor", "admin");
    const { password } = await gateway.cli("admin", "reset-password", "admin");
    const fresh = await browser.page();
    await fresh.goto(gateway.adminUrl);
    await fillIn(fresh, "admin", password);
    await enrolling(fresh);
  });
});
