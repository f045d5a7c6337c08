// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An engineer asks, two admins decide: asked back and answered, approved by both, changed by one, refused, withdrawn, given in advance,
// asked for longer. All three have a browser; what the engineer writes is hostile, and is shown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { violations } from "./lib/accessible.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { Monitoring } from "./lib/component.mjs";
import { Gateway, quickstartPolicy } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const kScript = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const kReversed = "linz\u202Egnp.exe";

const policy = readFileSync(quickstartPolicy, "utf8").replace(/^( {2}silences\.write:\n)/m, "$1    approvals: 2\n");
const configure = (text) =>
  `${text}\nrequests:\n  reasons: [Incident, Upgrade]\n  ticket: { pattern: "SUP-[0-9]{1,6}", required: true, hint: such as SUP-4711 }\n`;

const owned = (page) => page.evaluate(() => document.title === "owned" || document.querySelector("main img, main script") !== null);

const fine = async (page, name) => {
  assert.deepEqual(await violations(page), [], name);
  await look(page, name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, `${name} is wider than its window`);
  assert.equal(await owned(page), false, name);
};

const signInAdmin = async (browser, gateway, name, password) => {
  const page = await atConsole(browser, gateway, { name, password });
  await page.goto(`${gateway.adminUrl}/requests`);
  await page.getByRole("heading", { name: "Requests", level: 1 }).waitFor();
  return page;
};

story("an engineer asks and two admins decide", async (stage) => {
  const monitoring = stage.own(await Monitoring.start());
  const gateway = stage.own(await Gateway.start({ services: monitoring.services, policy, configure }));
  const second = await gateway.cli("admin", "add", "ben", "--role", "admin");
  await gateway.admit("alice");
  await gateway.cli("remote-access", "set", "approved");
  await gateway.cli("capability", "set", "silences.write", "ask");
  await gateway.cli("capability", "set", "metrics.read", "ask");
  const alice = await gateway.signIn("alice");

  const browser = stage.own(await Browser.start());
  const anna = await signInAdmin(browser, gateway, "admin", gateway.password);
  const ben = await signInAdmin(browser, gateway, "ben", second.password);
  const engineer = await browser.page();
  await engineer.context().addCookies([{ name: "__Host-postern", value: alice.secret, url: gateway.url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  await engineer.goto(`${gateway.url}/.postern/`);

  const form = engineer.locator("#request");
  const ask = async ({ reason, ticket = "SUP-7", template = "", capability = "silences.write" }) => {
    await engineer.goto(`${gateway.url}/.postern/`);
    await form.locator(`input[value="${capability}"]`).check();
    if (template) await form.getByLabel("Reason").selectOption(template);
    await form.getByLabel("In detail").fill(reason);
    await form.getByLabel("Ticket").fill(ticket);
  };
  const pending = async () => (await gateway.cli("request", "list", "--state", "pending")).items;
  const row = (page, text) => page.locator("#requests li.request", { hasText: text });
  const sendRequest = async (wish) => {
    await ask(wish);
    await form.getByRole("button", { name: "Send request" }).click();
    await engineer.locator("#requests").getByText(wish.reason.slice(0, 20)).waitFor();
    return (await pending())[0].id;
  };

  let first;
  await stage.step("the form says what is wrong before the gateway has to", async () => {
    await ask({ reason: "", ticket: "4711", template: "Incident" });
    await form.getByRole("button", { name: "Send request" }).click();
    await form.getByRole("alert").getByText("such as SUP-4711").waitFor();
    await form.getByLabel("Ticket").fill("SUP-4711");
    await form.getByLabel("Start").fill("2020-01-01T08:00");
    await form.getByRole("button", { name: "Send request" }).click();
    await form.getByRole("alert").getByText("The start is over already").waitFor();
    await fine(engineer, "engineer-request-wrong");
    assert.deepEqual(await pending(), []);
    for (const wrong of [
      { reason: "r", ticket: "4711" },
      { reason: "r" },
      { reason: "r", ticket: "SUP-1", duration: "900d" },
      { reason: "r", ticket: "SUP-1", duration: "-1h" },
      { reason: "r", ticket: "SUP-1", start: "2020-01-01T08:00:00Z" },
      { reason: "r", ticket: "SUP-1", start: "2099-01-01T08:00:00Z" },
      { ticket: "SUP-1", template: "Holiday" },
      { reason: "r", ticket: "SUP-1", capabilities: ["no.such"] },
    ]) {
      const answer = await alice.send("POST", "/.postern/api/requests", { capabilities: ["silences.write"], ...wrong });
      assert.equal(answer.status, 400, JSON.stringify(wrong));
    }
  });

  await stage.step("a request appears at both admins within a second, and both are asked for", async () => {
    first = await sendRequest({ reason: `disk full ${kScript} ${kReversed}`, ticket: "SUP-4711", template: "Incident" });
    for (const page of [anna, ben]) await row(page, "Incident: disk full").getByText("0 of 2 approvals").waitFor({ timeout: 5_000 });
    await engineer.locator("#requests").getByText("0 of 2").waitFor();
    await fine(anna, "requests-two-approvals");
    await fine(engineer, "engineer-waits-for-two");
  });

  await stage.step("asked back, the engineer sees it at once while writing something else, and answers", async () => {
    await engineer.locator("#reason-0").fill("half a thought");
    await row(anna, "SUP-4711").getByRole("button", { name: "Ask back" }).click();
    await anna.getByRole("textbox", { name: "Question" }).fill(`which cluster? ${kScript}`);
    await fine(anna, "requests-ask-back");
    await anna.getByRole("button", { name: "Send the question" }).click();
    await engineer.locator("#requests").getByText("which cluster?").waitFor({ timeout: 10_000 });
    assert.equal(await engineer.locator("#reason-0").inputValue(), "half a thought");
    await engineer.getByRole("textbox", { name: "Your answer" }).fill(`the one in Linz ${kReversed}`);
    await fine(engineer, "engineer-asked-back");
    await engineer.getByRole("button", { name: "Send answer" }).click();
    for (const page of [anna, ben]) await row(page, "SUP-4711").getByText("the one in Linz").waitFor({ timeout: 5_000 });
    await fine(ben, "requests-answered");
    const again = await alice.send("POST", `/.postern/api/requests/${first}/answer`, { text: "and more" });
    assert.equal(again.status, 409);
  });

  await stage.step("the first approval lets nobody in, and counts once", async () => {
    await row(anna, "SUP-4711").getByRole("button", { name: "Approve" }).click();
    await anna.getByText("Yours is approval 1 of 2").waitFor();
    await anna.getByLabel("For how long").selectOption("1h");
    await fine(anna, "requests-approve");
    await anna.locator("form.confirm").getByRole("button", { name: "Approve" }).click();
    await row(ben, "SUP-4711").getByText("1 of 2 approvals").waitFor({ timeout: 5_000 });
    await row(ben, "SUP-4711").getByText("Approved by admin.").waitFor();
    await row(anna, "SUP-4711").getByRole("button", { name: "Change what I approved" }).waitFor();
    await engineer.locator("#requests").getByText("1 of 2").waitFor({ timeout: 10_000 });
    const { json } = await alice.fetch("/.postern/api/session");
    assert.equal(json.capabilities.find((one) => one.name === "silences.write").standing, "ask");
    const shown = await alice.fetch("/.postern/api/requests");
    assert.ok(!shown.text.includes("admin:"), "the engineer is not told what admins are called");
  });

  await stage.step("other terms make it void, and say so before and after", async () => {
    await row(ben, "SUP-4711").getByRole("button", { name: "Approve" }).click();
    await ben.getByText("Yours is the last of 2 approvals").waitFor();
    await ben.getByLabel("For how long").selectOption("30m");
    await ben.getByText("This is not what admin approved").waitFor();
    await fine(ben, "requests-void");
    await ben.locator("form.confirm").getByRole("button", { name: "Approve" }).click();
    await row(anna, "SUP-4711").getByText("Approved by ben.").waitFor({ timeout: 5_000 });
    const [event] = await gateway.events("--type", "request.approved");
    assert.deepEqual(event.detail.voided, ["admin:admin"]);
    const unaware = await gateway.tryCli("request", "approve", first, "--duration", "4h");
    assert.notEqual(unaware.code, 0);
    assert.match(unaware.stderr + unaware.stdout, /approved by ben already/);
  });

  await stage.step("the last approval lets the engineer in", async () => {
    await row(anna, "SUP-4711").getByRole("button", { name: "Approve" }).click();
    await anna.getByText("Yours is the last of 2 approvals").waitFor();
    await anna.locator("form.confirm").getByRole("button", { name: "Approve" }).click();
    await engineer.locator("section", { hasText: "Approved for you" }).getByText("silences.write").waitFor({ timeout: 10_000 });
    const { json } = await alice.fetch("/.postern/api/session");
    assert.equal(json.capabilities.find((one) => one.name === "silences.write").standing, "on");
    await fine(engineer, "engineer-approved");
    await anna.goto(`${gateway.adminUrl}/requests/${first}`);
    await anna.getByText("ben, admin").waitFor();
    await fine(anna, "request-decided");
    await anna.goto(`${gateway.adminUrl}/requests`);
  });

  await stage.step("what holds is asked for longer, and goes on where it ends", async () => {
    const grants = engineer.locator("section", { hasText: "Approved for you" });
    await grants.getByText("Ask for longer").click();
    await grants.getByLabel("In detail").fill("not done yet");
    await grants.getByLabel("Ticket").fill("SUP-4712");
    await grants.getByRole("button", { name: "Send request" }).click();
    await engineer.locator("#requests").getByText("not done yet").waitFor();
    const [longer] = await pending();
    const [before] = (await gateway.cli("grant", "list")).items;
    assert.equal(longer.extends, before.id);
    await gateway.cli("request", "approve", longer.id);
    await row(ben, "SUP-4712").getByRole("button", { name: "Approve" }).click();
    await ben.locator("form.confirm").getByRole("button", { name: "Approve" }).click();
    const after = await until("it is given", async () => (await gateway.cli("grant", "list")).items.find((one) => one.request === longer.id));
    assert.equal(after.from, before.until);
    await row(ben, "SUP-4712").waitFor({ state: "detached" });
    await ben.locator("#grants").getByText("begins").waitFor();
    await engineer.goto(`${gateway.url}/.postern/`);
    await fine(engineer, "engineer-longer-approved");
  });

  await stage.step("two who decide at once: one wins, the other is told by whom", async () => {
    const id = await sendRequest({ reason: "both at once", ticket: "SUP-8", capability: "metrics.read" });
    for (const page of [anna, ben]) await row(page, "SUP-8").getByRole("button", { name: "Refuse" }).click();
    for (const page of [anna, ben]) await page.getByLabel("Reason (the engineer reads it)").fill(`not before Monday ${kScript}`);
    const answers = [anna, ben].map((page) => page.waitForResponse((response) => response.url().endsWith(`/requests/${id}/refuse`)));
    await Promise.all([anna, ben].map((page) => page.getByRole("button", { name: "Refuse the request" }).click()));
    const statuses = (await Promise.all(answers)).map((response) => response.status());
    assert.deepEqual([...statuses].sort(), [200, 409]);
    const told = await (await answers[statuses.indexOf(409)]).json();
    assert.match(told.detail, /refused already, by (admin|ben)/);
    await engineer.locator("#requests").getByText("not before Monday").waitFor({ timeout: 10_000 });
    await fine(engineer, "engineer-refused");
    for (const page of [anna, ben]) page.troubles.length = 0;
  });

  await stage.step("withdrawn, it is gone at the admins", async () => {
    await sendRequest({ reason: "never mind", ticket: "SUP-9", capability: "metrics.read" });
    await row(anna, "SUP-9").waitFor();
    await engineer.locator("#requests li", { hasText: "never mind" }).getByRole("button", { name: "Withdraw" }).click();
    await row(anna, "SUP-9").waitFor({ state: "detached", timeout: 5_000 });
  });

  await stage.step("what the policy no longer has cannot be approved", async () => {
    const { json } = await alice.send("POST", "/.postern/api/requests", { capabilities: ["metrics.read"], reason: "look", ticket: "SUP-10" });
    const changed = policy.replaceAll("metrics.read", "metrics.see");
    gateway.writePolicy(changed);
    await gateway.cli("reload");
    const refused = await until("the policy is in force", async () => {
      const answer = await gateway.tryCli("request", "approve", json.id);
      return answer.code !== 0 && answer;
    });
    assert.match(refused.stderr + refused.stdout, /metrics\.read any more/);
    gateway.writePolicy(policy);
    await gateway.cli("reload");
    await gateway.cli("request", "refuse", json.id, "--reason", "asked for something that was gone");
  });

  await stage.step("access is given in advance to one who has not come yet", async () => {
    await anna.getByRole("button", { name: "Give access in advance" }).click();
    const give = anna.locator("form.confirm");
    await give.getByRole("button", { name: "Give access" }).click();
    await give.getByText("Say who gets it.").waitFor();
    await give.getByRole("combobox", { name: "Engineer" }).fill("zoe");
    await give.getByRole("combobox", { name: "What" }).selectOption("viewer");
    await give.getByRole("textbox", { name: "Ticket" }).fill("SUP-11");
    await fine(anna, "requests-give");
    await give.getByRole("button", { name: "Give access" }).click();
    await anna.locator("#grants").getByText("zoe").waitFor();
    await gateway.cli("engineer", "add", "zoe");
    await gateway.cli("engineer", "approve", "zoe");
    const zoe = await gateway.signIn("zoe");
    const { json } = await zoe.fetch("/.postern/api/session");
    assert.equal(json.grants.length, 1);
    assert.equal(json.capabilities.find((one) => one.name === "metrics.read").standing, "on");
    const several = await gateway.cli("grant", "give", "--engineer", "zoe", "--capability", "silences.write", "--for", "2h", "--reason", "planned");
    assert.equal(several.state, "pending", "what takes two is not given by one");
    await ben.locator("#requests li.request", { hasText: "planned" }).getByText("in the engineer").waitFor();
    await fine(ben, "requests-in-advance");
    const [grant] = json.grants;
    await gateway.cli("grant", "revoke", grant.id);
    const after = await zoe.fetch("/.postern/api/session");
    assert.equal(after.json.capabilities.find((one) => one.name === "metrics.read").standing, "ask");
  });

  for (const page of [anna, ben]) assert.deepEqual(page.troubles, []);
});
