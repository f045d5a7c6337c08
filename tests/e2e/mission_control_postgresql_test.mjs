// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two servers of one Mission Control behind a real PostgreSQL: an installation moves from one to the other, is copied, is retired on the one
// and ended on the other; the database is restarted under its reports, also without a word, and everything arrives once and in order.
import assert from "node:assert/strict";
import { Authority } from "./lib/authority.mjs";
import { Installation, MissionControl, ulid } from "./lib/mission.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { story, until } from "./lib/story.mjs";

const there = (mission) => until("its store is there", async () => (await mission.tryCli("status")).json?.store?.available === true);
const serverOf = (status) => status.servers.find((server) => server.here).id;

story("two servers share a PostgreSQL", async (stage) => {
  const postgres = stage.own(await Postgres.start());
  const a = stage.own(await MissionControl.start({ store: (folder) => postgres.keep(folder) }));
  const b = stage.own(await MissionControl.start({ like: a, store: (folder) => postgres.keep(folder, { local: true }) }));
  await there(a);
  await there(b);
  // at: the same installation, at another server.
  const at = (mission, one) => Object.assign(new Installation(mission), { id: one.id, cert: one.cert, key: one.key });
  const one = stage.own(Object.assign(await a.enrolled("Example Ltd"), { name: "one", stop() { this.close(); } }));
  const oneAtB = stage.own(Object.assign(at(b, one), { name: "one at b", stop() { this.close(); } }));
  const state = async (mission, id = one.id) => (await mission.cli("installation", "show", id)).state;
  let orders;

  await stage.step("each proves its walls as it does without PostgreSQL, and knows the other", async () => {
    for (const mission of [a, b]) {
      const { roles, servers } = await mission.cli("status");
      for (const { name, confinement } of roles) assert.equal(confinement.refused, confinement.attempts, name);
      assert.equal(servers.length, 2);
      assert.match((await mission.plainCli("status")).stdout, new RegExp(`SERVER[^]*${servers[0].id}[^]*${servers[1].id}`));
    }
    assert.notEqual(serverOf(await a.cli("status")), serverOf(await b.cli("status")));
  });

  await stage.step("a code that one made is good at the other, once", async () => {
    const code = await a.newCode("Another Ltd");
    const two = new Installation(b);
    await two.enrol(code);
    assert.equal((await new Installation(a).tryEnrol(code, (await one.request()).request)).status, 403);
    assert.equal(await state(a, two.id), "new");
    two.close();
  });

  await stage.step("a life moves from one to the other, and the first lets go at once", async () => {
    orders = await one.orders();
    assert.deepEqual([orders.status, await state(b)], [200, "up"]);
    const moved = await oneAtB.orders(orders.life);
    assert.equal(moved.status, 200);
    await until("the first stream ends", () => orders.ended);
    assert.equal(await state(a), "up");
    orders = moved;
  });

  await stage.step("another life on the other server is refused, and the first is told there", async () => {
    const refused = await one.ask("GET", `/line/v1/orders?life=${ulid()}`);
    assert.deepEqual([refused.status, refused.json?.code], [409, "installation_connected_twice"], refused.text);
    const told = await until("the first is told", () => orders.lines.find((line) => line.order === "conflict"));
    assert.match(told.client, /^127\.0\.0\.1:/);
    assert.ok((await b.events(one.id)).some((event) => event.type === "installation.connected_twice"));
  });

  // reporting: numbered events, each sent until it is taken, at one server or the other in turns.
  const kept = [];
  const reporting = { going: true, refused: 0 };
  const report = async () => {
    for (let number = 0; reporting.going; ++number) {
      const event = one.report("event", { type: "test", number });
      for (let taken = false; !taken && reporting.going; ) {
        const sender = number % 2 === 0 ? one : oneAtB;
        const answer = await sender.send(event).catch(() => ({ status: 0 }));
        if (answer.status === 503) {
          assert.equal(answer.json.code, "store_unavailable");
          assert.ok(Number(answer.headers["retry-after"]) > 0);
          ++reporting.refused;
        }
        taken = answer.status === 200 && answer.json.taken.includes(event.id);
        if (taken) kept.push(event.id);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const inTheStore = async () => (await postgres.sql(`SELECT id FROM events WHERE installation='${one.id}' AND own=0 ORDER BY number`)).split("\n").filter(Boolean);

  await stage.step("PostgreSQL is restarted under its reports: what was taken is there, once and in order", async () => {
    const sending = report();
    for (const how of ["fast", "immediate", "fast"]) {
      const before = kept.length;
      await until("some were taken", () => kept.length > before + 10);
      const refused = reporting.refused;
      await postgres.down(how);
      await until("both say that they cannot", () => reporting.refused > refused + 2);
      const status = await a.cli("status");
      assert.equal(status.store.available, false);
      assert.match(status.store.why, /PostgreSQL is away/);
      assert.equal(orders.ended, false, "streams of orders go on");
      await postgres.up();
      await there(a);
      await there(b);
    }
    const before = kept.length;
    await until("more are taken", () => kept.length > before + 10);
    reporting.going = false;
    await sending;
    // One that was on its way when a server stopped may be there without having been answered: it was sent again, and is there once.
    const stored = await inTheStore();
    assert.equal(new Set(stored).size, stored.length);
    assert.deepEqual(stored.filter((id) => kept.includes(id)), kept);
    assert.ok(stored.length - kept.length <= 1, "at most the last one");
    assert.equal(orders.ended, false);
    const away = /PostgreSQL is away, and reports are refused until it is back: .*/g;
    assert.ok((a.log.match(away) ?? []).length <= 12, "it is not said again and again");
  });

  // The desk waits for the database with its one thread: so long everybody waits, and not longer.
  await stage.step("PostgreSQL stands still: requests wait a few seconds, then they are told so at once, and it goes on by itself", async () => {
    const fresh = stage.own(Object.assign(await a.enrolled("Patient Ltd"), { name: "one that is patient", stop() { this.close(); } })); // its pace is whole
    assert.equal((await fresh.send(fresh.report("heartbeat", {}))).status, 200);
    postgres.signal("SIGSTOP");
    const took = [];
    for (let i = 0; i < 8; ++i) {
      const since = performance.now();
      const answer = await fresh.send(fresh.report("heartbeat", {}));
      took.push(Math.round(performance.now() - since));
      assert.deepEqual([answer.status, answer.json?.code], [503, "store_unavailable"], answer.text);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.match((await a.cli("status")).store.why, /PostgreSQL is away: it gave no answer within 3 seconds/);
    const since = performance.now();
    postgres.signal("SIGCONT");
    await there(a);
    await until("reports are taken", async () => (await fresh.send(fresh.report("heartbeat", {}))).status === 200);
    stage.say(`answers took ${took.join(", ")} ms; reports were taken ${Math.round(performance.now() - since)} ms after its return`);
    assert.ok(took[0] < 8_000, "not as long as a commit may take");
    assert.ok(took.slice(2).every((time) => time < 2_000), took.join(" "));
    assert.equal(orders.ended, false, "streams of orders go on");
  });

  await stage.step("retired on the one, it is ended on the other", async () => {
    const since = Date.now();
    await a.cli("installation", "retire", one.id);
    await until("its stream at the other ends", () => orders.ended);
    stage.say(`after ${Date.now() - since} ms`);
    assert.ok(Date.now() - since < 3000, "by the word, not by the beat");
    await until("it is refused", async () => (await oneAtB.send(one.report("heartbeat", {}))).json?.code === "installation_retired"); // after 429: it reported fast
  });

  await stage.step("a server that is killed is taken out, and the other one has its installations", async () => {
    const three = stage.own(Object.assign(await b.enrolled("Third Ltd"), { name: "three", stop() { this.close(); } }));
    const stream = await three.orders();
    assert.equal(stream.status, 200);
    const gone = serverOf(await b.cli("status"));
    await b.crash();
    const moved = await at(a, three).orders(stream.life);
    assert.equal(moved.status, 200, "its own life is let in at once");
    await until("one server is left", async () => (await a.cli("status")).servers.length === 1, 60_000);
    assert.match(a.log, new RegExp(`server ${gone} on .* is silent: it is taken out`));
    assert.equal(await state(a, three.id), "up");
    moved.stream.session.destroy();
    await b.serve();
    await there(b);
    assert.equal(serverOf(await b.cli("status")), gone, "it is who it was");
  });

  await stage.step("no password stands anywhere", async () => {
    assert.ok(!`${a.log}${b.log}`.includes("a password of the database"));
    for (const mission of [a, b]) assert.doesNotMatch(JSON.stringify(await mission.cli("status")), /a password of/);
  });
});

story("what is wrong with the way to PostgreSQL is said in a sentence", async (stage) => {
  const postgres = stage.own(await Postgres.start());
  const mission = stage.own(await MissionControl.start({ store: (folder) => postgres.keep(folder), served: false }));
  const cases = [
    ["a wrong password", { secret: "wrong" }, /password authentication failed for user "mission"/],
    ["a user that is not there", { user: "nobody" }, /password authentication failed for user "nobody"/],
    ["another authority's certificate", { roots: (await Authority.make("somebody else")).pem }, /certificate verify failed/],
    ["a certificate where a password is asked for", { user: "machine" }, /connection requires a valid client certificate/],
  ];
  for (const [title, how, sentence] of cases) {
    await stage.step(title, async () => {
      mission.keepIn((folder) => postgres.keep(folder, how));
      await mission.serve();
      const why = await until("it says why", async () => (await mission.cli("status")).store.why?.match(sentence)?.[0]);
      assert.match(mission.log, sentence);
      stage.say(why);
      await mission.crash();
    });
  }

  await stage.step("a certificate is let in", async () => {
    const certificate = await postgres.authority.client("machine");
    mission.keepIn((folder) => postgres.keep(folder, { user: "machine", certificate }));
    await postgres.sql("ALTER DATABASE mission OWNER TO machine", "postgres");
    await mission.serve();
    await there(mission);
    await mission.crash();
  });

  await stage.step("a store of a newer version is refused, and taken once it is ours again", async () => {
    await postgres.sql("UPDATE mission_control_schema SET version = version + 1");
    await mission.serve();
    await until("it says why", async () => /the store is of a newer version of Mission Control/.test((await mission.cli("status")).store.why));
    await postgres.sql("UPDATE mission_control_schema SET version = version - 1");
    await there(mission);
  });

  await stage.step("a name that is not the certificate's is refused", async () => {
    await mission.crash();
    mission.keepIn((folder) => postgres.keep(folder).replace("host: localhost", "host: 127.0.0.1"));
    await mission.serve();
    await until("it says why", async () => /certificate.*does not match host name "127\.0\.0\.1"/.test((await mission.cli("status")).store.why));
  });
});
