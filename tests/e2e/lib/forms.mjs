// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Ambiguous and hostile forms of one HTTP/1.1 message, made by combining what readers are known to disagree on: how long a message is, where
// a line ends, which bytes belong to a name, what a target names, and what an offer to change the protocol does. Nothing here says what must
// come of a form: that is for readings.mjs.
//
// A form is {family, name, text}: bytes as latin1, `$COOKIE` where the session's cookie goes. Behind each the judge sends a message of its own,
// so a form that asks for more bytes than it has will take some of that.

const cookie = "Cookie: $COOKIE\r\n";
const start = (line) => `${line}\r\nHost: localhost\r\n${cookie}`;
const smuggled = `GET /smuggled HTTP/1.1\r\nHost: localhost\r\n${cookie}\r\n`;
const chunked = "5\r\nhello\r\n0\r\n\r\n";
// Read as chunked it is empty, read by length it hides a request.
const desync = `0\r\n\r\n${smuggled}`;
const visible = (text) => JSON.stringify(text);
const byteName = (byte) => `0x${byte.toString(16).padStart(2, "0")}`;

const controls = [...Array(32).keys(), 127];
const delimiters = [..."\"(),/:;<=>?@[\\]{}"].map((one) => one.charCodeAt(0));
const high = [0x80, 0x85, 0xa0, 0xad, 0xc0, 0xe2, 0xff];
const bytes = [...controls, 32, ...delimiters, ...high];

const lengths = ["5", "0", "05", "+5", "-5", "5,5", "5, 6", "5 5", "0x5", "5e0", "5.0", "5;", "\v5", "5\v", "18446744073709551621", "99999999999999999999", "", "five", "1_0", "\u00b2", "5\u00a0", `${desync.length}`];
const codings = ["chunked", "Chunked", "CHUNKED", "chunked, chunked", "identity", "identity, chunked", "gzip, chunked", "chunked, identity", "chunked;q=1", "xchunked", "chunkedx", "\vchunked", "chunked\v", "\"chunked\"", "chunked,", ",chunked", "", "chu nked", "chunked\u00a0", "\u00a0chunked", "cow"];

function* framing() {
  const family = "framing";
  // Each length beside every other coding, in either order: the others it meets through the next length.
  for (const [i, length] of lengths.entries()) {
    yield { family, name: `length ${visible(length)}`, text: `${start("POST /framed HTTP/1.1")}Content-Length: ${length}\r\n\r\nhello` };
    for (const [k, coding] of codings.entries()) {
      const [one, other] = [`Content-Length: ${length}\r\n`, `Transfer-Encoding: ${coding}\r\n`];
      if ((i + k) % 2 === 0) yield { family, name: `${visible(length)} and ${visible(coding)}`, text: `${start("POST /framed HTTP/1.1")}${(i + k) % 4 === 0 ? one + other : other + one}\r\n${desync}` };
    }
  }
  for (const coding of codings)
    for (const version of ["1.1", "1.0"])
      for (const method of ["POST", "GET"])
        yield { family, name: `${method} ${version} ${visible(coding)}`, text: `${start(`${method} /coded HTTP/${version}`)}Transfer-Encoding: ${coding}\r\n\r\n${chunked}` };
  for (const [one, other] of [["5", "5"], ["5", "6"], ["0", "5"], ["5", "0"], ["", "5"], ["5", "05"]])
    yield { family, name: `two lengths ${one} ${other}`, text: `${start("POST /two HTTP/1.1")}Content-Length: ${one}\r\nX-A: b\r\nContent-Length: ${other}\r\n\r\nhello` };
  for (const [one, other] of [["chunked", "chunked"], ["chunked", "identity"], ["identity", "chunked"], ["gzip", "chunked"], ["", "chunked"], ["chunked", ""]])
    yield { family, name: `two codings ${one} ${other}`, text: `${start("POST /two HTTP/1.1")}Transfer-Encoding: ${one}\r\nX-A: b\r\nTransfer-Encoding: ${other}\r\n\r\n${chunked}` };
  for (const method of ["GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT"])
    for (const [what, fields] of [["length", `Content-Length: ${smuggled.length}\r\n`], ["no length", ""], ["chunks", "Transfer-Encoding: chunked\r\n"]]) {
      const body = what === "chunks" ? `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n` : smuggled;
      yield { family, name: `a request as the body of ${method}, ${what}`, text: `${start(`${method} /outer HTTP/1.1`)}${fields}\r\n${body}` };
    }
}

// Names that one reader takes for the field that decides, and another for some other field or none.
function* names() {
  const family = "names";
  for (const [field, value] of [["Content-Length", "0"], ["Transfer-Encoding", "chunked"]]) {
    const [left, right] = field.split("-");
    const spellings = [`${left}_${right}`, `${left} ${right}`, `${left}\t${right}`, `${left}${right}`, `${left}--${right}`, ` ${field}`, `\t${field}`, `${field} `, `${field}\t`, `${field}\v`, `${field}\0`, `\0${field}`, `\v${field}`, `\f${field}`, `\u00a0${field}`, `${field}\u00a0`, `X-A: b\n${field}`, `X-A: b\r${field}`, `X-A: b\r\n ${field}`, `X-A: b\0\r\n${field}`, `:${field}`, `"${field}"`, field.replace("n", "\u00f1"), field.toUpperCase(), field.toLowerCase(), `HTTP_${left}_${right}`, `X-${field}`, `${field}:`, `${field}-X`, `${field}X`];
    for (const spelling of spellings) {
      yield { family, name: `${visible(spelling)} alone`, text: `${start("POST /named HTTP/1.1")}${spelling}: ${value}\r\n\r\n${value === "0" ? "" : chunked}` };
      const other = field === "Content-Length" ? "Transfer-Encoding: chunked" : `Content-Length: ${desync.length}`;
      yield { family, name: `${visible(spelling)} beside ${other}`, text: `${start("POST /named HTTP/1.1")}${other}\r\n${spelling}: ${value}\r\n\r\n${desync}` };
    }
  }
  for (const line of [": b", "X-A", "X-A b", "X-A : b", "X-A\t: b", " X-A: b", "\tX-A: b", "X A: b", "X-A:", "X-A:b", "X-A:\tb\t", "X-A: b\r\n c", "X-A: b\r\n\tc", "X-A: b\r\n ", "=: b", "GET /x HTTP/1.1", "\r\nX-A: b", " ", ":"])
    yield { family, name: `line ${visible(line)}`, text: `${start("GET /line HTTP/1.1")}${line}\r\n\r\n` };
}

function* lineEnds() {
  const family = "line ends";
  const ends = ["\n", "\r", "\r\r\n", "\n\r", "\r\n\r", "\v\r\n", "\f\r\n", "\0\r\n", "\u0085", "\u0085\r\n", " \r\n", "\t\r\n", "\n\n", "\r \n", "\\r\\n", ""];
  for (const end of ends) {
    const at = (k) => (i) => (i === k ? end : "\r\n");
    for (const [where, k] of [["the request line", 0], ["Host", 1], ["the last field", 2], ["the head", 3]]) {
      const nth = at(k);
      yield { family, name: `${visible(end)} behind ${where}`, text: `GET /ended HTTP/1.1${nth(0)}Host: localhost${nth(1)}${cookie.trim()}${nth(2)}${nth(3)}` };
    }
    yield { family, name: `${visible(end)} before the request line`, text: `${end}${start("GET /begun HTTP/1.1")}\r\n` };
    yield { family, name: `${visible(end)} behind a sized body`, text: `${start("POST /sized HTTP/1.1")}Content-Length: 5\r\n\r\nhello${end}` };
  }
}

function* singleBytes() {
  const family = "single bytes";
  for (const byte of bytes) {
    const c = String.fromCharCode(byte);
    yield { family, name: `${byteName(byte)} in a name`, text: `${start("GET /byte HTTP/1.1")}X-A${c}B: c\r\n\r\n` };
    yield { family, name: `${byteName(byte)} in a value`, text: `${start("GET /byte HTTP/1.1")}X-A: b${c}c\r\n\r\n` };
    yield { family, name: `${byteName(byte)} in a target`, text: `${start(`GET /by${c}te HTTP/1.1`)}\r\n` };
    yield { family, name: `${byteName(byte)} in a query`, text: `${start(`GET /byte?a${c}=b${c}c HTTP/1.1`)}\r\n` };
    yield { family, name: `${byteName(byte)} in a method`, text: `${start(`GE${c}T /byte HTTP/1.1`)}\r\n` };
    yield { family, name: `${byteName(byte)} in Host`, text: `GET /byte HTTP/1.1\r\nHost: localhost${c}\r\n${cookie}\r\n` };
  }
}

function* requestLines() {
  const family = "request lines";
  const versions = ["HTTP/1.1 ", " HTTP/1.1", "HTTP/1.1x", "HTTP/01.1", "HTTP/1.01", "HTTP/1.10", "HTTP/1.2", "HTTP/0.9", "HTTP/2.0", "HTTP/2", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/+1.1", "http/1.1", "HTTP /1.1", "HTTP/ 1.1", "HTTP/1 .1", "HTTP/1,1", "HTTPS/1.1", "ICY/1.1", "", "HTTP/1.1 HTTP/1.1", "HTTP/1.1\tx", "HTTP\\1.1"];
  for (const version of versions) yield { family, name: `version ${visible(version)}`, text: `${start(`GET /version ${version}`)}\r\n` };
  const methods = ["get", "Get", "gET", "GET GET", " GET", "\tGET", "GETGET", "G", "", "CONNECT", "TRACE", "TRACK", "PRI", "PROPFIND", "GET,POST", "GET:", "\"GET\"", "GET\0", "\u00c7ET", "FOO", "*", "HTTP/1.1", "POST_", "PATCH\r", "M-SEARCH"];
  for (const method of methods) yield { family, name: `method ${visible(method)}`, text: `${start(`${method} /method HTTP/1.1`)}\r\n` };
  for (const gap of ["  ", "\t", "\v", "\f", " \t", "\r", "\0", "\u00a0", ""]) {
    yield { family, name: `${visible(gap)} behind the method`, text: `${start(`GET${gap}/gap HTTP/1.1`)}\r\n` };
    yield { family, name: `${visible(gap)} behind the target`, text: `${start(`GET /gap${gap}HTTP/1.1`)}\r\n` };
  }
  for (const line of ["GET /", "GET", "/", "\r\n\r\nGET / HTTP/1.1", "GET / HTTP/1.1\r\nGET / HTTP/1.1", "HTTP/1.1 200 OK", "PRI * HTTP/2.0\r\n\r\nSM\r\n", "\u0016\u0003\u0001\u0000\u00a5", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1"])
    yield { family, name: `line ${visible(line)}`, text: `${start(line)}\r\n` };
}

export const targets = () => {
  const dots = ["..", ".", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "%uff0e%uff0e", "..;", "..;a=b", "..%00", "..%09", "..%20", "...", "..%2f", "..%5c", "..\\", "%u002e%u002e", "0x2e0x2e", "%%32e%%32e", "%e0%80%ae", "%ef%bc%8e%ef%bc%8e"];
  const all = ["*", "localhost", "localhost:443", "http://localhost", "http://localhost/a", "https://localhost/a", "HTTPS://LOCALHOST/a", "https://localhost:8443/a", "https://localhost:1/a", "http://localhost@evil.example/a", "http://evil.example/a", "http://evil.example@localhost/a", "https:///a", "https:/localhost/a", "https:localhost/a", "//localhost/a", "///a", "//evil.example/a", "/\\evil.example/a", "\\a", "ftp://localhost/a", "file:///etc/passwd", "javascript:a", "ws://localhost/a", "https://localhost?a=b", "https://localhost#a", "https://localhost\\a", "https://local%68ost/a", "https://[::1]/a", "a", "", "?a", "#a", "/a#b", "/a?b#c", "/a%", "/a%4", "/a%zz", "/a%u0041", "/a%00", "/a%0d%0ab", "/a%0aHost:%20evil", "/a?b=%0d%0ac", "/a;b", "/a;b/c", "/a%3bb", "/a?b;c=d", "/a//b", "/a/", "/a//", "/a/./b", "/a/b/..", "/%2f", "/a%2fb", "/a%5cb", "/a\\b", "/a%20b", "/a+b", "/a%2bb", "/%61", "/%41%42", "/a%7eb", "/~a", "/a|b", "/{a}", "/<a>", "/\"a\"", "/a?&&", "/a?=b", "/a?b&b", "/a?b=c&b=d", "/a?b[]=c", "/a?b=c%26d=e", "/a?b%3dc=d", "/.postern", "/.postern/", "/.postern/../a", "/%2epostern/api/session", "/.Postern/", "/.postern;/a", `/${"a".repeat(1100)}`, `/a?${"b=c&".repeat(300)}`, "/%c3%a9", "/%e9", "/%ed%a0%80", "/%f0%9f%98%80", "/%ff", "/%c2%85", "/%ef%bb%bfa", "/a%e2%80%aeb", "/a%e3%80%82b"];
  for (const one of dots) all.push(`/a/${one}/b`, `/a/${one}`, `/${one}/a`);
  return all;
};

function* hosts() {
  const family = "hosts";
  for (const host of ["", "localhost:", "localhost:0", "localhost:99999", "localhost:8443", "localhost:+1", "localhost:1:2", "LOCALHOST", "localhost.", ".localhost", "local host", "localhost,evil.example", "localhost, localhost", "localhost/a", "localhost?a", "localhost#a", "a@localhost", "localhost@evil.example", "evil.example", "localhost.evil.example", "local%68ost", "[localhost]", "[::1]", "[::1", "127.0.0.1", "0x7f.1", "2130706433", "\"localhost\"", "localhost\\", "http://localhost", "localhost;a", "\tlocalhost", "localhost\t", "localhost\u00ad", "xn--localhost"]) {
    yield { family, name: visible(host), text: `GET /host HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\n` };
    yield { family, name: `${visible(host)} beside an absolute target`, text: `GET https://localhost/host HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\n` };
  }
  for (const lines of ["", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: evil.example\r\n", "Host: evil.example\r\nHost: localhost\r\n", "Host: localhost\r\n Host: evil.example\r\n", "host: localhost\r\nHOST: evil.example\r\n", "X-A: b\r\nHost : localhost\r\n", "Host: localhost\r\n\tevil.example\r\n", "H\u00f6st: localhost\r\n", "Ho_st: localhost\r\n", "Host:localhost\r\nX-Forwarded-Host: evil.example\r\n", "Host: localhost\r\nForwarded: host=evil.example\r\n", "Host: localhost\r\nX-Host: evil.example\r\n", "Host: localhost\r\nX-Original-URL: /other\r\n", "Host: localhost\r\nX-Rewrite-URL: /other\r\n", "Host: localhost\r\nX-HTTP-Method-Override: DELETE\r\n", "Host: localhost\r\nX-Method-Override: DELETE\r\n", "Host: localhost\r\nX_HTTP_Method_Override: DELETE\r\n"])
    for (const version of ["1.1", "1.0"]) yield { family, name: `${visible(lines)} in ${version}`, text: `GET /hosts HTTP/${version}\r\n${lines}${cookie}\r\n` };
}

function* chunks() {
  const family = "chunks";
  const sent = (body) => `${start("POST /chunks HTTP/1.1")}Transfer-Encoding: chunked\r\n\r\n${body}`;
  const sizes = ["5", "05", "0000005", "5 ", " 5", "\t5", "+5", "-5", "0x5", "0X5", "5h", "5;", "5;a", "5;a=b", "5 ;a", "5;a=\"b\"", "5;a=\"\r\nhello\"", "5;\n", "5\n", "5\r", "\r\n5", "5,5", "5.0", "5_", "g", "", "five", "V", "\u0665", "10000000000000005", "FFFFFFFFFFFFFFFB", "8000000000000005", "ffffffff00000005", "00000000000000005", "100000005", `5;${"a".repeat(300)}`, "5\0", "5\v", "'5'", "5\u00a0"];
  for (const size of sizes) yield { family, name: `size ${visible(size)}`, text: sent(`${size}\r\nhello\r\n0\r\n\r\n`) };
  for (const end of ["\n", "\r", "", "\r\r\n", "\n\r", "XX", "\r\n\r\n", " \r\n", "\0\r\n", "x\r\n"]) {
    yield { family, name: `${visible(end)} behind a size`, text: sent(`5${end}hello\r\n0\r\n\r\n`) };
    yield { family, name: `${visible(end)} behind data`, text: sent(`5\r\nhello${end}0\r\n\r\n`) };
    yield { family, name: `${visible(end)} behind the last size`, text: sent(`5\r\nhello\r\n0${end}\r\n`) };
    yield { family, name: `${visible(end)} at the end`, text: sent(`5\r\nhello\r\n0\r\n${end}`) };
  }
  for (const last of ["00", "000000000000000000", "-0", "+0", "0x0", "0;a", "0 ", " 0", "0\t;a=b", "0,", "0.0", "o", "0\v"]) yield { family, name: `last size ${visible(last)}`, text: sent(`5\r\nhello\r\n${last}\r\n\r\n`) };
  for (const trailer of ["X-A: b", "X-A : b", " X-A: b", "X-A: b\r\n c", "X-A: b\nX-B: c", "X-A", ": b", "Content-Length: 5", "Transfer-Encoding: chunked", "Host: evil.example", "Cookie: a=b", "Authorization: Basic eDp5", "Connection: close", "Trailer: X-A", "X-Forwarded-For: 1.2.3.4", "Content_Length: 5", "X-A: \u00e9", "X-A: \0", "X\0A: b", "GET /smuggled HTTP/1.1", `X-A: ${"b".repeat(9000)}`])
    yield { family, name: `trailer ${visible(trailer.slice(0, 40))}`, text: sent(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`) };
  yield { family, name: "many small ones", text: sent(`${"1\r\na\r\n".repeat(300)}0\r\n\r\n`) };
  yield { family, name: "a request behind the last", text: sent(`0\r\n\r\n${smuggled}`) };
}

function* connections() {
  const family = "connection";
  const named = ["close", "Close", "close, close", "keep-alive", "keep-alive, close", "Host", "Content-Length", "Transfer-Encoding", "close, Content-Length", "Cookie", "Authorization", "X-Forwarded-For", "X-A", "Te", "Upgrade", "Connection", "Trailer", "", ",", ", ,", "close;", "\"close\"", "clo se", "X-A X-B", "close\0", "Content_Length", "Expect", "Via", "X-Postern-A", ":method", "*"];
  for (const one of named)
    for (const name of ["Connection", "Proxy-Connection"])
      yield { family, name: `${name}: ${visible(one)}`, text: `${start("POST /connection HTTP/1.1")}${name}: ${one}\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello` };
  for (const fields of ["Keep-Alive: timeout=1", "TE: trailers", "TE: chunked", "Trailer: Content-Length", "Trailer: X-A", "HTTP2-Settings: AAMAAABkAAQAAP__", "Via: 1.1 me", "Max-Forwards: 0", "Expect: 100-continue", "Expect: 100-Continue", "Expect: 100-continue, 100-continue", "Expect: 200-ok", "Expect:", "Expect: 100-continue\r\nExpect: 100-continue", "Expect: \"100-continue\"", "Expect : 100-continue", "Content-Type: a/b\r\nContent-Type: c/d", "Authorization: a\r\nAuthorization: b", "Range: bytes=0-1\r\nRange: bytes=2-3", "Origin: https://localhost\r\nOrigin: https://evil.example", "Referer: a\r\nReferer: b", "Cookie: a=b", "User-Agent: a\r\nUser-Agent: b", "Content-Encoding: gzip\r\nContent-Encoding: br", "Postern-Event: 1"])
    for (const method of ["POST", "GET"])
      yield { family, name: `${method} with ${visible(fields)}`, text: `${start(`${method} /fields HTTP/1.1`)}${fields}\r\n${method === "POST" ? "Content-Length: 5\r\n" : ""}\r\n${method === "POST" ? "hello" : ""}` };
}

// /switch is answered with 101 by the component, asked or not.
function* upgrades() {
  const family = "upgrade";
  const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const offers = [["websocket", key], ["WebSocket", key], ["websocket", ""], ["websocket", key.replace("13", "777")], ["websocket", key.replace("dGh", "x")], ["websocket, h2c", key], ["h2c, websocket", key], ["h2c", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"], ["h2c", ""], ["h2", ""], ["TLS/1.0", ""], ["HTTP/2.0", ""], ["HTTP/1.1", ""], ["connect-udp", ""], ["anything", ""], ["", ""], ["\vwebsocket", key], ["websocket\0", key], ["websocket/13", key], ["\"websocket\"", key], ["websocket;a=b", key]];
  for (const [offer, fields] of offers)
    for (const connection of ["Upgrade", "keep-alive", "Upgrade, HTTP2-Settings"])
      for (const path of ["/switch", "/plain"])
        yield { family, name: `${path} offers ${visible(offer)}, ${fields.length} more, Connection: ${connection}`, text: `${start(`GET ${path} HTTP/1.1`)}Connection: ${connection}\r\nUpgrade: ${offer}\r\n${fields}\r\n${offer === "h2c" ? "" : smuggled}` };
  yield { family, name: "two offers", text: `${start("GET /switch HTTP/1.1")}Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n${key}\r\n` };
  yield { family, name: "an offer with a body", text: `${start("POST /switch HTTP/1.1")}Connection: Upgrade\r\nUpgrade: websocket\r\n${key}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}` };
  yield { family, name: "a switch nobody asked for", text: `${start("GET /switch HTTP/1.1")}\r\n` };
  yield { family, name: "CONNECT", text: `CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n${cookie}\r\n` };
}

const each = () => [
  ...framing(),
  ...names(),
  ...lineEnds(),
  ...singleBytes(),
  ...requestLines(),
  ...targets().map((target) => ({ family: "targets", name: visible(target.slice(0, 60)), text: `${start(`GET ${target} HTTP/1.1`)}\r\n` })),
  ...hosts(),
  ...chunks(),
  ...connections(),
  ...upgrades(),
];

// forms: no two of them the same bytes.
export const forms = () => [...new Map(each().map((form) => [form.text, form])).values()];
