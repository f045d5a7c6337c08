// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An authority's OCSP responder: HTTP on this machine, answers by the openssl command. `mode` decides what it says from now on.
import { createServer } from "node:http";

export class OcspResponder {
  name = "the OCSP responder";
  asked = 0;
  turn = Promise.resolve();
  mode = "good"; // "good", "revoked", "junk" (200, but no response), "down" (503) or "silent" (no answer)

  static async start(authority) {
    const responder = new OcspResponder();
    responder.server = createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      responder.asked++;
      if (responder.mode === "silent") return undefined;
      if (responder.mode === "down") return response.writeHead(503).end("later\n");
      const good = request.method === "POST" && request.headers["content-type"] === "application/ocsp-request";
      if (!good) return response.writeHead(400).end();
      const revoked = responder.mode === "revoked";
      // The authority's command works in files of fixed names: one question at a time.
      const answer = (responder.turn = responder.turn.then(() => (responder.mode === "junk" ? Buffer.from("junk") : authority.ocsp(Buffer.concat(pieces), { revoked }))));
      responder.last = await answer;
      response.writeHead(200, { "content-type": "application/ocsp-response" }).end(await answer);
    });
    await new Promise((resolve) => responder.server.listen(0, "127.0.0.1", resolve));
    responder.url = `http://127.0.0.1:${responder.server.address().port}/ocsp`;
    return responder;
  }

  async stop() {
    this.mode = "silent"; // and the last answer is made before the authority's folder goes
    await this.turn.catch(() => {});
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
