// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Connections that are held open, by hand: for stories that look at the certificate of a handshake, or change it meanwhile.
import tls from "node:tls";

// connect: resolves once the handshake is done, with the socket. Nothing is verified unless options say so.
export const connect = (port, servername, options = {}) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", servername, port, rejectUnauthorized: false, ...options });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed in its handshake")));
    socket.once("secureConnect", () => resolve(socket));
  });

// ask: one request on an open connection; resolves with the status line.
export const ask = (socket) =>
  new Promise((resolve, reject) => {
    socket.once("close", () => reject(new Error("the connection was closed")));
    socket.once("data", (bytes) => resolve(bytes.toString("latin1").split("\r\n")[0]));
    socket.write("GET /.postern/ HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
  });
