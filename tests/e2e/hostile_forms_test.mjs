// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Thousands of ambiguous and hostile forms of a message (lib/forms.mjs, lib/forms_h2.mjs), each as the first and as the second of a connection.
// A form is refused, or the component sees it in the one meaning that the client's bytes have by a strict reading, that the log has, and that
// Node's parser and twenty careless readers have of what was written. Nothing of one message is ever read as another.
import assert from "node:assert/strict";
import net from "node:net";
import { forms } from "./lib/forms.mjs";
import { formsOfHttp2, readHttp2 } from "./lib/forms_h2.mjs";
import { FrameClient, block, flag, frame, type } from "./lib/frames.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { habits, readAsNode, readCarelessly, readStrictly } from "./lib/readings.mjs";
import { story, until } from "./lib/story.mjs";
import { WireClient } from "./lib/wire.mjs";

const policy = `version: 1
capabilities:
  any.read: { title: Read, class: read, operations: [GET /**, OPTIONS /**] }
  any.write: { title: Write, class: write, operations: [POST /**, PUT /**, PATCH /**, DELETE /**] }
`;

// Keeps every byte that it is sent, and says in each answer which message of all it answers. /switch is answered with 101: what comes on
// that connection afterwards has gone through a tunnel.
class Recorder {
  name = "the recorder";
  connections = [];
  messages = []; // in the order in which they were complete
  nonsense = [];

  static async start() {
    const recorder = new Recorder();
    recorder.server = net.createServer({ noDelay: true }, (socket) => recorder.#accept(socket));
    await new Promise((resolve) => recorder.server.listen(0, "127.0.0.1", resolve));
    recorder.url = `http://127.0.0.1:${recorder.server.address().port}`;
    return recorder;
  }

  #accept(socket) {
    const connection = { socket, text: "", judged: 0, tunnel: false };
    this.connections.push(connection);
    socket.on("error", () => {}).on("data", (piece) => {
      connection.text += piece.toString("latin1");
      if (connection.tunnel) this.nonsense.push(`through a tunnel: ${piece.toString("latin1")}`);
      else this.#read(connection);
    });
  }
  #read(connection) {
    const { messages, left } = readStrictly(connection.text.slice(connection.judged));
    for (const message of messages) {
      const raw = connection.text.slice(connection.judged, (connection.judged += message.size));
      this.messages.push({ ...message, raw });
      connection.tunnel = message.target.startsWith("/switch");
      const answer = connection.tunnel ? "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: anything" : "200 OK\r\nContent-Length: 0";
      connection.socket.write(`HTTP/1.1 ${answer}\r\nX-Seen: ${this.messages.length - 1}\r\n\r\n`);
    }
    if (left === "nonsense") this.nonsense.push(connection.text.slice(connection.judged));
  }

  async stop() {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

// What a target names, as naively as that can be said: [path, pairs].
const decode = (text) => text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
const named = (target) => {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const [path, ...query] = origin.split("?");
  const pairs = query.join("?").split("&").filter((pair) => pair !== "");
  return JSON.stringify([decode(path) || "/", pairs.map((pair) => pair.replaceAll("+", " ")).map((pair) => [decode(pair.split("=")[0]), decode(pair.split("=").slice(1).join("="))])]);
};
const isOurs = (host) => /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/i.test(host); // as init names it

const valuesOf = (fields, name) => fields.filter((field) => field[0] === name).map((field) => field[1]).join(", ");
const written = ["host", "accept-encoding", "content-length", "transfer-encoding", "cookie", "connection", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "traceparent", "tracestate"];

// isSame: what the component saw is what the client meant.
const isSame = (seen, meant) =>
  seen.method === meant.method && seen.body === meant.body && isOurs(meant.host) && named(seen.target) === named(meant.target) && !/^[a-z]/i.test(seen.target) &&
  seen.fields.every(([name]) => written.includes(name) || valuesOf(seen.fields, name) === valuesOf(meant.fields, name));

class Judge {
  count = { forms: 0, refused: 0, forwarded: 0, ambiguous: 0, split: 0 };
  findings = [];

  // seen: what reached the component while this was sent; meant: what it is by a strict reading, the form first, then our own message.
  // claimed: of each answer in order, the message that it says it answers, or undefined.
  judge(what, seen, meant, claimed) {
    ++this.count.forms;
    let at = 0;
    let forwarded = false;
    for (const message of seen) {
      const begin = at;
      while (at < meant.length && !isSame(message, meant[at])) ++at;
      if (at === meant.length) return this.#finding(begin < meant.length && seen.length <= meant.length ? "ambiguous" : "split", what, message);
      forwarded ||= at === 0;
      ++at;
    }
    for (const [i, message] of claimed.entries())
      if (message && !(meant[i] && isSame(message, meant[i]))) return this.#finding("split", `${what}: an answer to something else`, message);
    ++this.count[forwarded ? "forwarded" : "refused"];
  }
  #finding(kind, what, message) {
    ++this.count[kind];
    this.findings.push(`${kind}: ${what}: the component saw ${JSON.stringify(message.raw.slice(0, 400))}`);
  }
  get summary() {
    const { forms: all, ...rest } = this.count;
    return `${all} messages: ${Object.entries(rest).map(([name, count]) => `${count} ${name}`).join(", ")}`;
  }
}

class Sender {
  constructor(gateway, recorder, cookie) {
    Object.assign(this, { gateway, recorder, cookie, probes: 0 });
    this.plain = this.#own("GET /plain");
    this.tail = this.#own("GET /tail", "Connection: close\r\n");
  }
  #own(line, more = "") {
    return `${line} HTTP/1.1\r\nHost: localhost\r\nCookie: ${this.cookie}\r\n${more}\r\n`;
  }

  // of: {seen, meant, claimed} of a form.
  async of(form, second) {
    const text = form.text.replaceAll("$COOKIE", this.cookie) + this.tail;
    const { messages: meant, left } = readStrictly(text);
    const client = await WireClient.connect(this.gateway, { session: this.ticket });
    client.socket.once("session", (ticket) => (this.ticket = ticket));
    if (second) client.send(this.plain), assert.equal((await client.response()).status, 200);
    const begin = this.recorder.messages.length;
    client.send(text);
    if (left === "part") client.socket.end();
    const claimed = [];
    for (let answer; (answer = await client.response(meant[claimed.length]?.method ?? "GET")) !== null; ) {
      claimed.push(answer.headers["x-seen"] && this.recorder.messages[answer.headers["x-seen"]]);
      if (client.ended && client.received.length === 0) break;
    }
    client.close();
    return { seen: this.recorder.messages.slice(begin), meant, claimed };
  }

  async ofHttp2(form, second) {
    const client = await FrameClient.connect(this.gateway);
    const send = async (stream, { fields, data = [], trailers }) => {
      const filled = (list) => block(list.map(([name, value]) => [name, value.replaceAll("$COOKIE", this.cookie)]));
      const alone = data.length === 0 && !trailers;
      const frames = [frame(type.headers, flag.endHeaders | (alone ? flag.endStream : 0), stream, filled(fields))];
      data.forEach((piece, i) => frames.push(frame(type.data, !trailers && i === data.length - 1 ? flag.endStream : 0, stream, piece)));
      if (trailers) frames.push(frame(type.headers, flag.endHeaders | flag.endStream, stream, filled(trailers)));
      client.send(frames);
      await client.end(stream);
    };
    const own = (path) => ({ fields: [[":method", "GET"], [":scheme", "https"], [":authority", "localhost"], [":path", path], ["cookie", "$COOKIE"]] });
    if (second) await send(1, own("/plain"));
    const begin = this.recorder.messages.length;
    await send(3, form);
    if (!client.over) await send(5, own("/tail"));
    client.close();
    return { seen: this.recorder.messages.slice(begin), meant: [readHttp2(form), readHttp2(own("/tail"))].filter(Boolean), claimed: [] };
  }

  // probe: a message of somebody else's, behind the form, gets the answer to what it asked.
  async probe() {
    this.other ??= await WireClient.connect(this.gateway);
    const path = `/probe/${++this.probes}`;
    this.other.send(this.#own(`GET ${path}`));
    const { status, headers } = await this.other.response();
    assert.equal(status, 200, path);
    assert.equal(this.recorder.messages[headers["x-seen"]].target, path, "the answer to what was asked");
  }
}

story("no hostile form reaches the component in two meanings", async (stage) => {
  const recorder = stage.own(await Recorder.start());
  const gateway = stage.own(await Gateway.start({ services: { any: recorder.url }, policy, configure: (text) => `${text}workers: 1\n` }));
  await gateway.admit("alice", ["any.read", "any.write"]);
  const alice = await gateway.signIn("alice");
  const sender = new Sender(gateway, recorder, alice.cookie);
  const judge = new Judge();

  const send = async (list, how) => {
    for (const second of [false, true])
      for (const form of list) {
        const what = `${form.family}, ${form.name}${second ? ", second on its connection" : ""}`;
        const { seen, meant, claimed } = await how(form, second).catch((error) => assert.fail(`${what}: ${error.message}`));
        judge.judge(what, seen, meant, claimed);
        if (judge.count.forms % 4 === 0) await sender.probe();
      }
  };
  await stage.step("in HTTP/1.1", async () => {
    const list = forms();
    assert.ok(list.length >= 1_000, `${list.length} forms`);
    await send(list, (form, second) => sender.of(form, second));
    stage.say(judge.summary);
  });
  await stage.step("in HTTP/2", async () => {
    await send(formsOfHttp2(), (form, second) => sender.ofHttp2(form, second));
    stage.say(`with HTTP/2, ${judge.summary}`);
  });
  await stage.step("none had two meanings, none became two", async () => {
    assert.deepEqual(judge.findings.slice(0, 20), []);
    assert.deepEqual(recorder.nonsense, []);
    assert.ok(judge.count.forwarded > 300 && judge.count.refused > 3_000, "both happen");
  });

  await stage.step("careless readers have no other meaning of what was written", async () => {
    for (const message of recorder.messages) {
      const { method, target, host, body, raw } = message;
      for (const [name, habit] of Object.entries(habits))
        assert.deepEqual(readCarelessly(raw, habit), { method, target, host, body, end: raw.length }, `who ${name}`);
    }
    const read = await readAsNode(recorder.connections.map(({ text, judged }) => text.slice(0, judged)));
    const byNode = recorder.connections.map(({ text, judged }, i) => ({ ours: readStrictly(text.slice(0, judged)).messages, theirs: read[i] }));
    for (const { ours, theirs } of byNode) assert.deepEqual(theirs, ours.map(({ method, target, host, body }) => ({ method, target, host, body })));
    stage.say(`${recorder.messages.length} messages on ${recorder.connections.length} connections mean the same to Node and ${Object.keys(habits).length} careless readers`);
  });

  await stage.step("the log says what the component saw", async () => {
    const told = () => {
      const events = readJournal(gateway);
      const ends = new Map(events.filter((event) => event.type === "exchange.completed").map((event) => [event.detail.forwarded, event.detail]));
      const begun = events.filter((event) => event.type === "exchange.forwarded").map(({ id, detail }) => ({ detail, end: ends.get(id) }));
      return begun.every((one) => one.end) && begun.filter((one) => ["completed", "component_failed"].includes(one.end.outcome));
    };
    const events = await until("each exchange has come to its end", () => { const all = told(); return all && all.length >= recorder.messages.length && all; });
    const said = events.map(({ detail, end }) => `${detail.method} ${detail.target} ${end.request_bytes}`);
    assert.deepEqual(said, recorder.messages.map(({ method, target, body }) => `${method} ${target} ${body.length}`));
  });
  alice.close();
}, 600_000);
