// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mail servers that are not what they should be: they never answer, never end a line or a reply, speak no SMTP, take STARTTLS away, slip
// words in before TLS, show a certificate of their own, quote what drives a terminal. Each gets nothing but what is said in the clear, the
// list says what is wrong, and the link goes on carrying for others.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { MailServer } from "./lib/receivers.mjs";
import { story, until } from "./lib/story.mjs";

const kPatience = 90_000; // one that never answers is waited for
const kPiece = "x".repeat(1 << 16);

// A server that does as it likes with each connection, and remembers what it was told in the clear.
class HostileMailServer {
  heard = "";
  visits = 0;
  #sockets = new Set();

  static async start(name, behave, secure) {
    const server = new HostileMailServer();
    server.name = `the mail server that is ${name}`;
    const meet = (socket) => {
      server.visits++;
      server.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => server.#sockets.delete(socket));
      socket.on("data", (piece) => (server.heard += piece.toString("latin1")));
      behave(socket);
    };
    server.server = secure ? tls.createServer({ cert: secure.certificate, key: secure.key }, meet).on("tlsClientError", () => server.visits++) : net.createServer(meet);
    await new Promise((resolve) => server.server.listen(0, "127.0.0.1", resolve));
    server.port = server.server.address().port;
    return server;
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

// Without end, as fast as it is taken.
const pour = (socket, piece) => {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
};
const afterEhlo = (answer) => (socket) => {
  socket.write("220 mail.example ESMTP\r\n");
  let said = "";
  socket.on("data", (piece) => {
    said += piece.toString("latin1");
    const lines = said.split("\r\n");
    said = lines.pop();
    for (const line of lines) answer(socket, line);
  });
};
const withStartTls = (then) =>
  afterEhlo((socket, line) => {
    if (line.startsWith("EHLO")) socket.write("250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n");
    if (line === "STARTTLS") then(socket);
  });

// name: [what it does, what is said of it, "tls" if it begins with TLS]
const kServers = {
  silent: [() => {}, /within 1m/],
  endless: [(socket) => pour(socket, `220-${kPiece}`), /a line that is too long/],
  talkative: [(socket) => pour(socket, "220-and another thing\r\n".repeat(1000)), /does not speak SMTP/],
  binary: [(socket) => socket.write(Buffer.from([0xff, 0x00, 0x80, 0x1b, 0x5b, 0x0d, 0x0a])), /does not speak SMTP/],
  impatient: [(socket) => socket.end(), /closed the connection/],
  undecided: [(socket) => socket.write("220-one\r\n250 another\r\n"), /does not speak SMTP/],
  stripped: [afterEhlo((socket, line) => line.startsWith("EHLO") && socket.write("250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n")), /does not offer STARTTLS/],
  between: [withStartTls((socket) => socket.write("220 go ahead\r\n250-mail.example\r\n250 AUTH PLAIN\r\n")), /sent more before TLS/],
  plain: [withStartTls((socket) => socket.write("220 go ahead\r\n", () => setImmediate(() => pour(socket, "250 no TLS here\r\n")))), /./],
  stranger: [(socket) => socket.write("220 mail.example ESMTP\r\n"), /certificate|not trusted|issuer/i, "tls"],
  rude: [
    afterEhlo((socket, line) => socket.write(line.startsWith("EHLO") ? "250-mail.example\r\n250 AUTH PLAIN\r\n" : "535 \x1b[31mno\x07\x9b \xe2\x80\xae!\r\n")),
    /answered 535 /,
    "own",
  ],
};

story("a mail server that is hostile gets nothing and holds nobody up", async (stage) => {
  const [ours, theirs] = [stage.own(await Authority.make("receivers")), stage.own(await Authority.make("strangers"))];
  const good = await ours.server("receiver");
  const certificates = { tls: await theirs.server("stranger"), own: good };
  const account = { user: "postern", password: `mail-${randomBytes(9).toString("hex")}` };
  plant("the mail password", account.password);
  const mail = stage.own(await MailServer.start(good, account));
  const servers = {};
  for (const [name, [behave, , secure]] of Object.entries(kServers)) servers[name] = stage.own(await HostileMailServer.start(name, behave, certificates[secure]));

  const target = (name, port, security) => `
  - name: ${name}
    email: { server: "127.0.0.1:${port}", security: ${security}, user: postern, password_file: mail.password, from: postern@example.org, to: [support@example.org] }
    events: [request.created]
    tls: { roots: receivers.pem }`;
  const targets = Object.entries(servers).map(([name, { port }]) => target(name, port, kServers[name][2] ? "tls" : "starttls"));
  const component = stage.own(await LittleComponent.start((_, response) => response.end("done\n")));
  const gateway = stage.own(
    await Gateway.start({
      services: component.services,
      secrets: { "mail.password": `${account.password}\n`, "receivers.pem": ours.pem },
      configure: (text) => `${text}\nnotifications:${target("good", mail.port, "tls")}${targets.join("")}\n`,
    }),
  );
  const link = async () => (await gateway.cli("status")).roles.find((role) => role.name.startsWith("link"));
  const before = await link();
  await gateway.admit("alice");
  await gateway.cli("capability", "set", "metrics.read", "ask");
  const alice = await gateway.signIn("alice");
  assert.equal((await alice.send("POST", "/.postern/api/requests", { capabilities: ["metrics.read"], reason: "disk full" })).status, 201);

  await stage.step("who keeps to the rules has the mail at once", async () => {
    await until("the mail is there", () => mail.received.length === 1, kPatience);
  });

  await stage.step("of each other one the list says what is wrong, in words that drive no terminal", async () => {
    for (const [name, [, words]] of Object.entries(kServers)) {
      const problem = await until(`it is said of ${name}`, async () => {
        const { items } = await gateway.cli("notification", "list");
        return items.find((one) => one.name === name).problem;
      }, kPatience);
      assert.match(problem, words, name);
      assert.ok(problem.length < 500 && !/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/.test(problem), `${name}: ${JSON.stringify(problem)}`);
      assert.ok(servers[name].visits > 0, name);
    }
  });

  await stage.step("none was told anything but what is said in the clear", () => {
    for (const [name, { heard }] of Object.entries(servers)) {
      if (name === "rude") continue; // it is who it says it is
      const lines = heard.split("\r\n").filter(Boolean);
      const clear = lines.filter((line) => !/^EHLO [!-~]+$/.test(line) && line !== "STARTTLS");
      if (name === "plain") assert.ok(clear.every((line) => /^[\x14-\x17]\x03/.test(line) || !/MAIL|AUTH|RCPT/.test(line)), JSON.stringify(clear));
      else assert.deepEqual(clear, [], name);
    }
    for (const { heard } of Object.values(servers)) assert.ok(!heard.includes(account.password) && !heard.includes("support@example.org"));
  });

  await stage.step("the link is the same process, and carries the next mail", async () => {
    assert.equal((await link()).pid, before.pid);
    await gateway.cli("notification", "test", "good");
    await until("the next mail is there", () => mail.received.length === 2, kPatience);
    assert.ok(!gateway.log.includes(account.password));
  });
});
