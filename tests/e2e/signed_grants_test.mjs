// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A grant is signed on a machine that no gateway knows, kept as a file, and brought to the gateway: it holds, once, there and nowhere else,
// for no more than it says; and where only such documents give access, a stolen console cannot.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { violations } from "./lib/accessible.mjs";
import { atConsole, Browser, look } from "./lib/browser.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { makeFolder, removeFolder, until } from "./lib/owned.mjs";
import { plant } from "./lib/planted.mjs";
import { run } from "./lib/process.mjs";
import { story } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: State, class: read, operations: [GET /state, GET /endless, GET /mebibyte] }
  state.write: { title: Change the state, class: write, operations: [POST /state] }
roles:
  viewer: [ state.read ]
`;

// A machine with the customer's key, and no gateway.
class Signer {
  name = "the signer";
  folder = makeFolder("grants");

  constructor(gateway, installation) {
    this.gateway = gateway;
    this.installation = installation;
    this.key = join(this.folder, "grants.key");
  }
  stop() {
    removeFolder(this.folder);
  }
  offline(...argv) {
    return run(this.gateway.program, ["--config", "/nonexistent", "--json", "grant", ...argv]);
  }
  async makeKey() {
    const made = JSON.parse((await this.offline("key", "--out", this.key, "--name", "example.org/grants")).stdout);
    plant("the grant key", readFileSync(this.key, "utf8").trim().split("+").slice(4).join("+"));
    return made.verifier_key;
  }
  // sign: a new file of that name; its path.
  async sign(name, ...argv) {
    const out = join(this.folder, name);
    const made = await this.offline("sign", "--key", this.key, "--installation", this.installation, "--engineer", "alice", "--out", out, ...argv);
    assert.equal(made.code, 0, made.stderr);
    return out;
  }
  // refused: why the gateway refuses the document.
  async refused(file) {
    const answer = await this.gateway.tryCli("grant", "apply", file);
    assert.equal(answer.code, 1, answer.stdout);
    return answer.json.detail;
  }
}

const logKey = (gateway) => until("the log's key is known", async () => (await gateway.cli("status")).log.verifier_key);

const start = async (stage, answer) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  const signer = new Signer(gateway, (await logKey(gateway)).split("+")[0]);
  stage.own(signer);
  return { gateway, signer };
};
const trust = async (gateway, key) => {
  gateway.writeConfig(`${readFileSync(gateway.configFile, "utf8")}grants: {signers: ["${key}"], signed_only: true}\n`);
  assert.ok((await gateway.cli("reload")).config.changed.includes("grants"));
};
// A grant is told to all workers before the answer leaves; the client's may still have it before it.
const holds = (client, id) =>
  until("the grant holds", async () => (await client.fetch("/.postern/api/session")).json.grants.some((one) => one.id === id));
const ended = (gateway, id, reason) =>
  until(`the grant is ${reason}`, async () => (await gateway.cli("grant", "show", id)).ended_reason === reason);

story("access is given by a document that the customer signed elsewhere", async (stage) => {
  const { gateway, signer } = await start(stage, (_, response) => response.end("well\n"));
  let grant, key;

  await stage.step("a key is made, and a grant signed, without a gateway", async () => {
    key = await signer.makeKey();
    assert.equal(statSync(signer.key).mode & 0o777, 0o600);
    assert.notEqual((await signer.offline("key", "--out", signer.key)).code, 0, "never over another");
    grant = await signer.sign("alice.grant", "--role", "viewer", "--for", "4h", "--ticket", "SUP-4711", "--reason", "a disk is full");
    const form = `^postern-grant/v1\nfor ${signer.installation}\nid [0-9A-Z]{26}\nengineer alice\nrole viewer\nfrom .*\nuntil .*\nticket SUP-4711\nreason a disk is full\n\n— example\\.org/grants `;
    assert.match(readFileSync(grant, "utf8"), new RegExp(form));
  });

  await gateway.admit("alice", ["state.read"]);
  const alice = await gateway.signIn("alice");

  await stage.step("a gateway that knows no key takes nothing", async () => {
    assert.match(await signer.refused(grant), /grants\.signers names none/);
    assert.equal((await alice.fetch("/state")).status, 200, "it is on for all");
  });

  await stage.step("with signed_only what was on is on no more, and nobody gives access: no admin, no approval, no switch", async () => {
    await trust(gateway, key);
    const shown = await until("status says so", async () => {
      const { stdout } = await gateway.plainCli("status");
      return stdout.includes("Only grants that are signed by one of these keys give access:") && stdout;
    });
    assert.ok(shown.includes(key), shown);
    const { setting } = await until("it asks", async () => (await gateway.cli("capability", "list")).items.find((one) => one.name === "state.read" && one.setting !== "on"));
    assert.equal(setting, "ask");
    assert.equal((await alice.fetch("/state")).json.code, "approval_needed");
    const ways = [["grant", "give", "--engineer", "alice", "--role", "viewer"], ["capability", "set", "state.read", "on"], ["capability", "set", "state.read", "on", "--until", "1h"]];
    for (const argv of ways) {
      const answer = await gateway.tryCli(...argv);
      assert.deepEqual([answer.code, answer.json.code], [1, "denied"], argv.join(" "));
      assert.match(answer.json.detail, /grants\.signed_only/);
    }
    const asked = await alice.send("POST", "/.postern/api/requests", { capabilities: ["state.read"], reason: "to look" });
    assert.ok(asked.status < 300, asked.text);
    const [request] = (await gateway.cli("request", "list", "--state", "pending")).items;
    assert.equal((await gateway.tryCli("request", "approve", request.id)).json.code, "denied");
    assert.equal((await alice.fetch("/state")).status, 403);
  });

  await stage.step("the document does, and the log says who signed and who brought it", async () => {
    const given = await gateway.cli("grant", "apply", grant);
    assert.deepEqual([given.engineer, given.role, given.ticket, given.signed_by], ["alice", "viewer", "SUP-4711", ["example.org/grants"]]);
    await holds(alice, given.id);
    assert.equal((await alice.fetch("/state")).status, 200);
    const started = await until("the event is in the index", async () => (await gateway.events("--type", "grant.started"))[0]);
    assert.deepEqual([started.detail.signed_by, started.actor.startsWith("admin:")], [["example.org/grants"], true]);
    assert.match((await gateway.plainCli("grant", "show", given.id)).stdout, /Signed by: +example\.org\/grants/);
  });

  await stage.step("once: not again, not after its end, not after all of it was killed", async () => {
    assert.match(await signer.refused(grant), /was applied before/);
    const [{ id }] = (await gateway.cli("grant", "list")).items;
    await gateway.cli("grant", "revoke", id);
    assert.equal((await alice.fetch("/state")).status, 403);
    assert.match(await signer.refused(grant), /was applied before/);
    await gateway.crash();
    await gateway.serve();
    await logKey(gateway);
    assert.match(await signer.refused(grant), /was applied before/);
  });

  await stage.step("changed, for another installation, by another key, too late, too early, too large: refused, and each is an event", async () => {
    const file = join(signer.folder, "changed.grant");
    writeFileSync(file, readFileSync(grant, "utf8").replace("engineer alice", "engineer bob"));
    assert.match(await signer.refused(file), /does not fit: the document was changed/);
    const elsewhere = join(signer.folder, "elsewhere.grant");
    await signer.offline("sign", "--key", signer.key, "--installation", "postern/elsewhere", "--engineer", "alice", "--role", "viewer", "--out", elsewhere);
    assert.match(await signer.refused(elsewhere), /it is for postern\/elsewhere, and this is /);
    const stranger = new Signer(gateway, signer.installation);
    stage.own(stranger);
    await stranger.offline("key", "--out", stranger.key);
    assert.match(await signer.refused(await stranger.sign("stranger.grant", "--role", "viewer")), /no key of grants\.signers has signed/);
    const late = await signer.sign("late.grant", "--role", "viewer", "--for", "1s");
    const end = Date.parse(/^until (.*)$/m.exec(readFileSync(late, "utf8"))[1]);
    await until("it is over", () => Date.now() > end);
    assert.match(await signer.refused(late), /it ended on /);
    assert.match(await signer.refused(await signer.sign("early.grant", "--role", "viewer", "--from", "2200-01-01T00:00:00Z", "--until", "2200-01-02T00:00:00Z")), /it begins on 2200-01-01/);
    assert.match(await signer.refused(await signer.sign("long.grant", "--role", "viewer", "--for", "400d")), /is the most here/);
    const events = await until("they are in the index", async () => {
      const all = await gateway.events("--type", "grant.refused");
      return all.length >= 9 && all;
    });
    assert.ok(events.every((event) => event.severity === "warning" && event.detail.why));
    const large = join(signer.folder, "large.grant");
    writeFileSync(large, `postern-grant/v1\n${"x".repeat(1 << 20)}\n\n`);
    const answer = await gateway.tryCli("grant", "apply", large);
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /large\.grant/);
  });
});

story("a signed grant gives no more than it says, in all sessions of its engineer together", async (stage) => {
  let posted = 0;
  const mebibyte = Buffer.alloc(1 << 20, "x");
  const { gateway, signer } = await start(stage, (request, response) => {
    if (request.method === "POST") posted += 1;
    if (request.url === "/mebibyte") return response.end(mebibyte);
    if (request.url !== "/endless") return response.end("well\n");
    const more = () => {
      while (response.write(mebibyte));
    };
    response.on("drain", more);
    more();
  });
  await trust(gateway, await signer.makeKey());
  await gateway.admit("alice");
  for (const name of ["state.read", "state.write"]) await gateway.cli("capability", "set", name, "ask");
  const post = (client) => client.send("POST", "/state", {});

  const five = async (name) => (await gateway.cli("grant", "apply", await signer.sign(name, "--capability", "state.write", "--exchanges", "5"))).id;

  await stage.step("five changes, in three sessions and across a crash: the sixth is never sent", async () => {
    const id = await five("five.grant");
    const first = await gateway.signIn("alice");
    await holds(first, id);
    assert.deepEqual([(await post(first)).status, (await post(first)).status], [200, 200]);
    await gateway.cli("session", "end", first.session);
    await gateway.crash();
    await gateway.serve();
    const both = [await gateway.signIn("alice"), await gateway.signIn("alice")];
    for (const client of both) await holds(client, id);
    for (const client of [both[0], both[1], both[0]]) assert.equal((await post(client)).status, 200);
    const sixth = await post(both[1]).catch(() => undefined);
    assert.ok(sixth === undefined || sixth.json.code === "grant_ended", sixth?.text);
    await ended(gateway, id, "used_up");
    await until("every worker has heard of it", async () => (await post(both[0]).catch(() => undefined))?.json?.code === "grant_ended");
    assert.equal(posted, 5);
  });

  await stage.step("of twenty at once no more than five are sent", async () => {
    const before = posted;
    const id = await five("again.grant");
    const both = [await gateway.signIn("alice"), await gateway.signIn("alice")];
    await until("it is used up", async () => {
      await Promise.allSettled(Array.from({ length: 20 }, (_, i) => post(both[i % 2])));
      return (await gateway.cli("grant", "show", id)).ended_reason === "used_up";
    });
    assert.ok(posted - before <= 5, `${posted - before} were sent`);
  });

  await stage.step("so many bytes: what one session received counts for the next, and what runs is cut", async () => {
    const { id } = await gateway.cli("grant", "apply", await signer.sign("bytes.grant", "--capability", "state.read", "--response-bytes", "3MiB"));
    const first = await gateway.signIn("alice");
    await holds(first, id);
    for (let i = 0; i < 2; ++i) assert.equal((await first.fetch("/mebibyte")).body.length, 1 << 20);
    await gateway.cli("session", "end", first.session);
    const second = await gateway.signIn("alice");
    await holds(second, id);
    await assert.rejects(second.fetch("/endless"));
    await ended(gateway, id, "used_up");
    const event = await until("its end is in the index", async () => (await gateway.events("--type", "grant.ended")).find((one) => one.detail.grant === id));
    assert.ok(event.detail.response_bytes >= 3 << 20, `${event.detail.response_bytes} bytes`);
    await until("every worker has heard of it", async () => (await second.fetch("/state").catch(() => undefined))?.json?.code === "grant_ended");
  });
});

story("an admin brings a signed grant in the console, where nothing else gives access", async (stage) => {
  const { gateway, signer } = await start(stage, (_, response) => response.end("well\n"));
  await trust(gateway, await signer.makeKey());
  await gateway.admit("alice");
  await gateway.cli("capability", "set", "state.read", "ask");
  const alice = await gateway.signIn("alice");
  const browser = stage.own(await Browser.start());
  const page = await atConsole(browser, gateway);
  const document = readFileSync(
    await signer.sign("alice.grant", "--role", "viewer", "--exchanges", "100", "--response-bytes", "64MiB", "--ticket", "SUP-4711"),
    "utf8",
  );

  await stage.step("what is asked for can be refused or asked about, and not approved", async () => {
    await alice.send("POST", "/.postern/api/requests", { capabilities: ["state.read"], reason: "to look" });
    await page.goto(`${gateway.adminUrl}/requests`);
    await page.getByText("Only a grant that was signed elsewhere gives access here").waitFor();
    await page.getByRole("button", { name: "Refuse" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Give access in advance" }).count(), 0);
    await look(page, "signed-grants-requests");
  });

  await stage.step("a changed document is refused with its sentence; the document itself starts the grant", async () => {
    await page.getByRole("button", { name: "Bring a signed grant" }).click();
    await page.getByLabel("Or its text").fill(document.replace("exchanges 100", "exchanges 900"));
    await page.getByRole("button", { name: "Start it" }).click();
    await page.getByText("the document was changed").waitFor();
    assert.deepEqual(await violations(page), []);
    await look(page, "signed-grants-refused");
    await page.getByLabel("The document’s file").setInputFiles({ name: "alice.grant", mimeType: "text/plain", buffer: Buffer.from(document) });
    await until("the file is read", async () => (await page.getByLabel("Or its text").inputValue()).includes("exchanges 100"));
    await page.getByRole("button", { name: "Start it" }).click();
    const row = page.locator("#grants").getByRole("link", { name: "alice" });
    await row.waitFor();
    await page.locator("#grants").getByText("Signed with example.org/grants").waitFor();
    assert.deepEqual(await violations(page), []);
    await look(page, "signed-grants-given");
    await row.click();
    await page.getByText("example.org/grants").waitFor();
    await page.getByText("100 calls, 67.1 MB of responses").waitFor();
    assert.deepEqual(await violations(page), []);
    await look(page, "signed-grants-grant");
  });
});
