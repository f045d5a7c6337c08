// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Debian's Chromium, driven by playwright-core. The stories' certificates are of authorities that the browser does not know; that it may
// pass over that is said here. What verifies them is the client in client.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { makeFolder, removeFolder } from "./owned.mjs";
import { isRoot } from "./process.mjs";

const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export class Browser {
  name = "Chromium";

  // hosts: {name: address}, for names that no resolver knows. inside: a network of its own (lib/inside.mjs), in which it runs.
  static async start({ hosts = {}, inside } = {}) {
    const browser = new Browser();
    let executablePath = process.env.POSTERN_CHROMIUM ?? "/usr/bin/chromium";
    if (inside) {
      browser.folder = makeFolder("browser");
      writeFileSync(join(browser.folder, "chromium"), `#!/bin/sh\nexec ${inside.prefix.join(" ")} ${executablePath} "$@"\n`, { mode: 0o755 });
      executablePath = join(browser.folder, "chromium");
    }
    const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`).join(", ");
    const args = [...flags, ...(isRoot ? ["--no-sandbox"] : []), ...(rules ? [`--host-resolver-rules=${rules}`] : [])];
    browser.chromium = await chromium.launch({ executablePath, headless: true, args });
    return browser;
  }

  // page: a page in a profile of its own. `page.troubles` collects what a developer would see in red: errors on the console, uncaught
  // exceptions, requests that failed or were answered with 400 or more.
  async page(options = {}) {
    const context = await this.chromium.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.troubles = [];
    page.on("console", (message) => message.type() === "error" && page.troubles.push(`console: ${message.text()} (${message.location().url})`));
    page.on("pageerror", (error) => page.troubles.push(`exception: ${error.message}`));
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") page.troubles.push(`failed: ${request.method()} ${request.url()} ${why}`); // aborted: the page itself went on
    });
    page.on("response", (response) => response.status() >= 400 && page.troubles.push(`${response.status()}: ${response.request().method()} ${response.url()}`));
    return page;
  }

  // writeDown: what its pages show at the end of a story that failed goes into the log.
  async writeDown() {
    const lines = [];
    for (const page of this.chromium.contexts().flatMap((context) => context.pages())) {
      const shown = (body) => ({ focus: body.ownerDocument.activeElement?.outerHTML.slice(0, 300), text: body.innerText.slice(0, 3_000) });
      const seen = await page.locator("body").evaluate(shown, null, { timeout: 2_000 }).catch((error) => ({ text: error.message }));
      lines.push(page.url(), ...(page.troubles ?? []), `the focus is on ${seen.focus}`, seen.text);
    }
    this.log = lines.join("\n");
  }

  async stop() {
    await this.chromium.close();
    if (this.folder) removeFolder(this.folder);
  }
}

// atConsole: a page at which that admin has signed in with a password.
export const atConsole = async (browser, gateway, { name = "admin", password = gateway.password } = {}) => {
  const page = await browser.page();
  await page.goto(gateway.adminUrl);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("#remote-access").waitFor();
  page.troubles.length = 0; // who is not signed in yet is told so with 401
  return page;
};

// atMissionControl: somebody accepts an invitation that was made on the machine; their page.
export const kInvitedPassword = "a few unrelated words";
export const atMissionControl = async (browser, mission, name, role) => {
  const { link } = await mission.cli("person", "invite", name, "--role", role);
  const page = await browser.page();
  await page.goto(`https://localhost:${mission.adminPort}/invitation#${link.split("#")[1]}`);
  await page.getByText(`as ${role}, under the name ${name}`).waitFor();
  await page.getByLabel("Choose a password").fill(kInvitedPassword);
  await page.getByLabel("The password, again").fill(kInvitedPassword);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  page.troubles.length = 0; // who is not signed in yet is told so with 401
  return page;
};

// look: pictures of the page as a phone, a desktop and a wide screen see it, light and dark, where POSTERN_SCREENSHOTS names a folder for them.
export const look = async (page, name) => {
  const folder = process.env.POSTERN_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const before = page.viewportSize();
  for (const colorScheme of ["light", "dark"])
    for (const width of [390, 1280, 1920]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: width === 390 ? 844 : 800 });
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true, timeout: 120_000 });
    }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
};
