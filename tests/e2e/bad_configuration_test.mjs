// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whoever writes something wrong into a file is told where, and what would be right: one line per fault, exit 1, and a gateway
// that runs goes on as if nothing had been written.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { readJournal } from "./lib/journal.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  little.read:
    title: Read
    class: read
    operations:
      - GET /**
`;

// "line:column" of an offset.
const placeOf = (text, offset) => {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${before.at(-1).length + 1}`;
};
const replace = (from, to) => (text) => {
  assert.ok(text.includes(from), `init writes ${JSON.stringify(from)}`);
  return text.replace(from, to);
};
const append = (line) => (text) => `${text}${line}\n`;

// What is spoilt, how, and for each fault: the text where it stands (its last occurrence) and words of its message.
const configurations = [
  ["an unknown version", replace("version: 1", "version: 2"), [["2\nuser", "version must be 1"]]],
  ["no version", replace("version: 1\n", ""), [["user:", "version: 1"]]],
  ["an unknown key", append("bogus: 3"), [["bogus", 'no key "bogus"']]],
  ["a key misspelled", replace("state_directory:", "state_directry:"), [["state_directry", 'did you mean "state_directory"']]],
  ["a key twice", append("version: 1"), [["version: 1\n", "appears twice"]]],
  ["an anchor", append("workers: &many 2"), [["&many", "anchors are not allowed"]]],
  ["not YAML", append("limits: ]"), [["]\n", "not valid YAML"]]],
  ["a duration without a unit", append("timeouts: {head: 15}"), [["15}", "duration such as 30s"]]],
  [
    "two faults at once",
    append("timeouts: {head: soon, drain: -1s}"),
    [
      ["soon", 'not "soon"'],
      ["-1s", 'not "-1s"'],
    ],
  ],
  [
    "sizes and counts out of range",
    append("limits: {head: 1GiB, connections: 0}"),
    [
      ["1GiB", "between 1KiB and 64KiB"],
      ["0}", "between 1 and 65536"],
    ],
  ],
  ["a target longer than its head", append("limits: {target: 64KiB}"), [["{target", "limits.target"]]],
  ["idle longer than absolute", append("sessions: {idle: 9h}"), [["{idle", "must not be longer than sessions.absolute"]]],
  ["a default grant longer than the longest", append("requests: {default_grant: 8d}"), [["{default_grant", "longest_grant"]]],
  ["root as the account", replace('user: "postern"', "user: root"), [["root", "nothing of Postern runs as root"]]],
  ["an account that does not exist", replace('user: "postern"', "user: nobody-at-all"), [["nobody-at-all", "no account nobody-at-all"]]],
  ["no account", replace('user: "postern"\n', ""), [["# docs", "needs user"]]],
  ["a service below our own path", replace('path: "/"', "path: /.postern/x/"), [["/.postern/x/", "Postern's own"]]],
  ["a path that does not begin with a slash", replace('path: "/"', "path: little"), [["little\n      nodes", "begin and end with '/'"]]],
  ["a service without a node", (text) => text.replace(/nodes:\n +- .*\n/, "nodes: []\n"), [["name: \"little\"", "needs nodes"]]],
  ["a node of another scheme", (text) => text.replace(/"http:\/\/127.0.0.1:\d+"/, "ftp://127.0.0.1:1"), [["ftp:", "must be http:// or https://"]]],
  [
    "certificate checks switched off",
    replace("      nodes:", "      tls: {verify: false}\n      nodes:"),
    [
      ["{verify", "https://"],
      ["verify", 'no key "verify"'],
    ],
  ],
  ["a certificate that is not there", replace("certs/support.pem", "certs/nothing.pem"), [["certs/nothing.pem", "No such file"]]],
  ["one key for both listeners", replace("keys/admin.key", "keys/support.key"), [["keys/support.key", "give it one of its own"]]],
  ["a key that others may read", replace("keys/support.key", "certs/support.pem"), [["certs/support.pem", "chmod 600"]]],
  ["a key as a certificate", replace("certs/admin.pem", "keys/admin.key"), [["keys/admin.key\n    key", "no certificate"]]],
  ["a policy that is not there", replace("policy.yaml", "nothing.yaml"), [["nothing.yaml", "No such file"]]],
  ["a host name as address", (text) => text.replace(/address: "127.0.0.1:0"/, "address: localhost:8443"), [["localhost:8443", "numeric address"]]],
];

const policies = [
  ["an unknown version", policy.replace("version: 1", "version: 7"), ["1:10", "version"]],
  ["an unknown key", `${policy}nevr: []\n`, ["8:1", "never"]],
  ["a class that is none", policy.replace("class: read", "class: reed"), ["5:12", "read or write"]],
  ["no title", policy.replace("    title: Read\n", ""), ["3:3", "title"]],
  ["a method that changes in class read", policy.replace("GET /**", "POST /orders"), ["7:9", "safe"]],
  ["an operation that is none", policy.replace("GET /**", "FETCH /orders"), ["7:9", "method"]],
  ["a path that could never match", policy.replace("GET /**", "GET /a/%7Eb"), ["7:16", 'write "~"']],
  ["** in the middle", policy.replace("GET /**", "GET /a/**/b"), ["7:16", "**"]],
  ["a star in a literal", policy.replace("GET /**", "GET /a*"), ["7:14", "not a wildcard"]],
  ["a role with a capability that is not there", `${policy}roles:\n  viewer: [little.red]\n`, ["9:12", "little.red"]],
  ["an expression that is none", policy.replace("- GET /**", '- { call: "GET /{id}", parameters: { path: { id: { matches: "[" } } } }'), ["7:", "expression"]],
  ["what this version cannot enforce", `${policy}before: []\n`, ["8:1", "before"]],
  ["a path that is none", `${policy}redact: [{json: password}]\n`, ["8:17", "begins with $"]],
  ["an operation that never covers", `${policy}never:\n  - ANY /**\n`, ["7:9", "never"]],
];

const documents = [
  ["no paths", '{"openapi": "3.0.0",\n "paths": 3}', ["2:11", "paths"]],
  ["neither OpenAPI nor Swagger", "info: {}\npaths: {}\n", ["1:1", "openapi"]],
  ["an unknown version", "openapi: 4.0.0\npaths: {}\n", ["1:10", "3."]],
  ["not a document", "[1, 2", ["1:", ""]],
];

const lines = (text) => text.split("\n").filter((line) => line !== "");
// The messages are the lines that begin with a file's name.
const faultsIn = (text, file) =>
  lines(text)
    .map((line) => line.slice(Math.max(0, line.indexOf(`${file}:`))))
    .filter((line) => line.startsWith(`${file}:`));

story("what is wrong in a file is told by line and column, and changes nothing", async (stage) => {
  const component = stage.own(await LittleComponent.start((request, response) => response.end("still here")));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy }));
  await gateway.admit("alice", ["little.read"]);
  const alice = await gateway.signIn("alice");
  const good = readFileSync(gateway.configFile, "utf8");
  const scratch = mkdtempSync(join(gateway.parent, "bad."));

  const serves = async () => assert.equal((await alice.fetch("/still")).text, "still here");
  await stage.step("faulty configurations do not start a gateway", async () => {
    const file = join(gateway.folder, "faulty.yaml");
    for (const [what, spoil, faults] of configurations) {
      const text = spoil(good);
      writeFileSync(file, text);
      const answer = await run(gateway.program, ["--config", file, "serve"]);
      const told = faultsIn(answer.stderr, file);
      assert.equal(answer.code, 1, `${what}: ${answer.stderr}`);
      assert.equal(told.length, faults.length, `${what}, one message per fault: ${answer.stderr}`);
      faults.forEach((fault, i) => {
        assert.ok(told[i].startsWith(`${file}:${placeOf(text, text.lastIndexOf(fault[0]))}: `), `${what}: expected ${placeOf(text, text.lastIndexOf(fault[0]))}: ${told[i]}`);
        assert.ok(told[i].includes(fault[1]), `${what}: ${told[i]}`);
      });
    }
    rmSync(file);
  });

  await stage.step("nor do they replace the one in force", async () => {
    const before = await gateway.cli("status");
    gateway.writeConfig(`${good}timeouts: {head: soon}\n`);
    const answer = await gateway.tryCli("reload");
    gateway.writeConfig(good);
    assert.equal(answer.code, 1, answer.stdout + answer.stderr);
    assert.match(answer.stdout + answer.stderr, /duration such as 30s/);
    const rejected = await until("an event says so", () => readJournal(gateway).filter((event) => event.type === "config.rejected").at(0));
    assert.equal(rejected.detail.faults, 1);
    assert.match(rejected.detail.first_fault, /duration such as 30s/);
    const after = await gateway.cli("status");
    assert.deepEqual(after.roles.map((role) => role.pid), before.roles.map((role) => role.pid));
    await serves();
  });

  await stage.step("faulty policies are refused by check, by serve and by reload", async () => {
    const file = join(scratch, "policy.yaml");
    const hash = (await gateway.cli("status")).policy.hash;
    for (const [what, text, [where, words]] of policies) {
      writeFileSync(file, text);
      const checked = await run(gateway.program, ["policy", "check", file]);
      const told = faultsIn(checked.stdout + checked.stderr, file);
      assert.equal(checked.code, 1, `${what}: ${checked.stdout}${checked.stderr}`);
      assert.ok(told.length >= 1 && told[0].startsWith(`${file}:${where}`), `${what}, expected ${where}: ${checked.stdout}${checked.stderr}`);
      assert.ok(told[0].toLowerCase().includes(words.toLowerCase()), `${what}, expected ${words}: ${told[0]}`);
      gateway.writePolicy(text);
      const reloaded = await gateway.tryCli("reload");
      assert.equal(reloaded.code, 1, `${what}: ${reloaded.stdout}${reloaded.stderr}`);
    }
    gateway.writePolicy(policy);
    assert.equal((await gateway.cli("status")).policy.hash, hash);
    await until("each is an event", () => readJournal(gateway).filter((event) => event.type === "policy.rejected").length === policies.length);
    await serves();
  });

  await stage.step("faulty API documents are not imported", async () => {
    const file = join(scratch, "api.yaml");
    for (const [what, text, [where, words]] of documents) {
      writeFileSync(file, text);
      const imported = await run(gateway.program, ["policy", "import", file]);
      const told = faultsIn(imported.stdout + imported.stderr, file);
      assert.equal(imported.code, 1, `${what}: ${imported.stdout}${imported.stderr}`);
      assert.equal(told.length, 1, `${what}: ${imported.stdout}${imported.stderr}`);
      assert.ok(told[0].startsWith(`${file}:${where}`) && told[0].includes(words), `${what}: ${told[0]}`);
    }
  });

  await stage.step("what was meant well is taken over without a restart", async () => {
    const before = await gateway.cli("status");
    gateway.writePolicy(policy.replace("GET /**", "GET /elsewhere"));
    await gateway.cli("reload");
    assert.equal((await alice.fetch("/still")).status, 403);
    const after = await gateway.cli("status");
    assert.deepEqual(after.roles.map((role) => role.pid), before.roles.map((role) => role.pid));
    assert.ok(existsSync(gateway.configFile));
    alice.close();
  });
}, 600_000);
