// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 frames by hand (RFC 9113, RFC 7541), for what no library would send. Fields are literals without an index, text is bytes as latin1.
// And a client that sends them and knows of what comes back only which streams have ended.
import tls from "node:tls";

export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
export const type = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, window: 8, continuation: 9 };
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 };

const bytesOf = (payload) => (typeof payload === "string" ? Buffer.from(payload, "latin1") : payload);
export const frame = (kind, flags, stream, payload) => {
  const [start, bytes] = [Buffer.alloc(9), bytesOf(payload)];
  start.writeUIntBE(bytes.length, 0, 3);
  start.writeUInt8(kind, 3), start.writeUInt8(flags, 4), start.writeUInt32BE(stream, 5);
  return Buffer.concat([start, bytes]);
};

// text: a string of HPACK, not Huffman-coded.
const text = (value) => {
  const bytes = bytesOf(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const digits = [127];
  for (let rest = bytes.length - 127; ; rest = Math.floor(rest / 128)) {
    digits.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return Buffer.concat([Buffer.from(digits), bytes]);
  }
};
export const field = (name, value) => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
export const block = (fields) => Buffer.concat(fields.map(([name, value]) => field(name, value)));

export const connectHttp2 = (gateway) => tls.connect({ host: "127.0.0.1", servername: "localhost", port: gateway.port, ca: gateway.ca, ALPNProtocols: ["h2"] });

export class FrameClient {
  ended = new Set(); // streams that are over, whoever ended them
  over = false; // the connection is, or a GOAWAY has come
  #waiting = new Set();
  #bytes = Buffer.alloc(0);

  static async connect(gateway) {
    const client = new FrameClient();
    client.socket = connectHttp2(gateway).setNoDelay();
    client.socket.on("data", (piece) => client.#take(piece)).on("error", () => client.#end()).on("close", () => client.#end());
    await client.until("the handshake", () => client.socket.authorized || client.over);
    client.send([preface, frame(type.settings, 0, 0, "")]);
    return client;
  }

  send(pieces) {
    this.socket.write(Buffer.concat(pieces.map(bytesOf)));
  }
  #end() {
    this.over = true;
    this.#wake();
  }
  #wake() {
    for (const look of [...this.#waiting]) look();
  }
  #take(piece) {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
    while (this.#bytes.length >= 9 && this.#bytes.length >= 9 + this.#bytes.readUIntBE(0, 3)) {
      const [size, kind, flags, stream] = [this.#bytes.readUIntBE(0, 3), this.#bytes[3], this.#bytes[4], this.#bytes.readUInt32BE(5)];
      this.#bytes = this.#bytes.subarray(9 + size);
      if (kind === type.settings && !(flags & flag.ack)) this.send([frame(type.settings, flag.ack, 0, "")]);
      if (kind === type.goaway) this.over = true;
      if (kind === type.reset || ((kind === type.data || kind === type.headers) && flags & flag.endStream)) this.ended.add(stream);
    }
    this.#wake();
  }

  until(what, condition) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => (this.#waiting.delete(look), reject(new Error(`waited in vain for ${what}`))), 20_000);
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      this.socket.once("secureConnect", look);
      look();
    });
  }
  end(stream) {
    return this.until(`the end of stream ${stream}`, () => this.over || this.ended.has(stream));
  }
  close() {
    this.socket.destroy();
  }
}
