// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that go on without a pause while a gateway is handed over: over HTTP/1.1 on connections that are kept and on new ones, over
// HTTP/2, and on WebSockets that say something again and again. What each of them must put up with is counted, and how long each exchange
// took. A WebSocket that is closed with 1001 comes back.
import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import WebSocket, { WebSocketServer } from "ws";

export const handOverPolicy = `version: 1
capabilities:
  any.read:
    title: Read
    class: read
    operations:
      - GET /r/**
      - { call: GET /live, safe: true, websocket: { max_message: 65536 } }
`;

// HandOverComponent: says what it was asked, after a moment; /r/slow/N streams for N milliseconds; /live says what it hears.
export class HandOverComponent {
  name = "a component with answers, streams and WebSockets";
  static async start() {
    const component = new HandOverComponent();
    component.http = http.createServer((request, response) => {
      const slow = /^\/r\/slow\/(\d+)$/.exec(request.url);
      if (!slow) return setTimeout(() => response.end(request.url), 3);
      response.write("begun;");
      const timer = setInterval(() => response.write("more;"), 20);
      const end = setTimeout(() => (clearInterval(timer), response.end("ended")), Number(slow[1]));
      response.on("close", () => (clearInterval(timer), clearTimeout(end)));
    });
    const server = new WebSocketServer({ noServer: true });
    component.http.on("upgrade", (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (ws) => ws.on("error", () => {}).on("message", (data) => ws.send(data.toString()))));
    await new Promise((resolve) => component.http.listen(0, "127.0.0.1", resolve));
    component.services = { little: `http://127.0.0.1:${component.http.address().port}` };
    return component;
  }
  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class HandOverLoad {
  took = []; // milliseconds of each exchange
  broken = []; // what went wrong
  closes = []; // codes with which WebSockets were closed
  answered = { kept: 0, fresh: 0, h2: 0, ws: 0 };
  #last = 0;
  #on = true;
  #all;

  constructor(gateway, cookie, { kept = 8, fresh = 2, h2 = 4, ws = 2 } = {}) {
    this.gateway = gateway;
    this.cookie = cookie;
    const each = (count, visit) => Array.from({ length: count }, () => visit.call(this));
    this.#all = Promise.all([...each(kept, this.#kept), ...each(fresh, this.#fresh), ...each(h2, this.#h2), ...each(ws, this.#ws)]);
    this.#all.catch(() => {}); // end() tells
  }

  get total() {
    return Object.values(this.answered).reduce((sum, each) => sum + each, 0);
  }

  async end() {
    this.#on = false;
    await this.#all;
  }

  async #timed(kind, target, ask) {
    const began = performance.now();
    try {
      assert.equal(await ask(), target, "the answer to what was asked");
      this.took.push(performance.now() - began);
      ++this.answered[kind];
    } catch (error) {
      if (error.retry) return; // the client knows that nothing was done
      this.broken.push(`${kind} ${target} after ${Math.round(performance.now() - began)} ms: ${error.code ?? ""} ${error.message}`);
      await pause(20);
    }
  }

  async #kept() {
    const client = this.gateway.client();
    client.cookie = this.cookie;
    while (this.#on) {
      const target = `/r/${++this.#last}`;
      await this.#timed("kept", target, async () => this.#text(await client.fetch(target)));
    }
    client.close();
  }

  async #fresh() {
    while (this.#on) {
      const client = this.gateway.client();
      client.cookie = this.cookie;
      const target = `/r/${++this.#last}`;
      await this.#timed("fresh", target, async () => this.#text(await client.fetch(target, { agent: false })));
      client.close();
    }
  }

  #text(answer) {
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return answer.text;
  }

  async #h2() {
    let session;
    while (this.#on) {
      if (!session || session.closed || session.destroyed) {
        session = http2.connect(this.gateway.url, { ca: this.gateway.ca });
        const mine = session;
        mine.on("error", () => {}).on("goaway", () => mine.close());
      }
      const target = `/r/${++this.#last}`;
      await this.#timed("h2", target, () => this.#ask(session, target));
    }
    session.close();
  }

  #ask(session, target) {
    return new Promise((resolve, reject) => {
      const stream = session.request({ ":path": target, cookie: this.cookie });
      let status, text = "";
      stream.setEncoding("utf8");
      stream.on("response", (head) => (status = head[":status"])).on("data", (piece) => (text += piece));
      stream.on("error", (error) => reject(Object.assign(error, { retry: ["ERR_HTTP2_GOAWAY_SESSION"].includes(error.code) })));
      stream.on("end", () => (status === 200 ? resolve(text) : reject(new Error(`${status} ${text}`))));
      stream.end();
    });
  }

  async #ws() {
    while (this.#on) {
      const socket = new WebSocket(`wss://localhost:${this.gateway.port}/live`, { ca: this.gateway.ca, headers: { Cookie: this.cookie } });
      const closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
      const opened = await new Promise((resolve) => socket.once("open", () => resolve(true)).once("error", (error) => (this.broken.push(`ws: ${error.message}`), resolve(false))));
      while (opened && this.#on && socket.readyState === WebSocket.OPEN) {
        const text = String(++this.#last);
        const heard = new Promise((resolve) => socket.once("message", (data) => resolve(data.toString())));
        const began = performance.now();
        socket.send(text, () => {});
        const answer = await Promise.race([heard, closed.then(() => undefined)]);
        if (answer === undefined) break; // its code says whether that was in order
        assert.equal(answer, text);
        this.took.push(performance.now() - began);
        ++this.answered.ws;
        await pause(5);
      }
      if (this.#on) this.closes.push(await closed);
      else socket.terminate();
    }
  }
}

// quantile: of a list of numbers; 1 is the largest.
export const quantile = (numbers, q) => numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(q * numbers.length))];
