// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// People outside are told of what happens: by webhooks that a library of others verifies, and by mail over TLS, with either way of
// beginning it. Receivers are away, refuse, hang and lie; the gateway is killed between; what an engineer writes is hostile.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { violations } from "./lib/accessible.mjs";
import { Authority } from "./lib/authority.mjs";
import { Browser, atConsole, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { MailServer, WebhookReceiver, bodyOf, decoded, headOf } from "./lib/receivers.mjs";
import { story, until } from "./lib/story.mjs";

const { Webhook } = createRequire(import.meta.url)("standardwebhooks");

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const kHostile = "disk full\r\nBcc: thief@example.org\r\n\r\n<script>alert(1)</script> \u202E größer";
const kPatience = 60_000; // a receiver that hangs is waited for, and what failed is tried again after a pause

story("people outside are told of what happens", async (stage) => {
  const authority = stage.own(await Authority.make("receivers"));
  const tls = await authority.server("receiver");
  const account = { user: "postern", password: `mail-${randomBytes(9).toString("hex")}` };
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  plant("the mail password", account.password);
  plant("the webhook's secret", secret.slice("whsec_".length));
  const hook = stage.own(await WebhookReceiver.start(tls));
  const mail = stage.own(await MailServer.start(tls, account));
  const other = stage.own(await MailServer.start(tls, account, { starttls: true }));

  const email = (name, server, security) => `
  - name: ${name}
    email: { server: "127.0.0.1:${server.port}", security: ${security}, user: postern, password_file: mail.password, from: postern@example.org, to: [support@example.org, night@example.org] }
    events: [request.created]
    tls: { roots: receivers.pem }`;
  const notifications = `
notifications:
  - name: pager
    webhook: { url: "https://127.0.0.1:${hook.port}/postern?team=1", secret_file: pager.secret }
    events: ["request.*"]
    tls: { roots: receivers.pem }${email("mail", mail, "tls")}${email("other", other, "starttls")}
`;
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("done\n"))));
  const gateway = stage.own(
    await Gateway.start({
      services: component.services,
      policy,
      secrets: { "mail.password": `${account.password}\n`, "pager.secret": `${secret}\n`, "receivers.pem": authority.pem },
      configure: (text) => text + notifications,
    }),
  );
  await gateway.admit("alice");
  await gateway.cli("capability", "set", "state.read", "ask");
  let alice = await gateway.signIn("alice");

  const verifier = new Webhook(secret);
  const ask = async (reason) => {
    const answer = await alice.send("POST", "/.postern/api/requests", { capabilities: ["state.read"], reason });
    assert.equal(answer.status, 201, answer.text);
    return answer.headers["postern-event"];
  };
  const taken = (event) => until(`${event} arrives`, () => hook.received.find((one) => one.headers["webhook-id"] === event), kPatience);
  const target = async (name) => (await gateway.cli("notification", "list")).items.find((one) => one.name === name);
  const failing = (words) => until(`it is said: ${words}`, async () => ((await target("pager")).problem ?? "").match(words), kPatience);

  await stage.step("a webhook arrives, and a library of others verifies it", async () => {
    const event = await ask(kHostile);
    const { headers, body } = await taken(event);
    const payload = verifier.verify(body, headers);
    assert.equal(payload.type, "request.created");
    assert.equal(payload.data.event, event);
    assert.equal(payload.data.engineer, "alice");
    assert.match(payload.data.summary, /disk full/);
    assert.ok(!/[\r\n\u202e]/.test(payload.data.summary), payload.data.summary);
    assert.throws(() => new Webhook(`whsec_${randomBytes(32).toString("base64")}`).verify(body, headers));
    assert.throws(() => verifier.verify(body.replace("alice", "malic"), headers));
  });

  await stage.step("mail arrives with either way of beginning TLS, and holds what was written in its body alone", async () => {
    for (const server of [mail, other]) {
      const [one] = await until("the mail is there", () => server.received.length > 0 && server.received, kPatience);
      assert.deepEqual([one.from, one.to, one.user, one.secure], ["postern@example.org", ["support@example.org", "night@example.org"], "postern", true]);
      const head = headOf(one);
      assert.deepEqual([...head.keys()].sort(), ["auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]);
      assert.match(decoded(head.get("subject")), /^Postern: Engineer alice asked for access/);
      assert.ok(!one.text.includes("Bcc"), one.text);
      assert.match(bodyOf(one), /Bcc: thief/);
      assert.ok(Math.max(...one.text.split("\r\n").map((line) => line.length)) <= 76);
    }
  });

  await stage.step("who is away, refuses, lies or hangs is told later, in order and once it is back", async () => {
    const events = [];
    await hook.stop();
    events.push(await ask("while it is away"));
    await failing(/Connection refused|no connection/);
    await hook.open();
    await taken(events[0]);
    for (const [behaviour, words] of [["refuse", /answered 500/], ["lie", /./], ["hang", /within 20s/]]) {
      hook.behaviour = behaviour;
      events.push(await ask(`while it does not take it: ${behaviour}`));
      await failing(words);
      await until("it is failing", async () => (await target("pager")).state === "failing");
      hook.behaviour = "take";
      await taken(events.at(-1));
    }
    const order = hook.received.map((one) => one.headers["webhook-id"]).filter((id) => events.includes(id));
    assert.deepEqual([...new Set(order)], events);
    const { state, problem } = await until("it is well", async () => (await target("pager")).state === "delivering" && target("pager"));
    assert.deepEqual([state, problem], ["delivering", undefined]);
  });

  await stage.step("a gateway that is killed between tells it afterwards", async () => {
    await hook.stop();
    const [first, second] = [await ask("before the end"), await ask("just before the end")];
    await failing(/Connection refused|no connection/);
    await gateway.crash();
    await gateway.serve();
    alice = await gateway.signIn("alice");
    assert.equal((await target("pager")).waiting, 2);
    await hook.open();
    for (const event of [first, second]) verifier.verify((await taken(event)).body, (await taken(event)).headers);
  });

  await stage.step("a test is sent from the command line and from the console, and the page says whether it arrives", async () => {
    await gateway.cli("notification", "test", "pager");
    await until("the test arrives", () => hook.received.some((one) => JSON.parse(one.body).type === "notification.tested"), kPatience);
    assert.notEqual((await gateway.tryCli("notification", "test", "nobody")).code, 0);
    const before = other.received.length;
    const browser = stage.own(await Browser.start());
    const page = await atConsole(browser, gateway);
    await page.goto(`${gateway.adminUrl}/requests`);
    const section = page.locator("#notifications");
    await section.getByText("support@example.org").first().waitFor();
    await section.locator("li", { hasText: "other" }).getByRole("button", { name: "Send a test" }).click();
    await section.getByText("A test was sent to other.").waitFor();
    await until("the test arrives by mail", () => other.received.length > before, kPatience);
    await section.getByLabel("Mark the title of the tab").check();
    await page.reload();
    assert.ok(await section.getByLabel("Mark the title of the tab").isChecked(), "the browser remembers");
    assert.ok(!(await section.getByLabel("Play a sound").isChecked()), "off until somebody wants it");
    assert.deepEqual(await violations(page), []);
    await look(page, "requests-notifications");
    // Nobody looks at the tab while a request arrives.
    const turn = (hidden) =>
      page.evaluate((away) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await turn(true);
    await ask("while nobody looks");
    await page.waitForFunction(() => document.title.startsWith("●"));
    await turn(false);
    await page.waitForFunction(() => !document.title.startsWith("●"));
    assert.deepEqual(page.troubles, []);
  });

  await stage.step("secrets stand in no log", async () => {
    for (const text of [gateway.log, JSON.stringify(await gateway.events())]) {
      assert.ok(!text.includes(account.password) && !text.includes(secret.slice(6)));
      assert.ok(!text.includes(Buffer.from(account.password).toString("base64")));
    }
    const types = new Set((await gateway.events()).map((event) => event.type));
    assert.ok(types.has("notification.delivered") && types.has("notification.tested"));
  });
});
