// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control from its own side, with installations that speak the line by hand: they enrol once, report, renew, listen, are copied and
// retired; hostile ones harm only themselves; and what was taken survives its being killed.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Installation, MissionControl, domain, ulid } from "./lib/mission.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const codeOf = (answer) => [answer.status, answer.json?.code];

story("an installation enrols, reports, listens, is copied, and is retired", async (stage) => {
  const mission = stage.own(await MissionControl.start());
  const one = new Installation(mission);
  const two = new Installation(mission);
  stage.own({ name: "installations", stop: () => [one, two].forEach((each) => each.close()) });
  let code, asked;

  await stage.step("init never overwrites, and everything stands behind its walls", async () => {
    const again = await mission.init();
    assert.deepEqual([again.code, /is there already: init never overwrites/.test(again.stderr)], [1, true], again.stderr);
    const { roles } = await mission.cli("status");
    assert.deepEqual(roles.map((role) => role.name).sort(), ["desk", "keeper", "terminator.0", "terminator.admin"]);
    for (const { name, confinement } of roles) assert.equal(confinement.refused, confinement.attempts, name);
  });

  await stage.step("a code is good once", async () => {
    code = await mission.newCode("Example Ltd");
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    const broken = await one.tryEnrol(code, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");
    assert.deepEqual(codeOf(broken), [400, "malformed"], broken.text);
    const weak = await one.tryEnrol(code, (await one.request("-newkey", "rsa:1024")).request);
    assert.deepEqual([...codeOf(weak), /too short/.test(weak.json.detail)], [400, "malformed", true], weak.text);
    // Eight at once: one of them is let in.
    const crowd = new Installation(mission, "127.0.0.3");
    const requests = await Promise.all(Array.from({ length: 8 }, () => one.request()));
    const answers = await Promise.all(requests.map(({ request }) => crowd.tryEnrol(code.toLowerCase().replaceAll("-", " "), request)));
    const good = answers.findIndex((answer) => answer.status === 200);
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1, answers.map(codeOf).join(" "));
    for (const answer of answers) assert.ok(answer.status === 200 || ["enrolment_code_wrong", "limit_reached"].includes(answer.json.code), answer.text);
    [one.id, one.cert, one.key] = [answers[good].json.installation, answers[good].json.certificate, requests[good].key];
    asked = requests[good].request;
    const leaf = new X509Certificate(one.cert);
    assert.deepEqual([leaf.subject, leaf.subjectAltName, leaf.ca, leaf.keyUsage], [undefined, `URI:spiffe://${domain}/installation/${one.id}`, false, ["1.3.6.1.5.5.7.3.2"]]);
    assert.equal(Math.round((Date.parse(leaf.validTo) - Date.now()) / 86_400_000), 30);
    assert.equal((await mission.cli("enrolment", "list")).items[0].installation, one.id);
    assert.equal((await mission.cli("installation", "list")).items.length, 1);
  });

  await stage.step("an answer that was lost is given again, and the code is worth nothing once it has come", async () => {
    const again = await one.tryEnrol(code, asked);
    assert.deepEqual([again.status, again.json.installation], [200, one.id], again.text);
    one.cert = again.json.certificate;
    assert.equal((await one.send(one.report("heartbeat", {}))).status, 200);
    assert.deepEqual(codeOf(await one.tryEnrol(code, asked)), [403, "enrolment_code_wrong"]);
    assert.equal((await mission.cli("installation", "list")).items.length, 1);
  });

  await stage.step("wrong codes are slowed, codes are withdrawn, and a stranger reads nothing", async () => {
    const stranger = new Installation(mission, "127.0.0.2");
    const { request } = await stranger.request();
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push(await stranger.tryEnrol("00000-00000-00000-000" + (10 + i), request));
    assert.deepEqual(codeOf(answers.at(-1)), [429, "limit_reached"], answers.at(-1).text);
    assert.ok(Number(answers.at(-1).headers["retry-after"]) > 0);
    const session = stranger.connect({});
    for (const [method, path] of [["POST", "/line/v1/renew"], ["POST", "/line/v1/reports"], ["GET", `/line/v1/orders?life=${ulid()}`]])
      assert.deepEqual(codeOf(await stranger.ask(method, path, method === "POST" ? "{}" : undefined, session)), [403, "installation_unknown"]);
    for (const path of ["/api/v1/status", "/api/v1/installations"]) assert.equal((await stranger.ask("GET", path, undefined, session)).status, 404);
    session.close();
    const { id } = await mission.cli("enrolment", "new", "--customer", "Nobody");
    await mission.cli("enrolment", "withdraw", id);
    assert.deepEqual((await mission.cli("enrolment", "list")).items.map((each) => each.state), ["withdrawn", "used"]);
    assert.equal((await mission.tryCli("enrolment", "withdraw", id)).code, 1);
  });

  await stage.step("reports are taken once, however often they come", async () => {
    const events = Array.from({ length: 5 }, (_, i) => one.report("event", { type: "session.opened", number: i }));
    const health = one.report("health", { status: "good" });
    const stranger = { ...one.report("health", {}), kind: "weather" };
    for (let i = 0; i < 3; i++) {
      const answer = await one.send(...events, health, stranger);
      assert.deepEqual([answer.status, answer.json?.taken?.toSorted?.()], [200, [...events, health, stranger].map((each) => each.id).sort()], answer.text);
    }
    const kept = (await mission.events(one.id)).filter((event) => event.by === "installation");
    assert.deepEqual(kept.map((event) => event.body.number), [4, 3, 2, 1, 0]);
    assert.deepEqual((await mission.cli("installation", "show", one.id)).reports.health.body, { status: "good" });
  });

  await stage.step("a certificate is renewed over the line, for the installation that asks and for no other", async () => {
    const { key, request } = await one.request("-newkey", "ed25519");
    const answer = await one.ask("POST", "/line/v1/renew", { request });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(new X509Certificate(answer.json.certificate).subjectAltName, `URI:spiffe://${domain}/installation/${one.id}`);
    one.close();
    [one.cert, one.key] = [answer.json.certificate, key];
    assert.equal((await one.send(one.report("heartbeat", {}))).status, 200);
    const { certificates } = await mission.cli("installation", "show", one.id);
    assert.deepEqual([certificates.length, certificates.filter((each) => each.first_seen).length, certificates.filter((each) => each.replaced_by).length], [3, 2, 2]);
  });

  await stage.step("people read what programs do", async () => {
    const shown = async (...argv) => {
      const answer = await mission.plainCli(...argv);
      assert.deepEqual([answer.code, answer.stderr], [0, ""], argv.join(" "));
      return answer.stdout;
    };
    assert.match(await shown("status"), /Version: +\S+[^]*line +127\.0\.0\.1:\d+[^]*terminator\.0 +running/);
    assert.match(await shown("enrolment", "list"), /Example Ltd +used/);
    assert.match(await shown("enrolment", "new", "--customer", "Somebody", "--expires", "1h"), /shown this once.*: ([0-9A-Z]{5}-){3}[0-9A-Z]{5}\n/);
    assert.match(await shown("installation", "list"), new RegExp(`${one.id} +Example Ltd +new`));
    assert.match(await shown("installation", "show", one.id), /State: +new[^]*CERTIFICATE[^]*health[^]*"status":"good"/);
    assert.match(await shown("events", "--limit", "3"), /mission-control +installation\.renewed/);
    assert.equal((await mission.plainCli("enrolment", "new")).code, 2);
  });

  let orders;
  await stage.step("it listens; a copy of it is refused, and both sides know", async () => {
    orders = await one.orders();
    assert.equal(orders.status, 200);
    const hello = await until("hello came", () => orders.lines[0]);
    assert.deepEqual([hello.order, typeof hello.version], ["hello", "string"], orders.text);
    assert.deepEqual([(await mission.cli("installation", "show", one.id)).state, (await mission.cli("status")).connected], ["up", 1]);
    const copy = one.connect({ cert: one.cert, key: one.key });
    const refused = await one.ask("GET", `/line/v1/orders?life=${ulid()}`, undefined, copy);
    assert.deepEqual(codeOf(refused), [409, "installation_connected_twice"], refused.text);
    const told = await until("the first is told", () => orders.lines.find((line) => line.order === "conflict"));
    assert.match(told.client, /^127\.0\.0\.1:/);
    assert.ok((await mission.events(one.id)).some((event) => event.by === "mission-control" && event.type === "installation.connected_twice"));
    // The same life over another connection takes its place.
    const again = await one.orders(orders.life, copy);
    assert.equal(again.status, 200);
    await until("the first stream ends", () => orders.ended);
    copy.destroy();
    await until("the place is free", async () => (await mission.cli("status")).connected === 0);
    orders = await one.orders();
    assert.equal(orders.status, 200);
  });

  await stage.step("hostile documents and floods harm nobody else", async () => {
    await two.enrol(await mission.newCode("Another Ltd"));
    const hostile = ["", "{", "[]", "null", '{"reports":{}}', '{"reports":[1]}', `{"reports":[${"[".repeat(5000)}`, JSON.stringify({ reports: [{ ...two.report("event", {}), id: "x" }] }),
      JSON.stringify({ reports: Array.from({ length: 101 }, () => two.report("event", {})) }), JSON.stringify({ reports: [two.report("event", { text: "x".repeat(70_000) })] })];
    for (const body of hostile) assert.deepEqual(codeOf(await two.ask("POST", "/line/v1/reports", body)), [400, "malformed"], body.slice(0, 60));
    const tooLarge = await two.ask("POST", "/line/v1/reports", "x".repeat(300 << 10)).catch(() => ({ status: 413 }));
    assert.ok([400, 413].includes(tooLarge.status), String(tooLarge.status));
    assert.equal((await two.ask("DELETE", "/line/v1/reports")).status, 405);
    assert.equal((await two.ask("GET", "/line/v1/orders?life=nothing")).status, 400);
    const flood = await Promise.all(Array.from({ length: 90 }, () => two.send(two.report("heartbeat", {}))));
    assert.ok(flood.some((answer) => answer.status === 429) && flood.some((answer) => answer.status === 200));
    assert.equal((await one.send(one.report("heartbeat", {}))).status, 200);
    assert.deepEqual((await mission.events(one.id)).filter((event) => event.by === "installation").length, 5);
  });

  await stage.step("nothing that was taken is lost when all of it is killed", async () => {
    const sent = [];
    const alone = await mission.enrolled("Third Ltd");
    stage.own({ name: "the third", stop: () => alone.close() });
    let going = true;
    const sending = (async () => {
      while (going) {
        const report = alone.report("event", { type: "test", number: sent.length });
        const answer = await alone.send(report).catch(() => ({ status: 0 }));
        if (answer.status === 0) break;
        if (answer.status === 200 && answer.json.taken.includes(report.id)) sent.push(report.id);
      }
    })();
    await until("some were taken", () => sent.length > 20);
    await mission.crash();
    going = false;
    await sending;
    alone.close();
    one.close();
    two.close();
    await mission.serve();
    const kept = new Set((await mission.events(alone.id)).map((event) => event.id));
    assert.deepEqual(sent.filter((id) => !kept.has(id)), []);
    assert.deepEqual((await new Installation(mission).tryEnrol(code, (await one.request()).request)).status, 403);
    orders = await one.orders();
    assert.equal(orders.status, 200, "a life that was killed makes room");
  });

  await stage.step("roles that die come back, and the line with them", async () => {
    for (const name of ["keeper", "desk", "terminator.0"]) {
      const before = (await mission.cli("status")).roles.find((role) => role.name === name);
      process.kill(before.pid, "SIGKILL");
      await until(`${name} is back`, async () => {
        const answer = await mission.tryCli("status");
        const now = answer.json?.roles?.find((role) => role.name === name);
        return answer.code === 0 && now.state === "running" && now.pid !== before.pid;
      });
      await until("reports are taken again", async () => {
        const answer = await one.send(one.report("heartbeat", {})).catch(() => ({}));
        if (answer.status !== 200) one.close();
        return answer.status === 200;
      });
    }
    orders = await until("orders are given again", async () => {
      const opened = await one.orders().catch(() => undefined);
      return opened?.status === 200 && opened;
    });
  });

  await stage.step("a certificate of the line is replaced without a restart", async () => {
    const shown = async () => {
      const session = one.connect({ cert: one.cert, key: one.key });
      const answer = await one.ask("POST", "/line/v1/reports", { reports: [one.report("heartbeat", {})] }, session);
      const { serialNumber } = session.socket.getPeerCertificate();
      session.destroy();
      return [answer.status, serialNumber];
    };
    const [status, before] = await shown();
    assert.equal(status, 200);
    const at = (name) => join(mission.folder, name);
    const fresh = await one.request();
    writeFileSync(at("run/csr"), fresh.request);
    writeFileSync(at("run/extensions"), "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n");
    const signed = await run("openssl", ["x509", "-req", "-in", at("run/csr"), "-CA", at("certs/line-ca.pem"), "-CAkey", at("keys/line-ca.key"), "-days", "30", "-set_serial", "4711", "-extfile", at("run/extensions")]);
    assert.equal(signed.code, 0, signed.stderr);
    // With half of it nothing changes: the keeper holds on to the key that it has.
    writeFileSync(at("certs/line.pem"), "nothing");
    mission.signal("SIGHUP");
    await until("it says what is wrong", () => /nothing was reloaded:\n.*line\.pem/.test(mission.log));
    assert.deepEqual(await shown(), [200, before]);
    writeFileSync(at("certs/line.pem"), signed.stdout);
    mission.signal("SIGHUP");
    await until("it says that the key is another's", () => /nothing was reloaded:\n.*line\.key does not belong/.test(mission.log));
    assert.deepEqual(await shown(), [200, before]);
    writeFileSync(at("keys/line.key"), fresh.key);
    mission.signal("SIGHUP");
    await until("the new one is shown", async () => (await shown().catch(() => []))[1] === "1267");
    assert.equal((await shown())[0], 200);
    // Roles that start later would stand behind other walls than those that run.
    const configured = readFileSync(mission.configFile, "utf8");
    writeFileSync(mission.configFile, `${configured}\nsandbox: best-effort\n`);
    mission.signal("SIGHUP");
    await until("it says that another sandbox needs a restart", () => /nothing was reloaded: domain, user, sandbox/.test(mission.log));
    writeFileSync(mission.configFile, configured);
  });

  await stage.step("one that is retired is told, and nobody else", async () => {
    await mission.cli("installation", "retire", one.id);
    await until("its stream ends", () => orders.ended);
    assert.deepEqual(codeOf(await one.send(one.report("heartbeat", {}))), [403, "installation_retired"]);
    assert.deepEqual(codeOf(await one.ask("POST", "/line/v1/renew", { request: (await one.request()).request })), [403, "installation_retired"]);
    assert.equal((await two.send(two.report("heartbeat", {}))).status, 200);
    assert.equal((await mission.cli("installation", "show", one.id)).state, "retired");
    assert.equal((await mission.tryCli("installation", "retire", ulid())).code, 1);
  });

  await stage.step("no code stands anywhere, and commands say when nobody answers", async () => {
    const bare = code.replaceAll("-", "");
    for (const file of readdirSync(join(mission.folder, "state"))) {
      const content = readFileSync(join(mission.folder, "state", file), "latin1");
      assert.ok(!content.includes(code) && !content.includes(bare), file);
    }
    assert.ok(!mission.log.includes(code) && !mission.log.includes(bare));
    await mission.crash();
    const answer = await mission.tryCli("status");
    assert.deepEqual([answer.code, /Mission Control does not answer/.test(answer.stderr)], [3, true], answer.stderr);
    assert.ok(existsSync(mission.configFile));
  });
});
