// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The console's page about Mission Control, against a real one: an admin enrols the gateway with the vendor's code, tries the line, shares
// events and reads what was sent; an auditor sees all of it and can change nothing.
import assert from "node:assert/strict";
import { atConsole, Browser } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort, run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const kPassword = "an auditor chooses this one";
const pages = (page) => page.getByRole("navigation", { name: "Pages" });
const stateIs = (page, state) => page.locator("#line [role=status]").getByText(state, { exact: true }).waitFor({ timeout: 60_000 });

const inspect = inspector("mission");

story("an admin brings the line to Mission Control up, and an auditor looks at it", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort() }));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);
  const code = page.getByLabel("Code from the vendor");
  let installation;

  await stage.step("Home says that it is not enrolled, and leads to the page", async () => {
    await page.locator("#line-trouble").getByText("not enrolled").waitFor();
    await inspect(page, "home");
    await page.locator("#line-trouble").getByRole("link").click();
    await stateIs(page, "Not enrolled");
    assert.equal(await pages(page).getByRole("link", { name: "Mission Control" }).getAttribute("aria-current"), "page");
    await page.locator("#sent").getByText("Nothing has been sent yet.").waitFor();
    await page.locator("#check").getByText("Not checked since").waitFor();
    await inspect(page, "not-enrolled");
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("a code that the vendor did not give is refused beside it", async () => {
    await code.fill("00000-00000-00000-00000");
    await page.keyboard.press("Enter");
    await page.locator("#enrol").getByRole("alert").getByText("the code never was one, or was used").waitFor({ timeout: 60_000 });
    assert.equal(await code.inputValue(), "00000-00000-00000-00000");
    await inspect(page, "wrong-code");
    page.troubles.length = 0; // the refusal itself
  });

  await stage.step("the vendor's code brings it up", async () => {
    await code.fill((await mission.newCode("Example Ltd")).toLowerCase().replaceAll("-", " "));
    await page.keyboard.press("Enter");
    await stateIs(page, "Up");
    await code.waitFor({ state: "detached" });
    await page.locator("#line").getByText("Example Ltd").waitFor();
    installation = (await gateway.cli("link", "show")).installation;
    await page.locator("#line").getByText(installation).waitFor();
    await page.locator("#line").getByText("Certificate until").waitFor();
  });

  await stage.step("each step of the line succeeds", async () => {
    await page.getByRole("button", { name: "Check the line" }).click();
    const steps = page.locator("#check li");
    await until("all five are there", async () => (await steps.count()) === 5, 60_000); // there is no proxy
    for (const step of await steps.allTextContents()) assert.match(step, /: ok\S/, step);
    await page.locator(".toast").getByText("Every step succeeded.").waitFor();
  });

  const sharing = page.locator("#sharing .row").filter({ has: page.getByText("Events", { exact: true }) });
  const setting = async () => (await gateway.cli("sharing", "list")).items.find((one) => one.name === "events").setting;
  await stage.step("events are shared in two steps; the keyboard leaves the second one, and takes it", async () => {
    await sharing.getByRole("radio", { name: "Off" }).focus();
    await page.keyboard.press("ArrowRight");
    await sharing.getByRole("button", { name: "Share events" }).waitFor();
    assert.equal(await setting(), "off");
    await page.keyboard.press("Escape");
    await sharing.getByRole("button", { name: "Share events" }).waitFor({ state: "detached" });
    await sharing.getByRole("radio", { name: "On" }).click();
    const confirm = sharing.getByRole("button", { name: "Share events" });
    await confirm.waitFor(); // a Tab before it is there would pass its place
    await until("the button has the focus", async () => {
      await page.keyboard.press("Tab");
      return confirm.evaluate((button) => document.activeElement === button);
    });
    await page.keyboard.press("Enter");
    await until("it is on", async () => (await setting()) === "on");
    await sharing.getByText("set by admin").waitFor();
    await confirm.waitFor({ state: "detached" });
  });

  await stage.step("what was sent is shown, the document on demand", async () => {
    await gateway.cli("remote-access", "set", "all");
    const event = page.locator("#sent li", { hasText: /\d events?/ }).first();
    await event.waitFor({ timeout: 60_000 });
    assert.equal(await page.locator("#sent pre").count(), 0);
    await event.locator("summary").click();
    const document = event.getByLabel("Document as it was sent");
    await document.waitFor();
    const shown = JSON.parse(await document.textContent());
    assert.ok(shown.reports.some((one) => one.kind === "event" && one.body.type), JSON.stringify(shown));
    await page.locator("#sent li", { hasText: "who this installation is" }).first().waitFor();
    await inspect(page, "up");
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("an auditor sees it all and can change nothing", async () => {
    const made = await run("sh", ["-c", `printf '%s\\n' '${kPassword}' | "$0" --config "$1" --json admin add eve --role auditor --password-stdin`, gateway.program, gateway.configFile]);
    assert.equal(made.code, 0, made.stderr);
    const eve = await atConsole(browser, gateway, { name: "eve", password: kPassword });
    await pages(eve).getByRole("link", { name: "Mission Control" }).click();
    await stateIs(eve, "Up");
    await eve.locator("#line").getByText(installation).waitFor();
    await until("the steps of the last check are there", async () => (await eve.locator("#check li").count()) === 5);
    const theirs = eve.locator("#sharing li", { hasText: "Events" });
    await theirs.getByText("set by admin").waitFor();
    await eve.locator("#sent li").first().waitFor();
    assert.ok(await eve.locator("#sharing .row").filter({ has: eve.getByText("Events", { exact: true }) }).getByRole("radio", { name: "On" }).isChecked());
    assert.equal(await eve.locator("main input:enabled").count(), 0);
    assert.deepEqual((await eve.locator("main button:enabled").allTextContents()).filter((name) => name !== "Show more"), []);
    await inspect(eve, "auditor");
    assert.deepEqual(eve.troubles, []);
    await eve.context().close();
  });

  await stage.step("ending it takes one step", async () => {
    await sharing.getByRole("radio", { name: "Off" }).click();
    await until("it is off", async () => (await setting()) === "off");
  });

  await stage.step("a line that is lost says why, here and on Home, and a check names the step that fails", async () => {
    await mission.crash();
    await stateIs(page, "Waiting");
    await page.locator("#line").getByText("Next attempt:").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Check the line" }).click();
    await page.locator("#check li.fact-bad").getByText("Connection: failed").waitFor({ timeout: 60_000 });
    await inspect(page, "lost");
    await pages(page).getByRole("link", { name: "Home" }).click();
    await page.locator("#line-trouble").getByText("is not up").waitFor();
    await mission.serve();
    await page.locator("#line-trouble").waitFor({ state: "detached", timeout: 120_000 });
    assert.deepEqual(page.troubles, []);
  });
});

story("where no Mission Control is configured, the page says how to have one", async (stage) => {
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const gateway = stage.own(await Gateway.start({ services: component.services }));
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);

  await stage.step("it is not in the navigation, and its address explains it", async () => {
    await page.locator("#gateway .tile").nth(5).waitFor(); // the status is known
    assert.equal(await pages(page).getByRole("link", { name: "Mission Control" }).count(), 0);
    assert.equal(await page.locator("#line-trouble").count(), 0);
    await page.goto(`${gateway.adminUrl}/mission-control`);
    await page.getByText("No Mission Control is configured.").waitFor();
    await page.locator("main pre").getByText("mission_control:").waitFor();
    await inspect(page, "not-configured");
    assert.deepEqual(page.troubles, []);
  });
});
