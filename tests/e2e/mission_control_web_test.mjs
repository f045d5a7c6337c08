// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control's page, with a real gateway: its people sign in, an operator enrols the gateway with a code from the page, sees it up and
// its events arrive, and retires it; a viewer, another site and an installation's certificate change nothing.
import assert from "node:assert/strict";
import { codeOf, stepNow } from "./lib/authenticator.mjs";
import { atMissionControl, Browser, kInvitedPassword } from "./lib/browser.mjs";
import { Client } from "./lib/client.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { Installation, MissionControl, ulid } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const optional = (text) => `${text}second_factor: optional\n`;
const urlOf = (mission) => `https://localhost:${mission.adminPort}`;
const nav = (page, name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

const inspect = inspector("fleet");

const signIn = async (page, name, password) => {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
};

story("an operator enrols a gateway from the page, sees it up and its event arrive, and retires it", async (stage) => {
  const mission = stage.own(await MissionControl.start({ listen: await freePort(), configure: optional, relay: "reach.vendor.example" }));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("here\n")));
  const configure = (text) =>
    `${text}\nmission_control:\n  url: https://localhost:${mission.port}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
  const gateway = stage.own(await Gateway.start({ services: component.services, secrets: { "mission-root.pem": mission.ca.toString() }, configure }));
  const browser = stage.own(await Browser.start());
  let page, code, installation;

  await stage.step("a wrong password is refused with what to do, and the first administrator gets in", async () => {
    const stranger = await browser.page();
    await stranger.goto(`${urlOf(mission)}/enrolment`);
    await heading(stranger, "Sign in to Mission Control");
    await inspect(stranger, "sign-in");
    await signIn(stranger, "admin", "not the password");
    await stranger.getByRole("alert").getByText("Name or password is wrong").waitFor();
    await signIn(stranger, "admin", mission.person.password);
    await heading(stranger, "Enrolment");
    await nav(stranger, "People");
    await stranger.locator("#admins").getByText("administrator", { exact: false }).first().waitFor();
    await inspect(stranger, "people");
    await nav(stranger, "Server");
    await stranger.locator("#listeners").getByText("admin", { exact: true }).waitFor();
    await stranger.locator("#listeners").getByText("relay", { exact: true }).waitFor();
    await inspect(stranger, "server");
    await stranger.context().close();
  });

  await stage.step("an operator who was invited sees an empty fleet, and makes a code", async () => {
    page = await atMissionControl(browser, mission, "ole", "operator");
    await inspect(page, "account");
    await nav(page, "Fleet");
    await page.getByText("No installation has enrolled yet.").waitFor();
    await inspect(page, "empty");
    await page.getByRole("link", { name: "To Enrolment" }).click();
    await page.getByText("No code has been made yet.").waitFor();
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByLabel("Customer").fill("Example Ltd");
    await page.keyboard.press("Enter");
    const shown = page.getByRole("textbox", { name: "The code for Example Ltd" });
    await shown.waitFor();
    code = await shown.inputValue();
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    await page.locator("#codes").getByText("open", { exact: true }).waitFor();
    await inspect(page, "code");
    await page.getByRole("button", { name: "Close" }).click();
    await shown.waitFor({ state: "detached" });
    await page.reload();
    await page.locator("#codes").getByText("Example Ltd").waitFor();
    assert.equal((await page.content()).includes(code), false, "the code is shown once");
    page.troubles.length = 0;
  });

  await stage.step("a code is withdrawn, and lets nobody in", async () => {
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByLabel("Customer").fill("Nobody Ltd");
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "The code for Nobody Ltd" }).waitFor();
    await page.getByRole("button", { name: "Withdraw the code for Nobody Ltd" }).click();
    await page.locator("#codes").getByText("withdrawn", { exact: true }).waitFor();
  });

  await stage.step("the gateway enrols with it, and the fleet shows it up without being asked", async () => {
    await nav(page, "Fleet");
    await page.getByText("No installation has enrolled yet.").waitFor();
    const enrolled = await gateway.tryCli("link", "enrol", code);
    assert.equal(enrolled.code, 0, enrolled.stderr);
    await page.locator("#fleet").getByRole("link", { name: "Example Ltd" }).waitFor({ timeout: 60_000 });
    await page.locator("#fleet").getByText("Up", { exact: true }).waitFor({ timeout: 60_000 });
    installation = (await mission.cli("installation", "list")).items[0].id;
    await inspect(page, "fleet");
    await page.getByLabel("Customer or id").fill("nobody of that name");
    await page.keyboard.press("Enter");
    await page.getByText("No installation fits the filter.").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByLabel("State").selectOption("up");
    await page.locator("#fleet").getByRole("link", { name: "Example Ltd" }).click();
    await page.getByRole("heading", { level: 1, name: "Example Ltd" }).waitFor();
    await page.locator("#standing").getByText("Up", { exact: true }).waitFor();
    await page.locator("#certificates").getByText("in force").waitFor();
    await page.locator("#standing").getByText("not told", { exact: true }).waitFor();
    await page.locator("#standing").getByText(`${installation.toLowerCase()}.reach.vendor.example`, { exact: true }).waitFor();
    await mission.cli("installation", "name", installation, "example");
    await page.locator("#standing").getByText("example.reach.vendor.example", { exact: false }).waitFor();
  });

  await stage.step("an event of the gateway arrives while the page is looked at", async () => {
    await gateway.cli("sharing", "set", "events", "on");
    await gateway.cli("remote-access", "set", "all");
    await page.locator("#events").getByText("permission.changed").first().waitFor({ timeout: 60_000 });
    await inspect(page, "installation");
    await nav(page, "Events");
    await page.getByLabel("Type").fill("installation");
    await page.keyboard.press("Enter");
    await page.locator("#events").getByText("installation.up").first().waitFor();
    assert.equal(await page.locator("#events").getByText("permission.changed").count(), 0);
    await inspect(page, "events");
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("it is retired only once its id was typed, and its line ends", async () => {
    await page.goto(`${urlOf(mission)}/installations/${installation}`);
    await page.locator("#retire").getByRole("button", { name: "Retire" }).click();
    await page.getByLabel("Type the last four characters").fill("no");
    await page.locator("#retire").getByRole("button", { name: "Retire" }).click();
    await page.locator("#retire").getByRole("alert").getByText("not the last four characters").waitFor();
    await inspect(page, "retire");
    await page.getByLabel("Type the last four characters").fill(installation.slice(-4).toLowerCase());
    await page.keyboard.press("Enter");
    await page.locator("#standing").getByText("Retired", { exact: true }).waitFor();
    await page.locator("#retire").waitFor({ state: "detached" });
    await until("the gateway's line is refused", async () => (await gateway.cli("link", "show")).state === "refused", 60_000);
  });

  await stage.step("what was done stands beside who did it", async () => {
    await nav(page, "Events");
    await page.getByRole("link", { name: "People" }).last().click();
    const acts = page.locator("#acts");
    await acts.getByText(`installation.retired ${installation}`).waitFor();
    await acts.getByText("ole from 127.0.0.1").first().waitFor();
    await acts.getByText("person.refused").first().waitFor();
    await inspect(page, "acts");
    const listed = (await mission.cli("acts", "--actor", "person:ole", "--type", "enrolment")).items.map((one) => one.type);
    assert.deepEqual(listed, ["enrolment.withdrawn", "enrolment.made", "enrolment.made"]);
  });

  await stage.step("signed out, the page shows nothing any more", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Sign in to Mission Control");
    assert.equal((await page.content()).includes("Example Ltd"), false);
  });
});

story("nobody does at Mission Control's page what their role does not give", async (stage) => {
  const mission = stage.own(await MissionControl.start({ configure: optional }));
  const browser = stage.own(await Browser.start());
  const one = new Installation(mission);
  await one.enrol(await mission.newCode("Example Ltd"));
  const clients = [];
  stage.own({ name: "clients", stop: () => (one.close(), clients.forEach((each) => each.close())) });
  const client = (tls) => {
    const made = new Client({ port: mission.adminPort, ca: mission.adminCa, tls });
    clients.push(made);
    return made;
  };
  const origin = { Origin: urlOf(mission) };

  await stage.step("a viewer is offered nothing that changes something, and is refused it", async () => {
    const page = await atMissionControl(browser, mission, "vera", "viewer");
    await nav(page, "Fleet");
    await page.locator("#fleet").getByRole("link", { name: "Example Ltd" }).click();
    await page.locator("#standing").waitFor();
    await page.getByText("You are signed in as a viewer").waitFor();
    assert.equal(await page.locator("#retire").count(), 0);
    await nav(page, "Enrolment");
    await page.locator("#codes").getByText("Example Ltd").waitFor();
    assert.equal(await page.getByRole("button", { name: "New code" }).count(), 0);
    await nav(page, "People");
    await page.locator("#admins").getByText("vera").waitFor();
    assert.equal(await page.getByRole("button", { name: "Invite somebody" }).count(), 0);
    await inspect(page, "viewer");
    assert.deepEqual(page.troubles, []);
    const vera = client();
    assert.equal((await vera.send("POST", "/api/v1/sign-in", { name: "vera", password: kInvitedPassword }, origin)).status, 200);
    for (const [method, path] of [["POST", `/api/v1/installations/${one.id}/retire`], ["POST", "/api/v1/enrolments"], ["POST", "/api/v1/invitations"], ["DELETE", "/api/v1/people/admin"]]) {
      const refused = await vera.send(method, path, {}, origin);
      assert.deepEqual([refused.status, refused.json.code], [403, "rank"], `${method} ${path}`);
    }
    assert.equal((await mission.cli("installation", "show", one.id)).state, "new"); // and not retired
  });

  await stage.step("an installation that is connected twice says so before all else, and what to do", async () => {
    const page = await atMissionControl(browser, mission, "vito", "viewer");
    const first = await one.orders();
    assert.equal(first.status, 200);
    assert.equal((await one.ask("GET", `/line/v1/orders?life=${ulid()}`)).status, 409);
    await nav(page, "Fleet");
    await page.locator("#fleet").getByText("connected twice").waitFor();
    await page.locator("#fleet").getByRole("link", { name: "Example Ltd" }).click();
    await page.getByRole("alert").getByText("One of the two is a copy of the machine").waitFor();
    await page.locator("#standing").getByText(first.life).waitFor();
    await inspect(page, "conflict");
    first.stream.close();
    await page.context().close();
  });

  await stage.step("another site's page changes nothing, with a cookie that is good", async () => {
    const admin = client();
    assert.equal((await admin.send("POST", "/api/v1/sign-in", { name: "admin", password: mission.person.password }, origin)).status, 200);
    for (const headers of [{ Origin: "https://evil.example" }, { ...origin, "Sec-Fetch-Site": "cross-site" }]) {
      const refused = await admin.send("POST", "/api/v1/enrolments", { customer: "Evil" }, headers);
      assert.deepEqual([refused.status, refused.json.code], [403, "cross_site"]);
    }
    const form = await admin.fetch("/api/v1/enrolments", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded", ...origin }, body: "customer=Evil" });
    assert.equal(form.status, 415);
    assert.equal((await admin.send("POST", "/api/v1/enrolments", { customer: "Good" }, origin)).status, 201);
    const page = await admin.fetch("/");
    assert.match(page.headers["content-security-policy"], /default-src 'none'; script-src 'self'/);
    assert.equal(/<script(?![^>]*src=)/.test(page.text), false, "no script stands in the page");
  });

  await stage.step("an installation's certificate opens nothing there, and the line answers nothing of the page", async () => {
    const posed = client({ cert: one.cert, key: one.key });
    assert.deepEqual([(await posed.fetch("/api/v1/installations")).json.code], ["no_session"]);
    const there = await one.ask("GET", "/api/v1/installations");
    assert.equal(there.status, 404);
    assert.equal((await one.ask("POST", "/api/v1/sign-in", JSON.stringify({ name: "admin", password: mission.person.password }))).status, 404);
  });

  await stage.step("who is locked out is signed out at once, and comes back by the command line alone", async () => {
    const page = await atMissionControl(browser, mission, "olga", "operator");
    await mission.cli("person", "lock", "olga");
    await heading(page, "Sign in to Mission Control");
    const list = (await mission.cli("person", "list")).items;
    assert.deepEqual(list.map((person) => [person.name, person.role, person.locked ?? false]), [
      ["admin", "administrator", false],
      ["vera", "viewer", false],
      ["vito", "viewer", false],
      ["olga", "operator", true],
    ]);
    const last = await mission.tryCli("person", "remove", "admin");
    assert.deepEqual([last.code, /last admin/.test(last.stderr)], [1, true], last.stderr);
    await mission.cli("person", "unlock", "olga");
    await mission.cli("person", "set-role", "olga", "viewer");
    const { password } = await mission.cli("person", "reset-password", "olga");
    assert.equal((await client().send("POST", "/api/v1/sign-in", { name: "olga", password }, origin)).status, 200);
  });

  await stage.step("who guesses waits longer each time, and it is written down", async () => {
    const guesser = client();
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await guesser.send("POST", "/api/v1/sign-in", { name: "vera", password: `guess ${i}` }, origin));
    const last = answers.at(-1);
    assert.deepEqual([last.status, last.json.code], [429, "limit_reached"]);
    assert.ok(Number(last.headers["retry-after"]) >= 1);
    const types = (await mission.cli("acts", "--type", "person")).items.map((act) => act.type);
    assert.ok(types.includes("person.slowed") && types.includes("person.refused"), types.join(" "));
  });
});

story("Mission Control wants more than a password, unless it is told otherwise", async (stage) => {
  const mission = stage.own(await MissionControl.start());
  const browser = stage.own(await Browser.start());
  const page = await browser.page();

  await stage.step("with a password alone there is one's own account and nothing else", async () => {
    await page.goto(urlOf(mission));
    await signIn(page, "admin", mission.person.password);
    await page.getByText("Mission Control wants more than a password.").waitFor();
    assert.equal(await page.getByRole("navigation", { name: "Pages" }).count(), 0);
    const client = new Client({ port: mission.adminPort, ca: mission.adminCa });
    const origin = { Origin: urlOf(mission) };
    await client.send("POST", "/api/v1/sign-in", { name: "admin", password: mission.person.password }, origin);
    assert.equal((await client.fetch("/api/v1/installations")).json.code, "second_factor_missing");
    client.close();
    await inspect(page, "must-enroll");
  });

  await stage.step("with an authenticator app all of it opens", async () => {
    await page.getByRole("button", { name: "Set up an app" }).click();
    const secret = (await page.locator(".secret").textContent()).replaceAll(" ", "");
    await page.getByLabel("Code", { exact: true }).fill(codeOf(secret, stepNow()));
    await page.keyboard.press("Enter");
    await page.getByText("Your recovery codes").waitFor();
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    await nav(page, "Fleet");
    await page.getByText("No installation has enrolled yet.").waitFor();
  });
});
