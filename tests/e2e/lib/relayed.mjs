// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Both ends of a tunnel's stream by hand (line/tunnel.h): an engineer's socket over what an installation asked for, and an
// installation that brings what comes to a server of this machine.
import net from "node:net";
import { Duplex } from "node:stream";
import { ulid } from "./mission.mjs";

export const head = (more = {}) => `${JSON.stringify({ id: ulid(), relay: "mission.example", client: "198.51.100.7:4711", name: "acme.reach.example", ...more })}\n`;
export const chunk = (bytes) => {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

// engineerOver: what an engineer would have as a socket, when Mission Control answers that stream. Not read: not taken.
export const engineerOver = (stream, more) => {
  if (!stream.headersSent) stream.respond({ ":status": 200 });
  stream.write(head(more));
  const socket = new Duplex({
    read: () => stream.resume(),
    write: (bytes, _, done) => {
      const pieces = [];
      for (let at = 0; at < bytes.length; at += 16_000) pieces.push(chunk(bytes.subarray(at, at + 16_000)));
      stream.destroyed ? done(new Error("the stream is gone")) : stream.write(Buffer.concat(pieces), () => done());
    },
    final: (done) => (stream.destroyed ? done() : stream.write(Buffer.alloc(2), () => done())),
    destroy: (error, done) => (stream.close(8), done(error)),
  });
  stream.on("data", (bytes) => socket.push(bytes) || stream.pause()).once("end", () => socket.push(null));
  stream.once("close", () => socket.destroy()).on("error", () => {});
  return socket;
};

// bring: one request of that installation (lib/mission.mjs) for the tunnel; whoever comes is brought to that port.
export const bring = (installation, port) => {
  const stream = installation.session.request({ ":method": "POST", ":path": "/line/v1/tunnel" }, { endStream: false });
  let [held, headed, socket] = [Buffer.alloc(0), false, undefined];
  stream.on("error", () => {}).once("close", () => socket?.destroy());
  stream.on("data", (bytes) => {
    held = Buffer.concat([held, bytes]);
    if (!headed && held.includes(10)) {
      held = held.subarray(held.indexOf(10) + 1);
      headed = true;
      socket = net.connect(port, "127.0.0.1").on("data", (piece) => stream.write(piece)).once("end", () => stream.end()).on("error", () => stream.close(8));
    }
    while (headed && held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const size = held.readUInt16BE(0);
      size === 0 ? socket.end() : socket.write(held.subarray(2, 2 + size));
      held = held.subarray(2 + size);
    }
  });
  return stream;
};
