// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is told of events: a webhook behind TLS and a mail server, each of which can be away, refuse, hang or talk nonsense.
import https from "node:https";
import { createRequire } from "node:module";

const { SMTPServer } = createRequire(import.meta.url)("smtp-server");

const listen = (server, port = 0) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.server ?? server).address().port)); // smtp-server keeps its own within
  });

export class WebhookReceiver {
  name = "the webhook's receiver";
  received = []; // {headers, body}, those that were taken
  attempts = 0;
  behaviour = "take"; // or "refuse" (500), "hang", "lie" (no HTTP at all)
  #sockets = new Set();

  static async start(tls) {
    const receiver = new WebhookReceiver();
    receiver.tls = tls;
    await receiver.open();
    return receiver;
  }

  async open() {
    this.server = https.createServer({ cert: this.tls.certificate, key: this.tls.key }, (request, response) => this.#answer(request, response));
    this.server.on("connection", (socket) => this.#sockets.add(socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket))));
    this.port = await listen(this.server, this.port);
  }

  #answer(request, response) {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      this.attempts++;
      if (this.behaviour === "hang") return;
      if (this.behaviour === "lie") return request.socket.end("220 I speak something else\r\n");
      if (this.behaviour === "refuse") return response.writeHead(500).end("no");
      this.received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

export class MailServer {
  name = "the mail server";
  received = []; // {from, to, text, user}
  refusing = false;

  // account: {user, password}. starttls: TLS begins after a word in the clear.
  static async start(tls, account, { starttls = false } = {}) {
    const mail = new MailServer();
    mail.server = new SMTPServer({
      cert: tls.certificate,
      key: tls.key,
      secure: !starttls,
      onAuth: (auth, session, done) =>
        auth.username === account.user && auth.password === account.password ? done(null, { user: auth.username }) : done(new Error("who is that")),
      onRcptTo: (address, session, done) => (mail.refusing ? done(new Error("not today")) : done()),
      onData: (stream, session, done) => {
        let text = "";
        stream.on("data", (piece) => (text += piece.toString("utf8")));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          mail.received.push({ from: mailFrom.address, to: rcptTo.map((one) => one.address), text, user: session.user, secure: session.secure });
          done();
        });
      },
    });
    mail.server.on("error", () => {}); // a client that leaves early is no failure of the story's
    mail.port = await listen(mail.server);
    return mail;
  }

  stop() {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

// headOf: the fields of a mail's head as a Map, unfolded; bodyOf: its decoded text.
export const headOf = ({ text }) =>
  new Map(
    text
      .slice(0, text.indexOf("\r\n\r\n"))
      .replace(/\r\n[ \t]+/g, " ")
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
export const bodyOf = ({ text }) => Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "base64").toString("utf8");
// decoded: the words of RFC 2047 in a field.
export const decoded = (field) => field.replace(/\?= =\?/g, "?==?").replace(/=\?utf-8\?B\?([^?]*)\?=/g, (_, coded) => Buffer.from(coded, "base64").toString("utf8"));
