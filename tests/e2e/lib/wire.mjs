// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Bytes on the wire, as no HTTP library would write or read them: a client that sends what it is told over TLS and takes answers apart
// by itself, and a component that answers what it is told over TCP.
import net from "node:net";
import tls from "node:tls";
import { Search } from "./planted.mjs";

const kPatience = 20_000;  // milliseconds; whoever waits longer for an answer has found a defect

// The first response in bytes (Buffer), or null if it is not complete. ended: nothing will follow.
export function takeResponse(bytes, method, ended) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line, ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line);
  if (!match) throw new Error(`not a response: ${JSON.stringify(line)}`);
  const headers = {};
  for (const field of lines) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const status = Number(match[1]);
  const body = takeBody(bytes.subarray(headEnd + 4), status, headers, method, ended);
  return body && { status, headers, body: body.content, complete: body.complete, size: headEnd + 4 + body.size };
}

function takeBody(bytes, status, headers, method, ended) {
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { content: Buffer.alloc(0), size: 0, complete: true };
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(bytes, ended);
  if ('content-length' in headers) {
    const length = Number(headers['content-length']);
    if (bytes.length < length && !ended) return null;
    return { content: bytes.subarray(0, length), size: Math.min(length, bytes.length), complete: bytes.length >= length };
  }
  return ended ? { content: bytes, size: bytes.length, complete: true } : null;
}

function takeChunks(bytes, ended) {
  const pieces = [];
  const unfinished = () => (ended ? { content: Buffer.concat(pieces), size: bytes.length, complete: false } : null);
  for (let at = 0;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return unfinished();
    const size = parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    at = lineEnd + 2;
    if (size === 0) {
      const end = bytes.subarray(at, at + 2).toString('latin1') === '\r\n' ? at : bytes.indexOf('\r\n\r\n', at) + 2;
      if (end < at) return unfinished();
      return { content: Buffer.concat(pieces), size: end + 2, complete: true };
    }
    if (bytes.length < at + size + 2) return unfinished();
    pieces.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

// A TLS connection of which everything that came is kept. Waiting is for a condition, never for a time.
export class WireClient {
  // where: a gateway, or {port, ca}.
  static async connect({ port, ca }, more = {}) {
    const client = new WireClient();
    client.socket = tls.connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...more });
    client.socket.on('data', (piece) => client.#arrived(piece));
    client.socket.on('error', (error) => client.#over(error));
    client.socket.on('close', () => client.#over(null));
    client.socket.on('end', () => client.#over(null));
    await new Promise((resolve, reject) => {
      client.socket.once('secureConnect', resolve);
      client.socket.once('error', reject);
      client.socket.once('close', () => reject(new Error('closed before the handshake was done')));
    });
    return client;
  }

  #waiting = new Set();
  #pieces = [];
  received = Buffer.alloc(0);
  ended = false;   // nothing will follow
  error = null;    // why, if it was not an orderly end

  #search = new Search();
  #arrived(piece) { this.#search.see(piece); this.#pieces.push(piece); this.#wake(); }
  #over(error) { this.error ??= error; this.ended = true; this.#wake(); }
  #wake() { for (const look of [...this.#waiting]) look(); }
  #gather() {
    if (this.#pieces.length === 0) return;
    this.received = Buffer.concat([this.received, ...this.#pieces]);
    this.#pieces = [];
  }

  send(bytes) { return this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes); }

  // condition() is asked whenever something has come; its first value that is neither null nor undefined is the result.
  until(what, condition, patience = kPatience) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => { clearTimeout(timer); this.#waiting.delete(look); settle(value); };
      const look = () => {
        try {
          this.#gather();
          const value = condition();
          if (value !== null && value !== undefined) done(resolve, value);
        } catch (error) { done(reject, error); }
      };
      const timer = setTimeout(() => done(reject, new Error(
        `waited for ${what}; had ${this.received.length} bytes: ${this.received.subarray(0, 200).toString('latin1')}`)), patience);
      this.#waiting.add(look);
      look();
    });
  }

  // The next response that is not interim; interim ones are added to `interim`. Null: the connection ended without one.
  async response(method = 'GET', { patience, interim = [] } = {}) {
    for (;;) {
      const response = await this.until('a response', () => takeResponse(this.received, method, this.ended) ?? (this.ended ? false : null), patience);
      if (!response) return null;
      this.received = this.received.subarray(response.size);
      if (response.status >= 200) return response;
      interim.push(response);
    }
  }

  async end(patience) { await this.until('the end of the connection', () => (this.ended ? true : null), patience); }
  close() { this.socket.destroy(); }
}

// A component that does as it is told. script(socket, request, n) is called once a request is complete (of connection number n, from
// 1), request = {method, target, headers, body, raw}. connect(socket, n) as soon as somebody has connected.
export class RawComponent {
  static async start(script, { connect, port = 0 } = {}) {
    const component = new RawComponent();
    component.script = script;
    component.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => component.#accept(socket, connect));
    await component.listen(port);
    return component;
  }

  name = 'the raw component';
  requests = [];
  connections = 0;
  #sockets = new Set();

  async listen(port) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  #accept(socket, connect) {
    const number = ++this.connections;
    let bytes = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      for (let request; (request = takeRequest(bytes)) !== null;) {
        bytes = bytes.subarray(request.size);
        this.requests.push({ ...request, connection: number });
        this.script(socket, request, number);
      }
    });
    socket.on('end', () => socket.end());
    connect?.(socket, number);
  }

  open() { return this.#sockets.size; }
  stop() { return this.down(); }
  // Nobody answers at the port any more; what is open is reset.
  async down() {
    for (const socket of this.#sockets) socket.resetAndDestroy?.() ?? socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}

// Requests as Postern writes them, and no others: anything else is a defect of Postern and throws.
export function takeRequest(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line, ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const match = /^([A-Z]+) ([!-~]+) HTTP\/1\.1$/.exec(line);
  if (!match) throw new Error(`not a request that Postern may write: ${JSON.stringify(line)}`);
  const headers = {};
  for (const field of lines) {
    const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$/.exec(field);
    if (!parts) throw new Error(`not a field that Postern may write: ${JSON.stringify(field)}`);
    const name = parts[1].toLowerCase();
    headers[name] = name in headers ? `${headers[name]}, ${parts[2]}` : parts[2];
  }
  if ('content-length' in headers && 'transfer-encoding' in headers) throw new Error('a request with two lengths');
  const rest = bytes.subarray(headEnd + 4);
  const body = 'transfer-encoding' in headers ? takeChunks(rest, false)
    : { content: rest.subarray(0, Number(headers['content-length'] ?? 0)), size: Number(headers['content-length'] ?? 0) };
  if (body === null || rest.length < body.size) return null;
  return { method: match[1], target: match[2], headers, body: body.content, size: headEnd + 4 + body.size };
}
