// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Hostile forms of one HTTP/2 request (RFC 9113 section 8), made to become something else when they are written as HTTP/1.1. A form is
// {family, name, fields, data, trailers}; `readHttp2` is what one means by the letter.
import { targets } from "./forms.mjs";

const visible = (text) => JSON.stringify(text);
const pseudo = { ":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/h2" };
const session = ["cookie", "$COOKIE"];
const head = (changes = {}, ...more) => [...Object.entries({ ...pseudo, ...changes }), session, ...more];
const injected = "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

function* pseudoFields() {
  const family = "h2 pseudo-header fields";
  for (const [name, value] of Object.entries(pseudo)) {
    const without = head().filter((field) => field[0] !== name);
    yield { family, name: `no ${name}`, fields: without };
    yield { family, name: `${name} twice`, fields: [[name, value], ...head()] };
    yield { family, name: `${name} twice, differently`, fields: [[name, "other"], ...head()] };
    yield { family, name: `${name} behind the fields`, fields: [...without, [name, value]] };
    yield { family, name: `${name} with white space`, fields: head({ [name]: ` ${value} ` }) };
    for (const bad of ["", "\r\n", "\0", injected, `${value}\t`, `${value}\u00e9`, `${value},${value}`]) yield { family, name: `${name} is ${visible(bad)}`, fields: head({ [name]: bad }) };
    yield { family, name: `${name} in upper case`, fields: [...without, [name.toUpperCase(), value]] };
  }
  for (const name of [":status", ":protocol", ":host", ":", ":cookie", ":path ", ":method:"]) yield { family, name: `${name} too`, fields: [[name, "websocket"], ...head()] };
  for (const method of ["get", "GET /other HTTP/1.1\r\nHost: localhost\r\n\r\nGET", "CONNECT", "TRACE", "PRI", "FOO", "GET ", "G\tET"]) yield { family, name: `method ${visible(method)}`, fields: head({ ":method": method }) };
  for (const scheme of ["http", "HTTPS", "ftp", "https://localhost/a?", "https:", "wss", ""]) yield { family, name: `scheme ${visible(scheme)}`, fields: head({ ":scheme": scheme }) };
  for (const authority of ["evil.example", "localhost:1", "a@localhost", "localhost/a", "localhost evil", "LOCALHOST", "localhost.", "local%68ost", "localhost,evil.example", "localhost\r\nX-A: b"])
    for (const [how, fields] of [["", head({ ":authority": authority })], [", Host is right", head({ ":authority": authority }, ["host", "localhost"])], [", in Host", head({}, ["host", authority])]])
      yield { family, name: `authority ${visible(authority)}${how}`, fields };
  yield { family, name: "Host twice", fields: head({}, ["host", "localhost"], ["host", "localhost"]) };
  yield { family, name: "Host alone", fields: head({}, ["host", "localhost"]).filter((field) => field[0] !== ":authority") };
}

function* fields() {
  const family = "h2 fields";
  const names = ["X-A", "x a", "x:a", "x\ta", "x\r\na", "x\0a", "", " x", "x ", ":x", "x\u00e9", "content_length", "x(a)", "x\"a", "x/a", "x,a", "a\r\n\r\nget /smuggled http/1.1\r\nx"];
  for (const name of names) yield { family, name: `name ${visible(name)}`, fields: head({}, [name, "b"]) };
  for (let byte = 0; byte < 256; byte += byte < 33 || byte > 125 ? 1 : 13) yield { family, name: `byte ${byte} in a value`, fields: head({}, ["x-a", `b${String.fromCharCode(byte)}c`]) };
  for (const value of [" b", "b ", "\tb", "b\t", "", injected, "b\r\n c", "b\nc", "b\rc", "b\r\ntransfer-encoding: chunked"]) yield { family, name: `value ${visible(value)}`, fields: head({}, ["x-a", value]) };
  for (const [name, value] of [["connection", "close"], ["connection", "host"], ["keep-alive", "1"], ["proxy-connection", "close"], ["transfer-encoding", "chunked"], ["transfer-encoding", "identity"], ["transfer-encoding", "trailers"], ["upgrade", "h2c"], ["upgrade", "websocket"], ["http2-settings", "AAMAAABkAAQAAP__"], ["te", "trailers"], ["te", "chunked"], ["te", "trailers, deflate"], ["te", "Trailers"], ["trailer", "x-a"], ["expect", "100-continue"], ["expect", "other"], ["max-forwards", "0"], ["via", "2 me"], ["x-http-method-override", "DELETE"], ["x-original-url", "/other"], ["x_original_url", "/other"], ["forwarded", "host=evil.example"], ["authorization", "a"], ["content-type", "a/b"]])
    for (const method of ["GET", "POST"]) {
      yield { family, name: `${method} with ${name}: ${visible(value)}`, fields: head({ ":method": method }, [name, value]), data: method === "POST" ? ["hello"] : [] };
      yield { family, name: `${method} with ${name} twice`, fields: head({ ":method": method }, [name, value], ["x-a", "b"], [name, value]), data: method === "POST" ? ["hello"] : [] };
    }
  yield { family, name: "crumbs of cookies", fields: head({}, ["cookie", "a=b"], ["cookie", "c=d"]) };
  yield { family, name: "a crumb with a line end", fields: head({}, ["cookie", "a=b\r\nx-a: b"]) };
}

function* lengths() {
  const family = "h2 lengths";
  const post = (...more) => head({ ":method": "POST" }, ...more);
  for (const length of ["5", "0", "4", "6", "05", "+5", "-5", "5, 5", "5,5", "0x5", "", " 5", "5 ", "18446744073709551621", "five", "5\r\nx-a: b"])
    for (const data of [["hello"], ["he", "llo"], [], ["", "hello", ""]]) yield { family, name: `${visible(length)} and ${data.length} pieces`, fields: post(["content-length", length]), data };
  for (const length of ["5", "6"]) yield { family, name: `5 and ${length}`, fields: post(["content-length", "5"], ["content-length", length]), data: ["hello"] };
  yield { family, name: "a request in DATA", fields: post(), data: ["0\r\n\r\n", "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"] };
  yield { family, name: "a request in DATA of a GET", fields: head({}, ["content-length", "0"]), data: ["GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"] };
  yield { family, name: "DATA of a GET", fields: head(), data: ["hello"] };
  for (const method of ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH"]) yield { family, name: `DATA of ${method}, with a length`, fields: head({ ":method": method }, ["content-length", "5"]), data: ["hello"] };
  for (const trailer of [["x-a", "b"], ["x-a", "b\r\n"], [":path", "/other"], [":status", "200"], ["content-length", "5"], ["transfer-encoding", "chunked"], ["host", "evil.example"], ["cookie", "a=b"], ["connection", "close"], ["X-A", "b"], ["x a", "b"], ["", "b"], ["x-forwarded-for", "1.2.3.4"], ["content_length", "5"]])
    for (const data of [["hello"], []]) yield { family, name: `trailer ${visible(trailer)} behind ${data.length}`, fields: post(), data, trailers: [trailer] };
}

export const formsOfHttp2 = () => [
  ...pseudoFields(),
  ...fields(),
  ...lengths(),
  ...targets().map((target) => ({ family: "h2 targets", name: visible(target.slice(0, 60)), fields: head({ ":path": target }) })),
];

const connectionFields = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"];
const goodField = ([name, value]) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && /^([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/.test(value) && !connectionFields.includes(name) && (name !== "te" || value.toLowerCase() === "trailers");

// readHttp2: {method, target, host, fields, body}, or undefined: it is not a request, by RFC 9113 section 8.
export const readHttp2 = ({ fields: given, data = [], trailers = [] }) => {
  const first = given.findIndex(([name]) => !name.startsWith(":"));
  const [front, rest] = [given.slice(0, first), given.slice(first)];
  const only = (name) => (front.filter((field) => field[0] === name).length === 1 ? front.find((field) => field[0] === name)[1] : undefined);
  const authorities = [...front.filter((field) => field[0] === ":authority"), ...rest.filter((field) => field[0] === "host")].map((field) => field[1]);
  const [method, target, scheme] = [":method", ":path", ":scheme"].map(only);
  const body = data.join("");
  const said = rest.filter((field) => field[0] === "content-length").map((field) => field[1]);
  const good =
    front.every(([name]) => name in pseudo) && rest.every(goodField) && trailers.every(goodField) &&
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method ?? "") && scheme?.toLowerCase() === "https" && /^(\/[!-~]*|\*)$/.test(target ?? "") &&
    authorities.length > 0 && new Set(authorities).size === 1 && rest.filter((field) => field[0] === "host").length < 2 && front.filter((field) => field[0] === ":authority").length < 2 &&
    (said.length === 0 || (said.length === 1 && /^[0-9]{1,15}$/.test(said[0]) && Number(said[0]) === body.length));
  return good ? { method, target, host: authorities[0], fields: rest, body } : undefined;
};
