// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A client of the gateway without a browser: it speaks HTTP, remembers the session's cookie, and verifies the gateway's certificate with
// the authority that `postern init` made. The one that sends bytes as they are is WireClient in wire.mjs.
import https from "node:https";
import { Search } from "./planted.mjs";

// readAll: a response with its whole body. A response that is cut rejects, and one with something that was planted.
export const readAll = async (response) => {
  const pieces = [];
  const search = new Search();
  search.see(response.rawHeaders.join("\n"));
  for await (const piece of response) search.see(piece), pieces.push(piece);
  const body = Buffer.concat(pieces);
  return {
    status: response.statusCode,
    headers: response.headers,
    body,
    get text() {
      return body.toString("utf8");
    },
    get json() {
      return JSON.parse(body.toString("utf8"));
    },
    event: response.headers["postern-event"],
  };
};

export class Client {
  cookie;
  #options;

  // where: {port, ca}; `tls` may hold cert and key of a client certificate.
  constructor({ port, ca, tls: certificate = {} }) {
    this.port = port;
    this.ca = ca;
    this.agent = new https.Agent({ keepAlive: true, maxSockets: 256 });
    this.#options = { host: "127.0.0.1", servername: "localhost", port, ca, agent: this.agent, ...certificate };
  }

  // open: sends a request; resolves with the response (a stream) once its head is there.
  open(path, { method = "GET", headers = {}, body, agent } = {}) {
    const cookie = this.cookie ? { Cookie: this.cookie } : {};
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const request = https.request({
        ...this.#options,
        ...(agent === undefined ? {} : { agent }),
        path,
        method,
        headers: { Host: `localhost:${this.port}`, ...cookie, ...length, ...headers },
      });
      request.once("error", reject).once("response", resolve);
      request.setTimeout(60_000, () => request.destroy(new Error(`${method} ${path}: nothing for 60 s`)));
      request.end(body);
    });
  }

  // fetch: the whole response: {status, headers, body, text, json, event}.
  async fetch(path, options) {
    const answer = await readAll(await this.open(path, options));
    const set = (answer.headers["set-cookie"] ?? []).find((line) => line.startsWith("__Host-"));
    if (set) this.cookie = set.split(";")[0];
    return answer;
  }

  send(method, path, value, headers = {}) {
    return this.fetch(path, { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) });
  }

  close() {
    this.agent.destroy();
  }
}
