// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where an authority publishes its lists of revoked certificates: HTTP on this machine. `mode` decides how it answers from now on, `content`
// what it gives.
import { createServer } from "node:http";

export class PkiServer {
  name = "the authority's server";
  asked = 0;
  mode = "good"; // "good", "down" (503), "redirect", "huge" (more than anybody wants) or "slow" (a byte now and then)
  content = ""; // text, or a function that gives it
  paths = []; // that were asked for

  static async start(content = "") {
    const pki = new PkiServer();
    pki.content = content;
    pki.server = createServer((request, response) => pki.#answer(request, response));
    await new Promise((resolve) => pki.server.listen(0, "127.0.0.1", resolve));
    pki.authority = `127.0.0.1:${pki.server.address().port}`;
    pki.url = `http://${pki.authority}/support.crl`;
    return pki;
  }

  #answer(request, response) {
    this.asked++;
    this.paths.push(request.url);
    if (this.mode === "down") return response.writeHead(503).end("later\n");
    if (this.mode === "redirect") return response.writeHead(302, { location: "http://127.0.0.1:9/elsewhere" }).end();
    if (this.mode === "huge") return response.writeHead(200).end(Buffer.alloc(3 << 20, "x"));
    if (this.mode === "slow") {
      response.writeHead(200, { "content-length": "4096" });
      const timer = setInterval(() => response.write("-"), 500);
      response.once("close", () => clearInterval(timer));
      return undefined;
    }
    const content = typeof this.content === "function" ? this.content() : this.content;
    return response.writeHead(200, { "content-type": "application/pkix-crl" }).end(content);
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
