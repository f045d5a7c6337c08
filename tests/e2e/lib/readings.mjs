// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How others read the bytes of a connection. `readStrictly` is RFC 9112 to the letter and shares nothing with the gateway: what it cannot read
// must not be forwarded, and what it reads must be forwarded as it reads it or not at all. `habits` are the mistakes of real servers, one each:
// whatever the gateway writes must mean the same to all of them. Text is bytes as latin1.
import http from "node:http";
import net from "node:net";

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const requestLine = new RegExp(`^(${token}) ([!-~]+) HTTP/1\\.([01])$`);
const fieldLine = new RegExp(`^(${token}):[ \\t]*(.*?)[ \\t]*$`, "s");

const readFields = (lines) => {
  const fields = [];
  for (const line of lines) {
    const parts = fieldLine.exec(line);
    if (!parts || !/^[\t -~\x80-\xff]*$/.test(parts[2])) return undefined;
    fields.push([parts[1].toLowerCase(), parts[2]]);
  }
  return fields;
};
const all = (fields, name) => fields.filter((field) => field[0] === name).map((field) => field[1]);

// strictLength: RFC 9112 section 6.3 for requests, without any of the repairs that it allows.
const strictLength = (fields, minor) => {
  const [lengths, codings] = [all(fields, "content-length"), all(fields, "transfer-encoding")];
  if (lengths.length + codings.length > 1) return undefined;
  if (codings.length === 1) return minor === "1" && codings[0].toLowerCase() === "chunked" ? "chunked" : undefined;
  if (lengths.length === 0) return 0;
  return /^[0-9]{1,15}$/.test(lengths[0]) ? Number(lengths[0]) : undefined;
};

// strictChunks: {body, end}, "part" or undefined.
const strictChunks = (text, begin) => {
  let body = "";
  for (let at = begin; ; ) {
    const line = text.indexOf("\n", at);
    if (line < 0) return /^[0-9A-Fa-f]*\r?$/.test(text.slice(at)) ? "part" : undefined;
    const size = /^([0-9A-Fa-f]{1,13})\r$/.exec(text.slice(at, line));
    if (!size) return undefined;
    const bytes = parseInt(size[1], 16);
    at = line + 1;
    if (bytes === 0) {
      if (text.startsWith("\r\n", at)) return { body, end: at + 2 };
      const end = text.indexOf("\r\n\r\n", at);
      if (end < 0) return "part";
      return readFields(text.slice(at, end).split("\r\n")) && { body, end: end + 4 };
    }
    if (text.length < at + bytes + 2) return "part";
    if (text.slice(at + bytes, at + bytes + 2) !== "\r\n") return undefined;
    body += text.slice(at, at + bytes);
    at += bytes + 2;
  }
};

const strictHead = (head) => {
  const [line, ...lines] = head.split("\r\n");
  const start = requestLine.exec(line);
  const fields = start && readFields(lines);
  if (!fields) return undefined;
  const [, method, target, minor] = start;
  const hosts = all(fields, "host");
  const length = strictLength(fields, minor);
  if (hosts.length !== 1 || length === undefined) return undefined;
  const options = all(fields, "connection").join(",").toLowerCase().split(",").map((one) => one.trim());
  const last = options.includes("close") || (minor === "0" && !options.includes("keep-alive"));
  return { method, target, fields, host: hosts[0], length, last };
};

// readStrictly: {messages, left}; left is what comes behind them: "nothing", "part" of a message, or "nonsense".
export const readStrictly = (text) => {
  const messages = [];
  for (let at = 0; at < text.length; ) {
    const begin = text.startsWith("\r\n", at) ? at + 2 : at;
    const end = text.indexOf("\r\n\r\n", begin);
    if (end < 0) return { messages, left: /[^\r]\n|\r[^\n]|\0/.test(text.slice(begin)) ? "nonsense" : "part" };
    const head = strictHead(text.slice(begin, end));
    if (!head) return { messages, left: "nonsense" };
    let [body, next] = ["", end + 4 + (head.length === "chunked" ? 0 : head.length)];
    if (head.length === "chunked") {
      const read = strictChunks(text, end + 4);
      if (read === "part" || read === undefined) return { messages, left: read ?? "nonsense", begun: head };
      [body, next] = [read.body, read.end];
    } else {
      if (next > text.length) return { messages, left: "part", begun: head };
      body = text.slice(end + 4, next);
    }
    messages.push({ ...head, body, size: next - at });
    at = next;
    if (head.last) break;
  }
  return { messages, left: "nothing" };
};

// --- careless readers ---

const plain = { lines: (head) => head.split("\r\n"), name: (name) => name.toLowerCase().trim(), number: (text) => Number(text), hex: (text) => parseInt(text, 16), bodiless: [], headEnd: /\r\n\r\n/ };
const asC = (text) => (/^\s*[+-]?0x/i.test(text) ? parseInt(text, 16) : /^\s*[+-]?0/.test(text) ? parseInt(text, 8) : parseInt(text, 10));
export const habits = {
  "ends a line at LF": { lines: (head) => head.split(/\r?\n/), headEnd: /\r?\n\r?\n/ },
  "ends a line at CR": { lines: (head) => head.split(/\r\n?|\n/), headEnd: /\r\n?\r\n?/ },
  "takes VT, FF and NEL for line ends": { lines: (head) => head.split(/\r\n|[\v\f\x85]/) },
  "ends a head at NUL": { lines: (head) => head.split("\0")[0].split("\r\n") },
  "joins folded lines": { lines: (head) => head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n") },
  "takes _ for - in names": { name: (name) => name.toLowerCase().trim().replaceAll("_", "-") },
  "drops what is not a letter from names": { name: (name) => name.toLowerCase().replaceAll(/[^a-z-]/g, "") },
  "takes what begins with a name for it": { name: (name) => /^(transfer-encoding|content-length)/.exec(name.toLowerCase())?.[0] ?? name.toLowerCase().trim() },
  "believes a length before a coding": { first: "length" },
  "believes the last length": { pick: -1 },
  "reads numbers as C does": { number: asC },
  "reads as much of a number as there is": { number: (text) => parseInt(text, 10) },
  "knows numbers of 32 bits": { number: (text) => Number(text) % 2 ** 32, hex: (text) => parseInt(text, 16) % 2 ** 32 },
  "looks for chunked anywhere": { coding: (value) => /chunk/i.test(value) },
  "knows chunked in lower case alone": { coding: (value) => value === "chunked" },
  "expects no body of GET": { bodiless: ["GET", "HEAD", "DELETE", "OPTIONS"] },
  "obeys an overridden method": { override: ["x-http-method-override", "x-http-method", "x-method-override"] },
  "obeys a rewritten target": { rewrite: ["x-original-url", "x-rewrite-url"] },
  "removes what Connection names": { removes: true },
  "believes another host field": { hosts: ["x-host", "x-original-host", "x-http-host-override"] },
};

const carelessChunks = (text, reader) => {
  let body = "";
  for (let at = 0; ; ) {
    const line = text.indexOf("\n", at);
    const bytes = line < 0 ? Number.NaN : reader.hex(text.slice(at, line));
    if (Number.isNaN(bytes)) return { body, end: text.length, broken: true };
    at = line + 1;
    if (bytes === 0) return { body, end: text.startsWith("\r\n", at) ? at + 2 : (text.indexOf("\r\n\r\n", at) + 4 || text.length) };
    body += text.slice(at, at + bytes);
    at = text.indexOf("\n", at + bytes) + 1 || text.length;
  }
};

// readCarelessly: {method, target, host, body, end} of the first message, as a reader of this habit has it.
export const readCarelessly = (text, habit) => {
  const reader = { ...plain, ...habit };
  const headEnd = reader.headEnd.exec(text);
  const head = text.slice(0, headEnd.index);
  const [line, ...lines] = reader.lines(head);
  let fields = lines.map((one) => [reader.name(one.split(":")[0]), one.slice(one.indexOf(":") + 1).trim()]);
  if (reader.removes) {
    const gone = all(fields, "connection").join(",").toLowerCase().split(",").map((one) => one.trim());
    fields = fields.filter(([name]) => !gone.includes(name));
  }
  const [method, target] = line.split(/\s+/);
  const said = (names) => names?.flatMap((name) => all(fields, name))[0];
  const meaning = { method: said(reader.override) ?? method, target: said(reader.rewrite) ?? target, host: said(reader.hosts) ?? all(fields, "host").at(reader.pick ?? 0) };
  const begin = headEnd.index + headEnd[0].length;
  const [length, coding] = [all(fields, "content-length").at(reader.pick ?? 0), all(fields, "transfer-encoding").at(0)];
  if (reader.bodiless.includes(method)) return { ...meaning, body: "", end: begin };
  const isChunked = coding !== undefined && (reader.coding ?? ((value) => /chunked$/i.test(value)))(coding);
  if (isChunked && !(reader.first === "length" && length !== undefined)) {
    const read = carelessChunks(text.slice(begin), reader);
    return { ...meaning, body: read.body, end: begin + read.end };
  }
  const bytes = length === undefined ? 0 : reader.number(length);
  return { ...meaning, body: text.slice(begin, begin + bytes), end: begin + bytes };
};

// readAsNode: what Node's own parser (llhttp) makes of each of these connections: [[{method, target, host, body}]].
export const readAsNode = async (connections) => {
  const server = http.createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  let messages;
  server.on("request", (request, response) => {
    const message = { method: request.method, target: request.url, host: request.headers.host, body: "" };
    messages.push(message);
    request.setEncoding("latin1").on("data", (piece) => (message.body += piece)).on("end", () => response.end());
  });
  server.on("upgrade", (request, socket) => socket.destroy(new Error(`an upgrade at ${request.url}`)));
  server.on("clientError", (error, socket) => (messages.push({ error: error.message }), socket.destroy()));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const read = [];
  for (const text of connections) {
    read.push((messages = []));
    await new Promise((resolve) => {
      const socket = net.connect(server.address().port, "127.0.0.1", () => socket.end(Buffer.from(text, "latin1")));
      socket.on("error", () => {}).on("close", resolve).resume();
    });
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return read;
};
