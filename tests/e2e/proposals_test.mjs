// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control proposes changes of a component's settings, as both ends are installed: nothing while nobody switched that on, an
// admin's word with ask, at once with on; before and after in the log, undone by an admin, rolled back by itself when health gets worse,
// and sent once at most whatever dies. And a Mission Control that means no good.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "./lib/authority.mjs";
import { atConsole, atMissionControl, Browser } from "./lib/browser.mjs";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { freePort } from "./lib/process.mjs";
import { ScriptedMission } from "./lib/scripted_mission.mjs";
import { filesBelow } from "./lib/planted.mjs";
import { killIfAlive, makeFolder, removeFolder, story, until } from "./lib/story.mjs";

const lineTo = (mission) => `\nmission_control:\n  url: ${mission.url ?? `https://localhost:${mission.port}`}\n  folder: line\n  tls: { roots: mission-root.pem, revocation: soft }\n`;
const enrolled = async (stage, component, { policy, configure = (text) => text } = {}) => {
  const optional = (text) => `${text}second_factor: optional\n`;
  const mission = stage.own(await MissionControl.start({ listen: await freePort(), configure: optional }));
  const gateway = stage.own(
    await Gateway.start({
      services: component.services,
      policy,
      secrets: { "mission-root.pem": mission.ca.toString() },
      configure: (text) => configure(text) + lineTo(mission),
    }),
  );
  const { installation } = await gateway.cli("link", "enrol", await mission.newCode("Example Ltd"));
  await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
  return { mission, gateway, installation };
};
const becomes = (mission, id, state) =>
  until(`it is ${state} at Mission Control`, async () => {
    const one = await mission.cli("proposal", "show", id);
    return one.state === state && one;
  }, 90_000);
const here = (gateway, id, state) =>
  until(`it is ${state} here`, async () => {
    const { json } = await gateway.tryCli("proposal", "show", id);
    return json?.state === state && json;
  }, 60_000);

const kLittle = `version: 1
capabilities:
  level.write:
    title: Set the level
    class: write
    operations:
      - { call: PUT /level, before: GET /level }
      - POST /mend
  break.write: { title: Break things, class: write, operations: [POST /break, POST /slow] }
  held.write: { title: What an admin lets pass, class: write, hold: true, operations: [POST /held] }
  level.read: { title: Read the level, class: read, operations: [GET /level] }
redact:
  - json: $..pin
`;
const kCustomers = "a plant of the customer"; // stands in the component's document, and nowhere else
// A component with one setting, that can be broken and mended.
class Settable {
  level = "1";
  sound = true;
  bodies = [];
  slow = []; // answers that wait
  reads = []; // likewise, of the document, while
  holds = false;
  unread = false;
  async start() {
    this.component = await LittleComponent.start((request, response) => this.#answer(request, response));
    return this.component;
  }
  async #answer(request, response) {
    let body = "";
    for await (const piece of request) body += piece;
    this.bodies.push(body);
    const json = (document) => response.setHeader("content-type", "application/json").end(JSON.stringify(document));
    if (request.url.endsWith("/healthy")) return response.writeHead(this.sound ? 200 : 503).end();
    if (request.url.endsWith("/slow")) return this.slow.push(response);
    if (request.url.endsWith("/break")) this.sound = false;
    if (request.url.endsWith("/mend")) this.sound = true;
    if (request.method === "PUT") this.level = JSON.parse(body).level;
    const document = () => json({ level: this.level, site: kCustomers, pin: "4711-0815" });
    if (this.unread && request.method === "GET" && request.url === "/level") return response.writeHead(404).end();
    if (this.holds && request.method === "GET" && request.url === "/level") return this.reads.push(document);
    document();
  }
  letRead() {
    this.holds = false;
    for (const answer of this.reads.splice(0)) answer();
  }
  times(what) {
    return this.component.seen.filter((one) => one === what).length;
  }
}
const watched = (text) => `${text.replace(/( +)nodes:/, "$1health: { path: /healthy, interval: 1s, timeout: 1s }\n$1nodes:")}\nmonitoring: { every: 1s }\n`;
const atRoot = (text) => text.replace(/path: "?\/little"?/, "path: /");
const settable = async (stage) => {
  const setting = new Settable();
  stage.own(await setting.start());
  return { setting, ...(await enrolled(stage, setting.component, { policy: kLittle, configure: (text) => watched(atRoot(text)) })) };
};

story("a change that Mission Control proposes is the customer's to allow, and can be taken back", async (stage) => {
  const { setting, mission, gateway, installation } = await settable(stage);
  const propose = async (level, ...more) =>
    (await mission.cli("proposal", "new", installation, "--method", "PUT", "--target", "/level", "--body", JSON.stringify({ level }), "--reason", "too low", "--ticket", "SUP-9", ...more)).id;
  const undoneBy = (level) => ["--undo-method", "PUT", "--undo-target", "/level", "--undo-body", JSON.stringify({ level })];
  let id;

  await stage.step("while nobody has switched that on nothing is taken, and Mission Control is told so", async () => {
    assert.match((await becomes(mission, await propose("2"), "not_taken")).note, /switched on/);
    assert.equal((await until("it is an event", async () => (await gateway.events("--type", "proposal.not_taken"))[0])).detail.code, "not_switched_on");
  });

  await stage.step("switched to ask, remote access and the capability have their say", async () => {
    await gateway.cli("sharing", "set", "proposals", "ask");
    assert.match((await becomes(mission, await propose("2"), "not_taken")).note, /remote access|off/);
    await gateway.cli("remote-access", "set", "all");
    assert.match((await becomes(mission, await propose("2"), "not_taken")).note, /off/);
    await gateway.cli("capability", "set", "level.write", "on");
    assert.equal(setting.times("PUT /level"), 0);
  });

  await stage.step("it waits for an admin, who sees what is sent and what undoes it", async () => {
    id = await propose("2", ...undoneBy("1"));
    assert.match((await becomes(mission, id, "pending")).note, /ask/);
    const one = await gateway.cli("proposal", "show", id);
    assert.deepEqual([one.call.method, one.call.target, one.call.body, one.undo.body, one.operation, one.capability], ["PUT", "/level", '{"level":"2"}', '{"level":"1"}', "PUT /level", "level.write"]);
    assert.match(one.by, /^mission-control:/);
    assert.match((await gateway.plainCli("proposal", "show", id)).stdout, /What undoes it/);
    assert.equal(setting.times("PUT /level"), 0);
  });

  const compared = async (id) => (await gateway.events("--type", "proposal.compared")).filter((event) => event.detail.proposal === id);
  await stage.step("what it would change is read before anybody decides, and shown old beside new; nothing is sent", async () => {
    const one = await until("it is compared", async () => {
      const shown = await gateway.cli("proposal", "show", id);
      return shown.before && shown;
    });
    assert.equal(one.read, "/level");
    assert.deepEqual(one.before.patch.find((each) => each.path === "/level"), { op: "replace", path: "/level", old: "1", value: "2" });
    assert.equal(one.before.document.site, kCustomers);
    assert.doesNotMatch(JSON.stringify(one), /4711-0815/, "a secret is a token for the administrator too");
    assert.match((await gateway.plainCli("proposal", "show", id)).stdout, /replace \/level {2}was "1" {2}would be "2"/);
    assert.equal((await gateway.cli("proposal", "list")).items[0].before, undefined);
    const [event] = await until("it is an event", async () => (await compared(id))[0] && compared(id));
    assert.deepEqual([event.detail.read, event.actor, event.detail.why], ["/level", "gateway", undefined]);
    const readings = (await gateway.events("--type", "exchange.forwarded")).filter((each) => each.detail.proposal === id);
    assert.deepEqual(readings.map((each) => [each.detail.method, each.detail.class]), [["GET", "read"]]);
    assert.deepEqual([setting.times("GET /level"), setting.times("PUT /level")], [1, 0]);
  });

  await stage.step("approved, it is applied through the enforcer: before and after stand in the log", async () => {
    await gateway.cli("proposal", "approve", id, "--note", "go on");
    await becomes(mission, id, "applied");
    assert.equal(setting.level, "2");
    const changed = await until("what changed is an event", async () => (await gateway.events("--type", "exchange.changed"))[0]);
    assert.equal(changed.detail.proposal, id);
    assert.deepEqual(changed.detail.patch, [{ op: "replace", path: "/level", old: "1", value: "2" }]);
    const forwarded = (await gateway.events("--type", "exchange.forwarded")).find((event) => event.detail.class === "write");
    assert.deepEqual([forwarded.detail.proposal, forwarded.session ?? ""], [id, ""]);
    assert.match(forwarded.actor, /^mission-control:/);
    const shown = await gateway.cli("proposal", "show", id);
    assert.deepEqual([shown.can_be_undone, shown.before], [true, undefined]);
  });

  await stage.step("an admin has it undone, and both sides know", async () => {
    await gateway.cli("proposal", "undo", id);
    await becomes(mission, id, "undone");
    assert.equal(setting.level, "1");
    assert.notEqual((await gateway.tryCli("proposal", "undo", id)).code, 0);
  });

  await stage.step("refused, the reason is told; withdrawn there, it is withdrawn here", async () => {
    const [refused, withdrawn] = [await propose("3"), await propose("4")];
    for (const one of [refused, withdrawn]) await becomes(mission, one, "pending");
    await gateway.cli("proposal", "refuse", refused, "--note", "not on a Friday");
    assert.equal((await becomes(mission, refused, "refused")).note, "not on a Friday");
    await mission.cli("proposal", "withdraw", withdrawn);
    await becomes(mission, withdrawn, "withdrawn");
    assert.notEqual((await gateway.tryCli("proposal", "approve", withdrawn)).code, 0);
    const acts = (await mission.cli("acts")).items.map((act) => act.type);
    assert.ok(acts.includes("proposal.made") && acts.includes("proposal.withdrawn"), acts.join());
  });

  await stage.step("with on it is applied at once; what the policy holds still waits", async () => {
    await gateway.cli("sharing", "set", "proposals", "on");
    await gateway.cli("capability", "set", "held.write", "on");
    const direct = await propose("5");
    await becomes(mission, direct, "applied");
    assert.equal(setting.level, "5");
    assert.match((await gateway.plainCli("proposal", "show", direct)).stdout, /cannot be undone automatically/);
    const held = (await mission.cli("proposal", "new", installation, "--method", "POST", "--target", "/held", "--reason", "r")).id;
    await becomes(mission, held, "pending");
    await gateway.cli("sharing", "set", "proposals", "off");
    assert.equal((await becomes(mission, held, "refused")).note, "proposals were switched off");
    assert.equal(setting.times("POST /held"), 0);
  });
});

story("what a waiting proposal would change is read once, whatever dies, and Mission Control hears nothing of it", async (stage) => {
  const { setting, mission, gateway, installation } = await settable(stage);
  for (const kind of ["events", "health"]) await gateway.cli("sharing", "set", kind, "on");
  await gateway.cli("sharing", "set", "proposals", "ask");
  await gateway.cli("remote-access", "set", "all");
  await gateway.cli("capability", "set", "level.write", "on");
  const propose = async (level) =>
    (await mission.cli("proposal", "new", installation, "--method", "PUT", "--target", "/level", "--body", JSON.stringify({ level }), "--reason", "too low")).id;
  const compared = async (id) => (await gateway.events("--type", "proposal.compared")).filter((event) => event.detail.proposal === id);
  let lost;

  await stage.step("an enforcer that dies while it reads is asked again", async () => {
    setting.holds = true;
    const one = await propose("6");
    await until("the component is asked", () => setting.reads.length === 1, 60_000);
    setting.reads.length = 0;
    killIfAlive((await gateway.cli("status")).roles.find((role) => role.name === "enforcer.0").pid, "SIGKILL");
    await until("it is asked again", () => setting.reads.length === 1, 60_000);
    setting.letRead();
    await until("it is compared", async () => (await gateway.cli("proposal", "show", one)).before?.patch, 60_000);
    await until("it is an event", async () => (await compared(one)).length === 1);
    lost = one;
    await gateway.cli("proposal", "refuse", one);
  });

  await stage.step("what was decided before its document came has none", async () => {
    setting.holds = true;
    const one = await propose("6");
    await until("the component is asked", () => setting.reads.length === 1, 60_000);
    await gateway.cli("proposal", "refuse", one);
    setting.letRead();
    await until("the reading is over", async () => (await gateway.events("--type", "exchange.completed")).some((event) => event.detail.proposal === one), 60_000);
    const after = await propose("6");
    await until("the next one is compared", async () => (await compared(after)).length === 1, 60_000);
    assert.deepEqual([await compared(one), (await gateway.cli("proposal", "show", one)).before], [[], undefined]);
    assert.equal((await compared(lost)).length, 1, "once for each");
    await gateway.cli("proposal", "refuse", after);
    assert.equal(setting.times("PUT /level"), 0);
  });

  await stage.step("where the document cannot be read, that is said", async () => {
    setting.unread = true;
    const one = await propose("6");
    await until("it says why", async () => (await gateway.tryCli("proposal", "show", one)).json?.before?.why === "it answered 404", 60_000);
    setting.unread = false;
    await gateway.cli("proposal", "refuse", one);
    await becomes(mission, one, "refused");
  });

  await stage.step("Mission Control has heard nothing of the document", async () => {
    const answers = JSON.stringify([await mission.cli("proposal", "list", "--installation", installation), await mission.events(installation), await mission.cli("installation", "show", installation)]);
    assert.match(answers, /too low/);
    assert.ok(!answers.includes(kCustomers));
    const kept = filesBelow(mission.folder).filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, "latin1"));
    assert.ok(kept.some((text) => text.includes("too low")), "the store is among what is searched");
    assert.ok(!kept.some((text) => text.includes(kCustomers)));
  });
});

story("what makes the component unhealthy is taken back by itself, and nothing is sent twice", async (stage) => {
  const { setting, mission, gateway, installation } = await settable(stage);
  await gateway.cli("sharing", "set", "proposals", "on");
  await gateway.cli("remote-access", "set", "all");
  for (const name of ["break.write", "level.write"]) await gateway.cli("capability", "set", name, "on");
  const propose = async (target, ...more) =>
    (await mission.cli("proposal", "new", installation, "--method", "POST", "--target", target, "--reason", "better", ...more)).id;
  const withUndo = ["--undo-method", "POST", "--undo-target", "/mend", "--watch", "10m"];
  const node = async () => (await gateway.cli("status")).monitoring?.nodes?.[0]?.state;

  await stage.step("health is known", () => until("the node is up", async () => (await node()) === "up", 60_000));

  await stage.step("the node goes down after the call: it is undone without anybody's word", async () => {
    const id = await propose("/break", ...withUndo);
    assert.match((await becomes(mission, id, "rolled_back")).note, /is down/);
    assert.equal(setting.sound, true);
    assert.deepEqual([setting.times("POST /break"), setting.times("POST /mend")], [1, 1]);
    const event = await until("it is an event", async () => (await gateway.events("--type", "proposal.rolled_back"))[0]);
    assert.match(event.detail.why, /is down/);
  });

  await stage.step("the enforcer dies before the answer came: nobody knows, and it is not sent again", async () => {
    await until("the node is up", async () => (await node()) === "up", 60_000);
    const id = await propose("/slow", ...withUndo);
    await until("the component has it", () => setting.slow.length === 1, 60_000);
    killIfAlive((await gateway.cli("status")).roles.find((role) => role.name === "enforcer.0").pid, "SIGKILL");
    await becomes(mission, id, "unknown");
    for (const response of setting.slow.splice(0)) response.destroy();
    assert.equal(setting.times("POST /slow"), 1);
  });

  await stage.step("the ledger dies: the same, and it goes on with others", async () => {
    const id = await propose("/slow", ...withUndo);
    await until("the component has it", () => setting.slow.length === 1, 60_000);
    killIfAlive((await gateway.cli("status")).roles.find((role) => role.name === "ledger").pid, "SIGKILL");
    await becomes(mission, id, "unknown");
    for (const response of setting.slow.splice(0)) response.destroy();
    assert.equal(setting.times("POST /slow"), 2);
    await gateway.cli("proposal", "undo", id);
    await here(gateway, id, "undone");
    assert.equal(setting.times("POST /mend"), 2);
  });
});

story("a vendor's operator proposes on the page, the customer's admin approves on theirs, and undoes it", async (stage) => {
  const { setting, mission, gateway, installation } = await settable(stage);
  await gateway.cli("remote-access", "set", "all");
  await gateway.cli("capability", "set", "level.write", "on");
  const browser = stage.own(await Browser.start());
  const inspect = inspector("proposals");
  let vendor, admin, row, theirs;

  await stage.step("the admin lets them propose, each with a word of theirs", async () => {
    admin = await atConsole(browser, gateway);
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Mission Control" }).click();
    const sharing = admin.locator("#sharing .row").filter({ has: admin.getByText("Proposals", { exact: true }) });
    await sharing.getByRole("radio", { name: "Ask" }).click();
    await sharing.getByRole("button", { name: "Let them propose" }).click();
    await sharing.getByText("set by admin").waitFor();
    await inspect(admin, "switch");
  });

  await stage.step("the operator proposes", async () => {
    vendor = await atMissionControl(browser, mission, "ole", "operator");
    await vendor.goto(`https://localhost:${mission.adminPort}/installations/${installation}`);
    const section = vendor.locator("#proposals");
    await section.getByText("Nothing was proposed.").waitFor();
    await section.getByRole("button", { name: "Propose a change" }).click();
    await section.getByLabel("Method", { exact: true }).fill("PUT");
    await section.getByLabel("Path and query", { exact: true }).fill("/level");
    await section.getByLabel("Body", { exact: true }).fill('{"level":"7"}');
    await section.getByLabel("Taken back by: method").fill("PUT");
    await section.getByLabel("Taken back by: path and query").fill("/level");
    await section.getByLabel("Taken back by: body").fill('{"level":"1"}');
    await section.getByLabel("Watch health for").fill("10m");
    await section.getByLabel("Reason").fill("the level is too low");
    await inspect(vendor, "form");
    await section.getByRole("button", { name: "Propose", exact: true }).click();
    row = section.locator("li").filter({ hasText: "the level is too low" });
    await row.getByText("Waits", { exact: true }).waitFor({ timeout: 60_000 });
    await inspect(vendor, "waits");
  });

  await stage.step("the admin sees who wants what and what takes it back, approves, and it is applied", async () => {
    await admin.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Requests" }).click();
    theirs = admin.locator("#proposals li").filter({ hasText: "the level is too low" });
    await theirs.getByText("ole (Mission Control)").waitFor({ timeout: 60_000 });
    await theirs.getByText("What takes it back").waitFor();
    const level = theirs.locator(".diff tr", { hasText: "/level" });
    await level.waitFor({ timeout: 60_000 });
    assert.deepEqual([await level.locator("del").textContent(), await level.locator("ins").textContent()], ["1", "7"]);
    await theirs.getByText("The whole document", { exact: true }).click();
    await theirs.getByText(kCustomers).first().waitFor();
    await inspect(admin, "pending");
    assert.equal(setting.level, "1");
    await theirs.getByRole("button", { name: "Approve and apply" }).click();
    await theirs.locator("form.confirm").getByRole("button", { name: "Approve and apply" }).click();
    await theirs.getByText("Applied", { exact: true }).waitFor({ timeout: 60_000 });
    await level.waitFor({ state: "detached" });
    assert.equal(setting.level, "7");
    await row.getByText("Applied", { exact: true }).waitFor({ timeout: 60_000 });
    await inspect(admin, "applied");
  });

  await stage.step("undone there, both pages say so", async () => {
    await theirs.getByRole("button", { name: "Undo", exact: true }).click();
    await theirs.locator("form.confirm").getByRole("button", { name: "Undo", exact: true }).click();
    await until("it is undone", () => setting.level === "1", 60_000);
    await row.getByText("Undone", { exact: true }).waitFor({ timeout: 60_000 });
    await admin.locator("#proposals summary").filter({ hasText: "Earlier proposals" }).click();
    await theirs.getByText("Undone", { exact: true }).waitFor({ timeout: 60_000 });
    await inspect(admin, "undone");
    await inspect(vendor, "undone-there");
  });
});

story("a silence at a real Alertmanager is proposed, applied and taken back by the id that it answered", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const { mission, gateway, installation } = await enrolled(stage, component);
  const folder = makeFolder("silence");
  stage.own({ name: "the silence's folder", stop: () => removeFolder(folder) });
  const silences = async () => (await fetch(`${component.services.alertmanager}/alertmanager/api/v2/silences`)).json();
  await gateway.cli("sharing", "set", "proposals", "ask");
  await gateway.cli("remote-access", "set", "approved");
  await gateway.cli("capability", "set", "silences.write", "ask");

  await stage.step("applied with an admin's word, and expired by the undo", async () => {
    writeFileSync(
      join(folder, "silence.json"),
      JSON.stringify({
        matchers: [{ name: "job", value: "missing", isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: "the vendor",
        comment: "being looked at",
      }),
    );
    const { id } = await mission.cli("proposal", "new", installation, "--method", "POST", "--target", "/alertmanager/api/v2/silences", "--body", `@${join(folder, "silence.json")}`,
      "--undo-method", "DELETE", "--undo-target", "/alertmanager/api/v2/silence/${answer.silenceID}", "--watch", "1m", "--reason", "too many pages");
    await becomes(mission, id, "pending");
    assert.deepEqual(await silences(), []);
    await gateway.cli("proposal", "approve", id);
    await becomes(mission, id, "applied");
    const [made] = await silences();
    assert.equal(made.status.state, "active");
    assert.equal((await gateway.cli("proposal", "show", id)).undo.target, `/alertmanager/api/v2/silence/${made.id}`);
    await gateway.cli("proposal", "undo", id);
    await becomes(mission, id, "undone");
    assert.equal((await silences())[0].status.state, "expired");
  });
});

story("a hostile Mission Control that may propose gets no further than the policy", async (stage) => {
  const authority = stage.own(await Authority.make("Mission Control"));
  const mission = stage.own(await ScriptedMission.start(authority));
  const setting = new Settable();
  stage.own(await setting.start());
  const gateway = stage.own(
    await Gateway.start({ services: setting.component.services, policy: kLittle, secrets: { "mission-root.pem": authority.pem }, configure: (text) => atRoot(text) + lineTo(mission) }),
  );
  mission.codes.add("7H2KQ7H2KQ7H2KQ7H2KQ");
  await gateway.cli("link", "enrol", "7H2KQ7H2KQ7H2KQ7H2KQ");
  await until("the line is up", async () => (await gateway.cli("link", "show")).state === "up", 60_000);
  await gateway.cli("sharing", "set", "proposals", "on");
  await gateway.cli("remote-access", "set", "all");
  await gateway.cli("capability", "set", "level.write", "on");
  let last = 0;
  const ulid = () => `01KB3V2H6Y8Q4N5R7T9W0${String(10000 + ++last)}`;
  const proposal = (call, more = {}) => ({ id: ulid(), kind: "proposal", by: "eve", reason: "r", call: { method: "PUT", target: "/level", body: '{"level":"9"}', content_type: "application/json", ...call }, ...more });
  const refused = async () => (await gateway.events("--type", "proposal.not_taken",)).map((event) => event.detail.code);

  await stage.step("what nobody listed, what only reads, and what is no call is an event and nothing more", async () => {
    mission.asks = [
      proposal({ target: "/elsewhere" }),
      proposal({ method: "GET", target: "/level", body: undefined }),
      proposal({ target: "/x/../level" }),
      proposal({ target: "http://elsewhere.example/level" }),
      proposal({ content_type: "application/json\r\nauthorization: x" }),
      proposal({ method: "POST", target: "/break" }),
      proposal({ target: "/.postern/sign-in", method: "POST" }),
      proposal({ body: "x".repeat(20_000) }),
      proposal({}, { undo: { method: "POST", target: "/break" } }),
    ];
    mission.say({ order: "asks" });
    await until("all are events", async () => (await refused()).length >= 9, 90_000);
    assert.deepEqual((await gateway.cli("proposal", "list")).items, []);
    assert.deepEqual(setting.component.seen.filter((one) => !one.startsWith("GET")), []);
  });

  await stage.step("one id with two contents is the first one; withdrawn afterwards, it stays applied", async () => {
    const one = proposal({ body: '{"level":"2"}' });
    mission.asks = [one];
    mission.say({ order: "asks" });
    await here(gateway, one.id, "applied");
    mission.asks = [{ ...one, call: { ...one.call, body: '{"level":"7"}' }, withdrawn: true }];
    mission.say({ order: "asks" });
    await until("that is an event", async () => (await refused()).includes("changed"), 90_000);
    assert.equal((await gateway.cli("proposal", "show", one.id)).state, "applied");
    assert.deepEqual([setting.level, setting.times("PUT /level")], ["2", 1]);
  });

  await stage.step("a storm is few calls and few events, and the line goes on", async () => {
    mission.asks = Array.from({ length: 60 }, () => proposal({ body: '{"level":"3"}' }));
    const before = setting.times("PUT /level");
    mission.say({ order: "asks" });
    await until("some were taken", () => setting.times("PUT /level") > before, 90_000);
    await until("it is quiet", async () => (await gateway.cli("proposal", "list")).items.every((one) => one.state === "applied"), 60_000);
    assert.ok(setting.times("PUT /level") - before <= 10, `${setting.times("PUT /level") - before}`);
    assert.ok((await refused()).length <= 14);
    assert.equal((await gateway.cli("link", "show")).state, "up");
  });
});
