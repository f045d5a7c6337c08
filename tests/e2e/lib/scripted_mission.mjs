// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Mission Control that does what a story tells it to, also what the real one never would: HTTP/2 over TLS on this machine, by Node.
// It speaks line/protocol.h as far as a story does not say otherwise.
import { createSecureServer } from "node:http2";

const now = () => new Date().toISOString().replace("Z", "000Z");
export const line = (order) => `${JSON.stringify({ time: now(), ...order })}\n`;
export const hello = () => line({ order: "hello", version: "scripted" });

export class ScriptedMission {
  name = "the scripted Mission Control";
  codes = new Set(); // that enrol, once each
  orders = []; // streams that are open, the last one last
  reports = []; // documents that came
  connections = 0;
  tunnel = (stream) => stream.respond({ ":status": 404 }, { endStream: true }); // what becomes of a wish for the tunnel
  tunnels = 0; // such wishes
  greet = (stream) => stream.write(hello());
  lives = [[-1, 48]]; // of the certificates that it issues, in hours from now; the last one goes on
  updates = undefined; // (path, asked, stream): answers what is asked about updates
  asks = undefined; // of line/asks.h, in the answer to a heartbeat
  refuse = undefined; // {status, code, detail}: in place of all else
  #sessions = new Set();

  static async start(authority, { installation = "01KB3V2H6Y8Q4N5R7T9W0X1Z2A", port = 0 } = {}) {
    const own = new ScriptedMission();
    own.authority = authority;
    own.installation = installation;
    const { certificate, key } = await authority.server("mission", { names: ["IP:127.0.0.1"] });
    own.server = createSecureServer({ cert: certificate, key, ca: authority.pem, requestCert: true, rejectUnauthorized: false });
    own.server.on("session", (session) => {
      own.connections++;
      own.#sessions.add(session);
      session.on("close", () => own.#sessions.delete(session)).on("error", () => {});
    });
    own.server.on("sessionError", () => {});
    own.server.on("stream", (stream, headers) => own.#take(stream, headers).catch(() => stream.close()));
    await new Promise((resolve) => own.server.listen(port, "127.0.0.1", resolve));
    own.port = own.server.address().port;
    own.url = `https://127.0.0.1:${own.port}`;
    return own;
  }

  async #take(stream, headers) {
    stream.on("error", () => {});
    const peer = stream.session.socket.getPeerCertificate();
    if (headers[":path"] === "/line/v1/tunnel") {
      this.tunnels++;
      return this.tunnel(stream);
    }
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    const [path] = headers[":path"].split("?");
    const answer = (status, document) => {
      stream.respond({ ":status": status, "content-type": status === 200 ? "application/json" : "application/problem+json" });
      stream.end(typeof document === "string" ? document : JSON.stringify(document));
    };
    const asked = pieces.length > 0 ? JSON.parse(Buffer.concat(pieces).toString()) : {};
    if (path === "/line/v1/enrol") return this.#enrol(asked, answer);
    if (!peer.subjectaltname?.includes(this.installation)) return answer(403, { code: "installation_unknown", detail: "" });
    if (this.refuse) return answer(this.refuse.status, this.refuse);
    if (path === "/line/v1/renew") return answer(200, { certificate: await this.#issue(asked.request) });
    if (path === "/line/v1/reports") {
      this.reports.push(asked);
      const beat = this.asks && asked.reports.find((report) => report.kind === "heartbeat");
      return answer(200, { taken: asked.reports.map((report) => report.id), ...(beat ? { answers: { [beat.id]: { asks: this.asks } } } : {}) });
    }
    if (this.updates && path.startsWith("/line/v1/updates/")) return this.updates(path, asked, stream);
    if (path !== "/line/v1/orders") return answer(404, {});
    stream.respond({ ":status": 200, "content-type": "application/jsonl" });
    this.orders.push(stream);
    this.greet(stream);
  }

  async #enrol(asked, answer) {
    if (!this.codes.delete(asked.code)) return answer(403, { code: "enrolment_code_wrong", detail: "" });
    return answer(200, { installation: this.installation, customer: "Acme", certificate: await this.#issue(asked.request) });
  }
  #issue(request) {
    const life = this.lives.length > 1 ? this.lives.shift() : this.lives[0];
    const uri = `spiffe://mission.example/installation/${this.installation}`;
    return this.authority.sign(request, `extendedKeyUsage=clientAuth\nsubjectAltName=URI:${uri}`, life);
  }

  // say: an order, to whoever listens last.
  say(order) {
    this.orders.at(-1).write(line(order));
  }
  // cut: every connection, without a word.
  cut() {
    for (const session of this.#sessions) session.destroy();
  }
  stop() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
