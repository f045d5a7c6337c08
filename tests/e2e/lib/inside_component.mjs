// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component that runs by itself, for a network in which the story does not: /little/drip never ends, /little/large has as many bytes as
// it is asked for, /little/count counts what it is sent, and /little/live says what it is told over a WebSocket.
import http from "node:http";
import { WebSocketServer } from "ws";

const piece = Buffer.alloc(64 << 10, "the same again ");
const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://inside");
  if (pathname === "/little/drip") {
    response.writeHead(200, { "Content-Type": "text/plain" });
    const timer = setInterval(() => response.write("one more line of a stream that does not end\n".repeat(200)), 2);
    return response.once("close", () => clearInterval(timer));
  }
  if (pathname === "/little/large") {
    let left = Number(searchParams.get("bytes"));
    response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": left });
    const more = () => {
      while (left > 0) {
        const next = left >= piece.length ? piece : piece.subarray(0, left);
        left -= next.length;
        if (!response.write(next)) return response.once("drain", more);
      }
      response.end();
    };
    return more();
  }
  if (pathname === "/little/count") {
    let bytes = 0;
    return request.on("data", (data) => (bytes += data.length)).on("end", () => response.end(`${bytes}\n`));
  }
  response.end("well\n");
});
const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data, binary) => ws.send(data, { binary }))));
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listens"));
process.on("SIGTERM", () => process.exit(0));
