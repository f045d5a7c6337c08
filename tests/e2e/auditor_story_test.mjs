// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The auditor's own story, with an auditor's account: from the number of a ticket to the printed report and a proof that a program verifies
// far from the gateway. On the way nothing is offered that would change anything, the page says why, and nothing was changed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { makeFolder, removeFolder } from "./lib/owned.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
  state.write: { title: Change the state, class: write, operations: [ { call: "PUT /state", before: "GET /state" } ] }
  state.delete: { title: Delete the state, class: write, hold: true, operations: [ { call: "DELETE /state", before: "GET /state" } ] }
`;
const kPassword = "an auditor chooses this one";

// Everything a click could change: what is left are links, filters, and what opens, verifies, shows and prints.
const kHarmless = /^(Time shown|Play a sound|Mark the title|Look|Older|Apply|Verify this session|Print report|Show|Sign out|More|Load|Further)/;

story("an auditor goes from a ticket to a report that others can verify", async (stage) => {
  let state = '{"level":1}';
  const component = stage.own(
    await LittleComponent.start((request, response) => {
      let body = "";
      request.on("data", (piece) => (body += piece));
      request.on("end", () => {
        if (request.method === "PUT") state = body;
        response.writeHead(200, { "Content-Type": "application/json" }).end(state);
      });
    }),
  );
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const browser = stage.own(await Browser.start());
  const page = await browser.page();
  const folder = makeFolder("auditor");
  stage.own({ name: "the auditor's folder", stop: () => removeFolder(folder) });
  const offered = async () =>
    (await page.locator("main button:enabled, main input:enabled:not([type=search]), main select:enabled").evaluateAll((all) =>
      all.filter((one) => !one.closest(".filters")).map((one) => one.labels?.[0]?.textContent.trim() || one.getAttribute("aria-label") || one.textContent.trim() || one.type)))
      .filter((name) => !kHarmless.test(name));
  const visit = async (name, path, ready) => {
    await page.goto(gateway.adminUrl + path);
    await ready();
    await page.getByText("You are signed in as an auditor: you can read everything here and change nothing.").waitFor();
    assert.deepEqual(await offered(), [], `${name} offers nothing that changes`);
    assert.deepEqual(await violations(page), [], name);
    await look(page, `auditor-${name}`);
  };

  let alice, held;
  await stage.step("an engineer works for a ticket, asks for more, and has a call that waits", async () => {
    await gateway.cli("engineer", "add", "alice");
    await gateway.cli("engineer", "approve", "alice");
    await gateway.cli("remote-access", "set", "approved");
    for (const name of ["state.read", "state.write", "state.delete"]) await gateway.cli("capability", "set", name, "ask");
    alice = await gateway.signIn("alice");
    const ask = (capabilities, ticket) => alice.send("POST", "/.postern/api/requests", { capabilities, reason: "the level is wrong", ticket, duration: "2h" });
    await gateway.cli("request", "approve", (await ask(["state.read", "state.write"], "CASE-4711")).json.id);
    await alice.fetch("/state");
    assert.equal((await alice.send("PUT", "/state", { level: 2 })).status, 200);
    assert.equal((await alice.fetch("/elsewhere")).status, 403);
    await gateway.cli("session", "end", alice.session);
    alice = await gateway.signIn("alice");
    await gateway.cli("request", "approve", (await ask(["state.delete"], "CASE-4712")).json.id);
    await ask(["state.read"], "CASE-4713");
    held = alice.fetch("/state", { method: "DELETE", agent: false });
    await until("it waits", async () => (await gateway.cli("hold", "list")).items.length === 1);
    const made = await run("sh", ["-c", `printf '%s\\n' '${kPassword}' | "$0" --config "$1" --json admin add eve --role auditor --password-stdin`, gateway.program, gateway.configFile]);
    assert.equal(made.code, 0, made.stderr);
  });

  await stage.step("signed in as auditor, every page shows all and offers nothing that changes", async () => {
    await page.goto(gateway.adminUrl);
    await page.getByLabel("Name").fill("eve");
    await page.getByLabel("Password").fill(kPassword);
    await page.keyboard.press("Enter");
    await page.locator("#remote-access").waitFor();
    page.troubles.length = 0;
    await visit("home", "/", () => page.locator("#holds .diff").waitFor());
    assert.equal(await page.locator("#remote-access input:enabled").count(), 0, "the switch is shown and cannot be moved");
    assert.equal(await page.locator("main").getByText("for you", { exact: false }).count(), 0, "nothing waits for an auditor");
    await visit("permissions", "/permissions", () => page.getByText("Change the state").first().waitFor());
    await visit("requests", "/requests", () => page.getByText("the level is wrong").first().waitFor());
    await visit("sessions", "/sessions", () => page.locator("#sessions tbody tr", { hasText: "alice" }).waitFor());
    await visit("engineers", "/engineers", () => page.locator("#engineers li", { hasText: "alice" }).waitFor());
    await visit("admins", "/admins", () => page.locator("#admins li", { hasText: "eve" }).waitFor());
  });

  await stage.step("the ticket leads to the session", async () => {
    await page.goto(`${gateway.adminUrl}/sessions/past`);
    await page.getByLabel("Ticket").fill("CASE-4711");
    await page.keyboard.press("Enter");
    await until("the address has it, so that it can be sent to somebody", () => page.url().includes("ticket=CASE-4711"));
    const row = page.locator("#past-sessions tbody tr");
    await until("only the ticket's session is left in the list", async () => (await row.count()) === 1);
    await row.getByRole("link", { name: "alice" }).click();
    await page.locator("#changes", { hasText: "/level" }).waitFor();
    assert.deepEqual(await page.locator("#changes .diff tbody tr").evaluateAll((all) => all.map((row) => [row.querySelector("del").textContent, row.querySelector("ins").textContent])), [["1", "2"]]);
    await page.locator(".exchange-refused").first().waitFor();
    assert.equal(await page.locator(".exchange-refused").count(), 1);
  });

  await stage.step("it is verified in the page, and printed as a report", async () => {
    await until("the checkpoint covers the session", async () => {
      await page.getByRole("button", { name: "Verify this session" }).click();
      await page.locator("#verify button:not([aria-busy=true])").waitFor();
      return /Verified: all \d+ events/.test(await page.locator("#verify").textContent());
    });
    assert.deepEqual(await offered(), []);
    await look(page, "auditor-session");
    const calls = await page.locator(".exchange").count();
    await page.evaluate(() => (window.print = () => (window.printed = document.querySelectorAll(".exchange").length)));
    await page.getByRole("button", { name: "Print report" }).click();
    assert.equal(await until("it is printed", () => page.evaluate(() => window.printed)), calls);
    await page.emulateMedia({ media: "print" });
    await page.getByText(/^Report made .* for eve\.$/).waitFor();
    assert.equal(await page.locator("nav").first().isVisible(), false);
    assert.ok((await page.pdf()).length > 10_000);
    await page.emulateMedia({ media: null });
  });

  await stage.step("its proof convinces a program that has the log's key and nothing else", async () => {
    const proof = join(folder, "session.tlog-proof");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /tlog-proof/ }).click()]);
    await download.saveAs(proof);
    const { verifier_key: key } = (await gateway.cli("status")).log;
    const shown = await run(gateway.program, ["audit", "verify", "--proof", proof, "--key", key]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /The proof holds/);
    const other = await run(gateway.program, ["audit", "verify", "--proof", proof, "--key", key.replace(/.$/, (c) => (c === "A" ? "B" : "A"))]);
    assert.notEqual(other.code, 0);
  });

  await stage.step("the gateway refuses what no page offers, and the log says that the auditor read and did nothing else", async () => {
    assert.deepEqual(page.troubles.filter((one) => !/ERR_ABORTED/.test(one)), []);
    const theirs = async () => (await gateway.events()).filter((one) => one.actor === "admin:eve").map((one) => one.type);
    assert.deepEqual([...new Set(await theirs())].sort(), ["admin.signed_in", "log.read"]);
    const [{ id }] = (await gateway.cli("hold", "list")).items;
    const answers = await page.evaluate(async ([hold, session]) => {
      const ask = async (method, path, body = {}) => {
        const answer = await fetch(`/api/v1${path}`, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        return [answer.status, (await answer.json()).code];
      };
      return [await ask("PUT", "/remote-access", { mode: "off" }), await ask("POST", `/holds/${hold}/pass`), await ask("POST", `/holds/${hold}/refuse`), await ask("POST", `/sessions/${session}/end`)];
    }, [id, alice.session]);
    assert.deepEqual(answers, Array(4).fill([403, "auditor"]));
    await gateway.cli("hold", "refuse", id);
    assert.equal((await held).status, 403);
  });
});
